"""A manifest with environments says of each what the source says of it, or names what it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from command_line import rolewright
from rolewright.blueprint import load_catalog
from rolewright.importer import finish
from rolewright.importer.functions import FOREIGN
from rolewright.importer.workload import ImportSource, SourceWorkload
from rolewright.yaml.load import load

SAM = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
Conditions:
  Live: !Equals [!Ref Stage, prod]
Mappings:
  Names:
    dev: {Table: orders-test, Queue: jobs-test, Memory: 256, Level: debug}
    prod: {Table: orders-live, Queue: jobs-live, Memory: 1024, Level: info}
Resources:
  Orders:
    Type: AWS::DynamoDB::Table
    Properties: {TableName: !FindInMap [Names, !Ref Stage, Table]}
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !FindInMap [Names, !Ref Stage, Queue]}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "worker-${Stage}"
      Runtime: !If [Live, python3.12, python3.13]
      Handler: !If [Live, app.live, app.test]
      CodeUri: s3://packages/worker.zip
      MemorySize: !FindInMap [Names, !Ref Stage, Memory]
      Timeout: !If [Live, 60, 10]
      Architectures: [!If [Live, arm64, x86_64]]
      EphemeralStorage: {Size: !If [Live, 2048, 512]}
      Tracing: !If [Live, Active, PassThrough]
      ReservedConcurrentExecutions: !If [Live, 10, !Ref AWS::NoValue]
      Layers: [!Sub ["arn:aws:lambda:eu-west-1:123456789012:layer:a:${N}", {N: !If [Live, "2", "1"]}]]
      Tags: {Cost: !If [Live, "200", "100"]}
      Environment:
        Variables:
          LEVEL: !FindInMap [Names, !Ref Stage, Level]
          TABLE: !Ref Orders
          DEBUG: !If [Live, !Ref AWS::NoValue, "1"]
          SENTRY: !If [Live, "on", !Ref AWS::NoValue]
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Orders}
      Events:
        Get: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: !If [Live, 10, 1]}}
        Night: {Type: Schedule, Properties: {Schedule: !If [Live, rate(1 hour), rate(1 day)]}}
  Purge:
    Type: AWS::Serverless::Function
    Condition: Live
    Properties: {FunctionName: !Sub "purge-${Stage}", Runtime: python3.12, Handler: a.b, CodeUri: s3://packages/purge.zip}
"""

SERVERLESS = """
service: shop
provider:
  name: aws
  region: eu-central-1
  stage: ${opt:stage, 'dev'}
  runtime: ${self:custom.${sls:stage}.runtime, 'nodejs22.x'}
  tracing: {lambda: "${self:custom.${sls:stage}.tracing}"}
  tags: {cost: "${self:custom.${sls:stage}.cost}"}
  memorySize: ${file(config.${sls:stage}.yml):memory}
  environment:
    LEVEL: ${self:custom.${sls:stage}.level}
    SENTRY: ${self:custom.${sls:stage}.sentry, null}
  iam:
    role:
      permissionsBoundary: arn:aws:iam::111111111111:policy/${self:custom.${sls:stage}.boundary}
      statements:
        - Effect: Allow
          Action: dynamodb:GetItem
          Resource: !GetAtt Orders.Arn
custom:
  other: {unlike: a-stage}
  dev: {runtime: nodejs20.x, tracing: false, cost: "1", level: debug, boundary: b-dev, handler: src/dev.run,
        rate: rate(1 day), on: true, batch: 1, queue: jobs-test, table: orders-test}
  prod: {tracing: true, cost: "2", level: info, boundary: b-prod, handler: src/prod.run, sentry: "x",
         rate: rate(5 minutes), on: false, batch: 10, queue: jobs-live, table: orders-live}
functions: ${file(functions.${sls:stage}.yml)}
resources:
  Resources:
    Orders: {Type: "AWS::DynamoDB::Table", Properties: {TableName: "${self:custom.${sls:stage}.table}"}}
    Jobs: {Type: "AWS::SQS::Queue", Properties: {QueueName: "${self:custom.${sls:stage}.queue}"}}
"""
WORKER = """
worker:
  handler: ${self:custom.${sls:stage}.handler}
  events:
    - schedule: {rate: "${self:custom.${sls:stage}.rate}", enabled: "${self:custom.${sls:stage}.on}"}
    - sqs: {arn: !GetAtt Jobs.Arn, batchSize: "${self:custom.${sls:stage}.batch}"}
"""


