"""What can be told of a blueprint from its YAML alone: findings at their own place in it."""

from __future__ import annotations

import json
import re
from functools import cache
from graphlib import CycleError
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.blocks import block_findings
from rolewright.blueprint.check_policies import check_policies
from rolewright.blueprint.condition_keys import carries, condition_keys
from rolewright.blueprint.interpolation import CONTEXT, UnknownReferenceError, names
from rolewright.blueprint.marks import mark_findings
from rolewright.blueprint.model import INJECTION
from rolewright.blueprint.read import name_order
from rolewright.blueprint.wildcards import wildcard_findings
from rolewright.core.finding import Finding
from rolewright.data import iam
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.yaml.load import Tree

Path_ = tuple[str | int, ...]

_LEVELS = {"read": {"Read", "List"}, "write": {"Write"}, "delete": {"Write"}}
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


@cache
def _schema(kind: str) -> Schema:
    text = (Path(__file__).parent.parent / "data" / "blueprint.schema.json").read_text(encoding="utf-8")
    return Schema({**json.loads(text), "$ref": f"#/$defs/{kind}"})


def check_resource(tree: Tree, *, has_template: bool) -> list[Finding]:
    """Everything that is wrong with a resource blueprint. `has_template`: there is a create.tf.j2 beside it."""
    found = list(_schema("resource").findings(tree.data, tree.location, "blueprint"))
    return found or [*_Check(tree).resource(has_template=has_template), *mark_findings(tree), *wildcard_findings(tree)]


def check_compute(tree: Tree) -> list[Finding]:
    """Everything that is wrong with a compute blueprint."""
    found = list(_schema("compute").findings(tree.data, tree.location, "blueprint"))
    return found or [*_Check(tree).compute(), *mark_findings(tree), *wildcard_findings(tree)]


