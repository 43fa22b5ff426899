"""Changes for what the platform needs: fields of `compute`, what it injects and uses, and keys of resources."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import group, pieces, wild_pattern
from rolewright.blueprint.model import INJECTION
from rolewright.manifest.compute_uses import INJECTS, RESOURCE
from rolewright.sdk.operations import needs_of
from rolewright.suggest.changes import ManifestChange
from rolewright.suggest.entries import Candidate, resource_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.model import PlatformGrant, ResourceBlueprint, RoleBlueprint
    from rolewright.suggest.case import Case

_ITEM, _NAME = "[]", "{}"
"""In a path of a schema: an entry of a list, and a key of a mapping that the manifest chooses."""


def platform_candidates(case: Case, role: RoleBlueprint) -> Iterator[Candidate]:
    """Yield changes that may allow it to a role through the compute type's own fields."""
    yield from _keys(case, role)
    if role.grants == INJECTION:
        yield from _injected(case)
        yield from _decrypted(case)
    yield from _used(case, role)
    for grant in role.allow:
        if grant.effect == "Allow" and case.action in grant.actions:
            yield from _needed(case, grant)


def _keys(case: Case, role: RoleBlueprint) -> Iterator[Candidate]:
    """Yield the key of a resource, where the role uses the resource and the manifest does not name its key."""
    for key, field in key_fields(case, role):
        yield Candidate((ManifestChange(("resources", key, field), case.resource),))


def key_fields(case: Case, role: RoleBlueprint) -> Iterator[tuple[str, str]]:
    """Yield resources that the role uses, each with a field that is not given and would bring the action."""
    for key, resource in case.workload.resources.items():
        blueprint = case.catalog.resources[resource.type]
        operation = case.question.operation
        if operation and not case.question.platform and needs_of(blueprint.service, operation) is None:
            continue  # the operation of another service wanted the key
        own = role.grants == "workload" and not case.question.platform
        verbs = {verb.name for verb in blueprint.expand(resource.access)} if own else set()
        for use in case.workload.compute.uses:
            injected = role.grants == INJECTION and use.verbs == (INJECTION,)
            if use.resource == key and (use.role == role.key or injected):
                verbs |= {verb.name for verb in blueprint.narrow(use.verbs)} | {*use.verbs}
        for field, companions in blueprint.companions.items():
            brought = any(case.action in companion.actions and verbs & {*companion.verbs} for companion in companions)
            if brought and not resource.fields.get(field):
                yield key, field


def _injected(case: Case) -> Iterator[Candidate]:
    for blueprint in case.catalog.resources.values():
        if blueprint.injection is None:
            continue
        for arn, actions in blueprint.injection.allow.items():
            if case.action in actions:
                for path, _ in _places(case.blueprint.fields, INJECTS):
                    yield from _through(case, blueprint, arn, (*path, _NAME))


def _decrypted(case: Case) -> Iterator[Candidate]:
    """Yield the injection of a resource that is encrypted with the key asked for."""
    for key, resource in case.workload.resources.items():
        blueprint = case.catalog.resources[resource.type]
        for field, companions in blueprint.companions.items():
            if case.resource in case.values_of(resource, field) and any(
                case.action in c.actions and INJECTION in c.verbs for c in companions
            ):
                for path, _ in _places(case.blueprint.fields, INJECTS):
                    named = _named(case, (*path, _NAME), key)
                    if named is not None:
                        yield Candidate((named,))


def _used(case: Case, role: RoleBlueprint) -> Iterator[Candidate]:
    for path, blueprint, arn in _uses(case, role):
        yield from _through(case, blueprint, arn, path)


def used_by(case: Case, role: RoleBlueprint) -> Iterator[tuple[str, str]]:
    """Yield the fields of compute that bring the action to a role, each with the type of resource that it names."""
    found = (
        (".".join(step for step in path if step != _ITEM), blueprint.type) for path, blueprint, _ in _uses(case, role)
    )
    yield from dict.fromkeys(found)


def _uses(case: Case, role: RoleBlueprint) -> Iterator[tuple[tuple[str, ...], ResourceBlueprint, str]]:
    for path, mark in _places(case.blueprint.fields, RESOURCE):
        if mark.get("role") != role.key or mark.get("created"):
            continue
        for type_, verbs in mark["verbs"].items():
            blueprint = case.catalog.resources.get(type_)
            if blueprint is None or not set(verbs) <= {*blueprint.verbs, INJECTION}:
                continue  # of a blueprint that is broken, which is said where it is used
            for verb in blueprint.narrow(verbs):
                for arn, actions in verb.allow.items():
                    if case.action in actions and arn != "*":
                        yield path, blueprint, arn