@pytest.fixture
def serverless(tmp_path: Path) -> Path:
    (tmp_path / "config.dev.yml").write_text("memory: 128\n", encoding="utf-8")
    (tmp_path / "config.prod.yml").write_text("memory: 2048\n", encoding="utf-8")
    (tmp_path / "functions.dev.yml").write_text(WORKER, encoding="utf-8")
    (tmp_path / "functions.prod.yml").write_text(f"{WORKER}report: {{handler: r.h}}\n", encoding="utf-8")
    (tmp_path / "serverless.yml").write_text(SERVERLESS, encoding="utf-8")
    return tmp_path / "serverless.yml"


@pytest.fixture
def sam(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(SAM, encoding="utf-8")
    return tmp_path / "template.yaml"


def imported(source: Path, *options: str) -> dict[str, Any]:
    """What `--format json` says of each workload, by its name."""
    run = rolewright("import", source, "-o", source.parent / f"out{''.join(options)}", "--format", "json", *options)
    assert run.returncode == 0, run.stderr
    return {each["workload"]: each for each in json.loads(run.stdout)["sources"][0]["workloads"]}


def manifest(found: dict[str, Any], folder: Path) -> Any:
    file = folder / "read.yaml"
    file.write_text(found["manifest"], encoding="utf-8")
    return load(file, dialect=FOREIGN).trees[0].data


def leaves(value: Any, environment: str, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        inner = [leaves(part, environment, f"{path}.{key}" if path else key) for key, part in value.items()]
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        inner = [leaves(part, environment, f"{path}.{number}") for number, part in enumerate(value)]
    else:
        return {path: str(value).replace("${environment}", environment)}
    return {key: leaf for part in inner for key, leaf in part.items()}


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("format_", ["sam", "serverless"])
def test_each_environment_is_as_the_source_alone_says_of_it(
    format_: str, environment: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The oracle is an import of one environment alone, in which nothing can be mixed up with another."""
    source: Path = request.getfixturevalue(format_)
    whole = imported(source)
    parameter = {"sam": "Stage", "serverless": "stage"}[format_]
    alone = imported(source, "--parameter", f"{parameter}={environment}")
    alone = {name.removesuffix(f"-{environment}"): each for name, each in alone.items()}
    assert {name for name in whole if environment in manifest(whole[name], tmp_path)["environments"]} == set(alone)
    for name, each in alone.items():
        both, single = manifest(whole[name], tmp_path), manifest(each, tmp_path)
        own = both.pop("environments")[environment]
        said = leaves(both, environment) | leaves({key: own[key] for key in own if key in both}, environment)
        right = leaves({key: single[key] for key in single if key != "environments"}, environment)
        ways = (f" is not the same in {environment} as in ", f" is in {environment} and not in ", " is left out: ")
        notes = [note for note in whole[name]["notes"] if any(way in note for way in ways)]
        named = [note.partition(" ")[0] for note in notes]
        for path in (said.keys() | right.keys()) - {"workload"}:
            if said.get(path) != right.get(path) and not said.get(path, "").startswith("<fill in"):
                known = any(path == part or path.startswith(f"{part}.") for part in named)
                assert known, (path, said.get(path), right.get(path), notes)


def test_names_of_an_environment_are_its_overrides(sam: Path, tmp_path: Path) -> None:
    found = manifest(imported(sam)["worker"], tmp_path)
    assert found["resources"]["orders"] == {
        "type": "dynamodb-table",
        "name": "orders-test",
        "access": ["read", "describe"],
    }
    assert found["compute"]["environment"]["TABLE"] == "${resources.orders.name}"
    assert found["environments"]["prod"]["resources"] == {
        "orders": {"name": "orders-live"},
        "jobs": {"name": "jobs-live"},
    }
    assert found["environments"]["prod"]["compute"]["handler"] == "app.live"


def test_a_statement_on_what_is_called_otherwise_elsewhere_is_named(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    policy = "{Effect: Allow, Action: 'dynamodb:CreateBackup', Resource: !GetAtt Orders.Arn}"
    template = SAM.replace("      Events:", f"        - Statement: [{policy}]\n      Events:")
    source.write_text(template, encoding="utf-8")
    notes = imported(source)["worker"]["notes"]
    assert any(note.startswith("statements.0 is not the same in prod as in dev") for note in notes)


def test_keys_beside_stages_are_no_environments(serverless: Path, tmp_path: Path) -> None:
    assert list(manifest(imported(serverless)["shop-worker"], tmp_path)["environments"]) == ["dev", "prod"]


ROLES = """
service: shop
provider:
  name: aws
  region: eu-central-1
  runtime: nodejs22.x
  stage: ${opt:stage, 'dev'}
  iam:
    role:
      statements:
        - ${self:custom.extra.${sls:stage}}
        - Effect: Allow
          Action: [dynamodb:GetItem]
          Resource: arn:aws:dynamodb:${aws:region}:${aws:accountId}:table/${self:custom.table.${sls:stage}}
        - Effect: Allow
          Action: [sns:Publish]
          Resource: !Ref News
custom:
  table: {dev: orders-test, prod: live}
  extra:
    dev: [{Effect: Allow, Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-central-1:111111111111:test"}]
    prod: [{Effect: Deny, Action: "dynamodb:GetItem", Resource: "*"}, {Effect: Deny, Action: "s3:*", Resource: "*"}]
functions:
  worker: {handler: a.b}
resources:
  Conditions: {Live: !Equals ["${sls:stage}", prod]}
  Resources:
    News: {Type: "AWS::SNS::Topic", Properties: {TopicName: "news-${sls:stage}"}}
    Extra:
      Type: AWS::IAM::Policy
      Condition: Live
      Properties:
        Roles: [!Ref IamRoleLambdaExecution]
        PolicyDocument:
          Statement: [{Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::live/*"}]
"""


def test_rights_of_all_environments_are_kept_by_whatever_name(tmp_path: Path) -> None:
    source = tmp_path / "serverless.yml"
    source.write_text(ROLES, encoding="utf-8")
    found = imported(source)["shop-worker"]
    read = manifest(found, tmp_path)
    assert {key: (each["name"], each["access"]) for key, each in read["resources"].items()} == {
        "orders-test": ("orders-test", ["get"]),
        "news": ("news-${environment}", ["publish"]),
    }
    assert read["environments"]["prod"]["resources"] == {"orders-test": {"name": "live"}}
    (role,) = found["roles"]
    unread = "\n".join(role["unknown"])
    assert "provider.iam.role: differs among environments (read in dev)" in unread
    assert "provider.iam.role: differs among environments (read in prod); it denies there what" in unread
    assert "policy Extra: differs among environments (read in prod)" in unread


def test_what_nobody_can_read_in_one_environment_is_named(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    policies = "Policies:\n        - !If [Live, !Ref Given, !Ref AWS::NoValue]"
    template = SAM.replace("Parameters:\n", "Parameters:\n  Given: {Type: String}\n").replace("Policies:", policies)
    source.write_text(template, encoding="utf-8")
    (role,) = imported(source)["worker"]["roles"]
    assert any(each.endswith("(the parameter Given) (in prod)") for each in role["unknown"])


def test_a_workload_that_no_environment_has_is_none(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    template = SAM.replace("  Live: ", "  Never: !And [!Condition Live, !Not [!Condition Live]]\n  Live: ")
    source.write_text(template.replace("Condition: Live\n", "Condition: Never\n"), encoding="utf-8")
    assert set(imported(source)) == {"worker"}


@pytest.mark.parametrize("stage", ["Prod", "dev_1"])
def test_a_stage_that_no_environment_may_be_called_is_named(stage: str, tmp_path: Path) -> None:
    source = tmp_path / "serverless.yml"
    source.write_text(ROLES.replace("'dev'", f"'{stage}'"), encoding="utf-8")
    run = rolewright("import", source, "-o", tmp_path / "out")
    assert f"an environment cannot be called {stage}" in run.stdout
    assert "rod:" not in (tmp_path / "out" / "shop-worker.yaml").read_text(encoding="utf-8").replace("prod:", "")


def test_a_value_of_one_environment_that_no_manifest_takes_is_to_be_filled_in_there(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    template = SAM.replace("Memory: 1024", "Memory: 99999").replace("Timeout: !If [Live, 60, 10]", "Timeout: 9999")
    source.write_text(template, encoding="utf-8")
    found = manifest(imported(source)["worker"], tmp_path)
    assert found["compute"]["memory"] == 256
    assert found["environments"]["prod"]["compute"]["memory"].startswith("<fill in: `compute.memory` is 99999")
    assert found["compute"]["timeout"].startswith("<fill in: `compute.timeout` is 9999")


def test_a_name_that_lambda_does_not_take_leaves_out_the_variable_alone(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    source.write_text(
        SAM.replace('          DEBUG: !If [Live, !Ref AWS::NoValue, "1"]', "          Q: x"), encoding="utf-8"
    )
    found = imported(source)["worker"]
    assert "Q" not in manifest(found, tmp_path)["compute"]["environment"]
    assert "compute.environment.Q is left out: `Q` cannot be a name in `compute.environment`" in found["notes"]


def test_what_is_off_in_one_environment_is_started_in_none(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    on = "Memory: {}, Active: {}"
    template = SAM.replace("Memory: 256", on.format(256, "yes")).replace("Memory: 1024", on.format(1024, "no"))
    night = "Schedule: rate(1 day), Enabled: !FindInMap [Names, !Ref Stage, Active]"
    source.write_text(template.replace("Schedule: !If [Live, rate(1 hour), rate(1 day)]", night), encoding="utf-8")
    found = imported(source)["worker"]
    assert set(manifest(found, tmp_path)["compute"]["triggers"]) == {"queues"}
    assert "compute.triggers.schedules is left out: night is off in prod" in "\n".join(found["notes"])
    assert any("--parameter Stage=prod" in note for note in found["notes"])


def test_an_authorizer_of_one_environment_is_opened_in_none(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    api = """  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: !If [Live, Users, !Ref AWS::NoValue]
        Authorizers: {Users: {JwtConfiguration: {issuer: "https://a.example", audience: [a]}}}
  Orders:
"""
    route = "      Events:\n        Any: {Type: HttpApi, Properties: {ApiId: !Ref Api, Path: /a, Method: GET}}\n"
    template = SAM.replace("  Orders:\n", api, 1).replace("      Events:\n", route, 1)
    source.write_text(template, encoding="utf-8")
    found = imported(source)["worker"]
    assert manifest(found, tmp_path)["compute"]["api"] == {"routes": ["GET /a"], "authorization": "iam"}
    assert any(note.startswith("compute.api.authorization is left out: prod lets in") for note in found["notes"])


def test_what_is_called_by_another_name_elsewhere_is_one_resource(tmp_path: Path) -> None:
    source = tmp_path / "serverless.yml"
    source.write_text(
        """
service: shop
provider: {name: aws, region: eu-central-1, runtime: nodejs22.x, stage: "${opt:stage, 'dev'}"}
custom: {queue: {dev: jobs-test, prod: live}, dlq: {dev: arn:aws:sqs:eu-central-1:111111111111:x, prod: ~}}
functions:
  worker:
    handler: a.b
    onError: ${self:custom.dlq.${sls:stage}}
    events:
      - sqs: arn:aws:sqs:${aws:region}:${aws:accountId}:${self:custom.queue.${sls:stage}}
""",
        encoding="utf-8",
    )
    read = manifest(imported(source)["shop-worker"], tmp_path)
    (trigger,) = read["compute"]["triggers"]["queues"]
    overrides = read["environments"]["prod"]["resources"]
    assert overrides == {trigger["queue"]: {"name": "live"}}


def test_an_override_that_the_rest_of_the_manifest_bars_is_taken_out() -> None:
    """What is wrong with it is said of another field, which no environment has of its own."""
    tokens = {"routes": ["GET /a"], "authorization": "jwt", "issuer": "https://a.example", "audience": ["a"]}
    code = {"runtime": "python3.13", "handler": "a.b", "package": "a.zip"}
    workload = SourceWorkload("orders", "lambda", {**code, "api": tokens})
    workload.environments = {"dev": {}, "prod": {"compute": {"api": {"authorization": "none"}}}}
    found = finish.imported(workload, ImportSource("a test", ("t.yaml",), (workload,), (), {}), load_catalog())
    assert not found.refused
    assert "authorization: jwt" in found.text
    assert "authorization: none" not in found.text
    assert any(note.startswith("compute.api.authorization is not the same in prod as in dev") for note in found.notes)


@pytest.mark.parametrize(
    ("there", "name"),
    [
        ("arn:aws:dynamodb:eu-west-1:111111111111:table/live", "live"),
        ("arn:aws:dynamodb:us-east-1:222222222222:table/live", "live"),  # the environment's own account and region
        ("arn:aws:dynamodb:us-east-1:222222222222:table/orders", None),
    ],
)
def test_a_table_of_another_account_is_that_of_the_environment(there: str, name: str | None, tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    here = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders"
    policy = f"{{Effect: Allow, Action: 'dynamodb:GetItem', Resource: !If [Live, '{there}', '{here}']}}"
    template = SAM.replace("- DynamoDBReadPolicy: {TableName: !Ref Orders}", f"- Statement: [{policy}]")
    source.write_text(template.replace("          TABLE: !Ref Orders\n", ""), encoding="utf-8")
    found = imported(source)["worker"]
    read = manifest(found, tmp_path)
    assert read["resources"]["orders"] == {"type": "dynamodb-table", "name": "orders", "access": ["get"]}
    assert read["environments"]["prod"]["resources"].get("orders", {}).get("name") == name


def test_a_name_that_cannot_be_told_from_its_arn_is_said(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    table = "arn:aws:dynamodb:eu-west-1:111111111111:table"
    index = f"!If [Live, '{table}/live/index/by-day', '{table}/orders/index/by-hour']"
    policy = f"{{Effect: Allow, Action: 'dynamodb:Query', Resource: ['{table}/keys', {index}]}}"
    template = SAM.replace("- DynamoDBReadPolicy: {TableName: !Ref Orders}", f"- Statement: [{policy}]")
    source.write_text(template.replace("          TABLE: !Ref Orders\n", ""), encoding="utf-8")
    found = imported(source)["worker"]
    said = " is not the same in prod as in dev, and the manifest has that of dev: "
    notes = [note.partition(said) for note in found["notes"] if said in note]
    assert [reason for path, _, reason in notes if path.startswith(("resources.", "statements."))] == [
        f"policies are about {table}/live/index/by-day there"
    ]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("arn:aws:s3:::data/*", "arn:aws:s3:::data/in/*"),
        ("arn:aws:s3:::data", "arn:aws:s3:::data/*"),
        ("arn:aws:s3:::data/*", "*"),
        ("arn:aws:s3:::data-*", "arn:aws:s3:::data"),
        ("arn:aws:s3:::data/*", "arn:aws:sqs:eu-west-1:111111111111:data"),
    ],
)
def test_a_wider_resource_is_no_other_name(here: str, there: str, tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    policy = f"{{Effect: Allow, Action: 's3:GetObject', Resource: !If [Live, '{there}', '{here}']}}"
    template = SAM.replace("- DynamoDBReadPolicy: {TableName: !Ref Orders}", f"- Statement: [{policy}]")
    source.write_text(template, encoding="utf-8")
    found = imported(source)["worker"]
    read = manifest(found, tmp_path)
    assert "statements" not in read
    assert "s3-bucket" not in [each["type"] for each in read["resources"].values()]
    (role,) = found["roles"]
    assert "own policy: differs among environments (read in dev, prod)" in "\n".join(role["unknown"])


def test_a_tag_with_dots_in_its_name_is_said_to_be_there(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    tags = 'Tags: {app.io/cost: !If [Live, "200", "100"], team: a}'
    source.write_text(SAM.replace('Tags: {Cost: !If [Live, "200", "100"]}', tags), encoding="utf-8")
    notes = imported(source)["worker"]["notes"]
    assert any(note.startswith("tags.app.io/cost is not the same in prod as in dev") for note in notes)


def test_a_field_of_another_environment_is_not_said_to_be_unread(tmp_path: Path) -> None:
    source = tmp_path / "template.yaml"
    size = "MemorySize: !If [Live, 1024, !Ref AWS::NoValue]"
    source.write_text(SAM.replace("MemorySize: !FindInMap [Names, !Ref Stage, Memory]", size), encoding="utf-8")
    run = rolewright("import", source, "-o", tmp_path / "out")
    assert "MemorySize is not carried" not in run.stdout


def test_stages_may_be_told_by_the_names_of_files_alone(tmp_path: Path) -> None:
    for stage, memory in (("dev", 128), ("prod", 2048)):
        (tmp_path / f"config.{stage}.yml").write_text(f"memory: {memory}\n", encoding="utf-8")
    (tmp_path / "serverless.yml").write_text(
        "service: s\nprovider: {name: aws, region: eu-west-1, runtime: nodejs22.x}\n"
        "functions: {worker: {handler: a.b, memorySize: '${file(./config.${sls:stage}.yml):memory}'}}\n",
        encoding="utf-8",
    )
    read = manifest(imported(tmp_path / "serverless.yml")["s-worker"], tmp_path)
    assert read["compute"]["memory"] == 128
    assert read["environments"]["prod"]["compute"] == {"memory": 2048}


def test_what_the_manifest_refuses_as_an_override_is_named_with_its_value(sam: Path) -> None:
    (note,) = (note for note in imported(sam)["worker"]["notes"] if note.startswith("compute.tracing"))
    assert ": it is True there; true and false decide what the module contains" in note


def test_whole_settings_of_a_stage_are_told_from_other_keys(tmp_path: Path) -> None:
    source = tmp_path / "serverless.yml"
    source.write_text(
        "service: s\nprovider: {name: aws, region: eu-west-1, runtime: nodejs22.x, memorySize: ~, vpc: ~}\n"
        "custom: {team: orders, dev: {LEVEL: debug}, prod: {LEVEL: info}}\n"
        "functions: {worker: {handler: a.b, environment: '${self:custom.${sls:stage}}'}}\n",
        encoding="utf-8",
    )
    run = rolewright("import", source, "-o", tmp_path / "text")
    assert "memorySize" not in run.stdout
    assert "vpc" not in run.stdout
    read = manifest(imported(source)["s-worker"], tmp_path)
    assert list(read["environments"]) == ["dev", "prod"]
    assert read["environments"]["prod"]["compute"]["environment"] == {"LEVEL": "info"}
