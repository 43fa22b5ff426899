"""Workload and Catalog → Declaration: every permission with the manifest line it came from."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from rolewright.blueprint import INJECTION
from rolewright.finding import Finding, Rejected
from rolewright.interpolation import CONTEXT, interpolate
from rolewright.model import Condition, Declaration, Grant, HandOver, Promise, Ref, Text, Trust, pascal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint import Catalog, Companion, Conditions, ResourceBlueprint, RoleBlueprint, Verb
    from rolewright.model import Resource, Vow, Workload

Scope = dict[str, Text]


def derive_grants(workload: Workload, catalog: Catalog) -> Declaration:
    """What the manifest declares. Raises Rejected where a promise names nothing."""
    blueprint = catalog.computes[workload.compute.type]
    grants: list[Grant] = []
    hand_overs: list[HandOver] = []
    for role in blueprint.roles.values():
        if role.grants == "workload":
            for key, resource in workload.resources.items():
                described = catalog.resources[resource.type]
                made = list(_access(role.key, resource, described, workload))
                grants += made
                hand_overs += _hand_overs(workload, key, described, made)
            grants += _statements(workload, role.key, own=True)
        elif role.grants == INJECTION:
            for key, origin in _injected(workload, catalog).items():
                resource = workload.resources[key]
                described = catalog.resources[resource.type]
                assert described.injection is not None
                made = list(
                    _verb_grants(role.key, resource, described, (described.injection,), origin, workload, platform=True)
                )
                grants += made
                hand_overs += _hand_overs(workload, key, described, made)
        if role.grants != "workload":
            grants += _statements(workload, role.key, own=False)
        grants += _platform(workload, role)
    for companion, resource, owner in _owners(workload, catalog):
        if owner is None:
            hand_overs.append(HandOver(resource.key, "key policy", _owner_statement(companion, resource)))
    trusts = tuple(_trust(workload, role) for role in blueprint.roles.values())
    return Declaration(tuple(grants), trusts, tuple(_promises(workload, catalog)), tuple(hand_overs))


def admitted(workload: Workload, catalog: Catalog, key: str) -> tuple[Mapping[str, Any], ...]:
    """The statements that other resources need in the policy of a resource that the module makes."""
    return tuple(
        _owner_statement(companion, resource)
        for companion, resource, owner in _owners(workload, catalog)
        if owner == key
    )


def compute_scope(workload: Workload) -> Scope:
    """What a compute blueprint's templates may refer to."""
    scope = {**CONTEXT, "workload": Text.of(workload.name), **workload.compute.derived}
    scope |= {f"names.{name}": text for name, text in workload.compute.names.items()}
    return scope | _texts(workload.compute.fields, "")


def _texts(fields: Mapping[str, Any], prefix: str) -> Scope:
    found: Scope = {}
    for name, value in fields.items():
        if isinstance(value, str | Text):
            found[prefix + name] = Text.of(value)
        elif isinstance(value, dict):
            found |= _texts(value, f"{prefix}{name}.")
    return found


def _resource_scope(resource: Resource) -> Scope:
    scope = {**CONTEXT, **resource.context}
    scope |= {name: Text(()) for name in resource.fields} | _texts(resource.fields, "")
    return scope | {f"arns.{name}": arn for name, arn in resource.arns.items()}


def _conditions(templates: Conditions, scope: Scope) -> tuple[Condition, ...]:
    return tuple(
        Condition(operator, key, tuple(interpolate(value, scope.get) for value in values))
        for operator, block in templates.items()
        for key, values in block.items()
    )


def _access(role: str, resource: Resource, blueprint: ResourceBlueprint, workload: Workload) -> Iterator[Grant]:
    origin = f"resources.{resource.key}.access"
    verbs = blueprint.expand(resource.access)
    yield from _verb_grants(role, resource, blueprint, verbs, origin, workload)


