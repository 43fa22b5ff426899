"""A state that sends to a FIFO queue or topic gives what SQS and SNS refuse a message without."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

QUEUE = {"type": "sqs-queue", "name": "work.fifo"}
TOPIC = {"type": "sns-topic", "name": "work.fifo"}
BY_ARN = {"type": "sqs-queue", "arn": "arn:aws:sqs:us-east-1:123456789012:work.fifo"}
MADE = {**QUEUE, "create": True}
SEND = {"Resource": "arn:aws:states:::sqs:sendMessage"}
PUBLISH = {"Resource": "arn:aws:states:::sns:publish"}
TO_QUEUE = {"QueueUrl": "${resources.work.url}", "MessageBody": "x"}
TO_TOPIC = {"TopicArn": "${resources.work.arn}", "Message": "x"}
GROUP = {"MessageGroupId": "orders"}


def refusals(pipeline: Pipeline, resource: dict[str, Any], state: dict[str, Any]) -> list[tuple[str, str, str]]:
    states = {"It": {"Type": "Task", "End": True, **state}}
    manifest = {
        "version": 1,
        "workload": "flow",
        "compute": {"type": "step-function", "definition": {"StartAt": "It", "States": states}},
        "resources": {"work": resource},
    }
    try:
        (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
        found = pipeline.build(workload).findings
    except Rejected as refused:
        found = refused.findings
    return [(one.rule, one.path.removeprefix("compute.definition.States.It."), one.remedy) for one in found]


@pytest.mark.parametrize(
    ("resource", "state", "argument"),
    [
        (QUEUE, {**SEND, "Parameters": TO_QUEUE}, "MessageGroupId"),
        (BY_ARN, {**SEND, "Parameters": TO_QUEUE}, "MessageGroupId"),
        (QUEUE, {**SEND, "QueryLanguage": "JSONata", "Arguments": TO_QUEUE}, "MessageGroupId"),
        (QUEUE, {"Resource": "arn:aws:states:::aws-sdk:sqs:sendMessage", "Parameters": TO_QUEUE}, "MessageGroupId"),
        (TOPIC, {**PUBLISH, "Parameters": TO_TOPIC}, "MessageGroupId"),
        (MADE, {**SEND, "Parameters": {**TO_QUEUE, **GROUP}}, "MessageDeduplicationId"),
        ({**TOPIC, "create": True}, {**PUBLISH, "Parameters": {**TO_TOPIC, **GROUP}}, "MessageDeduplicationId"),
    ],
)
def test_a_message_to_what_is_fifo_lacks_something(
    resource: dict[str, Any], state: dict[str, Any], argument: str, pipeline: Pipeline
) -> None:
    assert refusals(pipeline, resource, state) == [("manifest-call", "Resource", f"add `{argument}`")]


@pytest.mark.parametrize(
    ("resource", "state"),
    [
        (QUEUE, {**SEND, "Parameters": {**TO_QUEUE, **GROUP}}),
        (QUEUE, {**SEND, "Parameters": {**TO_QUEUE, "MessageGroupId.$": "$.group"}}),
        (BY_ARN, {**SEND, "QueryLanguage": "JSONata", "Arguments": {**TO_QUEUE, "MessageGroupId": "{% 'a' %}"}}),
        (TOPIC, {**PUBLISH, "Parameters": {**TO_TOPIC, **GROUP}}),
        (MADE, {**SEND, "Parameters": {**TO_QUEUE, **GROUP, "MessageDeduplicationId.$": "$$.Execution.Id"}}),
        ({**MADE, "deduplicate_by_content": True}, {**SEND, "Parameters": {**TO_QUEUE, **GROUP}}),
        ({"type": "sqs-queue", "name": "work"}, {**SEND, "Parameters": TO_QUEUE}),
        ({"type": "sns-topic", "name": "work", "create": True}, {**PUBLISH, "Parameters": TO_TOPIC}),
    ],
)
def test_a_message_is_complete(resource: dict[str, Any], state: dict[str, Any], pipeline: Pipeline) -> None:
    assert refusals(pipeline, resource, state) == []
