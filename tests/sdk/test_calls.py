"""What code calls: read without running it, and held against the same code run against moto."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolewright.core.finding import Location
from rolewright.sdk import models
from rolewright.sdk.calls import ApiCall, Argument, Scalar, Unmapped
from rolewright.sdk.code import read_files
from rolewright.sdk.go.reader import GoReader
from rolewright.sdk.javascript.reader import ScriptReader
from rolewright.sdk.permissions import CallPermission, permissions
from rolewright.sdk.python.reader import PythonReader
from rolewright.sdk.python.scopes import read_file
from rolewright.sdk.source_files import read_source
from sdk_programs import PROGRAMS

HERE = Location("x.py")


def argument(value: object) -> Argument:
    if isinstance(value, dict):
        return {str(key): argument(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return tuple(argument(element) for element in value)
    return Scalar(value) if isinstance(value, str) else Scalar(None)


def needed(calls: list[ApiCall | Unmapped]) -> set[tuple[str, str]]:
    """Actions on ARNs, without what only an ARN or a URL tells: another partition, region and account."""
    assert not [report for report in calls if isinstance(report, Unmapped)], calls
    found = list(permissions(report for report in calls if isinstance(report, ApiCall)))
    assert not [permission for permission in found if isinstance(permission, Unmapped)], found
    return {
        (
            permission.action,
            ":".join(["*" if part.isdigit() or part in ("us-east-1", "aws") else part for part in parts]),
        )
        for permission in found
        if isinstance(permission, CallPermission)
        for parts in [permission.resource.split(":")]
    }


def read(text: str) -> list[ApiCall | Unmapped]:
    file = read_file(textwrap.dedent(text), "app.py", "app")
    return list(PythonReader([file]).calls(file))


def read_as(text: str, name: str, folder: Path) -> list[ApiCall | Unmapped]:
    (folder / name).write_text(text, encoding="utf-8")
    return list(read_files([str(folder / name)], str(folder)).calls)


TEXTS = {name: "import boto3\n" + textwrap.dedent(program) for name, program in PROGRAMS.items()}


@pytest.fixture(scope="session")
def run() -> dict[str, list[Any]]:
    """What each program calls. They run in one process, which starts moto once."""
    ran = subprocess.run(
        [sys.executable, Path(__file__).parents[1] / "support" / "run_sdk_programs.py"],
        input=json.dumps(list(TEXTS.values())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(zip(TEXTS, json.loads(ran.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_read_is_what_running_it_calls(name: str, run: dict[str, list[Any]]) -> None:
    made: list[ApiCall | Unmapped] = []
    for service, operation, parameters in run[name]:
        given = argument(parameters)
        assert isinstance(given, dict)
        made.append(ApiCall(service, operation, given, HERE))
    needed_by_text, needed_by_calls = (
        {(action, re.sub(r"fill-in[\w-]*", "fill-in", arn)) for action, arn in needed(calls)}  # however it is asked for
        for calls in (read(TEXTS[name]), made)
    )
    assert needed_by_calls <= needed_by_text
    # A transfer that is broken off does not happen here.
    assert {
        permission
        for permission in needed_by_text - needed_by_calls
        if not permission[0].endswith("AbortMultipartUpload")
    } == set()
    assert needed_by_calls


FORMS = [
    "import boto3\n" + text
    for text in (
        "def main():\n    boto3.client({service!r}).{method}({arguments})\n",
        """class A:
    def __init__(self):
        self.c = boto3.client({service!r})
    def go(self):
        self.c.{method}({arguments})
""",
        "from boto3 import Session as S\nc = S().client({service!r})\ndef go():\n    return c.{method}({arguments})\n",
        "def get():\n    return boto3.client({service!r})\nx = get().{method}({arguments})\n",
        "def run(c):\n    c.{method}({arguments})\nrun(boto3.client({service!r}))\n",
        "with boto3.session.Session() as s, s.client({service!r}) as c:\n    c.{method}({arguments})\n",
        """import aioboto3
