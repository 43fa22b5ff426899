"""A type → the smallest manifest that uses it, for people to read: what is required, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import NoValueError, named_resources, sample
from rolewright.suggest.changes import block
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Fields


def compute_example(catalog: Catalog, type_: str) -> str:
    """Return the smallest manifest of a compute type as YAML, or "" where its examples do not go together."""
    manifest = _of_compute(catalog, type_)
    return "".join(f"{line}\n" for line in block(manifest)) if manifest else ""


def resource_example(catalog: Catalog, type_: str) -> str:
    """Return the smallest entries of a resource type as YAML: one that exists, and one that the module makes.

    It is "" where the type's examples do not go together, or no compute type has code to use it.
    """
    hosts = (_of_compute(catalog, name) for name in catalog.computes)
    host = next((found for found in hosts if found and found.keys() == {"version", "workload", "compute"}), None)
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


def _of_compute(catalog: Catalog, type_: str) -> Fields | None:
    blueprint = catalog.computes[type_]
    for given in _fewest(blueprint.fields, blueprint.required):
        resources = named_resources(catalog, blueprint, given)
        manifest = {"version": 1, "workload": "my-service", "compute": {"type": type_, **given}}
        manifest |= {"resources": resources} if resources else {}
        if _is_accepted(catalog, manifest):
            return manifest
    return None


def _fewest(fields: Mapping[str, Any], required: Collection[str]) -> Iterator[Fields]:
    """Yield values of the required fields, then the same with each other field, which a rule may ask for."""
    values: Fields = {}
    for name, schema in fields.items():
        try:
            values[name] = sample(schema)
        except NoValueError:
            if name in required:
                return
    least = {name: values[name] for name in required if name in values}
    yield least
    yield from ({**least, name: value} for name, value in values.items() if name not in least)


def _is_accepted(catalog: Catalog, manifest: Fields) -> bool:
    try:
        (workload,) = read_manifest(loads(json.dumps(manifest), "an example"), catalog)
        derive_grants(workload, catalog)
    except Rejected:
        return False
    return True
