"""No ECS task without an execution role: not by a manifest, not by an override, not by a team's own blueprint."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built

BUILT_IN = Path(__file__).parents[2] / "blueprints"
COMPUTE = {"image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1", "cpu": 256, "memory": 512}
CLUSTER = {"cluster": "shop", "service": {"subnet_ids": ["subnet-01234567"], "security_group_ids": ["sg-01234567"]}}
ARGUMENT = r"^ *execution_role_arn .*$"
ROLE = r"^  execution:(?: .*)?\n(?:^(?:    .*)?\n)*"


def built(pipeline: Pipeline, type_: str, **more: Any) -> Built:
    manifest = {"version": 1, "workload": "app", "compute": {"type": type_, **COMPUTE, **CLUSTER}, **more}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    return pipeline.build(workload)


def own(root: Path, *changes: tuple[str, str, str]) -> Path:
    """A team's own copy of the compute types of ECS, with something in a file replaced."""
    for type_ in ("fargate", "ecs-ec2", "batch-job"):
        shutil.copytree(BUILT_IN / "compute" / type_, root / "compute" / type_)
    for name, pattern, text in changes:
        path = root / "compute" / name
        changed = re.sub(pattern, text, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        assert changed != path.read_text(encoding="utf-8")
        path.write_text(changed, encoding="utf-8")
    return root


@pytest.mark.parametrize("type_", ["fargate", "ecs-ec2"])
@pytest.mark.parametrize("text", ["", "  execution_role_arn = null"])
def test_a_template_without_it_is_refused(type_: str, text: str, tmp_path: Path) -> None:
    with Pipeline([own(tmp_path, ("fargate/task.tf.j2", ARGUMENT, text))]) as pipeline:
        result = built(pipeline, type_)
    assert "missing-execution-role" in {finding.rule for finding in result.findings}
    assert result.refused


@pytest.mark.parametrize("type_", ["fargate", "ecs-ec2"])
def test_a_type_without_the_role_is_refused(type_: str, tmp_path: Path) -> None:
    policies = ("fargate/service.tf.j2", r'policies\("execution"\)', "[]")
    team = own(tmp_path, ("fargate/blueprint.yaml", ROLE, ""), ("fargate/task.tf.j2", ARGUMENT, ""), policies)
    with Pipeline([team]) as pipeline:
        result = built(pipeline, type_)
    assert "missing-execution-role" in {finding.rule for finding in result.findings}
    assert result.refused


def test_a_role_that_ecs_cannot_assume_is_refused(tmp_path: Path) -> None:
    wrong = r"(  execution:.*\n    summary:.*\n    trusts: )\[ecs-tasks.amazonaws.com\]"
    with Pipeline([own(tmp_path, ("fargate/blueprint.yaml", wrong, r"\1[ec2.amazonaws.com]"))]) as pipeline:
        result = built(pipeline, "fargate")
    assert "trust-compute-mismatch" in {finding.rule for finding in result.findings}
    assert result.refused


@pytest.mark.parametrize(
    "more",
    [
        {"compute": {"type": "fargate", **COMPUTE, "execution_role": None}},
        {"compute": {"type": "fargate", **COMPUTE, "names": {"execution_role": ""}}},
        {
            "environments": {
                "dev": {"account": "1" * 12, "region": "us-east-1", "compute": {"names": {"execution_role": ""}}}
            }
        },
    ],
)
def test_a_manifest_cannot_leave_it_out(more: dict[str, Any], pipeline: Pipeline) -> None:
    with pytest.raises(Rejected):
        built(pipeline, "fargate", **more)
