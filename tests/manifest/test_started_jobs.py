"""States that start jobs elsewhere and wait for them: the role may do what AWS's guide lists, on these jobs alone."""

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
    "report": {"type": "batch-job-definition", "name": "monthly", "queue": "nightly"},
    "load": {"type": "glue-job-run", "name": "load-orders"},
    "tests": {"type": "codebuild-project", "name": "integration"},
    "queries": {"type": "athena-workgroup", "name": "reports", "results_bucket": "results", "results_prefix": "q/"},
}
JOB = {"JobName": "x", "JobDefinition": "${resources.report.definition}", "JobQueue": "${resources.report.queue}"}


def build(pipeline: Pipeline, integration: str, arguments: dict[str, Any]) -> Built:
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "Parameters": arguments, "End": True}
    manifest = {
        "version": 1,
        "workload": "flow",
        "compute": {"type": "step-function", "definition": {"StartAt": "It", "States": {"It": state}}},
        "resources": {key: one for key, one in RESOURCES.items() if f"resources.{key}." in json.dumps(arguments)},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == (), built.findings
    return built


def granted(built: Built, service: str) -> set[str]:
    """Return the actions of a service that the role may do, each with what its ARN ends in."""
    lines = [line.split() for line in built.module.files["access.lock"].splitlines()]
    allowed = [line for line in lines if line[:2] == ["states", "allow"] and line[2].startswith(f"{service}:")]
    return {f"{line[2]} {line[4].split(':REGION:ACCOUNT:')[-1]}" for line in allowed}


BATCH = "rule/StepFunctionsGetEventsForBatchJobsRule"
BUILD = "rule/StepFunctionsGetEventForCodeBuildStartBuildRule"
BATCH_BUILD = "rule/StepFunctionsGetEventForCodeBuildStartBuildBatchRule"


@pytest.mark.parametrize(
    ("integration", "arguments", "rule"),
    [
        ("batch:submitJob.sync", JOB, BATCH),
        ("codebuild:startBuild.sync", {"ProjectName": "${resources.tests.name}"}, BUILD),
        ("codebuild:startBuildBatch.sync", {"ProjectName": "${resources.tests.name}"}, BATCH_BUILD),
        ("glue:startJobRun.sync", {"JobName": "${resources.load.name}"}, ""),
        ("athena:startQueryExecution.sync", {"WorkGroup": "${resources.queries.name}", "QueryString": "x"}, ""),
        ("batch:submitJob", JOB, ""),
        ("codebuild:startBuild", {"ProjectName": "${resources.tests.name}"}, ""),
    ],
)
def test_what_is_waited_for_is_watched_by_the_rule_that_aws_names(
    integration: str, arguments: dict[str, Any], rule: str, pipeline: Pipeline
) -> None:
    found = granted(build(pipeline, integration, arguments), "events")
    watching = ("events:DescribeRule", "events:PutRule", "events:PutTargets")
    assert found == ({f"{action} {rule}" for action in watching} if rule else set())


@pytest.mark.parametrize(
    "definition",
    ["${resources.report.definition}", "${resources.report.definition}:7", "${resources.report.name}:7"],
)
@pytest.mark.parametrize("queue", ["${resources.report.queue}", "${resources.report.queue_arn}", "nightly"])
def test_a_job_of_the_definition_goes_to_its_queue(definition: str, queue: str, pipeline: Pipeline) -> None:
    built = build(pipeline, "batch:submitJob.sync", {**JOB, "JobDefinition": definition, "JobQueue": queue})
    submit = {"job-definition/monthly", "job-definition/monthly:*", "job-queue/nightly"}
    expected = {f"batch:SubmitJob {one}" for one in submit}
    assert granted(built, "batch") == expected | {"batch:TerminateJob job/*", "batch:DescribeJobs *"}


def test_a_query_is_granted_its_results(pipeline: Pipeline) -> None:
    """The guide has the rights to the bucket too, as Athena stores results in the caller's name."""
    arguments = {"WorkGroup": "${resources.queries.name}", "QueryString": "SELECT 1"}
    found = granted(build(pipeline, "athena:startQueryExecution.sync", arguments), "s3")
    assert "s3:PutObject arn:aws:s3:::results/q/*" in found
    assert "s3:GetBucketLocation arn:aws:s3:::results" in found


@pytest.mark.parametrize(
    ("integration", "arguments", "path"),
    [
        ("batch:submitJob.sync", {**JOB, "JobQueue": "other"}, "Parameters.JobQueue"),
        ("batch:submitJob.sync", {key: JOB[key] for key in ("JobName", "JobDefinition")}, "Resource"),
        ("batch:submitJob", {**JOB, "JobDefinition": "${resources.report.queue_arn}"}, "Parameters.JobDefinition"),
        ("glue:startJobRun.sync", {"JobName": "${resources.load.arn}"}, "Parameters.JobName"),
        ("glue:startJobRun.sync", {"JobName": "${resources.load.name}-2"}, "Parameters.JobName"),
        ("codebuild:startBuild.sync", {"ProjectName.$": "$.project"}, "Resource"),
        ("athena:startQueryExecution.sync", {"QueryString": "SELECT 1"}, "Resource"),
    ],
)
def test_another_job_than_the_role_may_start_is_refused(
    integration: str, arguments: dict[str, Any], path: str, pipeline: Pipeline
) -> None:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, integration, arguments)
    assert {one.path for one in refusal.value.findings if one.rule == "manifest-call"} == {
        f"compute.definition.States.It.{path}"
    }
