"""No ECS task without an execution role: not by a manifest, not by an override, not by a team's own blueprint."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
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


@pytest.mark.parametrize(
    ("host", "partition", "region"),
    [
        ("dkr.ecr.eu-west-1.amazonaws.com", "aws", "eu-west-1"),
        ("dkr.ecr-fips.us-east-2.amazonaws.com", "aws", "us-east-2"),
        ("dkr-ecr.us-east-1.on.aws", "aws", "us-east-1"),
        ("dkr-ecr-fips.us-gov-west-1.on.aws", "aws-us-gov", "us-gov-west-1"),
        ("dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn", "cn-north-1"),
        ("dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "aws-cn", "cn-north-1"),
        ("dkr.ecr.eusc-de-east-1.amazonaws.eu", "aws-eusc", "eusc-de-east-1"),
        ("dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "aws-iso-e", "eu-isoe-west-1"),
        ("dkr-ecr.us-isob-east-1.on.aws.scloud", "aws-iso-b", "us-isob-east-1"),
    ],
)
@pytest.mark.parametrize("type_", ["fargate", "ecs-ec2", "batch-job", "codebuild"])
def test_every_host_of_ecr_is_pulled_from(
    type_: str, host: str, partition: str, region: str, pipeline: Pipeline
) -> None:
    image = f"210987654321.{host}/team/my--app__x:1"
    fields = {"image": image, "buildspec": "version: 0.2"} if type_ == "codebuild" else {**COMPUTE, "image": image}
    cluster = {"cluster": "shop", "service": CLUSTER["service"]} if type_ == "ecs-ec2" else {}
    manifest = {
        "version": 1,
        "workload": "app",
        "compute": {"type": type_, **fields, **cluster},
        "environments": {"dev": {"account": "123456789012", "region": region}},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    (environment,) = workload.environments
    roles = build_roles(workload, derive_grants(workload, pipeline.catalog), pipeline.catalog)
    pulled = {
        resource.ground(environment.values)
        for role in roles
        for policy in role.policies
        for statement in policy.statements
        if any(action.startswith("ecr:") for action in statement.actions)
        for resource in statement.resources
    }
    assert pulled == {"*", f"arn:{partition}:ecr:{region}:210987654321:repository/team/my--app__x"}
