"""`rolewright audit`: every planted key is found, nothing that only looks like one, and no secret is ever shown."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import random
import re
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import rolewright
from git_repository import git
from planted_keys import FORMS, decoy_tree, new_key, plant
from rolewright.audit.files import BLOCK, audit_file
from rolewright.audit.keys import account_of, find_keys
from rolewright.audit.text import audit_text

if TYPE_CHECKING:
    from collections.abc import Callable

KEY, SECRET, ACCOUNT = new_key(random.Random(1))


def findings(*arguments: str, cwd: Path, code: int = 1) -> list[dict[str, Any]]:
    run = rolewright("audit", "--format", "json", *arguments, cwd=cwd)
    assert run.returncode == code, run.stderr
    listed: list[dict[str, Any]] = json.loads(run.stdout)["findings"]
    return listed


def rules(text: str, name: str) -> list[str]:
    return [one.rule for one in audit_text(text.encode(), name, name)]


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("seed", range(8))
def test_each_form_is_found_with_its_account_and_secret(name: str, seed: int) -> None:
    key, secret, account = new_key(random.Random(f"{name}{seed}"))
    content = FORMS[name](key, secret)
    found = audit_text(content if isinstance(content, bytes) else content.encode(), name, name)
    (one,) = [f for f in found if f.rule == "access-key"]
    assert one.subject == key
    assert one.message.startswith(key)
    assert f"of account {account}" in one.message
    assert "with its secret (SHA-256 " in one.message
    assert not [f for f in found if f.rule in ("secret-key", "documented-example")]
    assert all(secret not in f"{f.message}{f.remedy}" for f in found)


def test_a_tree_with_decoys(tmp_path: Path) -> None:
    planted = plant(tmp_path / "tree", 3)
    decoy_tree(tmp_path / "tree", 4, 300, 80)
    found = findings("tree", cwd=tmp_path)
    keys = {(one["file"], one["subject"]) for one in found if one["rule"] == "access-key"}
    assert keys == {(str(Path(one.file).relative_to(tmp_path)), one.id) for one in planted}
    where = {one["file"] for one in found}
    assert not [file for file in where if "part-" in file]
    for form in ("text", "json", "sarif", "github"):
        run = rolewright("audit", "--format", form, "tree", cwd=tmp_path)
        assert run.returncode == 1
        for one in planted:
            assert one.id in run.stdout + run.stderr
            assert one.secret not in run.stdout + run.stderr
            assert base64.b64encode(one.secret.encode()).decode() not in run.stdout + run.stderr


@given(st.integers(0, 10**12 - 1), st.integers(0, 2**39 - 1))
def test_the_account_of_an_id(account: int, rest: int) -> None:
    """The layout as https://awssecurityblog.com describes it, encoded here once more from its description."""
    number = (1 << 79) | (account << 39) | rest
    body = base64.b32encode(number.to_bytes(10, "big")).decode()
    assert account_of(f"AKIA{body}") == ("" if body[0] in "IJ" else f"{account:012}")


def test_known_accounts() -> None:
    assert account_of("ASIAY34FZKBOKMUTVV7A") == "609629065308"
    assert account_of("AKIAI44QH8DHBEXAMPLE") == ""
    assert account_of("AKIAJ3452345ABCDEFGH") == ""