def _through(case: Case, blueprint: ResourceBlueprint, arn: str, path: tuple[str, ...]) -> Iterator[Candidate]:
    """Yield a field of compute that names a resource, with that resource."""
    for key, changes, lacking in resource_entry(case, blueprint, arn):
        named = _named(case, path, key)
        if named is not None:
            yield Candidate((*changes, named), lacking=lacking)


def _named(case: Case, path: tuple[str, ...], key: str) -> ManifestChange | None:
    """Return the change that names a resource in a place of the compute type; None where another is named there."""
    compute: Any = case.data.get("compute")
    at: list[str] = []
    node: Any = compute
    for number, step in enumerate(path):
        if step == _ITEM:
            value: Any = key
            for inner in reversed(path[number + 1 :]):
                value = {inner: value}
            return ManifestChange(("compute", *at), value, append=True)
        if step == _NAME:
            taken = {*(node if isinstance(node, dict) else {}), *_environment(compute)}
            return ManifestChange(("compute", *at, _variable(key, taken)), key)
        at.append(step)
        node = node.get(step) if isinstance(node, dict) else None
    return None if node is not None else ManifestChange(("compute", *at), key)


def _environment(compute: Any) -> Mapping[str, Any]:  # noqa: ANN401 - YAML
    found = compute.get("environment") if isinstance(compute, dict) else None
    return found if isinstance(found, dict) else {}


def _variable(key: str, taken: set[str]) -> str:
    base = re.sub(r"[^A-Z0-9]+", "_", key.upper())
    number = 1
    while (name := base if number == 1 else f"{base}_{number}") in taken:
        number += 1
    return name


def _places(fields: Mapping[str, Any], mark: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the paths of a type's fields whose schemas have a mark, with the mark's content."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((name,), schema) for name, schema in fields.items()]
    while waiting:
        path, schema = waiting.pop(0)
        if mark in schema:
            yield path, schema[mark]
            continue
        waiting += [((*path, name), inner) for name, inner in schema.get("properties", {}).items()]
        if isinstance(schema.get("items"), dict):
            required = {*schema["items"].get("required", ())}
            inner = schema["items"].get("properties", {})
            waiting += [((*path, _ITEM, name), nested) for name, nested in inner.items() if required <= {name}]
        if isinstance(schema.get("additionalProperties"), dict):
            waiting.append(((*path, _NAME), schema["additionalProperties"]))


def _needed(case: Case, grant: PlatformGrant) -> Iterator[Candidate]:
    """Yield the field that a grant of the platform depends on."""
    if grant.each or len(grant.when) != 1:
        return
    field = grant.when[0].split(".", maxsplit=1)[0]
    schema = case.blueprint.fields.get(field)
    if schema is None:
        return
    for template in grant.resources:
        listed = pieces(template)
        if template == "*" and schema.get("type") == "boolean" and case.resource == "*":
            yield Candidate((ManifestChange(("compute", field), value=True),))
        elif len(listed) == 1 and listed[0].value == field:
            yield Candidate((ManifestChange(("compute", field), case.resource),))
        elif any(piece.value.startswith(f"{field}.") for piece in listed):
            yield from _read_back(case, field, template)


def _read_back(case: Case, field: str, template: str) -> Iterator[Candidate]:
    """Yield a field that a grant reads parts of, such as the image: its value with the parts of the ARN asked for."""
    fits = wild_pattern(template).fullmatch(case.resource)
    pattern = case.blueprint.derive.get(field)
    compute = case.data.get("compute")
    if fits is None or pattern is None or not isinstance(compute, dict):
        return
    for base in (compute.get(field), *case.blueprint.fields[field].get("examples", ())):
        found = re.fullmatch(pattern, base) if isinstance(base, str) else None
        if found is None:
            continue
        spans = [
            (found.span(name), fits[group(f"{field}.{name}")])
            for name in found.re.groupindex
            if group(f"{field}.{name}") in fits.re.groupindex
        ]
        value = base
        for (start, end), text in sorted(spans, reverse=True):
            value = value[:start] + text + value[end:]
        remark = f" (in place of {base}, with the tag that is meant)" if base == compute.get(field) else ""
        yield Candidate((ManifestChange(("compute", field), value),), remark=remark, replaces=True)
        return
