"""`rolewright adopt`: what AWS has already is imported by the id that the provider takes, and none is guessed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore import xform_name

from command_line import rolewright
from manifest_generator import generated_manifests
from rolewright.adopt.files import import_file
from rolewright.adopt.ids import import_ids
from rolewright.adopt.table import import_rules
from rolewright.blueprint import load_catalog
from rolewright.data import provider
from rolewright.deployer.actions import load_actions
from rolewright.manifest.read import read_manifest
from rolewright.terraform.root import Root
from rolewright.terraform.server import ACCOUNT, moto_server
from rolewright.yaml.load import loads
from terraform_root import build, told

if TYPE_CHECKING:
    from real_terraform import Terraform
    from rolewright.pipeline import Pipeline

RULES = import_rules()
OF_THE_ENVIRONMENT = {"partition", "region", "account", "suffix"}
SLOT = re.compile(r"\$\{[/:]?([a-z0-9_]+)[/:]?\}")
BLOCK = re.compile(r'^import \{\n  to = (\S+)\n  id = "(.+)"\n\}\n', re.MULTILINE)
MADE_BY_NAME = """
version: 1
workload: jobs
compute: {type: lambda, runtime: python3.13, handler: app.handler, package: function.zip}
resources:
  work: {type: sqs-queue, name: "jobs-${environment}", create: true, access: consume}
  table: {type: dynamodb-table, name: "jobs-${environment}", create: true, hash_key: id, access: get}
  files: {type: s3-bucket, name: "jobs-files-${environment}", create: true, access: get}
environments:
  dev: {account: "123456789012", region: us-east-1}
"""
WIDE = """
version: 1
workload: shop
compute:
  type: lambda
  runtime: python3.13
  handler: app.handler
  package: function.zip
  alias: live
  url: {}
  triggers:
    rules: [{name: paid, pattern: {source: [shop.orders]}}]
    schedules: [{name: nightly, expression: rate(1 day)}]
resources:
  topic: {type: sns-topic, name: shop-news, create: true, access: publish}
  stream: {type: kinesis-stream, name: shop-clicks, create: true, access: put}
  images: {type: ecr-repository, name: shop/app, create: true, access: pull}
  bus: {type: eventbridge-bus, name: shop-events, create: true, access: put-events}
  limit: {type: ssm-parameter, name: /shop/limit, create: true, access: read}
  database: {type: secretsmanager-secret, name: shop/database, create: true, access: read}
  files: {type: s3-bucket, name: shop-files, create: true, access: get}
environments:
  dev: {account: "123456789012", region: us-east-1}
"""
SMALL = """
version: 1
workload: small-app
compute: {type: lambda, runtime: python3.13, handler: app.handler, package: function.zip}
resources:
  work: {type: sqs-queue, name: work, create: true, access: consume}
"""
INPUT = """
inputs:
  work: {type: name, description: Queue for work, default: work}
