"""An HTTP API is written so that the pages that may call it can."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.pipeline import Built, Pipeline

TOKENS = {"authorization": "jwt", "issuer": "https://login.example.com", "audience": ["orders"]}


def built_with(pipeline: Pipeline, api: Mapping[str, Any], **fields: Any) -> Built:
    compute = {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "a.zip", "api": api, **fields}
    manifest = {"version": 1, "workload": "web", "compute": compute}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.json"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    return built


def authorizations(built: Built) -> dict[str, str]:
    """Return the kind of authorization of each route of the API."""
    text = built.module.files["api.tf"]
    return dict(re.findall(r'route_key += "(.*)"\n.*\n +authorization_type = "(\w+)"', text))


@pytest.mark.parametrize(("guard", "kind"), [({}, "AWS_IAM"), (TOKENS, "JWT")])
@pytest.mark.parametrize(
    ("route", "preflights"),
    [
        ("$default", {"OPTIONS /", "OPTIONS /{proxy+}"}),
        ("ANY /orders/{id}", {"OPTIONS /orders/{id}"}),
        ("ANY /${region}", {"OPTIONS /${local.region}"}),
        ("GET /orders", set()),  # the API answers by itself
    ],
)
def test_browsers_may_ask_without_credentials(
    pipeline: Pipeline, guard: Mapping[str, Any], kind: str, route: str, preflights: set[str]
) -> None:
    pages = {"cors_origins": ["https://example.com"]}
    built = built_with(pipeline, {"routes": [route], **guard, **pages})
    written = route.replace("${region}", "${local.region}")
    assert authorizations(built) == {written: kind, **dict.fromkeys(preflights, "NONE")}
    opened = {line for line in built.module.files["access.lock"].splitlines() if line.endswith("to anybody")}
    assert opened == {f"open the API's {key.replace('${local.region}', 'REGION')} to anybody" for key in preflights}
    assert authorizations(built_with(pipeline, {"routes": [route], **guard})) == {written: kind}


def test_an_open_api_has_no_second_route(pipeline: Pipeline) -> None:
    api = {"routes": ["$default", "ANY /orders"], "authorization": "none", "cors_origins": ["https://example.com"]}
    assert authorizations(built_with(pipeline, api)) == {"$default": "NONE", "ANY /orders": "NONE"}


def test_a_page_may_send_what_it_signs_with(pipeline: Pipeline) -> None:
    """SigV4 puts the time, the session and the body's hash in headers of their own."""
    pages = {"cors_origins": ["https://example.com"]}
    text = built_with(pipeline, {"routes": ["GET /orders"], **pages}, url=pages).module.files["api.tf"]
    allowed = re.findall(r"allow_headers += \[(.*)\]", text)
    assert len(allowed) == 2
    for headers in allowed:
        for header in ("authorization", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"):
            assert f'"{header}"' in headers
