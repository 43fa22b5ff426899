"""The log groups of every compute type take a customer's key, whose policy lets CloudWatch Logs use it for them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

CATALOG = load_catalog()
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
JOB = {"type": "glue-job", "script": "s3://my-code/a.py"}
FUNCTION = {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "a.zip"}
TASK = {"image": "nginx:1.27", "cpu": 256, "memory": 512}
CAPACITY = {"instance_type": "t3.large", "subnet_ids": ["subnet-0123456789abcdef0"], "max": 4}
MINE = "${resources.mine.arn}"
COMPUTES: dict[str, dict[str, Any]] = {
    "batch-job": {"type": "batch-job", **TASK},
    "codebuild": {"type": "codebuild", "buildspec": "version: 0.2"},
    "ecs-ec2": {
        "type": "ecs-ec2",
        **TASK,
        "capacity": {**CAPACITY, "security_group_ids": ["sg-0123456789abcdef0"]},
    },
    "fargate": {"type": "fargate", **TASK},
    "glue-job": JOB,
    "glue-job 4.0": {**JOB, "glue_version": "4.0"},
    "lambda": FUNCTION,
    "lambda with an API": {**FUNCTION, "api": {"routes": ["$default"]}},
    "step-function": {
        "type": "step-function",
        "definition": {"StartAt": "D", "States": {"D": {"Type": "Succeed"}}},
    },
}


def build(pipeline: Pipeline, compute: dict[str, Any], **more: Any) -> Built:
    resources = {"mine": {"type": "kms-key", "name": "mine", "create": True}} if MINE in compute.values() else {}
    manifest = {"version": 1, "workload": "keyed", "compute": compute, "resources": resources, **more}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == (), built.findings
    return built


def groups(built: Built) -> dict[str, Any]:
    """The name of each log group that the module makes, with its key."""
    (environment,) = built.workload.environments
    blocks = evaluate(parse(built.module), environment).resources.values()
    return {str(b.values["name"]): b.values.get("kms_key_id") for b in blocks if b.type == "aws_cloudwatch_log_group"}


def test_every_type_that_logs_is_here() -> None:
    logging = {
        name
        for name, blueprint in CATALOG.computes.items()
        if any(block.address.startswith("aws_cloudwatch_log_group.") for block in blueprint.blocks)
    }
    assert {compute["type"] for compute in COMPUTES.values()} == logging


@pytest.mark.parametrize("name", COMPUTES)
def test_a_key_of_the_module_admits_exactly_its_log_groups(pipeline: Pipeline, name: str) -> None:
    built = build(pipeline, {**COMPUTES[name], "log_kms_key": MINE})
    lines = built.module.files["access.lock"].splitlines()
    admitted = [line for line in lines if "kms:GenerateDataKey on" in line and "logs.REGION.amazonaws.com" in line]
    named = {found for line in admitted for found in re.findall(r"log-group:(\S+)", line)}
    assert named == set(groups(built))
    assert set(groups(built).values()) == {"${aws_kms_key.mine.arn}"}


@pytest.mark.parametrize("name", COMPUTES)
def test_the_owner_of_an_existing_key_is_told(pipeline: Pipeline, name: str) -> None:
    built = build(pipeline, {**COMPUTES[name], "log_kms_key": KEY})
    readme = built.module.files["README.md"]
    assert "To the key policy of compute.log\\_kms\\_key" in readme
    assert all(f"log-group:{group}" in readme for group in groups(built))
    assert set(groups(built).values()) == {KEY}


@pytest.mark.parametrize("name", COMPUTES)
def test_without_a_key_nobody_is_told_anything(pipeline: Pipeline, name: str) -> None:
    built = build(pipeline, COMPUTES[name])
    assert "key policy" not in built.module.files["README.md"]
    assert set(groups(built).values()) == {None}


def test_a_key_of_another_region_is_refused(pipeline: Pipeline) -> None:
    environments = {"dev": {"account": "123456789012", "region": "eu-west-1"}}
    with pytest.raises(Rejected) as refusal:
        build(pipeline, {**FUNCTION, "log_kms_key": KEY}, environments=environments)
    assert [(f.rule, f.path) for f in refusal.value.findings] == [("companion-region", "compute.log_kms_key")]
