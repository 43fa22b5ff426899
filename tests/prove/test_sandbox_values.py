"""Moto takes every value that a field lists: what it does not know must never keep a module from being written."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from manifest_generator import Generator
from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint import Catalog
    from rolewright.pipeline import Pipeline


def listed(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Each value that a field, or one in it, lists, with the path to it."""
    if isinstance(schema, dict):
        yield from ((path, value) for value in schema.get("enum") or ())
        for name, inner in (schema.get("properties") or {}).items():
            yield from listed(inner, (*path, name))


def entries(catalog: Catalog) -> dict[tuple[str, str], dict[str, Any]]:
    """A generated manifest for each compute type, and for each resource type that a module can make."""
    generator = Generator(created=True)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for number in range(200):
        manifest = json.loads(generator.manifest(number))
        found.setdefault(("compute", manifest["compute"]["type"]), manifest)
        for entry in manifest["resources"].values():
            if entry.get("create"):
                found.setdefault(("resources", entry["type"]), manifest)
    return found


def variants(catalog: Catalog, kind: str, type_: str, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The manifest with each listed value in the entry of a type."""
    blueprint = catalog.computes[type_] if kind == "compute" else catalog.resources[type_]
    fields = {**blueprint.fields, **getattr(getattr(blueprint, "create", None), "fields", {})}
    for path, value in (found for name, schema in fields.items() for found in listed(schema, (name,))):
        changed = copy.deepcopy(dict(manifest))
        made = [one for one in changed["resources"].values() if one["type"] == type_ and one.get("create")]
        node = changed["compute"] if kind == "compute" else made[0]
        for step in path[:-1]:
            node = node.get(step)
            if not isinstance(node, dict):
                break
        else:
            node[path[-1]] = value
            yield f"{type_}.{'.'.join(path)}: {value}", json.dumps(changed)


@pytest.mark.soak
def test_moto_takes_every_value_that_a_field_lists(pipeline: Pipeline) -> None:
    refused: list[str] = []
    tried = 0
    for (kind, type_), manifest in entries(pipeline.catalog).items():
        for what, text in variants(pipeline.catalog, kind, type_, manifest):
            try:
                workloads = read_manifest(loads(text, "m.yaml"), pipeline.catalog)
            except Rejected:
                continue  # the type's own rules take another value with it
            tried += 1
            findings = [finding for workload in workloads for finding in pipeline.build(workload).findings]
            refused += [f"{what}: {f.message}" for f in findings if f.rule.startswith("sandbox")]
    assert tried > 80
    assert refused == []
