"""The checks that need resolved values: patterns, the blueprints' rules, names and their lengths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.core.text import Ref
from rolewright.manifest.compute_uses import STATES, marked_fields
from rolewright.manifest.document import strings
from rolewright.manifest.environments import merged
from rolewright.manifest.rules import rule_findings
from rolewright.manifest.schema import schemas_of
from rolewright.manifest.states_language import machine_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, NameRule
    from rolewright.core.finding import Finding
    from rolewright.core.model import Environment, Workload
    from rolewright.manifest.document import Manifest
    from rolewright.manifest.inputs import Inputs
    from rolewright.manifest.references import References
    from rolewright.yaml.load import PathInTree

ROLE_NAME_LIMIT = 64  # IAM and STS quotas, "Role name length"
_ROLE_NAME = re.compile(r"[A-Za-z0-9_+=,.@-]+")
_RESOLVED = ("compute", "resources", "boundary", "statements")


def grounded_findings(
    workload: Workload,
    manifest: Manifest,
    references: References,
    catalog: Catalog,
    inputs: Inputs,
) -> Iterator[Finding]:
    """Yield the findings on the resolved values of each environment."""
    compute = catalog.computes[workload.compute.type]
    for environment in workload.environments:
        place = {"partition": environment.partition, "region": environment.region, "account": environment.account}
        data = inputs.exemplified(manifest.in_environment(environment.name), place)
        replaced: dict[PathInTree, Any] = {}
        skip: set[PathInTree] = set()
        for path, raw in strings(data):
            if "${" in raw and path[0] in _RESOLVED:
                text = references.text(raw)
                replaced[path] = text.ground(environment.values)
                if any(isinstance(p, Ref) and p.expression not in environment.values for p in text.parts):
                    skip.add(path)
        grounded = merged(data, replaced)
        if replaced:
            yield from schemas_of(catalog).findings(grounded, manifest.locator(environment.name), skip=skip)
        yield from rule_findings(manifest, workload, grounded, catalog, environment)
        yield from _machine_findings(manifest, compute, grounded["compute"], environment)
        yield from _name_findings(manifest, compute, workload, environment)


def _machine_findings(
    manifest: Manifest, blueprint: ComputeBlueprint, described: Mapping[str, Any], environment: Environment
) -> Iterator[Finding]:
    for path, definition, mark in marked_fields(blueprint, described, STATES):
        express = described.get(mark["express"]) is True
        yield from machine_findings(definition, path, manifest.locator(environment.name), express=express)


def _name_findings(
    manifest: Manifest, blueprint: ComputeBlueprint, workload: Workload, environment: Environment
) -> Iterator[Finding]:
    own_names = manifest.data["compute"].get("names", {})
    for name, text in workload.compute.names.items():
        rule: NameRule | None = blueprint.names.get(name)
        limit = ROLE_NAME_LIMIT if rule is None else rule.max_length
        pattern = _ROLE_NAME if rule is None else re.compile(rule.pattern)
        value = text.ground(environment.values)
        key = blueprint.role_name_keys[name.removesuffix("_role")] if rule is None else name
        path: PathInTree = ("compute", "names", key) if key in own_names else ("workload",)
        where = f" in {environment.name}" if environment.name else ""
        if len(value) > limit:
            yield manifest.finding(
                "name-length",
                f"the name {value} has {len(value)} characters{where}, and at most {limit} fit",
                f"shorten the workload's or the environment's name, or set compute.names.{key}",
                path,
            )
        elif not pattern.fullmatch(value):
            yield manifest.finding(
                "name-characters",
                f'AWS does not accept "{value}" as {name}{where}',
                f"set compute.names.{key} to a name that matches {pattern.pattern}",
                path,
            )
