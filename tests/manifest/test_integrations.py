"""A state machine's role may do what its states call, and nothing that cannot be told is passed over."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.manifest.integrations import Calls, called_resources
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import named_resources
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

CATALOG = load_catalog()
BLUEPRINT = CATALOG.computes["step-function"]
MARK: dict[str, Any] = BLUEPRINT.fields["definition"]["x-calls"]
# The actions that AWS authorises a call with where they are not named like the call, by its guides on integrations.
OTHERWISE = {
    "lambda:invoke": {"lambda:InvokeFunction"},
    "s3:listObjectsV2": {"s3:ListBucket"},
    "sfn:startSyncExecution": {"states:StartSyncExecution"},
    "ecs:runTask": {"ecs:RunTask", "iam:PassRole"},
    "ecs:runTask.sync": {"ecs:RunTask", "iam:PassRole", "ecs:StopTask", "ecs:DescribeTasks"},
    "states:startExecution.sync": {
        "states:StartExecution",
        "states:StopExecution",
        "states:DescribeExecution",
    },
    "batch:submitJob.sync": {"batch:SubmitJob", "batch:DescribeJobs", "batch:TerminateJob"},
    "glue:startJobRun.sync": {"glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"},
    "codebuild:startBuild.sync": {"codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"},
    "codebuild:startBuildBatch.sync": {
        "codebuild:StartBuildBatch",
        "codebuild:StopBuildBatch",
        "codebuild:BatchGetBuildBatches",
    },
    "http:invoke": {
        "states:InvokeHTTPEndpoint",
        "events:RetrieveConnectionCredentials",
        "secretsmanager:GetSecretValue",
        "secretsmanager:DescribeSecret",
    },
    "athena:startQueryExecution": {"athena:StartQueryExecution", "athena:GetDataCatalog"},
    "athena:startQueryExecution.sync": {
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
        "athena:GetQueryExecution",
        "athena:GetDataCatalog",
    },
    "aws-sdk:s3:putObject": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "s3:putObject": {"s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"},
    "kinesis:putRecord": {"kinesis:PutRecord", "kinesis:PutRecords"},
    "firehose:putRecord": {"firehose:PutRecord", "firehose:PutRecordBatch"},
}
# What the log needs, whatever the states do.
LOG = {a for grant in BLUEPRINT.roles["states"].allow if not grant.when for a in grant.actions}


def build(pipeline: Pipeline, definition: Any, environments: Any = None, inputs: Any = None, **fields: Any) -> Built:
    compute = {"definition": definition, **fields}
    resources = named_resources(CATALOG, BLUEPRINT, compute)
    manifest = {
        "version": 1,
        "workload": "flow",
        "compute": {"type": "step-function", **compute},
        "resources": {**resources, "spare": {"type": "s3-bucket", "name": "spare"}},
        **({"environments": environments} if environments else {}),
        **({"inputs": inputs} if inputs else {}),
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == (), built.findings
    return built


def actions(built: Built) -> set[str]:
    lines = built.module.files["access.lock"].splitlines()
    return {found[1] for line in lines if (found := re.match(r"states allow (\S+) on", line))} - LOG


def alone(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "It", "States": {"It": {"Type": "Task", "End": True, **state}}}


def call(integration: str, argument: str, type_: str) -> dict[str, Any]:
    named = {"TaskDefinition": "definition", "JobDefinition": "definition", "QueueUrl": "url"}
    attribute = named.get(argument, "name")
    attribute = "arn" if argument.endswith("Arn") else attribute
    value: Any = f"${{resources.{type_}.{attribute}}}"
    for step in reversed(argument.split(".")):
        value = {step: [value] if step == "Entries" else value}
    if "Entries" in value:
        value["Entries"] = [{"EventBusName": f"${{resources.{type_}.name}}"}]
    named = MARK["of"][integration].get("beside", {})
    beside = {name: f"${{resources.{type_}.{field}}}" for name, field in named.items()}
    within = {"ApiEndpoint": "https://api.example.com/v1/x", "Method": "GET"} if integration == "http:invoke" else {}
    return {"Resource": f"arn:aws:states:::{integration}", "Parameters": {**value, **beside, **within}}


def expected(integration: str) -> set[str]:
    full = integration.removesuffix(".waitForTaskToken").removesuffix(":2")
    bare = full.removeprefix("aws-sdk:")
    service, _, operation = bare.partition(":")
    return OTHERWISE.get(full) or OTHERWISE.get(bare) or {f"{service}:{operation[0].upper()}{operation[1:]}"}


CASES = [
    (integration, one["argument"], type_)
    for integration, one in MARK["of"].items()
    if integration
    for type_ in one["verbs"]
]


@pytest.mark.parametrize(("integration", "argument", "type_"), CASES)
def test_each_integration_is_granted_what_aws_authorises_it_with(
    integration: str, argument: str, type_: str, pipeline: Pipeline
) -> None:
    found = actions(build(pipeline, alone(call(integration, argument, type_))))
    watching = {"events:DescribeRule", "events:PutRule", "events:PutTargets"} if ".sync" in integration else set()
    asked = integration.startswith(("glue:", "athena:"))  # Step Functions asks these how far they are
    assert found == expected(integration) | (set() if asked else watching)


def test_calls_are_found_at_any_depth(pipeline: Pipeline) -> None:
    inner = alone(call("sqs:sendMessage", "QueueUrl", "sqs-queue"))
    mapped = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    both: dict[str, Any] = {
        "StartAt": "P",
        "States": {"P": {"Type": "Parallel", "Branches": [mapped, alone({})], "End": True}},
    }
    both["States"]["P"]["Branches"][1]["States"]["It"] = {"Type": "Pass", "End": True}
    assert actions(build(pipeline, both)) == {"sqs:SendMessage"}


def test_a_function_may_stand_in_place_of_an_integration(pipeline: Pipeline) -> None:
    assert actions(build(pipeline, alone({"Resource": "${resources.price.arn}"}))) == {"lambda:InvokeFunction"}


def test_a_distributed_map_may_start_its_own_children(pipeline: Pipeline) -> None:
    processor: dict[str, Any] = {**alone({}), "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    processor["States"]["It"] = {"Type": "Pass", "End": True}
    definition = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}
    lines = build(pipeline, definition).module.files["access.lock"].splitlines()
    machine = "arn:aws:states:REGION:ACCOUNT:stateMachine:flow"
    assert [line for line in lines if "states:StartExecution" in line] == [
        f"states allow states:StartExecution on {machine}"
    ]


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": "x"}}, "Parameters.JobName"),
        ({"Resource": "arn:aws:states:::eks:runJob.sync", "Parameters": {"ClusterName": "x"}}, "Resource"),
        ({"Resource": "arn:aws:states:::http:invoke", "Parameters": {"Method": "GET"}}, "Resource"),
        ({"Resource": 5}, "Resource"),
        ({"Resource": "arn:aws:lambda:us-east-1:123456789012:function:other"}, "Resource"),
        ({"Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl.$": "$.url"}}, "Resource"),
        (
            {
                "QueryLanguage": "JSONata",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": "{% $states.input %}",
            },
            "Resource",
        ),
        (
            {"Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "https://x"}},
            "Parameters.QueueUrl",
        ),
        (
            {"Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "${resources.spare.name}"}},
            "Parameters.QueueUrl",
        ),
        ({"Resource": "${resources.price.arn}", "Credentials": {"RoleArn": "x"}}, "Credentials"),
    ],
)
def test_what_cannot_be_told_is_a_finding_at_its_place(state: dict[str, Any], path: str, pipeline: Pipeline) -> None:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, alone(state))
    found = [(finding.rule, finding.path) for finding in refusal.value.findings]
    assert found == [("manifest-call", f"compute.definition.States.It.{path}")]
    assert refusal.value.findings[0].location.line == 1


def test_every_entry_of_a_list_is_looked_at(pipeline: Pipeline) -> None:
    """One of three buses is not named: that is a finding at its place, and without it both others are granted."""
    buses = [{"EventBusName": f"${{resources.{key}.name}}", "Detail": {}} for key in ("one", "two")]
    state = {"Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": buses}}
    lines = build(pipeline, alone(state)).module.files["access.lock"].splitlines()
    assert len([line for line in lines if "events:PutEvents" in line]) == 1  # both samples have the same name
    state["Parameters"] = {"Entries": [*buses, {"Detail": {}}]}
    with pytest.raises(Rejected) as refusal:
        build(pipeline, alone(state))
    assert [one.path for one in refusal.value.findings] == ["compute.definition.States.It.Parameters.Entries.2"]


def test_an_express_machine_waits_for_nothing(pipeline: Pipeline) -> None:
    waiting = alone(call("ecs:runTask.sync", "TaskDefinition", "ecs-task"))
    with pytest.raises(Rejected) as refusal:
        build(pipeline, waiting, express=True)
    place = "compute.definition.States.It.Resource"
    assert [(one.rule, one.path) for one in refusal.value.findings] == [("manifest-definition", place)]
    build(pipeline, alone(call("ecs:runTask", "TaskDefinition", "ecs-task")), express=True)


def test_other_calls_are_left_to_statements(pipeline: Pipeline) -> None:
    state = {"Resource": "arn:aws:states:::aws-sdk:polly:synthesizeSpeech", "Parameters": {"Text": "hello"}}
    assert actions(build(pipeline, alone(state), other_calls=["aws-sdk:polly:synthesizeSpeech"])) == set()


def test_the_definition_arrives_as_it_is_written(pipeline: Pipeline) -> None:
    state = {
        "Resource": "arn:aws:states:::sqs:sendMessage",
        "Parameters": {
            "QueueUrl": "${resources.work.url}",
            "MessageBody": {"a.$": "$.a", "b.$": "$$.Task.Token", "c": "{% $states.input.x %}", "d": "$${not.ours}"},
        },
        "ResultPath": None,
        "Retry": [{"ErrorEquals": ["States.ALL"], "BackoffRate": 1.5, "MaxAttempts": 0}],
    }
    built = build(pipeline, alone(state))
    (environment,) = built.workload.environments
    block = evaluate(parse(built.module), environment).resources["aws_sfn_state_machine.states"]
    arrived = json.loads(str(block.values["definition"]))
    wanted = json.loads(json.dumps(alone(state)).replace("$${not", "${not"))
    queue = wanted["States"]["It"]["Parameters"]
    place = f"{environment.region}.amazonaws.com/{environment.account}"
    queue["QueueUrl"] = f"https://sqs.{place}/my-queue"
    assert arrived == wanted


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "${partition}"])
@pytest.mark.parametrize(
    ("region", "expected"), [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_an_integration_has_the_partition_of_its_environment(
    region: str, expected: str, partition: str, pipeline: Pipeline
) -> None:
    """An execution fails where its definition names an integration of another partition, and so at any depth."""
    state = call("sqs:sendMessage", "QueueUrl", "sqs-queue")
    state["Resource"] = state["Resource"].replace("arn:aws:", f"arn:{partition}:")
    inner: dict[str, Any] = {
        "ItemProcessor": alone(state),
        "ItemReader": {"Resource": f"arn:{partition}:states:::s3:getObject"},
    }
    inner["ItemReader"]["Parameters"] = {"Bucket": "${resources.s3-bucket.name}", "Key": "a.csv"}
    definition = {"StartAt": "M", "States": {"M": {"Type": "Map", **inner, "End": True}}}
    built = build(pipeline, definition, environments={"prod": {"account": "111111111111", "region": region}})
    (environment,) = built.workload.environments
    block = evaluate(parse(built.module), environment).resources["aws_sfn_state_machine.states"]
    named = re.findall(r"arn:([a-z-]+):states:::", str(block.values["definition"]))
    assert named == [expected, expected]


def test_every_example_names_what_it_calls() -> None:
    found = [called_resources(Calls.of(MARK), example) for example in BLUEPRINT.fields["definition"]["examples"]]
    assert [len(keys) for keys in found] == [0, 4, 2, 5, 2]


ARGUMENTS = {
    "TaskDefinition": "${resources.ecs-task.definition}",
    "Cluster": "${resources.ecs-task.cluster}",
    "Count": 1,
    "Group": "reports",
    "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-0123456789abcdef0"]}},
}
RUN = {"Resource": "arn:aws:states:::ecs:runTask", "Parameters": ARGUMENTS}
ACCOUNTS = {name: {"account": str(index) * 12, "region": "us-east-1"} for index, name in enumerate(("dev", "prod"), 1)}


def overridden(*steps: str, value: Any) -> Any:
    for step in reversed(("compute", "definition", "States", "It", *steps)):
        value = {step: value}
    return {"dev": ACCOUNTS["dev"], "prod": {**ACCOUNTS["prod"], **value}}


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("NetworkConfiguration", "AwsvpcConfiguration", "Subnets"), ["subnet-1", "subnet-2"]),
        (("Count",), 5),
        (("Group",), "more"),
    ],
)
def test_an_argument_that_decides_nothing_may_differ(steps: tuple[str, ...], value: Any, pipeline: Pipeline) -> None:
    built = build(pipeline, alone(RUN), environments=overridden("Parameters", *steps, value=value))
    dev, prod = built.workload.environments
    definitions = []
    for environment in (dev, prod):
        block = evaluate(parse(built.module), environment).resources["aws_sfn_state_machine.states"]
        found = json.loads(str(block.values["definition"]))["States"]["It"]["Parameters"]
        for step in steps:
            found = found[step]
        definitions.append(found)
    assert definitions[1] == value != definitions[0]


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("Parameters", "TaskDefinition"), "other"),
        (("Resource",), "arn:aws:states:::ecs:runTask.sync"),
        (("Type",), "Pass"),
        (("Parameters",), ["x"]),
    ],
)
def test_what_decides_a_call_is_the_same_everywhere(steps: tuple[str, ...], value: Any, pipeline: Pipeline) -> None:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, alone(RUN), environments=overridden(*steps, value=value))
    assert {one.rule for one in refusal.value.findings} == {"environment-override"}


INPUTS = {"nets": {"type": "subnet-ids"}, "tasks": {"type": "number"}, "word": {"type": "string"}}


def test_an_argument_that_decides_nothing_may_be_an_input(pipeline: Pipeline) -> None:
    given = {
        **ARGUMENTS,
        "Count": "${inputs.tasks}",
        "Group": "a-${inputs.word}",
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": "${inputs.nets}"}},
    }
    built = build(pipeline, alone({**RUN, "Parameters": given}), inputs=INPUTS)
    written = built.module.files["state_machine.tf"]
    assert "= var.nets" in written
    assert "= var.tasks" in written
    assert '"a-${var.word}"' in written


@pytest.mark.parametrize(
    "state",
    [
        {**RUN, "Parameters": {**ARGUMENTS, "TaskDefinition": "${resources.ecs-task.definition}:${inputs.word}"}},
        {**RUN, "Comment": "${inputs.word}"},
        {"Resource": "arn:aws:states:::${inputs.word}"},
    ],
)
def test_what_decides_a_call_is_no_input(state: dict[str, Any], pipeline: Pipeline) -> None:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, alone(state), inputs={"word": {"type": "string"}})
    assert "manifest-input-place" in {one.rule for one in refusal.value.findings}


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({**RUN, "Parameters": {**ARGUMENTS, "Cluster": "other"}}, "Parameters.Cluster"),
        ({**RUN, "Parameters": {"TaskDefinition": ARGUMENTS["TaskDefinition"]}}, "Resource"),
        (
            {"Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "${resources.sqs-queue.arn}"}},
            "Parameters.QueueUrl",
        ),
        (
            {"Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "${resources.sns-topic.name}"}},
            "Parameters.TopicArn",
        ),
    ],
)
def test_what_a_call_names_is_what_the_role_is_for(state: dict[str, Any], path: str, pipeline: Pipeline) -> None:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, alone(state))
    found = [(finding.rule, finding.path) for finding in refusal.value.findings]
    assert found == [("manifest-call", f"compute.definition.States.It.{path}")]


@pytest.mark.parametrize("cluster", ["app", "arn:aws:ecs:us-east-1:123456789012:cluster/app"])
def test_a_cluster_may_be_written_out(cluster: str, pipeline: Pipeline) -> None:
    name = named_resources(CATALOG, BLUEPRINT, {"definition": alone(RUN)})["ecs-task"]["cluster"]
    state = {**RUN, "Parameters": {**ARGUMENTS, "Cluster": cluster.replace("app", name)}}
    assert "ecs:RunTask" in actions(build(pipeline, alone(state)))


def test_an_activity_takes_no_permission(pipeline: Pipeline) -> None:
    activity = "arn:${partition}:states:${region}:${account}:activity:work"
    assert actions(build(pipeline, alone({"Resource": activity, "HeartbeatSeconds": 60}))) == set()
