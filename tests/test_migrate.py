"""`rolewright migrate`: phases, the evidence each step demands, and what is done in IAM, against moto."""

from __future__ import annotations

import json
import os
import random
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from command import rolewright
from planted import new_key
from rolewright.cli.files import write_file
from rolewright.cli.migrate import migrate_app
from rolewright.finding import Rejected
from rolewright.migration import evidence
from rolewright.migration.aws import Iam
from rolewright.migration.plan import (
    PHASES,
    Extension,
    Key,
    Migration,
    Step,
    Wait,
    migration_text,
    read_migration,
)
from rolewright.plan.server import moto_server
from trail import ACCOUNT, FORMS, denied, on, record, with_key

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
NEVER = {"UserName": "ci", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}


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


def shown(folder: Path, name: str, data: Any) -> str:
    (folder / name).write_text(json.dumps(data), encoding="utf-8")
    return name


def listed(folder: Path, *keys: tuple[str, str], user: str = "ci") -> str:
    entries = [{"UserName": user, "AccessKeyId": key, "Status": status} for key, status in keys]
    return shown(folder, "keys.json", {"AccessKeyMetadata": entries})


def run(folder: Path, *arguments: str, code: int = 0) -> str:
    ran = rolewright("migrate", *arguments, cwd=folder, env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert ran.returncode == code, (ran.stdout, ran.stderr)
    assert SECRET not in ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def in_phase(folder: Path, phase: str, *, since: int = 60, **more: Any) -> None:
    """A file with the key in a phase, each step that many days ago."""
    given = {"account": OWNER, "user": "ci", "manifest": "m.yaml", "environment": ""} | more
    steps = tuple(Step(one, date.fromisoformat(day(since))) for one in PHASES[: PHASES.index(phase) + 1])
    key = Key(KEY, steps=steps, **given)
    (folder / ".rolewright").mkdir(exist_ok=True)
    migration = Migration(date(2999, 1, 1), (), Wait(), {KEY: key})
    (folder / FILE).write_text(migration_text(migration), encoding="utf-8")


def phase(folder: Path, key: str = KEY) -> str:
    return read_migration(folder / FILE).keys[key].phase


DENIED = record("dynamodb", "UpdateItem", ROLE, time=at(2), **denied("dynamodb:UpdateItem", TABLE, ROLE))


# --- the whole way, with files as evidence -----------------------------------------------------------


def test_the_whole_way(folder: Path) -> None:
    """Each step is refused before what it demands is shown, and taken then; nothing asks AWS."""
    assert "1 new key, 1 in all" in run(folder, "init", "app", "--deadline", "2999-01-01")
    assert "0 new keys, 1 in all" in run(folder, "init", "app")
    text = (folder / FILE).read_text(encoding="utf-8")
    assert f'  {KEY}:\n    account: "{OWNER}"\n    steps:\n      - phase: found\n        since: "{day(0)}"\n' in text
    assert '          - "app/.env:1:19"\n' in text
    assert SECRET not in text

    assert "--manifest" in run(folder, "advance", KEY, code=1)
    assert "[x] m.yaml is valid and makes the role orders-execution" in run(folder, "advance", KEY, "-m", "m.yaml")

    assert "--trail" in run(folder, "advance", KEY, code=1)
    (folder / "none.json").write_bytes(FORMS["s3.json"]([record("s3", "ListBuckets", "another")]))
    assert "show no call of the role" in run(folder, "advance", KEY, "--trail", "none.json", code=1)
    assert "[x] the role orders-execution called 41 times" in run(folder, "advance", KEY, "--trail", trail(folder))

    assert "--audit" in run(folder, "advance", KEY, code=1)
    assert "still given at app/.env:1:19" in run(folder, "advance", KEY, "--audit", "app", code=1)
    (folder / "app" / ".env").write_text("AWS_ACCESS_KEY_ID=${KEY}\n", encoding="utf-8")
    assert "still given at app/.env:1" in run(folder, "advance", KEY, "--audit", "app", code=1)
    (folder / "app" / ".env").write_text("LEVEL=info\n", encoding="utf-8")
    assert f"{KEY}: parallel" in run(folder, "advance", KEY, "--audit", "app")

    unused = ("--trail", "trail.json", "--last-used", shown(folder, "last.json", NEVER))
    told = run(folder, "advance", KEY, *unused, code=1)
    assert f"run `aws iam update-access-key --access-key-id {KEY} --user-name USER --status Inactive`" in told
    assert "the key is Active" in run(
        folder, "advance", KEY, *unused, "--listed", listed(folder, (KEY, "Active")), code=1
    )
    assert f"{KEY}: disabled" in run(folder, "advance", KEY, *unused, "--listed", listed(folder, (KEY, "Inactive")))
    assert read_migration(folder / FILE).keys[KEY].user == "ci"

    told = run(folder, "advance", KEY, *unused, code=1)
    assert "disabled since " in told
    assert "it takes 14 days" in told
    in_phase(folder, "disabled", since=20)
    told = run(folder, "advance", KEY, *unused, code=1)
    assert f"aws iam delete-access-key --access-key-id {KEY} --user-name ci" in told
    assert f"{KEY}: deleted" in run(folder, "advance", KEY, *unused, "--listed", listed(folder))

    assert "it takes 30 days" in run(folder, "advance", KEY, "--trail", "trail.json", code=1)
    in_phase(folder, "deleted", since=31)
    assert f"{KEY}: watched" in run(folder, "advance", KEY, "--trail", "trail.json")
    assert "nothing is left to do" in run(folder, "advance", KEY)


# --- what keeps a key from being disabled ------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "since", "last", "said"),
    [
        ([], 3, NEVER, "the records reach from"),
        ([DENIED], 40, NEVER, "was denied dynamodb:UpdateItem"),
        ([with_key(KEY, record("s3", "ListBuckets", "", time=at(3)))], 40, NEVER, f"the key called on {day(3)}"),
        ([], 40, {"UserName": "ci", "AccessKeyLastUsed": {"LastUsedDate": at(13)}}, "wait until"),
        ([], 40, {"UserName": "other", "AccessKeyLastUsed": {}}, "IAM says that it is of other, and not of ci"),
    ],
)  # fmt: skip
def test_what_keeps_a_key_active(
    folder: Path, records: list[dict[str, Any]], since: int, last: dict[str, Any], said: str
) -> None:
    in_phase(folder, "parallel")
    before = (folder / FILE).read_text(encoding="utf-8")
    evidence = ["--trail", trail(folder, *records, since=since), "--last-used", shown(folder, "last.json", last)]
    told = run(folder, "advance", KEY, *evidence, "--listed", listed(folder, (KEY, "Inactive")), code=1)
    assert f"[ ] {said}" in told or said in told
    assert (folder / FILE).read_text(encoding="utf-8") == before


