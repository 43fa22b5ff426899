"""What the owner of another side is handed: a statement that the owner's policy takes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.core.text import Text
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.render.module import render
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog
    from rolewright.core.model import RequiredPolicy, Workload


EC2 = {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"}


def read(catalog: Catalog, entry: dict[str, Any], compute: dict[str, Any] = EC2, **more: Any) -> Workload:
    manifest = {"version": 1, "workload": "caller", "compute": compute, "resources": {"it": entry}, **more}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), catalog)
    return workload


def handed(catalog: Catalog, entry: dict[str, Any], **more: Any) -> tuple[RequiredPolicy, ...]:
    return derive_grants(read(catalog, entry, **more), catalog).required_policies


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
            return {plain(key): plain(value) for key, value in document.items()}
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


ENVIRONMENTS = {
    "dev": {"account": "111111111111", "region": "us-east-1"},
    "prod": {"account": "222222222222", "region": "us-east-1"},
}
THEIR_KEY = "arn:aws:kms:us-east-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def test_a_key_of_another_account_is_handed_its_statement(catalog: Catalog) -> None:
    entry = {"type": "s3-bucket", "name": "ours", "kms_key": THEIR_KEY, "access": "get"}
    (one,) = handed(catalog, entry, environments=ENVIRONMENTS)
    assert (one.to, one.resource) == ("key policy", "it.kms_key")
    assert plain(one.document)["Action"] == ["kms:Decrypt"]
    assert plain(one.document)["Resource"] == ["*"]
    own = {**entry, "kms_key": THEIR_KEY.replace("999999999999", "${account}")}
    assert handed(catalog, own, environments=ENVIRONMENTS) == ()


def test_an_image_of_another_account_is_handed_its_statement(catalog: Catalog) -> None:
    image = "999999999999.dkr.ecr.us-east-1.amazonaws.com/app:1"
    compute = {"type": "fargate", "image": image, "cpu": 256, "memory": 512}
    (one,) = handed(catalog, {"type": "s3-bucket", "name": "ours", "access": "get"}, compute=compute,
                    environments=ENVIRONMENTS)  # fmt: skip
    assert one.to == "repository policy"
    assert "Resource" not in one.document
    assert "ecr:BatchGetImage" in one.document["Action"]
    assert plain(one.document)["Principal"]["AWS"].endswith("execution")


OBJECTS = {"type": "s3-bucket", "name": "theirs", "prefix": "in/", "access": ["list", "get"]}


def test_a_bucket_of_another_account_is_handed_its_statements(catalog: Catalog) -> None:
    required = handed(catalog, {**OBJECTS, "owner_account": "222222222222"})
    assert {policy.to for policy in required} == {"bucket policy"}
    listing, reading = (plain(policy.document) for policy in required)
    principal = {"AWS": "arn:aws:iam::123456789012:role/caller-instance"}
    assert listing == {
        "Sid": "CallerItBucket",
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["s3:ListBucket"],
        "Resource": ["arn:aws:s3:::theirs"],
        "Condition": {"StringLike": {"s3:prefix": ["in/*"]}},
    }
    assert reading == {
        "Sid": "CallerItObject",
        "Effect": "Allow",
        "Principal": principal,
        "Action": ["s3:GetObject"],
        "Resource": ["arn:aws:s3:::theirs/in/*"],
    }


@pytest.mark.parametrize("owner", [{}, {"owner_account": "${account}"}, {"owner_account": "123456789012"}])
def test_a_bucket_of_the_own_account_needs_nobody(catalog: Catalog, owner: dict[str, str]) -> None:
    assert handed(catalog, {**OBJECTS, **owner}) == ()


def test_a_key_in_another_region_is_refused(catalog: Catalog) -> None:
    key = THEIR_KEY.replace("us-east-1", "eu-west-1")
    with pytest.raises(Rejected) as refusal:
        handed(catalog, {"type": "s3-bucket", "name": "ours", "kms_key": key, "access": "get"})
    (finding,) = refusal.value.findings
    assert (finding.rule, finding.path) == ("companion-region", "resources.it.kms_key")
    assert "us-east-1" not in f"{finding.message} {finding.remedy}"  # which the manifest names nowhere
    assert finding.remedy == "write ${region} in its ARN, or name the account and the region under `environments`"


def test_a_key_in_another_region_than_its_environment_is_refused_with_that_region(catalog: Catalog) -> None:
    key = THEIR_KEY.replace("us-east-1", "eu-west-1")
    with pytest.raises(Rejected) as refusal:
        handed(
            catalog, {"type": "s3-bucket", "name": "ours", "kms_key": key, "access": "get"}, environments=ENVIRONMENTS
        )
    assert {f.remedy for f in refusal.value.findings} == {"use one in us-east-1"}


def test_statements_of_two_environments_can_stand_in_one_policy(catalog: Catalog) -> None:
    entry = {"type": "sqs-queue", "arn": "arn:aws:sqs:us-east-1:999999999999:partner", "access": "send"}
    workload = read(catalog, entry, environments=ENVIRONMENTS)
    declaration = derive_grants(workload, catalog)
    readme = render(
        workload, declaration, build_roles(workload, declaration, catalog), catalog, Templates(catalog)
    ).files["README.md"]
    sids = re.findall(r'"Sid": "(\w+)"', readme)
    assert len(sids) == len(set(sids)) == 2


def test_no_sid_is_handed_twice(catalog: Catalog) -> None:
    arn = "arn:aws:iam::999999999999:role/reader"
    found = handed(catalog, {"type": "sts-assume-role", "arn": arn, "external_id": "a1", "access": "assume-tagged"})
    sids = [one.document["Sid"] for one in found]
    assert len(sids) == 2
    assert len(set(sids)) == 2


IMAGE = "999999999999.dkr.ecr.us-east-1.amazonaws.com/my-fn:1"
ACCOUNTS = {name: {"account": account, "region": "us-east-1"} for name, account in
            (("dev", "123456789012"), ("own", "999999999999"))}  # fmt: skip


def of_image(catalog: Catalog, *environments: str) -> list[RequiredPolicy]:
    compute = {"type": "lambda", "image": IMAGE}
    bucket = {"type": "s3-bucket", "name": "spare"}
    workload = read(catalog, bucket, compute, environments={name: ACCOUNTS[name] for name in environments})
    return [one for one in derive_grants(workload, catalog).required_policies if one.resource == "compute.image"]


def test_a_repository_of_another_account_is_told_who_pulls_the_functions_image(catalog: Catalog) -> None:
    """Lambda's guide has both statements: whoever makes the function reads the image as well."""
    account, service = of_image(catalog, "dev")
    assert {account.to, service.to} == {"repository policy"}
    assert set(account.document) == {"Sid", "Effect", "Principal", "Action"}
    assert account.document["Action"] == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    assert service.document["Principal"]["Service"] == [Text.of("lambda.amazonaws.com")]
    ((key, values),) = service.document["Condition"]["StringLike"].items()
    assert key == Text.of("aws:SourceArn")
    environment = read(catalog, {"type": "s3-bucket", "name": "spare"}, environments=ACCOUNTS).environments[0]
    shown = [text.ground({**environment.values, "var.environment": "dev"}) for text in values]
    assert shown == ["arn:aws:lambda:us-east-1:123456789012:function:caller-dev"]


