"""What is accepted, and what the proof must not overlook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.prove.test_role_mutants import NOTHING_APPLIED

from rolewright.core.model import Module
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.prove.proof import prove
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

MANIFEST: dict[str, Any] = {
    "version": 1,
    "workload": "scanner",
    "compute": {"type": "lambda", "runtime": "python3.12", "handler": "a.b", "package": "a.zip"},
    "statements": [{"actions": ["s3:ListBucket"], "resources": ["*"], "reason": "an inventory of all buckets"}],
}
SUPPRESSION = {"rule": "wildcard-resource", "at": "statements.0", "reason": "looked at"}


def build(pipeline: Pipeline, **changes: Any) -> Built:
    (workload,) = read_manifest(loads(json.dumps(MANIFEST | changes), "m.yaml"), pipeline.catalog)
    return pipeline.build(workload)


def test_a_star_is_found_at_its_statement(pipeline: Pipeline) -> None:
    built = build(pipeline)
    assert [(f.rule, f.path) for f in built.findings] == [("wildcard-resource", "statements.0")]
    assert built.refused


def test_what_is_accepted_is_proven_all_the_same(pipeline: Pipeline) -> None:
    built = build(pipeline, suppress=[SUPPRESSION])
    assert built.findings == ()
    assert len(built.proofs) == 1


@pytest.mark.parametrize(("until", "refused"), [("2020-01-01", True), ("2999-12-31", False)])
def test_an_acceptance_ends(pipeline: Pipeline, until: str, refused: bool) -> None:
    built = build(pipeline, suppress=[{**SUPPRESSION, "until": until}])
    assert built.refused is refused


def test_a_suppression_that_nothing_needs_is_a_warning(pipeline: Pipeline) -> None:
    built = build(pipeline, statements=[], suppress=[SUPPRESSION])
    assert [f.rule for f in built.findings] == ["suppression-unused"]
    assert not built.refused


def test_a_policy_for_a_role_that_the_module_does_not_make_is_found(pipeline: Pipeline) -> None:
    built = build(pipeline, statements=[])
    stranger = 'resource "aws_iam_role_policy" "x" {\n  name = "x"\n  role = "someone-else"\n  policy = "{}"\n}\n'
    module = Module("scanner", {**built.module.files, "roles.tf": built.module.files["roles.tf"] + stranger})
    environment = built.workload.environments[0]
    plan = evaluate(parse(module), environment)
    proof = prove(plan, NOTHING_APPLIED, built.declaration, None, environment)
    assert [f.rule for f in proof.findings] == ["proof-role"]


PLACE = {"environments": {"dev": {"account": "111111111111", "region": "eu-west-1"}}}


@pytest.mark.parametrize(
    ("start", "place"),
    [("${environment}", PLACE), ("${region}", PLACE), ("${region}", {}), ("${account}", PLACE), ("${account}", {})],
)
@pytest.mark.parametrize(
    ("type_", "rest", "access"), [("ssm-parameter", "/x", "get"), ("sagemaker-endpoint", "-x", "invoke")]
)
def test_a_name_may_begin_with_its_place_where_the_arn_spells_it_otherwise(
    pipeline: Pipeline, type_: str, rest: str, access: str, start: str, place: dict[str, Any]
) -> None:
    entry = {"type": type_, "name": start + rest, "access": access}
    assert build(pipeline, statements=[], resources={"it": entry}, **place).findings == ()
