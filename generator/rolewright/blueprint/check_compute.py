"""The checks of a compute blueprint, from its YAML alone."""

from __future__ import annotations

import json
from graphlib import CycleError
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.blocks import block_findings, several
from rolewright.blueprint.check_policies import check_policies
from rolewright.blueprint.checker import Checker
from rolewright.blueprint.interpolation import CONTEXT
from rolewright.blueprint.read import name_order

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.core.finding import Finding
    from rolewright.yaml.load import PathInTree, Tree


def check_compute(tree: Tree) -> list[Finding]:
    """Find everything wrong with a compute blueprint."""
    return _ComputeChecker(tree).findings()


class _ComputeChecker(Checker):
    kind = "compute"

    def own(self) -> Iterator[Finding]:
        yield from self.fields(("fields",))
        yield from self.check_names(self.data["required"], self.data["fields"], "a field", ("required",))
        yield from self.rules()
        for name, rule in self.data["names"].items():
            yield from self.condition(rule.get("when", ""), ("names", name, "when"))
        broken = [
            finding for name in self.data["names"] for finding in self.templates(("names", name, "value"), {"base"})
        ]
        yield from broken
        try:
            name_order({} if broken else self.data["names"])
        except CycleError as error:
            message = f"`{error.args[1][0]}` refers to itself"
            remedy = "build it from `${base}`"
            yield self.finding("blueprint-name", message, remedy, ("names", error.args[1][0]), key=True)
        for role, described in self.data["roles"].items():
            yield from self.role(described, ("roles", role))
        if not any("grants" in described for described in self.data["roles"].values()):
            for name, schema in self.data["fields"].items():
                if '"x-injects": true' in json.dumps(schema):
                    message = f"`{name}` names what is injected, but no role may read it"
                    remedy = "give a role `grants: injection`, or `grants: workload` if it is also that of the code"
                    yield self.finding("blueprint-field", message, remedy, ("fields", name), key=True)
        for field in self.data.get("requires", {}):
            yield from self.condition(field, ("requires", field))
        network = self.data.get("network", {})
        for key in ("given", "urls", "instances"):
            for index, name in enumerate(network.get(key, ())):
                yield from self.condition(name, ("network", key, index))
        for key in ("when", "egress"):
            yield from self.condition(network.get(key, ""), ("network", key))
        for field, companions in self.data.get("companions", {}).items():
            yield from self.companions(field, companions)
        yield from check_policies(self, ("policies",), ())
        generated = {f"names.{name}" for name in (*self.data["names"], *self.role_names, "base")}
        yield from block_findings(
            self.tree,
            ("blocks",),
            {"workload", "injected", "opened_ports", *generated, *self.data["fields"]},
            self.data["fields"],
        )

    def role(self, described: Mapping[str, Any], at: PathInTree) -> Iterator[Finding]:
        when = described.get("when", "")
        yield from self.condition(when, (*at, "when"))
        yield from self.templates((*at, "conditions"), when=[when])
        yield from self.templates((*at, "trusts"), when=[when])
        yield from self.templates((*at, "federated"), when=[when])
        for field in described.get("optional_conditions", {}):
            yield from self.condition(field, (*at, "optional_conditions", field))
            yield from self.templates((*at, "optional_conditions", field), when=[when, field])
        for action, more in described.get("entails", {}).items():
            yield from self.actions(more, (*at, "entails", action))
        for index, grant in enumerate(described.get("allow", ())):
            here: PathInTree = (*at, "allow", index)
            each, only = grant.get("each", ""), several(grant.get("when", ()))
            yield from self.actions(grant["actions"], (*here, "actions"))
            yield from self.carried(grant, here)
            yield from self.reached(grant, here, every=True)
            if each and self.schema_at(each).get("type") != "array":
                message = f"`{each}` is not a field of type array"
                yield self.finding("blueprint-name", message, "name a field of type array", (*here, "each"))
                continue
            for name in only:
                yield from self.condition(name, (*here, "when"), each)
            for name in several(grant.get("unless", ())):
                yield from self.condition(name, (*here, "unless"))
            for part in ("resources", "conditions"):
                yield from self.templates((*here, part), when=[when, *only, each], each=each)

    def companions(self, field: str, companions: Collection[Mapping[str, Any]]) -> Iterator[Finding]:
        at: PathInTree = ("companions", field)
        if field not in self.data["fields"]:
            yield self.finding("blueprint-name", f"`{field}` is not a field", "name a field", at, key=True)
        for index, companion in enumerate(companions):
            yield from self.actions(companion["actions"], (*at, index, "actions"))
            yield from self.carried(companion, (*at, index))
            yield from self.reached(companion, (*at, index))
            only = several(companion.get("when", ()))
            for name in (*only, *several(companion.get("unless", ()))):
                yield from self.condition(name, (*at, index))
            for part in ("resources", "conditions", "principals"):
                yield from self.templates((*at, index, part), when=[field, *only])

    def condition(self, name: str, path: PathInTree, each: str = "") -> Iterator[Finding]:
        """Check that the name in a condition is a field, a part of one, or derived from one."""
        field, _, rest = name.partition(".")
        if field == "each" and each:
            is_known = self.has_part(each, rest)
        else:
            is_known = field in self.data["fields"] and (not rest or self.has_part(field, rest))
            marks = [schema["x-calls"] for schema in self.data["fields"].values() if "x-calls" in schema]
            is_known |= field == "calls" and any(
                rest in {*mark["of"], *mark.get("flags", {}).values()} for mark in marks
            )
        if name and not is_known:
            yield self.finding("blueprint-name", f"`{name}` is not a field", "name a field, or a part of one", path)

    def unknown(self, name: str, more: Collection[str], when: Collection[str], each: str) -> tuple[str, str] | None:
        field, _, rest = name.partition(".")
        described = self.data["fields"].get(field)
        fixed = {*CONTEXT, "workload", *more, *(f"names.{n}" for n in (*self.data["names"], *self.role_names))}
        if name in fixed:
            return None
        of_entry = bool(each) and field == "each"
        if self.is_derived(each if of_entry else field, rest):  # a field that is given need not fit the pattern
            guarded = any(condition.rpartition(".")[0] == name.rpartition(".")[0] for condition in when)
            remedy = f"add `when: {name}`, so that the grant is left out too"
            return None if guarded else ("may not be read out of the field", remedy)
        if of_entry and (not rest or self.has_part(each, rest)):
            return None
        if described is None or (rest and not self.has_part(field, rest)):
            return "does not refer to anything", "use one of: " + ", ".join(sorted({*fixed, *self.data["fields"]}))
        always = not rest and (field in self.data["required"] or "default" in described)
        if always or any(condition.partition(".")[0] == field for condition in when):
            return None
        return "may be left out", f"add `when: {name}`, so that the grant is left out too"

    @property
    def role_names(self) -> list[str]:
        return [f"{role}_role" for role in self.data["roles"]]

    def has_part(self, field: str, part: str) -> bool:
        """Return whether a field, or each entry of a list, has a part: a property at any depth, or a derived one."""
        if self.is_derived(field, part):
            return True
        return bool(self.schema_at(f"{field}.{part}"))

    def schema_at(self, path: str) -> Mapping[str, Any]:
        """Return the schema of a field, or of a part of one or of its entries; an empty one where there is none."""
        first, *below = path.split(".")
        node: Any = self.data["fields"].get(first, {})
        for step in below:
            node = node.get("items", node).get("properties", {}).get(step, {})
        return dict(node)

    def is_derived(self, field: str, part: str) -> bool:
        """Return whether a part of a field, or of each entry of a list, is read out of it by a pattern of `derive`."""
        derived = self.data.get("derive", {})
        first, _, group = part.rpartition(".")
        return f"(?P<{group}>" in derived.get(f"{field}.{first}" if first else field, "")
