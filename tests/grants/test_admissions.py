"""A service that `admit` lets in may use the key as well, and one whose source has no account is held to one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Declaration, ResourceStatement, Workload

RULE = {"service": "events.amazonaws.com", "source": "arn:aws:events:us-east-1:123456789012:rule/nightly"}
ALARM = {"service": "cloudwatch.amazonaws.com", "source": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:late"}
TOPIC = {"service": "sns.amazonaws.com", "source": "arn:aws:sns:us-east-1:123456789012:orders"}
BUCKET = {"service": "s3.amazonaws.com", "source": "arn:aws:s3:::uploads"}
THEIRS = {**BUCKET, "account": "999999999999"}
MADE = {"service": "s3.amazonaws.com", "source": "${resources.files.arn}"}

OWN_KEY = "${resources.own.arn}"
OTHER_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SOURCE, ACCOUNT = "ArnEquals aws:SourceArn ", "StringEquals aws:SourceAccount "

CASES = [
    (RULE, [SOURCE + RULE["source"]], []),  # EventBridge's calls of KMS carry neither key
    (ALARM, [SOURCE + ALARM["source"]], [SOURCE + ALARM["source"]]),
    (TOPIC, [SOURCE + TOPIC["source"]], [SOURCE + TOPIC["source"]]),
    *(
        (entry, [SOURCE + arn, ACCOUNT + account], [SOURCE + arn, ACCOUNT + account])
        for entry, arn, account in (
            (BUCKET, BUCKET["source"], "123456789012"),
            (THEIRS, BUCKET["source"], "999999999999"),
            (MADE, "arn:aws:s3:::made", "123456789012"),
        )
    ),
]


def admitting(catalog: Catalog, type_: str, entries: list[dict[str, str]], key: str = OWN_KEY) -> Workload:
    manifest = {
        "version": 1,
        "workload": "app",
        "compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
        "resources": {
            "own": {"type": "kms-key", "name": "own", "create": True},
            "files": {"type": "s3-bucket", "name": "made", "create": True},
            "it": {"type": type_, "name": "it", "create": True, "kms_key": key, "admit": entries},
        },
        "environments": {"dev": {"account": "123456789012", "region": "us-east-1"}},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), catalog)
    return workload


def admissions(declaration: Declaration, workload: Workload, policy: str) -> Iterator[tuple[str, list[str], list[str]]]:
    values = workload.environments[0].values
    (found,) = (p for p in declaration.policies if p.name == policy)
    for statement in found.statements:
        services = [name.ground(values) for kind, name in statement.principals if kind == "Service"]
        if services:
            yield services[0], sorted(statement.actions), sorted(conditions(statement, values))


def conditions(statement: ResourceStatement, values: Any) -> list[str]:
    return [f"{c.operator} {c.key.ground(values)} {v.ground(values)}" for c in statement.conditions for v in c.values]


@pytest.mark.parametrize(("type_", "policy", "action"), [("sqs-queue", "queue", "sqs:SendMessage"),
                                                         ("sns-topic", "topic", "sns:Publish")])  # fmt: skip
@pytest.mark.parametrize(("entry", "of_policy", "of_key"), CASES)
def test_a_service_is_admitted_to_the_resource_and_to_its_key(
    catalog: Catalog, type_: str, policy: str, action: str, entry: dict[str, str],
    of_policy: list[str], of_key: list[str],
) -> None:  # fmt: skip
    workload = admitting(catalog, type_, [entry])
    declaration = derive_grants(workload, catalog)
    assert list(admissions(declaration, workload, policy)) == [(entry["service"], [action], sorted(of_policy))]
    use = ["kms:Decrypt", "kms:GenerateDataKey"]
    assert list(admissions(declaration, workload, "key")) == [(entry["service"], use, sorted(of_key))]
    assert declaration.required_policies == ()


def test_the_owner_of_an_existing_key_is_handed_the_statement(catalog: Catalog) -> None:
    workload = admitting(catalog, "sqs-queue", [TOPIC, BUCKET], OTHER_KEY)
    first, second = derive_grants(workload, catalog).required_policies
    assert {first.to, second.to} == {"key policy"}
    assert set(first.document["Condition"]) == {"ArnEquals"}
    assert set(second.document["Condition"]) == {"ArnEquals", "StringEquals"}


def test_what_two_resources_need_of_a_key_is_said_once(catalog: Catalog) -> None:
    workload = admitting(catalog, "sqs-queue", [RULE, {**RULE, "source": RULE["source"] + "-2"}])
    assert len(list(admissions(derive_grants(workload, catalog), workload, "key"))) == 1


def test_a_key_does_not_wait_for_what_waits_for_it() -> None:
    key = "${resources.own.arn}"
    resources = {
        "own": {"type": "kms-key", "name": "own", "create": True},
        "news": {"type": "sns-topic", "name": "news", "create": True, "kms_key": key},
        "jobs": {
            "type": "sqs-queue", "name": "jobs", "create": True, "kms_key": key,
            "admit": [{"service": "sns.amazonaws.com", "source": "${resources.news.arn}"}],
        },
    }  # fmt: skip
    compute = {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"}
    manifest = {"version": 1, "workload": "app", "compute": compute, "resources": resources}
    with Pipeline() as pipeline:
        (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
        assert not pipeline.build(workload).refused
