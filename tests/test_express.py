"""`rolewright express`: a policy in the words of a manifest; what it says of the two is what IAM would decide."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from command import rolewright
from rolewright.blueprint import Catalog, load_catalog
from rolewright.blueprint.model import ResourceBlueprint
from rolewright.data import iam
from rolewright.draft import Draft, draft, draft_text, grants, host
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.table import Declared, changes

CATALOG = load_catalog()
HOST = host(CATALOG)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::my-bucket", "arn:aws:s3:::my-bucket/*"],
        },
        {
            "Effect": "Allow",
            "Action": "dynamodb:PutItem",
            "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/*",
        },
        {"Effect": "Allow", "Action": "textract:DetectDocumentText", "Resource": "*"},
    ],
}
ENTRIES = """\
resources:
  my-bucket:
    type: s3-bucket
    name: my-bucket
    access: [read]
  dynamodb-table:
    type: dynamodb-table
    name: my-table  # fill in: nothing says which one is meant
    access: [put]
statements:
  - actions: ["textract:DetectDocumentText"]
    resources: ["*"]
    reason: "no verb of a blueprint is for this"
"""


def allow(*pairs: tuple[str, str]) -> list[Declared]:
    return [Declared("Allow", (action.lower(),), (resource,), (), "policy") for action, resource in pairs]


WRAPPERS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "iam-policy-autopilot": lambda text: json.dumps(
        {"Policies": [{"Policy": {"Id": "IamPolicyAutopilot", **json.loads(text)}, "PolicyType": "Identity"}]}
    ),
    "get-role-policy": lambda text: json.dumps(
        {"RoleName": "x", "PolicyName": "y", "PolicyDocument": json.loads(text)}
    ),
    "get-policy-version": lambda text: json.dumps({"PolicyVersion": {"Document": json.loads(text), "VersionId": "v1"}}),
    "the answer of the API": lambda text: json.dumps({"PolicyDocument": quote(text)}),
    "get-generated-policy": lambda text: json.dumps(
        {"generatedPolicyResult": {"generatedPolicies": [{"policy": text}]}}
    ),
    "with a byte order mark": lambda text: "\ufeff" + text,
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_every_form_gives_the_same_entries(wrapper: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(WRAPPERS[wrapper](json.dumps(POLICY)), encoding="utf-8")
    run = rolewright("express", "policy.json", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout == ENTRIES
    assert "dynamodb:PutItem on arn:aws:dynamodb:us-east-1:123456789012:table/*" in run.stderr
    assert "s3:ListBucket on arn:aws:s3:::my-bucket/* has no effect" in run.stderr
    assert "s3:GetObject on arn:aws:s3:::my-bucket has no effect" in run.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"a": 1}',
        '{"Statement": [{"Effect": "Maybe"}]}',
        '{"Statement": 3}',
        "[" * 100_000,
        "\xff",
        '{"a":' * 900 + "1" + "}" * 900,
        json.dumps({"x": '{"Statement":' + "[" * 100_000}),
    ],
)
def test_what_is_no_policy_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_bytes(text.encode("latin-1"))
    run = rolewright("express", "policy.json", cwd=tmp_path)
    assert run.returncode == 1
    assert "policy.json:1:1" in run.stderr
    assert "Traceback" not in run.stderr


def test_what_cannot_be_said_is_told(tmp_path: Path) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "All", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            {"Sid": "No", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
        ],
    }
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}}
    (tmp_path / "policy.json").write_text(json.dumps([document, trust]), encoding="utf-8")
    run = rolewright("express", "policy.json", cwd=tmp_path)
    assert run.returncode == 0
    assert "All: what NotAction leaves" in run.stderr
    assert "No: a Deny" in run.stderr
    assert "Principal" in run.stderr
    (tmp_path / "m.yaml").write_text(f"version: 1\nworkload: orders\ncompute: {json.dumps(HOST)}\n", encoding="utf-8")
    assert rolewright("express", "policy.json", "-m", "m.yaml", cwd=tmp_path).returncode == 3


@pytest.mark.parametrize("type_", sorted(CATALOG.resources))
def test_each_verb_is_found_again(type_: str, catalog: Catalog) -> None:
    """From a verb to its actions and back: the entries allow all of it, and nothing else."""
    blueprint = catalog.resources[type_]
    for verb in blueprint.verbs.values():
        fields = complete(blueprint, verb.name)
        if fields is None:
            continue
        resource = {"type": type_, **fields, "access": [verb.name]}
        text = f"resources: {json.dumps({'it': resource})}\n"
        wanted = declared(text, catalog)
        made = draft(wanted, catalog)
        said = grants(made, HOST, catalog)
        assert changes(wanted, said, iam.expand) == ((), ()), (verb.name, draft_text(made))
        if not any(one.conditions for one in wanted):  # conditions stay in `statements`, beside the verb for the rest
            assert changes(said, wanted, iam.expand) == ((), ()), (verb.name, draft_text(made))


def declared(text: str, catalog: Catalog) -> tuple[Declared, ...]:
    from rolewright.grants import derive_grants
    from rolewright.manifest import read_manifest
    from rolewright.prove.table import ground
    from rolewright.source import loads

    (workload,) = read_manifest(
        loads(f"version: 1\nworkload: draft\ncompute: {json.dumps(HOST)}\n{text}", "m.yaml"), catalog
    )
    own = [one for one in derive_grants(workload, catalog).grants if one.side == "workload"]
    return tuple(
        replace(one, actions=tuple(a.lower() for a in one.actions))
        for one in ground(own, workload.environments[0].values)
    )


def complete(blueprint: ResourceBlueprint, verb: str) -> dict[str, Any] | None:
    from rolewright.finding import Rejected
    from rolewright.trial import NoValueError, sample

    needs = [name for one in blueprint.expand([verb]) for name in blueprint.needs(one, ())]
    try:
        fields = {name: sample(blueprint.fields[name]) for name in dict.fromkeys((*blueprint.required, *needs))}
        declared(f"resources: {json.dumps({'it': {'type': blueprint.type, **fields, 'access': [verb]}})}\n", CATALOG)
    except (NoValueError, Rejected):
        return None
    return fields


NAMES = st.sampled_from(["orders", "orders-dev", "a-b-c", "x1y2z3"])
ARNS = st.one_of(
    st.just("*"),
    NAMES.map(lambda n: f"arn:aws:s3:::{n}"),
    NAMES.map(lambda n: f"arn:aws:s3:::{n}/*"),
    NAMES.map(lambda n: f"arn:aws:s3:::{n}/in/*"),
    NAMES.map(lambda n: f"arn:aws:s3:::{n}/file.txt"),
    st.just("arn:aws:s3:::*/*"),
    st.just("arn:aws:s3:::log-*"),
    *(
        NAMES.map(functools.partial(str.__add__, f"arn:aws:{f}"))
        for f in (
            "sqs:us-east-1:123456789012:", "sqs:eu-west-1:999999999999:", "sqs:*:*:",
            "dynamodb:us-east-1:123456789012:table/", "sns:us-east-1:123456789012:",
            "ssm:us-east-1:123456789012:parameter/", "secretsmanager:us-east-1:123456789012:secret:",
            "kinesis:us-east-1:123456789012:stream/",
        )
    ),
    NAMES.map(lambda n: f"arn:aws:dynamodb:us-east-1:123456789012:table/{n}/index/*"),
    NAMES.map(lambda n: f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{n}-??????"),
)  # fmt: skip
ACTIONS = st.sampled_from(
    [
        "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject", "s3:Get*", "s3:*", "sqs:SendMessage",
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueUrl", "dynamodb:GetItem", "dynamodb:Query",
        "dynamodb:PutItem", "dynamodb:DeleteTable", "sns:Publish", "ssm:GetParameter", "secretsmanager:GetSecretValue",
        "kinesis:PutRecord", "iam:PassRole", "ecr:GetAuthorizationToken", "textract:DetectDocumentText", "made:Up",
    ]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(ACTIONS, ARNS), min_size=1, max_size=6))
def test_nothing_of_a_policy_is_lost_unsaid(pairs: list[tuple[str, str]]) -> None:
    """Each request that the policy allows is allowed by the entries, or it is among what is told to be beyond them."""
    wanted = allow(*pairs)
    made = draft(wanted, CATALOG)
    assert draft(wanted, CATALOG) == made
    said = grants(made, HOST, CATALOG)
    beyond, doubts = changes(wanted, said, iam.expand)
    told = {(one.action.lower(), one.resource) for one in beyond} | {(a.lower(), r) for a, r in made.idle}
    document = {"Version": "2012-10-17", "Statement": [statement(one) for one in said]}
    for pattern, resource in pairs:
        for action in iam.expand(pattern)[:5] or (pattern,):
            request = Request(action, resource.replace("*", "x").replace("?", "x"), {})
            allowed = bool(said) and decide([document], request) is Decision.ALLOWED
            assert allowed or doubts or (action.lower(), resource) in told, (action, resource, draft_text(made))


def statement(one: Declared) -> dict[str, Any]:
    conditions: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in one.conditions:
        conditions.setdefault(operator, {})[key] = list(values)
    return {"Effect": one.effect, "Action": list(one.actions), "Resource": list(one.resources), "Condition": conditions}


def test_the_comparison_with_a_manifest(tmp_path: Path) -> None:
    manifest = f"version: 1\nworkload: orders\ncompute: {json.dumps(HOST)}\n"
    (tmp_path / "m.yaml").write_text(manifest + ENTRIES, encoding="utf-8")
    (tmp_path / "p.json").write_text(json.dumps(POLICY), encoding="utf-8")
    wider = rolewright("express", "p.json", "-m", "m.yaml", cwd=tmp_path)
    assert wider.returncode == 3
    assert "the policy allows more than orders:" in wider.stdout
    assert "dynamodb:PutItem on arn:aws:dynamodb:us-east-1:123456789012:table/*" in wider.stdout
    exact = json.loads(json.dumps(POLICY).replace("table/*", "table/my-table"))
    exact["Statement"][0] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::my-bucket/*"}
    (tmp_path / "p.json").write_text(json.dumps(exact), encoding="utf-8")
    narrower = rolewright("express", "p.json", "-m", "m.yaml", cwd=tmp_path)
    assert narrower.returncode == 2, narrower.stdout
    assert narrower.stdout.startswith("orders allows more than the policy:\n  s3:ListBucket on arn:aws:s3:::my-bucket")
    exact["Statement"].append({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::my-bucket"})
    (tmp_path / "p.json").write_text(json.dumps(exact), encoding="utf-8")
    same = rolewright("express", "p.json", "-m", "m.yaml", cwd=tmp_path)
    assert (same.returncode, same.stdout) == (0, "the policy and orders allow the same\n")
    told = json.loads(rolewright("express", "p.json", "-m", "m.yaml", "--format", "json", cwd=tmp_path).stdout)
    assert told == {
        "workloads": [{"workload": "orders", "policy_allows_more": [], "manifest_allows_more": [], "notes": []}]
    }


def test_an_empty_draft_is_no_text() -> None:
    assert draft_text(Draft((), ())) == ""
