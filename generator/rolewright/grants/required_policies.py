"""Policies that others have to change: key policies, policies in other accounts, policies of a service's own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import CONTEXT, TemplateScope, fill, fill_all
from rolewright.core.finding import Finding, Rejected
from rolewright.core.inputs import ARN
from rolewright.core.model import Grant, RequiredPolicy
from rolewright.core.text import Ref, Text, pascal
from rolewright.grants.entries import entry_scopes
from rolewright.manifest.derived import is_given
from rolewright.manifest.resources import compute_scope, fill_conditions, resource_scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import Companion, ResourceBlueprint
    from rolewright.core.model import Resource, Workload


@dataclass(frozen=True)
class _Owed:
    """A statement that the owner of a field's value has to add: for an entry of the manifest, with its scope.

    `maker` is the key of the resource whose policy takes it, where the module makes that.
    """

    companion: Companion
    of: str
    origin: str
    sid: str
    fields: Mapping[str, Any]
    scope: TemplateScope
    maker: str | None


def owners_statements(workload: Workload, catalog: Catalog) -> Iterator[RequiredPolicy]:
    """Yield the statements that owners of fields' values, such as keys, have to add where the module does not."""
    for owed in _owed(workload, catalog):
        for statement in _owner_statements(owed, workload) if owed.maker is None else ():
            arn = statement["resources"][0]
            if arn == Text.of("*"):  # in a key policy: this key
                yield RequiredPolicy(owed.of, "key policy", _as_json(statement))
            elif owed.companion.always or _foreign(arn, workload, named_only=True):
                blueprint = _of_service(arn, workload, catalog)
                if blueprint is not None:
                    yield RequiredPolicy(
                        owed.of, blueprint.cross_account.policy, _handed(statement, blueprint.cross_account.resource)
                    )


def admitted(workload: Workload, catalog: Catalog, key: str) -> tuple[Mapping[str, Any], ...]:
    """Return the statements that the workload needs in the policy of a resource that the module makes.

    What two of its entries need in the same words is said once.
    """
    statements: dict[str, Mapping[str, Any]] = {}
    named = catalog.resources[workload.resources[key].type].cross_account.resource
    for owed in _owed(workload, catalog):
        for statement in _owner_statements(owed, workload) if owed.maker == key else ():
            resources = statement["resources"] if named else []  # some policies take none but what has them
            own = {**statement, "resources": resources}
            statements.setdefault(repr({**own, "sid": "", "comments": ()}), own)
    return tuple(statements.values())


def agreed(workload: Workload, catalog: Catalog, key: str) -> tuple[Any, ...]:
    """Return the statements that a created resource's policy needs for the workload's roles: documents of Texts."""
    resource = workload.resources[key]
    return tuple(
        agreement.document
        for role in catalog.computes[workload.compute.type].roles.values()
        if role.grants == "workload"
        for agreement in agreements(workload, resource, catalog.resources[resource.type], role.key)
    )


def _owed(workload: Workload, catalog: Catalog) -> Iterator[_Owed]:
    """Yield every statement that the owner of a field's value has to add, of the resources and of the compute type."""
    for key, resource in workload.resources.items():
        blueprint = catalog.resources[resource.type]
        scope, fields = resource_scope(resource, blueprint), resource.fields
        for _, value, companion in _asked(blueprint.companions, fields, {}):
            maker, sid = _maker(workload, companion, value, scope), pascal(key) + companion.sid
            yield _Owed(companion, key, f"resources.{key}", sid, fields, scope, maker)
    compute, scope = workload.compute, compute_scope(workload)
    for field, value, companion in _asked(catalog.computes[compute.type].companions, compute.fields, compute.derived):
        maker, sid = _maker(workload, companion, value, scope), pascal(workload.name) + companion.sid
        yield _Owed(companion, f"compute.{field}", f"compute.{field}", sid, compute.fields, scope, maker)


def _asked(
    companions: Mapping[str, tuple[Companion, ...]], fields: Mapping[str, Any], derived: Mapping[str, Text]
) -> Iterator[tuple[str, object, Companion]]:
    """Yield the companions for the owner of each field that is given, with the field and its value."""
    for field, of_field in companions.items():
        value = fields.get(field)
        for companion in of_field if value else ():
            wanted = all(is_given(name, fields, derived) for name in companion.when)
            if companion.owner and wanted and not any(is_given(name, fields, derived) for name in companion.unless):
                yield field, value, companion