async def go():
    async with aioboto3.Session().client({service!r}) as c:
        await c.{method}({arguments})
""",
        "f = boto3.client({service!r}).{method}\ng = f({arguments})\n",
    )
]


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_every_operation_in_every_form(data: st.DataObject) -> None:
    """Each method of the usual services, written in each way, with arguments that are known and unknown."""
    service = data.draw(st.sampled_from(sorted(models.facts()["usual"])))
    known = models.service(service)
    assert known is not None
    method = data.draw(st.sampled_from(sorted(known.methods)))
    members = sorted(known.operations[known.methods[method]])
    chosen = data.draw(st.lists(st.sampled_from(members), unique=True, max_size=4)) if members else []
    values = {name: data.draw(st.sampled_from(["'orders'", "NAME", "'a' + 'b'"])) for name in chosen}
    arguments = ", ".join(f"{name}={value}" for name, value in values.items())
    text = data.draw(st.sampled_from(FORMS)).format(service=service, method=method, arguments=arguments)
    (call,) = read(text)
    assert isinstance(call, ApiCall)
    assert (call.service, call.operation) == (service, known.methods[method])
    expected = {"'orders'": Scalar("orders"), "NAME": Scalar(None, "NAME"), "'a' + 'b'": Scalar("ab")}
    assert call.arguments == {name: expected[value] for name, value in values.items()}


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("s3.get_object(Bucket='b-1', Key='k')", {("s3:GetObject", "arn:*:s3:::b-1/*")}),
        ("s3.get_object(Bucket='b-1', Key='k', VersionId='v')", {("s3:GetObjectVersion", "arn:*:s3:::b-1/*")}),
        ("s3.delete_object(Bucket='b-1', Key='k', VersionId='v')", {("s3:DeleteObjectVersion", "arn:*:s3:::b-1/*")}),
        (
            "s3.get_object_tagging(Bucket='b-1', Key='k', VersionId='v')",
            {("s3:GetObjectVersionTagging", "arn:*:s3:::b-1/*")},
        ),
        (
            "s3.get_object_acl(Bucket='b-1', Key='k', VersionId='v')",
            {("s3:GetObjectVersionAcl", "arn:*:s3:::b-1/*")},
        ),
        (
            "s3.get_object_attributes(Bucket='b-1', Key='k', ObjectAttributes=['ETag'], VersionId='v')",
            {("s3:GetObjectVersion", "arn:*:s3:::b-1/*"), ("s3:GetObjectVersionAttributes", "arn:*:s3:::b-1/*")},
        ),
        ("s3.list_buckets()", {("s3:ListAllMyBuckets", "*")}),
        ("s3.get_object(**params)", {("s3:GetObject", "*")}),
        ("dynamodb.query(TableName='t-1')", {("dynamodb:Query", "arn:*:dynamodb:*:*:table/t-1")}),
        (
            "dynamodb.query(TableName='t-1', IndexName='by-day')",
            {("dynamodb:Query", "arn:*:dynamodb:*:*:table/t-1/index/by-day")},
        ),
        (
            "dynamodb.get_item(TableName='arn:aws:dynamodb:eu-west-1:123456789012:table/t-1')",
            {("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/t-1")},
        ),
        (
            "lambda.invoke(FunctionName='mail:live')",
            {("lambda:InvokeFunction", "arn:*:lambda:*:*:function:mail:live")},
        ),
        (
            "sqs.send_message(QueueUrl='https://sqs.cn-north-1.amazonaws.com.cn/123456789012/jobs')",
            {("sqs:SendMessage", "arn:aws-cn:sqs:cn-north-1:123456789012:jobs")},
        ),
        (
            "secretsmanager.get_secret_value(SecretId='db')",
            {("secretsmanager:GetSecretValue", "arn:*:secretsmanager:*:*:secret:db-??????")},
        ),
        (
            "secretsmanager.get_secret_value(SecretId='arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf')",
            {
                (
                    "secretsmanager:GetSecretValue",
                    "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
                )
            },
        ),
        (
            "lambda.invoke(FunctionName='mail', Qualifier='live')",
            {("lambda:InvokeFunction", "arn:*:lambda:*:*:function:mail:live")},
        ),
        (
            "ecs.run_task(taskDefinition='job:7')",
            {("ecs:RunTask", "arn:*:ecs:*:*:task-definition/job:*"), ("iam:PassRole", "*")},
        ),
        ("ecs.update_service(taskDefinition='web:7')", {("ecs:UpdateService", "*"), ("iam:PassRole", "*")}),
        ("ecs.update_service(desiredCount=3)", {("ecs:UpdateService", "*")}),
        ("batch.submit_job(tags={'a': 'b'})", {("batch:SubmitJob", "*"), ("batch:TagResource", "*")}),
        ("batch.submit_job(jobQueue='q')", {("batch:SubmitJob", "*")}),
        ("ssm.get_parameter(Name='/a/b')", {("ssm:GetParameter", "arn:*:ssm:*:*:parameter/a/b")}),
        ("kms.decrypt(KeyId=KEY)", {("kms:Decrypt", "arn:*:kms:*:*:key/fill-in-key")}),
        ("sts.get_caller_identity()", set()),
    ],
)
def test_what_a_call_needs(call: str, expected: set[tuple[str, str]]) -> None:
    service, _, rest = call.partition(".")
    (api_call,) = read(f"import boto3\ndef f(params):\n    boto3.client('{service}').{rest}\n")
    assert isinstance(api_call, ApiCall)
    assert {
        (each.action, each.resource) for each in permissions([api_call]) if isinstance(each, CallPermission)
    } == expected


def test_a_model_keeps_its_version() -> None:
    """Which is part of its name, colon and all."""
    (call,) = read(
        "import boto3\nboto3.client('bedrock-runtime').invoke_model(modelId='anthropic.claude-3-haiku-v1:0')\n"
    )
    assert isinstance(call, ApiCall)
    found = {permission.resource for permission in permissions([call]) if isinstance(permission, CallPermission)}
    assert "arn:*:bedrock:*::foundation-model/anthropic.claude-3-haiku-v1:0" in found


def test_a_default_counts_where_somebody_leaves_it_out() -> None:
    text = "import boto3\ndef f(b={default}):\n    boto3.client('s3').list_objects_v2(Bucket=b)\n{calls}"
    for default, calls, expected in (
        ("'a-1'", "f('b-1')\n", {"b-1"}),
        ("'a-1'", "f('b-1')\nf()\n", {"a-1", "b-1"}),
        ("'a-1'", "", {"a-1"}),
        ("None", "f('b-1')\nf()\n", {"b-1"}),
        ("None", "", {None}),
    ):
        (call,) = read(text.format(default=default, calls=calls))
        assert isinstance(call, ApiCall)
        assert {scalar.text for scalar in call.values_at("Bucket")} == expected


def test_what_is_put_under_another_key_is_not_meant() -> None:
    text = """
    import boto3
    request = {}
    request["bucket"] = "orders-data"
    request["table"] = "orders"
    boto3.client("s3").list_objects_v2(Bucket=request["bucket"])
    boto3.client("s3").list_objects_v2(Bucket=request.get("other"))
    """
    first, second = (report.values_at("Bucket") for report in read(text) if isinstance(report, ApiCall))
    assert [scalar.text for scalar in first] == ["orders-data"]
    assert [scalar.text for scalar in second] == [None]


@pytest.mark.parametrize("method", ["execute_statement(Statement='x')", "transact_write_items(TransactItems=items)"])
def test_what_only_the_contents_tell_is_not_guessed(method: str) -> None:
    (call,) = read(f"import boto3\nboto3.client('dynamodb').{method}\n")
    assert isinstance(call, ApiCall)
    (unmapped,) = permissions([call])
    assert isinstance(unmapped, Unmapped)
    assert "depending on its contents" in unmapped.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(client):\n    client.get_item(TableName='t', Key={})\n", "it is not known what `client` is; dynamodb"),
        (
            "def f(clients):\n    clients['sns'].publish(TopicArn='t', Message='')\n",
            "is; sns has such a call",
        ),
        ("import boto3\ngetattr(boto3.client('s3'), name)()\n", "known only at run time"),
        ("import boto3\nboto3.client(name)\n", "the service is known only at run time"),
        ("import boto3\nboto3.client('nothing')\n", "knows no service nothing"),
        ("import boto3\nboto3.client('s3').fetch(Bucket='b')\n", "has no operation of this name"),
        ("import boto3\nboto3.client('s3').get_paginator(x).paginate()\n", "known only at run time"),
        ("import boto3\nboto3.client('s3').get_waiter('made_up').wait()\n", "s3 has no made_up"),
        ("import boto3\nboto3.client('s3').generate_presigned_url(x)\n", "known only at run time"),
    ],
)
def test_what_cannot_be_told_is_said(text: str, reason: str) -> None:
    unmapped = [report for report in read(text) if isinstance(report, Unmapped)]
    assert [reason in report.reason for report in unmapped] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "class Cache:\n    def get_item(self, Key):\n        pass\nCache().get_item(Key=1)\n",
        "import requests\nrequests.get(url='x')\n",
        "import boto3\ns3 = boto3.client('s3')\nprint(s3.exceptions.NoSuchKey, s3.meta.region_name)\n",
        "def f(form):\n    form.add_field(name='x')\n",
        "def f(bus):\n    bus.publish(message='x')\n",
        "import boto3\nboto3.client('s3').can_paginate('x')\n",
    ],
)
def test_what_calls_nothing_is_not_told(text: str) -> None:
    assert read(text) == []


def test_files_that_import_one_another(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "from .clients import s3\n",
        "app/clients.py": "import boto3\nfrom app import other\ns3 = boto3.client('s3')\nBUCKET = 'orders-data'\n",
        "app/other.py": "from . import clients\nfrom app import s3\n\ndef go():\n"
        "    clients.s3.get_object(Bucket=clients.BUCKET, Key='k')\n    s3.delete_object(Bucket='b-1', Key='k')\n",
        "app/tests/test_other.py": "import boto3\nboto3.client('s3').create_bucket(Bucket='no')\n",
        "app/broken.py": "import boto3\ndef (:\n",
        "app/odd.py": "\x00import boto3",
        "node_modules/x/a.js": "require('aws-sdk'); const s3 = new AWS.S3(); s3.getObject({Bucket: 'no'})",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = read_files([str(tmp_path / name) for name in files], str(tmp_path)).calls
    calls = [report for report in found if isinstance(report, ApiCall)]
    assert [(api_call.operation, api_call.values_at("Bucket")) for api_call in calls] == [
        ("GetObject", (Scalar("orders-data"),)),
        ("DeleteObject", (Scalar("b-1"),)),
    ]
    assert sorted(Path(report.location.file).name for report in found if isinstance(report, Unmapped)) == [
        "broken.py",
        "odd.py",
    ]


def test_the_nearest_of_several_modules_is_meant(tmp_path: Path) -> None:
    """Each function of a repository has a helper of the same name beside it."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "helper.py").write_text(
            f"import boto3\nclient = boto3.client('s3')\nBUCKET = '{name}-data'\n", encoding="utf-8"
        )
        (tmp_path / name / "app.py").write_text(
            "from helper import client, BUCKET\nclient.list_objects_v2(Bucket=BUCKET)\n", encoding="utf-8"
        )
    found = read_files([str(file) for file in sorted(tmp_path.rglob("*.py"))], str(tmp_path)).calls
    assert [report.values_at("Bucket") for report in found if isinstance(report, ApiCall)] == [
        (Scalar("one-data"),),
        (Scalar("two-data"),),
    ]


