"""`rolewright migrate`: phases, the evidence each step demands, and what is done in IAM, against moto."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cloudtrail_records import ACCOUNT, FORMS, denied, on, record, with_key
from command_line import rolewright
from planted_keys import new_key
from rolewright.cli.files import write_file
from rolewright.cli.migrate import migrate_app
from rolewright.core.finding import Rejected
from rolewright.migration import evidence
from rolewright.migration.aws import Iam
from rolewright.migration.evidence import LastUse
from rolewright.migration.phases import PHASES
from rolewright.migration.reports import read_last_use, read_status
from rolewright.migration.state import (
    Extension,
    Key,
    Migration,
    Shown,
    Step,
    Wait,
    migration_text,
    read_migration,
)
from rolewright.terraform.server import moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROLE = "orders-execution"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"
KEY, SECRET, OWNER = new_key(random.Random(21))
MANIFEST = """\
version: 1
workload: orders
compute: {type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}
resources:
  table: {type: dynamodb-table, name: orders, access: [get, put]}
"""
FILE = Path(".rolewright", "migration.yaml")
TODAY = datetime.now(UTC)
"""The moment that it is for all that runs here, whatever time passes meanwhile."""
UNUSED = {"ServiceName": "N/A", "Region": "N/A"}
IDENTITY = {"UserId": "AIDA", "Account": OWNER, "Arn": f"arn:aws:iam::{OWNER}:user/admin"}
NEVER = {"AccessKeyId": KEY, "UserName": "ci", "AccessKeyLastUsed": UNUSED}


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolewright.cli.migrate.now", lambda: TODAY)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


def read(path: Path) -> Migration:
    return read_migration(path, TODAY.date())


def at(days: float) -> str:
    """A time some days ago."""
    return (TODAY - timedelta(days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(days: int) -> str:
    return (TODAY - timedelta(days)).date().isoformat()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / ".env").write_text(
        f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\n", encoding="utf-8"
    )
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


def trail(folder: Path, *more: dict[str, Any], name: str = "trail.json", since: int = 40) -> str:
    """The role at work on each day."""
    listed = [record("dynamodb", "GetItem", ROLE, time=at(age), **on(TABLE)) for age in range(since, -1, -1)]
    (folder / name).write_bytes(FORMS["s3.json"]([*listed, *more]))
    return name


def shown(folder: Path, name: str, data: Any, account: str = OWNER) -> str:
    """Two answers of AWS in one file: who asked, and what was asked."""
    answers = ({**IDENTITY, "Account": account}, data)
    (folder / name).write_text("\n".join(json.dumps(one, indent=4) for one in answers), encoding="utf-8")
    return name


def last(day: str, **more: Any) -> dict[str, Any]:
    used = {"LastUsedDate": day, "ServiceName": "s3", "Region": "us-east-1"}
    return {"AccessKeyId": KEY, "UserName": "ci", "AccessKeyLastUsed": used} | more


def listed(folder: Path, *keys: tuple[str, str], user: str = "ci", account: str = OWNER) -> str:
    entries = [{"UserName": user, "AccessKeyId": key, "Status": status} for key, status in keys]
    data = {"UserName": user, "AccessKeyMetadata": entries, "IsTruncated": None}
    return shown(folder, "keys.json", data, account)


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    ran = rolewright("migrate", *arguments, cwd=folder)
    assert ran.returncode == code, (ran.stdout, ran.stderr)
    assert SECRET not in ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def in_phase(folder: Path, phase: str, *, since: int = 60, **more: Any) -> None:
    """A file with the key in a phase, the last step that many days ago, and those before as they have to be."""
    given = {"account": OWNER, "user": "ci", "manifest": "m.yaml", "environment": ""} | more
    steps: list[Step] = []
    for one in reversed(PHASES[: PHASES.index(phase) + 1]):
        files = () if one == "found" else (Shown("trail.json", "0" * 64),)
        steps.insert(0, Step(one, date.fromisoformat(day(since)), "12:00:00Z", "ci", (f"shown for {one}",), files))
        since += {"deleted": Wait().disabled, "watched": Wait().deleted}.get(one, 0)
    key = Key(KEY, steps=tuple(steps), **given)
    (folder / ".rolewright").mkdir(exist_ok=True)
    migration = Migration(date(2999, 1, 1), (), Wait(), {KEY: key})
    (folder / FILE).write_text(migration_text(migration), encoding="utf-8")


def phase(folder: Path, key: str = KEY) -> str:
    return read(folder / FILE).keys[key].phase


DENIED = record("dynamodb", "UpdateItem", ROLE, time=at(2), **denied("dynamodb:UpdateItem", TABLE, ROLE))


# --- the whole way, with files as evidence -----------------------------------------------------------


def test_the_whole_way(folder: Path) -> None:
    """Each step is refused before what it demands is shown, and taken then; nothing asks AWS."""
    assert "1 new key, 1 in all" in run(folder, "init", "app", "--deadline", "2999-01-01")
    assert "0 new keys, 1 in all" in run(folder, "init", "app")
    text = (folder / FILE).read_text(encoding="utf-8")
    written = f'        since: "{day(0)}"\n        time: "{TODAY:%H:%M:%S}Z"\n'
    assert f'  {KEY}:\n    account: "{OWNER}"\n    steps:\n      - phase: found\n{written}' in text
    assert '          - "app/.env:1:19"\n' in text
    assert SECRET not in text

    assert "--manifest" in run(folder, "advance", KEY, code=1)
    assert "[x] m.yaml is valid and makes the role orders-execution" in run(folder, "advance", KEY, "-m", "m.yaml")

    assert "--trail" in run(folder, "advance", KEY, code=1)
    (folder / "none.json").write_bytes(FORMS["s3.json"]([record("s3", "ListBuckets", "another")]))
    assert "show no successful call of the role" in run(folder, "advance", KEY, "--trail", "none.json", code=1)
    assert "[x] the role orders-execution called 41 times" in run(folder, "advance", KEY, "--trail", trail(folder))

    assert "--audit" in run(folder, "advance", KEY, code=1)
    assert "still set at app/.env:1:19" in run(folder, "advance", KEY, "--audit", "app", code=1)
    (folder / "app" / ".env").write_text("AWS_ACCESS_KEY_ID=${KEY}\n", encoding="utf-8")
    assert "still set at app/.env:1" in run(folder, "advance", KEY, "--audit", "app", code=1)
    (folder / "app" / ".env").write_text("LEVEL=info\n", encoding="utf-8")
    assert f"{KEY}: parallel" in run(folder, "advance", KEY, "--audit", "app")

    unused = ("--trail", "trail.json", "--last-used", shown(folder, "last.json", NEVER))
    told = run(folder, "advance", KEY, *unused, code=1)
    assert f"run `aws iam update-access-key --access-key-id {KEY} --user-name USER --status Inactive`" in told
    assert "the key is Active" in run(
        folder, "advance", KEY, *unused, "--listed", listed(folder, (KEY, "Active")), code=1
    )
    assert f"{KEY}: disabled" in run(folder, "advance", KEY, *unused, "--listed", listed(folder, (KEY, "Inactive")))
    assert read(folder / FILE).keys[KEY].user == "ci"

    told = run(folder, "advance", KEY, *unused, code=1)
    assert "disabled since " in told
    assert "this phase lasts 14 days" in told
    in_phase(folder, "disabled", since=20)
    told = run(folder, "advance", KEY, *unused, code=1)
    assert f"aws iam delete-access-key --access-key-id {KEY} --user-name ci" in told
    assert f"{KEY}: deleted" in run(folder, "advance", KEY, *unused, "--listed", listed(folder))

    assert "this phase lasts 30 days" in run(folder, "advance", KEY, "--trail", "trail.json", code=1)
    in_phase(folder, "deleted", since=31)
    assert f"{KEY}: watched" in run(folder, "advance", KEY, "--trail", "trail.json")
    assert "there is nothing left to do" in run(folder, "advance", KEY)


# --- what keeps a key from being disabled ------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "since", "used", "said"),
    [
        ([], 3, NEVER, "the records cover"),
        ([DENIED], 40, NEVER, "was denied dynamodb:UpdateItem"),
        ([with_key(KEY, record("s3", "ListBuckets", "", time=at(3)))], 40, NEVER, f"the key was used on {day(3)}"),
        ([], 40, last(at(13)), "wait until"),
        ([], 40, {**NEVER, "UserName": "other"}, "IAM says that the key belongs to other, not to ci"),
    ],
)  # fmt: skip
def test_what_keeps_a_key_active(
    folder: Path, records: list[dict[str, Any]], since: int, used: dict[str, Any], said: str
) -> None:
    in_phase(folder, "parallel")
    before = (folder / FILE).read_text(encoding="utf-8")
    evidence = ["--trail", trail(folder, *records, since=since), "--last-used", shown(folder, "last.json", used)]
    told = run(folder, "advance", KEY, *evidence, "--listed", listed(folder, (KEY, "Inactive")), code=1)
    assert f"[ ] {said}" in told or said in told
    assert (folder / FILE).read_text(encoding="utf-8") == before


@pytest.mark.parametrize("age", [14, 15, 400])
def test_what_was_used_long_ago_is_unused(folder: Path, age: int) -> None:
    in_phase(folder, "parallel")
    used = shown(folder, "last.json", last(at(age)))
    evidence = ["--trail", trail(folder), "--last-used", used, "--listed", listed(folder, (KEY, "Inactive"))]
    assert f"{KEY}: disabled" in run(folder, "advance", KEY, *evidence)


def test_what_was_denied_before_the_days_that_count_is_no_hindrance(folder: Path) -> None:
    in_phase(folder, "parallel")
    old = record("dynamodb", "UpdateItem", ROLE, time=at(9), **denied("dynamodb:UpdateItem", TABLE, ROLE))
    evidence = ["--trail", trail(folder, old), "--last-used", shown(folder, "last.json", NEVER)]
    run(folder, "advance", KEY, *evidence, "--listed", listed(folder, (KEY, "Inactive")))


def test_a_key_that_was_deleted_by_hand(folder: Path) -> None:
    """It is more than disabled; what follows takes its days."""
    in_phase(folder, "parallel")
    assert "the key is deleted" in run(folder, "advance", KEY, "--trail", trail(folder), "--listed", listed(folder))
    assert "this phase lasts 14 days" in run(
        folder, "advance", KEY, "--trail", "trail.json", "--listed", "keys.json", code=1
    )


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--last-used", "{}"),
        ("--last-used", "[1"),
        ("--last-used", '{"UserName": "ci", "AccessKeyLastUsed": {"LastUsedDate": "yesterday"}}'),
        ("--last-used", json.dumps(NEVER)),  # of an account that is not said
        *(
            ("--last-used", json.dumps(IDENTITY) + json.dumps(one))
            for one in (
                {"UserName": "ci", "AccessKeyLastUsed": UNUSED},  # of a key that is not said
                {**NEVER, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"},
                {**NEVER, "AccessKeyLastUsed": {}},
                last(at(-1.1)),  # still to come
                last("yesterday"),
            )
        ),
        ("--last-used", json.dumps({**IDENTITY, "Account": "999999999999"}) + json.dumps(NEVER)),
        ("--listed", json.dumps({"AccessKeyMetadata": []})),
        ("--listed", json.dumps(IDENTITY) + json.dumps({"AccessKeyMetadata": []})),  # of a user that is not said
        ("--listed", json.dumps(IDENTITY) + json.dumps({"UserName": "other", "AccessKeyMetadata": []})),
        ("--listed", json.dumps({"Account": "999999999999"}) + json.dumps({"UserName": "ci", "AccessKeyMetadata": []})),
        (
            "--listed",
            json.dumps(IDENTITY)
            + json.dumps(
                {
                    "UserName": "ci",
                    "AccessKeyMetadata": [
                        {"UserName": "ci", "AccessKeyId": KEY, "Status": one} for one in ("Active", "Inactive")
                    ],
                }
            ),
        ),
        ("--trail", "{}"),
        ("--trail", '{"QueryResultRows": []}'),
        ("--listed", "[]"),
        ("--listed", '{"AccessKeyMetadata": [{"AccessKeyId": 1}]}'),
        ("--listed", '{"AccessKeyMetadata": [], "IsTruncated": true}'),
        ("--listed", '{"AccessKeyMetadata": [{"AccessKeyId": "x", "UserName": "other", "Status": "Active"}]}'),
        ("--trail", '{"Records": [{"eventSource"'),
        ("--manifest", "version: 1"),
    ],
)
def test_what_is_no_evidence_is_refused(folder: Path, option: str, text: str) -> None:
    in_phase(folder, "parallel")
    (folder / "file").write_text(text, encoding="utf-8")
    told = run(folder, "advance", KEY, option, "file", code=1)
    assert "error[" in told
    assert phase(folder) == "parallel"


@pytest.mark.parametrize("arguments", [("--last-used",), ("--listed",), ("--trail",), ("--back", "--listed")])
def test_no_line_of_what_is_no_evidence_is_shown(folder: Path, arguments: tuple[str, ...]) -> None:
    """It may be any file, and have a secret; `run` looks for it."""
    in_phase(folder, "disabled")
    (folder / "file").write_text(f"{SECRET}\n", encoding="utf-8")
    assert "error[migration-evidence]" in run(folder, "advance", KEY, *arguments, "file", code=1)


def test_a_finding_names_the_key_that_it_is_about(folder: Path) -> None:
    in_phase(folder, "parallel")
    key = read(folder / FILE).keys[KEY]
    (folder / "file").write_text("{}", encoding="utf-8")
    with pytest.raises(Rejected) as of_evidence:
        read_status(folder / "file", key)
    in_phase(folder, "disabled")
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace('    user: "ci"\n', ""), encoding="utf-8")
    with pytest.raises(Rejected) as of_the_file:
        read(folder / FILE)
    assert [one.value.findings[0].subject for one in (of_evidence, of_the_file)] == [KEY, KEY]


def test_a_folder_without_a_file_shows_nothing(folder: Path) -> None:
    in_phase(folder, "deployed")
    (folder / "empty").mkdir()
    for arguments in (["advance", KEY, "--audit", "empty"], ["check", "empty"], ["init", "empty"]):
        assert "there are no files to search" in " ".join(run(folder, *arguments, code=2).split())
    assert phase(folder) == "deployed"


def test_what_cannot_be_read_is_not_clean(folder: Path) -> None:
    in_phase(folder, "deployed")
    (folder / "app" / ".env").unlink()
    os.mkfifo(folder / "pipe")
    assert "pipe is a pipe" in " ".join(run(folder, "advance", KEY, "--audit", "pipe", code=2).split())
    (folder / "app.jar").write_bytes(b"PK\x03\x04" + bytes(100))
    assert "app.jar could not be read" in run(folder, "advance", KEY, "--audit", "app.jar", code=1)
    assert phase(folder) == "deployed"


def test_a_manifest_with_two_environments_needs_one(folder: Path) -> None:
    one = "{account: '%s', region: us-east-1}\n"
    environments = f"  dev: {one % '111111111111'}  prod: {one % '222222222222'}"
    (folder / "m.yaml").write_text(f"{MANIFEST}environments:\n{environments}", encoding="utf-8")
    in_phase(folder, "found")
    assert "--env" in run(folder, "advance", KEY, code=1)
    assert "makes the role orders-prod-execution" in run(folder, "advance", KEY, "--env", "prod")
    events = [record("logs", "CreateLogStream", "orders-prod-execution", time=at(0))]
    (folder / "other.json").write_bytes(FORMS["s3.json"](events))  # of another account
    assert "show no successful call" in run(folder, "advance", KEY, "--trail", "other.json", code=1)


def test_back(folder: Path) -> None:
    in_phase(folder, "deployed")
    assert f"{KEY}: back to role-made" in run(folder, "advance", KEY, "--back")
    in_phase(folder, "disabled")
    assert "--status Active`" in run(folder, "advance", KEY, "--back", code=1)
    assert "--status Active`" in run(
        folder, "advance", KEY, "--back", "--listed", listed(folder, (KEY, "Inactive")), code=1
    )
    run(folder, "advance", KEY, "--back", "--listed", listed(folder, (KEY, "Active")))
    assert phase(folder) == "parallel"
    for never in ("deleted", "watched", "found"):
        in_phase(folder, never)
        assert "not possible to go back" in run(folder, "advance", KEY, "--back", code=1)


PENDING = '    pending: {{phase: parallel, since: "{first}", time: "12:00:00Z", by: x, evidence: [x]}}\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('since: "{last}"', 'since: "{tomorrow}"', "is in the future"),
        ('since: "{last}"', 'since: "{early}"', "are over"),
        ('found\n        since: "{first}"', 'found\n        since: "{last}"', "is before"),
        ("disabled: 14", "disabled: 30", "are over"),
        ("        files:\n          - {{path: \"trail.json\", sha256: {zeros}}}\n", "", "has no file as evidence"),
        ("    user: \"ci\"\n", "", "has no user"),
        ("    manifest: \"m.yaml\"\n", "", "has no manifest"),
        ("    steps:\n", PENDING + "    steps:\n", "cannot follow"),
        ("keys:\n", "extensions: [{{until: \"2998-01-01\", reason: x, decided: \"{first}\"}}]\nkeys:\n", "not extend"),
        ("keys:\n", "extensions: [{{until: \"2999-01-02\", reason: x, decided: \"{tomorrow}\"}}]\nkeys:\n", "future"),
    ],
)  # fmt: skip
def test_a_forged_state_passes_no_check(folder: Path, old: str, new: str, said: str) -> None:
    """What no run can have written is told with its line, whatever command reads it."""
    in_phase(folder, "deleted", since=20)
    run(folder, "check")
    text = (folder / FILE).read_text(encoding="utf-8")
    days = {"first": day(34), "last": day(20), "early": day(25), "tomorrow": day(-1), "zeros": "0" * 64}
    before, after = old.format(**days), new.format(**days)
    assert before in text
    (folder / FILE).write_text(text.replace(before, after), encoding="utf-8")
    for arguments in (["check"], ["status"], ["advance", KEY]):
        told = run(folder, *arguments, code=1)
        assert said in told
        assert "error[migration-file]" in told
        assert f" --> {FILE}:" in told
        assert "help: " in told


def test_a_state_that_was_made_up_passes_no_check(folder: Path) -> None:
    """As somebody would write it who wants to be done."""
    (folder / ".rolewright").mkdir()
    steps = "".join(f'      - {{phase: {one}, since: "{day(0)}"}}\n' for one in PHASES)
    text = (
        f'version: 1\ndeadline: "2999-01-01"\nwait: {{role: 0, unused: 0, disabled: 0, deleted: 0}}\nkeys:\n  {KEY}:\n'
    )
    (folder / FILE).write_text(f'{text}    account: ""\n    steps:\n{steps}', encoding="utf-8")
    assert "error[migration-file" in run(folder, "check", code=1)


def test_evidence_is_kept_with_its_digest_its_time_and_who(folder: Path) -> None:
    in_phase(folder, "parallel")
    evidence = ["--trail", trail(folder), "--last-used", shown(folder, "last.json", NEVER)]
    run(folder, "advance", KEY, *evidence, "--listed", listed(folder, (KEY, "Inactive")))
    step = read(folder / FILE).keys[KEY].steps[-1]
    digests = {one.path: one.sha256 for one in step.files}
    assert digests.keys() == {"m.yaml", "trail.json", "last.json", "keys.json"}
    for path, digest in digests.items():
        assert digest == hashlib.sha256((folder / path).read_bytes()).hexdigest()
    assert (step.since, step.time, step.by) == (TODAY.date(), f"{TODAY:%H:%M:%S}Z", getpass.getuser())


def test_calls_that_were_refused_show_no_role_at_work(folder: Path) -> None:
    in_phase(folder, "role-made")
    refused = [
        record("dynamodb", "GetItem", ROLE, time=at(1), errorCode=code) for code in ("ExpiredToken", "AccessDenied")
    ]
    (folder / "trail.json").write_bytes(FORMS["s3.json"](refused))
    assert "no successful call" in run(folder, "advance", KEY, "--trail", "trail.json", code=1)


def test_records_of_another_account_cover_no_days(folder: Path) -> None:
    in_phase(folder, "parallel")
    other = [record("s3", "ListBuckets", "x", time=at(age), account="999999999999") for age in range(40, -1, -1)]
    told = run(folder, "advance", KEY, "--trail", trail(folder, *other, since=3), code=1)
    assert "the records cover" in told


# --- deadline ----------------------------------------------------------------------------------------


def test_check_and_extension(folder: Path) -> None:
    run(folder, "init", "app", "--deadline", day(-3))
    assert "1 of 1 keys are not deleted yet; the deadline is" in run(folder, "check")
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace(f'deadline: "{day(-3)}"', f'deadline: "{day(0)}"'), encoding="utf-8")
    run(folder, "check")  # on the last day
    (folder / FILE).write_text(text.replace(f'deadline: "{day(-3)}"', f'deadline: "{day(1)}"'), encoding="utf-8")
    assert f"{KEY}: found since {day(0)}" in run(folder, "check", code=3)
    assert "passed 1 day ago" in run(folder, "status")
    run(folder, "extend", day(-9), code=2)  # no reason
    run(folder, "extend", day(-9), "--reason", " ", code=2)
    run(folder, "extend", day(1), "--reason", "x", code=2)  # no extension
    run(folder, "extend", day(-9), "--reason", "the supplier is late")
    run(folder, "check")
    assert f"extended on {day(0)}: the supplier is late" in run(folder, "status")
    in_phase(folder, "deleted")
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace("2999-01-01", day(1)), encoding="utf-8")
    assert "0 of 1 keys are not deleted yet; the deadline was" in run(folder, "check")


def test_check_finds_a_key_that_nobody_wrote_down(folder: Path) -> None:
    run(folder, "init", "app", "--deadline", "2999-01-01")
    run(folder, "check", "app")
    other, secret, _ = new_key(random.Random(22))
    (folder / "app" / "new.ini").write_text(f"aws_access_key_id = {other}\nx = {secret}\n", encoding="utf-8")
    told = run(folder, "check", "app", code=1)
    assert f"error[unknown-key]: {other} is not in .rolewright/migration.yaml\n --> app/new.ini:1:21" in told
    assert secret not in told
    assert "new.ini:1:21\nhelp: " in told  # without its line
    run(folder, "init", "app")
    run(folder, "check", "app")


def test_a_file_whose_name_is_no_text_is_written_down(folder: Path) -> None:
    """What no YAML can have stands there as U+FFFD, and the file can be read again."""
    (folder / "app" / ".env").rename(folder / "app" / "no\udcfftext.env")
    run(folder, "init", "app", "--deadline", "2999-01-01")
    (key,) = read(folder / FILE).keys.values()
    assert key.steps[0].evidence == ("app/no\ufffdtext.env:1:19",)


def test_status_says_what_comes_next(folder: Path) -> None:
    in_phase(folder, "parallel")
    told = run(folder, "status")
    assert f"{KEY} (account {OWNER}, user ci): parallel since {day(60)}\n  next: disabled\n" in told
    data = json.loads(run(folder, "status", "--format", "json"))
    assert data["keys"][0]["next"] == "disabled"
    assert [one["met"] for one in data["keys"][0]["demands"]] == [False, False, False]


# --- the file ----------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
TIMES = st.times().map(lambda time: f"{time:%H:%M:%S}Z")
FILES = st.lists(st.builds(Shown, TEXTS, st.binary(min_size=32, max_size=32).map(bytes.hex)), min_size=1, max_size=2)
DAY = timedelta(1)


@st.composite
def migrations(draw: st.DrawFn) -> Migration:
    """Any that can have come about by today."""
    wait = Wait(*(draw(st.integers(1, 60)) for _ in range(4)))
    keys = {}
    for seed in draw(st.lists(st.integers(0, 99), unique=True, max_size=3)):
        name, _, account = new_key(random.Random(seed))
        since = draw(st.dates(date(2000, 1, 1), date(2019, 1, 1)))
        steps: list[Step] = []
        for phase in PHASES[: draw(st.integers(1, len(PHASES)))]:
            since += DAY * (
                draw(st.integers(0, 400)) + {"deleted": wait.disabled, "watched": wait.deleted}.get(phase, 0)
            )
            said = tuple(draw(st.lists(TEXTS, min_size=1, max_size=2)))
            files = () if phase == "found" else tuple(draw(FILES))
            steps.append(Step(phase, since, draw(TIMES), draw(TEXTS), said, files))
        user = draw(st.text("aZ09_+=,.@-", min_size=1, max_size=64))
        given = draw(st.sampled_from([account, ""])), user, draw(TEXTS), draw(TEXTS | st.just(""))
        pending = replace(steps[-2], files=()) if len(steps) > 1 and draw(st.booleans()) else None
        keys[name] = Key(name, *given, tuple(steps), pending)
    due = deadline = draw(st.dates(date(2000, 1, 1), date(2900, 1, 1)))
    extensions: list[Extension] = []
    for _ in range(draw(st.integers(0, 2))):
        due += DAY * draw(st.integers(1, 100))
        extensions.append(Extension(due, draw(TEXTS), draw(st.dates(date(2000, 1, 1), TODAY.date()))))
    return Migration(deadline, tuple(extensions), wait, dict(sorted(keys.items())))


@given(migration=migrations())
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, migration: Migration) -> None:
    file = tmp_path_factory.getbasetemp() / "migration.yaml"
    file.write_text(migration_text(migration), encoding="utf-8")
    assert read(file) == migration
    assert migration_text(read(file)) == migration_text(migration)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("version: 1", "version: 2", 3),
        ('deadline: "2999-01-01"', 'deadline: "2027-02-30"', 4),
        ('deadline: "2999-01-01"', "deadline: soon", 4),
        ("role: 7", "role: -1", 5),
        ("disabled: 14", "disabled: 0", 5),
        ("phase: found", "phase: lost", 12),
        ("phase: role-made", "phase: parallel", 18),
        ("phase: role-made", "phase: found", 18),
        ('time: "12:00:00Z"', "time: noon", 14),
        ('        by: "ci"\n', "", 12),
        ('          - "shown for role-made"\n', "", 22),
        ("sha256: " + "0" * 64, "sha256: 1", 25),
        (f'account: "{OWNER}"', 'account: "999999999999"', 8),
        (KEY, "AKIA", 7),
        ("keys:", "locks:", 3),
    ],
)
def test_a_file_that_was_edited_wrongly(folder: Path, old: str, new: str, line: int) -> None:
    in_phase(folder, "role-made")
    text = (folder / FILE).read_text(encoding="utf-8")
    assert old in text
    (folder / FILE).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(Rejected) as refusal:
        read(folder / FILE)
    assert line in [finding.location.line for finding in refusal.value.findings]
    for arguments in (
        ["status"],
        ["check"],
        ["advance", KEY],
        ["init", "app"],
        ["extend", "2999-02-01", "--reason", "x"],
    ):
        assert "error[migration-file" in run(folder, *arguments, code=1)
    assert (folder / FILE).read_text(encoding="utf-8") == text.replace(old, new)


def test_a_deleted_key_does_not_come_back_in_the_file(folder: Path) -> None:
    in_phase(folder, "deleted")
    text = (folder / FILE).read_text(encoding="utf-8")
    more = f'      - {{phase: disabled, since: "{day(1)}", time: "12:00:00Z", by: x, evidence: [x]}}\n'
    (folder / FILE).write_text(text + more, encoding="utf-8")
    assert "disabled cannot follow deleted" in run(folder, "status", code=1)


def test_nothing_is_written_through_a_link(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (folder / ".rolewright").symlink_to(elsewhere)
    run(folder, "init", "app", "--deadline", "2999-01-01", code=2)
    assert list(elsewhere.iterdir()) == []


# --- with credentials, against moto ------------------------------------------------------------------


class World:
    """A user with a key on a moto server, and the caller's own credentials."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.admin = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "admin",
            "AWS_SECRET_ACCESS_KEY": "admin",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        self.iam = self.client("iam", "admin", "admin")
        self.iam.create_user(UserName="ci")
        made = self.iam.create_access_key(UserName="ci")["AccessKey"]
        self.key, self.secret = made["AccessKeyId"], made["SecretAccessKey"]

    def client(self, service: str, key: str, secret: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.address,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
        )

    def use(self) -> None:
        self.client("sts", self.key, self.secret).get_caller_identity()

    def status(self) -> str:
        listed = self.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
        return next((one["Status"] for one in listed if one["AccessKeyId"] == self.key), "")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with moto_server() as found:
        yield found


