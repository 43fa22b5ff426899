"""Instances are written as EC2 takes them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import moto
import pytest

from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

TYPES = json.loads(
    gzip.decompress((Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz").read_bytes())
)
WITHOUT = sorted(name for name, one in TYPES.items() if one["EbsInfo"]["EbsOptimizedSupport"] == "unsupported")
FILES = {"ec2": "ec2.tf", "ec2-autoscaling": "group.tf"}


def rendered(pipeline: Pipeline, compute: str, instance_type: str, other: str = "", **fields: object) -> str:
    manifest = {
        "version": 1,
        "workload": "web",
        "compute": {"type": compute, "ami": "ami-0123456789abcdef0", "instance_type": instance_type}
        | fields
        | (
            {"subnet_ids": ["subnet-0123456789abcdef0"], "max": 2, "root_device": "/dev/xvda"} if "-" in compute else {}
        ),
    }
    if other:
        here = {"account": "123456789012", "region": "us-east-1"}
        manifest["environments"] = {"dev": {**here, "compute": {"instance_type": other}}, "prod": here}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    return built.module.files[FILES[compute]]


@pytest.mark.parametrize("compute", FILES)
def test_ebs_optimized_is_left_out_for_types_that_refuse_it(pipeline: Pipeline, compute: str) -> None:
    assert "t2.micro" in WITHOUT
    for name in WITHOUT:
        assert "ebs_optimized" not in rendered(pipeline, compute, name), name
    for name in ("t3.micro", "m7g.large", "g5.xlarge", "z99.large"):
        assert "ebs_optimized" in rendered(pipeline, compute, name), name


def test_ebs_optimized_is_told_in_each_environment(pipeline: Pipeline) -> None:
    text = rendered(pipeline, "ec2", "t3.micro", "t2.micro")
    assert 'split(".", var.instance_type)[0]) ? null : true' in text


@pytest.mark.parametrize(("compute", "argument"), [("ec2", "ami"), ("ec2-autoscaling", "image_id")])
def test_an_image_replaces_what_runs_only_where_the_manifest_follows_it(
    pipeline: Pipeline, compute: str, argument: str
) -> None:
    kept = f"ignore_changes = [{argument}]"
    assert kept in rendered(pipeline, compute, "t3.micro", ami="ubuntu-24.04")
    assert kept not in rendered(pipeline, compute, "t3.micro", ami="ubuntu-24.04", follow_image=True)
    assert kept not in rendered(pipeline, compute, "t3.micro")  # given by its id, as a person changes it


def test_a_changed_script_runs_on_a_new_instance(pipeline: Pipeline) -> None:
    assert "user_data_replace_on_change = true" in rendered(pipeline, "ec2", "t3.micro", user_data="#!/bin/sh\n")


def test_another_image_name_makes_another_launch_template(pipeline: Pipeline) -> None:
    """The pinned image is not updated in place, so the template that has it is made anew, before the old one goes."""
    text = rendered(pipeline, "ec2-autoscaling", "t3.micro", ami="ubuntu-24.04")
    assert '"web-ubuntu-24.04"' in text
    assert "create_before_destroy = true" in text
    assert '"web-amazon-linux-2023"' in rendered(pipeline, "ec2-autoscaling", "t3.micro", ami="amazon-linux-2023")


def tasks_on_instances(pipeline: Pipeline, workload: str) -> str:
    place = {"subnet_ids": ["subnet-0123456789abcdef0"]}
    manifest = {
        "version": 1,
        "workload": workload,
        "compute": {
            "type": "ecs-ec2",
            "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-app:1",
            "cpu": 256,
            "memory": 512,
            "service": {**place, "vpc_id": "vpc-0123456789abcdef0"},
            "capacity": {
                **place,
                "instance_type": "t3.large",
                "security_group_ids": ["sg-0123456789abcdef0"],
                "max": 2,
            },
        },
    }
    (read,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    return pipeline.render(read).module.files["ecs.tf"]


@pytest.mark.parametrize("workload", ["ecs-api", "aws-api", "fargate", "api-sg"])
def test_a_capacity_provider_has_no_name_that_ecs_keeps_for_itself(pipeline: Pipeline, workload: str) -> None:
    assert f'"capacity-{workload}"' in tasks_on_instances(pipeline, workload)


def test_a_security_group_has_no_name_that_looks_like_an_id(pipeline: Pipeline) -> None:
    with pytest.raises(Rejected, match="sg-api"):
        tasks_on_instances(pipeline, "sg-api")
