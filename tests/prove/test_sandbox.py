from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rolewright.core.finding import Location
from rolewright.core.model import Environment
from rolewright.hcl.syntax import ParsedModule
from rolewright.prove import sandbox
from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule
from rolewright.prove.sandbox import Moto, RefusedError, Sandbox, open_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "210987654321"
HERE = Environment("test", ACCOUNT, "eu-west-1", "aws", {}, {})


def block(address: str, values: dict[str, Any], depends: tuple[str, ...] = ()) -> EvaluatedBlock:
    kind, name = address.split(".")
    return EvaluatedBlock(address, "resource", kind, name, values, "main.tf", 7, depends)


def module(*blocks: EvaluatedBlock) -> EvaluatedModule:
    return EvaluatedModule(
        {evaluated.address: evaluated for evaluated in blocks}, {}, {}, {}, (), ParsedModule({}, (), {})
    )


def policy(action: str = "s3:GetObject", resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(service: str = "lambda") -> str:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(name: str = "r", **values: str | int | dict[str, str]) -> EvaluatedBlock:
    given = {"name": name, "path": "/", "assume_role_policy": trust(), **values}
    return block(f"aws_iam_role.{name}", given)


def bucket_policy() -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": "arn:aws:s3:::rolewright-b/*",
                }
            ],
        }
    )


TAGS = {"service": "orders"}

EVERYTHING = (
    block(
        "aws_kms_key.k",
        {
            "description": "d",
            "enable_key_rotation": True,
            "deletion_window_in_days": 30,
            "policy": policy("kms:*"),
            "tags": TAGS,
        },
    ),
    block(
        "aws_kms_key.mac",
        {"key_usage": "GENERATE_VERIFY_MAC", "customer_master_key_spec": "HMAC_256", "policy": policy("kms:*")},
    ),
    block("aws_kms_alias.k", {"name": "alias/k", "target_key_id": "${aws_kms_key.k.key_id}"}),
    role("r", tags=TAGS, max_session_duration=3600),
    block(
        "aws_iam_role_policy.r",
        {
            "name": "access",
            "role": "${aws_iam_role.r.id}",
            "policy": policy("kms:Decrypt", "${aws_kms_key.k.arn}"),
        },
    ),
    block("aws_iam_policy.p", {"name": "p", "policy": policy("sqs:SendMessage"), "tags": TAGS}),
    block(
        "aws_iam_role_policy_attachment.p",
        {"role": "${aws_iam_role.r.name}", "policy_arn": "${aws_iam_policy.p.arn}"},
    ),
    block(
        "aws_iam_role_policy_attachment.managed",
        {
            "role": "r",
            "policy_arn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
        },
    ),
    block("aws_iam_role_policies_exclusive.r", {"role_name": "r", "policy_names": ["access"]}),
    block("aws_iam_role_policy_attachments_exclusive.r", {"role_name": "r", "policy_arns": []}),
    block("aws_iam_instance_profile.i", {"name": "i", "role": "${aws_iam_role.r.name}"}),
    block(
        "aws_instance.i",
        {
            "ami": "${data.aws_ssm_parameter.ami.value}",
            "instance_type": "t3.micro",
            "iam_instance_profile": "${aws_iam_instance_profile.i.name}",
            "subnet_id": "subnet-0123",
            "metadata_options": [{"http_tokens": "required"}],
            "root_block_device": [{"encrypted": True, "volume_size": 40}],
            "tags": TAGS,
        },
    ),
    block("aws_s3_bucket.b", {"bucket": "rolewright-b", "tags": TAGS}),
    block(
        "aws_s3_bucket_public_access_block.b",
        {
            "bucket": "${aws_s3_bucket.b.id}",
            "block_public_acls": True,
            "block_public_policy": True,
            "ignore_public_acls": True,
            "restrict_public_buckets": True,
        },
    ),
    block(
        "aws_s3_bucket_ownership_controls.b",
        {"bucket": "${aws_s3_bucket.b.id}", "rule": [{"object_ownership": "BucketOwnerEnforced"}]},
    ),
    block(
        "aws_s3_bucket_server_side_encryption_configuration.b",
        {
            "bucket": "${aws_s3_bucket.b.id}",
            "rule": [
                {
                    "bucket_key_enabled": True,
                    "apply_server_side_encryption_by_default": [
                        {"sse_algorithm": "aws:kms", "kms_master_key_id": "${aws_kms_key.k.arn}"}
                    ],
                }
            ],
        },
    ),
    block(
        "aws_s3_bucket_versioning.b",
        {"bucket": "${aws_s3_bucket.b.id}", "versioning_configuration": [{"status": "Enabled"}]},
    ),
    block(
        "aws_s3_bucket_lifecycle_configuration.b",
        {
            "bucket": "${aws_s3_bucket_versioning.b.bucket}",
            "rule": [
                {
                    "id": "tidy-up",
                    "status": "Enabled",
                    "filter": [{}],
                    "abort_incomplete_multipart_upload": [{"days_after_initiation": 7}],
                    "noncurrent_version_expiration": [{"noncurrent_days": 30}],
                }
            ],
        },
    ),
    block(
        "aws_s3_bucket_policy.b",
        {"bucket": "${aws_s3_bucket_public_access_block.b.bucket}", "policy": bucket_policy()},
    ),
    block(
        "aws_dynamodb_table.t",
        {
            "name": "t",
            "billing_mode": "PAY_PER_REQUEST",
            "deletion_protection_enabled": True,
            "hash_key": "pk",
            "range_key": "sk",
            "stream_enabled": True,
            "stream_view_type": "NEW_IMAGE",
            "attribute": [{"name": "pk", "type": "S"}, {"name": "sk", "type": "N"}],
            "point_in_time_recovery": [{"enabled": True}],
            "server_side_encryption": [{"enabled": True, "kms_key_arn": "${aws_kms_key.k.arn}"}],
            "ttl": [{"attribute_name": "gone", "enabled": True}],
            "tags": TAGS,
        },
    ),
    block(
        "aws_dynamodb_table.plain",
        {
            "name": "plain",
            "billing_mode": "PAY_PER_REQUEST",
            "hash_key": "pk",
            "attribute": [{"name": "pk", "type": "S"}],
        },
    ),
    block(
        "aws_secretsmanager_secret.s",
        {
            "name": "s",
            "description": "d",
            "kms_key_id": "${aws_kms_key.k.arn}",
            "recovery_window_in_days": 30,
            "replica": [{"region": "us-east-1", "kms_key_id": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/k"}],
            "tags": TAGS,
        },
    ),
    block(
        "aws_ssm_parameter.p",
        {"name": "/orders/p", "type": "SecureString", "value_wo": "x", "value_wo_version": 1, "tags": TAGS},
    ),
    block(
        "aws_cloudwatch_log_group.l",
        {
            "name": "/aws/lambda/f",
            "retention_in_days": 30,
            "kms_key_id": "${aws_kms_key.k.arn}",
            "tags": TAGS,
        },
    ),
    block(
        "aws_sqs_queue.dlq",
        {
            "name": "q-dlq",
            "message_retention_seconds": 1209600,
            "sqs_managed_sse_enabled": True,
            "redrive_allow_policy": json.dumps(
                {
                    "redrivePermission": "byQueue",
                    "sourceQueueArns": [f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"],
                }
            ),
            "tags": TAGS,
        },
    ),
    block(
        "aws_sqs_queue.q",
        {
            "name": "q",
            "visibility_timeout_seconds": 60,
            "message_retention_seconds": 3600,
            "receive_wait_time_seconds": 20,
            "sqs_managed_sse_enabled": True,
            "redrive_policy": json.dumps({"deadLetterTargetArn": "${aws_sqs_queue.dlq.arn}", "maxReceiveCount": 5}),
            "tags": TAGS,
        },
    ),
    block(
        "aws_sqs_queue_policy.q",
        {"queue_url": "${aws_sqs_queue.q.url}", "policy": policy("sqs:*", "${aws_sqs_queue.q.arn}")},
    ),
    block(
        "aws_sqs_queue_redrive_allow_policy.q",
        {
            "queue_url": "${aws_sqs_queue.dlq.url}",
            "redrive_allow_policy": json.dumps({"redrivePermission": "denyAll"}),
        },
    ),
    block("aws_sns_topic.t", {"name": "t", "kms_master_key_id": "alias/aws/sns", "tags": TAGS}),
    block(
        "aws_sns_topic_policy.t",
        {"arn": "${aws_sns_topic.t.arn}", "policy": policy("sns:Publish", "${aws_sns_topic.t.arn}")},
    ),
    block(
        "aws_lambda_function.f",
        {
            "function_name": "f",
            "role": "${aws_iam_role.r.arn}",
            "runtime": "python3.12",
            "handler": "app.main",
            "filename": "package.zip",
            "architectures": ["arm64"],
            "memory_size": 256,
            "timeout": 30,
            "reserved_concurrent_executions": 0,
            "environment": [{"variables": {"TABLE": "${aws_dynamodb_table.t.name}"}}],
            "tracing_config": [{"mode": "Active"}],
            "dead_letter_config": [{"target_arn": "${aws_sqs_queue.dlq.arn}"}],
            "tags": TAGS,
        },
    ),
    block(
        "aws_lambda_function.image",
        {
            "function_name": "image",
            "role": "${aws_iam_role.r.arn}",
            "package_type": "Image",
            "image_uri": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/app:1",
            "memory_size": 256,
            "timeout": 30,
        },
    ),
    block(
        "aws_ecs_task_definition.d",
        {
            "family": "d",
            "task_role_arn": "${aws_iam_role.r.arn}",
            "execution_role_arn": "${aws_iam_role.r.arn}",
            "network_mode": "awsvpc",
            "requires_compatibilities": ["FARGATE"],
            "cpu": 256,
            "memory": "512",
            "ephemeral_storage": [{"size_in_gib": 30}],
            "runtime_platform": [{"cpu_architecture": "ARM64", "operating_system_family": "LINUX"}],
            "container_definitions": json.dumps(
                [{"name": "app", "image": "app:1", "essential": True, "command": None}]
            ),
            "tags": TAGS,
        },
    ),
)


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with open_sandbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def everything(moto: Moto) -> Sandbox:
    return moto.apply(module(*EVERYTHING), HERE)


def test_every_type_is_applied_and_read_back_as_written(everything: Sandbox) -> None:
    assert everything.findings == ()
    assert everything.applied == tuple(evaluated.address for evaluated in EVERYTHING)
    assert everything.not_applied == ()


ARNS = {
    "${aws_iam_role.r.arn}": f"arn:aws:iam::{ACCOUNT}:role/r",
    "${aws_s3_bucket.b.arn}": "arn:aws:s3:::rolewright-b",
    "${aws_dynamodb_table.t.arn}": f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t",
    "${aws_ssm_parameter.p.arn}": f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/orders/p",
    "${aws_cloudwatch_log_group.l.arn}": f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/aws/lambda/f",
    "${aws_sqs_queue.q.arn}": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q",
    "${aws_sns_topic.t.arn}": f"arn:aws:sns:eu-west-1:{ACCOUNT}:t",
    "${aws_kms_alias.k.arn}": f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/k",
    "${aws_lambda_function.f.arn}": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f",
    "${aws_ecs_task_definition.d.arn}": f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task-definition/d:1",
}


def test_generated_arns_carry_the_environments_account_and_region(moto: Moto) -> None:
    done = moto.apply(module(*EVERYTHING, block("aws_unknown.x", {"of": list(ARNS)})), HERE)
    assert {token: done.tokens[token] for token in ARNS} == ARNS


def test_only_tokens_of_the_plan_are_told(moto: Moto) -> None:
    """What the plan knows itself, such as a name that it repeats, must not be taken for generated."""
    key = block("aws_kms_key.k", {"policy": policy("kms:*")})
    alias = block("aws_kms_alias.k", {"name": "alias/k", "target_key_id": "${aws_kms_key.k.key_id}"})
    assert list(moto.apply(module(key, alias, role()), HERE).tokens) == ["${aws_kms_key.k.key_id}"]


def test_generated_ids_replace_their_tokens_inside_stored_policies(everything: Sandbox) -> None:
    key = everything.tokens["${aws_kms_key.k.arn}"]
    assert key.startswith(f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/")
    assert json.loads(policy("kms:Decrypt", key)) in everything.policies["aws_iam_role.r"]


def test_a_role_has_its_inline_customer_and_aws_managed_policies(everything: Sandbox) -> None:
    documents = everything.policies["aws_iam_role.r"]
    assert len(documents) == 3
    assert json.loads(policy("sqs:SendMessage")) in documents
    assert any("ssm:UpdateInstanceInformation" in json.dumps(document) for document in documents)
    assert everything.trusts == {"aws_iam_role.r": json.loads(trust())}


def test_a_run_starts_empty_and_generates_the_same_ids(moto: Moto, everything: Sandbox) -> None:
    again = moto.apply(module(*EVERYTHING), HERE)
    assert again.findings == ()
    assert again.tokens["${aws_kms_key.k.arn}"] == everything.tokens["${aws_kms_key.k.arn}"]


def test_account_and_region_follow_the_environment(moto: Moto) -> None:
    other = Environment("other", "111122223333", "us-east-1", "aws", {}, {})
    china = Environment("china", "444455556666", "cn-north-1", "aws-cn", {}, {})
    gov = Environment("gov", "444455556666", "us-gov-west-1", "aws-us-gov", {}, {})
    profile = block("aws_iam_instance_profile.i", {"name": "i", "tags": {"role": "${aws_iam_role.r.arn}"}})
    blocks = module(role(), profile, block("aws_s3_bucket.b", {"bucket": "rolewright-b"}))
    for environment in (other, china, gov, HERE):
        done = moto.apply(blocks, environment)
        assert done.findings == ()
        expected = f"arn:{environment.partition}:iam::{environment.account}:role/r"
        assert done.tokens["${aws_iam_role.r.arn}"] == expected


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (role(assume_role_policy="{nonsense"), "MalformedPolicyDocument"),
        (role(assume_role_policy=trust().replace("sts:AssumeRole", "s3:GetObject")), "sts:AssumeRole"),
        (role(max_session_duration=100), "3600"),
        (role(max_session_duration="soon"), "MaxSessionDuration"),
        (block("aws_iam_role.r", {}), "RoleName"),
        (role(tags="${local.tags}"), "tags is not a map"),
        (block("aws_dynamodb_table.t", {"name": "t", "attribute": "${x}"}), "attribute is not a list"),
        (block("aws_iam_role_policy.x", {"name": "x", "role": "absent", "policy": policy()}), "absent"),
        (
            block(
                "aws_lambda_function.f",
                {
                    "function_name": "f",
                    "role": f"arn:aws:iam::{ACCOUNT}:role/absent",
                    "runtime": "python3.12",
                },
            ),
            "role",
        ),
        (block("aws_sqs_queue.q", {"name": "q", "fifo_queue": True}), "fifo"),
        (block("aws_ecs_task_definition.d", {"family": "d", "container_definitions": "[{"}), "not JSON"),
        (block("aws_iam_policy.p", {"name": "p", "policy": policy(resource="bucket")}), "Resource"),
    ],
)
def test_a_refusal_is_a_finding_with_motos_words_at_the_block(moto: Moto, refused: EvaluatedBlock, words: str) -> None:
    done = moto.apply(module(refused), HERE)
    assert [finding.rule for finding in done.findings] == ["sandbox-refused"]
    assert words in done.findings[0].message
    assert done.findings[0].location == Location("main.tf", 7)
    assert done.applied == ()


def test_what_needs_a_refused_resource_is_left_out_without_a_second_finding(moto: Moto) -> None:
    # the evaluator knows the role's name, so that only `depends` tells where it came from
    policy_values = {"name": "x", "role": "r", "policy": policy()}
    user = block("aws_iam_role_policy.x", policy_values, depends=("aws_iam_role.r",))
    user_of_user = block("aws_s3_bucket.b", {"bucket": "rolewright-b"}, depends=(user.address,))
    done = moto.apply(module(role(assume_role_policy="{}"), user, user_of_user, role("other")), HERE)
    assert len(done.findings) == 1
    assert done.applied == ("aws_iam_role.other",)


def test_unknown_types_are_named_and_data_blocks_skipped(moto: Moto) -> None:
    blocks = module(
        block("aws_quantum_widget.a", {}),
        block("aws_quantum_widget.b", {}),
        EvaluatedBlock("data.aws_caller_identity.me", "data", "aws_caller_identity", "me", {}, "main.tf", 7, ()),
    )
    done = moto.apply(blocks, HERE)
    assert (done.applied, done.not_applied, done.findings) == ((), ("aws_quantum_widget",), ())


def test_a_region_that_does_not_exist_is_a_finding(moto: Moto) -> None:
    for region in ("no such region", "eu-nowhere-9"):
        nowhere = Environment("nowhere", ACCOUNT, region, "aws", {}, {})
        queue = block("aws_sqs_queue.q", {"name": "q"})
        done = moto.apply(module(queue), nowhere)
        assert [finding.rule for finding in done.findings] == ["sandbox-refused"]


def test_a_difference_on_reading_back_is_a_finding(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    call = moto.call

    def forgetful(service: str, region: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        answer = call(service, region, operation, parameters)
        if operation == "get_queue_attributes":
            answer["Attributes"]["VisibilityTimeout"] = "30"
        if operation == "list_attached_role_policies":
            answer["AttachedPolicies"] = []
        return answer

    monkeypatch.setattr(moto, "call", forgetful)
    queue = block("aws_sqs_queue.q", {"name": "q", "visibility_timeout_seconds": 60})
    attachment = block(
        "aws_iam_role_policy_attachment.a",
        {"role": "r", "policy_arn": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"},
    )
    done = moto.apply(module(role(), queue, attachment), HERE)
    assert [finding.rule for finding in done.findings] == ["sandbox-mismatch"] * 2
    assert "visibility_timeout_seconds" in done.findings[0].message
    assert "policy_arn" in done.findings[1].message


def test_nobodys_aws_settings_are_read_or_changed(tmp_path: Path) -> None:
    """In a fresh process: moto reads some settings when it is imported."""
    broken = tmp_path / "config"
    broken.write_text("[profile nonsense\n= = =")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[profile nonsense\n= = =")
    (tmp_path / ".aws" / "credentials").write_text("= = =")
    settings = {
        "HOME": str(tmp_path),
        "AWS_PROFILE": "does-not-exist",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_REGION": "ap-south-1",
        "AWS_ACCESS_KEY_ID": "theirs",
        "AWS_SECRET_ACCESS_KEY": "theirs",
        "MOTO_ACCOUNT_ID": "999999999999",
        "TEST_SERVER_MODE": "true",
    }
    script = """
import os, test_sandbox as t
before = dict(os.environ)
with t.open_sandbox() as moto:
    done = moto.apply(t.module(*t.EVERYTHING), t.HERE)
assert done.findings == (), done.findings
assert done.tokens["${aws_iam_role.r.arn}"] == f"arn:aws:iam::{t.ACCOUNT}:role/r"
assert dict(os.environ) == before
"""
    for more in ({}, {"AWS_CONFIG_FILE": str(broken), "AWS_SHARED_CREDENTIALS_FILE": str(broken)}):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=Path(__file__).parent,
            env={**os.environ, **settings, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_call_that_moto_does_not_know_leaves_nowhere(moto: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no mock answers, the request goes to this machine's discard port, not to AWS."""
    moto.apply(module(), HERE)
    monkeypatch.setattr("moto.core.models.botocore_stubber.enabled", False)
    with pytest.raises(RefusedError, match=r"127\.0\.0\.1:9"):
        moto.call("iam", "eu-west-1", "list_roles", {})


ARGUMENT = re.compile(r"^  (\w+)\s*(?:=|\{)", re.MULTILINE)
RESOURCE = re.compile(r'^resource "(\w+)" .*?^\}', re.MULTILINE | re.DOTALL)
TABLE = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((Path(sandbox.__file__).parent / "moto").glob("*.yaml"))
}


def blueprint_arguments() -> list[tuple[str, str]]:
    """Type and argument of everything that the blueprints' own templates write."""
    root = Path(__file__).parents[2] / "blueprints"
    found = {
        (resource[1], argument)
        for template in root.glob("*/*/*.tf.j2")
        for resource in RESOURCE.finditer(template.read_text(encoding="utf-8"))
        for argument in ARGUMENT.findall(resource[0])
        if resource[1] in TABLE
    }
    return sorted(found - {(kind, meta) for kind, _ in found for meta in ("lifecycle", "depends_on")})


def words(value: object) -> set[str]:
    return set(re.findall(r"[\w-]+", json.dumps(value)))


@pytest.mark.parametrize(("kind", "argument"), blueprint_arguments())
def test_no_argument_of_the_blueprints_is_passed_over_in_silence(kind: str, argument: str) -> None:
    entry = TABLE[kind]
    sent = words([(call["parameters"], call.get("when")) for call in entry.get("calls", ())])
    assert not entry.get("calls") or argument in sent | set(entry.get("unsent", ()))


def test_an_unsent_argument_is_not_sent() -> None:
    for entry in TABLE.values():
        paths = words([call["parameters"] for call in entry.get("calls", ())])
        assert not paths & set(entry.get("unsent", ()))
