"""Fields that narrow a verb: what the role may still do, and what no longer, in the words of requests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
TOPIC = "arn:aws:sns:us-east-1:123456789012:news"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1B2c3"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/app"


@dataclass(frozen=True)
class Case:
    """One entry of a manifest, a request, and whether it is allowed."""

    name: str
    entry: dict[str, Any]
    action: str
    arn: str
    allowed: bool
    context: dict[str, list[str]] = field(default_factory=dict)


TENANT = {"type": "dynamodb-table", "name": "orders", "leading_keys": ["t1"], "access": ["get", "put", "query"]}
COLUMNS = {"type": "dynamodb-table", "name": "orders", "attributes": ["id", "state"], "access": ["get", "update"]}
INDEXED = {"type": "dynamodb-table", "name": "orders", "indexes": ["by-date"], "access": "query"}
CURRENT = {"type": "secretsmanager-secret", "name": "db", "version_stage": "AWSCURRENT", "access": "get"}
ENCRYPTED = {"type": "secretsmanager-secret", "name": "db", "kms_key": KEY, "access": "get"}
MAIL = {"type": "sns-topic", "name": "news", "protocol": "email", "endpoint": "*@example.com", "access": "subscribe"}
THROUGH = {"type": "kms-key", "name": KEY.rpartition("/")[2], "via_service": "s3", "access": "decrypt"}
FLAT = {"type": "ssm-parameter", "name": "/app", "flat": True, "access": "read-path"}
STORED = {"type": "secretsmanager-secret", "name": "db", "kms_key": KEY, "access": "put"}
CHANGED = {"type": "secretsmanager-secret", "name": "db", "access": ["update", "start-rotation"]}
KEPT = {"type": "ssm-parameter", "name": "/app", "kms_key": KEY, "access": "put"}
PHOTOS = {"type": "s3-bucket", "name": "photos", "prefix": "in/", "kms_key": KEY, "access": ["get", "put"]}
OWNED = {"type": "s3-bucket", "name": "photos", "owner_account": "123456789012", "access": ["list", "get"]}
SIGNED = {"type": "kms-key", "name": KEY.rpartition("/")[2], "signing_algorithms": ["ECDSA_SHA_256"], "access": "sign"}
KEYS, NAMES = "dynamodb:LeadingKeys", "dynamodb:Attributes"
STAGE, VERSION = "secretsmanager:VersionStage", "secretsmanager:VersionId"
VIA, ARN_OF = "kms:ViaService", "kms:EncryptionContext:SecretARN"
BUCKET, OBJECT = "arn:aws:s3:::photos", "arn:aws:s3:::photos/in/cat.jpg"
OF_OBJECT, OWNER = "kms:EncryptionContext:aws:s3:arn", "s3:ResourceAccount"
OF_PARAMETER = "kms:EncryptionContext:PARAMETER_ARN"
THROUGH_S3 = {VIA: ["s3.us-east-1.amazonaws.com"]}
CASES = [
    Case("own items", TENANT, "dynamodb:GetItem", TABLE, True, {KEYS: ["t1"]}),
    Case("another tenant's", TENANT, "dynamodb:GetItem", TABLE, False, {KEYS: ["t2"]}),
    Case("own and another's", TENANT, "dynamodb:PutItem", TABLE, False, {KEYS: ["t1", "t2"]}),
    Case("no key at all", TENANT, "dynamodb:Query", TABLE, False),
    Case("an index by own key", TENANT, "dynamodb:Query", f"{TABLE}/index/x", True, {KEYS: ["t1"]}),
    Case("named attributes", COLUMNS, "dynamodb:GetItem", TABLE, True,
         {NAMES: ["id", "state"], "dynamodb:Select": ["SPECIFIC_ATTRIBUTES"]}),
    Case("every attribute", COLUMNS, "dynamodb:GetItem", TABLE, False,
         {NAMES: ["id"], "dynamodb:Select": ["ALL_ATTRIBUTES"]}),
    Case("attributes that a read does not name", COLUMNS, "dynamodb:GetItem", TABLE, False, {NAMES: ["id"]}),
    Case("an update", COLUMNS, "dynamodb:UpdateItem", TABLE, True,
         {NAMES: ["id", "state"], "dynamodb:ReturnValues": ["NONE"]}),
    Case("another attribute", COLUMNS, "dynamodb:UpdateItem", TABLE, False, {NAMES: ["id", "price"]}),
    Case("the old item back", COLUMNS, "dynamodb:UpdateItem", TABLE, False,
         {NAMES: ["id", "state"], "dynamodb:ReturnValues": ["ALL_OLD"]}),
    Case("the index", INDEXED, "dynamodb:Query", f"{TABLE}/index/by-date", True),
    Case("another index", INDEXED, "dynamodb:Query", f"{TABLE}/index/by-customer", False),
    Case("the current version", CURRENT, "secretsmanager:GetSecretValue", SECRET, True, {STAGE: ["AWSCURRENT"]}),
    Case("the current version, by default", CURRENT, "secretsmanager:GetSecretValue", SECRET, True),
    Case("the previous version", CURRENT, "secretsmanager:GetSecretValue", SECRET, False, {STAGE: ["AWSPREVIOUS"]}),
    Case("any version by its id", CURRENT, "secretsmanager:GetSecretValue", SECRET, False, {VERSION: ["8f9e"]}),
    Case("the secret's value", ENCRYPTED, "kms:Decrypt", KEY, True,
         {VIA: ["secretsmanager.us-east-1.amazonaws.com"], ARN_OF: [SECRET]}),
    Case("another secret's value", ENCRYPTED, "kms:Decrypt", KEY, False,
         {VIA: ["secretsmanager.us-east-1.amazonaws.com"], ARN_OF: [SECRET.replace(":db-", ":db-admin-")]}),
    Case("the key by itself", ENCRYPTED, "kms:Decrypt", KEY, False),
    Case("a data key for the secret", STORED, "kms:GenerateDataKey", KEY, True,
         {VIA: ["secretsmanager.us-east-1.amazonaws.com"], ARN_OF: [SECRET]}),
    Case("a data key for another secret", STORED, "kms:GenerateDataKey", KEY, False,
         {VIA: ["secretsmanager.us-east-1.amazonaws.com"], ARN_OF: [SECRET.replace(":db-", ":dc-")]}),
    Case("a value alone", CHANGED, "secretsmanager:UpdateSecret", SECRET, True),
    Case("another key", CHANGED, "secretsmanager:UpdateSecret", SECRET, False,
         {"secretsmanager:KmsKeyId": ["alias/aws/secretsmanager"]}),
    Case("another description", CHANGED, "secretsmanager:UpdateSecret", SECRET, False,
         {"secretsmanager:Description": ["unused"]}),
    Case("another type of secret", CHANGED, "secretsmanager:UpdateSecret", SECRET, False,
         {"secretsmanager:Type": ["SalesforceClientSecret"]}),
    Case("a rotation as it is set up", CHANGED, "secretsmanager:RotateSecret", SECRET, True,
         {"secretsmanager:ModifyRotationRules": ["false"], "secretsmanager:RotateImmediately": ["true"]}),
    Case("another schedule", CHANGED, "secretsmanager:RotateSecret", SECRET, False,
         {"secretsmanager:ModifyRotationRules": ["true"]}),
    Case("another function", CHANGED, "secretsmanager:RotateSecret", SECRET, False,
         {"secretsmanager:RotationLambdaARN": ["arn:aws:lambda:us-east-1:123456789012:function:other"]}),
    Case("another role that rotates", CHANGED, "secretsmanager:RotateSecret", SECRET, False,
         {"secretsmanager:ExternalSecretRotationRoleArn": ["arn:aws:iam::123456789012:role/other"]}),
    Case("a value", KEPT, "kms:Encrypt", KEY, True,
         {VIA: ["ssm.us-east-1.amazonaws.com"], OF_PARAMETER: [PARAMETER]}),
    Case("a value of the advanced tier", KEPT, "kms:GenerateDataKey", KEY, True,
         {VIA: ["ssm.us-east-1.amazonaws.com"], OF_PARAMETER: [PARAMETER]}),
    Case("another parameter's value", KEPT, "kms:Encrypt", KEY, False,
         {VIA: ["ssm.us-east-1.amazonaws.com"], OF_PARAMETER: [PARAMETER + "2"]}),
    Case("an object", PHOTOS, "kms:Decrypt", KEY, True, {**THROUGH_S3, OF_OBJECT: [OBJECT]}),
    Case("an object of a bucket with a bucket key", PHOTOS, "kms:GenerateDataKey", KEY, True,
         {**THROUGH_S3, OF_OBJECT: [BUCKET]}),
    Case("an object outside the prefix", PHOTOS, "kms:Decrypt", KEY, False,
         {**THROUGH_S3, OF_OBJECT: [OBJECT.replace("/in/", "/out/")]}),
    Case("another bucket's object", PHOTOS, "kms:Decrypt", KEY, False, {**THROUGH_S3, OF_OBJECT: [BUCKET + "-2"]}),
    Case("the owner's bucket", OWNED, "s3:ListBucket", BUCKET, True, {OWNER: ["123456789012"]}),
    Case("the owner's object", OWNED, "s3:GetObject", OBJECT, True, {OWNER: ["123456789012"]}),
    Case("a bucket that somebody else has made", OWNED, "s3:GetObject", OBJECT, False, {OWNER: ["999999999999"]}),
    Case("an algorithm", SIGNED, "kms:Sign", KEY, True, {"kms:SigningAlgorithm": ["ECDSA_SHA_256"]}),
    Case("another algorithm", SIGNED, "kms:Sign", KEY, False, {"kms:SigningAlgorithm": ["ECDSA_SHA_512"]}),
    Case("an address", MAIL, "sns:Subscribe", TOPIC, True,
         {"sns:Protocol": ["email"], "sns:Endpoint": ["ann@example.com"]}),
    Case("a foreign address", MAIL, "sns:Subscribe", TOPIC, False,
         {"sns:Protocol": ["email"], "sns:Endpoint": ["ann@example.org"]}),
    Case("another protocol", MAIL, "sns:Subscribe", TOPIC, False,
         {"sns:Protocol": ["https"], "sns:Endpoint": ["https://x@example.com"]}),
    Case("through the service", THROUGH, "kms:Decrypt", KEY, True, {VIA: ["s3.us-east-1.amazonaws.com"]}),
    Case("through another", THROUGH, "kms:Decrypt", KEY, False, {VIA: ["sqs.us-east-1.amazonaws.com"]}),
    Case("right below", FLAT, "ssm:GetParametersByPath", PARAMETER, True, {"ssm:Recursive": ["false"]}),
    Case("all the way down", FLAT, "ssm:GetParametersByPath", PARAMETER, False, {"ssm:Recursive": ["true"]}),
]  # fmt: skip


def documents(pipeline: Pipeline, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The policies of the role, as read back from the text."""
    manifest = {
        "version": 1,
        "workload": "narrow",
        "compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
        "resources": {"it": entry},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == ()
    plan = evaluate(parse(built.module), workload.environments[0])
    return [json.loads(b.values["policy"]) for b in plan.resources.values() if b.type == "aws_iam_role_policy"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_field_narrows_what_a_role_may_do(case: Case, pipeline: Pipeline) -> None:
    context = {key: tuple(values) for key, values in case.context.items()}
    decision = decide(documents(pipeline, case.entry), Request(case.action, case.arn, context))
    assert (decision is Decision.ALLOWED) == case.allowed
    assert decision is not Decision.UNKNOWN


WHOLE_TABLE = ["scan", "read", "partiql-select", "partiql-update", "read-stream", ["get", "read-write"]]
WHOLE_ITEM = ["put", "delete", "write", "batch-write-delete", "transact-check", "partiql-insert", "partiql-delete"]
BEYOND: list[tuple[dict[str, Any], Any]] = [
    *(({"type": "dynamodb-table", "name": "orders", "leading_keys": ["x"]}, access) for access in WHOLE_TABLE),
    *(({"type": "dynamodb-table", "name": "orders", "attributes": ["x"]}, access) for access in WHOLE_TABLE),
    *(({"type": "dynamodb-table", "name": "orders", "attributes": ["x"]}, access) for access in WHOLE_ITEM),
    ({"type": "s3-bucket", "name": "photos", "prefix": "in/"}, "list-uploads"),
    ({"type": "secretsmanager-secret", "name": "db", "version_stage": "AWSCURRENT"}, "rotate"),
    ({"type": "kms-key", "name": KEY.rpartition("/")[2], "via_service": "s3"}, "derive"),
]


@pytest.mark.parametrize(("entry", "access"), BEYOND)
def test_what_a_field_could_not_limit_is_refused(entry: dict[str, Any], access: Any, pipeline: Pipeline) -> None:
    with pytest.raises(Rejected) as refusal:
        documents(pipeline, {**entry, "access": access})
    assert {f.rule for f in refusal.value.findings} == {"access-scope"}
