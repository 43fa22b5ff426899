"""Services of ECS are changed in place where AWS can, and an apply that waits sees what became of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.hcl.syntax import Block
    from rolewright.pipeline import Pipeline

SERVICE = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
PLACE = {"account": "123456789012", "region": "us-east-1"}
CAPACITY = {"instance_type": "t3.large", **SERVICE, "max": 1}


def service(pipeline: Pipeline, **compute: Any) -> tuple[Mapping[str, Any], Block]:
    """The arguments of the service of a proven module, and its block."""
    fields = {"image": "nginx:1", "cpu": 256, "memory": 512, **compute}
    manifest = {"version": 1, "workload": "shop", "compute": fields}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    module = parse(built.module)
    (environment,) = built.workload.environments
    values = evaluate(module, environment).resources["aws_ecs_service.service"].values
    (block,) = (block for block in module.blocks if block.labels[:1] == ("aws_ecs_service",))
    return values, block


@pytest.mark.parametrize(
    ("fields", "launch_type", "provider"),
    [
        ({"type": "fargate", "service": SERVICE}, None, "FARGATE"),
        ({"type": "fargate", "service": {**SERVICE, "spot": True}}, None, "FARGATE_SPOT"),
        ({"type": "fargate", "cluster": "main", "service": SERVICE}, "FARGATE", None),
        ({"type": "fargate", "cluster": "main", "service": {**SERVICE, "spot": True}}, None, "FARGATE_SPOT"),
        ({"type": "ecs-ec2", "capacity": CAPACITY, "service": SERVICE}, None, "capacity-shop"),
        ({"type": "ecs-ec2", "cluster": "main", "service": SERVICE}, "EC2", None),
        ({"type": "ecs-ec2", "cluster": "main", "capacity_provider": "main", "service": SERVICE}, None, "main"),
    ],
)
def test_the_capacity_of_a_service_can_be_changed(
    pipeline: Pipeline, fields: dict[str, Any], launch_type: str | None, provider: str | None
) -> None:
    """The provider changes a strategy for another in place, and that only with force_new_deployment."""
    values, _ = service(pipeline, **fields)
    assert values.get("launch_type") == launch_type
    assert [one["capacity_provider"] for one in values.get("capacity_provider_strategy", [])] == [provider] * bool(
        provider
    )
    assert values["force_new_deployment"] is True


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"type": "fargate"}, ("FARGATE", "FARGATE_SPOT")),
        ({"type": "fargate", "cluster": "main"}, ("FARGATE", "FARGATE_SPOT")),
        ({"type": "ecs-ec2", "cluster": "main"}, ("on-demand", "spare")),
    ],
)
def test_the_tasks_of_a_service_are_spread_as_the_mix_says(
    pipeline: Pipeline, fields: dict[str, Any], names: tuple[str, str]
) -> None:
    mix = [{"provider": names[0], "base": 2}, {"provider": names[1], "weight": 3}]
    values, _ = service(pipeline, **fields, service={**SERVICE, "mix": mix})
    assert "launch_type" not in values
    assert values["capacity_provider_strategy"] == [
        {"capacity_provider": names[0], "weight": 1, "base": 2},
        {"capacity_provider": names[1], "weight": 3},
    ]


@pytest.mark.parametrize("more", [{}, {"autoscaling": {"min": 1, "max": 2}}])
@pytest.mark.parametrize("kind", [{"type": "fargate"}, {"type": "ecs-ec2", "cluster": "main"}])
def test_an_apply_that_waits_fails_after_a_rollback(
    pipeline: Pipeline, kind: dict[str, Any], more: dict[str, Any]
) -> None:
    values, block = service(pipeline, **kind, service={**SERVICE, **more, "wait": True})
    assert values["wait_for_steady_state"] is True
    assert [len(list(inner.all("postcondition"))) for inner in block.all("lifecycle")] == [1]
    _, block = service(pipeline, **kind, service={**SERVICE, **more})
    assert not any(list(inner.all("postcondition")) for inner in block.all("lifecycle"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, 1), ({"min": 0}, 1), ({"min": 3}, 3), ({"min": 3, "desired": 4}, 4), ({"desired": 0}, 0)],
)
@pytest.mark.parametrize("kind", [{"type": "fargate"}, {"type": "ecs-ec2", "cluster": "main"}])
def test_a_new_service_has_as_many_tasks_as_its_autoscaling_wants(
    pipeline: Pipeline, kind: dict[str, Any], fields: dict[str, int], expected: int
) -> None:
    """ECS guide: a count below the minimum stays what it is until an alarm asks for more."""
    scaling = {"autoscaling": {"min": fields["min"], "max": 9}} if "min" in fields else {}
    wanted = {"desired": fields["desired"]} if "desired" in fields else {}
    values, _ = service(pipeline, **kind, service={**SERVICE, **scaling, **wanted})
    assert values["desired_count"] == expected


def test_environments_may_begin_with_other_numbers_of_tasks(pipeline: Pipeline) -> None:
    fields = {"image": "nginx:1", "cpu": 256, "memory": 512, "type": "fargate"}
    environments = {
        name: {**PLACE, "compute": {"service": {"autoscaling": {"min": least}}}}
        for name, least in (("dev", 0), ("prod", 3))
    }
    compute = {**fields, "service": {**SERVICE, "autoscaling": {"min": 2, "max": 4}}}
    manifest = {"version": 1, "workload": "shop", "compute": compute, "environments": environments}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    tasks = {
        environment.name: evaluate(parse(built.module), environment)
        .resources["aws_ecs_service.service"]
        .values["desired_count"]
        for environment in built.workload.environments
    }
    assert tasks == {"dev": 1, "prod": 3}


def test_a_load_balancer_and_a_table_may_be_protected_in_one_environment_alone(pipeline: Pipeline) -> None:
    own: dict[str, Any] = {
        "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        "allow": ["10.0.0.0/8"],
    }
    own["certificate"] = "arn:aws:acm:us-east-1:123456789012:certificate/a"
    fields = {"image": "nginx:1", "cpu": 256, "memory": 512, "port": 80}
    balancer = {"vpc_id": "vpc-0123456789abcdef0", "load_balancer": {"create": own}}
    unprotected = {"deletion_protection": False}
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": {"type": "fargate", **fields, "service": {"subnet_ids": SERVICE["subnet_ids"], **balancer}},
        "resources": {
            "t": {"type": "dynamodb-table", "name": "orders", "hash_key": "id", "create": True, "access": "get"}
        },
        "environments": {
            "dev": {
                "account": "111111111111",
                "region": "us-east-1",
                "compute": {"service": {"load_balancer": {"create": unprotected}}},
                "resources": {"t": unprotected},
            },
            "prod": {"account": "222222222222", "region": "us-east-1"},
        },
    }
    own["deletion_protection"] = True
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    module = parse(built.module)
    for environment, protected in zip(built.workload.environments, (False, True), strict=True):
        made = evaluate(module, environment).resources
        assert made["aws_lb.service"].values["enable_deletion_protection"] is protected
        assert made["aws_dynamodb_table.t"].values["deletion_protection_enabled"] is protected
