"""What the owner of another side is handed: a statement that the owner's policy takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.finding import Rejected
from rolewright.grants import derive_grants
from rolewright.manifest import read_manifest
from rolewright.model import Text
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


VALUES = {"local.partition": "aws", "local.region": "us-east-1", "local.account": "123456789012"}


def plain(document: Any) -> Any:
    """A document as its owner is shown it."""
    match document:
        case Text():
            return document.ground(VALUES)
        case dict():
            return {key: plain(value) for key, value in document.items()}
        case list():
            return [plain(item) for item in document]
        case _:
            return document


def test_a_file_system_policy_lets_nobody_in_past_the_access_point(catalog: Catalog) -> None:
    ids = {"name": "fs-0123456789abcdef0", "access_point": "fsap-0123456789abcdef0"}
    (one,) = handed(catalog, {"type": "efs-file-system", **ids, "access": "mount-write"})
    arn = "arn:aws:elasticfilesystem:us-east-1:123456789012"
    assert plain(one.document) == {
        "Sid": "MountWrite",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/caller-instance"},
        "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        "Resource": f"{arn}:file-system/{ids['name']}",
        "Condition": {
            "Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"},
            "StringEquals": {"elasticfilesystem:AccessPointArn": f"{arn}:access-point/{ids['access_point']}"},
        },
    }


def test_a_file_system_without_an_access_point_is_mounted_whole(catalog: Catalog) -> None:
    (one,) = handed(catalog, {"type": "efs-file-system", "name": "fs-0123456789abcdef0", "access": "mount"})
    assert plain(one.document)["Condition"] == {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}


def test_the_bucket_of_an_access_point_leaves_to_it_what_the_role_may_do(catalog: Catalog) -> None:
    arn = "arn:aws:s3:us-east-1:999999999999:accesspoint/theirs"
    entry = {"type": "s3-access-point", "arn": arn, "bucket": "their-data", "prefix": "in/", "access": "get"}
    found = {one.to: plain(one.document) for one in handed(catalog, entry)}
    assert set(found) == {"access point policy", "bucket policy"}
    assert found["access point policy"]["Resource"] == [f"{arn}/object/in/*"]
    assert found["bucket policy"] == {
        "Sid": "GetThroughAccessPoint",
        "Effect": "Allow",
        "Principal": found["access point policy"]["Principal"],
        "Action": found["access point policy"]["Action"],
        "Resource": "arn:aws:s3:::their-data/in/*",
        "Condition": {"StringEquals": {"s3:DataAccessPointArn": arn}},
    }


def test_no_sid_is_handed_twice(catalog: Catalog) -> None:
    arn = "arn:aws:iam::999999999999:role/reader"
    found = handed(catalog, {"type": "sts-assume-role", "arn": arn, "external_id": "a1", "access": "assume-tagged"})
    sids = [one.document["Sid"] for one in found]
    assert len(sids) == 2
    assert len(set(sids)) == 2
