"""A build reads its repository through a connection, whose ARN says which prefix its actions have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

MANIFEST = """\
version: 1
workload: my-app
compute:
  type: codebuild
  source: {{url: "https://github.com/my-org/my-app.git", connection: "{}"}}
environments:
  dev: {{account: "123456789012", region: us-east-1}}
  prod: {{account: "123456789012", region: us-east-1, compute: {{source: {{connection: "{}"}}}}}}
"""


def connection(service: str) -> str:
    return f"arn:aws:{service}:us-east-1:123456789012:connection/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize("service", ["codeconnections", "codestar-connections"])
def test_actions_have_the_prefix_of_the_connection(pipeline: Pipeline, service: str) -> None:
    text = MANIFEST.format(connection(service), connection(service))
    (workload,) = read_manifest(loads(text, "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    used = [line for line in built.module.files["access.lock"].splitlines() if ":connection/" in line]
    assert {line.split(" allow ")[1].split(" on ")[0] for line in used} == {
        f"{service}:{action}" for action in ("GetConnection", "GetConnectionToken", "UseConnection")
    }


def test_environments_agree_on_the_prefix(pipeline: Pipeline) -> None:
    text = MANIFEST.format(connection("codeconnections"), connection("codestar-connections"))
    with pytest.raises(Rejected) as refusal:
        read_manifest(loads(text, "m.yaml"), pipeline.catalog)
    assert {finding.path for finding in refusal.value.findings} == {"compute.source.connection"}
