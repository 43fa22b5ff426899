"""One value of a secret that is JSON may be injected; the role still reads the secret, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

TASK = {"image": "nginx:1.27", "cpu": 256, "memory": 512}
ON_EC2 = {
    "instance_type": "t3.large",
    "subnet_ids": ["subnet-0123456789abcdef0"],
    "security_group_ids": ["sg-0123456789abcdef0"],
    "max": 1,
}
COMPUTES: dict[str, dict[str, Any]] = {
    "fargate": {"type": "fargate", **TASK},
    "ecs-ec2": {"type": "ecs-ec2", **TASK, "capacity": ON_EC2},
    "batch-job": {"type": "batch-job", **TASK},
}
DB = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db"
VERSION = "9d4cb84b-ad69-40c0-a0ab-cead36b967e8"


def build(pipeline: Pipeline, compute: dict[str, Any], **db: Any) -> Built:
    resources = {
        "db": {"type": "secretsmanager-secret", "name": "prod/db", **db},
        "host": {"type": "ssm-parameter", "name": "/prod/host"},
    }
    manifest = {"version": 1, "workload": "parts", "compute": compute, "resources": resources}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == (), built.findings
    return built


def injected(built: Built) -> dict[str, str]:
    (environment,) = built.workload.environments
    found: dict[str, str] = {}
    for block in evaluate(parse(built.module), environment).resources.values():
        for name in ("container_definitions", "container_properties"):
            containers = json.loads(str(block.values.get(name, "[]")))
            for container in containers if isinstance(containers, list) else [containers]:
                found |= {secret["name"]: secret["valueFrom"] for secret in container.get("secrets", ())}
    return found


# ECS's guide, "Pass Secrets Manager secrets through Amazon ECS environment variables"
@pytest.mark.parametrize("type_", COMPUTES)
@pytest.mark.parametrize(
    ("named", "value"),
    [
        ("db", DB),
        ("db:password", f"{DB}:password::"),
        ("db:password::", f"{DB}:password::"),
        ("db:password:AWSPREVIOUS", f"{DB}:password:AWSPREVIOUS:"),
        ("db:password:AWSPREVIOUS:", f"{DB}:password:AWSPREVIOUS:"),
        (f"db:password::{VERSION}", f"{DB}:password::{VERSION}"),
        ("db::AWSPREVIOUS:", f"{DB}::AWSPREVIOUS:"),
        (f"db:::{VERSION}", f"{DB}:::{VERSION}"),
    ],
)
def test_each_form_that_ecs_takes(pipeline: Pipeline, type_: str, named: str, value: str) -> None:
    built = build(pipeline, {**COMPUTES[type_], "secrets": {"PASSWORD": named}})
    assert injected(built) == {"PASSWORD": value}
    lines = [line for line in built.module.files["access.lock"].splitlines() if "secretsmanager:" in line]
    arn = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:prod/db-??????"
    assert lines == [f"execution allow secretsmanager:GetSecretValue on {arn}"]


def test_two_values_of_one_secret_that_the_module_makes_and_one_of_a_sidecar(pipeline: Pipeline) -> None:
    sidecar = {"name": "proxy", "image": "nginx:1.27", "secrets": {"TOKEN": "db:token"}}
    secrets = {"PASSWORD": "db:password", "USER": "db:user", "ALL": "db", "HOST": "host"}
    built = build(pipeline, {**COMPUTES["fargate"], "secrets": secrets, "sidecars": [sidecar]}, create=True)
    found = injected(built)
    made = found["ALL"]
    assert found["PASSWORD"] == f"{made}:password::"
    assert (found["USER"], found["TOKEN"]) == (f"{made}:user::", f"{made}:token::")
    reads = [line for line in built.module.files["access.lock"].splitlines() if "GetSecretValue" in line]
    assert len(reads) == 1


@pytest.mark.parametrize(
    "named", ["host:port", "db:", "db::", "db:a b", "db:a:b:c", "db:a:b:c:d", "db:*", "db:${x}", "other:a"]
)
def test_what_ecs_does_not_take_is_refused_at_its_place(pipeline: Pipeline, named: str) -> None:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, {**COMPUTES["fargate"], "secrets": {"PASSWORD": named}})
    assert {finding.path for finding in refusal.value.findings} == {"compute.secrets.PASSWORD"}
