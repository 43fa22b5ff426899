"""`rolewright usage`: what was used, what was denied and why, which keys are in use, and what cannot be told."""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
from pathlib import Path
from typing import Any

import pytest

from cloudtrail_records import ACCOUNT, FORMS, denied, on, record, with_key
from command_line import rolewright
from command_line import rolewright as apart
from planted_keys import new_key

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


GIVEN = (
    MANIFEST.replace("name: orders,", "arn: '${inputs.table}',")
    + """\
inputs:
  table: {type: arn, service: dynamodb, resource: table}
"""
)


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
    assert "the manifest allows it now: apply its module" in after.stdout


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
        ("", "does not say why", 1),
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
    answer = told(folder, write(folder, EVENTS[:2]), "--since", "2026-11-02")
    assert (answer["roles"][0]["seen"]["count"], answer["before"]) == (1, 1)
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
    assert {Path(file).name for file in answer["broken"]} == {"b.json.gz", "c.json", "h.json", "j.json", "l.jsonl.gz"}
    assert {Path(file).name for file in answer["unread"]} == {"d.json", "e.json", "f.json", "g.json.gz", "k.json"}
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
        run = apart("usage", "many.jsonl", "one.json", "-m", "m.yaml", "--format", "json", cwd=folder)
        answer = json.loads(run.stdout)
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


