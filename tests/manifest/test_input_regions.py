"""An ARN that the caller gives is judged as one of the environment: its region and account refuse no input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Finding, Rejected, Severity
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Workload

TWO = {
    "staging": {"account": "111122223333", "region": "eu-west-1"},
    "prod": {"account": "444455556666", "region": "ap-southeast-2"},
}
FAR = {"partition": "aws", "region": "us-east-1", "account": "999999999999"}
LAMBDA = {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "f.zip"}
SERVICE = {"subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"], "vpc_id": "vpc-0123456789abcdef0"}
IMAGE = {"image": "nginx:1.27", "cpu": 256, "memory": 512, "port": 8080}
ECS: dict[str, dict[str, Any]] = {
    "fargate": {"type": "fargate", **IMAGE},
    "ecs-ec2": {"type": "ecs-ec2", "cluster": "shop", **IMAGE},
}
EC2 = {"type": "ec2", "ami": "ami-0123456789abcdef0", "instance_type": "t3.micro"}
KEY, QUEUE, TABLE = ("kms", "key"), ("sqs", "queue"), ("dynamodb", "table")
GIVEN = "${inputs.given}"


def own(**fields: Any) -> dict[str, Any]:
    return {"subnet_ids": SERVICE["subnet_ids"], "allow": ["0.0.0.0/0"], "internal": False, **fields}


def balanced(type_: str, **fields: Any) -> dict[str, Any]:
    return {**ECS[type_], "service": {**SERVICE, "load_balancer": {"health_check_path": "/health", **fields}}}


def other(type_: str, **fields: Any) -> dict[str, Any]:
    return {"it": {"type": type_, "arn": GIVEN, **fields}}


def triggered(kind: str, **fields: Any) -> dict[str, Any]:
    return {**LAMBDA, "triggers": {kind: [fields]}}


CASES: dict[str, tuple[Mapping[str, Any], Mapping[str, Any], tuple[str, ...]]] = {
    "lambda.kms_key": ({**LAMBDA, "environment": {"LEVEL": "info"}, "kms_key": GIVEN}, {}, KEY),
    "lambda.log_kms_key": ({**LAMBDA, "log_kms_key": GIVEN}, {}, KEY),
    "lambda.queues": (triggered("queues", queue="it"), other("sqs-queue"), QUEUE),
    "lambda.streams": (triggered("streams", stream="it"), other("kinesis-stream"), ("kinesis", "stream")),
    "lambda.tables": (triggered("tables", table="it"), other("dynamodb-table"), TABLE),
    "lambda.topics": (triggered("topics", topic="it"), other("sns-topic"), ("sns", "topic")),
    "lambda.dead_letter": ({**LAMBDA, "dead_letter": "it"}, other("sqs-queue"), QUEUE),
    "lambda.on_success": ({**LAMBDA, "destinations": {"on_success": "it"}}, other("sqs-queue"), QUEUE),
    "lambda.on_failure": ({**LAMBDA, "destinations": {"on_failure": "it"}}, other("sqs-queue"), QUEUE),
    "lambda.schedules": (
        triggered("schedules", name="n", expression="rate(1 hour)", dead_letter="it"),
        other("sqs-queue"),
        QUEUE,
    ),
    "ec2.kms_key": ({**EC2, "kms_key": GIVEN}, {}, KEY),
    "ec2-autoscaling.kms_key": (
        {
            **EC2,
            "type": "ec2-autoscaling",
            "subnet_ids": SERVICE["subnet_ids"],
            "max": 2,
            "root_device": "/dev/xvda",
            "kms_key": GIVEN,
        },
        {},
        KEY,
    ),
    "ec2-autoscaling.target_group_arns": (
        {
            **EC2,
            "type": "ec2-autoscaling",
            "subnet_ids": SERVICE["subnet_ids"],
            "max": 2,
            "root_device": "/dev/xvda",
            "target_group_arns": [GIVEN],
        },
        {},
        ("elasticloadbalancing", "targetgroup"),
    ),
    **{
        f"{name}.{field}": (compute, resources, given)
        for name in ECS
        for field, compute, resources, given in (
            (
                "listener",
                balanced(name, listener=GIVEN, security_group_id="sg-0123456789abcdef0", priority=10, paths=["/*"]),
                {},
                ("listener-arn",),
            ),
            ("certificate", balanced(name, create=own(certificate=GIVEN)), {}, ("certificate-arn",)),
            (
                "backlog",
                {
                    **ECS[name],
                    "service": {
                        **SERVICE,
                        "autoscaling": {"min": 0, "max": 4, "backlog": {"queue": "it", "per_task": 9}},
                    },
                },
                other("sqs-queue", access="consume"),
                QUEUE,
            ),
            ("log_kms_key", {**ECS[name], "log_kms_key": GIVEN}, {}, KEY),
        )
    },
    "sqs-queue.kms_key": (LAMBDA, {"it": {"type": "sqs-queue", "name": "q", "kms_key": GIVEN, "access": "send"}}, KEY),
    "table.kms_key": (
        LAMBDA,
        {"it": {"type": "dynamodb-table", "name": "orders", "kms_key": GIVEN, "access": "get"}},
        KEY,
    ),
}


def read(case: str, catalog: Catalog, **default: str) -> Workload:
    """A manifest with two environments in which the caller gives an ARN."""
    compute, resources, (service, *resource) = CASES[case]
    kind = {"type": "arn", "service": service, "resource": resource[0]} if resource else {"type": service}
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": compute,
        "resources": resources,
        "inputs": {"given": {**kind, **default}},
        "environments": TWO,
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), catalog)
    return workload


def findings(case: str, catalog: Catalog, **default: str) -> tuple[Finding, ...]:
    try:
        derive_grants(read(case, catalog, **default), catalog)
    except Rejected as refusal:
        return tuple(one for one in refusal.findings if one.severity is Severity.ERROR)
    return ()


@pytest.mark.parametrize("case", CASES)
def test_an_arn_of_the_caller_is_judged_as_one_of_each_environment(case: str, catalog: Catalog) -> None:
    assert findings(case, catalog) == ()


@pytest.mark.parametrize("case", CASES)
def test_a_default_of_another_region_is_judged_as_it_is(case: str, catalog: Catalog) -> None:
    (given,) = read(case, catalog).inputs
    wrong = findings(case, catalog, default=given.written(FAR))
    assert wrong
    assert {one.rule for one in wrong} <= {"manifest-rule", "companion-region", "cross-account"}
    assert any("region" in one.message or FAR["region"] in one.message for one in wrong)
