"""What Copilot's own roles may do: the fixed parts of its templates, and what follows from the manifest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.importer.copilot.application import DATA
from rolewright.importer.expression import PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.shapes import mapping
from rolewright.importer.workload import OldPolicy, OldRole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.importer.copilot.reading import ManifestReading
    from rolewright.importer.expression import TextPart
    from rolewright.importer.given import ImportAids

_NAME = re.compile(r"\$\{([a-z_]{1,20})\}")


def old_roles(
    reading: ManifestReading,
    each: Sequence[ManifestReading],
    kind: Mapping[str, Any],
    addons: Sequence[OldPolicy | str],
    given: ImportAids,
) -> list[OldRole]:
    """Return the task role and the execution role of the stack, with the policies of addons on the former.

    `each` are the readings for environments: what the role of one of them may do counts, also on a resource that the
    manifest has not.
    """
    roles = format_data(DATA).facts["runner_roles" if kind["runner"] else "roles"]
    found: list[OldRole] = []
    for role, policies in roles.items():
        parts: list[OldPolicy | str] = list(_fixed(reading, each, policies, given))
        if role == next(iter(roles)):
            parts += [*_of_resources(reading, each), *addons]
        found.append(
            OldRole(
                role,
                tuple(part for part in parts if isinstance(part, OldPolicy)),
                tuple(part for part in parts if isinstance(part, str)),
            )
        )
    return found


def _fixed(
    reading: ManifestReading, each: Sequence[ManifestReading], policies: Sequence[Mapping[str, Any]], given: ImportAids
) -> Iterator[OldPolicy | str]:
    """Yield the policies that are in the template, each where its part of the manifest is there."""
    for policy in policies:
        when = policy.get("when", "")
        if when and not any(_has(one.data, when.split(".")) for one in (reading, *each)):
            continue
        origin = f"Copilot's {policy['of']}"
        if "managed" in policy:
            yield given.managed(policy["managed"], origin)
        else:
            statements = _placed(reading, policy["statements"], {})
            yield OldPolicy(
                {"Version": "2012-10-17", "Statement": statements}, f"{origin}, {policy['name']}", managed=True
            )


def _has(data: Any, steps: Sequence[str]) -> bool:  # noqa: ANN401 - YAML
    for step in steps:
        data = mapping(data).get(step)
    return bool(data)


def _of_resources(reading: ManifestReading, each: Sequence[ManifestReading]) -> Iterator[OldPolicy]:
    """Yield what the template allows on each topic, queue and file system of the workload in any environment."""
    there = reading.workload.resources
    beside: dict[str, Mapping[str, Any]] = {}
    for one in reversed(each or [reading]):  # of what several have, the manifest has that of the first
        beside |= one.beside
    for resource in (*there.values(), *beside.values()):
        yield from _on(reading, resource, "")
    for one in each:
        place = f", in environment {one.environment.name}" if one.environment else ""
        for key, resource in one.workload.resources.items():
            known = there.get(key, {})
            if known.get("type") != resource["type"]:
                yield from _on(reading, resource, place)
            elif not set(resource.get("access", ())) <= set(known.get("access", ())):
                yield from _on(reading, {**known, "access": resource["access"]}, place)


def _on(reading: ManifestReading, resource: Mapping[str, Any], place: str) -> Iterator[OldPolicy]:
    """Yield what the template allows on one resource; `place` says of which environment, "" for all."""
    facts = format_data(DATA).facts
    names = {type_: name for name, type_ in facts["resources"].items()}
    for policy in facts["resource_policies"].get(names.get(resource["type"], ""), ()):
        access = resource.get("access")
        fits = access and policy.get("access", access[0]) in access
        if not fits or policy.get("lacks") in resource or policy.get("has", "type") not in resource:
            continue
        statements = _placed(reading, policy["statements"], resource)
        origin = f"Copilot's {policy['of']}{place}"
        yield OldPolicy({"Version": "2012-10-17", "Statement": statements}, origin, managed=True)


def _placed(reading: ManifestReading, value: Any, fields: Mapping[str, Any]) -> Any:  # noqa: ANN401 - YAML
    match value:
        case dict():
            return {key: _placed(reading, inner, fields) for key, inner in value.items()}
        case list():
            return [_placed(reading, inner, fields) for inner in value]
        case str() if "${" in value:
            parts: list[TextPart | SourceText] = []
            end = 0
            for found in _NAME.finditer(value):
                parts += [value[end : found.start()], _part(reading, found[1], fields)]
                end = found.end()
            return SourceText.of(*parts, value[end:])
        case _:
            return value


def _part(reading: ManifestReading, name: str, fields: Mapping[str, Any]) -> TextPart | SourceText:
    match name:
        case "application":
            return reading.application.named
        case "environment":
            return reading.application.environment
        case "account" | "region" | "partition":
            return PlaceName(name)
        case _ if name in fields:
            found = fields[name]
            return found if isinstance(found, SourceText) else str(found)
        case _:
            return UnknownPart(f"{name.replace('_', ' ')} of the application {reading.application.name}")
