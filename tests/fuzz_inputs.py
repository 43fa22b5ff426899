"""Inputs for every command, each a good one that was changed in the text or in the tree: from a seed, for ever."""

from __future__ import annotations

import base64
import functools
import gzip
import io
import json
import random
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hostile import VALUES, for_resource, paths, replaced
from rolewright.source import load

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
KEY = "AKIA" + "Q3EGRIT5" * 2
ROLE = "arn:aws:iam::123456789012:role/my-function-execution"
BYTES = (b"\xff\xfe", b"\0", b"\x1b[2J", "\u202e".encode(), b"${", b"}", b"\\", b'"', b"'", b"\n", b"[" * 400,
         b"{" * 200, b"9" * 500, b"- ", b": ", b"&a ", b"*a ", b"<<: ", b"\t", b"%", b"NaN", b"1e999",
         b"\xc3", b"\\ud800")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """The files of a folder, and the command that is run in it."""

    arguments: tuple[str, ...]
    files: dict[str, bytes]


@functools.cache
def manifests() -> tuple[tuple[str, Any], ...]:
    """The examples: text and tree."""
    found = sorted((ROOT / "examples").rglob("*.yaml"))
    return tuple((path.read_text(encoding="utf-8"), load(path).trees[0].data) for path in found)


@functools.cache
def blueprints() -> tuple[tuple[str, str], ...]:
    """The built-in blueprints of resources: name and text."""
    found = sorted((ROOT / "blueprints" / "resources").glob("*/blueprint.yaml"))
    return tuple((path.parent.name, path.read_text(encoding="utf-8")) for path in found)


def changed(choice: random.Random, data: bytes) -> bytes:
    """A text with a few changes in bytes and lines."""
    for _ in range(choice.choice((0, 1, 1, 2, 5))):
        at = choice.randrange(len(data) + 1)
        match choice.randrange(5):
            case 0:
                data = data[:at] + choice.choice(BYTES) + data[at:]
            case 1:
                data = data[:at] + data[at + choice.randrange(20) :]
            case 2:
                lines = data.split(b"\n")
                choice.shuffle(lines) if choice.random() < 0.2 else lines.insert(
                    choice.randrange(len(lines)), choice.choice(lines)
                )
                data = b"\n".join(lines)
            case 3:
                data = data[:at]
            case _:
                data = data[:at] + bytes([choice.randrange(256)]) + data[at + 1 :]
    return data


def grown(choice: random.Random, data: Any) -> Any:
    """A document with a few hostile values in it."""
    for _ in range(choice.choice((0, 1, 1, 2, 4))):
        places = list(paths(data))
        value = for_resource(choice.choice(VALUES), "table")
        data = replaced(data, choice.choice(places[1:] or places), value)
    return data


def written(choice: random.Random, data: Any) -> bytes:
    """A document as JSON, changed in its tree and sometimes in its text."""
    text = json.dumps(grown(choice, data)).encode()
    return changed(choice, text) if choice.random() < 0.3 else text


def manifest(choice: random.Random) -> bytes:
    """A manifest."""
    text, data = choice.choice(manifests())
    return changed(choice, text.encode()) if choice.random() < 0.5 else written(choice, data)


def of_manifests(choice: random.Random) -> Case:
    """What commands do with a manifest. Those that build one take longest, and come least."""
    files = {"m.yaml": manifest(choice), "n.yaml": manifest(choice)}
    arguments = choice.choice(
        (
            ("why", "m.yaml", "s3:GetObject", "arn:aws:s3:::b/x"),
            ("why-not", "m.yaml", "dynamodb:*", "*"),
            ("retarget", "m.yaml", "--to", choice.choice(("fargate", "lambda", "ec2", "glue-job"))),
            ("diff", "m.yaml", "n.yaml", "--format", choice.choice(("text", "json", "markdown"))),
            ("explain", "credentials", "m.yaml"),
            ("usage", "trail.json", "-m", "m.yaml"),
            ("express", "policy.json", "-m", "m.yaml"),
            *([(choice.choice(("render", "validate", "policies", "report", "deployer")), "m.yaml")]),
        )
    )
    return Case(arguments, {**files, "trail.json": trail(choice), "policy.json": policy(choice)})


def policy(choice: random.Random) -> bytes:
    """A policy, plain or in a wrapper."""
    one: Any = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "A", "Effect": "Allow", "Action": ["s3:GetObject", "s3:Put*"], "Resource": "arn:aws:s3:::b/*"},
            {
                "Effect": choice.choice(("Allow", "Deny")),
                "Action": choice.choice(("*", "sqs:SendMessage", "dynamodb:Query")),
                "Resource": ["*", "arn:aws:sqs:us-east-1:123456789012:jobs", "arn:aws:logs:*:*:log-group:/a:*"],
                "Condition": {"StringLike": {"aws:PrincipalTag/x": ["a*", "${aws:username}"]}},
            },
            {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "*"},
        ],
    }
    if choice.random() < 0.3:
        one = {"Policies": [{"Policy": json.dumps(one)}]}
    return written(choice, one)