"""


def test_every_type_that_a_blueprint_makes_is_in_the_table() -> None:
    texts = [path.read_text(encoding="utf-8") for path in load_catalog().templates.values()]
    made = {name for text in texts for name in re.findall(r'^\s*resource "(\w+)"', text, re.MULTILINE)}
    assert set(RULES) == made


@pytest.mark.parametrize("type_", RULES)
def test_a_rule_is_made_of_arguments_that_the_type_has(type_: str) -> None:
    rule = RULES[type_]
    assert bool(rule.id) != bool(rule.none)
    assert "<" not in rule.id or rule.find, "nobody could know where to find this"
    slots = {*SLOT.findall(rule.id), *SLOT.findall(rule.find)} - OF_THE_ENVIRONMENT
    for major in provider.MAJORS:
        schema = provider.schema(major, "resource", type_)
        assert schema is not None
        assert {*slots, *rule.known_by} <= schema.attributes.keys()


@pytest.mark.parametrize("type_", [type_ for type_, rule in RULES.items() if rule.find])
def test_a_command_is_one_of_the_aws_cli(type_: str) -> None:
    """The operation exists, has these parameters, and answers what the query takes from it."""
    program, service, command, *rest = shlex.split(RULES[type_].find)
    model = botocore.session.get_session().get_service_model(service)
    operation = next(name for name in model.operation_names if xform_name(name, "-") == command)
    shapes = model.operation_model(operation)
    assert program == "aws"
    given = {word[2:] for word in rest if word.startswith("--")}
    taken = {xform_name(name, "-") for name in shapes.input_shape.members}
    assert given <= taken | {"query"}
    query = rest[rest.index("--query") + 1]
    assert re.match(r"\w+", query)[0] in shapes.output_shape.members  # type: ignore[index]


def test_what_is_called_a_setting_is_never_created_by_its_api() -> None:
    """What AWS creates under a name that there is already, it refuses; what it puts, it overwrites."""
    actions = load_actions([])
    for type_, rule in RULES.items():
        made = {action for block in actions[type_] for action in block.write if ":Create" in action}
        # the second is asked for beside wafv2:AssociateWebACL, which replaces what is associated
        beside = {"iam:CreateServiceLinkedRole", "elasticloadbalancing:CreateWebACLAssociation"}
        assert not rule.setting or made <= beside, type_


def test_no_id_holds_what_is_known_after_an_apply_only(pipeline: Pipeline) -> None:
    for text in generated_manifests(40, created=True):
        for workload in read_manifest(loads(text, "m.yaml"), pipeline.catalog):
            for found in import_ids(pipeline.render(workload), workload.environments[0]):
                assert "${" not in found.id + found.find, found
                assert bool(found.id) != bool(found.rule.none), found
                assert found.known or not found.id or "<" in found.id


def blocks(text: str) -> dict[str, str]:
    """The ids of the import blocks that are not comments, by the address within the module."""
    return {to.partition(".")[2].partition(".")[2]: id_ for to, id_ in BLOCK.findall(text)}


def test_an_id_that_aws_made_is_a_comment_with_the_command_that_finds_it(pipeline: Pipeline) -> None:
    text = import_file(build(pipeline, [WIDE]))
    assert not any("aws_secretsmanager_secret" in address for address in blocks(text))
    assert "# aws secretsmanager describe-secret --secret-id 'shop/database' --query ARN\n# import {\n" in text


def test_what_only_the_caller_knows_is_not_guessed_either(pipeline: Pipeline) -> None:
    """An input has a default or an example, which says nothing about what the caller gives."""
    text = import_file(
        build(pipeline, [SMALL.replace("name: work,", "name: '${inputs.work}',") + INPUT]),
        account="123456789012",
        region="us-east-1",
    )
    assert not any("aws_sqs_queue" in address for address in blocks(text))
    assert '#   id = "https://sqs.us-east-1.amazonaws.com/123456789012/<inputs.work>"\n' in text
    assert blocks(text)["aws_iam_role.execution"] == "small-app-execution"


def test_ids_are_those_of_the_environment(tmp_path: Path) -> None:
    manifest = tmp_path / "m.yaml"
    manifest.write_text(MADE_BY_NAME + '  prod: {account: "210987654321", region: cn-north-1}\n', encoding="utf-8")
    ran = rolewright("adopt", manifest, "--env", "prod", "--module", 'jobs["prod"]')
    assert (ran.returncode, ran.stderr) == (0, "")
    assert 'to = module.jobs["prod"].aws_sqs_queue.work\n' in ran.stdout
    assert blocks(ran.stdout)["aws_sqs_queue.work"] == (
        "https://sqs.cn-north-1.amazonaws.com.cn/210987654321/jobs-prod"
    )
    refused = rolewright("adopt", manifest)
    assert refused.returncode == 2
    assert "several environments" in " ".join(refused.stderr.split())


def test_without_environments_an_id_with_account_or_region_takes_both(tmp_path: Path) -> None:
    manifest = tmp_path / "m.yaml"
    manifest.write_text(SMALL, encoding="utf-8")
    for given in ((), ("--account", "210987654321"), ("--region", "eu-west-1")):
        refused = rolewright("adopt", manifest, *given)
        assert refused.returncode == 2
        assert "--account" in refused.stderr
    ran = rolewright("adopt", manifest, "--account", "210987654321", "--region", "eu-west-1")
    assert blocks(ran.stdout)["aws_sqs_queue.work"] == "https://sqs.eu-west-1.amazonaws.com/210987654321/work"
    assert "to = module.small_app.aws_iam_role.execution\n" in ran.stdout
    assert "123456789012" not in ran.stdout
    manifest.write_text(SMALL.partition("resources:")[0], encoding="utf-8")
    assert rolewright("adopt", manifest).returncode == 0, "no name of these has either"


@pytest.mark.parametrize(
    "wrong",
    [
        ("--module", "no name"),
        ("--module", 'jobs["${x}"]'),
        ("--account", "12"),
        ("--region", "here"),
        ("--account", "123456789012", "--env", "dev"),
        ("-o", "m.yaml"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    (tmp_path / "m.yaml").write_text(MADE_BY_NAME, encoding="utf-8")
    assert rolewright("adopt", "m.yaml", *wrong, cwd=tmp_path).returncode == 2
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8") == MADE_BY_NAME


def test_a_type_of_a_team_s_own_is_named_and_not_guessed(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {type_: rule for type_, rule in RULES.items() if type_ != "aws_dynamodb_table"}
    monkeypatch.setattr("rolewright.adopt.ids.import_rules", lambda: rules)
    text = import_file(build(pipeline, [MADE_BY_NAME]))
    assert "#   module.jobs.aws_dynamodb_table.table\n" in text
    assert "aws_dynamodb_table.table" not in blocks(text)


def created_by_name(address: str) -> set[str]:
    """Make in AWS what somebody had before there was a module; the addresses that the module has for it."""
    session = boto3.Session(f"{ACCOUNT}123456789012", "none", region_name="us-east-1")

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=address)

    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        ],
    }
    client("iam").create_role(RoleName="jobs-dev-execution", AssumeRolePolicyDocument=json.dumps(trust))
    client("logs").create_log_group(logGroupName="/aws/lambda/jobs-dev")
    client("sqs").create_queue(QueueName="jobs-dev")
    client("dynamodb").create_table(
        TableName="jobs-dev",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    client("s3").create_bucket(Bucket="jobs-files-dev")
    return {
        "aws_iam_role.execution",
        "aws_cloudwatch_log_group.function",
        "aws_sqs_queue.work",
        "aws_dynamodb_table.table",
        "aws_s3_bucket.files",
    }


def changes(root: Root) -> dict[str, dict[str, Any]]:
    """What the plan says of each resource, by its address within the module."""
    return {
        change["address"].partition(".")[2].partition(".")[2]: change["change"]
        for change in root.planned()["resource_changes"]
        if change["mode"] == "managed"
    }


@pytest.mark.terraform
def test_what_somebody_made_by_name_is_imported_and_not_made_again(
    pipeline: Pipeline, terraform: Terraform, tmp_path: Path
) -> None:
    built = build(pipeline, [MADE_BY_NAME])
    with moto_server() as address:
        made = created_by_name(address)
        root = Root(tmp_path, type(terraform)(terraform.program, address), built)
        text = import_file(built, call="m0_dev", environment="dev")
        assert made <= blocks(text).keys()
        kept = [block[0] for block in BLOCK.finditer(text) if block[1].removeprefix("module.m0_dev.") in made]
        (tmp_path / "imports.tf").write_text("".join(kept), encoding="utf-8")
        root.init()
        assert [told(fault) for fault in root.plan()] == []
        planned = changes(root)
    assert {address for address, change in planned.items() if "importing" in change} == made
    for address in made:
        assert not {"create", "delete"} & set(planned[address]["actions"]), address


@pytest.mark.soak
@pytest.mark.terraform
def test_everything_that_is_there_is_imported_by_its_id(
    pipeline: Pipeline, terraform: Terraform, tmp_path: Path
) -> None:
    """A module is applied; with the blocks, a configuration without a state imports all of it."""
    built = build(pipeline, [WIDE])
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with moto_server() as address:
        loopback = type(terraform)(terraform.program, address)
        first = Root(tmp_path / "first", loopback, built)
        first.init()
        assert [told(fault) for fault in (*first.plan(), *first.apply())] == []
        second = Root(tmp_path / "second", loopback, built)
        text = import_file(built, call="m0_dev", environment="dev")
        (tmp_path / "second" / "imports.tf").write_text(text, encoding="utf-8")
        second.init()
        assert [told(fault) for fault in second.plan()] == []
        planned = changes(second)
    imported = {address for address, change in planned.items() if "importing" in change}
    assert imported == blocks(text).keys()
    assert len({address.partition(".")[0] for address in imported}) > 20
    for address in imported:
        assert not {"create", "delete"} & set(planned[address]["actions"]), address