def test_of_several_services_those_with_the_operation_are_meant() -> None:
    text = "import boto3\nc = boto3.client('s3') if x else boto3.client('sqs')\nc.put_object(Bucket='b', Key='k')\n"
    (call,) = read(text)
    assert isinstance(call, ApiCall)
    assert call.service == "s3"


def test_types_of_stubs_tell_what_a_parameter_is() -> None:
    text = """
    from __future__ import annotations
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_dynamodb.service_resource import Table
    from types_boto3_secretsmanager.client import SecretsManagerClient
    def f(s3: S3Client, table: "Table", sm: SecretsManagerClient | None):
        s3.list_buckets()
        table.put_item(Item={})
        sm.get_secret_value(SecretId="x")
    """
    calls = [report for report in read(text) if isinstance(report, ApiCall)]
    assert [api_call.operation for api_call in calls] == ["ListBuckets", "PutItem", "GetSecretValue"]


JAVASCRIPT = """
import { S3Client, GetObjectCommand, paginateListObjectsV2 } from "@aws-sdk/client-s3";
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { PutCommand, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
import { Upload } from "@aws-sdk/lib-storage";
// new DeleteObjectCommand({ Bucket: "no" })
await s3.send(new GetObjectCommand({ Bucket: process.env.BUCKET, Key: `a/${id}` }));
for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: "data", Prefix: "x" })) {}
await sm.send(new GetSecretValueCommand({ SecretId: 'db/password' }));
await db.send(new PutCommand({
  TableName: "orders",
  Item: { id: 1, TableName: "no" },
}));
await db.send(new TransactWriteCommand({
  TransactItems: [{ Put: { TableName: "orders" } }, { Delete: { TableName: "old" } }],
}));
new Upload({ client: s3, params: { Bucket: "uploads", Key: "k" } });
await x.send(new MadeUpCommand({}));
"""
GO = """
import (
  "github.com/aws/aws-sdk-go-v2/aws"
  "github.com/aws/aws-sdk-go-v2/service/s3"
  db "github.com/aws/aws-sdk-go-v2/service/dynamodb"
  "github.com/aws/aws-sdk-go-v2/service/sfn"
)
c.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("data"), Key: aws.String(key)})
c.PutItem(ctx, &db.PutItemInput{TableName: aws.String(os.Getenv("TABLE"))})
c.TransactWriteItems(ctx, &db.TransactWriteItemsInput{
  TransactItems: []types.TransactWriteItem{{Put: &types.Put{TableName: aws.String("orders")}}},
})
c.StartExecution(ctx, &sfn.StartExecutionInput{
  StateMachineArn: aws.String("arn:aws:states:eu-west-1:123456789012:stateMachine:x"),
})
"""
OLDER = """
const AWS = require('aws-sdk');
const sqs = new AWS.SQS();
const doc = new AWS.DynamoDB.DocumentClient({ region: 'x' });
const QueueUrl = 'no';
await sqs.sendMessage({ QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs' }).promise();
doc.get({ TableName: TABLE, Key: {} }, done);
"""


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (
            JAVASCRIPT,
            "a.mjs",
            {
                ("s3:GetObject", "arn:*:s3:::fill-in-bucket/*"),
                ("s3:ListBucket", "arn:*:s3:::data"),
                ("secretsmanager:GetSecretValue", "arn:*:secretsmanager:*:*:secret:db/password-??????"),
                ("dynamodb:PutItem", "arn:*:dynamodb:*:*:table/orders"),
                ("dynamodb:DeleteItem", "arn:*:dynamodb:*:*:table/old"),
                ("s3:PutObject", "arn:*:s3:::uploads/*"),
                ("s3:AbortMultipartUpload", "arn:*:s3:::uploads/*"),
            },
        ),
        (
            OLDER,
            "b.js",
            {
                ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:jobs"),
                ("dynamodb:GetItem", "arn:*:dynamodb:*:*:table/fill-in-table"),
            },
        ),
        (
            GO,
            "c.go",
            {
                ("s3:GetObject", "arn:*:s3:::data/*"),
                ("dynamodb:PutItem", "arn:*:dynamodb:*:*:table/fill-in-table"),
                ("dynamodb:PutItem", "arn:*:dynamodb:*:*:table/orders"),
                ("states:StartExecution", "arn:aws:states:eu-west-1:123456789012:stateMachine:x"),
            },
        ),
    ],
)
def test_other_languages(text: str, name: str, expected: set[tuple[str, str]], tmp_path: Path) -> None:
    calls = read_as(text, name, tmp_path)
    assert all(not report.is_sure for report in calls if isinstance(report, ApiCall))
    assert [report.text for report in calls if isinstance(report, Unmapped)] == (
        ["new MadeUpCommand"] if name == "a.mjs" else []
    )
    found = [
        permission
        for permission in permissions(report for report in calls if isinstance(report, ApiCall))
        if isinstance(permission, CallPermission)
    ]
    assert {(permission.action, permission.resource) for permission in found} == expected