def record(choice: random.Random) -> Any:
    """A record of CloudTrail."""
    name = choice.choice(("GetObject", "PutItem", "Decrypt", "NoSuchCall"))
    return {
        "eventTime": "2027-01-01T00:00:00Z",
        "eventSource": choice.choice(("s3", "dynamodb", "kms", "iam")) + ".amazonaws.com",
        "eventName": name,
        "userIdentity": {
            "type": "AssumedRole",
            "accountId": "123456789012",
            "accessKeyId": choice.choice(("ASIAX", KEY)),
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "my-function-execution", "arn": ROLE}},
        },
        "resources": [{"ARN": "arn:aws:dynamodb:us-east-1:123456789012:table/my-table"}],
        "errorCode": choice.choice((None, "AccessDenied")),
        "errorMessage": f"User: {ROLE} is not authorized to perform: s3:{name} on resource: "
        + choice.choice(("arn:aws:s3:::b/k", "ChimeChannelID", '"x"', "arn:aws:dynamodb:us-east-1:1:table/t"))
        + " because no identity-based policy allows the action",
    }


def trail(choice: random.Random) -> bytes:
    """A file of CloudTrail in one of its forms."""
    listed = [record(choice) for _ in range(choice.randrange(4))]
    match choice.randrange(4):
        case 0:
            data = written(choice, {"Records": listed})
        case 1:
            data = written(choice, {"Events": [{"CloudTrailEvent": json.dumps(grown(choice, one))} for one in listed]})
        case 2:
            data = b"\n".join(written(choice, one) for one in listed)
        case _:
            data = written(choice, listed)
    if choice.random() < 0.3:
        return changed(choice, gzip.compress(data)) if choice.random() < 0.5 else gzip.compress(data)
    return data


def of_trails(choice: random.Random) -> Case:
    """`usage`, with IAM's reports and a patch."""
    row = f"u,arn:aws:iam::1:user/u,true,2027-01-01,N/A,N/A,N/A,{'x' * choice.randrange(5)},false,N/A,N/A,N/A,N/A"
    head = ["user", "arn"] + [
        f"access_key_{n}_{what}"
        for n in (1, 2)
        for what in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ]
    report = changed(choice, f"{','.join(head)}\n{row}\n".encode())
    if choice.random() < 0.5:
        report = written(choice, {"Content": base64.b64encode(report).decode()})
    service = {"ServiceNamespace": "s3", "LastAuthenticated": "2027-01-01", "TrackedActionsLastAccessed": []}
    files = {
        "m.yaml": manifests()[0][0].encode() if choice.random() < 0.3 else (ROOT / "examples/lambda.yaml").read_bytes(),
        "trail.json": trail(choice),
        "report.csv": report,
        "last.json": written(choice, {"JobStatus": "COMPLETED", "ServicesLastAccessed": [service]}),
    }
    more = choice.choice(
        (
            ("--credential-report", "report.csv"),
            ("--last-accessed", "my-function-execution=last.json"),
            ("--patch", "p.yaml"),
            ("--format", "json"),
            ("--since", "2026-01-01"),
        )
    )
    return Case(("usage", "trail.json", "-m", "m.yaml", *more), files)


def of_policies(choice: random.Random) -> Case:
    """`express`."""
    more = choice.choice(((), ("-m", "m.yaml"), ("--format", "json")))
    files = {"p.json": policy(choice), "m.yaml": (ROOT / "examples/lambda.yaml").read_bytes()}
    return Case(("express", "p.json", *more), files)


def of_migrations(choice: random.Random) -> Case:
    """`migrate`, with its file and the evidence for a step."""
    state = {
        "version": 1,
        "deadline": "2999-01-01",
        "extensions": [{"until": "2999-02-01", "reason": "x", "decided": "2027-01-01"}],
        "wait": {"role": 7, "unused": 14, "disabled": 14, "deleted": 30},
        "keys": {
            KEY: {
                "account": "123456789012",
                "user": "u",
                "manifest": "m.yaml",
                "steps": [{"phase": "found", "since": "2027-01-01", "evidence": ["a"]}],
            }
        },
    }
    used = {"UserName": "u", "AccessKeyLastUsed": {"LastUsedDate": "2027-01-01T00:00:00Z", "ServiceName": "s3"}}
    listed = {"AccessKeyMetadata": [{"UserName": "u", "AccessKeyId": KEY, "Status": "Active"}]}
    files = {
        "keys.yaml": written(choice, state),
        "m.yaml": (ROOT / "examples/lambda.yaml").read_bytes(),
        "used.json": written(choice, used),
        "listed.json": written(choice, listed),
        "trail.json": trail(choice),
    }
    own = ("--file", "keys.yaml")
    evidence = choice.choice((("--last-used", "used.json"), ("--listed", "listed.json"), ("--trail", "trail.json"), ()))
    arguments = choice.choice(
        (
            ("migrate", "status", *own, "--format", choice.choice(("text", "json"))),
            ("migrate", "check", *own),
            ("migrate", "extend", "2999-12-31", "--reason", "x", *own),
            ("migrate", "advance", KEY, *own, *evidence),
            ("migrate", "advance", KEY, "--back", *own),
            ("migrate", "init", "m.yaml", *own),
        )
    )
    return Case(arguments, files)


