"""What fields of a compute type name by the keys of resources: to be injected, or to be used by the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.model import INJECTION
from rolewright.core.finding import Finding
from rolewright.core.model import Use
from rolewright.core.text import Text
from rolewright.manifest.integrations import Calls, called_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree

INJECTS, RESOURCE, UNIQUE, CALLS = "x-injects", "x-resource", "x-unique", "x-calls"
ONLY_FOR = "x-only-for"
"""The marks in a field's schema: a mapping of variables to keys that are injected; a string that is a key; a list
whose entries all have another value under a name; a definition that says what is called; and on the field itself,
that another field names a resource of some types.
"""


def marked(
    schema: Mapping[str, Any],
    value: Any,  # noqa: ANN401 - YAML
    mark: str,
    path: PathInTree = (),
) -> Iterator[tuple[PathInTree, Any, Any]]:
    """Yield every value under a schema with a mark: its path, itself, and what the mark says."""
    if mark in schema:
        yield path, value, schema[mark]
    elif isinstance(value, dict):
        properties, rest = schema.get("properties", {}), schema.get("additionalProperties")
        for key, inner in value.items():
            yield from marked(properties.get(key, rest if isinstance(rest, dict) else {}), inner, mark, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from marked(schema.get("items", {}), inner, mark, (*path, index))


def marked_fields(
    blueprint: ComputeBlueprint, described: Mapping[str, Any], mark: str
) -> Iterator[tuple[PathInTree, Any, Any]]:
    """Yield the same for what a manifest says of its compute type."""
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
    """Return what the compute type uses; a key that names nothing of the right kind is a finding."""
    results: list[Use | Text | Finding] = [*_injected(manifest, blueprint, catalog), *_named(manifest, blueprint)]
    for path, definition, mark in marked_fields(blueprint, manifest.data["compute"], CALLS):
        results += called_by(manifest, Calls.of(mark), definition, path)
    unknown_verbs = {use: tuple(_unknown_verbs(use, manifest, catalog)) for use in results if isinstance(use, Use)}
    return ComputeUses(
        tuple(use for use in results if isinstance(use, Use) and not unknown_verbs[use]),
        {f"calls.{called.literal}": called for called in results if isinstance(called, Text)},
        (
            *(finding for finding in results if isinstance(finding, Finding)),
            *_field_findings(manifest, blueprint),
            *(finding for findings in unknown_verbs.values() for finding in findings),
        ),
    )


def _unknown_verbs(use: Use, manifest: Manifest, catalog: Catalog) -> Iterator[Finding]:
    """Yield the verbs that the compute type asks for and the type of the resource does not have."""
    resource: Mapping[str, Any] | None = manifest.data.get("resources", {}).get(use.resource)
    if resource is None:
        return  # which is said of the field
    verbs = catalog.resources[resource["type"]].verbs
    for verb in use.verbs:
        if verb not in verbs and verb != INJECTION:
            asks = f"{manifest.data['compute']['type']} asks for `{verb}` on `{use.resource}`"
            message = f"{asks}, and {resource['type']} has no such verb"
            remedy = f"mend its blueprint: there are {', '.join(verbs)}"
            yield manifest.finding("blueprint-name", message, remedy, ("compute", "type"))


def _injected(manifest: Manifest, blueprint: ComputeBlueprint, catalog: Catalog) -> Iterator[Use | Finding]:
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    for path, keys, _ in marked_fields(blueprint, manifest.data["compute"], INJECTS):
        injectable = [
            key for key, resource in resources.items() if catalog.resources[resource["type"]].injection is not None
        ]
        for variable, key in keys.items():
            at = (*path, variable)
            if key not in injectable:
                fault = "no resource of the manifest" if key not in resources else "nothing that can be injected"
                yield manifest.finding(
                    "manifest-secret",
                    f"`{key}` is {fault}",
                    "name a secret or a parameter under `resources`: " + (", ".join(injectable) or "there is none"),
                    at,
                )
            elif variable in (_beside(manifest.data, path).get("environment") or {}):
                message = f"{variable} is both in `environment` and in `{path[-1]}`"
                yield manifest.finding("manifest-secret", message, "remove it from `environment`", at)
            yield Use(key, "", (INJECTION,), ".".join(map(str, at)))


def _named(manifest: Manifest, blueprint: ComputeBlueprint) -> Iterator[Use | Finding]:
    resources: Mapping[str, Any] = manifest.data.get("resources", {})
    for path, key, mark in marked_fields(blueprint, manifest.data["compute"], RESOURCE):
        fitting = [
            name
            for name, resource in resources.items()
            if resource["type"] in mark["verbs"]
            and (resource.get("create") is True or not mark.get("created"))
            and all(field in resource for field in mark.get("needs", ()))
        ]
        if key in fitting:
            verbs = tuple(mark["verbs"][resources[key]["type"]])
            yield Use(key, mark.get("role", ""), verbs, ".".join(map(str, path)))
            continue
        wanted = " or ".join(mark["verbs"])
        wanted += ", made by the module" if mark.get("created") else ""
        wanted += "".join(f", with `{field}`" for field in mark.get("needs", ()))
        fault = "no resource of the manifest" if key not in resources else f"a {resources[key]['type']}"
        if key in resources and resources[key]["type"] in mark["verbs"]:
            fault = "not such a one"
        yield manifest.finding(
            "manifest-resource",
            f"`{key}` is {fault}, and this is the key of one that is {wanted}",
            mark.get("remedy") or "name one under `resources`: " + (", ".join(fitting) or "there is none"),
            path,
        )


def _field_findings(manifest: Manifest, blueprint: ComputeBlueprint) -> Iterator[Finding]:
    """Yield entries of lists under a name that is taken, and fields that are for other types of what a field names."""
    described, resources = manifest.data["compute"], manifest.data.get("resources", {})
    for path, entries, name in marked_fields(blueprint, described, UNIQUE):
        for index, entry in enumerate(entries):
            if name in entry and any(earlier.get(name) == entry[name] for earlier in entries[:index]):
                yield manifest.finding(
                    "manifest-twice",
                    f"`{entry[name]}` is already the `{name}` of another entry of `{path[-1]}`",
                    "make one entry of both, or name another",
                    (*path, index, name),
                )
    for name, schema in blueprint.fields.items():
        for other_field, types in schema.get(ONLY_FOR, {}).items():
            type_ = resources.get(described.get(other_field), {}).get("type")
            if described.get(name) is not None and type_ not in (None, *types):
                yield manifest.finding(
                    "manifest-rule",
                    f"`{name}` is for a `{other_field}` that is {' or '.join(types)}, "
                    f"and `{described[other_field]}` is a {type_}",
                    f"leave `{name}` out",
                    ("compute", name),
                )


def _beside(data: Any, path: PathInTree) -> Mapping[str, Any]:  # noqa: ANN401 - YAML
    """Return the mapping that has a value as an entry."""
    for step in path[:-1]:
        data = data[step]
    mapping: Mapping[str, Any] = data
    return mapping