def _verb_grants(
    role: str,
    resource: Resource,
    blueprint: ResourceBlueprint,
    verbs: tuple[Verb, ...],
    origin: str,
    workload: Workload,
    *,
    platform: bool = False,
) -> Iterator[Grant]:
    scope = _resource_scope(resource)
    place = workload.locate(origin)
    sid = pascal(resource.key)
    for verb in verbs:
        for arn, actions in verb.allow.items():
            for action in actions:
                conditions = tuple(
                    condition
                    for field, scopes in blueprint.scope.items()
                    if resource.fields.get(field)
                    for one in scopes
                    if action in one.actions
                    for condition in _conditions(one.conditions, scope)
                )
                yield Grant(
                    role,
                    sid + ("Any" if arn == "*" else pascal(arn)),
                    (action,),
                    (Text.of("*") if arn == "*" else resource.arns[arn],),
                    origin,
                    place,
                    conditions,
                    (f"{verb.name}: {verb.summary}",),
                    side="platform" if platform else "workload",
                )
    names = {verb.name for verb in verbs}
    for field, companions in blueprint.companions.items():
        for companion in companions:
            if resource.fields.get(field) and names & set(companion.verbs):
                yield Grant(
                    role,
                    sid + pascal(field) + companion.sid,
                    companion.actions,
                    tuple(interpolate(arn, scope.get) for arn in companion.resources),
                    f"resources.{resource.key}.{field}",
                    workload.locate(f"resources.{resource.key}.{field}"),
                    _conditions(companion.conditions, scope),
                    (companion.summary,),
                    side="platform" if platform else "workload",
                )


def _injected(workload: Workload, catalog: Catalog) -> dict[str, str]:
    """Resource key → the manifest path of its first injection."""
    found: dict[str, str] = {}
    for name, schema in catalog.computes[workload.compute.type].fields.items():
        if schema.get("x-injects"):
            for variable, key in (workload.compute.fields[name] or {}).items():
                found.setdefault(key, f"compute.{name}.{variable}")
    return found


def injected_values(workload: Workload, catalog: Catalog, field: str) -> dict[str, Text]:
    """Variable → what the platform reads its value from, for a field that injects."""
    values: dict[str, Text] = {}
    for variable, key in (workload.compute.fields[field] or {}).items():
        resource = workload.resources[key]
        blueprint = catalog.resources[resource.type]
        own = next(iter(resource.arns.values()))
        generated = resource.created and blueprint.create is not None and blueprint.create.arns
        given = blueprint.injection_value
        values[variable] = own if generated else interpolate(given, _resource_scope(resource).get)
        if not resource.created and "arn" in resource.attributes and not _by_name(resource):
            values[variable] = resource.attributes["arn"]
    return values


def _by_name(resource: Resource) -> bool:
    return resource.context == CONTEXT


def _statements(workload: Workload, role: str, *, own: bool) -> Iterator[Grant]:
    for index, one in enumerate(workload.statements):
        if one.role == role or (own and not one.role):
            yield Grant(
                role,
                f"Statement{index}",
                one.actions,
                one.resources,
                one.origin,
                one.location,
                one.conditions,
                (f"reason: {one.reason}",),  # never alone in a line, where it could pass for an origin
            )


def _platform(workload: Workload, role: RoleBlueprint) -> Iterator[Grant]:
    scope = compute_scope(workload)
    for grant in role.allow:
        if grant.when and not (workload.compute.fields.get(grant.when) or scope.get(grant.when)):
            continue
        yield Grant(
            role.key,
            grant.sid,
            grant.actions,
            tuple(interpolate(arn, scope.get) for arn in grant.resources),
            "compute.type" if not grant.when else f"compute.{grant.when.split('.')[0]}",
            workload.locate("compute.type"),
            _conditions(grant.conditions, scope),
            (grant.summary,),
            grant.effect,
            side="platform",
        )


def _trust(workload: Workload, role: RoleBlueprint) -> Trust:
    return Trust(
        role.key,
        role.trusts,
        ("sts:AssumeRole",),
        _conditions(role.conditions, compute_scope(workload)),
        "compute.type",
        workload.locate("compute.type"),
    )


# --- the other side ------------------------------------------------------------------------------------


def _owners(workload: Workload, catalog: Catalog) -> Iterator[tuple[Companion, Resource, str | None]]:
    """Every statement that the owner of a field's value has to add, and that owner if the module makes it."""
    for resource in workload.resources.values():
        for field, companions in catalog.resources[resource.type].companions.items():
            value = resource.fields.get(field)
            for companion in companions if value else ():
                if companion.owner:
                    yield companion, resource, _maker(workload, value)


def _maker(workload: Workload, value: object) -> str | None:
    for key, resource in workload.resources.items():
        if resource.created and value in resource.arns.values():
            return key
    return None