@pytest.mark.parametrize("age", [14, 15, 400])
def test_what_was_used_long_ago_is_unused(folder: Path, age: int) -> None:
    in_phase(folder, "parallel")
    last = shown(folder, "last.json", {"UserName": "ci", "AccessKeyLastUsed": {"LastUsedDate": at(age)}})
    evidence = ["--trail", trail(folder), "--last-used", last, "--listed", listed(folder, (KEY, "Inactive"))]
    assert f"{KEY}: disabled" in run(folder, "advance", KEY, *evidence)


def test_what_was_denied_before_the_days_that_count_is_no_hindrance(folder: Path) -> None:
    in_phase(folder, "parallel")
    old = record("dynamodb", "UpdateItem", ROLE, time=at(9), **denied("dynamodb:UpdateItem", TABLE, ROLE))
    evidence = ["--trail", trail(folder, old), "--last-used", shown(folder, "last.json", NEVER)]
    run(folder, "advance", KEY, *evidence, "--listed", listed(folder, (KEY, "Inactive")))


def test_a_key_that_was_deleted_by_hand(folder: Path) -> None:
    """It is more than disabled; what follows takes its days."""
    in_phase(folder, "parallel")
    assert "the key is no more" in run(folder, "advance", KEY, "--trail", trail(folder), "--listed", listed(folder))
    assert "it takes 14 days" in run(folder, "advance", KEY, "--trail", "trail.json", "--listed", "keys.json", code=1)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--last-used", "{}"),
        ("--last-used", "[1"),
        ("--last-used", '{"UserName": "ci", "AccessKeyLastUsed": {"LastUsedDate": "yesterday"}}'),
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


