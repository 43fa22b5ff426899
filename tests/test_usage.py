"""`rolewright usage`: what was used, what was denied and why, which keys are in use, and what cannot be told."""

from __future__ import annotations

import gzip
import json
import random
import resource
from pathlib import Path
from typing import Any

import pytest

from command import rolewright
from planted import new_key
from trail import ACCOUNT, FORMS, denied, on, record, with_key

ROLE = "orders-execution"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"
KEY, _, _ = new_key(random.Random(2))
MANIFEST = """\
version: 1
workload: orders
compute: {type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}
resources:
  table: {type: dynamodb-table, name: orders, access: [get, put]}
  bucket: {type: s3-bucket, name: orders-data, access: [read]}
  secret: {type: secretsmanager-secret, name: db, access: [get]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def write(folder: Path, listed: list[dict[str, Any]], name: str = "s3.json") -> str:
    (folder / name).write_bytes(FORMS[name](listed))
    return name


def told(folder: Path, *arguments: str, code: int = 0) -> Any:
    run = rolewright("usage", *arguments, "-m", "m.yaml", "--format", "json", cwd=folder)
    assert run.returncode == code, run.stderr
    return json.loads(run.stdout)


def states(answer: Any) -> dict[str, str]:
    (role,) = answer["roles"]
    return {one["action"]: one["state"] for one in role["permissions"]}


EVENTS = [
    record("dynamodb", "GetItem", ROLE, eventCategory="Data", **on(TABLE)),
    record("dynamodb", "GetItem", ROLE, eventCategory="Data", **on(TABLE), time="2026-11-05T00:00:00Z"),
    record("dynamodb", "UpdateItem", ROLE, eventCategory="Data", **denied("dynamodb:UpdateItem", TABLE, ROLE)),
    record("logs", "CreateLogStream", ROLE),
    record("ec2", "DescribeInstances", ROLE),
    record("made", "Up", ROLE),
    with_key(KEY, record("s3", "ListBuckets", "")),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(folder: Path, form: str) -> None:
    answer = told(folder, write(folder, EVENTS, form), code=1)
    assert answer == told(folder, write(folder, EVENTS), code=1)
    assert (answer["records"], answer["foreign"], answer["broken"]) == (len(EVENTS), 0, {})
    assert states(answer) == {
        "dynamodb:GetItem": "used",
        "dynamodb:PutItem": "unused",
        "s3:GetObject": "unseen",
        "s3:ListBucket": "unseen",
        "secretsmanager:GetSecretValue": "unused",
        "logs:CreateLogStream": "used",
        "logs:PutLogEvents": "unseen",
    }
    (role,) = answer["roles"]
    assert [one[:2] for one in role["undeclared"]] == [["ec2:DescribeInstances", ""]]
    assert [one[:2] for one in role["denied"]] == [["dynamodb:UpdateItem", TABLE]]
    assert [(name, seen["count"]) for name, seen in role["unmapped"]] == [("made:Up", 1)]
    assert [(one["key"], one["count"]) for one in answer["keys"]] == [(KEY, 1)]


def test_the_text_and_what_it_advises(folder: Path) -> None:
    """The change that it proposes, made by hand, is what allows the call."""
    run = rolewright("usage", write(folder, EVENTS), "-m", "m.yaml", cwd=folder)
    assert run.returncode == 1
    assert f"denied  dynamodb:UpdateItem on {TABLE}, 1 times" in run.stdout
    assert "to allow it: add `update` to `access` of resources.table (m.yaml:5:3)" in run.stdout
    assert "unused  dynamodb:PutItem" in run.stdout
    assert "m.yaml:5:54 resources.table.access" in run.stdout or "m.yaml:5" in run.stdout
    assert f"{KEY} of arn:aws:iam::{ACCOUNT}:user/ci: 1 times" in run.stdout
    text = (folder / "m.yaml").read_text(encoding="utf-8")
    (folder / "m.yaml").write_text(text.replace("[get, put]", "[get, put, update]"), encoding="utf-8")
    after = rolewright("usage", "s3.json", "-m", "m.yaml", cwd=folder)
    assert "the manifest allows it by now: apply its module" in after.stdout


@pytest.mark.parametrize(
    ("because", "said", "code"),
    [
        ("because no identity-based policy allows the {action} action", "the role's policies do not allow it", 1),
        ("with an explicit deny in a service control policy", "denies it explicitly", 0),
        ("with an explicit deny in an identity-based policy", "denies it explicitly", 0),
        ("because no resource-based policy allows the {action} action", "its owner has to change", 0),
        ("because no permissions boundary allows the {action} action", "boundary", 0),
        ("because no service control policy allows the {action} action", "organisation", 0),
        ("because no session policy allows the {action} action", "session", 0),
        ("because no VPC endpoint policy allows the {action} action", "VPC endpoint", 0),
        ("", "does not tell why", 1),
    ],
)
def test_only_what_a_manifest_can_mend_is_proposed(folder: Path, because: str, said: str, code: int) -> None:
    events = [record("dynamodb", "UpdateItem", ROLE, **denied("dynamodb:UpdateItem", TABLE, ROLE, because))]
    run = rolewright("usage", write(folder, events), "-m", "m.yaml", cwd=folder)
    assert run.returncode == code
    assert said in run.stdout
    assert ("to allow it:" in run.stdout) == bool(code)


@pytest.mark.parametrize(
    "error",
    [
        {"errorCode": "AccessDenied", "errorMessage": "Access Denied"},
        {"errorCode": "Client.UnauthorizedOperation", "errorMessage": "Encoded authorization failure message: abc"},
        {"errorCode": "AccessDeniedException"},
    ],
)
def test_a_denial_without_words_is_told_by_its_operation(folder: Path, error: dict[str, str]) -> None:
    events = [record("s3", "GetObject", ROLE, **on("arn:aws:s3:::orders-data/x"), **error)]
    (role,) = told(folder, write(folder, events), code=1)["roles"]
    assert [one[:2] for one in role["denied"]] == [["s3:GetObject", "arn:aws:s3:::orders-data/x"]]
    assert role["undeclared"] == []


def test_data_events_of_anybody_show_that_they_are_on(folder: Path) -> None:
    other = record("s3", "GetObject", "another", eventCategory="Data", **on("arn:aws:s3:::orders-data/x"))
    answer = told(folder, write(folder, [record("logs", "CreateLogStream", ROLE), other]))
    assert states(answer)["s3:GetObject"] == "unused"
    assert states(answer)["dynamodb:GetItem"] == "unseen"


def test_other_resources_accounts_and_days_do_not_count(folder: Path) -> None:
    elsewhere = TABLE.replace("table/orders", "table/others")
    answer = told(folder, write(folder, [record("dynamodb", "GetItem", ROLE, **on(elsewhere))]))
    assert states(answer)["dynamodb:GetItem"] == "unused"
    assert [one[:2] for one in answer["roles"][0]["undeclared"]] == [["dynamodb:GetItem", elsewhere]]
    answer = told(folder, write(folder, [EVENTS[0]]), "--since", "2026-11-02")
    assert answer["roles"][0]["seen"]["count"] == 0
    environments = "environments:\n  prod: {account: '999999999999', region: us-east-1}\n"
    (folder / "m.yaml").write_text(MANIFEST + environments, encoding="utf-8")
    name = "orders-prod-execution"
    other = record("logs", "CreateLogStream", name)
    own = record("logs", "CreateLogStream", name, account="999999999999")
    assert told(folder, write(folder, [other, own]))["roles"][0]["seen"]["count"] == 1


def test_who_calls_cannot_steer_the_terminal(folder: Path) -> None:
    """The name of the program is what the caller says it is."""
    events = [with_key(KEY, record("s3", "ListBuckets", "", userAgent="\x1b[2Jx\u202e")), record("a\x1b[1m", "B", ROLE)]
    run = rolewright("usage", write(folder, events), "-m", "m.yaml", cwd=folder)
    assert run.returncode == 1
    assert "\\x1b[2Jx" in run.stdout
    assert not {"\x1b", "\u202e"} & set(run.stdout)


def test_what_is_broken_is_named_and_the_rest_is_read(folder: Path) -> None:
    whole = FORMS["s3.json.gz"](EVENTS * 50)
    trail = folder / "trail"
    (trail / "inner").mkdir(parents=True)
    (trail / "a.json.gz").write_bytes(FORMS["s3.json.gz"](EVENTS))
    (trail / "b.json.gz").write_bytes(whole[: len(whole) // 2])
    (trail / "c.json").write_bytes(FORMS["s3.json"](EVENTS)[:-40])
    (trail / "d.json").write_bytes(b"no json at all")
    (trail / "e.json").write_bytes(b"")
    (trail / "f.json").write_bytes(b'{"some": "object"}\n[1, 2]\n{"Records": [{"eventName": 3}, "x", null]}')
    (trail / "g.json.gz").write_bytes(b"\x1f\x8b" + b"x" * 50)
    (trail / "h.json").write_bytes(b"[" * 200_000)
    (trail / "k.json").write_bytes(json.dumps({"Events": [{"CloudTrailEvent": "[" * 100_000}]}).encode())
    (trail / "l.jsonl.gz").write_bytes(FORMS["lines.jsonl.gz"](EVENTS)[:-8])  # all lines, and no end
    (trail / "inner" / "i.json").write_bytes(FORMS["lookup-events.json"](EVENTS))
    (trail / "j.json").write_bytes(gzip.compress(FORMS["lines.jsonl"](EVENTS)) + b"garbage")
    answer = told(folder, "trail", code=1)
    assert {Path(file).name for file in answer["broken"]} == {
        "b.json.gz", "c.json", "d.json", "g.json.gz", "h.json", "j.json", "l.jsonl.gz",
    }  # fmt: skip
    assert answer["foreign"] == 7
    assert answer["records"] > 4 * len(EVENTS)


def test_many_records_need_little_memory(folder: Path) -> None:
    """A hundred times the records take no more memory: they are read one by one."""
    lines = FORMS["lines.jsonl"](EVENTS)
    list_ = b",".join(lines.splitlines())
    peaks = []
    for times in (100, 10_000):
        with (folder / "many.jsonl").open("wb") as many, (folder / "one.json").open("wb") as one:
            one.write(b'{"Records": [' + list_)
            for _ in range(times):  # in pieces: a new process begins with the memory of this one
                many.write(lines)
                one.write(b"," + list_)
            one.write(b"]}")
        answer = told(folder, "many.jsonl", "one.json", code=1)
        assert answer["records"] == len(EVENTS) * (2 * times + 1)
        assert answer["keys"][0]["count"] == 2 * times + 1
        peaks.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    assert peaks[1] < peaks[0] + 30_000  # kB; the second two files have 160 MB


@pytest.mark.parametrize(
    "arguments", [["none.json"], ["s3.json", "--since", "yesterday"], ["s3.json", "--env", "none"]]
)
def test_wrong_use(folder: Path, arguments: list[str]) -> None:
    write(folder, EVENTS)
    run = rolewright("usage", *arguments, "-m", "m.yaml", cwd=folder)
    assert run.returncode == 2
    assert "Traceback" not in run.stderr


def test_a_refused_manifest(folder: Path) -> None:
    (folder / "m.yaml").write_text("version: 1\nworkload: orders\ncompute: {type: lamda}\n", encoding="utf-8")
    run = rolewright("usage", write(folder, EVENTS), "-m", "m.yaml", cwd=folder)
    assert run.returncode == 1
    assert "m.yaml:3:" in run.stderr