CASES = Path(__file__).parents[1] / "cases" / "trails"
LISTED = [{**one, "eventID": f"00000000-0000-4000-8000-{number:012}"} for number, one in enumerate(EVENTS)]
OCSF = {"class_uid": 6003, "metadata": {"product": {"name": "CloudTrail"}}, "api": {"operation": "GetObject"}}
FOREIGN = {
    "policy.json": (json.dumps({"Version": "2012-10-17", "Statement": []}), "a policy"),
    "code.py": ("import boto3\n", "not JSON"),
    "empty.json": ("", "it is empty"),
    "object.json": ("{}", "has other objects"),
    "lake.json": (
        json.dumps({"QueryStatus": "FINISHED", "QueryResultRows": [[{"eventName": "x"}]]}),
        "CloudTrail Lake",
    ),
    "ocsf.json": (json.dumps(OCSF), "Security Lake"),
    "ocsf.jsonl": (f"{json.dumps(OCSF)}\n{json.dumps(OCSF)}\n", "Security Lake"),
    "athena.csv": (
        '"eventversion","useridentity","eventtime","eventname"\n"1.08","{type=x}","2026","GetObject"\n',
        "Athena",
    ),
    "bridge.json": (json.dumps({"detail-type": "EC2 Instance State-change", "detail": {"state": "x"}}), "EventBridge"),
    "accessed.json": (json.dumps({"JobStatus": "COMPLETED", "ServicesLastAccessed": []}), "--last-accessed"),
    "credentials.csv": ("user,arn,access_key_1_active\nci,x,true\n", "--credential-report"),
    "logs.json": (json.dumps({"events": [{"message": "START RequestId: x"}]}), "has other objects"),
    "x.parquet": ("PAR1\x00\x00", "Parquet"),
    "athena.json": (json.dumps([{"eventname": "GetItem", "eventsource": "dynamodb.amazonaws.com"}]), "as JSON"),
    "athena.tsv": ("eventversion\teventname\n1.08\tGetItem\n", "Athena"),
    "console.csv": ("Event name,Event time,User name,Event source\nGetItem,2026,x,y\n", "the console exports"),
    "search.json": (json.dumps({"_index": "x", "_source": {"event": {}}}), "Elasticsearch"),
    "findings.json": (json.dumps({"Findings": [{"Id": "x"}]}), "GuardDuty"),
    "config.json": (json.dumps({"fileVersion": "1.0", "configurationItems": []}), "AWS Config"),
    "x.avro": ("Obj\x01\x04", "Avro"),
    "x.bz2": ("BZh91AY", "other than with gzip"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_without_records_is_named_and_nothing_is_unused(folder: Path, name: str) -> None:
    """Alone it is wrong use; beside a trail it is named, and the run is none without a finding."""
    text, said = FOREIGN[name]
    (folder / name).write_text(text, encoding="utf-8")
    alone = rolewright("usage", name, "-m", "m.yaml", cwd=folder)
    assert alone.returncode == 2
    assert said in alone.stderr
    assert alone.stdout == ""
    beside = rolewright("usage", name, write(folder, EVENTS[:2]), "-m", "m.yaml", cwd=folder)
    assert beside.returncode == 1
    assert f"not read: {name}: " in beside.stdout


def test_trails_without_a_record_say_nothing(folder: Path) -> None:
    (folder / "none.json").write_text('{"Records": []}', encoding="utf-8")
    for arguments in (["none.json"], [write(folder, EVENTS), "--since", "2027-01-01"]):
        ran = rolewright("usage", *arguments, "-m", "m.yaml", cwd=folder)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert "there are no records" in ran.stderr


def test_where_no_file_is_a_trail_it_is_wrong_use(folder: Path) -> None:
    (folder / "empty").mkdir()
    (folder / "digests").mkdir()
    (folder / "digests" / "digest.json").write_text('{"digestStartTime": "x", "logFiles": []}', encoding="utf-8")
    for name in ("empty", "digests"):
        ran = rolewright("usage", name, "-m", "m.yaml", cwd=folder)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert "no file contains CloudTrail records" in " ".join(ran.stderr.replace("│", "").split())


def test_digests_of_the_trail_are_no_matter(folder: Path) -> None:
    (folder / "digest.json").write_text('{"digestStartTime": "x", "logFiles": []}', encoding="utf-8")
    ran = rolewright("usage", "digest.json", write(folder, EVENTS[:2]), "-m", "m.yaml", cwd=folder)
    assert ran.returncode == 0
    assert "without: 1" in ran.stdout


def test_an_event_counts_once(folder: Path) -> None:
    """Whatever the trail is given as, and as often as it is."""
    once = told(folder, write(folder, LISTED), code=1)
    names = [write(folder, LISTED, form) for form in FORMS]
    twice = told(folder, *names, code=1)
    assert twice["repeated"] == len(LISTED) * (len(FORMS) - 1)
    for part in ("roles", "keys", "records", "places"):
        assert twice[part] == once[part]


def test_it_says_what_it_looked_at(folder: Path) -> None:
    ran = rolewright("usage", write(folder, LISTED), write(folder, LISTED, "list.json"), "-m", "m.yaml", cwd=folder)
    assert ran.stdout.endswith(
        "7 records read, 7 duplicates ignored; files with records: 2\n"
        f"from 2026-11-01T00:00:00Z to 2026-11-05T00:00:00Z, of {ACCOUNT} in us-east-1\n"
    )


@pytest.mark.parametrize(
    ("account", "region", "because"),
    [
        ("999999999999", "us-east-1", "there are no records from account 999999999999"),
        (ACCOUNT, "eu-west-1", "in eu-west-1"),
    ],
)
def test_records_of_another_place_show_nothing(folder: Path, account: str, region: str, because: str) -> None:
    environments = f"environments:\n  prod: {{account: '{account}', region: {region}}}\n"
    (folder / "m.yaml").write_text(MANIFEST + environments, encoding="utf-8")
    answer = told(folder, write(folder, EVENTS[:2]))
    (role,) = answer["roles"]
    assert {one["state"] for one in role["permissions"]} == {"unseen"}
    assert all(because in one["because"] for one in role["permissions"])


def test_without_an_account_only_events_of_the_role_show_anything(folder: Path) -> None:
    answer = told(folder, write(folder, [record("dynamodb", "GetItem", "another", eventCategory="Data")]))
    assert set(states(answer).values()) == {"unseen"}


@pytest.mark.parametrize(
    "code",
    [
        "AuthFailure",
        "ExpiredToken",
        "InvalidClientTokenId",
        "KMS.AccessDeniedException",
        "ThrottlingException",
        "Client.RequestLimitExceeded",
        "InternalFailure",
    ],
)
def test_a_call_that_was_refused_proves_nothing(folder: Path, code: str) -> None:
    """It is not used, not unused, and no permission is lacking."""
    events = [record("dynamodb", "GetItem", ROLE, eventCategory="Data", errorCode=code, **on(TABLE))]
    answer = told(folder, write(folder, events))
    (role,) = answer["roles"]
    assert (states(answer)["dynamodb:GetItem"], role["denied"], role["undeclared"]) == ("unseen", [], [])
    assert [one[:2] for one in role["refused"]] == [["dynamodb:GetItem", code]]


def test_another_error_proves_that_the_permission_was_used(folder: Path) -> None:
    events = [record("dynamodb", "GetItem", ROLE, eventCategory="Data", errorCode="ValidationException", **on(TABLE))]
    assert states(told(folder, write(folder, events)))["dynamodb:GetItem"] == "used"


def test_what_an_endpoint_let_through_is_no_second_call(folder: Path) -> None:
    call = record("dynamodb", "GetItem", ROLE, eventCategory="Data", **on(TABLE))
    passed = record("sqs", "SendMessage", ROLE, eventCategory="NetworkActivity")
    answer = told(folder, write(folder, [call, passed]))
    assert answer["roles"][0]["seen"]["count"] == 1
    assert states(answer)["dynamodb:PutItem"] == "unused"
    insight = record("dynamodb", "PutItem", ROLE, eventCategory="Insight")
    assert told(folder, write(folder, [call, insight]))["foreign"] == 1


@pytest.mark.parametrize(
    ("name", "count"),
    [("cloudwatch-logs", 3), ("logs-insights", 3), ("no-records", 3), ("lookup-events", 3), ("single-record", 1)],
)
def test_what_services_print_is_read(name: str, count: int) -> None:
    ran = rolewright("usage", f"{name}.json", "-m", "manifest.yaml", "--format", "json", cwd=CASES)
    answer = json.loads(ran.stdout)
    assert (answer["records"], answer["unread"], answer["broken"]) == (count, {}, {})


def test_what_the_endpoint_denied_is_not_used() -> None:
    ran = rolewright("usage", "vpce-denied.json", "-m", "manifest.yaml", cwd=CASES)
    assert "denied  sqs:DeleteMessage on ?, 1 times" in ran.stdout
    assert "the policy of the VPC endpoint does not allow it" in ran.stdout
    assert "used    " not in ran.stdout
    assert not [line for line in ran.stdout.splitlines() if "unused" in line and "sqs:DeleteMessage" in line]


def test_a_folder_that_cannot_be_looked_into_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "trail" / "closed").mkdir(parents=True)
    write(folder, EVENTS[:2], "s3.json")
    (folder / "s3.json").rename(folder / "trail" / "s3.json")
    scan = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    ran = rolewright("usage", "trail", "-m", "m.yaml", cwd=folder)
    assert ran.returncode == 1
    assert "not read to its end: trail/closed: Permission denied" in ran.stdout


def test_a_table_that_the_caller_gives_may_be_any_table(folder: Path) -> None:
    (folder / "m.yaml").write_text(GIVEN, encoding="utf-8")
    (role,) = told(folder, write(folder, EVENTS[:1]))["roles"]
    assert not role["undeclared"]
    assert [(one["resource"], one["state"]) for one in role["permissions"] if one["action"] == "dynamodb:GetItem"] == [
        ("${inputs.table}", "used")
    ]
