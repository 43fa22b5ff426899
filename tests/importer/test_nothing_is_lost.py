"""Templates in which something was taken for another thing, or was lost without a word; each stands for its kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from command_line import rolewright
from rolewright.data import iam
from rolewright.importer.cloudformation.resolved import small
from rolewright.importer.cloudformation.roles import document_in
from rolewright.importer.cloudformation.template import StackTemplate
from rolewright.importer.expression import HeldNames
from rolewright.importer.functions import FOREIGN
from rolewright.importer.given import ImportAids
from rolewright.importer.variables import named_secret
from rolewright.importer.workload import OldPolicy
from rolewright.prove.arn_formats import is_idle
from rolewright.yaml.load import loads


def imported(folder: Path, text: str, name: str = "template.yaml") -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifests by workload, and what `--format json` says of the source."""
    (folder / name).write_text(text, encoding="utf-8")
    run = rolewright("import", folder / name, "-o", folder / "out", "--format", "json")
    assert run.returncode == 0, run.stderr
    source = json.loads(run.stdout)["sources"][0]
    return {each["workload"]: loads(each["manifest"], "m.yaml").trees[0].data for each in source["workloads"]}, source


def left(source: dict[str, Any], field: str) -> str:
    """Why a field is not carried, "" where it is."""
    return next((each["note"] for each in source["fields"] if each["field"].endswith(field) and not each["target"]), "")


SAM = "Transform: AWS::Serverless-2016-10-31\n"


def test_an_efs_volume_of_a_template_stays_one(tmp_path: Path) -> None:
    found, _ = imported(
        tmp_path,
        """
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: wordpress
      RequiresCompatibilities: [FARGATE]
      Cpu: 512
      Memory: 1024
      Volumes:
        - Name: content
          EFSVolumeConfiguration: {FilesystemId: fs-0123456789abcdef0, AuthorizationConfig: {IAM: ENABLED}}
        - {Name: host, Host: {SourcePath: /var/lib/data}}
      ContainerDefinitions:
        - Name: wordpress
          Image: wordpress:6
          MountPoints:
            - {SourceVolume: content, ContainerPath: /var/www/html, ReadOnly: "false"}
            - {SourceVolume: host, ContainerPath: /data}
        - {Name: log, Image: "fluent:1", Essential: "false"}
        - {Name: proxy, Image: "nginx:1"}
""",
    )
    compute = found["wordpress"]["compute"]
    assert compute["volumes"] == [{"file_system": "content", "path": "/var/www/html"}]
    assert "writable" not in compute
    assert found["wordpress"]["resources"]["content"]["name"] == "fs-0123456789abcdef0"
    assert {each["name"]: each["essential"] for each in compute["sidecars"]} == {"log": False, "proxy": True}


def test_a_task_definition_of_a_template_is_spelled_as_the_api_does() -> None:
    """Against cfn-lint's schema of the resource and botocore's model of RegisterTaskDefinition."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", "AWS::ECS::TaskDefinition").schema
    parts = [schema, *schema["definitions"].values()]
    names = {name for part in parts for name in part.get("properties", {})}
    request = Session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    given_back, newer_than_botocore = "taskDefinitionArn", "s3FilesVolumeConfiguration"
    assert {next(iter(small({name: 0}))) for name in names} - members(request) <= {given_back, newer_than_botocore}


def members(shape: Any, above: frozenset[str] = frozenset()) -> set[str]:
    if shape.name in above or shape.type_name not in ("structure", "list"):
        return set()
    inside = above | {shape.name}
    if shape.type_name == "list":
        return members(shape.member, inside)
    return set(shape.members).union(*(members(member, inside) for member in shape.members.values()))


API = """
Globals:
  HttpApi: {Auth: {EnableIamAuthorizer: true, DefaultAuthorizer: AWS_IAM}}