def _maker(workload: Workload, companion: Companion, value: object, scope: TemplateScope) -> str | None:
    """Return the key of the resource that the module makes and whose policy takes a companion's statement.

    The value is its ARN; or, for a statement that is needed always, refers to it or names it, as an image does its
    repository.
    """
    refs = {part for part in value.parts if isinstance(part, Ref)} if isinstance(value, Text) else set()
    wanted = [text for arn in companion.resources for text in fill_all(arn, scope)] if companion.always else []
    for key, resource in workload.resources.items():
        arns = [arn for several in resource.arns.values() for arn in several]
        made = {part for text in resource.attributes.values() for part in text.parts if isinstance(part, Ref)}
        refers = companion.always and bool(refs & made)
        if resource.created and (value in arns or refers or _same(wanted, arns, workload)):
            return key
    return None


def _same(wanted: Sequence[Text], arns: Sequence[Text], workload: Workload) -> bool:
    """Return whether ARNs are among others, in every environment."""
    return bool(wanted) and all(
        {arn.ground(environment.values) for arn in wanted} <= {arn.ground(environment.values) for arn in arns}
        for environment in workload.environments
    )


def admitting(workload: Workload, catalog: Catalog, field: str) -> tuple[str, ...]:
    """Return the keys of the resources that the module makes and whose policy admits what a compute field names."""
    owed = [one for one in _owed(workload, catalog) if one.of == f"compute.{field}" and one.maker is not None]
    return tuple(dict.fromkeys(one.maker for one in owed if one.maker is not None))


def _owner_statements(owed: _Owed, workload: Workload) -> Iterator[Mapping[str, Any]]:
    """Yield the statement of a companion, or one for each entry of the list that it is about."""
    companion = owed.companion
    for number, entry in entry_scopes(companion.each, companion.only, owed.fields, workload):
        scope: TemplateScope = {**owed.scope, **entry}
        yield {
            "sid": owed.sid + number,
            "effect": "Allow",
            "actions": list(companion.actions),
            "resources": [text for arn in companion.resources for text in fill_all(arn, scope)],
            "principals": [
                {"type": type_, "identifiers": [text for name in identifiers for text in fill_all(name, scope)]}
                for type_, identifiers in companion.principals.items()
            ],
            "conditions": fill_conditions(companion.conditions, scope),
            "comments": [f"manifest: {owed.origin}", companion.summary],
        }


