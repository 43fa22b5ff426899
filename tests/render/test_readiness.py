"""What has to be there before something else starts, in every module that has both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from distinct_modules import distinct_modules
from rolewright.prove.evaluate import evaluate

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline
    from rolewright.prove.evaluate import EvaluatedModule

TABLE = yaml.safe_load((Path(__file__).parents[1] / "cases" / "apply" / "readiness.yaml").read_text(encoding="utf-8"))
ROLE, POLICIES = "aws_iam_role", {"aws_iam_role_policy", "aws_iam_role_policy_attachment"}


@pytest.fixture(scope="module")
def modules(pipeline: Pipeline) -> list[EvaluatedModule]:
    return [evaluate(parsed, workload.environments[0]) for workload, parsed in distinct_modules(pipeline)]


def reached(module: EvaluatedModule, address: str) -> set[str]:
    """The addresses that a block refers to, directly or through others."""
    found: set[str] = set()
    waiting = [address]
    while waiting:
        ahead = set(module.resources[waiting.pop()].depends) - found
        found |= ahead
        waiting += ahead
    return found


def of_type(module: EvaluatedModule, *types: str) -> list[str]:
    return [address for address, block in module.resources.items() if block.mode == "resource" and block.type in types]


def test_nothing_starts_before_what_it_needs(modules: list[EvaluatedModule]) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    missing = set()
    for module in modules:
        for edge in TABLE["edges"]:
            for user in of_type(module, edge["user"]):
                ahead = reached(module, user)
                for through in set(of_type(module, edge["through"])) & ahead:
                    needed = {x for x in of_type(module, *edge["needs"]) if through in module.resources[x].depends}
                    seen[edge["user"], edge["through"]] += bool(needed)
                    missing |= {f"{user} does not wait for {address}" for address in needed - ahead}
    assert missing == set()
    assert [edge for edge in TABLE["edges"] if not seen[edge["user"], edge["through"]]] == []


def test_every_compute_type_that_can_mount_is_seen_to(pipeline: Pipeline) -> None:
    """For every type with a field that mounts a file system, a trial has one that the module makes."""
    mounting = {
        type_ for type_, blueprint in pipeline.catalog.computes.items() if "efs-file-system" in str(blueprint.fields)
    }
    made = {
        workload.compute.type
        for workload, parsed in distinct_modules(pipeline)
        if any(block.labels[:1] == ("aws_efs_mount_target",) for block in parsed.blocks)
    }
    assert len(mounting) >= 3
    assert mounting <= made


def test_whoever_has_a_role_waits_for_it_or_starts_nothing(modules: list[EvaluatedModule]) -> None:
    decided = {edge["user"] for edge in TABLE["edges"] if edge["through"] == ROLE} | TABLE["idle"].keys() | POLICIES
    users = {
        block.type
        for module in modules
        for block in module.resources.values()
        if any(address.startswith(f"{ROLE}.") for address in block.depends)
    }
    exclusive = {"aws_iam_role_policies_exclusive", "aws_iam_role_policy_attachments_exclusive"}
    assert users - decided - exclusive == set()
    assert TABLE["idle"].keys() - users == set()
