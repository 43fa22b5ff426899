"""Policies within IAM's limits: what is split, how, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from manifest_generator import generated_manifests
from rolewright.core.finding import Location, Rejected
from rolewright.core.text import Condition, Text
from rolewright.data import limits
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles, size, trust_size
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from cases import Cases
    from rolewright.blueprint import Catalog
    from rolewright.core.model import Workload
    from rolewright.pipeline import Pipeline

ENVIRONMENTS = {
    "dev": {"account": "111111111111", "region": "us-east-1"},
    "production": {"account": "222222222222", "region": "ap-northeast-1"},
}

GUARDED = """\
version: 1
workload: app
compute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip}
resources:
  model: {type: bedrock-model, model: a.model-v1, guardrail: abcdef123456, access: [invoke, apply-guardrail]}
"""


def read(catalog: Catalog, tables: int, **changes: Any) -> Workload:
    table = {"type": "dynamodb-table", "access": ["get", "query", "scan", "put", "update", "delete"]}
    manifest: dict[str, Any] = {
        "version": 1,
        "workload": "app",
        "compute": {"type": "lambda", "runtime": "python3.12", "handler": "a.b", "package": "a.zip"},
        "resources": {f"table-{n}": {**table, "name": f"app-${{environment}}-{n:03}"} for n in range(tables)},
        "environments": ENVIRONMENTS,
    }
    (workload,) = read_manifest(loads(json.dumps(manifest | changes), "m.yaml"), catalog)
    return workload


def documents(pipeline: Pipeline, workload: Workload) -> dict[str, list[int]]:
    """The characters of each policy document of the rendered module as evaluated, per environment."""
    module = pipeline.build(workload).module
    found: dict[str, list[int]] = {}
    for environment in workload.environments:
        for block in evaluate(parse(module), environment).resources.values():
            if block.type == "aws_iam_policy_document":
                characters = len("".join(block.values["minified_json"].split()))
                found.setdefault(block.address, []).append(characters)
    return found


def test_no_role_says_the_same_twice(catalog: Catalog, cases: Cases) -> None:
    """A verb and the companion of a field may allow the same: what a guardrail needs, and `apply-guardrail`."""
    made = [*generated_manifests(60), *generated_manifests(60, created=True)]
    for text in (*cases.of(made, 0.2), GUARDED):
        (workload,) = read_manifest(loads(text, "m.yaml"), catalog)
        for role in build_roles(workload, derive_grants(workload, catalog), catalog):
            statements = [statement for policy in role.policies for statement in policy.statements]
            meant = [
                (s.effect, s.actions, frozenset(s.resources), frozenset(s.conditions), {g.side for g in s.grants})
                for s in statements
                if not s.grants[0].origin.startswith("statements.")
            ]
            assert not [each for each in meant if meant.count(each) > 1], text
            sids = [statement.sid for statement in statements]
            assert len(sids) == len(set(sids)), text


def test_statements_of_the_manifest_stay_apart(catalog: Catalog) -> None:
    """Each has a reason of its own, and is accepted under `suppress` by itself."""
    twice = [{"actions": ["s3:GetObject"], "resources": ["*"], "reason": reason} for reason in ("one", "two")]
    workload = read(catalog, 0, statements=twice)
    (role,) = build_roles(workload, derive_grants(workload, catalog), catalog)
    assert [s.sid for s in role.policies[0].statements if s.sid.startswith("Statement")] == ["Statement0", "Statement1"]


@pytest.mark.parametrize("tables", [1, 25, 60])
def test_the_size_that_is_counted_is_that_of_the_rendered_text(pipeline: Pipeline, tables: int) -> None:
    workload = read(pipeline.catalog, tables)
    (role,) = build_roles(workload, derive_grants(workload, pipeline.catalog), pipeline.catalog)
    rendered = documents(pipeline, workload)
    for policy in role.policies:
        counted = [size(policy.statements, environment) for environment in workload.environments]
        assert rendered[f"data.aws_iam_policy_document.{policy.label}"] == counted
        assert max(counted) <= (limits.MANAGED if policy.managed else limits.INLINE)
    trust = [trust_size(role.trust, environment) for environment in workload.environments]
    assert rendered["data.aws_iam_policy_document.execution_trust"] == trust


def test_a_long_policy_is_split_and_proven_unchanged(pipeline: Pipeline) -> None:
    one, many = (pipeline.build(read(pipeline.catalog, tables)) for tables in (1, 60))
    assert [policy.managed for policy in one.roles[0].policies] == [False]
    assert len(many.roles[0].policies) > 1
    assert all(policy.managed for policy in many.roles[0].policies)
    assert many.findings == ()
    assert pipeline.build(read(pipeline.catalog, 60)).module == many.module


def test_what_aws_generates_counts_with_no_fewer_characters_than_it_can_have(catalog: Catalog) -> None:
    arn = "arn:aws:kms:ap-northeast-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    keys = {
        "a": {"type": "kms-key", "name": "k", "create": True, "access": ["decrypt"]},
        "b": {"type": "kms-key", "arn": arn, "access": ["decrypt"]},
    }
    workload = read(catalog, 0, resources=keys)
    (role,) = build_roles(workload, derive_grants(workload, catalog), catalog)
    made, given, _logs = role.policies[0].statements
    assert (made.sid, given.sid) == ("AKey", "BKey")
    environment = workload.environments[0]
    assert size((made,), environment) > size((given,), environment)


def test_more_than_ten_managed_policies_are_refused(catalog: Catalog) -> None:
    workload = read(catalog, 180)
    with pytest.raises(Rejected) as refusal:
        build_roles(workload, derive_grants(workload, catalog), catalog)
    (finding,) = refusal.value.findings
    assert (finding.rule, finding.path) == ("policy-size", "resources")
    assert finding.location == workload.locate("resources")


def test_a_statement_that_cannot_be_split_is_refused_where_it_stands(catalog: Catalog) -> None:
    long = {"actions": ["s3:GetObject"], "resources": [f"arn:aws:s3:::b/{'a' * 300}{n}" for n in range(40)]}
    workload = read(catalog, 1, statements=[{**long, "reason": "of a test"}])
    with pytest.raises(Rejected) as refusal:
        build_roles(workload, derive_grants(workload, catalog), catalog)
    assert {finding.path for finding in refusal.value.findings} == {"statements.0"}
    assert {finding.location for finding in refusal.value.findings} == {workload.locate("statements.0")}


def test_a_trust_policy_above_the_limit_is_refused_at_the_compute(catalog: Catalog) -> None:
    workload = read(catalog, 1)
    declaration = derive_grants(workload, catalog)
    (trust,) = declaration.trusts

    def widened(length: int) -> Any:
        condition = Condition("StringEquals", Text.of("aws:SourceAccount"), (Text.of("1" * length),))
        return replace(declaration, trusts=(replace(trust, conditions=(condition,)),))

    room = 2_048 - trust_size(widened(0).trusts[0], workload.environments[0])
    assert build_roles(workload, widened(room), catalog)
    with pytest.raises(Rejected) as refusal:
        build_roles(workload, widened(room + 1), catalog)
    (finding,) = refusal.value.findings
    assert (finding.rule, finding.path) == ("policy-size", "compute.type")
    assert finding.location == workload.locate("compute.type") != Location("m.yaml")
