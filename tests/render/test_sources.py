"""What a function's role may do for Lambda, which reads from within the VPC of a cluster or a broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

FUNCTION = {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "a.zip"}
VPC = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
UUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
BROKERS = [f"arn:aws:mq:us-east-1:123456789012:broker:{name}:b-{UUID}" for name in ("shop", "post")]
KAFKA = {"kafka": [{"name": "orders", "cluster": "events", "topic": "orders", "group": "app"}]}
QUEUES = {
    "brokers": [
        {"name": f"q{number}", "broker": broker, "queue": "q", "secret": "login"}
        for number, broker in enumerate(BROKERS)
    ]
}
RESOURCES = {
    "events": {"type": "msk-cluster", "name": "events", "uuid": f"{UUID}-7", "topics": ["orders"], "groups": ["app"]},
    "login": {"type": "secretsmanager-secret", "name": "login"},
    "work": {"type": "sqs-queue", "name": "work"},
}
# Lambda guide, "Execution role permissions" of Amazon MSK and of Amazon MQ
NETWORK = {
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
}


def allowed(pipeline: Pipeline, **compute: Any) -> list[tuple[str, str]]:
    """The actions that the function's role allows, and on what."""
    manifest = {"version": 1, "workload": "shop", "compute": FUNCTION | compute, "resources": RESOURCES}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    start = "execution allow "
    lines = [line for line in built.module.files["access.lock"].splitlines() if line.startswith(start)]
    return [(action, on) for action, _, on in (line.removeprefix(start).partition(" on ") for line in lines)]


@pytest.mark.parametrize("vpc", [{}, {"vpc": VPC}], ids=["alone", "in a VPC"])
@pytest.mark.parametrize("triggers", [KAFKA, QUEUES, KAFKA | QUEUES], ids=["MSK", "MQ", "both"])
def test_lambda_gets_into_the_network_of_its_source(
    pipeline: Pipeline, triggers: dict[str, Any], vpc: dict[str, Any]
) -> None:
    actions = {action.removeprefix("ec2:") for action, _ in allowed(pipeline, triggers=triggers, **vpc)}
    assert actions >= NETWORK
    assert ("AssignPrivateIpAddresses" in actions) == bool(vpc)


def test_other_sources_need_no_network(pipeline: Pipeline) -> None:
    actions = [action for action, _ in allowed(pipeline, triggers={"queues": [{"queue": "work"}]})]
    assert actions
    assert not [action for action in actions if action.startswith("ec2:")]


def test_each_broker_is_looked_up_and_no_other(pipeline: Pipeline) -> None:
    found = allowed(pipeline, triggers=QUEUES)
    assert {on for action, on in found if action.startswith("mq:")} == set(BROKERS)
    assert {action for action, _ in found if action.startswith("mq:")} == {"mq:DescribeBroker"}
    assert [on.rpartition(":")[2] for action, on in found if action == "secretsmanager:GetSecretValue"] == [
        "login-??????"
    ]