def test_a_repository_of_the_account_itself_is_told_that_lambda_pulls(catalog: Catalog) -> None:
    """Lambda adds that by itself only if whoever makes the function may change the repository's policy."""
    (service,) = of_image(catalog, "own")
    assert service.to == "repository policy"
    assert service.document["Principal"]["Service"] == [Text.of("lambda.amazonaws.com")]


BY_NAME = "999999999999.dkr.ecr.us-east-1.amazonaws.com/my-fn:1"


@pytest.mark.parametrize("image", ["${resources.it.url}:1.0", BY_NAME])
def test_a_repository_that_is_made_lets_lambda_pull(catalog: Catalog, image: str) -> None:
    """An image's URL that is not known yet is not taken apart; the policy precedes the function, without a Resource."""
    entry = {"type": "ecr-repository", "name": "my-fn", "create": True}
    workload = read(catalog, entry, {"type": "lambda", "image": image}, environments={"own": ACCOUNTS["own"]})
    declaration = derive_grants(workload, catalog)
    assert [one for one in declaration.required_policies if one.resource == "compute.image"] == []
    (policy,) = (policy for policy in declaration.policies if policy.carrier == "aws_ecr_repository_policy.policy")
    (statement,) = policy.statements
    assert statement.principals == (("Service", Text.of("lambda.amazonaws.com")),)
    assert statement.actions == ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    assert statement.resources == ()
    module = render(workload, declaration, build_roles(workload, declaration, catalog), catalog, Templates(catalog))
    assert "depends_on = [aws_iam_role_policy.execution, aws_ecr_repository_policy.it]" in module.files["lambda.tf"]
    assert "allow lambda.amazonaws.com ecr:BatchGetImage on * if" in module.files["access.lock"]


@pytest.mark.parametrize(
    "compute",
    [
        {"type": "lambda", "image": BY_NAME.replace("my-fn", "other")},
        {"type": "lambda", "image": BY_NAME.replace("999999999999", "123456789012")},
        {"type": "fargate", "image": BY_NAME, "cpu": 256, "memory": 512},
    ],
)
def test_a_repository_that_is_made_lets_nobody_pull_another_image(catalog: Catalog, compute: dict[str, Any]) -> None:
    """ECS pulls with a role."""
    entry = {"type": "ecr-repository", "name": "my-fn", "create": True}
    workload = read(catalog, entry, compute, environments={"own": ACCOUNTS["own"]})
    carriers = [policy.carrier for policy in derive_grants(workload, catalog).policies]
    assert "aws_ecr_repository_policy.policy" not in carriers