def test_long_ways_and_circles() -> None:
    """What is passed on through many functions is followed; classes and functions that go round end."""
    chain = "".join(f"def f{n}(c, b):\n    f{n - 1}(c, b)\n" for n in range(1, 40))
    text = f"import boto3\ndef f0(c, b):\n    c.get_object(Bucket=b)\n{chain}f39(boto3.client('s3'), 'deep')\n"
    (call,) = read(text)
    assert isinstance(call, ApiCall)
    assert call.values_at("Bucket") == (Scalar("deep"),)
    round_ = """
    import boto3
    class A(A): pass
    class B(C): pass
    class C(B): pass
    def f(x):
        return g(x) if x else f(x.y)
    def g(x):
        return f(g(x)) or boto3.client("s3")
    A().x.get_object(Bucket="b")
    B().y.get_object(Bucket="b")
    f(1).delete_object(Bucket="b-1", Key="k")
    """
    assert "DeleteObject" in [report.operation for report in read(round_) if isinstance(report, ApiCall)]


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab(){}[]:.,'\"`=\n new SCommandS3ClientbotoInput&*_", max_size=300))
def test_no_text_breaks_the_readers(text: str) -> None:
    for prefix, name in (("'@aws-sdk/client-s3' ", "a.ts"), ('"github.com/aws/aws-sdk-go/service/s3" ', "a.go")):
        source = read_source(prefix + text, name)
        list((GoReader if name.endswith(".go") else ScriptReader)([source]).calls())
    with contextlib.suppress(SyntaxError, ValueError):
        read(text)


