"""Workload and Catalog → the policies that the module puts on its resources and its function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import TemplateScope, fill, fill_all
from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import ResourcePolicy, ResourceStatement
from rolewright.core.text import Condition, Ref, Text
from rolewright.grants.entries import entry_scopes
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
    """Yield every policy that the module puts on a resource or its function; an empty one is left out."""
    compute = catalog.computes[workload.compute.type]
    maker = _Maker(workload, workload.compute.fields, workload.compute.derived, compute_scope, "", "compute.type")
    for policy in compute.policies:
        yield from maker.checked(policy, compute.type, ())
    for resource in workload.resources.values():
        blueprint = catalog.resources[resource.type]
        if resource.created and blueprint.create is not None:
            scope = {**resource_scope(resource, blueprint), "id": Text.of(identifier(resource.key))}
            maker = _Maker(workload, resource.fields, {}, scope, resource.key, f"resources.{resource.key}")
            for policy in blueprint.create.policies:
                yield from maker.checked(policy, blueprint.type, _given(maker, policy, resource, catalog))


def _given(maker: _Maker, policy: PolicyBlueprint, resource: Resource, catalog: Catalog) -> Iterator[Any]:
    """Yield the statements that other resources and the roles need in a policy, or documents of another grammar."""
    if policy.admits:
        for statement in admitted(maker.workload, catalog, resource.key):
            yield ResourceStatement(
                statement["sid"],
                statement["effect"],
                tuple(
                    (principal["type"], text)
                    for principal in statement["principals"]
                    for text in principal["identifiers"]
                ),
                tuple(statement["actions"]),
                tuple(statement["resources"]),
                statement["conditions"],
                tuple(statement["comments"]),
                maker.origin,
                maker.place,
            )
    if policy.agreements:
        for document in agreed(maker.workload, catalog, resource.key):
            yield maker.read(document) if "Effect" in document else document


class _Maker:
    """One resource, or the compute type, with the scope of its policies' templates."""

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

    def _applies(self, part: PolicyBlueprint | Admission) -> bool:
        wanted = is_given(part.when, self.fields, self.derived)
        return wanted and not (part.unless and is_given(part.unless, self.fields, self.derived))

    def checked(self, policy: PolicyBlueprint, type_: str, additions: Iterable[Any]) -> list[ResourcePolicy]:
        """Return the policy if it applies. Raises Rejected where the blueprint refers to nothing known."""
        try:
            return list(self.policy(policy, additions))
        except ValueError as error:
            message = f"the policy `{policy.name}` of {type_} cannot be filled in: {error}"
            finding = Finding("blueprint-policy", message, "correct it in the blueprint", self.place, self.origin)
            raise Rejected([finding]) from None

    def policy(self, policy: PolicyBlueprint, additions: Iterable[Any]) -> Iterator[ResourcePolicy]:
        if not self._applies(policy):
            return
        scope = _referring(policy.refers, self.scope)
        scope |= {name: fill(template, scope) for name, template in policy.values.items()}
        statements = [statement for admission in policy.statements for statement in self._statements(admission, scope)]
        documents: list[Any] = []
        if policy.document is not None:
            whole = filled(policy.document, scope)
            documents = whole if isinstance(whole, list) else [whole]
        for addition in additions:
            (statements if isinstance(addition, ResourceStatement) else documents).append(addition)
        if statements or documents:
            target = fill(policy.target, scope)
            yield ResourcePolicy(
                policy.name,
                self.key,
                policy.carrier,
                target,
                tuple(statements),
                tuple(documents),
                self.origin,
                self.place,
            )

    def _statements(self, admission: Admission, scope: TemplateScope) -> Iterator[ResourceStatement]:
        if not self._applies(admission):
            return
        for number, entry in entry_scopes(admission.each, admission.only, self.fields, self.workload):
            inner = _referring(admission.refers, {**scope, **entry})
            origin = (
                f"{'compute' if not self.key else self.origin}.{admission.each.split('.')[0]}"
                if admission.each
                else self.origin
            )
            yield ResourceStatement(
                admission.sid + number,
                admission.effect,
                tuple(
                    (kind, text)
                    for kind, names in admission.principals.items()
                    for n in names
                    for text in fill_all(n, inner)
                ),
                admission.actions,
                tuple(text for arn in admission.resources for text in fill_all(arn, inner)),
                fill_conditions(admission.conditions, inner),
                (admission.summary,),
                origin,
                self.workload.locate(origin),
            )

    def read(self, document: Mapping[str, Any]) -> ResourceStatement:
        """Read a statement as a policy's JSON has it."""
        return ResourceStatement(
            _plain(document.get("Sid", "")),
            "Deny" if _plain(document["Effect"]) == "Deny" else "Allow",
            tuple((kind, text) for kind, names in document["Principal"].items() for text in _several(names)),
            tuple(_plain(action) for action in _several(document["Action"])),
            tuple(Text.of(arn) for arn in _several(document["Resource"])),
            tuple(
                Condition(operator, Text.of(key), tuple(Text.of(value) for value in _several(values)))
                for operator, keys in document.get("Condition", {}).items()
                for key, values in keys.items()
            ),
            (),
            self.origin,
            self.place,
        )


def _referring(refers: Mapping[str, str], scope: TemplateScope) -> TemplateScope:
    """Return the scope with names for Terraform references, each written out by a template."""
    return {**scope, **{name: Text.of(Ref(_plain(fill(template, scope)))) for name, template in refers.items()}}


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - YAML
    return value if isinstance(value, list) else [value]


def _plain(text: Text | str) -> str:
    """Return a text that a blueprint writes out. Raises ValueError for one that refers to anything."""
    plain = Text.of(text).literal
    if plain is None:
        raise ValueError("this has to be written out, without a reference")
    return plain