def _owner_statement(companion: Companion, resource: Resource) -> Mapping[str, Any]:
    scope = _resource_scope(resource)
    return {
        "sid": pascal(resource.key) + companion.sid,
        "effect": "Allow",
        "actions": list(companion.actions),
        "resources": [interpolate(arn, scope.get) for arn in companion.resources],
        "principals": [
            {"type": type_, "identifiers": [interpolate(one, scope.get) for one in identifiers]}
            for type_, identifiers in companion.principals.items()
        ],
        "conditions": _conditions(companion.conditions, scope),
        "comments": [f"manifest: resources.{resource.key}", companion.summary],
    }


def _hand_overs(workload: Workload, key: str, blueprint: ResourceBlueprint, grants: list[Grant]) -> Iterator[HandOver]:
    """What the owner of another account's resource has to allow, for a resource given by its ARN."""
    resource = workload.resources[key]
    account = resource.context["account"]
    own = all(
        account == Text.of(Ref("local.account")) or account.ground(e.values) == e.account for e in workload.environments
    )
    if own or not grants:
        return
    to = blueprint.cross_account.get("policy")
    if to is None:
        raise Rejected(
            [
                Finding(
                    "cross-account",
                    blueprint.cross_account.get("impossible", "this cannot be shared with another account"),
                    "use a resource of the workload's own account",
                    grants[0].location,
                    f"resources.{key}",
                )
            ]
        )
    groups: dict[tuple[object, ...], list[Grant]] = {}
    for grant in grants:
        groups.setdefault((grant.sid, grant.resources, grant.conditions), []).append(grant)
    for members in groups.values():
        first = members[0]
        if first.resources == (Text.of("*"),):
            continue
        is_own = all(arn in resource.arns.values() for arn in first.resources)
        yield HandOver(
            key,
            to if is_own else "key policy",
            {
                "sid": pascal(workload.name) + first.sid,
                "role": first.role,
                "actions": sorted({action for grant in members for action in grant.actions}),
                "resources": list(first.resources) if is_own else [Text.of("*")],
                "conditions": first.conditions,
            },
        )


# --- promises ------------------------------------------------------------------------------------------


def _promises(workload: Workload, catalog: Catalog) -> Iterator[Promise]:
    for vow in workload.never:
        target = vow.target.literal
        if ":" in vow.what:
            resources: tuple[Text, ...] = (vow.target,)
            if target is not None and target in workload.resources:
                resources = tuple(workload.resources[target].arns.values())
            yield Promise(vow.source, (vow.what,), resources, vow.origin, vow.location)
        elif target == "*":
            actions = sorted(
                {
                    action
                    for blueprint in catalog.resources.values()
                    if vow.what in blueprint.verbs
                    for verb in blueprint.expand([vow.what])
                    for group in verb.allow.values()
                    for action in group
                }
            )
            if not actions:
                raise Rejected([_unknown_verb(vow, {v for b in catalog.resources.values() for v in b.verbs})])
            yield Promise(vow.source, tuple(actions), (Text.of("*"),), vow.origin, vow.location)
        elif target is not None and target in workload.resources:
            resource = workload.resources[target]
            blueprint = catalog.resources[resource.type]
            if vow.what not in blueprint.verbs:
                raise Rejected([_unknown_verb(vow, set(blueprint.verbs))])
            for verb in blueprint.expand([vow.what]):
                for arn, group in verb.allow.items():
                    arns = (Text.of("*") if arn == "*" else resource.arns[arn],)
                    yield Promise(vow.source, group, arns, vow.origin, vow.location)
        else:
            near = difflib.get_close_matches(target or "", workload.resources, 1, 0.4)
            raise Rejected(
                [
                    Finding(
                        "manifest-never",
                        f"`{vow.source}` names no resource of the manifest",
                        (f"did you mean {near[0]}? " if near else "")
                        + "write VERB on KEY, VERB on *, or ACTION on ARN",
                        vow.location,
                        vow.origin,
                    )
                ]
            )


def _unknown_verb(vow: Vow, known: set[str]) -> Finding:
    near = difflib.get_close_matches(vow.what, sorted(known), 1, 0.4)
    return Finding(
        "manifest-never",
        f"`{vow.what}` is no verb of what `{vow.source}` names",
        (f"did you mean {near[0]}? " if near else "") + "verbs: " + ", ".join(sorted(known)),
        vow.location,
        vow.origin,
    )
