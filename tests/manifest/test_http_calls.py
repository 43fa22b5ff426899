"""A state calls an HTTPS API by a connection: the role may call the URLs that the connection lists, and no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

ID = "aeabd89e-d39c-4181-9486-9fe03e6f286a"
CONNECTION: dict[str, Any] = {
    "type": "eventbridge-connection",
    "name": "payments",
    "id": ID,
    "endpoints": ["https://api.example.com/v1/*", "https://api.example.com/health"],
    "methods": ["GET", "POST"],
}
CALL: dict[str, Any] = {
    "ApiEndpoint": "https://api.example.com/v1/charges",
    "Method": "POST",
    "Authentication": {"ConnectionArn": "${resources.payments.arn}"},
}


def build(pipeline: Pipeline, arguments: dict[str, Any], language: str = "JSONPath", **fields: Any) -> Built:
    holder = "Arguments" if language == "JSONata" else "Parameters"
    state = {"Type": "Task", "Resource": "arn:aws:states:::http:invoke", holder: arguments, "End": True}
    definition = {"QueryLanguage": language, "StartAt": "It", "States": {"It": state}}
    manifest = {
        "version": 1,
        "workload": "flow",
        "compute": {"type": "step-function", "definition": definition},
        "resources": {"payments": {**CONNECTION, **fields}},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == (), built.findings
    return built


def test_the_role_may_do_what_the_guide_lists(pipeline: Pipeline) -> None:
    """Step Functions guide, "IAM permissions to run an HTTP Task", with the secret of this connection alone."""
    lines = build(pipeline, CALL).module.files["access.lock"].splitlines()
    allowed = [line.removeprefix("states allow ") for line in lines if line.startswith("states allow ")]
    secret = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:events!connection/payments/*"
    listed = "StringEquals states:HTTPMethod GET | POST and StringLike states:HTTPEndpoint"
    listed += " https://api.example.com/health | https://api.example.com/v1/*"
    connection = f"arn:aws:events:REGION:ACCOUNT:connection/payments/{ID}"
    assert {line for line in allowed if not line.startswith("logs:")} == {
        f"states:InvokeHTTPEndpoint on * if {listed}",
        f"events:RetrieveConnectionCredentials on {connection}",
        f"secretsmanager:DescribeSecret on {secret}",
        f"secretsmanager:GetSecretValue on {secret}",
    }


@pytest.mark.parametrize(
    ("change", "language"),
    [
        ({"ApiEndpoint": "https://api.example.com/health"}, "JSONPath"),
        ({"Method": "GET"}, "JSONPath"),
        ({"ApiEndpoint": "{% 'https://api.example.com/v1/' & $states.input.id %}"}, "JSONata"),
    ],
)
def test_what_is_listed_or_not_yet_known_is_accepted(change: dict[str, Any], language: str, pipeline: Pipeline) -> None:
    build(pipeline, {**CALL, **change}, language)


def test_a_path_stands_for_the_argument(pipeline: Pipeline) -> None:
    given = {key: value for key, value in CALL.items() if key != "ApiEndpoint"}
    build(pipeline, {**given, "ApiEndpoint.$": "States.Format('https://api.example.com/v1/{}', $.id)"})


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"ApiEndpoint": "https://api.example.com/v2/charges"}, "Parameters.ApiEndpoint"),
        ({"ApiEndpoint": "https://api.example.com/health/x"}, "Parameters.ApiEndpoint"),
        ({"ApiEndpoint": "https://api-example.com/health"}, "Parameters.ApiEndpoint"),
        ({"Method": "DELETE"}, "Parameters.Method"),
        ({"Method": None}, "Resource"),
        ({"ApiEndpoint": None}, "Resource"),
        (
            {"Authentication": {"ConnectionArn": "${resources.payments.name}"}},
            "Parameters.Authentication.ConnectionArn",
        ),
        ({"Authentication": None}, "Resource"),
    ],
)
def test_a_call_that_the_role_may_not_make_is_refused(change: dict[str, Any], path: str, pipeline: Pipeline) -> None:
    arguments = {key: value for key, value in {**CALL, **change}.items() if value is not None}
    with pytest.raises(Rejected) as refusal:
        build(pipeline, arguments)
    found = [(one.rule, one.path) for one in refusal.value.findings]
    assert found == [("manifest-call", f"compute.definition.States.It.{path}")]


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://api.example.com*",
        "https://*.example.com/",
        "http://api.example.com/",
        "https://*",
        "*",
        "https://a.b/?",
    ],
)
def test_an_endpoint_names_its_host(endpoint: str, pipeline: Pipeline) -> None:
    """Another host would be sent the credentials."""
    with pytest.raises(Rejected) as refusal:
        build(pipeline, CALL, endpoints=[endpoint, *CONNECTION["endpoints"]])
    assert {one.path for one in refusal.value.findings} == {"resources.payments.endpoints.0"}