def of_reports(choice: random.Random) -> Case:
    """`merge`."""
    place = {"file": "a.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 2}
    one = {"rule": "r", "severity": "error", "message": "m", "remedy": "x", "path": "", **place}
    report = {"findings": [{**one, "related": [{**place, "note": "n"}]}], "summary": {}}
    form = choice.choice(("text", "json", "sarif", "github"))
    return Case(("merge", "r.json", "--format", form), {"r.json": written(choice, report)})


def of_images(choice: random.Random) -> Case:
    """`audit --image`."""

    def tar(entries: dict[str, bytes]) -> bytes:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w", format=choice.choice((tarfile.PAX_FORMAT, tarfile.GNU_FORMAT))) as it:
            for name, data in entries.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                entry.type = choice.choice((tarfile.REGTYPE, tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE))
                it.addfile(entry, io.BytesIO(data))
        return changed(choice, made.getvalue()) if choice.random() < 0.5 else made.getvalue()

    layer = tar(
        {"app/.env": f"AWS_ACCESS_KEY_ID={KEY}".encode(), "../../up": b"x", ".wh..wh..opq": b"", "é" * 80: b"y"}
    )
    layer = gzip.compress(layer) if choice.random() < 0.5 else layer
    image = tar({"manifest.json": written(choice, [{"Layers": ["l.tar"]}]), "l.tar": changed(choice, layer)})
    return Case(("audit", "--image", "i.tar"), {"i.tar": gzip.compress(image) if choice.random() < 0.3 else image})


CODE = {
    "a.py": "import boto3\nfrom functools import partial\ns3 = boto3.client('s3')\n"
    "def f(e, c):\n    s3.put_object(Bucket='b', Key=e['k'])\n"
    "class A:\n    def __init__(self, t='x'):\n        self.t = boto3.resource('dynamodb').Table(t)\n"
    "    def g(self):\n        for q in [self.t]:\n            q.query(KeyConditionExpression='a')\n",
    "a.js": "import { S3Client, PutObjectCommand } from '@aws-sdk/client-s3';\nconst c = new S3Client({});\n"
    "await c.send(new PutObjectCommand({ Bucket: 'b', Key: `x/${k}` }));\n",
    "a.go": 'package main\nimport "github.com/aws/aws-sdk-go-v2/service/sqs"\n'
    "func f() {\n\tc := sqs.NewFromConfig(cfg)\n"
    "\tc.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(q)})\n}\n",
    "a.ts": "const d = DynamoDBDocumentClient.from(new DynamoDBClient({}));\n"
    "await d.send(new GetCommand({TableName: 't'}));\n",
    "a.tf": 'resource "aws_iam_role" "r" {\n  name = "x"\n  assume_role_policy = jsonencode({Statement = []})\n}\n',
    ".env": f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={'Ab3/' * 10}\n",
    "task.json": '{"containerDefinitions": [{"image": "x", "secrets": []}]}',
}  # fmt: skip


def of_code(choice: random.Random) -> Case:
    """`audit` of a folder of code, with what it drafts."""
    names = choice.sample(sorted(CODE), 3)
    files = {f"code/{name}": changed(choice, CODE[name].encode()) for name in names}
    accepted = {"accepted": [{"fingerprint": "0" * 32, "rule": "r", "file": "f", "reason": "x", "until": "2999-01-01"}]}
    more = choice.choice(
        ((), ("--draft", "d.yaml"), ("--draft", "d.yaml"), ("--checklist", "c.md"), ("--baseline", "b.json"))
    )
    return Case(("audit", "code", *more), {**files, "b.json": written(choice, accepted)})


def of_blueprints(choice: random.Random) -> Case:
    """A team's blueprint, in the place of a built-in one."""
    name, text = choice.choice(blueprints())
    try:
        data = changed(choice, text.encode()) if choice.random() < 0.5 else written(choice, yaml.safe_load(text))
    except TypeError:  # a day, which JSON has not
        data = changed(choice, text.encode())
    files = {f"own/resources/{name}/blueprint.yaml": data, "m.yaml": (ROOT / "examples/lambda.yaml").read_bytes()}
    first = choice.choice((("blueprints", "show", name), ("explain", "credentials", "m.yaml"), ("schema",)))
    return Case((*first, "--blueprints", "own"), files)


KINDS: tuple[Callable[[random.Random], Case], ...] = (
    of_manifests, of_manifests, of_policies, of_trails, of_migrations, of_reports, of_images, of_code, of_blueprints,
)  # fmt: skip


def case(seed: int, number: int) -> Case:
    """The case of a number: the same for the same seed."""
    choice = random.Random(f"{seed} {number}")
    return KINDS[number % len(KINDS)](choice)
