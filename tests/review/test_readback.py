"""Rendered modules that are read back and compared: with what was declared, with mutants, with edits by hand."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.prove.test_role_mutants import mutants

from cases import Cases
from command_line import rolewright
from rolewright.blueprint import load_catalog
from rolewright.blueprint.harmless import harmless_arguments
from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.report.difference import difference_text
from rolewright.review.diff import Described, compare_workloads
from rolewright.review.readback import ReadBack, read_back
from rolewright.review.sides import ModuleText
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.review.diff import WorkloadDifference

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.yaml"))
MODULE = ROOT / "output" / "orders"
MANIFEST: dict[str, Any] = {
    "version": 1,
    "workload": "app",
    "compute": {"type": "ec2", "ami": "ami-01234567", "instance_type": "t3.micro"},
    "resources": {"data": {"type": "s3-bucket", "name": "data", "access": ["get", "put"]}},
}


def files(folder: Path) -> dict[str, str]:
    paths = [*folder.glob("*.tf"), *folder.glob("environments/*.tfvars")]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def module(texts: Mapping[str, str], name: str = "orders") -> ReadBack:
    return read_back(ModuleText(name, name, texts), harmless_arguments(load_catalog()))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_module_says_what_its_manifest_declares(path: Path, pipeline: Pipeline) -> None:
    """Read from HCL and derived from the manifest: the same sets, in both directions, in each environment."""
    for built in pipeline.rendered(path):
        workload = built.workload
        declared = Described(workload, built.declaration)
        read = module(built.module.files, workload.name)
        assert set(read.roles) == set(declared.roles)
        assert read.environments == declared.environments
        for one, other in ((declared, read), (read, declared)):
            assert compare_workloads(one, other).roles == (), workload.name
        assert not compare_workloads(read, module(built.module.files, workload.name)).changed


def test_every_mutant_of_a_module_is_a_difference(cases: Cases) -> None:
    """One statement, condition, action, resource or principal is changed, and the change is seen."""
    texts = files(MODULE)
    before = module(texts)
    made = list(mutants(texts["roles.tf"]))
    seen = 0
    for name, text in random.Random(20261128).sample(made, cases.number(15, 60)):  # some are the same text
        try:
            after = module({**texts, "roles.tf": text})
        except Rejected:
            continue
        found = compare_workloads(before, after)
        assert found.changed == (text != texts["roles.tf"]), name
        if name.startswith("drop a condition") or "*" in name.partition("→")[2]:
            assert found.widened, name
        seen += 1
    assert seen > cases.number(10, 40)


ROLE = 'resource "aws_iam_role" "task" {\n'
TRUST = 'identifiers = ["ecs-tasks.amazonaws.com"]'
BESIDE = [
    ("roles.tf", ROLE, ROLE + '  managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]\n'),
    ("roles.tf", ROLE, ROLE + '  max_session_duration = 43200\n'),
    ("roles.tf", ROLE, ROLE + '  provider = aws.other\n'),
    ("roles.tf", ROLE, ROLE + '  lifecycle {\n    ignore_changes = all\n  }\n'),
    ("roles.tf", ROLE, ROLE + '  inline_policy {\n    name = "x"\n    policy = jsonencode({Version = "2012-10-17", '
     'Statement = [{Effect = "Allow", Action = "s3:*", Resource = "*"}]})\n  }\n'),
    ("roles.tf", TRUST, 'identifiers = ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]'),
    ("roles.tf", 'actions   = ["dynamodb:GetItem", ', 'not_actions = ["dynamodb:GetItem", '),
    ("roles.tf", "policy_arns = []", 'policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]'),
    ("environments/prod.tfvars", "orders-uploads-prod", "payroll"),
    ("environments/prod.tfvars", "222222222222", "333333333333"),
    ("context.tf", "self.account_id == var.account", "true"),
    ("versions.tf", 'source  = "hashicorp/aws"', 'source  = "evil/aws"'),
]  # fmt: skip
ADDED = [
    'provider "aws" {\n  assume_role {\n    role_arn = "arn:aws:iam::1:role/x"\n  }\n}\n',
    'import {\n  to = aws_iam_role.task\n  id = "Admin"\n}\n',
    'terraform {\n  backend "s3" {}\n}\n',
    'resource "aws_iam_role" "other" {\n  assume_role_policy = data.aws_iam_policy_document.task_trust.json\n}\n',
    (
        'resource "aws_iam_role_policy_attachment" "x" {\n  role = aws_iam_role.task.name\n'
        '  policy_arn = "arn:aws:iam::aws:policy/x"\n}\n'
    ),
    'resource "aws_iam_role_policy" "x" {\n  role = "somebody"\n  policy = data.aws_iam_policy_document.task.json\n}\n',
    'resource "aws_iam_user" "x" {\n  name = "x"\n}\n',
    (
        'resource "aws_lambda_permission" "x" {\n  function_name = "x"\n'
        '  action = "lambda:InvokeFunction"\n  principal = "*"\n}\n'
    ),
    'resource "aws_lambda_function" "x" {\n  function_name = "x"\n  role = aws_iam_role.task.arn\n}\n',
    'resource "aws_sqs_queue_policy" "x" {\n  queue_url = "x"\n  policy = "{}"\n}\n',
    'resource "aws_kms_grant" "x" {\n  key_id = "x"\n  grantee_principal = "x"\n  operations = ["Decrypt"]\n}\n',
    'resource "aws_s3_bucket_acl" "x" {\n  bucket = "x"\n  acl = "public-read"\n}\n',
    'resource "aws_cloudformation_stack" "x" {\n  name = "x"\n  capabilities = ["CAPABILITY_IAM"]\n}\n',
    'resource "terraform_data" "x" {\n  input = "x"\n}\n',
    'resource "aws_vpc_security_group_ingress_rule" "x" {\n  security_group_id = "x"\n  cidr_ipv4 = "0.0.0.0/0"\n}\n',
    'resource "aws_security_group" "x" {\n  ingress {\n    cidr_blocks = ["0.0.0.0/0"]\n  }\n}\n',
    'resource "aws_lambda_function_url" "x" {\n  function_name = "x"\n  authorization_type = "NONE"\n}\n',
    'data "external" "x" {\n  program = ["sh"]\n}\n',
    'terraform {\n  required_providers {\n    aws = {\n      source = "evil/aws"\n    }\n  }\n}\n',
]


@pytest.mark.parametrize(("file", "old", "new"), BESIDE)
def test_an_edit_that_may_widen_is_wider(file: str, old: str, new: str) -> None:
    texts = files(MODULE)
    assert old in texts[file]
    assert compare(texts, {file: texts[file].replace(old, new, 1)}).widened


@pytest.mark.parametrize("block", ADDED)
def test_a_block_that_may_widen_is_wider(block: str) -> None:
    texts = files(MODULE)
    assert compare(texts, {"more.tf": block}).widened


def test_a_dropped_guard_is_wider() -> None:
    texts = files(MODULE)
    start = texts["roles.tf"].index('resource "aws_iam_role_policies_exclusive" "task"')
    end = texts["roles.tf"].index("}\n", start) + 2
    assert compare(texts, {"roles.tf": texts["roles.tf"][:start] + texts["roles.tf"][end:]}).widened


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("environments/prod.tfvars", "cpu                   = 512", "cpu                   = 1024"),
        ("roles.tf", "orders: what the code inside", "what the code inside"),
        ("context.tf", "team-orders", "team-shop"),
        ("roles.tf", "  # get: read objects\n", ""),
        ("roles.tf", '["dynamodb:GetItem", "dynamodb:PutItem", ', '["dynamodb:PutItem", "dynamodb:GetItem", '),
    ],
)
def test_an_edit_that_gives_nobody_more_is_none(file: str, old: str, new: str) -> None:
    texts = files(MODULE)
    assert old in texts[file]
    assert not compare(texts, {file: texts[file].replace(old, new, 1)}).changed


TABLE = "resources = [var.orders_table]"


@pytest.mark.parametrize(
    ("file", "old", "new", "widened", "said"),
    [
        ("roles.tf", TABLE, 'resources = ["*"]', True, "on *"),
        ("roles.tf", TABLE, "resources = [var.orders_key]", True, "on ${inputs.orders-key}"),
        ("roles.tf", TABLE, 'resources = ["arn:aws:dynamodb:us-east-1:123456789012:table/a"]', True, "table/a"),
        ("variables.tf", ":dynamodb:[a-z0-9-]+:", ":[a-z]+:[a-z0-9-]+:", True, "may give as orders_table differs"),
        ("variables.tf", "table/[A-Za-z0-9_.-]{3,255}", "table/.*", True, "may give as orders_table differs"),
        ("variables.tf", 'default     = "stable"', 'default     = "latest"', True, "may give as release differs"),
        ("variables.tf", "Table that the orders module makes", "A table", False, ""),
        ("variables.tf", "log_level has to be a text", "Write a text", False, ""),
    ],
)
def test_an_edit_of_what_the_caller_gives_is_judged(file: str, old: str, new: str, widened: bool, said: str) -> None:
    texts = files(ROOT / "output" / "shop-api")
    assert old in texts[file]
    difference = compare(texts, {file: texts[file].replace(old, new)})
    assert difference.widened == widened
    assert said in difference_text([difference], ())


def test_an_input_in_the_place_of_a_name_may_be_another_name() -> None:
    """The default is what the manifest said before: the caller may give another value all the same."""
    resource = "resources: {t: {type: dynamodb-table, name: %s, access: get}}\n"
    before = rendered(resource % "orders")
    after = rendered(resource % "'${inputs.table}'" + "inputs: {table: {type: name, default: orders}}\n")
    (role,) = compare_workloads(before, after).roles
    assert [change.resource for change in role.added] == ["arn:aws:dynamodb:REGION:ACCOUNT:table/${inputs.table}"]
    assert [change.resource for change in role.removed] == ["arn:aws:dynamodb:REGION:ACCOUNT:table/orders"]
    assert not any(line.widens for line in compare_workloads(before, after).others)
    assert not any(line.widens for line in compare_workloads(after, before).others)


def rendered(text: str) -> ReadBack:
    start = "version: 1\nworkload: app\ncompute: {type: ec2, ami: ami-01234567, instance_type: t3.micro}\n"
    with Pipeline() as pipeline:
        (workload,) = read_manifest(loads(start + text, "m.yaml"), pipeline.catalog)
        return module(pipeline.render(workload).module.files, "app")


def compare(texts: Mapping[str, str], more: Mapping[str, str]) -> WorkloadDifference:
    return compare_workloads(module(texts), module({**texts, **more}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folders of each kind; `wide` is the module with one more action, `broken` has a manifest with an error."""
    wider = {
        **MANIFEST,
        "resources": {"data": {"type": "s3-bucket", "name": "data", "access": ["get", "put", "delete"]}},
    }
    for name, text in (
        ("manifest/app.yaml", json.dumps(MANIFEST)),
        ("wider/app.yaml", json.dumps(wider)),
        ("broken/app.yaml", json.dumps(MANIFEST)),
        ("broken/other.yaml", '{"workload": "x", "version": 1, "compute": {}'),
        ("foreign/main.tf", 'resource "aws_iam_user" "x" {}\n'),
        ("neither/values.yaml", "replicas: 3\n"),
        ("neither/deep.yaml", "spec: {workload: x}\n"),
        ("overridden/x", ""),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for name in ("module", "wide", "overridden", "half", "unledgered"):
        shutil.copytree(ROOT / "output" / "my-app", tmp_path / name / "my-app")
    roles = tmp_path / "wide" / "my-app" / "roles.tf"
    roles.write_text(roles.read_text(encoding="utf-8").replace('"s3:GetObject"', '"s3:*"'), encoding="utf-8")
    (tmp_path / "overridden" / "my-app" / "override.tf").write_text("", encoding="utf-8")
    (tmp_path / "half" / "my-app" / "roles.tf").unlink()
    (tmp_path / "unledgered" / "my-app" / ".rolewright.json").write_text("[]", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("manifest", "manifest", 0, "compared: 1 manifest of manifest (app) with 1 manifest of manifest (app)"),
        ("manifest", "wider", 3, "s3:DeleteObject"),
        ("wider", "manifest", 5, "s3:DeleteObject"),
        ("empty", "manifest", 3, "compared: no manifests of empty with 1 manifest of manifest (app)"),
        ("manifest", "empty", 5, "with no manifests of empty"),
        ("module", "module", 0, "compared: 1 module of module (my-app) with 1 module of module (my-app)"),
        ("module", "module/my-app", 0, "compared: 1 module"),
        ("module", "wide", 3, "s3:"),
        ("wide", "module", 5, "s3:"),
        ("empty", "module", 3, "no modules of empty"),
        ("manifest", "module", 3, "compared: 1 module of manifest (app)"),
        ("empty", "empty", 2, "contains nothing that can be compared"),
        ("neither", "empty", 2, "contains nothing that can be compared"),
        ("foreign", "foreign", 2, "did not render"),
        ("foreign", "manifest", 2, "did not render"),
        ("module", "foreign", 2, "did not render"),
        ("foreign/main.tf", "manifest", 2, "did not render"),
        ("nowhere", "manifest", 2, "does not exist"),
        ("manifest", "broken", 1, "other.yaml"),
        ("neither/values.yaml", "manifest", 1, "values.yaml"),
        ("module", "overridden", 1, "override.tf"),
        ("module", "half", 1, "roles.tf is missing"),
        ("unledgered", "module", 1, "is not a ledger"),
    ],
)
def test_whatever_is_given_has_a_clear_answer(old: str, new: str, code: int, said: str, folder: Path) -> None:
    ran = rolewright("diff", old, new, cwd=folder)
    told = " ".join((ran.stdout + ran.stderr).replace("│", " ").split())
    assert (ran.returncode, said in told) == (code, True), told
    assert ("nobody may do anything more" in told) == (code == 0)


def test_both_kinds_of_a_repository_are_compared(folder: Path) -> None:
    """A manifest that did not change does not hide a module that was edited by hand."""
    for name, kind in (("one", "module"), ("two", "wide")):
        shutil.copytree(folder / kind, folder / name)
        shutil.copytree(folder / "manifest", folder / name / "services")
    assert rolewright("diff", "one", "one", cwd=folder).returncode == 0
    assert rolewright("diff", "one", "two", cwd=folder).returncode == 3
    told = rolewright("diff", "manifest", "two", cwd=folder)
    assert told.returncode == 0
    assert "not compared: two/my-app, since manifest has no rendered module" in told.stdout
