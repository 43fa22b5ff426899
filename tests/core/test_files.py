"""Files of others: what cannot be read, in whatever way, is said by every command, at once and without a traceback."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import sys
import tarfile
import time
from datetime import date
from typing import TYPE_CHECKING

import pytest

from rolewright.audit.keys import account_of
from rolewright.cli import main
from rolewright.core.files import MAX_BYTES, UnreadableError, open_plain, parse_json, read_text
from rolewright.data import iam
from rolewright.migration.state import Key, Migration, Step, Wait, migration_text
from rolewright.prove.table import Declared, changes
from rolewright.sdk.code import read_files
from rolewright.usage.records import Reading, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MANIFEST = """\
version: 1
workload: app
compute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip}
resources:
  data: {type: s3-bucket, name: app-data, access: get}
"""
KEY = "AKIA" + "Q3EGRIT5" * 2

READERS = {
    "express": ("express", "FOREIGN"),
    "express with a manifest": ("express", "FOREIGN", "-m", "m.yaml"),
    "usage": ("usage", "FOREIGN", "-m", "m.yaml"),
    "usage of a manifest": ("usage", "trail.json", "-m", "FOREIGN"),
    "usage with a credential report": ("usage", "trail.json", "-m", "m.yaml", "--credential-report", "FOREIGN"),
    "usage with last accessed": ("usage", "trail.json", "-m", "m.yaml", "--last-accessed", "app-execution=FOREIGN"),
    "merge": ("merge", "FOREIGN"),
    "why": ("why", "FOREIGN", "s3:GetObject", "*"),
    "validate": ("validate", "FOREIGN"),
    "render": ("render", "FOREIGN"),
    "report": ("report", "FOREIGN"),
    "deployer": ("deployer", "FOREIGN"),
    "policies": ("policies", "FOREIGN"),
    "explain": ("explain", "credentials", "FOREIGN"),
    "retarget": ("retarget", "FOREIGN", "--to", "fargate"),
    "diff": ("diff", "FOREIGN", "m.yaml"),
    "migrate": ("migrate", "status", "--file", "FOREIGN"),
    "last used": ("migrate", "advance", KEY, "--file", "keys.yaml", "--last-used", "FOREIGN"),
    "listed": ("migrate", "advance", KEY, "--file", "keys.yaml", "--listed", "FOREIGN"),
    "trail": ("migrate", "advance", KEY, "--file", "keys.yaml", "--trail", "FOREIGN"),
    "image": ("audit", "--image", "FOREIGN"),
    "audit": ("audit", "FOREIGN"),
    "audit with a baseline": ("audit", "m.yaml", "--baseline", "FOREIGN"),
    "draft": ("audit", "FOREIGN", "--draft", "draft.yaml"),
    "report over another file": ("report", "m.yaml", "-o", "FOREIGN"),
    "retarget over another file": ("retarget", "m.yaml", "--to", "fargate", "-o", "FOREIGN", "--force"),
}
JSON_READERS = [
    name for name in READERS if name.startswith(("express", "merge", "last", "listed", "usage w", "audit w"))
]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command in this process; what it says. It fails for a traceback and an exit code of its own for bugs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "trail.json").write_text('{"Records": []}', encoding="utf-8")
    step = Step("found", date(2026, 1, 1), "00:00:00Z", "somebody", ("code.py:1:1",))
    key = Key(KEY, account_of(KEY), "user", "m.yaml", "", (step,))
    kept = migration_text(Migration(date(2999, 1, 1), (), Wait(), {KEY: key}))
    (tmp_path / "keys.yaml").write_text(kept, encoding="utf-8")

    def run(arguments: tuple[str, ...], foreign: str) -> str:
        monkeypatch.setattr(sys, "argv", ["rolewright", *(one.replace("FOREIGN", foreign) for one in arguments)])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert code in (1, 2), (code, said)
        return said.out + said.err

    return run


@pytest.mark.parametrize("kind", ["pipe", "folder"])
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_named_and_never_waited_for(
    run: Callable[..., str], tmp_path: Path, name: str, kind: str
) -> None:
    if kind == "folder" and name in ("audit", "draft", "diff", "usage", "trail"):
        pytest.skip("it takes folders")
    path = tmp_path / "foreign.py"
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    begun = time.monotonic()
    assert "foreign.py" in run(READERS[name], "foreign.py")
    assert time.monotonic() - begun < 10
    assert path.lstat().st_mode  # it was not put away


def test_only_plain_files_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    (tmp_path / "link").symlink_to("pipe")
    (tmp_path / "circle").symlink_to("circle")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("socket")
    for name in ("pipe", "link", "circle", "socket", ".", "/dev/zero", "/dev/null", "nowhere", "a" * 5_000, "m/x"):
        with pytest.raises(UnreadableError):
            read_text(name)


def test_a_file_with_nothing_to_read_is_not_taken_for_empty(tmp_path: Path) -> None:
    """As the kernel's own log is, which counts as a plain file."""
    (tmp_path / "log").write_bytes(b"")
    reading, _ = os.pipe()
    os.set_blocking(reading, False)
    with open_plain(tmp_path / "log") as opened:
        os.dup2(reading, opened.fileno())
        with pytest.raises(BlockingIOError):
            opened.read(4)


