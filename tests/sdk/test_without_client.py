"""What calls AWS without a client that can be followed is told, and never passed over beside calls that are found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rolewright.sdk.calls import ApiCall, Unmapped
from rolewright.sdk.code import read_files

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = "import boto3\ns3 = boto3.client('s3')\ns3.get_object(Bucket='reports', Key='k')\n"
SCRIPT = (
    'import { S3Client, GetObjectCommand } from "@aws-sdk/client-s3";\nconst c = new S3Client({});\n'
    'c.send(new GetObjectCommand({ Bucket: "reports" }));\n'
)
GO = (
    'package main\nimport (\n\t"example.com/lib"\n\t"github.com/aws/aws-sdk-go-v2/aws"\n'
    '\t"github.com/aws/aws-sdk-go-v2/config"\n\t"github.com/aws/aws-sdk-go-v2/service/s3"\n{more})\nfunc f() {{\n'
    "\tcfg, _ := config.LoadDefaultConfig(ctx)\n\tc := s3.NewFromConfig(cfg)\n"
    '\tc.GetObject(ctx, &s3.GetObjectInput{{Bucket: aws.String("reports")}})\n\t{code}\n}}\n'
)
GIVEN = "it is passed {}, and its code is not in these files"
BY_ITSELF = "this library calls AWS itself, and its calls are not read"
COMMAND = "the calls that a command makes are not read"
OBJECT = "it reads or writes an S3 object without a visible call"
TOLD = {
    "py client": ("a.py", PYTHON + "from lib import go\ngo(s3)\n", GIVEN.format("a client of s3")),
    "py keyword": ("a.py", PYTHON + "import lib\nlib.go(client=s3)\n", GIVEN.format("a client of s3")),
    "py method": ("a.py", PYTHON + "from lib import W\nw = W()\nw.go(s3)\n", GIVEN.format("a client of s3")),
    "py parameter": ("a.py", PYTHON + "def f(thing):\n    thing.go(s3)\n", GIVEN.format("a client of s3")),
    "py resource": (
        "a.py",
        PYTHON + "from lib import go\ngo(boto3.resource('s3').Bucket('x'))\n",
        GIVEN.format("a resource of s3"),
    ),
    "py session": (
        "a.py",
        PYTHON + "from lib import W\nW(boto3.Session())\n",
        GIVEN.format("a value that makes clients"),
    ),
    "py module": ("a.py", PYTHON + "from lib import W\nW(boto3)\n", GIVEN.format("a value that makes clients")),
    "py factory": ("a.py", PYTHON + "from lib import W\nW(boto3.client)\n", GIVEN.format("a value that makes clients")),
    "py caller": (
        "a.py",
        PYTHON + "import operator\noperator.methodcaller('delete_object')(s3)\n",
        GIVEN.format("a client of s3"),
    ),
    "py transfer": (
        "a.py",
        PYTHON + "from boto3.s3.transfer import S3Transfer\nS3Transfer(s3)\n",
        GIVEN.format("a client of s3"),
    ),
    "py model": ("a.py", PYTHON + "from pynamodb.models import Model\n", BY_ITSELF),
    "py name": ("a.py", PYTHON + "from aws_lambda_powertools.utilities import parameters\n", BY_ITSELF),
    "py frame": ("a.py", PYTHON + "import awswrangler as wr\n", BY_ITSELF),
    "py signs": ("a.py", PYTHON + "from botocore.auth import SigV4Auth\n", BY_ITSELF),
    "py alone": ("a.py", "import s3fs\n", BY_ITSELF),
    "py reads": ("a.py", PYTHON + "import pandas as pd\npd.read_csv('s3://b/k')\n", OBJECT),
    "py list": ("a.py", PYTHON + "subprocess.run(['aws', 's3', 'cp', a, b])\n", COMMAND),
    "py text": ("a.py", PYTHON + "os.system('aws sqs send-message')\n", COMMAND),
    "py after": ("a.py", PYTHON + "os.system('cd x && aws s3 sync a b')\n", COMMAND),
    "js client": (
        "a.ts",
        SCRIPT + 'import { W } from "lib";\nnew W({ client: c });\n',
        GIVEN.format("a client of s3"),
    ),
    "js method": ("a.ts", SCRIPT + 'import W from "lib";\nW.go(c);\n', GIVEN.format("a client of s3")),
    "js model": ("a.ts", SCRIPT + 'const d = require("dynamoose");\n', BY_ITSELF),
    "js consumer": ("a.ts", 'import { Consumer } from "sqs-consumer";\n', BY_ITSELF),
    "js below": (
        "a.ts",
        SCRIPT + 'import { getParameter } from "@aws-lambda-powertools/parameters/ssm";\n',
        BY_ITSELF,
    ),
    "js command": ("a.ts", SCRIPT + 'execSync("aws s3 cp a b");\n', COMMAND),
    "js list": ("a.ts", SCRIPT + 'spawn("aws", ["s3", "cp"]);\n', COMMAND),
    "go client": ("a.go", GO.format(more="", code="lib.Archive(c)"), GIVEN.format("a client of s3")),
    "go field": ("a.go", GO.format(more="", code="lib.With(lib.Options{C: c})"), GIVEN.format("a client of s3")),
    "go config": ("a.go", GO.format(more="", code="lib.New(cfg)"), GIVEN.format("a value that makes clients")),
    "go model": ("a.go", GO.format(more='\t"github.com/guregu/dynamo/v2"\n', code=""), BY_ITSELF),
    "go command": ("a.go", GO.format(more="", code='exec.Command("aws", "s3", "rm")'), COMMAND),
}
REQUIRED = (
    'const { S3Client, GetObjectCommand } = require("@aws-sdk/client-s3");\n'
    'new S3Client({}).send(new GetObjectCommand({ Bucket: "reports" }));\n'
)
FINE = {
    "py alone": ("a.py", PYTHON),
    "py own": ("a.py", PYTHON + "def go(c):\n    c.head_bucket(Bucket='reports')\ngo(s3)\n"),
    "py keeps": ("a.py", PYTHON + "d = {}\nd.setdefault('s3', s3)\nprint(s3)\nisinstance(s3, object)\n"),
    "py library": ("a.py", PYTHON + "from contextlib import closing\nwith closing(s3) as c:\n    pass\n"),
    "py traced": ("a.py", PYTHON + "from aws_xray_sdk.core import patch\npatch(s3)\n"),
    "py words": ("a.py", PYTHON + "print('aws account id')\nlog.info('no aws s3 here: see aws.amazon.com')\n"),
    "js own": ("a.ts", SCRIPT + "function go(x) { return x; }\ngo(c);\n"),
    "js traced": ("a.ts", SCRIPT + 'import X from "aws-xray-sdk";\nconst d = X.captureAWSv3Client(c);\n'),
    "js required": ("a.js", REQUIRED),
    "go own": ("a.go", GO.format(more="", code="use(c)") + "func use(c *s3.Client) {}\n"),
}


def found_in(name: str, text: str, folder: Path) -> tuple[list[str], list[str]]:
    """The operations of calls, and why the rest is not told."""
    (folder / name).write_text(text, encoding="utf-8")
    found = read_files([str(folder / name)], str(folder)).calls
    reasons = [report.reason for report in found if isinstance(report, Unmapped)]
    return [report.operation for report in found if isinstance(report, ApiCall)], reasons


@pytest.mark.parametrize("case", TOLD)
def test_what_calls_otherwise_is_told_once(case: str, tmp_path: Path) -> None:
    name, text, why = TOLD[case]
    _, reasons = found_in(name, text, tmp_path)
    assert reasons == [why]


@pytest.mark.parametrize("case", FINE)
def test_what_calls_nothing_more_is_not_told(case: str, tmp_path: Path) -> None:
    name, text = FINE[case]
    calls, reasons = found_in(name, text, tmp_path)
    assert reasons == []
    assert sorted(calls) == ["GetObject", *(["HeadBucket"] if case == "py own" else [])]


def test_a_client_passed_to_a_function_by_an_executor_is_followed(tmp_path: Path) -> None:
    text = PYTHON + "def work(c, k):\n    c.upload_file(k, 'reports', k)\npool.submit(work, s3, 'k')\n"
    calls, reasons = found_in("a.py", text, tmp_path)
    assert sorted(calls) == ["AbortMultipartUpload", "GetObject", "PutObject"]
    assert reasons == []


def test_a_method_that_is_taken_by_its_name_is_a_call(tmp_path: Path) -> None:
    text = 'const AWS = require("aws-sdk");\nconst s3 = new AWS.S3();\nconst { putObject, deleteObject: d } = s3;\n'
    calls, _ = found_in("a.js", text, tmp_path)
    assert sorted(calls) == ["DeleteObject", "PutObject"]


@pytest.mark.parametrize("program", ["/usr/bin/env python3", "/usr/bin/python3.13", "/usr/bin/env -S python -u"])
def test_a_program_without_an_end_of_its_name_is_read(program: str, tmp_path: Path) -> None:
    assert found_in("run", f"#!{program}\n{PYTHON}", tmp_path) == (["GetObject"], [])


UNREAD = {
    "run": ("#!/bin/bash\naws s3 cp a b\n", "it runs AWS's command line (run:2)"),
    "task": ("#!/usr/bin/env ruby\nrequire 'aws-sdk-s3'\n", "it imports an AWS SDK (task:2)"),
    "Dockerfile": ("FROM x\nCMD aws s3 cp a b\n", "it runs AWS's command line (Dockerfile:2)"),
    "api.Dockerfile": ('FROM x\nCMD ["sh", "-c", "aws s3 cp a b"]\n', "it runs AWS's command line (api.Dockerfile:2)"),
    "Containerfile": ('FROM x\nENTRYPOINT ["aws", "s3", "cp"]\n', "it runs AWS's command line (Containerfile:2)"),
    "fast.pyx": ("import boto3\n", "it imports an AWS SDK (fast.pyx:1)"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_starts_programs_is_told(name: str, tmp_path: Path) -> None:
    text, why = UNREAD[name]
    assert found_in(name, text, tmp_path) == ([], [why])