def test_the_examples_of_the_documentation_are_told_and_no_finding(tmp_path: Path) -> None:
    text = "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\nAKIAI44QH8DHBEXAMPLE\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    found = findings("a.txt", cwd=tmp_path, code=0)
    assert {(one["rule"], one["severity"]) for one in found} == {("documented-example", "note")}


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        (f"aws_secret_access_key = {SECRET}\n", "config.ini", ["secret-key"]),
        (f"secretAccessKey: '{SECRET}'\n", "a.ts", ["secret-key"]),
        (f"AWS_SECRET={SECRET}\n", "a.env", ["secret-key"]),
        (f"password = {SECRET}\n", "a.env", []),
        (f"key = {KEY.replace('AKIA', 'ASIA')}\n", "a.env", ["temporary-key"]),
        ("AWS_ACCESS_KEY_ID: ${KEY}\n", "compose.yaml", ["key-reference"]),
        (
            "- name: AWS_ACCESS_KEY_ID\n  valueFrom: {secretKeyRef: {name: aws, key: id}}\n",
            "pod.yaml",
            ["key-reference"],
        ),
        ("boto3.client('s3', aws_access_key_id=key)\n", "a.py", ["key-reference"]),
        ("        aws-access-key-id: ${{ secrets.AWS_KEY }}\n", "ci.yml", ["key-reference"]),
        ('resource "aws_iam_access_key" "ci" {\n', "main.tf", ["key-reference"]),
        ('provider "aws" {\n  access_key = var.aws_key\n}\n', "main.tf", ["key-reference"]),
        ("KEY = os.environ['AWS_ACCESS_KEY_ID']\n", "a.py", ["frozen-credentials"]),
        ("session.get_credentials().get_frozen_credentials()\n", "a.py", ["frozen-credentials"]),
        ("key = credentials.access_key\n", "a.py", ["frozen-credentials"]),
        ("client = boto3.client('s3')\n", "a.py", []),
        ("The SDK reads AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.\n", "README.md", []),
        ('policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"\n', "main.tf", ["broad-policy"]),
        ("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy\n", "main.tf", []),
        ("arn:aws:iam::aws:policy/AmazonS3FullAccess\n", "a.yaml", ["broad-policy"]),
        (f"key = {KEY}  # rolewright:allow a key of the test account, disabled\n", "a.py", []),
        (f"key = {KEY}  # rolewright:allow\n", "a.py", ["access-key", "allowance-without-reason"]),
        (f"# rolewright:allow another line\nkey = {KEY}\n", "a.py", ["access-key"]),
    ],
)
def test_what_is_told_of_a_line(text: str, name: str, expected: list[str]) -> None:
    assert rules(text, name) == expected


def test_a_task_without_an_execution_role() -> None:
    container = {"name": "a", "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1", "secrets": [{"name": "X"}]}
    definition: dict[str, Any] = {"containerDefinitions": [container]}
    assert rules(json.dumps(definition), "task.json") == ["missing-execution-role"]
    assert rules(json.dumps({"taskDefinition": definition}), "task.json") == ["missing-execution-role"]
    definition["executionRoleArn"] = "arn:aws:iam::123456789012:role/x"
    assert rules(json.dumps(definition), "task.json") == []
    assert rules(json.dumps({"containerDefinitions": [{"name": "a", "image": "nginx"}]}), "task.json") == []
    assert rules('{"containerDefinitions": [' * 2, "task.json") == []


def test_a_trust_that_does_not_fit(tmp_path: Path) -> None:
    text = """\
resource "aws_iam_role" "fn" {
  assume_role_policy = jsonencode({Version = "2012-10-17", Statement = [
    {Effect = "Allow", Action = "sts:AssumeRole", Principal = {Service = "ec2.amazonaws.com"}}]})
}
resource "aws_lambda_function" "fn" {
  function_name = "fn"
  role          = aws_iam_role.fn.arn
}
"""
    (tmp_path / "main.tf").write_text(text, encoding="utf-8")
    (one,) = findings(".", cwd=tmp_path)
    assert (one["rule"], one["file"]) == ("trust-compute-mismatch", "main.tf")
    (tmp_path / "main.tf").write_text(text.replace("ec2.amazonaws.com", "lambda.amazonaws.com"), encoding="utf-8")
    assert findings(".", cwd=tmp_path, code=0) == []
    (tmp_path / "main.tf").write_text("resource aws_iam_role {{{", encoding="utf-8")
    assert [one["rule"] for one in findings(".", cwd=tmp_path)] == ["unreadable"]


def test_a_state_names_the_resource() -> None:
    text = FORMS["terraform.tfstate"](KEY, SECRET)
    assert isinstance(text, str)
    (one,) = audit_text(text.encode(), "terraform.tfstate", "terraform.tfstate")
    assert one.message.endswith("in Terraform's state as aws_iam_access_key.ci")


