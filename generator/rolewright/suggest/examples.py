"""A type → the smallest manifest that uses it, for people to read: what is required, and nothing else."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import NoValueError, named_resources, sample
from rolewright.suggest.changes import block
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Fields


def compute_example(catalog: Catalog, type_: str) -> str:
    """Return the smallest manifest of a compute type as YAML, or "" where its examples do not go together."""
    manifest = smallest(catalog, type_)
    return "".join(f"{line}\n" for line in block(manifest)) if manifest else ""


def resource_example(catalog: Catalog, type_: str) -> str:
    """Return the smallest entries of a resource type as YAML: one that exists, and one that the module makes.

    It is "" where the type's examples do not go together, or no compute type has code to use it.
    """
    host = _host(catalog)
    blueprint, key = catalog.resources[type_], type_.rpartition("-")[2]
    frames: dict[str, tuple[Fields, Mapping[str, Any], Collection[str]]] = {
        key: ({"type": type_}, blueprint.fields, blueprint.required)
    }
    if blueprint.create is not None:
        made = {**blueprint.fields, **blueprint.create.fields}
        both = dict.fromkeys([*blueprint.required, *blueprint.create.required])
        frames[f"own-{key}"] = ({"type": type_, "create": True}, made, both)
    lines: list[str] = []
    for name, (frame, fields, required) in frames.items():
        tried = (
            {**frame, **given, "access": verb.name}
            for verb in blueprint.verbs.values()
            if not verb.of
            for given in _fewest(fields, [*required, *(n for n in blueprint.needs(verb, ()) if n not in required)])
        )
        fitting = (entry for entry in tried if host and _is_accepted(catalog, {**host, "resources": {name: entry}}))
        entry = next(fitting, None)
        if entry is not None:
            which = "the module makes" if frame.get("create") else "exists"
            lines += [f"  # one that {which}"] * (len(frames) > 1)
            lines += [f"  {line}" for line in block({name: entry})]
    return "".join(f"{line}\n" for line in ["resources:", *lines]) if lines else ""


def smallest_entry(catalog: Catalog, type_: str, access: Sequence[str], said: Mapping[str, Any]) -> Fields | None:
    """Return the fewest fields of a resource for some verbs that have what is said; None where examples do not fit."""
    blueprint = catalog.resources[type_]
    needed = [name for verb in blueprint.expand(access) for name in blueprint.needs(verb, ())]
    required = () if "arn" in said else dict.fromkeys([*blueprint.required, *needed])
    host = _host(catalog)
    for fields in _fewest(blueprint.fields, tuple(required), said):
        entry = {"type": type_, **fields, "access": list(access)}
        if host and _is_accepted(catalog, {**host, "resources": {"it": entry}}):
            return fields
    return None


def _host(catalog: Catalog) -> Fields | None:
    """Return the smallest manifest of the first compute type that needs no resources."""
    hosts = (smallest(catalog, name) for name in catalog.computes)
    return next((found for found in hosts if found and found.keys() == {"version", "workload", "compute"}), None)


def smallest(catalog: Catalog, type_: str, said: Mapping[str, Any] = MappingProxyType({})) -> Fields | None:
    """Return the smallest manifest of a compute type that has some fields; None where its examples do not fit them."""
    blueprint = catalog.computes[type_]
    for given in _fewest(blueprint.fields, blueprint.required, said):
        resources = named_resources(catalog, blueprint, given)
        manifest = {"version": 1, "workload": "my-service", "compute": {"type": type_, **given}}
        manifest |= {"resources": resources} if resources else {}
        if _is_accepted(catalog, manifest):
            return manifest
    return None


def _fewest(
    fields: Mapping[str, Any], required: Collection[str], said: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[Fields]:
    """Yield what is said with the required fields, then the same with each other field, which a rule may ask for."""
    values: Fields = {}
    for name, schema in fields.items():
        try:
            values[name] = sample(schema)
        except NoValueError:
            if name in required:
                return
    least = {name: values[name] for name in required if name in values} | dict(said)
    yield least
    yield from ({**least, name: value} for name, value in values.items() if name not in least)


def _is_accepted(catalog: Catalog, manifest: Fields) -> bool:
    try:
        (workload,) = read_manifest(loads(json.dumps(manifest), "an example"), catalog)
        derive_grants(workload, catalog)
    except Rejected:
        return False
    return True
