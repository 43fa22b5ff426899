"""The checks that resource and compute blueprints share, from their YAML alone: findings at their own place in it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_forms import misses
from rolewright.blueprint.condition_keys import carries, condition_keys
from rolewright.blueprint.interpolation import UnknownReferenceError, names
from rolewright.blueprint.marks import mark_findings
from rolewright.blueprint.read import each_of
from rolewright.blueprint.rule_schema import filled
from rolewright.blueprint.wildcards import wildcard_findings
from rolewright.core.finding import Finding
from rolewright.data import iam
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.yaml.load import PathInTree, Tree


@cache
def _schema(kind: str) -> Schema:
    text = (Path(__file__).parent.parent / "data" / "blueprint.schema.json").read_text(encoding="utf-8")
    return Schema({**json.loads(text), "$ref": f"#/$defs/{kind}"})


class Checker(ABC):
    """The checks of one blueprint; a subclass knows its kind, and the names that its templates may refer to."""

    kind = ""
    """The blueprint's kind, as a definition of the schema: `resource` or `compute`."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.data: Any = tree.data

    def findings(self) -> list[Finding]:
        """Find everything wrong with the blueprint; where its YAML does not fit the schema, that alone."""
        schema_findings = list(_schema(self.kind).findings(self.data, self.tree.location, "blueprint"))
        return schema_findings or [*self.own(), *mark_findings(self.tree), *wildcard_findings(self.tree)]

    @abstractmethod
    def own(self) -> Iterator[Finding]:
        """Yield the findings that only a blueprint of this kind can have."""

    @abstractmethod
    def unknown(self, name: str, more: Collection[str], when: Collection[str], each: str) -> tuple[str, str] | None:
        """Return the fault of a reference, as the end of a sentence, and the remedy; None for a known one.

        `more` are further names that it may be, `when` the fields that are certainly given where the reference is used,
        and `each` the field whose entries it is used for.
        """

    def finding(self, rule: str, message: str, remedy: str, path: PathInTree, *, key: bool = False) -> Finding:
        """Return a finding at a path of the blueprint, or at the path's last key with `key`."""
        return Finding(rule, message, remedy, self.tree.location(path, key=key), ".".join(map(str, path)))

    @property
    def all_fields(self) -> Mapping[str, Any]:
        """Return the schemas of the fields by name, those of `create` included."""
        return {**self.data["fields"], **self.made_fields}

    @property
    def made_fields(self) -> Mapping[str, Any]:
        """Return the schemas of the fields that only a resource made by the module has."""
        fields: Mapping[str, Any] = self.data.get("create", {}).get("fields", {})
        return fields

    def fields(self, path: PathInTree) -> Iterator[Finding]:
        """Check that every field is a JSON Schema with a description, which its default and its examples fit."""
        fields: Any = self.data
        for step in path:
            fields = fields.get(step, {})
        for name, schema in fields.items():
            at = (*path, name)
            try:
                fits = {
                    key: all(map(Schema(schema).accepts, values))
                    for key, values in (
                        ("default", [schema["default"]] if "default" in schema else []),
                        ("examples", schema.get("examples", [])),
                    )
                }
            except ValueError as error:
                message = f"`{name}` is not a valid JSON Schema: {error}"
                yield self.finding("blueprint-field", message, "correct it", at, key=True)
                continue
            if "description" not in schema:
                message = f"`{name}` has no description"
                yield self.finding("blueprint-field", message, "describe what it is for", at, key=True)
            for key, fit in fits.items():
                if not fit:
                    message = (
                        f"`{name}` has {'a' if key == 'default' else 'an'} {key.rstrip('s')} that its schema refuses"
                    )
                    yield self.finding("blueprint-field", message, "correct the value or the schema", (*at, key))

    def check_names(
        self, used: Collection[str], allowed: Collection[str], noun: str, path: PathInTree
    ) -> Iterator[Finding]:
        """Find the names in a list that are not `allowed`; `noun` says what they should be: "a field"."""
        for index, name in enumerate(used):
            if name not in allowed:
                message, remedy = f"`{name}` is not {noun} of this blueprint", "use one of " + ", ".join(allowed)
                yield self.finding("blueprint-name", message, remedy, (*path, index))

    def rules(self) -> Iterator[Finding]:
        """Check that both schemas of each rule are JSON Schemas, and that what it is about are fields."""
        for index, rule in enumerate(self.data.get("rules", ())):
            place = self.tree.location(("rules", index))
            own = place.file == self.tree.location(("summary",)).file  # a type that extends another may lack its fields
            about = [("each", path) for path in each_of(rule) if path != "."]
            about += [("among", rule.get("among", "")), ("of", "" if rule.get("each") else rule.get("of", ""))]
            for key, path in about:
                if own and path and path.partition(".")[0] not in self.all_fields:
                    message, remedy = f"`{path}` is not a field", "name a field, such as `queue` or `triggers.queues`"
                    yield self.finding("blueprint-name", message, remedy, ("rules", index, key))
            for key in ("when", "require"):
                try:
                    Schema(filled(rule.get(key, {}), lambda _: 1)).accepts({})  # a number fits wherever one is compared
                except ValueError as error:
                    message = f"`{key}` is not a valid JSON Schema: {error}"
                    yield self.finding("blueprint-rule", message, "correct it", ("rules", index, key))

    def actions(self, actions: Collection[str], path: PathInTree) -> Iterator[Finding]:
        """Check that each action is in the IAM database, without a wildcard."""
        for index, action in enumerate(actions):
            if "*" in action or iam.action(action) is None:
                message = f"{action} is not an action of the IAM database"
                remedy = "write the full action as in the Service Authorization Reference, for example s3:GetObject"
                yield self.finding("blueprint-action", message, remedy, (*path, index))

    def reached(self, entry: Mapping[str, Any], path: PathInTree, *, every: bool = False) -> Iterator[Finding]:
        """Check that one of an entry's resources can be what one of its actions takes, or `every` one of them.

        The IAM database lacks a few pairs, but none for all actions of an entry.
        """
        resources, actions = entry.get("resources", ()), entry["actions"]
        missed = [(index, action, misses(action, resources)) for index, action in enumerate(actions)]
        missed = [miss for miss in missed if miss[2]]
        if resources and (every or len(missed) == len(actions)):
            for index, action, forms in missed:
                message = f"{action} cannot be granted on {' or '.join(resources)}: it would allow nothing"
                yield self.finding("blueprint-arn", message, f"AWS has {' or '.join(forms)}", (*path, "actions", index))

    def carried(self, entry: Mapping[str, Any], path: PathInTree) -> Iterator[Finding]:
        """Check that AWS sends each condition key with each action: a condition on another key never holds."""
        for operator, block in entry.get("conditions", {}).items():
            for key in block:
                for action in entry.get("actions", ()):
                    facts = iam.action(action)
                    if facts is not None and not carries(facts, key):
                        message = f"AWS does not send {key} with {action}, so the condition would never hold"
                        remedy = "remove the action, or use one of its keys: " + ", ".join(condition_keys(facts)[:12])
                        at = (*path, "conditions", operator, key)
                        yield self.finding("blueprint-condition", message, remedy, at, key=True)

    def templates(
        self, path: PathInTree, more: Collection[str] = (), when: Collection[str] = (), each: str = ""
    ) -> Iterator[Finding]:
        """Check that each `${…}` in the texts at a path refers to something; the parameters are as in `unknown`."""
        node: Any = self.data
        for step in path:
            if not (step in node if isinstance(node, dict) else isinstance(node, list)):
                return
            node = node[step]
        for at, text in _texts(node, path):
            try:
                used_names = names(text)
            except UnknownReferenceError as error:
                used_names = (error.name,)
            for name in used_names:
                fault = self.unknown(name, more, when, each)
                if fault:
                    yield self.finding("blueprint-reference", f"${{{name}}} {fault[0]}", fault[1], at)


def _texts(node: Any, path: PathInTree) -> Iterator[tuple[PathInTree, str]]:  # noqa: ANN401 - YAML
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(key, str) and "${" in key:
                yield (*path, key), key
            yield from _texts(inner, (*path, key))
