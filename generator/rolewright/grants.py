"""Workload and Catalog → Declaration: every permission with the manifest line it came from."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Literal

from rolewright.blueprint.model import INJECTION
from rolewright.finding import Finding, Rejected
from rolewright.interpolation import CONTEXT, LeftOutError, Scope, fill, fill_all
from rolewright.model import Condition, Declaration, Grant, HandOver, Promise, Ref, Text, Trust, pascal
from rolewright.resources import arn_scope, field_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import Companion, Conditions, ResourceBlueprint, RoleBlueprint, Verb
    from rolewright.model import Resource, Vow, Workload


def derive_grants(workload: Workload, catalog: Catalog) -> Declaration:
    """What the manifest declares. Raises Rejected where a verb lacks a field, or a promise names nothing."""
    blueprint = catalog.computes[workload.compute.type]
    grants: list[Grant] = []
    hand_overs: list[HandOver] = []
    findings = [f for r in workload.resources.values() for f in _unfit(r, catalog.resources[r.type], workload)]
    if findings:
        raise Rejected(findings)
    for role in blueprint.roles.values():
        if role.grants == "workload":
            for resource in workload.resources.values():
                described = catalog.resources[resource.type]
                verbs = described.expand(resource.access)
                made = list(_verb_grants(role.key, resource, described, verbs, "", workload))
                grants += made
                hand_overs += _hand_overs(workload, resource, described, made)
                if not resource.created:
                    hand_overs += _agreements(workload, resource, described, role.key)
            grants += _statements(workload, role.key, own=True)
        elif role.grants == INJECTION:
            for key, origin in _injected(workload, catalog).items():
                resource = workload.resources[key]
                described = catalog.resources[resource.type]
                assert described.injection is not None
                made = list(_verb_grants(role.key, resource, described, (described.injection,), origin, workload))
                grants += made
                hand_overs += _hand_overs(workload, resource, described, made)
        if role.grants != "workload":
            grants += _statements(workload, role.key, own=False)
        grants += _platform(workload, role)
    for companion, resource, owner in _owners(workload, catalog):
        if owner is None:
            hand_overs.append(
                HandOver(resource.key, "key policy", _as_json(_owner_statement(companion, resource, catalog)))
            )
    trusts = tuple(_trust(workload, role) for role in blueprint.roles.values())
    return Declaration(tuple(grants), trusts, tuple(_promises(workload, catalog)), tuple(hand_overs))


def admitted(workload: Workload, catalog: Catalog, key: str) -> tuple[Mapping[str, Any], ...]:
    """The statements that other resources need in the policy of a resource that the module makes."""
    return tuple(
        _owner_statement(companion, resource, catalog)
        for companion, resource, owner in _owners(workload, catalog)
        if owner == key
    )


def agreed(workload: Workload, catalog: Catalog, key: str) -> tuple[Any, ...]:
    """What a created resource's own policy has to say for the roles of the workload: documents of Texts."""
    resource = workload.resources[key]
    return tuple(
        one.document
        for role in catalog.computes[workload.compute.type].roles.values()
        if role.grants == "workload"
        for one in _agreements(workload, resource, catalog.resources[resource.type], role.key)
    )


def compute_scope(workload: Workload) -> Scope:
    """What a compute blueprint's templates may refer to."""
    scope: Scope = {**CONTEXT, "workload": Text.of(workload.name), **workload.compute.derived}
    scope |= {f"names.{name}": text for name, text in workload.compute.names.items()}
    return scope | _compute_fields(workload.compute.fields, "")


def _compute_fields(fields: Mapping[str, Any], prefix: str) -> Scope:
    found: Scope = {prefix + name: value for name, value in field_scope(fields).items() if value is not None}
    for name, value in fields.items():
        if isinstance(value, dict):
            found |= _compute_fields(value, f"{prefix}{name}.")
    return found


def _resource_scope(resource: Resource, blueprint: ResourceBlueprint) -> Scope:
    return {**resource.context, **field_scope(resource.fields), **arn_scope(blueprint, resource.arns)}


def _conditions(templates: Conditions, scope: Scope) -> tuple[Condition, ...]:
    return tuple(
        Condition(operator, key, tuple(text for value in values for text in fill_all(value, scope)))
        for operator, block in templates.items()
        for key, values in block.items()
    )


