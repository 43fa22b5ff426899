"""Instances are written as EC2 takes them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import moto
import pytest

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
