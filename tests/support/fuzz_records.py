"""Inputs that tell of an account: policies, trails, IAM's reports, the file of `migrate`, findings of earlier runs."""

from __future__ import annotations

import base64
import gzip
import json
import random
from datetime import date, timedelta
from typing import Any

from fuzz_case import Case
from fuzz_changes import changed, grown, written
from fuzz_manifests import LAMBDA, manifest
from rolewright.audit.keys import account_of

KEY = "AKIA" + "Q3EGRIT5" * 2
OWN = account_of(KEY)
ROLE = "arn:aws:iam::123456789012:role/my-function-execution"
FORMATS = ("text", "json", "sarif", "github")
PHASES = ("found", "role-made", "deployed", "parallel", "disabled", "deleted", "watched")


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
            "accessKeyId": choice.choice(("ASIAX", "ASIAX", "ASIAX", KEY)),
            "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "my-function-execution", "arn": ROLE}},
        },
        "resources": [{"ARN": "arn:aws:dynamodb:us-east-1:123456789012:table/my-table"}],
        "errorCode": choice.choice((None, None, None, "AccessDenied")),
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


def of_policies(choice: random.Random) -> Case:
    """`express`."""
    more = choice.choice(((), (), ("-m", "m.yaml"), ("--format", "json"), ("--account", "123456789012")))
    return Case(("express", "p.json", *more), {"p.json": policy(choice), "m.yaml": manifest(choice)})


def _report(choice: random.Random) -> bytes:
    row = f"u,arn:aws:iam::1:user/u,true,2027-01-01,N/A,N/A,N/A,{'x' * choice.randrange(5)},false,N/A,N/A,N/A,N/A"
    head = ["user", "arn"] + [
        f"access_key_{n}_{what}"
        for n in (1, 2)
        for what in ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
    ]
    report = changed(choice, f"{','.join(head)}\n{row}\n".encode())
    return written(choice, {"Content": base64.b64encode(report).decode()}) if choice.random() < 0.5 else report


def of_trails(choice: random.Random) -> Case:
    """`usage`, with IAM's reports and a patch."""
    service = {"ServiceNamespace": "s3", "LastAuthenticated": "2027-01-01", "TrackedActionsLastAccessed": []}
    files = {
        "m.yaml": manifest(choice) if choice.random() < 0.2 else LAMBDA.encode(),
        "logs/trail.json": trail(choice),
        "logs/more.json": trail(choice),
        "report.csv": _report(choice),
        "last.json": written(choice, {"JobStatus": "COMPLETED", "ServicesLastAccessed": [service]}),
    }
    more = choice.choice(
        (
            ("--credential-report", "report.csv"),
            ("--last-accessed", "my-function-execution=last.json"),
            ("--patch", "p.yaml"),
            ("--format", "json"),
            ("--since", "2026-01-01"),
            ("--env", "prod"),
        )
    )
    return Case(("usage", choice.choice(("logs/trail.json", "logs")), "-m", "m.yaml", *more), files)


def _state(choice: random.Random) -> dict[str, Any]:
    """The file of `migrate`, with a key in any phase."""
    last = choice.randrange(len(PHASES))
    steps = [
        {
            "phase": phase,
            "since": str(date(2025, 1, 1) + timedelta(40 * number)),
            "time": "00:00:00Z",
            "by": "u",
            "evidence": ["a.py:1:1"],
            **({"files": [{"path": "a", "sha256": "0" * 64}]} if number else {}),
        }
        for number, phase in enumerate(PHASES[: last + 1])
    ]
    key = {"account": OWN, "user": "u", "manifest": "m.yaml", "steps": steps}
    return {
        "version": 1,
        "deadline": choice.choice(("2999-01-01", "2026-01-01")),
        "extensions": [{"until": "2999-02-01", "reason": "x", "decided": "2026-01-01"}],
        "wait": {"role": 7, "unused": 14, "disabled": 14, "deleted": 30},
        "keys": {KEY: key},
    }


def of_migrations(choice: random.Random) -> Case:
    """`migrate`, with its file and the evidence for a step."""
    used = {
        "UserName": "u",
        "AccessKeyId": KEY,
        "AccessKeyLastUsed": {"LastUsedDate": "2025-01-01T00:00:00Z", "ServiceName": "s3"},
    }
    status = choice.choice(("Active", "Inactive"))
    listed = {"UserName": "u", "AccessKeyMetadata": [{"UserName": "u", "AccessKeyId": KEY, "Status": status}]}
    files = {
        "keys.yaml": written(choice, _state(choice)),
        "m.yaml": LAMBDA.encode(),
        "used.json": written(choice, used),
        "listed.json": written(choice, listed),
        "trail.json": trail(choice),
        "a.py": f"key = '{KEY}'\n".encode() if choice.random() < 0.5 else b"x = 1\n",
    }
    own = ("--file", "keys.yaml")
    evidence = choice.choice(
        (
            ("--last-used", "used.json"),
            ("--listed", "listed.json"),
            ("--trail", "trail.json"),
            ("--audit", "a.py", "--last-used", "used.json", "--listed", "listed.json"),
            ("-m", "m.yaml"),
            (),
        )
    )
    arguments = choice.choice(
        (
            ("migrate", "status", *own, "--format", choice.choice(("text", "json"))),
            ("migrate", "check", *choice.choice(((), ("a.py",))), *own),
            ("migrate", "extend", "2999-12-31", "--reason", "x", *own),
            ("migrate", "advance", KEY, *own, *evidence),
            ("migrate", "advance", KEY, *own, *evidence),
            ("migrate", "advance", KEY, "--back", *own, *evidence),
            ("migrate", "init", "a.py", *own),
            ("migrate", "init", "a.py", "--deadline", "2999-01-01", "--file", "new/keys.yaml"),
        )
    )
    return Case(arguments, files)


def of_reports(choice: random.Random) -> Case:
    """`merge`."""
    place = {"file": "a.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 2}
    severity = choice.choice(("error", "warning", "note"))
    one = {"rule": "r", "severity": severity, "message": "m", "remedy": "x", "path": "", **place}
    report = {"findings": [{**one, "related": [{**place, "note": "n"}]}], "summary": {}}
    files = {"r.json": written(choice, report), "s.json": json.dumps(report).encode()}
    return Case(("merge", "r.json", "s.json", "--format", choice.choice(FORMATS)), files)