Resources:
  Api: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {DefaultAuthorizer: NONE}}}
  AdminApi:
    Type: AWS::Serverless::HttpApi
    Properties: {Auth: {Authorizers: {Users: &users {JwtConfiguration: {issuer: "https://a.example", audience: [a]}}}}}
  Scoped: {Type: AWS::Serverless::HttpApi, Properties: {Auth: {DefaultAuthorizer: Users, Authorizers: {Users: *users}}}}
  Described: {Type: AWS::Serverless::HttpApi, Properties: {DefinitionBody: {openapi: 3.0.1}}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: s3://packages/app.zip
      Events: {Any: {Type: HttpApi, Properties: {Path: /a, Method: POST, %s}}}
"""


@pytest.mark.parametrize(
    ("route", "authorization"),
    [
        ("ApiId: !Ref Api", "none"),
        ("ApiId: !Ref AdminApi", "iam"),  # its name has `Api` in it, and Globals are merged deep
        ("Auth: {Authorizer: NONE}", "none"),
        ("PayloadFormatVersion: '2.0'", "iam"),
        ("ApiId: !Ref Scoped", "jwt"),
        ("ApiId: !Ref Scoped, Auth: {AuthorizationScopes: [admin]}", "scopes of a token"),
        ("ApiId: !Ref Described", "an OpenAPI document"),
        ("ApiId: !ImportValue api", "none that the template makes"),
        ("ApiId: !Ref AdminApi, Auth: {Authorizer: Other}", "none that a manifest has"),
    ],
)
def test_a_route_lets_in_nobody_who_may_not_call_today(route: str, authorization: str, tmp_path: Path) -> None:
    found, source = imported(tmp_path, SAM + API % route)
    api = found["worker"]["compute"].get("api")
    if api is None:
        assert authorization in left(source, "Events.Any")
    else:
        assert api["authorization"] == authorization


def test_a_function_takes_of_globals_what_it_does_not_replace(tmp_path: Path) -> None:
    found, _ = imported(
        tmp_path,
        SAM
        + """
Globals:
  Function:
    Runtime: python3.13
    Handler: app.handler
    CodeUri: s3://packages/app.zip
    VpcConfig: {SecurityGroupIds: [sg-0123456789abcdef0], SubnetIds: [subnet-0123456789abcdef0]}
    Layers: ["arn:aws:lambda:eu-west-1:123456789012:layer:common:4"]
    Environment: {Variables: {LEVEL: info}}
Resources:
  Public: {Type: AWS::Serverless::Function, Properties: {VpcConfig: !Ref AWS::NoValue, Layers: !Ref AWS::NoValue}}
  Plain: {Type: AWS::Serverless::Function, IgnoreGlobals: [Environment, Layers], Properties: {Timeout: 5}}
""",
    )
    public, plain = found["public"]["compute"], found["plain"]["compute"]
    assert "vpc" not in public
    assert "layers" not in public
    assert public["environment"] == {"LEVEL": "info"}
    assert "environment" not in plain
    assert "layers" not in plain
    assert plain["vpc"]["subnet_ids"] == ["subnet-0123456789abcdef0"]


def test_policies_that_name_a_role_are_among_its_rights(tmp_path: Path) -> None:
    found, _ = imported(
        tmp_path,
        SAM
        + """
Parameters: {Prefix: {Type: String, Default: orders}}
Resources:
  Added:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      Roles: [!Ref WorkerRole]
      PolicyDocument:
        Statement: [{Effect: Allow, Action: "sqs:SendMessage", Resource: "arn:aws:sqs:eu-west-1:123456789012:jobs"}]
  Worker:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: "s3://packages/app.zip"}
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "${Prefix}-role"}}
  Named:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Sub "${Prefix}-role"]
      PolicyDocument:
        Statement:
          - {Effect: Allow, Action: "sns:Publish", Resource: "arn:aws:sns:eu-west-1:123456789012:news"}
  Other:
    Type: AWS::Lambda::Function
    Properties: {Role: !GetAtt Role.Arn, Runtime: python3.13, Handler: a.b, Code: {S3Bucket: packages, S3Key: b.zip}}
