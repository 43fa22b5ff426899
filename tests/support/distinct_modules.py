"""Rendered modules that differ in what they consist of: one for each set of blocks that a trial comes to."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from blueprint_trials import tried_workloads
from manifest_generator import generated_manifests
from rolewright.grants.contents import expected_contents
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.core.model import Workload
    from rolewright.hcl.syntax import ParsedModule
    from rolewright.pipeline import Pipeline

DRAWN = 39  # compute types take turns: three of each


@cache
def distinct_modules(pipeline: Pipeline) -> list[tuple[Workload, ParsedModule]]:
    """Of each compute type, and of each resource type that can be made, the modules with different blocks.

    To them come some that are drawn: trials of a compute type use few resources.
    """
    computes, resources = pipeline.catalog.computes.files, pipeline.catalog.resources.files
    created = [file for type_, file in resources.items() if pipeline.catalog.resources[type_].create is not None]
    found: dict[tuple[str, frozenset[str]], Workload] = {}
    for file in (*computes.values(), *created):
        for workload in tried_workloads(file):
            blocks = expected_contents(workload, pipeline.catalog).blocks
            found.setdefault((file.parent.name, frozenset(block.address for block in blocks)), workload)
    drawn = [read_manifest(loads(text, "drawn.yaml"), pipeline.catalog)[0] for text in generated_manifests(DRAWN)]
    return [(workload, parse(pipeline.render(workload).module)) for workload in (*found.values(), *drawn)]
