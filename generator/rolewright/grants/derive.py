"""Workload and Catalog → Declaration: every permission with the manifest line it came from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from rolewright.blueprint.interpolation import CONTEXT, LeftOutError, TemplateScope, fill, fill_all
from rolewright.blueprint.model import INJECTION
from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import Declaration, Grant, RequiredPolicy, Trust
from rolewright.core.text import Text, pascal
from rolewright.grants.contents import expected_contents
from rolewright.grants.inputs import unproven_inputs
from rolewright.grants.network import unknown_ports
from rolewright.grants.promises import promises
from rolewright.grants.required_policies import across_accounts, agreements, owners_statements
from rolewright.grants.resource_policies import resource_policies
from rolewright.manifest.derived import is_given
from rolewright.manifest.resources import compute_fields, compute_scope, fill_conditions, resource_scope

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint, RoleBlueprint, ScopeRule, Verb
    from rolewright.core.model import Resource, Use, Workload
    from rolewright.core.text import Condition

    _Side = Literal["workload", "platform"]


def derive_grants(workload: Workload, catalog: Catalog) -> Declaration:
    """Return the declaration. Raises Rejected where a verb lacks a field, or a promise names no resource."""
    blueprint = catalog.computes[workload.compute.type]
    grants: list[Grant] = []
    required_policies: list[RequiredPolicy] = []
    findings = [f for r in workload.resources.values() for f in _unfit(r, workload, catalog)]
    findings += _unmade(workload, catalog)
    findings += _of_nobody(workload, blueprint)
    findings += unknown_ports(workload, catalog)
    if any(environment.name for environment in workload.environments):  # else nobody knows the region
        findings += _elsewhere(blueprint.companions, workload.compute.fields, "compute", CONTEXT["region"], workload)
    if findings:
        raise Rejected(findings)
    roles = [role for role in blueprint.roles.values() if _given(workload, role.when)]
    injectors = _injectors(blueprint)
    for role in roles:
        if role.grants == "workload":
            for resource in workload.resources.values():
                described = catalog.resources[resource.type]
                verbs = described.expand(resource.access)
                verb_grants = list(_entailed(role, _verb_grants(role.key, resource, described, verbs, None, workload)))
                grants += verb_grants
                required_policies += across_accounts(workload, verb_grants, catalog, resource)
                if not resource.created:
                    required_policies += agreements(workload, resource, described, role.key)
            grants += _statements(workload, role.key, own=True)
        for use in _uses(workload, role, injects=role.key in injectors):
            resource = workload.resources[use.resource]
            described = catalog.resources[resource.type]
            verb_grants = list(_verb_grants(role.key, resource, described, described.narrow(use.verbs), use, workload))
            grants += verb_grants
            required_policies += across_accounts(workload, verb_grants, catalog, resource)
        if role.grants != "workload":
            grants += _statements(workload, role.key, own=False)
        platform_grants = list(_platform(workload, role))
        grants += platform_grants
        required_policies += across_accounts(workload, platform_grants, catalog)
    required_policies += owners_statements(workload, catalog)
    trusts = tuple(_trust(workload, role) for role in roles)
    declaration = Declaration(
        tuple(grants),
        trusts,
        tuple(promises(workload, catalog)),
        tuple(required_policies),
        tuple(resource_policies(workload, catalog, compute_scope(workload))),
        expected_contents(workload, catalog),
        workload.inputs,
    )
    if unproven := tuple(dict.fromkeys(unproven_inputs(workload, declaration))):
        raise Rejected(unproven)
    return declaration


def _of_nobody(workload: Workload, blueprint: ComputeBlueprint) -> Iterator[Finding]:
    """Yield a finding for each access, or statement for no role, of a compute type that runs no code of its own."""
    if blueprint.has_code:
        return
    message = f"a {blueprint.type} has no code of its own that could use this"
    remedy = "remove `access`: what the fields of `compute` name is granted with them, and what other code may do "
    remedy += "belongs in the manifest of that code"
    for resource in workload.resources.values():
        if resource.access:
            origin = f"resources.{resource.key}.access"
            yield Finding("access-code", message, remedy, workload.locate(origin), origin)
    for statement in workload.statements:
        if not statement.role:
            remedy = f"say whose it is, with `role`: {', '.join(blueprint.roles)}"
            yield Finding("access-code", message, remedy, statement.location, statement.origin)


def _unfit(resource: Resource, workload: Workload, catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding for each verb whose field is left out, and for each field that cannot limit a verb."""
    blueprint = catalog.resources[resource.type]
    scope = resource_scope(resource, blueprint)
    origin = f"resources.{resource.key}.access"
    verbs = blueprint.expand(resource.access)
    lacking = {
        name: verb.name for verb in verbs for name in blueprint.needs(verb, resource.arns) if scope.get(name) is None
    }
    if not lacking:
        try:  # companions and agreements may need further fields
            list(_verb_grants("", resource, blueprint, verbs, None, workload))
            for role in catalog.computes[workload.compute.type].roles:
                list(agreements(workload, resource, blueprint, role))
        except LeftOutError as error:
            lacking = {error.name: blueprint.type}
    for name, needing in lacking.items():
        described = blueprint.fields.get(name, {}).get("description", "see the type's page")
        yield Finding(
            "access-field",
            f"`{needing}` needs `{name}`, which `resources.{resource.key}` leaves out",
            f"add `{name}`: {described}",
            workload.locate(origin),
            origin,
        )
    at = f"resources.{resource.key}"
    yield from _elsewhere(blueprint.companions, resource.fields, at, resource.context["region"], workload)
    remedy = "remove it from `access` (use narrow verbs in place of a broad one), or leave out `%s`"
    yield from _unlimited(resource, blueprint, verbs, origin, remedy, workload)
    for use in workload.compute.uses:
        if use.resource == resource.key and use.limited:
            remedy = "leave out `%s`, or call something that it can limit"
            yield from _unlimited(resource, blueprint, blueprint.narrow(use.verbs), use.origin, remedy, workload)


