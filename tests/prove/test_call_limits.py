"""Every call that the sandbox makes for a module is one that AWS's own model of the service allows.

Moto takes almost any value. The models have the enums, patterns, lengths and ranges by which AWS refuses a call; what
a blueprint lets through and a model refuses would be refused at `terraform apply`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blueprint_trials import tried_workloads
from manifest_generator import created_manifests
from rolewright.manifest.read import read_manifest
from rolewright.prove.sandbox import Moto
from rolewright.yaml.load import loads
from service_models import breaches, calls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cases import Cases
    from rolewright.core.model import Workload
    from rolewright.pipeline import Pipeline

EXAMPLES = sorted(Path("examples").glob("*.yaml"))


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    recorded: list[tuple[str, str, dict[str, Any]]] = []
    monkeypatch.setattr(Moto, "call", calls_of(Moto, recorded))
    return recorded


def workloads(pipeline: Pipeline, cases: Cases) -> Iterator[Workload]:
    for example in EXAMPLES:
        yield from read_manifest(pipeline.read(example), pipeline.catalog)
    for text in created_manifests(cases, 20):
        yield from read_manifest(loads(text, "varied.yaml"), pipeline.catalog)
    if cases.soak:
        for file in (*pipeline.catalog.computes.files.values(), *pipeline.catalog.resources.files.values()):
            yield from tried_workloads(file)


def test_no_call_is_one_that_its_model_refuses(
    pipeline: Pipeline, cases: Cases, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for workload in workloads(pipeline, cases):
        pipeline.build(workload)
    assert {service for service, _, _ in calls} >= {"dynamodb", "ecs", "iam", "lambda", "s3", "sqs"}
    # What is read back has ids that moto made up, and not always in AWS's form.
    made = [call for call in calls if not call[1].startswith(("batch_get_", "describe_", "get_", "list_"))]
    refused = {breach for service, method, given in made for breach in breaches(service, method, given)}
    assert not refused, "\n".join(sorted(refused))


REFUSED = [
    (
        "lambda",
        "create_function",
        {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}, "Timeout": 0},
        "Timeout",
    ),
    (
        "lambda",
        "add_permission",
        {"FunctionName": "f", "StatementId": "a.b", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
        "StatementId",
    ),
    ("kinesis", "create_stream", {"StreamName": "s" * 129}, "StreamName"),
    ("sqs", "create_queue", {}, "QueueName"),
    ("sqs", "create_queue", {"QueueName": "q", "Colour": "red"}, "Colour"),
    ("efs", "create_file_system", {"PerformanceMode": "fastest"}, "PerformanceMode"),
]


@pytest.mark.parametrize(("service", "method", "given", "member"), REFUSED)
def test_a_model_refuses(service: str, method: str, given: dict[str, Any], member: str) -> None:
    assert [breach for breach in breaches(service, method, given) if f".{member}" in breach]
