"""Inputs of `audit`: code and settings, images, and histories of git."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile

from fuzz_case import Case
from fuzz_changes import FILLINGS, PACKED, bomb, changed, large, written
from fuzz_manifests import SMALL, manifest
from fuzz_records import FORMATS, KEY

CODE = {
    "a.py": "import boto3\nfrom functools import partial\ns3 = boto3.client('s3')\n"
    "def f(e, c):\n    s3.put_object(Bucket='b', Key=e['k'])\n"
    "class A:\n    def __init__(self, t='x'):\n        self.t = boto3.resource('dynamodb').Table(t)\n"
    "    def g(self):\n        for q in [self.t]:\n            q.query(KeyConditionExpression='a')\n",
    "b.py": "import boto3, asyncio, os\nfrom concurrent.futures import ThreadPoolExecutor as P\n"
    "def c():\n    with boto3.client('sqs', region_name=os.environ['R']) as q:\n        yield q\n"
    "async def f(x):\n    await asyncio.to_thread(next(c()).send_message, QueueUrl=f'{x}', **x)\n"
    "match boto3.session.Session().client('kms'):\n    case k if (m := k.decrypt):\n        P().submit(m, *[1])\n"
    "table: 'T' = boto3.resource('dynamodb', 'us-east-1').Table('orders')\ntable.put_item(Item={})\n",
    "a.js": "import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';\nconst c = new S3Client({});\n"
    "await c.send(new PutObjectCommand({ Bucket: 'b', Key: `x/${k}` }));\n",
    "b.js": "const AWS = require('aws-sdk'); const r = /[/]\\/*/g;\nclass A { #s = new AWS.S3(); get = async (k) => "
    "this.#s.getObject({Bucket: process.env.B, ...k}).promise() }\n"
    "exports.handler = ({a: {b = 1}}) => new A()?.get(b ?? 2);\n",
    "a.go": 'package main\nimport "github.com/aws/aws-sdk-go-v2/service/sqs"\n'
    "func f() {\n\tc := sqs.NewFromConfig(cfg)\n"
    "\tc.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(q)})\n}\n",
    "a.ts": "const d = DynamoDBDocumentClient.from(new DynamoDBClient({}));\n"
    "await d.send(new GetCommand({TableName: 't'}));\n",
    "a.tf": 'resource "aws_iam_role" "r" {\n  name = "x"\n  assume_role_policy = jsonencode({Statement = []})\n}\n'
    'resource "aws_iam_access_key" "k" {\n  user = "${var.u}"\n'
    '  dynamic "x" {\n    for_each = [for a in var.b : a if a]\n  }\n}\n',
    "terraform.tfstate": json.dumps(
        {
            "version": 4,
            "resources": [
                {"type": "aws_iam_access_key", "instances": [{"attributes": {"id": KEY, "secret": "Ab3/" * 10}}]}
            ],
        }
    ),
    ".env": f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={'Ab3/' * 10}\n",
    "credentials": f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {'Ab3/' * 10}\n",
    "task.json": '{"containerDefinitions": [{"image": "x", "secrets": []}]}',
    "Dockerfile": f'FROM python:3 AS b\nENV AWS_ACCESS_KEY_ID={KEY} \\\n  X=y\nCMD ["python", "a.py"]\n',
    "serverless.yml": "service: x\nprovider:\n  name: aws\n  environment: {AWS_ACCESS_KEY_ID: ${env:X}}\n"
    "functions:\n  f: {handler: a.f}\n",
    "template.yaml": "Resources:\n  F:\n    Type: AWS::Serverless::Function\n"
    "    Properties: {Handler: !Sub a.f, Runtime: python3.12}\n",
    "docker-compose.yml": f"services:\n  a:\n    environment:\n      - AWS_ACCESS_KEY_ID={KEY}\n",
    "deploy.yml": "on: push\njobs:\n  d:\n    steps:\n      - uses: aws-actions/configure-aws-credentials@v4\n"
    "        with: {aws-access-key-id: '${{ secrets.K }}'}\n",
    "A.java": "import software.amazon.awssdk.services.s3.S3Client;\nclass A { S3Client c = S3Client.create(); }\n",
    "package.json": '{"dependencies": {"aws-sdk": "^2", "@aws-sdk/client-s3": "3"}, "main": "a.js"}',
    "go.mod": "module x\nrequire github.com/aws/aws-sdk-go-v2 v1\n",
    "requirements.txt": "boto3>=1\n-r x.txt\n",
    "nb.ipynb": json.dumps(
        {"cells": [{"cell_type": "code", "source": ["import boto3\n", "boto3.client('s3').list_buckets()"]}]}
    ),
}
OPTIONS = (
    (),
    (),
    ("--strict",),
    ("--draft", "d.yaml"),
    ("--draft", "d.yaml"),
    ("--draft", "d.yaml", "--type", "lambda"),
    ("--checklist", "c.md"),
    ("--baseline", "b.json"),
    ("--git-history",),
    ("--baseline", "n.json", "--accept", "x", "--until", "2999-01-01"),
)


def of_code(choice: random.Random) -> Case:
    """`audit` of a folder of code, with what it drafts."""
    names = choice.sample(sorted(CODE), 3)
    files = {f"code/{name}": changed(choice, CODE[name].encode()) for name in names}
    accepted = {"accepted": [{"fingerprint": "0" * 32, "rule": "r", "file": "f", "reason": "x", "until": "2999-01-01"}]}
    more = choice.choice(OPTIONS)
    shown = ("--format", choice.choice(FORMATS)) if choice.random() < 0.4 else ()
    return Case(("audit", "code", *more, *shown), {**files, "b.json": written(choice, accepted)})


TYPES = (
    tarfile.REGTYPE,
    tarfile.REGTYPE,
    tarfile.REGTYPE,
    tarfile.SYMTYPE,
    tarfile.LNKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
    tarfile.CHRTYPE,
    tarfile.CONTTYPE,
    tarfile.GNUTYPE_SPARSE,
    b"x",
    b"g",
    b"V",
    b"M",
)
INSIDE = (
    "app/.env",
    "../../up",
    "/etc/passwd",
    ".wh..wh..opq",
    "app/.wh..env",
    "é" * 80,
    "a\nFORGED",
    "\u202e",
    "x/" * 200 + "y",
    "-x",
    "app/a.py",
    "app/x.tar.gz",
    "\udcff",
    "root/.aws/credentials",
    "manifest.json",
    "PaxHeaders/x",
    ".",
)


def _tar(choice: random.Random, entries: dict[str, bytes], *, odd: bool) -> bytes:
    made = io.BytesIO()
    form = choice.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))
    headers = {"comment": "x" * choice.choice((1, 5_000))} if choice.random() < 0.1 else {}
    with tarfile.open(fileobj=made, mode="w", format=form, pax_headers=headers) as archive:
        for name, data in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            if odd and choice.random() < 0.3:
                entry.type = choice.choice(TYPES)
                entry.linkname = choice.choice((*INSIDE, name))
                entry.pax_headers = {
                    choice.choice(("path", "size", "GNU.sparse.map", "hdrcharset", "é")): choice.choice(
                        ("1", "-1", "x", "")
                    )
                }
            archive.addfile(entry, io.BytesIO(data))
    return changed(choice, made.getvalue()) if odd and choice.random() < 0.4 else made.getvalue()


def _layer(choice: random.Random) -> bytes:
    contents = [CODE[name].encode() for name in CODE] + [b"", f"AWS_ACCESS_KEY_ID={KEY}".encode()]
    entries = {name: choice.choice(contents) for name in choice.sample(INSIDE, choice.randrange(1, 6))}
    if choice.random() < 0.1:
        entries["app/large.py"] = large(choice, "large.py")
    layer = _tar(choice, entries, odd=True)
    if choice.random() < 0.03:
        return bomb(choice.choice(sorted(PACKED)), choice.choice(FILLINGS))
    return PACKED[choice.choice(sorted(PACKED))](layer) if choice.random() < 0.5 else layer


def of_images(choice: random.Random) -> Case:
    """`audit --image`: as docker or OCI writes it."""
    layers = {
        name: _layer(choice)
        for name in ("l.tar", "0123456789ab/layer.tar", "blobs/sha256/" + "0a" * 32)[: choice.randrange(1, 4)]
    }
    config = written(choice, {"config": {"Env": [f"AWS_ACCESS_KEY_ID={KEY}", "A=b"]}, "history": [{"created_by": "x"}]})
    index = {"index.json": written(choice, {"manifests": [{"digest": "sha256:" + "0a" * 32}]}), "oci-layout": b"{}"}
    listed = {"manifest.json": written(choice, [{"Config": "c.json", "Layers": list(layers)}])}
    image = _tar(
        choice, {**(listed if choice.random() < 0.6 else index), "c.json": config, **layers}, odd=choice.random() < 0.3
    )
    data = gzip.compress(image, mtime=0) if choice.random() < 0.3 else image
    return Case(("audit", "--image", "i.tar", "--format", choice.choice(FORMATS)), {"i.tar": data})


COMMITTED = (
    "m.yaml",
    "a.py",
    "d/m.yaml",
    "a\nFORGED",
    '"q"',
    "\u202e",
    "é",
    "-x",
    "a b",
    "x" * 250,
    ".gitattributes",
    ".gitmodules",
    "b/c",
    "a\\b",
    "\t",
    "out/my-function/roles.tf",
    "+++ b/x",
    "\x01commit x",
)
MESSAGES = (
    b"x",
    b"",
    b"\x01commit x\n",
    b"diff --git a/x b/x\n+++ b/y\n@@ -1 +1 @@\n+AKIA",
    b"\xff",
    b"\x1b[2J",
    b"a" * 10_000,
)
REVISIONS = (
    "HEAD",
    "HEAD~1",
    "main",
    "main~2",
    "HEAD^{tree}",
    "side",
    "nope",
    "-x",
    "",
    ":/x",
    "HEAD:m.yaml",
    "@{-1}",
    "\udcff",
)


def _commits(choice: random.Random) -> bytes:
    """A history as `git fast-import` takes it: odd names, kinds, branches and messages."""
    said: list[bytes] = []
    for number in range(choice.randrange(1, 6)):
        message = choice.choice(MESSAGES)
        branch = choice.choice((b"main", b"main", b"main", b"side"))
        said.append(
            b"commit refs/heads/%s\ncommitter %s <x@y> %d +0000\n"
            % (branch, choice.choice((b"N", b"", b"\xff", b"a" * 999)), number)
        )
        said.append(b"data %d\n%s\n" % (len(message), message))
        for name in choice.sample(COMMITTED, choice.randrange(1, 5)):
            data = choice.choice(
                (
                    changed(choice, CODE[choice.choice(sorted(CODE))].encode()),
                    SMALL.encode(),
                    b"* diff=x filter=y\n",
                    b"AKIA\0",
                )
            )
            mode = choice.choice((b"100644", b"100644", b"100644", b"100755", b"120000"))
            said.append(b"M %s inline %s\ndata %d\n%s\n" % (mode, _quoted(name), len(data), data))
        if choice.random() < 0.2:
            said.append(b"D %s\n" % _quoted(choice.choice(COMMITTED)))
    return b"".join(said)


def _quoted(name: str) -> bytes:
    return b'"' + b"".join(b"\\%03o" % byte for byte in name.encode()) + b'"'


def of_histories(choice: random.Random) -> Case:
    """What reads git: its history, and files as they were at a revision."""
    revision = choice.choice((*REVISIONS[:5] * 3, *REVISIONS))
    arguments = choice.choice(
        (
            ("audit", ".", "--git-history"),
            ("audit", "d", "--git-history", "--format", "json"),
            ("diff", "m.yaml", "--base", revision),
            ("diff", ".", "--base", revision),
            ("diff", "d", "m.yaml", "--base", revision),
            ("validate", "m.yaml", "--changed-since", revision),
            ("render", "m.yaml", "--changed-since", revision, "-o", "out"),
            ("report", "m.yaml", "--base", revision),
        )
    )
    small = arguments[0] in ("validate", "render", "report")
    files = {"m.yaml": manifest(choice) if not small else SMALL.encode(), "d/a.py": CODE["a.py"].encode()}
    damaged = choice.randrange(10_000) if choice.random() < 0.15 else None
    return Case(arguments, files, commits=_commits(choice), damaged=damaged)