""",
    )
    access = {name: [each["access"] for each in found[name]["resources"].values()] for name in ("worker", "other")}
    assert access == {"worker": [["send"]], "other": [["publish"]]}


UNKNOWN = """
Parameters: {Given: {Type: String}, Choice: {Type: String}}
Conditions: {New: !Equals [!Ref Choice, "1"]}
Values: [!ImportValue x, !Ref Given, !If [New, "arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]]
"""


@pytest.mark.parametrize("service", ["s3", "dynamodb", "sqs", "sns", "lambda", "kinesis", "states", "events", "kms"])
def test_a_right_on_an_unknown_arn_is_not_taken_for_one_on_nothing(service: str) -> None:
    """Every action of the services whose ARNs are guessed: what is made of the ARN is one that the action is for."""
    data = loads(UNKNOWN, "t.yaml", dialect=FOREIGN).trees[0].data
    template, tokens = StackTemplate(data, ImportAids()), HeldNames()
    facts = iam.service(service)
    assert facts is not None
    for action in [*(f"{service}:{name}" for name in facts.actions), f"{service}:Get*", f"{service}:*"]:
        for value in data["Values"]:
            statement = {"Effect": "Allow", "Action": action, "Resource": value}
            for read in document_in(template, {"Statement": [statement]}, "role"):
                if isinstance(read, OldPolicy):
                    (resource,) = tokens.judged(read.document)["Statement"][0]["Resource"]
                    assert not is_idle(action, resource), (action, resource)
                    assert service != "s3" or "*" not in action


def test_only_one_parameter_is_the_environment(tmp_path: Path) -> None:
    found, _ = imported(
        tmp_path,
        SAM
        + """
Parameters:
  Environment: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  StageName: {Type: String, Default: v1, AllowedValues: [v1, v2]}
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: s3://packages/app.zip
      Environment: {Variables: {VERSION: !Ref StageName, WHERE: !Ref Environment}}
""",
    )
    assert found["worker"]["compute"]["environment"] == {"VERSION": "v1", "WHERE": "${environment}"}


def test_words_of_yaml_1_1_and_references_in_defaults_mean_what_they_mean_to_aws(tmp_path: Path) -> None:
    found, source = imported(
        tmp_path,
        SAM
        + """
Parameters:
  Host: {Type: String, Default: "{{resolve:ssm:/orders/host:1}}"}
  Choice: {Type: String}
Conditions: {New: !Equals [!Ref Choice, "1"]}
Mappings: {Hosts: {all: {Name: "{{resolve:ssm:/other/host}}"}}}
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: s3://packages/app.zip
      Environment: {Variables: {ON: yes, OFF: "off", HOST: !Ref Host, OTHER: !FindInMap [Hosts, all, Name]}}
      Events:
        Off: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: no}}
        Unknown: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 day), State: !If [New, ENABLED, DISABLED]}}
""",
    )
    compute = found["worker"]["compute"]
    assert compute["environment"]["ON"] in (True, "true")
    assert compute["environment"]["OFF"] == "off"
    assert compute["environment"]["HOST"] == "<fill in: the value of the SSM parameter /orders/host>"
    assert compute["environment"]["OTHER"] == "<fill in: the value of the SSM parameter /other/host>"
    assert "triggers" not in compute
    assert "it is off today" in left(source, "Events.Off.Properties")
    assert "whether it is on today is not known" in left(source, "Events.Unknown.Properties")


SECRET = "!Sub 'arn:aws:secretsmanager:${AWS::Region}:%s:secret:%s'"


@pytest.mark.parametrize(
    ("reference", "field", "wanted"),
    [
        (SECRET % ("${AWS::AccountId}", "orders/db-AbCd3f:password::"), "name", "orders/db"),
        (
            SECRET % ("${AWS::AccountId}", "orders/db-secret"),  # may be the secret `orders/db`: one in 185 ends so
            "name",
            (
                "<fill in: name of the secret, without the dash and six characters that its ARN may have behind it, of "
                "orders/db-secret>"
            ),
        ),
        (
            SECRET % ("999988887777", "db-AbCd3f"),
            "arn",
            "arn:aws:secretsmanager:${region}:999988887777:secret:db-AbCd3f",
        ),
        (
            "!Sub 'arn:aws:ssm:us-west-2:${AWS::AccountId}:parameter/orders/d'",
            "arn",
            "arn:aws:ssm:us-west-2:${account}:parameter/orders/d",
        ),
        ("!Ref Parameter", "name", "/orders/p"),
    ],
)
def test_a_secret_keeps_its_name_its_account_and_its_region(
    reference: str, field: str, wanted: str, tmp_path: Path
) -> None:
    found, _ = imported(
        tmp_path,
        f"""
