"""What a schedule sends is what Scheduler reads, and what environments may change of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

SCHEDULE = {"type": "scheduled-task", "target": "fn", "expression": "rate(1 day)"}
FUNCTION = {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "a.zip"}


def made(pipeline: Pipeline, compute: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The schedules of a proven module, once for each environment."""
    resources = {"fn": {"type": "lambda-function", "name": "nightly"}} if compute["type"] == "scheduled-task" else {}
    manifest = {"version": 1, "workload": "shop", "compute": compute, "resources": resources, **more}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    module = parse(built.module)
    return [
        dict(resource.values)
        for environment in built.workload.environments
        for address, resource in evaluate(module, environment).resources.items()
        if address.startswith("aws_scheduler_schedule.")
    ]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"id": "<aws.scheduler.execution-id>"}, '{"id":"<aws.scheduler.execution-id>"}'),
        (
            {"a": ["<aws.scheduler.scheduled-time>, <aws.scheduler.attempt-number>"], "b": "\\u003c <b>"},
            r'{"a":["<aws.scheduler.scheduled-time>, <aws.scheduler.attempt-number>"],"b":"\\u003c \u003cb\u003e"}',
        ),
        ({"a": "<b>"}, '{"a":"\\u003cb\\u003e"}'),  # the same to whoever reads JSON
    ],
)
def test_the_words_that_scheduler_replaces_are_sent_as_they_are(
    pipeline: Pipeline, given: dict[str, Any], sent: str
) -> None:
    trigger = {"schedules": [{"name": "n", "expression": "rate(1 day)", "input": given}]}
    for compute in ({**SCHEDULE, "input": given}, {**FUNCTION, "triggers": trigger}):
        (schedule,) = made(pipeline, compute)
        assert schedule["target"][0]["input"] == sent
        assert json.loads(sent) == given


def test_a_schedule_may_be_paused_in_one_environment_alone(pipeline: Pipeline) -> None:
    environments = {
        "dev": {"account": "111111111111", "region": "us-east-1", "compute": {"paused": True}},
        "prod": {"account": "222222222222", "region": "us-east-1"},
    }
    states = [one["state"] for one in made(pipeline, {**SCHEDULE, "paused": False}, environments=environments)]
    assert states == ["DISABLED", "ENABLED"]
    states = [one["state"] for one in made(pipeline, SCHEDULE, environments=environments)]  # by the default
    assert states == ["DISABLED", "ENABLED"]
    assert [one.get("state") for one in made(pipeline, {**SCHEDULE, "paused": True})] == ["DISABLED"]
    assert [one.get("state") for one in made(pipeline, SCHEDULE)] == [None]


def test_a_state_machine_is_started_by_the_alias_that_the_role_may_start(pipeline: Pipeline) -> None:
    flow = {"type": "stepfunctions-state-machine", "name": "flow"}
    environments = {"prod": {"account": "123456789012", "region": "us-east-1"}}
    for qualifier, end in (({}, ""), ({"qualifier": "live"}, ":live")):
        resources = {"fn": {**flow, **qualifier}}
        (schedule,) = made(pipeline, SCHEDULE, resources=resources, environments=environments)
        assert schedule["target"][0]["arn"] == f"arn:aws:states:us-east-1:123456789012:stateMachine:flow{end}"


def test_no_version_or_other_alias_is_started_by_a_schedule_for_an_alias(pipeline: Pipeline) -> None:
    flow = {"type": "stepfunctions-state-machine", "name": "flow", "qualifier": "live"}
    manifest = {"version": 1, "workload": "shop", "compute": SCHEDULE, "resources": {"fn": flow}}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    lock = pipeline.build(workload).module.files["access.lock"].splitlines()
    (start,) = [line for line in lock if "states:StartExecution" in line]
    assert start.endswith(":stateMachine:flow if ForAnyValue:StringEquals states:StateMachineQualifier live")
