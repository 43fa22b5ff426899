"""What an attack on imports found: secrets in any place, and roles that say less, or more, than they seem to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from command_line import rolewright
from rolewright.importer.secret_values import looks_secret

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2-Zq8vW3"
TASK: dict[str, Any] = {
    "family": "orders",
    "cpu": "256",
    "memory": "512",
    "requiresCompatibilities": ["FARGATE"],
    "taskRoleArn": "arn:aws:iam::111122223333:role/orders",
    "containerDefinitions": [{"name": "api", "image": "nginx:1.27"}],
}
PLACES: dict[str, dict[str, Any]] = {
    "a word behind an option": {"command": ["serve", "--password", SECRET]},
    "an option with its value": {"command": ["serve", f"--db-password={SECRET}"]},
    "a URL": {"command": ["serve", f"POSTGRES://app:{SECRET}@db/orders"]},
    "the entry point": {"entryPoint": ["run", "--token", SECRET]},
    "a health check": {
        "healthCheck": {"command": ["CMD-SHELL", f"curl -H 'Authorization: Bearer {SECRET}' localhost"]}
    },
    "a variable of a longer name": {"environment": [{"name": "PGPASSWORD", "value": SECRET}]},
    "a short name": {"environment": [{"name": "DB_PASS", "value": SECRET}]},
    "a key that signs": {"environment": [{"name": "SIGNING_KEY", "value": SECRET}]},
    "a part of a variable": {"environment": [{"name": "DB", "value": f"Server=db;Password={SECRET};"}]},
    "JSON in a variable": {"environment": [{"name": "CONFIG", "value": json.dumps({"password": SECRET})}]},
    "where a number belongs": {"stopTimeout": SECRET},
}


def imported(folder: Path, task: dict[str, Any], roles: dict[str, Any] | None = None) -> tuple[str, str]:
    """All that an import prints, and the manifest that it writes."""
    (folder / "task-definition.json").write_text(json.dumps(task), encoding="utf-8")
    given: list[str] = []
    if roles is not None:
        (folder / "roles.json").write_text(json.dumps({"RoleDetailList": [roles], "Policies": []}), encoding="utf-8")
        given = ["--roles", "roles.json"]
    run = rolewright("import", "task-definition.json", *given, "--force", cwd=folder)
    assert run.returncode == 0, run.stderr
    more = rolewright("import", "task-definition.json", *given, "--force", "--format", "json", cwd=folder)
    return run.stdout + run.stderr + more.stdout, (folder / "services" / "orders.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_written_and_printed_nowhere(place: str, tmp_path: Path) -> None:
    task = {**TASK, "containerDefinitions": [{**TASK["containerDefinitions"][0], **PLACES[place]}]}
    said, manifest = imported(tmp_path, task)
    assert SECRET not in said + manifest
    assert "nginx:1.27" in manifest


def test_what_only_sounds_like_a_secret_is_kept() -> None:
    plain = {
        "PARTITION_KEY": "id",
        "TOKEN_URL": "https://id.example/token",
        "PASSWORD_FILE": "/run/db",
        "LOG_LEVEL": "info",
    }
    assert [name for name, value in plain.items() if looks_secret(name, value)] == []


ALLOWED = {"Effect": "Allow", "Action": "dynamodb:GetItem"}


def role(*statements: dict[str, Any], **others: Any) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {
        "RoleName": "orders",
        "Arn": TASK["taskRoleArn"],
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": document}],
        "AttachedManagedPolicies": [],
        **others,
    }


def test_a_boundary_is_said_not_to_be_compared(tmp_path: Path) -> None:
    boundary = {"PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/limit"}
    table = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
    said, _ = imported(tmp_path, TASK, role({**ALLOWED, "Resource": table}, PermissionsBoundary=boundary))
    assert "may do the same as today" not in said
    assert "policy/limit limits what it may do" in said


def test_the_account_is_that_of_the_role_and_not_the_one_named_most(tmp_path: Path) -> None:
    table = "arn:aws:dynamodb:eu-west-1:999999999999:table/orders"
    _, manifest = imported(tmp_path, TASK, role({**ALLOWED, "Resource": table}))
    assert f'arn: "{table}"' in manifest


def test_what_is_no_policy_is_named(tmp_path: Path) -> None:
    said, _ = imported(tmp_path, TASK, role(RolePolicyList=[{"PolicyName": "odd", "PolicyDocument": {"a": 1}}]))
    assert "policy odd: this is no policy document, and is not compared" in said


@pytest.mark.parametrize(
    "odd",
    [
        {"RolePolicyList": None},
        {"RolePolicyList": [{}]},
        {"RolePolicyList": ["own"]},
        {"AttachedManagedPolicies": [{"PolicyName": "a"}]},
        {"AttachedManagedPolicies": [7]},
    ],
    ids=str,
)
def test_an_answer_without_the_policies_of_a_role_is_refused(odd: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text(json.dumps(TASK), encoding="utf-8")
    details = {"RoleDetailList": [role(**odd)], "Policies": []}
    (tmp_path / "roles.json").write_text(json.dumps(details), encoding="utf-8")
    run = rolewright("import", "task.json", "--roles", "roles.json", cwd=tmp_path)
    assert run.returncode == 2
    assert "roles.json lacks what AWS's answer has" in " ".join(run.stderr.replace("│", " ").split())


def test_a_role_that_may_do_everything_is_compared(tmp_path: Path) -> None:
    said, manifest = imported(tmp_path, TASK, role({"Effect": "Allow", "Action": "*", "Resource": "*"}))
    assert "role task may today, and may not with the manifest" in said
    assert "statements:" not in manifest


def test_a_line_that_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(f"services: {{a: {{environment: [P={SECRET}, }}\n", encoding="utf-8")
    run = rolewright("import", "compose.yaml", cwd=tmp_path)
    assert run.returncode == 1
    assert "compose.yaml:" in run.stderr
    assert SECRET not in run.stdout + run.stderr


def test_a_policy_of_a_role_that_nobody_knows_is_named(tmp_path: Path) -> None:
    template = """