Resources:
  Parameter: {{Type: "AWS::SSM::Parameter", Properties: {{Name: /orders/p, Type: String, Value: x}}}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: orders
      RequiresCompatibilities: [FARGATE]
      Cpu: 256
      Memory: 512
      ContainerDefinitions:
        - Name: app
          Image: nginx:1
          Secrets:
            - {{Name: ITS, ValueFrom: {reference}}}
""",
    )
    (resource,) = found["orders"]["resources"].values()
    assert {name: value for name, value in resource.items() if name != "type"} == {field: wanted}


def test_a_secret_of_another_account_or_region_goes_by_its_arn() -> None:
    named = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCd3f"
    assert named_secret(named, "123456789012", "eu-west-1")[0] == {"type": "secretsmanager-secret", "name": "db"}
    for account, region in (("999988887777", "eu-west-1"), ("123456789012", "us-east-1")):
        assert named_secret(named, account, region)[0] == {"type": "secretsmanager-secret", "arn": named}


def test_a_role_that_is_new_is_compared_with_nothing(tmp_path: Path) -> None:
    task = {
        "family": "orders",
        "requiresCompatibilities": ["EC2"],
        "cpu": "512",
        "memory": "1024",
        "containerDefinitions": [
            {"name": "app", "image": "nginx:1", "mountPoints": [{"sourceVolume": "efs", "containerPath": "/a"}]}
        ],
        "volumes": [{"name": "efs", "efsVolumeConfiguration": {"fileSystemId": "fs-0123456789abcdef0"}}],
    }
    found, source = imported(tmp_path, json.dumps(task), "task.json")
    gained = {role["role"]: role["gained"] for role in source["workloads"][0]["roles"]}
    assert [each["actions"] for each in gained["task"]] == [
        ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"]
    ]
    assert found["orders"]["compute"]["cluster"].startswith("<fill in: name of the cluster")


def test_what_a_kept_resource_has_of_the_workload_has_a_line(tmp_path: Path) -> None:
    _, source = imported(
        tmp_path,
        """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: "999988887777"}, Action: "sts:AssumeRole"}]
  Plain:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}
  Bucket:
    Type: AWS::S3::Bucket
    Properties: {BucketName: files, NotificationConfiguration: {LambdaConfigurations: [{Event: "s3:*", Function: x}]}}
  Topic: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: lambda, Endpoint: x}]}}
  Key: {Type: AWS::KMS::Key, Properties: {KeyPolicy: {Statement: []}}}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: /aws/lambda/worker
      KmsKeyId: arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555
  Worker:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: worker
      Role: !GetAtt Role.Arn
      Runtime: python3.13
      Handler: a.b
      Code: {S3Bucket: packages, S3Key: b.zip}
""",
    )
    assert left(source, "Role.Properties.AssumeRolePolicyDocument")
    assert not left(source, "Plain.Properties.AssumeRolePolicyDocument")
    assert left(source, "Bucket.Properties.NotificationConfiguration")
    assert left(source, "Topic.Properties.Subscription")
    assert left(source, "Key.Properties.KeyPolicy")
    assert "log_kms_key: " in source["workloads"][0]["manifest"]


def test_serverless_says_what_its_events_and_policies_let_happen(tmp_path: Path) -> None:
    found, _ = imported(
        tmp_path,
        """
service: jobs
provider:
  name: aws
  runtime: nodejs20.x
  region: eu-central-1
  httpApi:
    authorizers: {users: {type: jwt, issuerUrl: "https://a.example", audience: [a]}}
functions:
  admin: {handler: a.b, events: [{httpApi: {path: /a, method: get, authorizer: {name: users, scopes: [admin]}}}]}
  user: {handler: a.b, events: [{httpApi: {path: /b, method: get, authorizer: {name: users}}}]}
  work: {handler: a.b, events: [{stream: "arn:aws:kinesis:eu-central-1:111111111111:stream/clicks"}]}
resources:
  Resources:
    Extra:
      Type: AWS::IAM::Policy
      Properties:
        Roles: [!Ref IamRoleLambdaExecution]
        PolicyDocument:
          Statement: {Effect: Allow, Action: "sns:Publish", Resource: "arn:aws:sns:eu-central-1:111111111111:news"}
""",
        "serverless.yml",
    )
    assert found["jobs-admin"]["compute"]["api"]["authorization"] == "iam"
    assert found["jobs-user"]["compute"]["api"]["authorization"] == "jwt"
    assert found["jobs-work"]["compute"]["triggers"]["streams"][0]["batch_size"] == 10
    assert found["jobs-user"]["resources"]["news"]["access"] == ["publish"]


def test_chalice_says_what_is_not_in_its_decorators(tmp_path: Path) -> None:
    (tmp_path / ".chalice").mkdir()
    settings = {"app_name": "shop", "stages": {"dev": {}, "prod": {"xray": True, "reserved_concurrency": 3}}}
    (tmp_path / "app.py").write_text(
        "app = Chalice(app_name='shop')\napp.register_blueprint(extra)\napp.api.cors = True\n\n"
        "@app.on_sqs_message(queue='jobs')\ndef jobs(event): pass\n",
        encoding="utf-8",
    )
    found, source = imported(tmp_path / ".chalice", json.dumps(settings), "config.json")
    assert found["shop-jobs"]["compute"]["triggers"]["queues"] == [{"queue": "jobs", "batch_size": 1}]
    assert {each["field"] for each in source["fields"]} >= {"register_blueprint", "cors"}
    notes = "\n".join(source["workloads"][0]["notes"])
    assert "compute.tracing is in prod and not in dev, and the manifest leaves it out" in notes
    assert "compute.reserved_concurrency is in prod and not in dev, and the manifest leaves it out" in notes
