"""Fields that hold keys of resources, to be injected or used by the platform, and lists that repeat no name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.model import INJECTION
from rolewright.core.finding import Finding
from rolewright.core.model import Use
from rolewright.core.text import Text
from rolewright.manifest.document import fields_of
from rolewright.manifest.integrations import CALLS, Calls, called_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree

INJECTS, RESOURCE, UNIQUE = "x-injects", "x-resource", "x-unique"
ONLY_FOR, STATES = "x-only-for", "x-states"
"""The marks in a field's schema: a mapping of variables to keys that are injected; a string that is a key; a list
whose entries all have another value under a name; a definition that says what is called; on the field itself, that
another field names a resource of some types; and a definition in the Amazon States Language.
"""


def marked(
    schema: Mapping[str, Any],
    value: Any,  # noqa: ANN401 - YAML
    mark: str,
    path: PathInTree = (),
) -> Iterator[tuple[PathInTree, Any, Any]]:
    """Yield every value whose schema has a mark: its path, the value, and the content of the mark."""
    if mark in schema:
        yield path, value, schema[mark]
    if isinstance(value, dict):
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
        for key, inner in value.items():
            yield from marked(properties.get(key, rest if isinstance(rest, dict) else {}), inner, mark, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from marked(schema.get("items", {}), inner, mark, (*path, index))


def marked_fields(
    blueprint: ComputeBlueprint, described: Mapping[str, Any], mark: str
) -> Iterator[tuple[PathInTree, Any, Any]]:
    """Yield the same for the fields of a manifest's `compute`."""
    for name, schema in blueprint.fields.items():
        if described.get(name) is not None:
            yield from marked(schema, described[name], mark, ("compute", name))


@dataclass(frozen=True)
class ComputeUses:
    """The uses of a compute type, the integrations that it calls as derived values, and the findings on both."""

    uses: tuple[Use, ...]
    called: Mapping[str, Text]
    findings: tuple[Finding, ...]


def compute_uses(manifest: Manifest, blueprint: ComputeBlueprint, catalog: Catalog) -> ComputeUses:
    """Return the resources that the compute type uses; a key of no suitable resource is a finding."""
    results: list[Use | Text | Finding] = [
        *_injected(manifest, blueprint, catalog),
        *_named(manifest, blueprint, catalog),
    ]
    for path, definition, mark in marked_fields(blueprint, manifest.data["compute"], CALLS):
        results += called_by(manifest, Calls.of(mark), definition, path)
    unknown_verbs = {use: tuple(_unknown_verbs(use, manifest, catalog)) for use in results if isinstance(use, Use)}
    return ComputeUses(
        tuple(use for use in results if isinstance(use, Use) and not unknown_verbs[use]),
        {f"calls.{called.literal}": called for called in results if isinstance(called, Text)},
        (
            *(finding for finding in results if isinstance(finding, Finding)),
            *_repeated(manifest, blueprint, catalog),
            *_field_findings(manifest, blueprint),
            *(finding for findings in unknown_verbs.values() for finding in findings),
        ),
    )


def _unknown_verbs(use: Use, manifest: Manifest, catalog: Catalog) -> Iterator[Finding]:
    """Yield a finding for each verb that the compute type needs and that the resource's type lacks."""
    resource: Mapping[str, Any] | None = manifest.data.get("resources", {}).get(use.resource)
    if resource is None:
        return  # the field that names it has a finding already
    verbs = catalog.resources[resource["type"]].verbs
    for verb in use.verbs:
        if verb not in verbs and verb != INJECTION:
            needs = f"{manifest.data['compute']['type']} needs `{verb}` on `{use.resource}`"
            message = f"{needs}, but {resource['type']} has no such verb"
            remedy = f"correct the blueprint of {manifest.data['compute']['type']}; use one of: {', '.join(verbs)}"
            yield manifest.finding("blueprint-name", message, remedy, ("compute", "type"))


def _injected(manifest: Manifest, blueprint: ComputeBlueprint, catalog: Catalog) -> Iterator[Use | Finding]:
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    for path, keys, _ in marked_fields(blueprint, manifest.data["compute"], INJECTS):
        injectable = [
            key for key, resource in resources.items() if catalog.resources[resource["type"]].injection is not None
        ]
        for variable, text in keys.items():
            at = (*path, variable)
            key, part = injected_part(text)
            if key not in injectable:
                fault = "is not a resource of the manifest" if key not in resources else "cannot be injected"
                usable = ", ".join(injectable) or "add one under `resources`"
                yield manifest.finding(
                    "manifest-secret",
                    f"`{key}` {fault}",
                    f"use the key of a secret or a parameter: {usable}",
                    at,
                )
            elif ":" in text and not _has_parts(catalog.resources[resources[key]["type"]], part):
                yield _no_part(manifest, text, at)
            yield Use(key, "", (INJECTION,), ".".join(map(str, at)), part)