@pytest.fixture
def world(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(address)
    text = (folder / "app" / ".env").read_text(encoding="utf-8").replace(KEY, made.key)
    (folder / "app" / ".env").write_text(text, encoding="utf-8")
    for name, value in made.admin.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    in_phase(folder, "parallel", account=ACCOUNT)
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace(KEY, made.key), encoding="utf-8")
    trail(folder)
    yield made
    for one in made.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]:
        made.iam.delete_access_key(UserName="ci", AccessKeyId=one["AccessKeyId"])
    made.iam.delete_user(UserName="ci")


def executed(world: World, *arguments: str, answer: str = "y\n", code: int = 0) -> str:
    ran = CliRunner().invoke(migrate_app, ["advance", world.key, "--execute", *arguments], input=answer)
    assert ran.exit_code == code, ran.output
    return ran.output


def test_a_key_is_disabled_taken_back_and_deleted(world: World, folder: Path) -> None:
    told = executed(world, "--trail", "trail.json")
    assert (
        f"this will disable {world.key} of user ci in account {ACCOUNT}; its status is Active now\n  to undo: " in told
    )
    assert (world.status(), phase(folder, world.key)) == ("Inactive", "disabled")
    told = executed(world, "--back")
    assert f"this will make {world.key} active again" in told
    assert (world.status(), phase(folder, world.key)) == ("Active", "parallel")
    executed(world, "--trail", "trail.json", "--yes", answer="")
    assert (world.status(), phase(folder, world.key)) == ("Inactive", "disabled")
    assert "this phase lasts 14 days" in executed(world, "--trail", "trail.json", code=1)
    assert world.status() == "Inactive"
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace(f'since: "{day(0)}"', f'since: "{day(15)}"'), encoding="utf-8")
    told = executed(world, "--trail", "trail.json")
    assert "to undo: not possible: a deleted key cannot be restored" in told
    assert (world.status(), phase(folder, world.key)) == ("", "deleted")
    assert "not possible to go back" in executed(world, "--back", code=1)


