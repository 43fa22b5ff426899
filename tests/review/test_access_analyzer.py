"""`rolewright policies`: plain JSON that Access Analyzer's API takes, and that says what the roles say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from cases import Cases
from command_line import rolewright
from manifest_generator import compute_variants, generated_manifests
from rolewright.blueprint import Catalog
from rolewright.data import iam
from rolewright.pipeline import Built, Pipeline
from rolewright.prove.decide import Principal
from rolewright.prove.table import compare, ground
from rolewright.prove.trust import compare_trust
from rolewright.review.access_analyzer import MOST, identity_policy, not_granted, trust_policy

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:(\d{12}|aws)?:.+")
API = botocore.session.get_session().get_service_model("accessanalyzer")


def accepted(operation: str, **parameters: Any) -> None:
    shape = API.operation_model(operation).input_shape
    assert not ParamValidator().validate(parameters, shape).has_errors()


def test_the_limits_are_those_of_the_api() -> None:
    access = API.shape_for("Access")
    assert access.members["actions"].metadata["max"] == access.members["resources"].metadata["max"] == MOST
    assert API.operation_model("CheckAccessNotGranted").input_shape.members["access"].metadata["max"] == 1


def held(built: Built, catalog: Catalog) -> None:
    workload = built.workload
    for environment in workload.environments:
        for role in built.roles:
            document = identity_policy(role, workload, environment, catalog)
            text = json.dumps(document)
            assert not re.search(r"\$\{(?!aws:|\*\}|\?\}|\$\})", text)
            accepted("ValidatePolicy", policyDocument=text, policyType="IDENTITY_POLICY")
            granted = [one for one in built.declaration.grants if one.role == role.key]
            declared = ground(granted, {**environment.values, **environment.inputs.names})
            if "${" in "".join(json.dumps(one.resources) + json.dumps(one.conditions) for one in declared):
                continue  # what AWS makes up, or the caller gives, has a name of ours here
            result = compare([document] if document["Statement"] else [], declared, iam.expand)
            assert (result.differences, result.unknown) == ((), ())
        for role, trust in ((one, one.trust) for one in built.roles):
            principals = [Principal(trust.kind, one.ground(environment.values)) for one in trust.principals]
            conditions = [
                (c.operator, c.key.ground(environment.values), tuple(v.ground(environment.values) for v in c.values))
                for c in trust.conditions
            ]
            document = trust_policy(role, environment)
            assert not compare_trust(document, principals, trust.actions, conditions)
            accepted("ValidatePolicy", policyDocument=json.dumps(document), policyType="RESOURCE_POLICY")
        for access in not_granted(built.declaration, environment):
            assert len(access) == 1
            assert all(0 < len(listed) <= MOST for listed in access[0].values())
            accepted("CheckAccessNotGranted", policyDocument="{}", policyType="IDENTITY_POLICY", access=access)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example(path: Path, pipeline: Pipeline, catalog: Catalog) -> None:
    for built in pipeline.run(path):
        held(built, catalog)


def created(text: str) -> list[str]:
    """The types that a manifest makes."""
    return [resource["type"] for resource in json.loads(text)["resources"].values() if resource.get("create")]


def test_every_made_arn_has_the_form_of_its_type(
    pipeline: Pipeline, catalog: Catalog, tmp_path: Path, cases: Cases
) -> None:
    """Of each type that a module can make: the stand-in is an ARN that the IAM database knows for the action."""
    tried = 0
    for text in cases.of([*generated_manifests(60, created=True), *compute_variants()], 0.15, created):
        manifest = tmp_path / "m.yaml"
        manifest.write_text(text, encoding="utf-8")
        for built in pipeline.run(manifest):
            held(built, catalog)
            for role in built.roles:
                policy = identity_policy(role, built.workload, built.workload.environments[0], catalog)
                for one in policy["Statement"]:
                    for arn in one["Resource"]:
                        assert arn == "*" or re.fullmatch(
                            r"arn:aws[a-z-]*:[a-z0-9-]+:[^:]*:(\d{12}|aws)?:.+|arn:aws:s3:::.+", arn
                        ), arn
                        tried += "made-by-terraform" in arn
    assert tried


def test_no_example_stands_in_the_place_of_an_input(pipeline: Pipeline, catalog: Catalog) -> None:
    (built,) = pipeline.run(EXAMPLES[0].parent / "inputs.yaml")
    workload = built.workload
    policies = [identity_policy(role, workload, workload.environments[0], catalog) for role in built.roles]
    arns = {arn for policy in policies for statement in policy["Statement"] for arn in statement["Resource"]}
    assert {
        "arn:aws:dynamodb:*:*:table/input-orders-table",
        "arn:aws:kms:*:*:key/input-orders-key",
        "arn:aws:sqs:us-east-1:123456789012:input-events-queue",
    } <= arns
    text = json.dumps(policies)
    assert '"dynamodb.input-orders-table.amazonaws.com"' in text
    assert not [one for one in workload.inputs if one.kind in ("arn", "name") and one.parts[-1].text in text]


def test_the_files(tmp_path: Path) -> None:
    orders = str(Path(__file__).parents[2] / "examples" / "orders.yaml")
    first = rolewright("policies", orders, "--env", "prod", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    written = {path.name for path in (tmp_path / "policies").glob("orders-*.json")}
    assert written == {
        "orders-prod-task.json", "orders-prod-task-trust.json", "orders-prod-execution.json",
        "orders-prod-execution-trust.json", *(f"orders-prod-never-{n}.json" for n in (1, 2, 3)),
    }  # fmt: skip
    assert rolewright("policies", orders, "--env", "prod", "--check", cwd=tmp_path).returncode == 0
    assert rolewright("policies", orders, "--check", cwd=tmp_path).returncode == 3
    (tmp_path / "policies" / "orders-prod-task.json").write_text("{}", encoding="utf-8")
    assert rolewright("policies", orders, "--env", "prod", cwd=tmp_path).returncode == 1
    assert (tmp_path / "policies" / "orders-prod-task.json").read_text(encoding="utf-8") == "{}"
    assert rolewright("policies", "none.yaml", cwd=tmp_path).returncode == 2
    (tmp_path / "again.yaml").write_text(Path(orders).read_text(encoding="utf-8"), encoding="utf-8")
    twice = rolewright("policies", orders, "again.yaml", "-o", "other", cwd=tmp_path)
    assert twice.returncode == 1
    assert "manifest-duplicate-workload" in twice.stderr
    assert not (tmp_path / "other").exists()