def _no_part(manifest: Manifest, text: str, at: PathInTree) -> Finding:
    return manifest.finding(
        "manifest-secret",
        f"`{text}` names no part of the value of `{injected_part(text)[0]}`",
        "write KEY:JSON-KEY of a secret, with :VERSION-STAGE or ::VERSION-ID behind it for another version",
        at,
    )


def injected_part(text: str) -> tuple[str, str]:
    """Return the key of a resource whose value is injected, and what is named of that value ("" for all of it)."""
    key, _, part = text.partition(":")
    return key, part


def _has_parts(blueprint: ResourceBlueprint, part: str) -> bool:
    return bool(blueprint.injection_part) and re.fullmatch(blueprint.injection_part, part) is not None


def _named(manifest: Manifest, blueprint: ComputeBlueprint, catalog: Catalog) -> Iterator[Use | Finding]:
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    for path, text, mark in marked_fields(blueprint, manifest.data["compute"], RESOURCE):
        key, part = injected_part(text) if mark.get("part") else (text, "")
        fitting = [
            name
            for name, resource in resources.items()
            if resource["type"] in mark["verbs"]
            and (resource.get("create") is True or not mark.get("created"))
            and all(field in resource for field in mark.get("needs", ()))
        ]
        if key in fitting:
            verbs = tuple(mark["verbs"][resources[key]["type"]])
            yield Use(key, mark.get("role", ""), verbs, ".".join(map(str, path)), limited=mark.get("limited", False))
            if key != text and not _has_parts(catalog.resources[resources[key]["type"]], part):
                yield _no_part(manifest, text, path)
            continue
        wanted = " or ".join(mark["verbs"])
        wanted += " with `create: true`" if mark.get("created") else ""
        wanted += "".join(f", with `{field}`" for field in mark.get("needs", ()))
        fault = "is not a resource of the manifest"
        if key in resources:
            fault = f"is of type {resources[key]['type']}"
            fault += " without that" if resources[key]["type"] in mark["verbs"] else ""
        usable = f"use one of: {', '.join(fitting)}" if fitting else "add one under `resources`"
        yield manifest.finding(
            "manifest-resource",
            f"this field takes the key of a resource of type {wanted}, but `{key}` {fault}",
            mark.get("remedy") or usable,
            path,
        )


def _repeated(manifest: Manifest, blueprint: ComputeBlueprint, catalog: Catalog) -> Iterator[Finding]:
    """Yield findings for the entries of lists, of the compute type and of resources, whose name is taken."""
    lists = [*marked_fields(blueprint, manifest.data["compute"], UNIQUE)]
    for key, described in manifest.data.get("resources", {}).items():
        for field, schema in fields_of(catalog.resources[described["type"]], described).items():
            lists += marked(schema, described.get(field), UNIQUE, ("resources", key, field))
    for path, entries, name in lists:
        for index, entry in enumerate(entries or ()):
            if name in entry and any(earlier.get(name) == entry[name] for earlier in entries[:index]):
                yield manifest.finding(
                    "manifest-twice",
                    f"`{entry[name]}` is already the `{name}` of another entry of `{path[-1]}`",
                    f"merge the two entries, or give this one another `{name}`",
                    (*path, index, name),
                )


def _field_findings(manifest: Manifest, blueprint: ComputeBlueprint) -> Iterator[Finding]:
    """Yield findings for fields that do not go with the type of a resource that another field names."""
    described, resources = manifest.data["compute"], manifest.data.get("resources", {})
    for name, schema in blueprint.fields.items():
        for other_field, types in schema.get(ONLY_FOR, {}).items():
            type_ = resources.get(described.get(other_field), {}).get("type")
            if described.get(name) is not None and type_ not in (None, *types):
                yield manifest.finding(
                    "manifest-rule",
                    f"`{name}` is for a `{other_field}` of type {' or '.join(types)}, "
                    f"but `{described[other_field]}` is of type {type_}",
                    f"remove `{name}`",
                    ("compute", name),
                )