def test_the_commands_that_it_shows_print_what_it_reads(world: World, folder: Path) -> None:
    """Run by a shell, against a user with the key and without any."""
    (folder / "bin").mkdir()
    command = folder / "bin" / "aws"
    script = Path(__file__).parents[1] / "support" / "aws_command.py"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **world.admin, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)}
    key = read(folder / FILE).keys[world.key]

    def printed(text: str) -> Path:
        subprocess.run(text.replace("> FILE", "> answer.json"), shell=True, cwd=folder, env=env, check=True)
        return folder / "answer.json"

    assert read_last_use(printed(evidence.last_used_command(key)), key, TODAY.date()) == LastUse("ci", None)
    assert read_status(printed(evidence.listed_command(key)), key) == ("Active", "ci")
    world.iam.delete_access_key(UserName="ci", AccessKeyId=world.key)
    assert read_status(printed(evidence.listed_command(key)), key) == ("", "ci")


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_nothing_is_done_before_the_answer(world: World, folder: Path, answer: str) -> None:
    before = (folder / FILE).read_text(encoding="utf-8")
    assert "this will disable" in executed(world, "--trail", "trail.json", answer=answer, code=1)
    assert world.status() == "Active"
    assert (folder / FILE).read_text(encoding="utf-8") == before


def test_a_key_that_was_used_is_never_touched(world: World, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.use()
    for flags in ((), ("--yes",)):
        assert "IAM saw the key used on" in executed(world, "--trail", "trail.json", *flags, code=1)
    assert (world.status(), phase(folder, world.key)) == ("Active", "parallel")


def test_a_key_that_is_used_while_the_question_stands(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_question: str, *, abort: bool) -> bool:
        assert abort
        world.use()
        return True

    monkeypatch.setattr("typer.confirm", answer)
    assert "IAM saw the key used on" in executed(world, "--trail", "trail.json", code=1)
    assert (world.status(), phase(folder, world.key)) == ("Active", "parallel")


def test_a_key_that_somebody_made_active_again_is_not_deleted(world: World, folder: Path) -> None:
    executed(world, "--trail", "trail.json")
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace(f'since: "{day(0)}"', f'since: "{day(15)}"'), encoding="utf-8")
    world.iam.update_access_key(UserName="ci", AccessKeyId=world.key, Status="Active")
    assert "was disabled, but is Active now" in executed(world, "--trail", "trail.json", "--yes", code=1)
    assert world.status() == "Active"