def _unlimited(
    resource: Resource,
    blueprint: ResourceBlueprint,
    verbs: Iterable[Verb],
    origin: str,
    remedy: str,
    workload: Workload,
) -> Iterator[Finding]:
    """Yield a finding for each field that cannot limit some of the verbs that are granted at a place."""
    for field, exclusions in blueprint.exclusions.items():
        for exclusion in exclusions:
            both = [verb.name for verb in verbs if verb.name in exclusion.verbs]
            if both and resource.fields.get(field):
                message = f"`{field}` cannot limit `{'`, `'.join(both)}`: {exclusion.because}"
                yield Finding("access-scope", message, remedy % field, workload.locate(origin), origin)


def _unmade(workload: Workload, catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding for each verb or use whose field is left out, such as the stream of a table that is made."""
    wanted = [(r, r.access, f"resources.{r.key}.access") for r in workload.resources.values()]
    uses = [(workload.resources[use.resource], use.verbs, use.origin) for use in workload.compute.uses]
    for resource, verbs, origin in (*wanted, *uses):
        blueprint = catalog.resources[resource.type]
        needs_when_made = blueprint.create.needs if resource.created and blueprint.create is not None else {}
        fields = {**blueprint.fields, **(blueprint.create.fields if blueprint.create is not None else {})}
        for verb in blueprint.narrow(verbs):
            needed_fields = {needs_when_made[verb.name]} if verb.name in needs_when_made else set()
            if (resource, verbs, origin) in uses:  # those of `access` have findings already
                needed_fields |= {*blueprint.needs(verb, resource.arns)}
            for field in sorted(needed_fields):
                if resource.fields.get(field) is None:
                    yield Finding(
                        "access-field",
                        f"`{verb.name}` needs `{field}`, which `resources.{resource.key}` leaves out",
                        f"add `{field}` to it: {fields[field].get('description', 'see the page of the type')}",
                        workload.locate(origin),
                        origin,
                    )


def _elsewhere(
    fields: Iterable[str], values: Mapping[str, object], at: str, region: Text, workload: Workload
) -> Iterator[Finding]:
    """Yield a finding for each field with companions that is in another region: services use a key of their own."""
    for field in fields:
        value = values.get(field)
        path = f"{at}.{field}"
        text = Text.of(value) if isinstance(value, str | Text) else Text(())
        for environment in workload.environments:
            parts = text.ground(environment.values).split(":")
            here = region.ground(environment.values)
            if parts[0] == "arn" and parts[3:4] and parts[3] not in ("", here) and here and "${" not in parts[3]:
                where, remedy = here, f"use one in {here}"
                if not environment.name and region == CONTEXT["region"]:  # `here` is a stand-in that nobody wrote
                    where = "the region that the module is applied in"
                    remedy = "write ${region} in its ARN, or name the account and the region under `environments`"
                yield Finding(
                    "companion-region",
                    f"`{field}` is in {parts[3]}, but `{at}` is in {where}"
                    + (f" (in {environment.name})" if environment.name else ""),
                    remedy,
                    workload.locate(path),
                    path,
                )


def _verb_grants(
    role: str,
    resource: Resource,
    blueprint: ResourceBlueprint,
    verbs: tuple[Verb, ...],
    use: Use | None,
    workload: Workload,
) -> Iterator[Grant]:
    """Yield the grants of verbs and of their companions: of `access` to the code, or of a use to the platform."""
    scope = resource_scope(resource, blueprint)
    origin = use.origin if use else f"resources.{resource.key}.access"
    place = workload.locate(origin)
    side: _Side = "platform" if use else "workload"
    # A field limits the workload's permissions; the platform reads what it injects in its own way.
    is_limited = use is None or use.limited
    fields = [name for name in blueprint.scope if resource.fields.get(name)] if is_limited else []
    limits = [limit for name in fields for limit in blueprint.scope[name]]
    for verb in verbs:
        for arn, actions in verb.allow.items():
            if arn != "*" and arn not in resource.arns:
                continue  # optional, and its field is left out
            for action in actions:
                yield Grant(
                    role,
                    pascal(resource.key) + ("Any" if arn == "*" else pascal(arn)),
                    (action,),
                    (Text.of("*"),) if arn == "*" else resource.arns[arn],
                    origin,
                    place,
                    _conditions(
                        [limit for limit in (*verb.scope, *limits) if limit.covers(action, arn)], resource, scope
                    ),
                    (f"{verb.name}: {verb.summary}",),
                    side=side,
                )
    names = {verb.name for verb in verbs}
    yield from _companion_grants(role, side, resource, blueprint, names, scope, workload)


def _entailed(role: RoleBlueprint, grants: Iterable[Grant]) -> Iterator[Grant]:
    """Yield grants, and with each those that AWS asks a session of the role for at the same call."""
    given = list(grants)
    for grant in given:
        yield grant
        for action in (more for own in grant.actions for more in role.entails.get(own, ())):
            if not any(other.resources == grant.resources and action in other.actions for other in given):
                yield replace(grant, actions=(action,), conditions=(), entailed=True)


def _conditions(limits: Iterable[ScopeRule], resource: Resource, scope: TemplateScope) -> tuple[Condition, ...]:
    """Return the conditions of limits, for each entry of the mapping that one names."""
    return tuple(
        condition
        for limit in limits
        for entry in _entries(resource, limit.each)
        for condition in fill_conditions(limit.conditions, {**scope, **entry})
    )


def _companion_grants(
    role: str,
    side: _Side,
    resource: Resource,
    blueprint: ResourceBlueprint,
    verbs: Collection[str],
    scope: TemplateScope,
    workload: Workload,
) -> Iterator[Grant]:
    """Yield the grants that verbs need where a field is given, such as the use of the key that a bucket names."""
    for field, companions in blueprint.companions.items():
        path = f"resources.{resource.key}.{field}"
        for companion in companions:
            if resource.fields.get(field) and any(verb in verbs for verb in companion.verbs):
                yield Grant(
                    role,
                    pascal(resource.key) + pascal(field) + companion.sid,
                    companion.actions,
                    tuple(text for arn in companion.resources for text in fill_all(arn, scope)),
                    path,
                    workload.locate(path),
                    fill_conditions(companion.conditions, scope),
                    (companion.summary,),
                    side=side,
                )


def _entries(resource: Resource, each: str) -> list[TemplateScope]:
    """Return the scope of each entry of the mapping that `each` names; one empty scope where it is ""."""
    if not each:
        return [{}]
    return [{"each.key": Text.of(key), "each.value": Text.of(value)} for key, value in resource.fields[each].items()]


def _injectors(blueprint: ComputeBlueprint) -> tuple[str, ...]:
    """Return the roles that read what is injected: those for it alone, and without one those of the code."""
    roles = blueprint.roles.values()
    alone = tuple(role.key for role in roles if role.grants == INJECTION)
    return alone or tuple(role.key for role in roles if role.grants == "workload")


def _uses(workload: Workload, role: RoleBlueprint, *, injects: bool) -> Iterator[Use]:
    """Yield the uses that the platform makes through a role, each resource and verbs once."""
    taken: set[tuple[str, tuple[str, ...]]] = set()
    for use in workload.compute.uses:
        mine = use.role == role.key or (injects and use.verbs == (INJECTION,))
        if mine and use.verbs and (use.resource, use.verbs) not in taken:
            taken.add((use.resource, use.verbs))
            yield use


def _statements(workload: Workload, role: str, *, own: bool) -> Iterator[Grant]:
    for index, statement in enumerate(workload.statements):
        if statement.role == role or (own and not statement.role):
            yield Grant(
                role,
                f"Statement{index}",
                statement.actions,
                statement.resources,
                statement.origin,
                statement.location,
                statement.conditions,
                (f"reason: {statement.reason}",),  # with a prefix, so that it cannot be taken for an origin
            )


def _platform(workload: Workload, role: RoleBlueprint) -> Iterator[Grant]:
    for grant in role.allow:
        of_entry = [name for name in grant.when if name.startswith("each.")]
        if not all(_given(workload, name) for name in grant.when if name not in of_entry):
            continue
        if any(_given(workload, name) for name in grant.unless):
            continue
        cause = grant.each or next(iter(grant.when), "")
        field = "" if cause.startswith("calls.") else cause.split(".")[0]
        origin = f"compute.{field}" if field else "compute.type"
        for scope in _scopes(workload, grant.each):
            if any(scope.get(name) is None for name in of_entry):
                continue
            yield Grant(
                role.key,
                grant.sid,
                grant.actions,
                tuple(text for arn in grant.resources for text in fill_all(arn, scope)),
                origin,
                workload.locate(origin if grant.each else "compute.type"),
                fill_conditions(grant.conditions, scope),
                (grant.summary,),
                grant.effect,
                side="platform",
            )


def _scopes(workload: Workload, each: str) -> Iterator[TemplateScope]:
    """Yield the scope of a grant's templates: once, or once for each entry of the list that `each` names."""
    scope = compute_scope(workload)
    if not each:
        yield scope
        return
    node: Any = workload.compute.fields
    for step in each.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    for index, item in enumerate(node or ()):
        inner = compute_fields(item, "each.") if isinstance(item, dict) else {"each": Text.of(item)}
        at = f"{each}.{index}."
        inner |= {
            f"each.{k.removeprefix(at)}": text for k, text in workload.compute.derived.items() if k.startswith(at)
        }
        yield {**scope, **inner}


def _given(workload: Workload, name: str) -> bool:
    return is_given(name, workload.compute.fields, workload.compute.derived)


def _trust(workload: Workload, role: RoleBlueprint) -> Trust:
    scope = compute_scope(workload)
    conditions = list(fill_conditions(role.conditions, scope))
    for field, block in role.optional_conditions.items():
        if _given(workload, field):
            conditions += fill_conditions(block, scope)
    return Trust(
        role.key,
        "Federated" if role.federated else "Service",
        tuple(fill(principal, scope) for principal in ([role.federated] if role.federated else role.trusts)),
        role.actions,
        tuple(conditions),
        "compute.type",
        workload.locate("compute.type"),
    )