def test_large_files_are_read_in_blocks(tmp_path: Path) -> None:
    """A key that lies across the border of two blocks is found, once, on its line."""
    text = f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\n".encode()
    for shift in (0, 10, 30, 80, 100, 3_000):
        line = b"x" * 99 + b"\n"
        start = (line * (BLOCK // 100 + 1))[: BLOCK - shift - 1] + b"\n"
        (tmp_path / "large").write_bytes(start + text + line * 100)
        (one,) = [f for f in audit_file(str(tmp_path / "large")) if f.rule == "access-key"]
        assert one.location.line == start.count(b"\n") + 1
        assert "with its secret" in one.message


def test_the_history_keeps_what_was_taken_out(tmp_path: Path) -> None:
    git(tmp_path, "init")
    inner = tmp_path / "app"
    inner.mkdir()
    settings = inner / "settings ü.py"
    settings.write_text("DEBUG = True\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    settings.write_text(f"DEBUG = True\nKEY = '{KEY}'\nSECRET = '{SECRET}'\n", encoding="utf-8")
    git(tmp_path, "commit", "-am", "second")
    commit = git(tmp_path, "rev-parse", "HEAD")
    git(tmp_path, "checkout", "-q", "-b", "other")
    other, other_secret, _ = new_key(random.Random(9))
    (inner / "k8s.yaml").write_text(FORMS["secret.yaml"](other, other_secret), encoding="utf-8")  # type: ignore[arg-type]
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "third")
    git(tmp_path, "checkout", "-q", "-")
    settings.write_text("DEBUG = False\n", encoding="utf-8")
    git(tmp_path, "commit", "-am", "fourth")
    assert findings("app", cwd=tmp_path, code=0) == []
    found = findings("app", "--git-history", cwd=tmp_path)
    assert [(one["rule"], one["file"], one["line"]) for one in found] == [
        ("access-key", "app/k8s.yaml", 4),
        ("access-key", "app/settings ü.py", 2),
    ]
    assert found[1]["message"].endswith(f"added by commit {commit[:12]}")
    assert SECRET not in json.dumps(found)
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / ".git").rename(tmp_path / "gone")
    assert [one["rule"] for one in findings("outside", "--git-history", cwd=tmp_path)] == ["git-history"]


def test_the_history_of_odd_names_and_lines(tmp_path: Path) -> None:
    """A name that git puts in quotes, a line that looks like the heading of a file, and one that is allowed."""
    git(tmp_path, "init")
    chance = random.Random(21)
    (odd, *_), (heading, *_), (allowed, *_) = (new_key(chance) for _ in range(3))
    (tmp_path / "first.txt").write_text(f"++ b/{heading}\n", encoding="utf-8")
    (tmp_path / 'odd "ü"\t.txt').write_text(f"{odd}\n", encoding="utf-8")
    (tmp_path / "third.txt").write_text(f"\n{allowed} # rolewright:allow disabled in May\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    for path in tmp_path.glob("*.txt"):
        path.unlink()
    found = findings(".", "--git-history", cwd=tmp_path)
    assert {(one["file"], one["subject"]) for one in found} == {
        ("first.txt", heading),
        ('odd "ü"\t.txt', odd),
    }


def layer(files: dict[str, bytes], mode: str = "w") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as made:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def image(folder: Path, *, oci: bool, compressed: bool) -> tuple[Path, list[str]]:
    """An image whose first layer has a key that the second deletes, with another in its configuration."""
    chance = random.Random(5)
    (first, first_secret, _), (kept, kept_secret, _), (env, env_secret, _) = (new_key(chance) for _ in range(3))
    one = layer({"app/.env": f"AWS_ACCESS_KEY_ID={first}\nAWS_SECRET_ACCESS_KEY={first_secret}\n".encode()})
    two = layer({"app/.wh..env": b"", "root/.aws/credentials": f"[default]\n{kept}\n{kept_secret}\n".encode()})
    layers = [gzip.compress(one), gzip.compress(two)] if compressed else [one, two]
    config = {"config": {"Env": [f"AWS_ACCESS_KEY_ID={env}", f"AWS_SECRET_ACCESS_KEY={env_secret}"]}}
    names = [f"blobs/sha256/{n * 64}" if oci else f"{n * 64}/layer.tar" for n in "ab"]
    settings = f"blobs/sha256/{'c' * 64}" if oci else f"{'c' * 64}.json"
    manifest = [{"Config": settings, "Layers": names}]
    files = {settings: json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    path = folder / "image.tar"
    path.write_bytes(layer({**dict(zip(names, layers, strict=True)), **files}))
    return path, [first, kept, env, first_secret, kept_secret, env_secret]


@pytest.mark.parametrize("oci", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_every_layer_of_an_image(tmp_path: Path, *, oci: bool, compressed: bool) -> None:
    _, (first, kept, env, *secrets) = image(tmp_path, oci=oci, compressed=compressed)
    found = [one for one in findings("--image", "image.tar", cwd=tmp_path) if one["rule"] == "access-key"]
    told = {one["subject"]: one for one in found}
    assert told.keys() == {first, kept, env}
    assert told[first]["file"] == f"image.tar:{'a' * 12}:/app/.env"
    assert "a later layer deletes the file" in told[first]["message"]
    assert "later layer" not in told[kept]["message"]
    assert told[kept]["file"].endswith(":/root/.aws/credentials")
    assert not [secret for secret in secrets if secret in json.dumps(found)]


def test_a_broken_image_is_told(tmp_path: Path) -> None:
    path, _ = image(tmp_path, oci=True, compressed=True)
    whole = path.read_bytes()
    for content in (b"", b"no tar at all" * 100, whole[:700], whole[: 1024 + 512], b"\x1f\x8b" + whole[:100]):
        path.write_bytes(content)
        found = findings("--image", "image.tar", cwd=tmp_path)
        assert "unreadable" in {one["rule"] for one in found}
    path.write_bytes(layer({f"blobs/sha256/{'d' * 64}": b"\x28\xb5\x2f\xfd" + b"x" * 600}))
    assert any("zstd" in one["message"] for one in findings("--image", "image.tar", cwd=tmp_path))


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("config/.env", content)
    return packed.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "lib.zip": zipped,
    "app.jar": zipped,
    "app-1.0-py3-none-any.whl": zipped,
    "backup.sql.gz": gzip.compress,
    "backup.sql.bz2": bz2.compress,
    "backup.sql.xz": lzma.compress,
    "backup.lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    "site.tar.gz": lambda content: layer({".env": content}, "w:gz"),
    "site.tgz": lambda content: layer({".env": content}, "w:gz"),
    "site.tar.xz": lambda content: layer({".env": content}, "w:xz"),
    "outer.tar": lambda content: layer({"inner.gz": gzip.compress(content)}),
    "noname": gzip.compress,
}


@pytest.mark.parametrize("name", PACKED)
def test_what_is_packed_is_named_and_never_called_clean(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(PACKED[name](f"AWS_ACCESS_KEY_ID={KEY}\n".encode() * 40))
    (found,) = findings(".", cwd=tmp_path, code=0)
    assert (found["rule"], found["file"], found["severity"]) == ("not-read", name, "note")
    (found,) = findings(".", "--strict", cwd=tmp_path)
    assert (found["rule"], found["severity"]) == ("not-read", "warning")
    told = rolewright("audit", ".", cwd=tmp_path)
    assert told.stdout.endswith("1 file searched, 1 not read\n")


def test_no_text_is_taken_for_an_archive(tmp_path: Path) -> None:
    """Nor a program, a picture or the code of Python: their bytes are looked at."""
    heads = (b"PK are two letters", b"BZ", b"\x7fELF", b"\x89PNG\r\n", b"SQLite format 3\0", b"[s]")
    for number, head in enumerate(heads):
        (tmp_path / f"{number}.bin").write_bytes(head + b" and more" * 100)
    assert findings(".", "--strict", cwd=tmp_path, code=0) == []


def test_what_was_accepted_ends_on_its_day(tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text(f"KEY={KEY}\n", encoding="utf-8")
    accepted = rolewright(
        "audit", "a.env", "--baseline", "b.json", "--accept", "rotated next week", "--until", "2999-01-01", cwd=tmp_path
    )
    assert accepted.returncode == 0, accepted.stderr
    assert KEY not in (tmp_path / "b.json").read_text(encoding="utf-8")
    assert findings("a.env", "--baseline", "b.json", cwd=tmp_path, code=0) == []
    (tmp_path / "a.env").write_text(f"\n\nKEY={KEY}\n", encoding="utf-8")
    assert findings("a.env", "--baseline", "b.json", cwd=tmp_path, code=0) == []
    text = (tmp_path / "b.json").read_text(encoding="utf-8")
    (tmp_path / "b.json").write_text(text.replace("2999-01-01", "2020-01-01"), encoding="utf-8")
    assert [one["rule"] for one in findings("a.env", "--baseline", "b.json", cwd=tmp_path)] == ["access-key"]
    (tmp_path / "a.env").write_text("KEY=\n", encoding="utf-8")
    assert [one["rule"] for one in findings("a.env", "--baseline", "b.json", cwd=tmp_path)] == ["baseline-unused"]
    for broken in ("{", "[]", '{"accepted": [{"fingerprint": "x", "reason": " ", "until": "2999-01-01"}]}',
                   '{"accepted": [{"fingerprint": "x", "reason": "y", "until": "soon"}]}'):  # fmt: skip
        (tmp_path / "b.json").write_text(broken, encoding="utf-8")
        assert [one["rule"] for one in findings("a.env", "--baseline", "b.json", cwd=tmp_path)] == ["audit-baseline"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["none"],
        ["--image", "none"],
        [".", "--accept", "x"],
        [".", "--accept", "x", "--until", "2999-01-01"],
        [".", "--accept", " ", "--until", "2999-01-01", "--baseline", "b.json"],
        [".", "--accept", "x", "--until", "soon", "--baseline", "b.json"],
    ],
)
def test_wrong_use(arguments: list[str], tmp_path: Path) -> None:
    run = rolewright("audit", *arguments, cwd=tmp_path)
    assert run.returncode == 2, run.stderr
    assert not list(tmp_path.iterdir())


def test_links_are_not_followed_and_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.env").write_text(f"KEY={KEY}\n", encoding="utf-8")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "tree" / "loop").symlink_to(tmp_path / "tree")
    (tmp_path / "tree" / "b.env").symlink_to(tmp_path / "outside" / "a.env")
    (tmp_path / "tree" / "plain").write_text("nothing", encoding="utf-8")
    found = findings("tree", cwd=tmp_path, code=0)
    assert {(one["file"], one["rule"]) for one in found} == {("tree/b.env", "not-read"), ("tree/link", "not-read")}


def test_any_name_of_a_file(tmp_path: Path) -> None:
    names = (b"a\nb.env", b"\xff\xfe.env", b"esc\x1b[31m.env", "ü.env".encode())
    for name in names:
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_text(KEY, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    for form in ("text", "json", "sarif", "github"):
        run = rolewright("audit", ".", "--format", form, cwd=tmp_path)
        assert run.returncode == 1, run.stderr
        assert (run.stdout + run.stderr).count(KEY) >= len(names)
        assert "\x1b" not in run.stdout + run.stderr
    accept = ("--baseline", "b.json", "--accept", "x", "--until", "2999-01-01")
    assert rolewright("audit", ".", *accept, cwd=tmp_path).returncode == 0
    assert rolewright("audit", ".", "--baseline", "b.json", cwd=tmp_path).returncode == 0
    told = rolewright("audit", "pipe", "/dev/zero", cwd=tmp_path)
    assert (told.returncode, "is a pipe, a socket or a device" in " ".join(told.stderr.split())) == (2, True)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_key_is_found_in_any_surroundings(before: bytes, after: bytes) -> None:
    start = re.sub(rb"[A-Za-z0-9]$", b" ", before)
    end = re.sub(rb"^[A-Za-z0-9]", b" ", after)
    assert KEY in [key.id for key in find_keys(start + KEY.encode() + end)]


@given(st.binary(max_size=400))
def test_nothing_in_a_file_is_a_traceback(data: bytes) -> None:
    for name in ("a.tfstate", "a.py", "task.json", "b"):
        audit_text(b'{"containerDefinitions": ' + data + KEY.encode(), name, name)
        audit_text(data + b" aws AWS_ACCESS_KEY_ID rolewright:allow", name, name)