def test_what_cannot_be_read_is_not_clean(folder: Path) -> None:
    in_phase(folder, "deployed")
    (folder / "app" / ".env").unlink()
    os.mkfifo(folder / "pipe")
    assert "pipe could not be read" in run(folder, "advance", KEY, "--audit", "pipe", code=1)
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
    assert "show no call" in run(folder, "advance", KEY, "--trail", "other.json", code=1)


def test_back(folder: Path) -> None:
    in_phase(folder, "deployed")
    assert f"{KEY}: role-made, taken back" in run(folder, "advance", KEY, "--back")
    in_phase(folder, "disabled")
    assert "--status Active`" in run(folder, "advance", KEY, "--back", code=1)
    assert "--status Active`" in run(
        folder, "advance", KEY, "--back", "--listed", listed(folder, (KEY, "Inactive")), code=1
    )
    run(folder, "advance", KEY, "--back", "--listed", listed(folder, (KEY, "Active")))
    assert phase(folder) == "parallel"
    for never in ("deleted", "watched", "found"):
        in_phase(folder, never)
        assert "no way back" in run(folder, "advance", KEY, "--back", code=1)


# --- deadline ----------------------------------------------------------------------------------------


def test_check_and_extension(folder: Path) -> None:
    run(folder, "init", "app", "--deadline", day(-3))
    assert "1 of 1 keys are not gone; the deadline is" in run(folder, "check")
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace(f'deadline: "{day(-3)}"', f'deadline: "{day(0)}"'), encoding="utf-8")
    run(folder, "check")  # on the last day
    (folder / FILE).write_text(text.replace(f'deadline: "{day(-3)}"', f'deadline: "{day(1)}"'), encoding="utf-8")
    assert f"{KEY}: found since {day(0)}" in run(folder, "check", code=3)
    assert "over for 1 days" in run(folder, "status")
    run(folder, "extend", day(-9), code=2)  # no reason
    run(folder, "extend", day(-9), "--reason", " ", code=2)
    run(folder, "extend", day(1), "--reason", "x", code=2)  # no extension
    run(folder, "extend", day(-9), "--reason", "the supplier is late")
    run(folder, "check")
    assert f"extended on {day(0)}: the supplier is late" in run(folder, "status")
    in_phase(folder, "deleted")
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace("2999-01-01", day(1)), encoding="utf-8")
    assert "0 of 1 keys are not gone; the deadline was" in run(folder, "check")


def test_check_finds_a_key_that_nobody_wrote_down(folder: Path) -> None:
    run(folder, "init", "app", "--deadline", "2999-01-01")
    run(folder, "check", "app")
    other, secret, _ = new_key(random.Random(22))
    (folder / "app" / "new.ini").write_text(f"aws_access_key_id = {other}\nx = {secret}\n", encoding="utf-8")
    told = run(folder, "check", "app", code=1)
    assert f"error[unknown-key]: {other} is not in .rolewright/migration.yaml\n --> app/new.ini:1:21" in told
    assert secret not in told
    run(folder, "init", "app")
    run(folder, "check", "app")


def test_a_file_whose_name_is_no_text_is_written_down(folder: Path) -> None:
    """What no YAML can have stands there as U+FFFD, and the file can be read again."""
    (folder / "app" / ".env").rename(folder / "app" / "no\udcfftext.env")
    run(folder, "init", "app", "--deadline", "2999-01-01")
    (key,) = read_migration(folder / FILE).keys.values()
    assert key.steps[0].evidence == ("app/no\ufffdtext.env:1:19",)


def test_status_says_what_comes_next(folder: Path) -> None:
    in_phase(folder, "parallel")
    told = run(folder, "status")
    assert f"{KEY} (account {OWNER}, user ci): parallel since {day(60)}\n  next: disabled\n" in told
    data = json.loads(run(folder, "status", "--format", "json"))
    assert data["keys"][0]["next"] == "disabled"
    assert [one["met"] for one in data["keys"][0]["demands"]] == [False, False, False]


# --- the file ----------------------------------------------------------------------------------------