def test_the_facts_about_boto3_are_of_operations_that_exist() -> None:
    for name, kinds in models.facts()["methods"].items():
        known = models.service(name)
        assert known is not None
        for kind, methods in kinds.items():
            assert kind == "client" or kind in (models.resources(name) or {})
            for method, facts in methods.items():
                assert set(facts["calls"]) <= known.operations.keys(), (name, method)
    for name, answers in models.facts()["answers"].items():
        known = models.service(name)
        assert known is not None
        assert all(argument in known.operations[operation] for operation, argument in answers.items())


def test_the_arguments_are_of_operations_and_arns_that_exist() -> None:
    from rolewright.data import iam
    from rolewright.sdk.permissions import _facts

    members: dict[str, set[str]] = {}
    for name in (*models.facts()["usual"], "amp", "ce", "cognito-identity", "dax", "timestream-write"):
        known = models.service(name)
        assert known is not None
        for facts in known.operations.values():
            members.setdefault(known.prefix, set()).update(facts)
    for prefix, variables in _facts()["variables"].items():
        service = iam.service(prefix)
        assert service is not None
        arns = json.dumps([resource.arns for resource in service.resources.values()])
        for path, variable in variables.items():
            assert path.split("[")[0].split("{")[0].split(".")[0] in members[prefix], (prefix, path)
            assert f"${{{variable}}}" in arns, (prefix, variable)
    for prefix, operations in _facts()["operations"].items():
        for operation, facts in operations.items():
            actions = {*facts.get("on", {}), *facts.get("also", {}).values()}
            actions |= {
                name for swapped in facts.get("instead", {}).values() for pair in swapped.items() for name in pair
            }
            assert all(iam.action(action) is not None for action in actions), (prefix, operation)