def _as_json(statement: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a statement as a policy's JSON has it."""
    conditions: dict[str, dict[Text, list[Text]]] = {}
    for condition in statement["conditions"]:
        conditions.setdefault(condition.operator, {})[condition.key] = list(condition.values)
    return {
        "Sid": statement["sid"],
        "Effect": "Allow",
        "Principal": {principal["type"]: principal["identifiers"] for principal in statement["principals"]},
        "Action": statement["actions"],
        "Resource": statement["resources"],
        **({"Condition": conditions} if conditions else {}),
    }


def agreements(
    workload: Workload, resource: Resource, blueprint: ResourceBlueprint, role: str
) -> Iterator[RequiredPolicy]:
    """Yield the statements that a policy of the service's own needs for the verbs of a resource, for one role."""
    verbs = {verb.name for verb in blueprint.expand(resource.access)}
    arn = Text.of(Ref(f"aws_iam_role.{role}.arn")) if resource.created else _role_arn(workload, role)
    scope: TemplateScope = {**resource_scope(resource, blueprint), "role": arn}
    for agreement in blueprint.agreements:
        applies = not agreement.when or bool(resource.fields.get(agreement.when))
        if verbs & set(agreement.verbs) and applies and not resource.fields.get(agreement.unless):
            yield RequiredPolicy(resource.key, agreement.to, filled(agreement.document, scope))


def filled(document: Any, scope: TemplateScope) -> Any:  # noqa: ANN401 - any YAML
    """Fill in the strings of YAML; in a list, one that refers to a list becomes several."""
    match document:
        case str():
            return fill(document, scope)
        case list():
            return [
                text
                for item in document
                for text in (fill_all(item, scope) if isinstance(item, str) else [filled(item, scope)])
            ]
        case dict():
            return {key: filled(value, scope) for key, value in document.items()}
        case _:
            return document


def _role_arn(workload: Workload, role: str) -> Text:
    context = (CONTEXT["partition"], CONTEXT["account"])
    return Text.of("arn:", context[0], ":iam::", context[1], ":role/", workload.compute.names[f"{role}_role"])


def across_accounts(
    workload: Workload, grants: Sequence[Grant], catalog: Catalog, resource: Resource | None = None
) -> Iterator[RequiredPolicy]:
    """Yield the statements that owners in other accounts have to add: for a resource, a companion or the platform.

    Raises Rejected where a resource cannot be shared.
    """
    groups: dict[tuple[object, ...], list[Grant]] = {}
    for grant in grants:
        groups.setdefault((grant.sid, grant.resources, grant.conditions), []).append(grant)
    taken: Counter[str] = Counter()
    of_resource = {arn for arns in resource.arns.values() for arn in arns} if resource else set()
    for members in groups.values():
        first = members[0]
        own = resource if resource is not None and of_resource.issuperset(first.resources) else None
        own_type = catalog.resources[own.type] if own else None
        owner = _owner(own, own_type)
        foreign = any(_foreign(arn, workload, named_only=own is None, owner=owner) for arn in first.resources)
        if first.effect == "Deny" or not foreign:
            continue
        blueprint = own_type or _of_service(first.resources[0], workload, catalog)
        if blueprint is None:
            continue
        if not blueprint.cross_account.policy:
            raise Rejected([_unshared(first, blueprint, workload, own)])
        taken[first.sid] += 1  # one policy takes no Sid twice
        sid = pascal(workload.name) + first.sid + (str(taken[first.sid]) if taken[first.sid] > 1 else "")
        document = _statement_of(sid, members, workload, blueprint.cross_account.resource, owner)
        yield RequiredPolicy(_whose(first, own, workload), blueprint.cross_account.policy, document)


def _owner(resource: Resource | None, blueprint: ResourceBlueprint | None) -> Text | None:
    """Return the account that owns a resource, where a field of its type says it."""
    account = resource.fields.get(blueprint.cross_account.owner) if resource and blueprint else None
    return Text.of(account) if account else None


def _whose(grant: Grant, resource: Resource | None, workload: Workload) -> str:
    """Return, for people, what an owner's statement is about."""
    whose = resource.key if resource else grant.origin.removeprefix("resources.")
    of_caller = any(_of_caller(arn, workload) for arn in grant.resources)
    return f"{whose}, if that is another account's" if of_caller else whose


def _statement_of(
    sid: str, members: Sequence[Grant], workload: Workload, resource: str, owner: Text | None
) -> Mapping[str, Any]:
    """Return the statement for grants that differ in their actions alone; it names no resource where that is "".

    It has no condition on the account of the owner, whose own policy it is for.
    """
    first = members[0]
    return _handed(
        {
            "sid": sid,
            "principals": [{"type": "AWS", "identifiers": _role_arn(workload, first.role)}],
            "actions": sorted({action for grant in members for action in grant.actions}),
            "resources": [Text.of("*")] if resource == "*" else list(first.resources),
            "conditions": [condition for condition in first.conditions if condition.values != (owner,)],
        },
        resource,
    )


def _handed(statement: Mapping[str, Any], resource: str) -> Mapping[str, Any]:
    """Return a statement as another account's policy takes it: without a resource where that is ""."""
    document = _as_json(statement)
    return document if resource else {name: value for name, value in document.items() if name != "Resource"}


def _foreign(arn: Text, workload: Workload, *, named_only: bool, owner: Text | None = None) -> bool:
    """Return whether an ARN is, or for all that is known may be, another account's in some environment.

    `owner` is the account of a resource whose ARN has none.
    With `named_only`, only in environments that the manifest names: without them nobody knows the account, and a key
    can be given by its ARN alone.
    """
    if _of_caller(arn, workload):
        return True
    for environment in workload.environments:
        if named_only and not environment.name:
            continue
        parts = arn.ground(environment.values).split(":", 5)
        account = (parts[4] if len(parts) == 6 else "") or (owner.ground(environment.values) if owner else "")
        if account not in (environment.account, "", "*", "aws"):
            return True
    return False


def _of_caller(arn: Text, workload: Workload) -> bool:
    """Return whether the caller of the module gives the ARN, and with it the account."""
    references = {given.reference for given in workload.inputs if given.kind == ARN}
    return any(isinstance(part, Ref) and part.expression in references for part in arn.parts)


def _of_service(arn: Text, workload: Workload, catalog: Catalog) -> ResourceBlueprint | None:
    """Return the resource type whose service an ARN names, if the catalogue has one."""
    service = arn.ground(workload.environments[0].values).split(":")[2]
    return next((blueprint for blueprint in catalog.resources.values() if blueprint.service == service), None)


def _unshared(grant: Grant, blueprint: ResourceBlueprint, workload: Workload, resource: Resource | None) -> Finding:
    at = f"resources.{resource.key}" if resource else grant.origin
    remedy = "use a resource in the workload's own account"
    if "name" in blueprint.fields and any(_of_caller(arn, workload) for arn in grant.resources):
        remedy += ": an ARN of the caller may be another's, so give its `name`, which may be an input of type name"
    return Finding(
        "cross-account",
        blueprint.cross_account.impossible,
        remedy,
        grant.location if resource else workload.locate(at),
        at,
    )