HOSTILE_JSON = {
    "deep list": b"[" * 500_000,
    "deep list, closed": b"[" * 5_000 + b"]" * 5_000,
    "deep object": b'{"a":' * 50_000,
    "deep, but not for the parser": b"[" * 150 + b"]" * 150,
    "digits": b'{"findings": ' + b"9" * 10_000 + b"}",
    "infinite": b'{"findings": 1e999}',
    "no number": b'{"findings": NaN}',
    "twice": b'{"findings": [], "findings": []}',
    "half a character": b'{"Statement": "\\ud800"}',
    "half a character in a key": b'{"\\ud800": 1}',
    "no UTF-8": b'{"findings": "\xff"}',
    "half of UTF-16": b"\xff\xfe{",
    "empty": b"",
    "a mark alone": b"\xef\xbb\xbf",
    "NUL": b"\0" * 10,
    "null": b"null",
    "a number": b"12",
    "a text": b'"x"',
    "lists": b'{"findings": [[]], "accepted": [[]], "AccessKeyMetadata": [[]], "ServicesLastAccessed": [[]]}',
    "nulls": b'{"findings": [null], "accepted": null, "AccessKeyMetadata": null, "Statement": null, "Content": null}',
    "large": b" " * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_json_that_is_none_is_an_error_that_names_the_file(run: Callable[..., str], tmp_path: Path, kind: str) -> None:
    (tmp_path / "foreign").write_bytes(HOSTILE_JSON[kind])
    assert "foreign" in run(READERS["merge"], "foreign")


@pytest.mark.parametrize("kind", ["deep list, closed", "twice", "no UTF-8", "null", "lists", "nulls"])
@pytest.mark.parametrize("name", JSON_READERS)
def test_every_reader_of_json_refuses_it(run: Callable[..., str], tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "foreign").write_bytes(HOSTILE_JSON[kind])
    assert "foreign" in run(READERS[name], "foreign")


@pytest.mark.parametrize("data", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_a_trail_of_hostile_json_is_never_a_traceback(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "plain").write_bytes(data)
    (tmp_path / "packed").write_bytes(gzip.compress(data))
    reading = Reading()
    assert list(records([tmp_path], reading)) == []
    (tmp_path / "both.json").write_text(json.dumps({"CloudTrailEvent": data.decode("latin-1")}), encoding="utf-8")
    assert list(records([tmp_path], reading)) == []
    assert reading.foreign + len(reading.broken) >= 1 or not data.strip(b"\xef\xbb\xbf ")


@pytest.mark.parametrize("mark", ["utf-8-sig", "utf-16"])
def test_a_mark_of_the_byte_order_means_nothing(tmp_path: Path, mark: str) -> None:
    (tmp_path / "a.json").write_bytes('{"ä": 1}'.encode(mark))
    assert parse_json(read_text(tmp_path / "a.json")) == {"ä": 1}


def test_deep_json_is_refused_whatever_the_parser_takes() -> None:
    parse_json("[" * 99 + "]" * 99)
    for depth in (102, 500, 900, 5_000):
        for text in ("[" * depth + "]" * depth, '{"a":[' * (depth // 2) + "]}" * (depth // 2)):
            with pytest.raises(UnreadableError, match="levels deep"):
                parse_json(text)


@pytest.mark.parametrize("filling", [b" ", b"\0", b"[", b"{}\n", b"[1],", b'"x",'])
def test_a_gzip_bomb_keeps_no_reader_busy(tmp_path: Path, filling: bytes) -> None:
    target = tmp_path / "bomb.json.gz"
    with gzip.open(target, "wb") as packed:
        packed.write(b'{"Records": [')
        block = filling * ((1 << 20) // len(filling))
        for _ in range(200):
            packed.write(block)
    assert target.stat().st_size < 1_000_000
    reading = Reading()
    begun = time.process_time()
    assert list(records([target], reading)) == []
    assert time.process_time() - begun < 20
    assert list(reading.broken) == [str(target)]


def tar_of(name: str, data: bytes, size: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = size
        archive.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def test_a_bomb_in_an_image_keeps_audit_from_nothing_else(run: Callable[..., str], tmp_path: Path) -> None:
    inner = gzip.compress(tar_of("zeros", bytes(1 << 28), 1 << 28), 9)
    layer = gzip.compress(tar_of("blobs/sha256/0123456789abcdef", inner, len(inner)), 9)
    (tmp_path / "image.tar").write_bytes(layer)
    assert len(layer) < 100_000
    begun = time.monotonic()
    assert "it holds more than 100 times its size" in run(("audit", "--image", "image.tar"), "")
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("name", [".", "./", "/", ""])
def test_a_layer_of_no_name_is_read(run: Callable[..., str], tmp_path: Path, name: str) -> None:
    key = f"key = '{KEY}'\n".encode()
    layer = gzip.compress(tar_of("a.py", key, len(key)))
    (tmp_path / "image.tar").write_bytes(tar_of(name, layer, len(layer)))
    assert KEY in run(("audit", "--image", "image.tar"), "")


FOUND = {
    "a version that is a list": ("express", '{"Version": ["2012-10-17"], "Statement": []}'),
    "a version that is a mapping": ("express", '{"Version": {}, "Statement": []}'),
    **{
        f"a line that is {line}": (
            "merge",
            (
                '{"findings": [{"rule": "r", "severity": "error", "message": "m", "remedy": "x", "path": "",'
                ' "related": [],'
                f' "file": "m.yaml", "line": 1, "column": {line}, "end_line": 1, "end_column": 1}}]}}'
            ),
        )
        for line in ("0", "-1", "1.5", "true", "null", "1" * 30)
    },
}
"""What fuzzing found."""


@pytest.mark.parametrize("name", FOUND)
def test_what_fuzzing_found_stays_an_error(run: Callable[..., str], tmp_path: Path, name: str) -> None:
    command, text = FOUND[name]
    (tmp_path / "foreign").write_text(text, encoding="utf-8")
    assert "foreign" in run(READERS[command], "foreign")


def test_code_of_ten_thousand_brackets_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import boto3\nx = " + "(" * 10_000, encoding="utf-8")
    found = read_files([str(tmp_path / "a.py")], str(tmp_path)).calls
    assert [one.location.file for one in found] == [str(tmp_path / "a.py")]


def test_a_policy_with_every_action_is_compared_at_once() -> None:
    """Twenty thousand actions, of which most are alike."""
    conditions = (("StringLike", "aws:PrincipalTag/x", ("a*", "${aws:username}")),)
    on = ("*", "arn:aws:sqs:us-east-1:123456789012:jobs", "arn:aws:logs:*:*:log-group:/a:*")
    wide = Declared("Allow", ("*",), on, conditions, "wide")
    narrow = Declared("Allow", ("s3:getobject",), ("arn:aws:s3:::b/*",), (), "narrow")
    begun = time.process_time()
    more, unsure = changes((wide,), (narrow,), iam.expand)
    assert time.process_time() - begun < 10
    assert not unsure
    assert {"s3:GetObject", "sqs:SendMessage", "iam:CreateUser"} <= {one.action for one in more}
    assert all(one.witness.action == one.action for one in more)
