"""Workload and Catalog → what the policies of resources say that the module makes, and its function's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import TemplateScope, fill, fill_all
from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import ResourcePolicy, ResourceStatement
from rolewright.core.text import Condition, Ref, Text
from rolewright.grants.required_policies import admitted, agreed, filled
from rolewright.hcl.literal import identifier
from rolewright.manifest.derived import is_given
from rolewright.manifest.resources import fill_conditions, resource_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import Admission, PolicyBlueprint
    from rolewright.core.finding import Location
    from rolewright.core.model import Resource, Workload


def resource_policies(workload: Workload, catalog: Catalog, compute_scope: TemplateScope) -> Iterator[ResourcePolicy]:
    """Yield every policy that the module puts on something; one that would say nothing is none."""
    compute = catalog.computes[workload.compute.type]
    made = _Maker(workload, workload.compute.fields, workload.compute.derived, compute_scope, "", "compute.type")
    for policy in compute.policies:
        yield from made.checked(policy, compute.type, ())
    for resource in workload.resources.values():
        blueprint = catalog.resources[resource.type]
        if resource.created and blueprint.create is not None:
            scope = {**resource_scope(resource, blueprint), "id": Text.of(identifier(resource.key))}
            made = _Maker(workload, resource.fields, {}, scope, resource.key, f"resources.{resource.key}")
            for policy in blueprint.create.policies:
                yield from made.checked(policy, blueprint.type, _given(made, policy, resource, catalog))


def _given(made: _Maker, policy: PolicyBlueprint, resource: Resource, catalog: Catalog) -> Iterator[Any]:
    """Yield what other resources and the roles need in a policy: statements, or the documents of another grammar."""
    if policy.admits:
        for statement in admitted(made.workload, catalog, resource.key):
            yield ResourceStatement(
                statement["sid"],
                statement["effect"],
                tuple((one["type"], text) for one in statement["principals"] for text in one["identifiers"]),
                tuple(statement["actions"]),
                tuple(statement["resources"]),
                statement["conditions"],
                tuple(statement["comments"]),
                made.origin,
                made.place,
            )
    if policy.agreements:
        for document in agreed(made.workload, catalog, resource.key):
            yield made.read(document) if "Effect" in document else document


class _Maker:
    """One resource, or the compute type, with what templates of its policies may refer to."""

    def __init__(
        self,
        workload: Workload,
        fields: Mapping[str, Any],
        derived: Mapping[str, Text],
        scope: TemplateScope,
        key: str,
        origin: str,
    ) -> None:
        self.workload = workload
        self.fields = fields
        self.derived = derived
        self.scope = scope
        self.key = key
        self.origin = origin

    @property
    def place(self) -> Location:
        return self.workload.locate(self.origin)

    def _applies(self, one: PolicyBlueprint | Admission) -> bool:
        given = is_given(one.when, self.fields, self.derived)
        return given and not (one.unless and is_given(one.unless, self.fields, self.derived))

    def checked(self, policy: PolicyBlueprint, type_: str, given: Iterable[Any]) -> list[ResourcePolicy]:
        """Return the policy if there is one. Raises Rejected where the blueprint refers to what there is not."""
        try:
            return list(self.policy(policy, given))
        except ValueError as error:
            message = f"the policy `{policy.name}` of {type_} cannot be filled in: {error}"
            finding = Finding("blueprint-policy", message, "mend it in the blueprint", self.place, self.origin)
            raise Rejected([finding]) from None

    def policy(self, policy: PolicyBlueprint, given: Iterable[Any]) -> Iterator[ResourcePolicy]:
        if not self._applies(policy):
            return
        scope = _referring(policy.refers, self.scope)
        scope |= {name: fill(template, scope) for name, template in policy.values.items()}
        found = [one for admission in policy.statements for one in self._statements(admission, scope)]
        documents: list[Any] = []
        if policy.document is not None:
            whole = filled(policy.document, scope)
            documents = whole if isinstance(whole, list) else [whole]
        for one in given:
            (found if isinstance(one, ResourceStatement) else documents).append(one)
        if found or documents:
            target = fill(policy.target, scope)
            yield ResourcePolicy(
                policy.name, self.key, policy.carrier, target, tuple(found), tuple(documents), self.origin, self.place
            )

    def _statements(self, one: Admission, scope: TemplateScope) -> Iterator[ResourceStatement]:
        if not self._applies(one):
            return
        for number, entry in enumerate(self._entries(one.each), 1):
            inner = _referring(one.refers, {**scope, **entry})
            origin = (
                f"{'compute' if not self.key else self.origin}.{one.each.split('.')[0]}" if one.each else self.origin
            )
            yield ResourceStatement(
                one.sid + (str(number) if one.each else ""),
                one.effect,
                tuple(
                    (kind, text) for kind, names in one.principals.items() for n in names for text in fill_all(n, inner)
                ),
                one.actions,
                tuple(text for arn in one.resources for text in fill_all(arn, inner)),
                fill_conditions(one.conditions, inner),
                (one.summary,),
                origin,
                self.workload.locate(origin),
            )

    def _entries(self, each: str) -> list[TemplateScope]:
        """Return what templates can refer to of each entry of a list; of nothing more, once, without one."""
        if not each:
            return [{}]
        node: Any = self.fields
        for step in each.split("."):
            node = node.get(step) if isinstance(node, dict) else None
        return [scope for item in node or () for scope in [self._entry(item)]]

    def _entry(self, item: Mapping[str, Any]) -> TemplateScope:
        scope: TemplateScope = {}
        for name, value in item.items():
            if isinstance(value, str | Text):
                text = Text.of(value)
                scope[f"each.{name}"] = text
                plain = text.literal or ""
                scope[f"each.{name}.label"] = Text.of(plain.replace("-", "_"))
                if plain in self.workload.resources:
                    attributes = self.workload.resources[plain].attributes
                    scope |= {f"each.{name}.{attribute}": one for attribute, one in attributes.items()}
        return scope

    def read(self, document: Mapping[str, Any]) -> ResourceStatement:
        """Read a statement as a policy's JSON has it."""
        return ResourceStatement(
            _plain(document.get("Sid", "")),
            "Deny" if _plain(document["Effect"]) == "Deny" else "Allow",
            tuple((kind, text) for kind, names in document["Principal"].items() for text in _several(names)),
            tuple(_plain(one) for one in _several(document["Action"])),
            tuple(Text.of(one) for one in _several(document["Resource"])),
            tuple(
                Condition(operator, Text.of(key), tuple(Text.of(one) for one in _several(values)))
                for operator, keys in document.get("Condition", {}).items()
                for key, values in keys.items()
            ),
            (),
            self.origin,
            self.place,
        )


def _referring(refers: Mapping[str, str], scope: TemplateScope) -> TemplateScope:
    """Return the scope with names for Terraform references, each written out by a template."""
    return {**scope, **{name: Text.of(Ref(_plain(fill(one, scope)))) for name, one in refers.items()}}


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - YAML
    return value if isinstance(value, list) else [value]


def _plain(text: Text | str) -> str:
    """Return a text that a blueprint writes out. Raises ValueError for one that refers to anything."""
    plain = Text.of(text).literal
    if plain is None:
        raise ValueError("this is written out in a blueprint, and refers to nothing")
    return plain
