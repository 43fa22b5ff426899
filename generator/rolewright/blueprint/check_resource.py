"""The checks of a resource blueprint, from its YAML alone."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_forms import misses
from rolewright.blueprint.blocks import block_findings, several
from rolewright.blueprint.check_policies import check_each, check_policies, names_of_entries
from rolewright.blueprint.checker import Checker
from rolewright.blueprint.interpolation import CONTEXT
from rolewright.blueprint.model import INJECTION
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.core.finding import Finding
    from rolewright.yaml.load import PathInTree, Tree

_LEVELS = {"read": {"Read", "List"}, "write": {"Write"}, "delete": {"Write"}}
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")


def check_resource(tree: Tree, *, has_template: bool) -> list[Finding]:
    """Find everything wrong with a resource blueprint. `has_template`: there is a create.tf.j2 beside it."""
    return _ResourceChecker(tree, has_template=has_template).findings()


class _ResourceChecker(Checker):
    kind = "resource"

    def __init__(self, tree: Tree, *, has_template: bool) -> None:
        super().__init__(tree)
        self.has_template = has_template

    def own(self) -> Iterator[Finding]:
        data = self.data
        yield from self.fields(("fields",))
        yield from self.fields(("create", "fields"))
        if "create" in data and not self.has_template:
            message = "`create` needs a template"
            yield self.finding("blueprint-template", message, "add create.tf.j2 beside it", ("create",), key=True)
        if "create" in data and "terraform" not in data:
            message = "`create` needs `terraform`, the name of the main Terraform resource"
            yield self.finding("blueprint-template", message, "add `terraform`", ("create",), key=True)
        if iam.service(data["service"]) is None:
            message = f"`{data['service']}` is not the prefix of a service in the IAM database"
            yield self.finding("blueprint-action", message, "name the prefix of its actions, such as s3", ("service",))
        yield from self.check_names(data["required"], self.all_fields, "a field", ("required",))
        yield from self.check_names(data.get("optional", ()), data.get("arns", {}), "an ARN", ("optional",))
        yield from self.rules()
        for name in data["access"]:
            yield from self.verb(name)
        yield from self.allow(data.get("injection", {}).get("allow", {}), ("injection", "allow"))
        yield from self.scopes()
        yield from self.companions()
        for index, agreement in enumerate(data.get("agreements", ())):
            yield from self.check_names(
                agreement["verbs"], self.narrow, "a narrow verb", ("agreements", index, "verbs")
            )
            for key in ("when", "unless"):
                if agreement.get(key, next(iter(self.all_fields), "")) not in self.all_fields:
                    message = f"`{agreement[key]}` is not a field"
                    yield self.finding("blueprint-name", message, "name a field", ("agreements", index, key))
            yield from self.templates(("agreements", index, "document"), {"role", *self.arn_names})
        yield from self.made()
        yield from self.ports()
        yield from self.templates(("arns",))
        yield from self.templates(("attributes",), self.arn_names)
        for name in data["access"]:
            yield from self.templates(("access", name, "scope"), self.arn_names)
        yield from self.templates(("injection", "value"), self.arn_names)
        groups = re.compile(data.get("injection", {}).get("part", "")).groupindex
        yield from self.templates(("injection", "part_value"), {"value", *groups})
        yield from check_policies(self, ("create", "policies"), {"id", *self.arn_names})
        known_names = {*self.all_fields, *self.arn_names, "id"}
        yield from block_findings(self.tree, ("create", "blocks"), known_names, self.all_fields)

    @property
    def arn_names(self) -> set[str]:
        return {f"arns.{name}" for name in self.data.get("arns", {})}

    @property
    def narrow(self) -> set[str]:
        return {name for name, verb in self.data["access"].items() if "allow" in verb}

    def made(self) -> Iterator[Finding]:
        """Check that what `create` says of ARNs, attributes and verbs is about those of the blueprint."""
        create = self.data.get("create", {})
        for kind, noun in (("arns", "an ARN"), ("attributes", "an attribute")):
            there = self.data.get(kind, {})
            for name in sorted(create.get(kind, {}).keys() - there.keys()):
                message = f"`{name}` is not {noun} of this blueprint"
                remedy = f"use one of {', '.join(there)}, or add it under `{kind}`"
                yield self.finding("blueprint-name", message, remedy, ("create", kind, name), key=True)
        for verb, field in create.get("needs", {}).items():
            if verb not in self.narrow or field not in self.made_fields:
                message = f"`{verb}: {field}` is not a narrow verb with a field of `create`"
                remedy = "name a verb that has `allow`, and a field under `create.fields`"
                yield self.finding("blueprint-name", message, remedy, ("create", "needs", verb))

    def verb(self, name: str) -> Iterator[Finding]:
        verbs, verb = self.data["access"], self.data["access"][name]
        for index, part in enumerate(verb.get("of", ())):
            if part not in verbs or _reaches(verbs, part, name):
                fault = "is not a verb of this blueprint" if part not in verbs else "is itself made of it"
                message = f"`{name}` is made of `{part}`, which {fault}"
                remedy = "name other verbs of this blueprint, without a cycle"
                yield self.finding("blueprint-verb", message, remedy, ("access", name, "of", index))
        at: PathInTree = ("access", name, "allow")
        yield from self.allow(verb.get("allow", {}), at)
        for index, entry in enumerate(verb.get("scope", ())):
            yield from self.carried(entry, ("access", name, "scope", index))
        if "because" in verb:
            return
        for arn, actions in verb.get("allow", {}).items():
            for index, action in enumerate(actions):
                facts = iam.action(action)
                if facts is not None and facts.level not in _LEVELS[verb["class"]]:
                    message = f"IAM classes {action} as {facts.level}, but this verb is of the class {verb['class']}"
                    remedy = "change the class, or give the reason under `because`"
                    yield self.finding("blueprint-class", message, remedy, (*at, arn, index))

    def allow(self, allow: Mapping[str, Any], path: PathInTree) -> Iterator[Finding]:
        """Check that each action exists, and can be granted on the ARN that it stands under."""
        arns = self.data.get("arns", {})
        for arn, actions in allow.items():
            if arn != "*" and arn not in arns:
                message, remedy = f"`{arn}` is not one of the blueprint's ARNs", "use one of " + ", ".join(arns)
                yield self.finding("blueprint-verb", message, remedy, (*path, arn), key=True)
                continue
            yield from self.actions(actions, (*path, arn))
            for index, action in enumerate(actions):
                facts = iam.action(action)
                if facts is None:
                    continue
                types = ", ".join(facts.resource_types)
                if arn == "*" and facts.narrowable:
                    message, remedy = f"{action} can be narrowed to {types}", "grant it on an ARN"
                    yield self.finding("blueprint-star", message, remedy, (*path, arn, index))
                elif arn != "*" and not _supports(facts, arn, arns[arn]):
                    message = f"{action} cannot be granted on `{arn}`"
                    remedy = f"it takes {types}" if types else 'it takes no ARN; put it under "*"'
                    yield self.finding("blueprint-arn", message, remedy, (*path, arn, index))
                elif arn != "*" and (forms := misses(action, [arns[arn]])):
                    message = f"`{arn}` is not an ARN that the actions granted on it take, so they would allow nothing"
                    yield self.finding("blueprint-arn", message, f"AWS has {' or '.join(forms)}", ("arns", arn))

    def ports(self) -> Iterator[Finding]:
        for index, port in enumerate(self.data.get("ports", ())):
            yield from self.templates(("ports", index, "port"))
            for name in {"when", "unless"} & port.keys():
                yield from self.check_names([port[name]], self.all_fields, "a field", ("ports", index, name))

    def scopes(self) -> Iterator[Finding]:
        for field, entries in self.data.get("scope", {}).items():
            at: PathInTree = ("scope", field)
            if field not in self.all_fields:
                yield self.finding("blueprint-name", f"`{field}` is not a field", "name a field", at, key=True)
            for index, entry in enumerate(entries):
                yield from self.actions(entry.get("actions", ()), (*at, index, "actions"))
                yield from self.carried(entry, (*at, index))
                yield from self.check_names(
                    entry.get("arns", ()), self.data.get("arns", {}), "an ARN", (*at, index, "arns")
                )
                yield from self.check_names(
                    entry.get("excludes", ()), self.narrow, "a narrow verb", (*at, index, "excludes")
                )
                each = entry.get("each", "")
                if each and self.all_fields.get(each, {}).get("type") != "object":
                    message = f"`{each}` is not a field of type object"
                    yield self.finding("blueprint-name", message, "name a field of type object", (*at, index, "each"))
                more = self.arn_names | ({"each.key", "each.value"} if each else set())
                yield from self.templates((*at, index, "conditions"), more)

    def companions(self) -> Iterator[Finding]:
        for field, companions in self.data.get("companions", {}).items():
            at: PathInTree = ("companions", field)
            if field not in self.all_fields:
                yield self.finding("blueprint-name", f"`{field}` is not a field", "name a field", at, key=True)
            for index, companion in enumerate(companions):
                verbs = {*self.narrow, INJECTION}
                yield from self.check_names(companion.get("verbs", ()), verbs, "a narrow verb", (*at, index, "verbs"))
                yield from self.actions(companion["actions"], (*at, index, "actions"))
                yield from self.carried(companion, (*at, index))
                yield from self.reached(companion, (*at, index))
                conditions = [*several(companion.get("when", ())), *several(companion.get("unless", ()))]
                yield from self.check_names(conditions, self.all_fields, "a field", (*at, index))
                yield from check_each(self, companion, (*at, index))
                known_names = {*self.arn_names, *names_of_entries(self, companion.get("each", ""))}
                for part in ("resources", "conditions", "principals"):
                    yield from self.templates((*at, index, part), known_names)

    def unknown(self, name: str, more: Collection[str], when: Collection[str], each: str) -> tuple[str, str] | None:
        del when, each
        known_names = {*CONTEXT, *self.all_fields, *more}
        return (
            None
            if name in known_names
            else ("does not refer to anything", "use one of: " + ", ".join(sorted(known_names)))
        )


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
    """Return whether an action can be granted on an ARN: by its name in the IAM database, or else by its form."""
    service = iam.service(facts.name.partition(":")[0])
    assert service is not None
    if name in service.resources:
        return name in facts.resource_types
    text = _PLACEHOLDER.sub("x", template)
    formats = (arn for kind in facts.resource_types for arn in service.resources[kind].arns)
    return any(_form(arn).fullmatch(text) for arn in formats)


@cache
def _form(arn: str) -> re.Pattern[str]:
    """Return the database's ARN format as a pattern."""
    return re.compile(r"\S*".join(re.escape(literal) for literal in _PLACEHOLDER.split(arn)))
