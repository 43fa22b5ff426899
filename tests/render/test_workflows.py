"""What a workflow's role is given beside its permissions: patterns of branches, the provider, the session's length."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected, Severity
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline


def build(pipeline: Pipeline, **fields: Any) -> Built:
    compute = {"type": "github-actions", "repository": "my-org/my-app", **fields}
    manifest = json.dumps({"version": 1, "workload": "my-ci", "compute": compute})
    (workload,) = read_manifest(loads(manifest, "m.yaml"), pipeline.catalog)
    return pipeline.build(workload)


@pytest.mark.parametrize("field", ["branches", "release_tags"])
def test_a_pattern_is_taken_and_said(pipeline: Pipeline, field: str) -> None:
    built = build(pipeline, **{field: ["main", "release/*"]})
    (finding,) = built.findings
    assert (finding.severity, finding.path) == (Severity.NOTE, f"compute.{field}.1")
    assert "/release/*" in built.module.files["access.lock"]
    assert "a `*` stands for anything" in built.module.files["README.md"]


def test_without_a_pattern_nothing_is_said(pipeline: Pipeline) -> None:
    built = build(pipeline, branches=["main"])
    assert built.findings == ()
    assert "stands for anything" not in built.module.files["README.md"]


@pytest.mark.parametrize("pattern", ["*", "**", "*/*", "rel?ase"])
def test_a_pattern_begins_with_something_of_the_name(pipeline: Pipeline, pattern: str) -> None:
    with pytest.raises(Rejected):
        build(pipeline, branches=[pattern])


def test_the_session_and_the_provider_are_there_where_they_are_asked_for(pipeline: Pipeline) -> None:
    files = build(pipeline, branches=["main"], session=7200, create_provider=True).module.files
    assert "max_session_duration = 7200" in files["roles.tf"]
    assert "role-duration-seconds: 7200" in files["README.md"]
    assert "aws_iam_openid_connect_provider" in files["github.tf"]
    assert "create-open-id-connect-provider" not in files["README.md"]
    files = build(pipeline, branches=["main"]).module.files
    assert "max_session_duration" not in files["roles.tf"]
    assert "aws_iam_openid_connect_provider" not in files["github.tf"]


def test_the_provider_of_workflows_needs_a_version_that_takes_it_without_thumbprints(pipeline: Pipeline) -> None:
    def versions(**fields: Any) -> str:
        return build(pipeline, branches=["main"], **fields).module.files["versions.tf"]

    assert '">= 5.81' in versions(create_provider=True)
    assert '">= 5.80' in versions()