def test_credentials_of_another_account_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Iam, "account", lambda _self: "999999999999")
    told = executed(world, "--trail", "trail.json", code=1)
    assert f"belongs to account {ACCOUNT}, but these credentials are for account 999999999999" in told
    assert world.status() == "Active"


def test_aws_that_cannot_be_reached_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "AWS: Could not connect" in executed(world, "--trail", "trail.json", code=1)


class Interrupted(BaseException):
    """As a signal that ends the program."""


class Cut:
    """Ends a run before or after its n-th call of AWS or write of the file."""

    def __init__(self, point: int) -> None:
        self.left = point

    def around(self, real: Any) -> Any:
        def replaced(*given: Any, **named: Any) -> Any:
            self.pass_by()
            answer = real(*given, **named)
            self.pass_by()
            return answer

        return replaced

    def pass_by(self) -> None:
        if self.left == 0:
            raise Interrupted
        self.left -= 1


def cut_off(world: World, monkeypatch: pytest.MonkeyPatch, point: int, arguments: list[str]) -> bool:
    """Whether a run was cut off at a point; False where it came to its end before."""
    cut = Cut(point)
    with monkeypatch.context() as patched:
        for name in ("account", "last_use", "status", "bring_about"):
            patched.setattr(Iam, name, cut.around(getattr(Iam, name)))
        patched.setattr("rolewright.cli.migrate.write_file", cut.around(write_file))
        try:
            ended = CliRunner().invoke(migrate_app, ["advance", world.key, "--execute", *arguments])
        except Interrupted:
            return True
    assert ended.exit_code == 0, ended.output
    return False