def _unfit(resource: Resource, blueprint: ResourceBlueprint, workload: Workload) -> Iterator[Finding]:
    """Verbs that need a field which is left out, and fields that could not limit a verb."""
    scope = _resource_scope(resource, blueprint)
    origin = f"resources.{resource.key}.access"
    verbs = blueprint.expand(resource.access)
    for verb in verbs:
        try:
            for arn in verb.allow:
                if arn not in {"*", *resource.arns, *blueprint.optional}:
                    fill_all(blueprint.arns[arn], scope)
            for one in verb.scope:
                _conditions(one.conditions, scope)
        except LeftOutError as error:
            yield Finding(
                "access-field",
                f"`{verb.name}` needs `{error.name}`, which `resources.{resource.key}` leaves out",
                f"add `{error.name}`: {blueprint.fields.get(error.name, {}).get('description', 'see its description')}",
                workload.locate(origin),
                origin,
            )
    for field, exclusions in blueprint.exclusions.items():
        for exclusion in exclusions:
            both = [verb.name for verb in verbs if verb.name in exclusion.verbs]
            if both and resource.fields.get(field):
                yield Finding(
                    "access-scope",
                    f"`{field}` cannot limit `{'`, `'.join(both)}`: {exclusion.because}",
                    f"take it out of `access` (narrow verbs in place of a broad one), or leave out `{field}`",
                    workload.locate(origin),
                    origin,
                )


