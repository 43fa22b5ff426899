"""A state calls the very resource that its role may call: no alias of it, and nothing that is only named like it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

RESOURCES: dict[str, dict[str, Any]] = {
    "check": {"type": "lambda-function", "name": "check"},
    "orders": {"type": "dynamodb-table", "name": "orders"},
    "work": {"type": "sqs-queue", "name": "work"},
    "rest": {"type": "stepfunctions-state-machine", "name": "rest"},
    "report": {"type": "ecs-task", "name": "report", "cluster": "batch", "roles": ["report"]},
}


def build(pipeline: Pipeline, state: dict[str, Any], environments: Any = None, name: str = "check") -> Built:
    states = {"It": {"Type": "Task", "End": True, **state}}
    text = json.dumps(state)
    resources = {**RESOURCES, "check": {**RESOURCES["check"], "name": name}}
    manifest = {
        "version": 1,
        "workload": "flow",
        "compute": {"type": "step-function", "definition": {"StartAt": "It", "States": states}},
        "resources": {key: one for key, one in resources.items() if f"resources.{key}." in text},
        **({"environments": environments} if environments else {}),
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == (), built.findings
    return built


def granted(built: Built, action: str) -> list[str]:
    """Return the ARNs that the role may do an action on."""
    start = f"states allow {action} on "
    return [
        line.removeprefix(start) for line in built.module.files["access.lock"].splitlines() if line.startswith(start)
    ]


SDK = "arn:aws:states:::aws-sdk:lambda:invoke"
INVOKE = "arn:aws:states:::lambda:invoke"
ANY = "give `check` the `name: check:QUALIFIER`"
ALONE = "and nothing beside it"
ALIAS = "give `check` the `name: check:live`"


def invoke(name: str, integration: str = INVOKE, holder: str = "Parameters", **more: Any) -> dict[str, Any]:
    language = {"QueryLanguage": "JSONata"} if holder == "Arguments" else {}
    return {**language, "Resource": integration, holder: {"FunctionName": name, **more}}


def other(integration: str, argument: str, reference: str) -> dict[str, Any]:
    return {"Resource": f"arn:aws:states:::{integration}", "Parameters": {argument: reference}}


@pytest.mark.parametrize(
    ("state", "path", "remedy"),
    [
        (invoke("${resources.check.arn}:live"), "Parameters.FunctionName", ALIAS),
        (invoke("${resources.check.name}:live"), "Parameters.FunctionName", ALIAS),
        (invoke("${resources.check.arn}:live", f"{INVOKE}.waitForTaskToken"), "Parameters.FunctionName", ALIAS),
        (invoke("${resources.check.arn}:live", SDK), "Parameters.FunctionName", ALIAS),
        (invoke("${resources.check.arn}:live", holder="Arguments"), "Arguments.FunctionName", ALIAS),
        (invoke("{% '${resources.check.arn}:live' %}", holder="Arguments"), "Arguments.FunctionName", ALIAS),
        (invoke("{% '${resources.check.arn}' & ':live' %}", holder="Arguments"), "Arguments.FunctionName", ALONE),
        (invoke("${resources.check.arn}", Qualifier="live"), "Parameters.Qualifier", ALIAS),
        (invoke("${resources.check.name}", Qualifier="$LATEST"), "Parameters.Qualifier", "`name: check:$LATEST`"),
        (invoke("${resources.check.arn}", **{"Qualifier.$": "$.alias"}), "Parameters.Qualifier.$", ANY),
        (invoke("${resources.check.arn}", holder="Arguments", Qualifier="live"), "Arguments.Qualifier", ALIAS),
        (
            invoke("${resources.check.arn}", holder="Arguments", Qualifier="{% $alias %}"),
            "Arguments.Qualifier",
            ANY,
        ),
        ({"Resource": "${resources.check.arn}:live"}, "Resource", ALIAS),
        (other("dynamodb:getItem", "TableName", "${resources.orders.name}-old"), "Parameters.TableName", ALONE),
        (other("dynamodb:getItem", "TableName", "old-${resources.orders.name}"), "Parameters.TableName", ALONE),
        (other("sqs:sendMessage", "QueueUrl", "${resources.work.url}-dead"), "Parameters.QueueUrl", ALONE),
        (
            other("states:startExecution", "StateMachineArn", "${resources.rest.arn}-b"),
            "Parameters.StateMachineArn",
            ALONE,
        ),
    ],
)
def test_a_call_to_more_than_the_resource_is_refused(
    state: dict[str, Any], path: str, remedy: str, pipeline: Pipeline
) -> None:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, state)
    (found,) = refusal.value.findings
    assert (found.rule, found.path) == ("manifest-call", f"compute.definition.States.It.{path}")
    assert remedy in found.remedy


REPORT = {"TaskDefinition": "${resources.report.definition}:7", "Cluster": "batch"}


@pytest.mark.parametrize(
    ("state", "action", "arn"),
    [
        (invoke("{% '${resources.check.arn}' %}", holder="Arguments"), "lambda:InvokeFunction", "function:check"),
        (
            invoke("arn:aws:lambda:us-east-1:1:function:${resources.check.name}"),
            "lambda:InvokeFunction",
            "function:check",
        ),
        # what is sent to the function, and no argument of the call
        ({"Resource": "${resources.check.arn}", "Parameters": {"Qualifier": "a"}}, "lambda:InvokeFunction", ":check"),
        (
            other("states:startExecution", "StateMachineArn", "${resources.rest.arn}:prod"),
            "states:StartExecution",
            ":rest",
        ),
        ({"Resource": "arn:aws:states:::ecs:runTask", "Parameters": REPORT}, "ecs:RunTask", "task-definition/report:*"),
    ],
)
def test_what_is_still_the_resource_may_be_called(
    state: dict[str, Any], action: str, arn: str, pipeline: Pipeline
) -> None:
    (found,) = granted(build(pipeline, state), action)
    assert found.partition(" ")[0].endswith(arn)


@pytest.mark.parametrize(
    "state",
    [
        invoke("${resources.check.arn}"),
        invoke("${resources.check.name}"),
        invoke("${resources.check.arn}", holder="Arguments"),
        {"Resource": "${resources.check.arn}"},
    ],
)
def test_a_function_named_with_its_alias_is_called_and_granted_so(state: dict[str, Any], pipeline: Pipeline) -> None:
    """The name that the remedy gives is called, and is granted."""
    built = build(pipeline, state, name="check:live")
    assert granted(built, "lambda:InvokeFunction") == ["arn:aws:lambda:REGION:ACCOUNT:function:check:live"]
    assert "check:live" in built.module.files["state_machine.tf"]


def test_an_environment_chooses_no_alias(pipeline: Pipeline) -> None:
    more = {"compute": {"definition": {"States": {"It": {"Parameters": {"Qualifier": "live"}}}}}}
    place = {"account": "111111111111", "region": "us-east-1"}
    with pytest.raises(Rejected) as refusal:
        build(pipeline, invoke("${resources.check.arn}"), environments={"dev": place, "prod": {**place, **more}})
    assert {one.rule for one in refusal.value.findings} == {"environment-override"}