DAYS = st.dates(date(2000, 1, 1), date(2999, 12, 31))
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
STEPS = st.integers(1, len(PHASES)).flatmap(
    lambda count: st.tuples(
        *(st.builds(Step, st.just(one), DAYS, st.lists(TEXTS, max_size=2).map(tuple)) for one in PHASES[:count])
    )
)


@given(
    deadline=DAYS,
    extensions=st.lists(st.builds(Extension, DAYS, TEXTS, DAYS), max_size=2).map(tuple),
    wait=st.builds(Wait, *[st.integers(0, 3650)] * 4),
    seeds=st.lists(st.integers(0, 99), unique=True, max_size=3),
    user=st.from_regex(r"[\w+=,.@-]{1,64}", fullmatch=True).filter(str.isascii) | st.just(""),
    manifest=TEXTS | st.just(""),
    steps=STEPS.flatmap(lambda steps: st.tuples(st.just(steps), st.none() | st.just(steps[0]))),
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    deadline: date,
    extensions: tuple[Extension, ...],
    wait: Wait,
    seeds: list[int],
    user: str,
    manifest: str,
    steps: tuple[tuple[Step, ...], Step | None],
) -> None:
    keys = {}
    for seed in seeds:
        name, _, account = new_key(random.Random(seed))
        keys[name] = Key(name, account, user, manifest, "", *steps)
    migration = Migration(deadline, extensions, wait, dict(sorted(keys.items())))
    file = tmp_path_factory.getbasetemp() / "migration.yaml"
    file.write_text(migration_text(migration), encoding="utf-8")
    assert read_migration(file) == migration
    assert migration_text(read_migration(file)) == migration_text(migration)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("version: 1", "version: 2", 3),
        ('deadline: "2999-01-01"', 'deadline: "2027-02-30"', 4),
        ('deadline: "2999-01-01"', "deadline: soon", 4),
        ("role: 7", "role: -1", 5),
        ("phase: found", "phase: lost", 12),
        ("phase: role-made", "phase: parallel", 14),
        ("phase: role-made", "phase: found", 14),
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
        read_migration(folder / FILE)
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
    (folder / FILE).write_text(f'{text}      - phase: disabled\n        since: "{day(1)}"\n', encoding="utf-8")
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
    assert f"this will disable {world.key} of user ci in account {ACCOUNT}; it is Active now\n  undone by: " in told
    assert (world.status(), phase(folder, world.key)) == ("Inactive", "disabled")
    told = executed(world, "--back")
    assert f"this will make {world.key} active again" in told
    assert (world.status(), phase(folder, world.key)) == ("Active", "parallel")
    executed(world, "--trail", "trail.json", "--yes", answer="")
    assert (world.status(), phase(folder, world.key)) == ("Inactive", "disabled")
    assert "it takes 14 days" in executed(world, "--trail", "trail.json", code=1)
    assert world.status() == "Inactive"
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace(f'since: "{day(0)}"', f'since: "{day(15)}"'), encoding="utf-8")
    told = executed(world, "--trail", "trail.json")
    assert "undone by: nothing: a deleted key does not come back" in told
    assert (world.status(), phase(folder, world.key)) == ("", "deleted")
    assert "no way back" in executed(world, "--back", code=1)


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
    assert "was disabled, and is Active now" in executed(world, "--trail", "trail.json", "--yes", code=1)
    assert world.status() == "Active"


def test_credentials_of_another_account_are_refused(world: World, folder: Path) -> None:
    text = (folder / FILE).read_text(encoding="utf-8")
    (folder / FILE).write_text(text.replace(ACCOUNT, "999999999999"), encoding="utf-8")
    assert "is of account 999999999999, and these credentials are of" in executed(world, code=1)
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
        patched.setattr("rolewright.cli.migrate_file.write_file", cut.around(write_file))
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
    steps = len(read_migration(folder / FILE).keys[world.key].steps)
    point = 0
    while cut_off(world, monkeypatch, point, arguments):
        if phase(folder, world.key) != wanted[1]:
            executed(world, *arguments, answer="")
        assert (world.status(), phase(folder, world.key)) == wanted, point
        kept = read_migration(folder / FILE).keys[world.key]
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