class _Check:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.data: Any = tree.data

    def finding(self, rule: str, message: str, remedy: str, path: Path_, *, key: bool = False) -> Finding:
        return Finding(rule, message, remedy, self.tree.location(path, key=key), ".".join(map(str, path)))

    # --- a resource --------------------------------------------------------------------------------

    def resource(self, *, has_template: bool) -> Iterator[Finding]:
        data = self.data
        yield from self.fields(("fields",))
        yield from self.fields(("create", "fields"))
        if "create" in data and not has_template:
            message = "`create` needs a template"
            yield self.finding("blueprint-template", message, "add create.tf.j2 beside it", ("create",), key=True)
        if "create" in data and "terraform" not in data:
            message = "`create` needs to know which Terraform resource is the main one"
            yield self.finding("blueprint-template", message, "add `terraform`", ("create",), key=True)
        if iam.service(data["service"]) is None:
            message = f"`{data['service']}` is the prefix of no service of the IAM database"
            yield self.finding("blueprint-action", message, "name the prefix of its actions, such as s3", ("service",))
        yield from self.known(data["required"], self.all_fields, "field", ("required",))
        yield from self.known(data.get("optional", ()), data.get("arns", {}), "ARN", ("optional",))
        yield from self.rules()
        for verb, field in data.get("create", {}).get("needs", {}).items():
            if verb not in self.narrow or field not in self.made_fields:
                message = f"`{verb}: {field}` is no narrow verb with a field of `create`"
                yield self.finding("blueprint-name", message, "name both as they are here", ("create", "needs", verb))
        for name in data["access"]:
            yield from self.verb(name)
        yield from self.allow(data.get("injection", {}).get("allow", {}), ("injection", "allow"))
        yield from self.scopes()
        yield from self.companions()
        for index, agreement in enumerate(data.get("agreements", ())):
            yield from self.known(agreement["verbs"], self.narrow, "narrow verb", ("agreements", index, "verbs"))
            for key in ("when", "unless"):
                if agreement.get(key, next(iter(self.all_fields), "")) not in self.all_fields:
                    message = f"`{agreement[key]}` is no field"
                    yield self.finding("blueprint-name", message, "name a field", ("agreements", index, key))
            yield from self.templates(("agreements", index, "document"), {"role", *self.arn_names})
        yield from self.templates(("arns",))
        yield from self.templates(("attributes",), self.arn_names)
        for name in data["access"]:
            yield from self.templates(("access", name, "scope"), self.arn_names)
        yield from self.templates(("injection", "value"), self.arn_names)
        yield from check_policies(self, ("create", "policies"), {"id", *self.arn_names})
        known = {*self.all_fields, *self.arn_names, "id"}
        yield from block_findings(self.tree, ("create", "blocks"), known, self.all_fields)

    @property
    def all_fields(self) -> Mapping[str, Any]:
        return {**self.data["fields"], **self.made_fields}

    @property
    def made_fields(self) -> Mapping[str, Any]:
        fields: Mapping[str, Any] = self.data.get("create", {}).get("fields", {})
        return fields

    @property
    def arn_names(self) -> set[str]:
        return {f"arns.{name}" for name in self.data.get("arns", {})}

    @property
    def narrow(self) -> set[str]:
        return {name for name, verb in self.data["access"].items() if "allow" in verb}

    def fields(self, path: Path_) -> Iterator[Finding]:
        """Every field is a JSON Schema with a description, and its default and its examples fit it."""
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
                yield self.finding("blueprint-field", f"`{name}` is no JSON Schema: {error}", "mend it", at, key=True)
                continue
            if "description" not in schema:
                message = f"`{name}` has no description"
                yield self.finding("blueprint-field", message, "say what it is for", at, key=True)
            for key, fit in fits.items():
                if not fit:
                    message = f"`{name}` has {'a' if key == 'default' else 'an'} {key.rstrip('s')} that does not fit it"
                    yield self.finding("blueprint-field", message, "mend one of the two", (*at, key))

    def known(self, used: Collection[str], known: Collection[str], what: str, path: Path_) -> Iterator[Finding]:
        for index, name in enumerate(used):
            if name not in known:
                message, remedy = f"`{name}` is no {what} of this blueprint", "use one of " + ", ".join(known)
                yield self.finding("blueprint-name", message, remedy, (*path, index))

    def rules(self) -> Iterator[Finding]:
        for index, rule in enumerate(self.data.get("rules", ())):
            for key in ("when", "require"):
                try:
                    Schema(rule.get(key, {})).accepts({})
                except ValueError as error:
                    message = f"`{key}` is no JSON Schema: {error}"
                    yield self.finding("blueprint-rule", message, "mend it", ("rules", index, key))

    def verb(self, name: str) -> Iterator[Finding]:
        verbs, verb = self.data["access"], self.data["access"][name]
        for index, other in enumerate(verb.get("of", ())):
            if other not in verbs or _reaches(verbs, other, name):
                fault = "is no verb of this blueprint" if other not in verbs else "is made of it in turn"
                message = f"`{name}` is made of `{other}`, which {fault}"
                remedy = "name the blueprint's own verbs, without a circle"
                yield self.finding("blueprint-verb", message, remedy, ("access", name, "of", index))
        at: Path_ = ("access", name, "allow")
        yield from self.allow(verb.get("allow", {}), at)
        for index, entry in enumerate(verb.get("scope", ())):
            yield from self.carried(entry, ("access", name, "scope", index))
        if "because" in verb:
            return
        for arn, actions in verb.get("allow", {}).items():
            for index, action in enumerate(actions):
                facts = iam.action(action)
                if facts is not None and facts.level not in _LEVELS[verb["class"]]:
                    message = f"{action} is {facts.level} to IAM and {verb['class']} here"
                    remedy = "change the class, or say why under `because`"
                    yield self.finding("blueprint-class", message, remedy, (*at, arn, index))

    def allow(self, allow: Mapping[str, Any], path: Path_) -> Iterator[Finding]:
        """Each action exists and can be granted on the ARN that it stands under."""
        arns = self.data.get("arns", {})
        for arn, actions in allow.items():
            if arn != "*" and arn not in arns:
                message, remedy = f"`{arn}` is none of the blueprint's ARNs", "use one of " + ", ".join(arns)
                yield self.finding("blueprint-verb", message, remedy, (*path, arn), key=True)
                continue
            yield from self.actions(actions, (*path, arn))
            for index, action in enumerate(actions):
                facts = iam.action(action)
                if facts is None:
                    continue
                types = ", ".join(facts.resource_types)
                if arn == "*" and types:
                    message, remedy = f"{action} can be narrowed to {types}", "grant it on an ARN"
                    yield self.finding("blueprint-star", message, remedy, (*path, arn, index))
                elif arn != "*" and not _supports(facts, arn, arns[arn]):
                    message = f"{action} cannot be granted on `{arn}`"
                    remedy = f"it takes {types}" if types else 'it takes no ARN; put it under "*"'
                    yield self.finding("blueprint-arn", message, remedy, (*path, arn, index))

    def actions(self, actions: Collection[str], path: Path_) -> Iterator[Finding]:
        for index, action in enumerate(actions):
            if "*" in action or iam.action(action) is None:
                message = f"{action} is no action of the IAM database"
                remedy = "write each action out, as the service authorization reference spells it"
                yield self.finding("blueprint-action", message, remedy, (*path, index))

    def carried(self, entry: Mapping[str, Any], path: Path_) -> Iterator[Finding]:
        """AWS sends each condition key with each action: a condition on another never holds."""
        for operator, block in entry.get("conditions", {}).items():
            for key in block:
                for action in entry.get("actions", ()):
                    facts = iam.action(action)
                    if facts is not None and not carries(facts, key):
                        message = f"AWS sends no {key} with {action}, so that the condition would never hold"
                        remedy = "take the action out, or use one of its keys: " + ", ".join(condition_keys(facts)[:12])
                        at = (*path, "conditions", operator, key)
                        yield self.finding("blueprint-condition", message, remedy, at, key=True)

    def scopes(self) -> Iterator[Finding]:
        for field, entries in self.data.get("scope", {}).items():
            at: Path_ = ("scope", field)
            if field not in self.all_fields:
                yield self.finding("blueprint-name", f"`{field}` is no field", "name a field", at, key=True)
            for index, entry in enumerate(entries):
                yield from self.actions(entry.get("actions", ()), (*at, index, "actions"))
                yield from self.carried(entry, (*at, index))
                yield from self.known(entry.get("arns", ()), self.data.get("arns", {}), "ARN", (*at, index, "arns"))
                yield from self.known(entry.get("excludes", ()), self.narrow, "narrow verb", (*at, index, "excludes"))
                each = entry.get("each", "")
                if each and self.all_fields.get(each, {}).get("type") != "object":
                    message = f"`{each}` is no field that is a mapping"
                    yield self.finding("blueprint-name", message, "name a field of type object", (*at, index, "each"))
                more = self.arn_names | ({"each.key", "each.value"} if each else set())
                yield from self.templates((*at, index, "conditions"), more)

    def companions(self) -> Iterator[Finding]:
        for field, companions in self.data.get("companions", {}).items():
            at: Path_ = ("companions", field)
            if field not in self.all_fields:
                yield self.finding("blueprint-name", f"`{field}` is no field", "name a field", at, key=True)
            for index, one in enumerate(companions):
                verbs = {*self.narrow, INJECTION}
                yield from self.known(one.get("verbs", ()), verbs, "narrow verb", (*at, index, "verbs"))
                yield from self.actions(one["actions"], (*at, index, "actions"))
                yield from self.carried(one, (*at, index))
                for part in ("resources", "conditions", "principals"):
                    yield from self.templates((*at, index, part), self.arn_names)

    # --- a compute type ----------------------------------------------------------------------------

    def compute(self) -> Iterator[Finding]:
        yield from self.fields(("fields",))
        yield from self.known(self.data["required"], self.data["fields"], "field", ("required",))
        yield from self.rules()
        for name, rule in self.data["names"].items():
            yield from self.condition(rule.get("when", ""), ("names", name, "when"))
        broken = [one for name in self.data["names"] for one in self.templates(("names", name, "value"), {"base"})]
        yield from broken
        try:
            name_order({} if broken else self.data["names"])
        except CycleError as error:
            message = f"`{error.args[1][0]}` is made of itself"
            yield self.finding("blueprint-name", message, "make it of `${base}`", ("names", error.args[1][0]), key=True)
        for role, described in self.data["roles"].items():
            yield from self.role(described, ("roles", role))
        yield from check_policies(self, ("policies",), ())
        generated = {f"names.{name}" for name in (*self.data["names"], *self.role_names, "base")}
        yield from block_findings(
            self.tree, ("blocks",), {"workload", "injected", *generated, *self.data["fields"]}, self.data["fields"]
        )

    def role(self, described: Mapping[str, Any], at: Path_) -> Iterator[Finding]:
        when = described.get("when", "")
        yield from self.condition(when, (*at, "when"))
        yield from self.templates((*at, "conditions"), when=[when])
        yield from self.templates((*at, "trusts"), when=[when])
        yield from self.templates((*at, "federated"), when=[when])
        for field in described.get("optional_conditions", {}):
            yield from self.condition(field, (*at, "optional_conditions", field))
            yield from self.templates((*at, "optional_conditions", field), when=[when, field])
        for index, grant in enumerate(described.get("allow", ())):
            here: Path_ = (*at, "allow", index)
            each, only = grant.get("each", ""), grant.get("when", "")
            yield from self.actions(grant["actions"], (*here, "actions"))
            yield from self.carried(grant, here)
            if each and self.data["fields"].get(each, {}).get("type") != "array":
                message = f"`{each}` is no field that is a list"
                yield self.finding("blueprint-name", message, "name a field of type array", (*here, "each"))
                continue
            yield from self.condition(only, (*here, "when"), each)
            yield from self.condition(grant.get("unless", ""), (*here, "unless"))
            for part in ("resources", "conditions"):
                yield from self.templates((*here, part), when=[when, only, each], each=each)

    def condition(self, name: str, path: Path_, each: str = "") -> Iterator[Finding]:
        """What something depends on is a field, a part of one, or what is derived from one."""
        field, _, rest = name.partition(".")
        if field == "each" and each:
            known = self.has_part(each, rest)
        else:
            known = field in self.data["fields"] and (not rest or self.has_part(field, rest))
            marks = [schema["x-calls"] for schema in self.data["fields"].values() if "x-calls" in schema]
            known |= field == "calls" and any(rest in {*mark["of"], *mark.get("flags", {}).values()} for mark in marks)
        if name and not known:
            yield self.finding("blueprint-name", f"`{name}` is no field", "name a field, or a part of one", path)

    # --- templates ---------------------------------------------------------------------------------

    def templates(
        self, path: Path_, more: Collection[str] = (), when: Collection[str] = (), each: str = ""
    ) -> Iterator[Finding]:
        """Each `${…}` in the texts at a path is something that there is."""
        node: Any = self.data
        for step in path:
            if not (step in node if isinstance(node, dict) else isinstance(node, list)):
                return
            node = node[step]
        for at, text in _texts(node, path):
            try:
                used = names(text)
            except UnknownReferenceError as error:
                used = (error.name,)
            for name in used:
                fault = self.unknown(name, more, when, each)
                if fault:
                    yield self.finding("blueprint-reference", f"${{{name}}} {fault[0]}", fault[1], at)

    def unknown(self, name: str, more: Collection[str], when: Collection[str], each: str) -> tuple[str, str] | None:
        """What is wrong with a reference, and the remedy."""
        if "access" in self.data:
            known = {*CONTEXT, *self.all_fields, *more}
            return None if name in known else ("stands for nothing", "known: " + ", ".join(sorted(known)))
        field, _, rest = name.partition(".")
        described = self.data["fields"].get(field)
        fixed = {*CONTEXT, "workload", *more, *(f"names.{n}" for n in (*self.data["names"], *self.role_names))}
        if name in fixed or (each and field == "each" and (not rest or self.has_part(each, rest))):
            return None
        if described is None or (rest and not self.has_part(field, rest)):
            return "stands for nothing", "known: " + ", ".join(sorted({*fixed, *self.data["fields"]}))
        always = not rest and (field in self.data["required"] or "default" in described)
        if always or any(one.partition(".")[0] == field for one in when):
            return None
        return "may be left out", f"add `when: {name}`, so that the grant is left out too"

    @property
    def role_names(self) -> list[str]:
        return [f"{role}_role" for role in self.data["roles"]]

    def has_part(self, field: str, part: str) -> bool:
        """Whether a field, or each entry of a list, has a part: a property, at any depth, or one that is derived."""
        derived = self.data.get("derive", {})
        first, _, rest = part.rpartition(".")
        if f"(?P<{rest}>" in derived.get(f"{field}.{first}" if first else field, ""):
            return True
        node: Any = self.data["fields"][field]
        for step in part.split("."):
            node = node.get("items", node).get("properties", {}).get(step)
            if node is None:
                return False
        return True


def _texts(node: Any, path: Path_) -> Iterator[tuple[Path_, str]]:  # noqa: ANN401 - YAML
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict | list):
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(key, str) and "${" in key:
                yield (*path, key), key
            yield from _texts(inner, (*path, key))


def _reaches(verbs: Mapping[str, Any], start: str, goal: str) -> bool:
    waiting, seen = [start], set()
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting.extend(verbs.get(name, {}).get("of", ()))
    return False


def _supports(facts: iam.ActionFacts, name: str, template: str) -> bool:
    """Whether an action can be granted on an ARN: by its name in the IAM database, or else by its form."""
    service = iam.service(facts.name.partition(":")[0])
    assert service is not None
    if name in service.resources:
        return name in facts.resource_types
    text = _PLACEHOLDER.sub("x", template)
    return any(_form(service.resources[kind].arn).fullmatch(text) for kind in facts.resource_types)


@cache
def _form(arn: str) -> re.Pattern[str]:
    """The database's ARN format as a pattern."""
    return re.compile(r"\S*".join(re.escape(literal) for literal in _PLACEHOLDER.split(arn)))
