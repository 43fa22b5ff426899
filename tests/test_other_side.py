"""What the owner of another side is handed: a statement that the owner's policy takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.finding import Rejected
from rolewright.grants import derive_grants
from rolewright.manifest import read_manifest
from rolewright.source import loads

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog
    from rolewright.model import HandOver


def handed(catalog: Catalog, entry: dict[str, Any]) -> tuple[HandOver, ...]:
    manifest = {
        "version": 1,
        "workload": "caller",
        "compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
        "resources": {"it": entry},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), catalog)
    return derive_grants(workload, catalog).hand_overs


@pytest.mark.parametrize(
    ("type_", "arn", "access"),
    [
        ("sts-assume-role", "arn:aws:iam::999999999999:role/partners/reader", "assume"),
        ("ecr-repository", "arn:aws:ecr:us-east-1:999999999999:repository/app", "pull"),
    ],
)
def test_a_policy_that_takes_no_resource_is_handed_none(catalog: Catalog, type_: str, arn: str, access: str) -> None:
    (one,) = handed(catalog, {"type": type_, "arn": arn, "access": access})
    assert set(one.document) == {"Sid", "Effect", "Principal", "Action"}


def test_a_queue_policy_is_handed_its_resource(catalog: Catalog) -> None:
    arn = "arn:aws:sqs:us-east-1:999999999999:partner"
    (one,) = handed(catalog, {"type": "sqs-queue", "arn": arn, "access": "send"})
    assert [text.literal for text in one.document["Resource"]] == [arn]
    assert one.document["Action"] == ["sqs:SendMessage"]


def test_what_cannot_be_shared_is_refused(catalog: Catalog) -> None:
    arn = "arn:aws:logs:us-east-1:999999999999:log-group:theirs"
    with pytest.raises(Rejected) as refusal:
        handed(catalog, {"type": "cloudwatch-log-group", "arn": arn, "access": "put"})
    assert [f.rule for f in refusal.value.findings] == ["cross-account"]


def test_an_access_point_narrows_what_the_file_system_policy_says(catalog: Catalog) -> None:
    point = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-01"
    entry = {"type": "efs-file-system", "name": "fs-0123456789abcdef0", "access": ["mount-write", "root"]}
    for more, pinned in (({"access_point": point}, point), ({}, None)):
        found = handed(catalog, {**entry, **more})
        assert len(found) == 2
        for one in found:
            value = one.document["Condition"].get("StringEquals", {}).get("elasticfilesystem:AccessPointArn")
            assert (value.literal if value else None) == pinned


def test_no_sid_is_handed_twice(catalog: Catalog) -> None:
    arn = "arn:aws:iam::999999999999:role/reader"
    found = handed(catalog, {"type": "sts-assume-role", "arn": arn, "external_id": "a1", "access": "assume-tagged"})
    sids = [one.document["Sid"] for one in found]
    assert len(sids) == 2
    assert len(set(sids)) == 2