def _verb_grants(
    role: str,
    resource: Resource,
    blueprint: ResourceBlueprint,
    verbs: tuple[Verb, ...],
    injected_at: str,
    workload: Workload,
) -> Iterator[Grant]:
    """What verbs grant with their companions: the code, or the platform if it is injected somewhere."""
    scope = _resource_scope(resource, blueprint)
    origin = injected_at or f"resources.{resource.key}.access"
    side: Literal["workload", "platform"] = "platform" if injected_at else "workload"
    place = workload.locate(origin)
    sid = pascal(resource.key)
    for verb in verbs:
        for arn, actions in verb.allow.items():
            if arn != "*" and arn not in resource.arns:
                continue  # optional, and its field is left out
            for action in actions:
                scopes = [one for field, all_ in blueprint.scope.items() if resource.fields.get(field) for one in all_]
                conditions = tuple(
                    condition
                    for one in (*verb.scope, *scopes)
                    if one.covers(action, arn)
                    for condition in _conditions(one.conditions, scope)
                )
                yield Grant(
                    role,
                    sid + ("Any" if arn == "*" else pascal(arn)),
                    (action,),
                    (Text.of("*"),) if arn == "*" else resource.arns[arn],
                    origin,
                    place,
                    conditions,
                    (f"{verb.name}: {verb.summary}",),
                    side=side,
                )
    names = {verb.name for verb in verbs}
    for field, companions in blueprint.companions.items():
        for companion in companions:
            if resource.fields.get(field) and names & set(companion.verbs):
                yield Grant(
                    role,
                    sid + pascal(field) + companion.sid,
                    companion.actions,
                    tuple(text for arn in companion.resources for text in fill_all(arn, scope)),
                    f"resources.{resource.key}.{field}",
                    workload.locate(f"resources.{resource.key}.{field}"),
                    _conditions(companion.conditions, scope),
                    (companion.summary,),
                    side=side,
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
        (own,) = next(iter(resource.arns.values()))
        generated = resource.created and blueprint.create is not None and blueprint.create.arns
        values[variable] = own if generated else fill(blueprint.injection_value, _resource_scope(resource, blueprint))
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
        if grant.when and not _given(workload, grant.when):
            continue
        yield Grant(
            role.key,
            grant.sid,
            grant.actions,
            tuple(text for arn in grant.resources for text in fill_all(arn, scope)),
            "compute.type" if not grant.when else f"compute.{grant.when.split('.')[0]}",
            workload.locate("compute.type"),
            _conditions(grant.conditions, scope),
            (grant.summary,),
            grant.effect,
            side="platform",
        )


def _given(workload: Workload, name: str) -> bool:
    """Whether a field, a part of one or a derived value is there, and not false."""
    node: Any = workload.compute.fields
    for step in name.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return bool(node or workload.compute.derived.get(name))


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
        if resource.created and any(value in arns for arns in resource.arns.values()):
            return key
    return None


def _owner_statement(companion: Companion, resource: Resource, catalog: Catalog) -> Mapping[str, Any]:
    scope = _resource_scope(resource, catalog.resources[resource.type])
    return {
        "sid": pascal(resource.key) + companion.sid,
        "effect": "Allow",
        "actions": list(companion.actions),
        "resources": [text for arn in companion.resources for text in fill_all(arn, scope)],
        "principals": [
            {"type": type_, "identifiers": [text for one in identifiers for text in fill_all(one, scope)]}
            for type_, identifiers in companion.principals.items()
        ],
        "conditions": _conditions(companion.conditions, scope),
        "comments": [f"manifest: resources.{resource.key}", companion.summary],
    }


def _as_json(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """A statement as a policy's JSON has it."""
    conditions: dict[str, dict[str, list[Text]]] = {}
    for condition in statement["conditions"]:
        conditions.setdefault(condition.operator, {})[condition.key] = list(condition.values)
    return {
        "Sid": statement["sid"],
        "Effect": "Allow",
        "Principal": {one["type"]: one["identifiers"] for one in statement["principals"]},
        "Action": statement["actions"],
        "Resource": statement["resources"],
        **({"Condition": conditions} if conditions else {}),
    }


def _agreements(workload: Workload, resource: Resource, blueprint: ResourceBlueprint, role: str) -> Iterator[HandOver]:
    """What a policy of the service's own has to say for the verbs of a resource, for one role."""
    verbs = {verb.name for verb in blueprint.expand(resource.access)}
    arn = Text.of(Ref(f"aws_iam_role.{role}.arn")) if resource.created else _role_arn(workload, role)
    scope: Scope = {**_resource_scope(resource, blueprint), "role": arn}
    for agreement in blueprint.agreements:
        if verbs & set(agreement.verbs):
            yield HandOver(resource.key, agreement.to, _filled(agreement.document, scope))


def _filled(document: Any, scope: Scope) -> Any:  # noqa: ANN401 - any YAML
    """YAML with its strings filled in; in a list, one that refers to a list becomes several."""
    match document:
        case str():
            return fill(document, scope)
        case list():
            return [
                text
                for item in document
                for text in (fill_all(item, scope) if isinstance(item, str) else [_filled(item, scope)])
            ]
        case dict():
            return {key: _filled(value, scope) for key, value in document.items()}
        case _:
            return document


def _role_arn(workload: Workload, role: str) -> Text:
    context = (CONTEXT["partition"], CONTEXT["account"])
    return Text.of("arn:", context[0], ":iam::", context[1], ":role/", workload.compute.names[f"{role}_role"])


def _hand_overs(
    workload: Workload, resource: Resource, blueprint: ResourceBlueprint, grants: list[Grant]
) -> Iterator[HandOver]:
    """What the owner of another account's resource has to allow, for a resource given by its ARN."""
    account = resource.context["account"]
    own = all(
        account == Text.of(Ref("local.account")) or account.ground(e.values) in (e.account, "")
        for e in workload.environments
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
                    f"resources.{resource.key}",
                )
            ]
        )
    groups: dict[tuple[object, ...], list[Grant]] = {}
    for grant in grants:
        groups.setdefault((grant.sid, grant.resources, grant.conditions), []).append(grant)
    of_resource = {arn for arns in resource.arns.values() for arn in arns}
    for members in groups.values():
        first = members[0]
        if first.resources == (Text.of("*"),):
            continue
        is_own = of_resource.issuperset(first.resources)
        statement = {
            "sid": pascal(workload.name) + first.sid,
            "principals": [{"type": "AWS", "identifiers": _role_arn(workload, first.role)}],
            "actions": sorted({action for grant in members for action in grant.actions}),
            "resources": list(first.resources) if is_own else [Text.of("*")],
            "conditions": first.conditions,
        }
        yield HandOver(resource.key, to if is_own else "key policy", _as_json(statement))


# --- promises ------------------------------------------------------------------------------------------


def _promises(workload: Workload, catalog: Catalog) -> Iterator[Promise]:
    for vow in workload.never:
        target = vow.target.literal
        if ":" in vow.what:
            resources: tuple[Text, ...] = (vow.target,)
            if target is not None and target in workload.resources:
                resources = tuple(arn for arns in workload.resources[target].arns.values() for arn in arns)
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
                    arns = (Text.of("*"),) if arn == "*" else resource.arns.get(arn, ())
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
