"""Containers of tasks and jobs are written as ECS and Batch take them, and sidecars as the code's own."""

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

    from rolewright.pipeline import Pipeline

IMAGE = "public.ecr.aws/nginx/nginx:1.27"
CAPACITY = {
    "instance_type": "t3.large",
    "subnet_ids": ["subnet-0123456789abcdef0"],
    "security_group_ids": ["sg-0123456789abcdef0"],
    "max": 1,
}
TYPES = {"fargate": {}, "ecs-ec2": {"capacity": CAPACITY}}
CONTAINER: dict[str, Any] = {
    "command": ["run"],
    "entry_point": ["/app"],
    "working_directory": "/srv",
    "user": 1000,
    "drop_capabilities": ["ALL"],
    "init": True,
    "stop_timeout": 60,
    "ulimits": {"nofile": 4096},
    "environment": {"LEVEL": "info"},
    "secrets": {"TOKEN": "token"},
    "read_only": False,
    "writable": ["/tmp", "/run"],
    "shared": {"files": "/files"},
    "health_check": {"command": ["CMD", "/app", "health"]},
}


def block(pipeline: Pipeline, address: str, compute: Mapping[str, Any]) -> Mapping[str, Any]:
    """The arguments of a block of the module of a workload, which is proven."""
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": {"image": IMAGE, "cpu": 256, "memory": 512, **compute},
        "resources": {"token": {"type": "secretsmanager-secret", "name": "token"}},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    (environment,) = built.workload.environments
    return evaluate(parse(built.module), environment).resources[address].values


def containers(task: Mapping[str, Any]) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads(str(task["container_definitions"]))
    return read


@pytest.mark.parametrize("type_", TYPES)
def test_a_sidecar_is_written_like_the_container_of_the_code(pipeline: Pipeline, type_: str) -> None:
    sidecar = {"name": "proxy", "image": IMAGE, "essential": True, **CONTAINER}
    compute = {"type": type_, **TYPES[type_], **CONTAINER, "sidecars": [sidecar]}
    own, beside = containers(block(pipeline, "aws_ecs_task_definition.task", compute))
    assert own["logConfiguration"].pop("options") != beside["logConfiguration"].pop("options")
    assert json.loads(json.dumps(own).replace("shop", "proxy")) == beside


@pytest.mark.parametrize("type_", TYPES)
def test_each_writable_folder_is_an_empty_volume_of_its_own(pipeline: Pipeline, type_: str) -> None:
    sidecars = [{"name": name, "image": IMAGE, "writable": ["/run", "/tmp"]} for name in ("proxy", "agent")]
    compute = {"type": type_, **TYPES[type_], "writable": ["/tmp"], "sidecars": sidecars}
    task = block(pipeline, "aws_ecs_task_definition.task", compute)
    mounts = [mount for container in containers(task) for mount in container["mountPoints"]]
    assert [mount["containerPath"] for mount in mounts] == ["/tmp", "/run", "/tmp", "/run", "/tmp"]
    assert [{"name": mount["sourceVolume"]} for mount in mounts] == task["volume"]
    assert len({mount["sourceVolume"] for mount in mounts}) == len(mounts)


@pytest.mark.parametrize("type_", TYPES)
def test_containers_wait_for_each_other_and_share_folders(pipeline: Pipeline, type_: str) -> None:
    sidecars = [
        {"name": "init", "image": IMAGE, "shared": {"site": "/made", "logs": "/logs"}},
        {
            "name": "proxy",
            "image": IMAGE,
            "shared": {"site": "/site"},
            "depends_on": {"init": "SUCCESS", "shop": "START"},
        },
    ]
    compute = {"type": type_, **TYPES[type_], "shared": {"logs": "/var/log"}, "sidecars": sidecars}
    task = block(pipeline, "aws_ecs_task_definition.task", compute)
    own, init, proxy = containers(task)
    mounts = [
        [(mount["sourceVolume"], mount["containerPath"]) for mount in c["mountPoints"]] for c in (own, init, proxy)
    ]
    assert mounts == [
        [("shared_logs", "/var/log")],
        [("shared_logs", "/logs"), ("shared_site", "/made")],
        [("shared_site", "/site")],
    ]
    assert task["volume"] == [{"name": "shared_logs"}, {"name": "shared_site"}]
    assert proxy["dependsOn"] == [
        {"containerName": "init", "condition": "SUCCESS"},
        {"containerName": "shop", "condition": "START"},
    ]


def test_a_job_has_writable_folders_as_well(pipeline: Pipeline) -> None:
    fields = {"type": "batch-job", "writable": ["/tmp"], "user": "1000:1000", "init": True}
    job = json.loads(str(block(pipeline, "aws_batch_job_definition.job", fields)["container_properties"]))
    assert [mount["containerPath"] for mount in job["mountPoints"]] == ["/tmp"]
    assert [mount["sourceVolume"] for mount in job["mountPoints"]] == [volume["name"] for volume in job["volumes"]]
    assert (job["user"], job["linuxParameters"]) == ("1000:1000", {"initProcessEnabled": True})


def test_a_container_that_has_to_be_root_is(pipeline: Pipeline) -> None:
    (own,) = containers(block(pipeline, "aws_ecs_task_definition.task", {"type": "fargate", "root": True}))
    assert own["user"] == "0"
    (own,) = containers(block(pipeline, "aws_ecs_task_definition.task", {"type": "fargate"}))
    assert "user" not in own


@pytest.mark.parametrize("type_", TYPES)
def test_the_readme_says_how_a_service_gets_the_values_of_secrets_that_the_module_makes(
    pipeline: Pipeline, type_: str
) -> None:
    service = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
    base = {"type": type_, **TYPES[type_], "image": IMAGE, "cpu": 256, "memory": 512}
    injected = {"secrets": {"PASSWORD": "made:db", "USER": "made:user", "TOKEN": "here", "LEVEL": "set"}}
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": {**base, **injected, "service": service},
        "resources": {
            "made": {"type": "secretsmanager-secret", "name": "shop/db", "create": True},
            "here": {"type": "secretsmanager-secret", "name": "shop/token"},
            "set": {"type": "ssm-parameter", "name": "/shop/level", "create": True},
        },
    }

    def readme() -> str:
        (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
        return pipeline.render(workload).module.files["README.md"]

    text = readme()
    assert text.count("aws secretsmanager put-secret-value --secret-id 'shop/db' ") == 1
    assert "shop/token" not in text.partition("### After the first apply")[2]
    assert "aws ecs update-service --cluster 'shop' --service 'shop' --force-new-deployment" in text
    manifest["compute"] = {**base, **injected}
    assert "put-secret-value" not in readme()