@pytest.mark.parametrize("target", ["disabled", "deleted", "back"])
def test_a_run_may_be_cut_off_at_every_point(
    world: World, folder: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Before and after each call of AWS and each write; the next run ends it, and the step is written once."""
    arguments = ["--trail", "trail.json", "--yes"]
    if target != "disabled":
        executed(world, *arguments)
        text = (folder / FILE).read_text(encoding="utf-8")
        (folder / FILE).write_text(text.replace(f'since: "{day(0)}"', f'since: "{day(15)}"'), encoding="utf-8")
    if target == "back":
        arguments = ["--back", "--yes"]
    wanted = {"disabled": ("Inactive", "disabled"), "deleted": ("", "deleted"), "back": ("Active", "parallel")}[target]
    start, before = (folder / FILE).read_text(encoding="utf-8"), world.status()
    steps = len(read(folder / FILE).keys[world.key].steps)
    point = 0
    while cut_off(world, monkeypatch, point, arguments):
        if phase(folder, world.key) != wanted[1]:
            executed(world, *arguments, answer="")
        assert (world.status(), phase(folder, world.key)) == wanted, point
        kept = read(folder / FILE).keys[world.key]
        assert (len(kept.steps), kept.pending) == (steps + 1, None), point
        point += 1
        if target == "deleted":  # a deleted key does not come back: begin anew with another
            made = world.iam.create_access_key(UserName="ci")["AccessKey"]
            start = start.replace(world.key, made["AccessKeyId"])
            world.key = made["AccessKeyId"]
        world.iam.update_access_key(UserName="ci", AccessKeyId=world.key, Status=before)
        (folder / FILE).write_text(start, encoding="utf-8")
    assert point >= 10


def test_what_it_says_to_run_is_what_the_command_line_has() -> None:
    """Each AWS command that is told is an operation of IAM with these parameters."""
    source = Path(evidence.__file__).read_text(encoding="utf-8")
    model = boto3.client("iam", region_name="us-east-1").meta.service_model
    for name in set(re.findall(r"(?:get|list|update|delete)-access-keys?(?:-last-used)?", source)):
        operation = "".join(part.capitalize() for part in name.split("-"))
        assert operation in model.operation_names
    assert "Status" in model.operation_model("UpdateAccessKey").input_shape.members
