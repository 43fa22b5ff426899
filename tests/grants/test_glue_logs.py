"""A job of Glue may write to the log groups that Glue writes to, and the module makes them under these names."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
CONFIGURED = {"security_configuration": "mine", "kms_key": KEY}
SHARED = {"/aws-glue/jobs/error", "/aws-glue/jobs/output"}


def build(pipeline: Pipeline, **fields: Any) -> Built:
    compute = {"type": "glue-job", "script": "s3://my-code/a.py", **fields}
    manifest = {"version": 1, "workload": "orders", "compute": compute}
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    return built


def granted(built: Built, action: str, pattern: str) -> set[str]:
    """What a pattern finds in the ARNs that the role may do an action on."""
    lines = built.module.files["access.lock"].splitlines()
    on = (line.partition(" on ")[2] for line in lines if line.startswith(f"job allow {action} on "))
    return {found[1] for arn in on if (found := re.search(pattern, arn))}


def made(built: Built) -> set[str]:
    (environment,) = built.workload.environments
    blocks = evaluate(parse(built.module), environment).resources.values()
    return {str(block.values["name"]) for block in blocks if block.type == "aws_cloudwatch_log_group"}


# Glue's guide, "Logging for AWS Glue jobs", and with a security configuration two modules that name the same groups.
@pytest.mark.parametrize(
    ("fields", "own", "shared"),
    [
        ({}, {"/aws-glue/jobs/orders/error", "/aws-glue/jobs/orders/output"}, set()),
        (
            CONFIGURED,
            {"/aws-glue/jobs/orders/mine-role/orders-job/error", "/aws-glue/jobs/orders/mine-role/orders-job/output"},
            set(),
        ),
        ({"glue_version": "6.0"}, {"/aws-glue/jobs/orders/error", "/aws-glue/jobs/orders/output"}, set()),
        ({"glue_version": "4.0"}, {"/aws-glue/jobs/orders"}, SHARED),
        (
            {"glue_version": "3.0", "python_shell": True},
            set(),
            {f"/aws-glue/python-jobs/{n}" for n in ("error", "output")},
        ),
    ],
)
def test_the_groups_that_are_written(
    pipeline: Pipeline, fields: dict[str, Any], own: set[str], shared: set[str]
) -> None:
    built = build(pipeline, **fields)
    assert made(built) == own
    assert granted(built, "logs:PutLogEvents", r"log-group:(.*):log-stream") == own | shared
    prefix = '"--custom-logGroup-prefix"' in built.module.files["glue.tf"]
    assert prefix == (not shared)


def test_the_key_of_a_security_configuration(pipeline: Pipeline) -> None:
    """Glue's guide, "Setting up encryption": S3 and bookmarks by the role, logs by the service."""
    built = build(pipeline, **CONFIGURED)
    assert granted(built, "logs:AssociateKmsKey", r"log-group:(.*?)(:\*)?$") == made(built)
    assert {a for a in ("Decrypt", "Encrypt", "GenerateDataKey") if granted(built, f"kms:{a}", f"^({KEY})$")} == {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
    }


def test_keys_of_the_buckets_are_used_through_s3_alone(pipeline: Pipeline) -> None:
    built = build(pipeline, script_kms_key=KEY, temp_kms_key=KEY, temp_dir="s3://my-temp/a/")
    through = f"^({KEY}) if StringEquals kms:ViaService s3.REGION.amazonaws.com$"
    assert granted(built, "kms:Decrypt", through) == granted(built, "kms:Decrypt", "^(arn:aws:kms[^ ]+)") == {KEY}
    assert granted(built, "kms:GenerateDataKey", through) == {KEY}


@pytest.mark.parametrize(
    ("folder", "fields", "keys"),
    [
        ("a/", {}, {"a/*", "a_$folder$"}),
        ("a/b c/", {"glue_version": "4.0"}, {"a/b c/*", "a/b c_$folder$"}),
        ("a/", {"python_shell": True, "glue_version": "3.0"}, {"a/*"}),
    ],
)
def test_spark_may_mark_the_folder_beside_it(
    pipeline: Pipeline, folder: str, fields: dict[str, Any], keys: set[str]
) -> None:
    """EMRFS writes an empty object beside a folder that it makes, and no more is writable there."""
    built = build(pipeline, temp_dir=f"s3://my-temp/{folder}", **fields)
    assert granted(built, "s3:PutObject", r"my-temp/(.*)$") == keys
    assert granted(built, "s3:GetObject", r"my-temp/(.*)$") == {f"{folder}*"}


def test_a_connection_brings_its_own_rights_and_no_other_connection(pipeline: Pipeline) -> None:
    built = build(pipeline, connections=["warehouse"])
    assert granted(built, "glue:GetConnection", r"glue:REGION:ACCOUNT:(\S+)") == {"catalog", "connection/warehouse"}
    assert granted(built, "ec2:CreateTags", "(aws:TagKeys aws-glue-service-resource)")