Parameters: {Open: {Type: String}}
Resources:
  Role: {Type: "AWS::IAM::Role", Properties: {AssumeRolePolicyDocument: {}}}
  Code:
    Type: AWS::Lambda::Function
    Properties: {Runtime: python3.13, Handler: a.b, Role: !GetAtt Role.Arn, Code: {S3Bucket: b, S3Key: k}}
  Apart:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: apart
      Roles: [!Ref Open]
      PolicyDocument: {Version: "2012-10-17", Statement: {Effect: Deny, Action: "s3:*", Resource: "*"}}
"""
    (tmp_path / "template.yaml").write_text(template, encoding="utf-8")
    run = rolewright("import", "template.yaml", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "policy Apart is not compared: which role has it is not known" in run.stdout
    assert "may do the same" not in run.stdout


def test_a_default_of_a_secret_variable_is_not_written(tmp_path: Path) -> None:
    text = f"services: {{a: {{image: nginx, command: 'serve --db ${{DB_PASSWORD:-{SECRET}}}'}}}}\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    run = rolewright("import", "compose.yaml", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "services").iterdir())
    assert SECRET not in run.stdout + run.stderr + written


SOURCES = {
    "serverless.yml": f"""
service: shop
provider:
  name: aws
  runtime: python3.13
  environment: {{DB: "${{env:DB_PASSWORD, '{SECRET}'}}", B: "x ${{self:custom.pass}}"}}
custom: {{pass: {SECRET}}}
functions: {{a: {{handler: a.b}}}}
""",
    "template.yaml": f"""
Transform: AWS::Serverless-2016-10-31
Mappings: {{M: {{prod: {{password: {SECRET}}}}}}}
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: a.b
      CodeUri: ./src
      Environment: {{Variables: {{DB: !FindInMap [M, prod, password]}}}}
""",
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_secret_that_another_name_leads_to_is_not_written(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SOURCES[name], encoding="utf-8")
    run = rolewright("import", name, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    written = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "services").iterdir())
    assert SECRET not in run.stdout + run.stderr + written
