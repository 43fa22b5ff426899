"""What a finding is about stands in a field of its own, and no report shows a line that could have a secret in it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright
from planted_keys import FORMS, new_key
from rolewright.audit.text import audit_text, long_lived_keys

if TYPE_CHECKING:
    from pathlib import Path

KEY, SECRET, _ = new_key(random.Random(31))
SESSION = KEY.replace("AKIA", "ASIA")


@pytest.mark.parametrize(
    ("text", "name", "subject"),
    [
        (f"AWS_ACCESS_KEY_ID={KEY}\n", "a.env", KEY),
        (f"key = {SESSION}\n", "a.env", SESSION),
        ("AKIAIOSFODNN7EXAMPLE\n", "a.env", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY: ${KEY}\n", "compose.yaml", "AWS_SECRET_ACCESS_KEY"),
        ("boto3.client('s3', aws_access_key_id = key)\n", "a.py", "aws_access_key_id"),
        ("  aws-access-key-id: ${{ secrets.AWS_KEY }}\n", "ci.yml", "aws-access-key-id"),
        ('  access_key = var.aws_key\n', "main.tf", "access_key"),
        ("new S3({accessKeyId: key})\n", "a.ts", "accessKeyId"),
        ("KEY = os.environ['AWS_ACCESS_KEY_ID']\n", "a.py", "AWS_ACCESS_KEY_ID"),
        ("session.get_credentials().get_frozen_credentials ()\n", "a.py", "get_frozen_credentials"),
        ("key = credentials.access_key\n", "a.py", "credentials.access_key"),
        ("arn:aws:iam::aws:policy/AmazonS3FullAccess\n", "a.yaml", "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
        ('{"family": "shop", "containerDefinitions": [{"secrets": ["x"]}]}', "task.json", "shop"),
    ],
)  # fmt: skip
def test_what_it_is_about(text: str, name: str, subject: str) -> None:
    (found,) = audit_text(text.encode(), name, name)
    assert found.subject == subject


def test_a_secret_without_an_id_is_told_by_its_digest() -> None:
    (found,) = audit_text(f"aws_secret_access_key = {SECRET}\n".encode(), "a.ini", "a.ini")
    assert found.subject.startswith("SHA-256 ")
    assert found.subject in found.message
    assert SECRET not in found.subject


@pytest.mark.parametrize("name", FORMS)
def test_keys_are_known_by_their_subject_in_each_form(name: str) -> None:
    """However the message begins: a key in base64 says so."""
    content = FORMS[name](KEY, SECRET)
    found = audit_text(content if isinstance(content, bytes) else content.encode(), name, name)
    assert list(long_lived_keys(found)) == [KEY]
    assert list(long_lived_keys([])) == []


FILES = {
    ".env": f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\n",
    "secret.ini": f"aws_secret_access_key = {SECRET}\n",
    "app.py": f"import boto3\nboto3.client('s3', aws_access_key_id=KEY, x='{SECRET}').list(x='{SECRET}')\n",
    "allow.txt": f"rolewright:allow\n{SECRET}",
    "task.json": json.dumps({"containerDefinitions": [{"secrets": ["x"]}], "x": SECRET}),
    "main.tf": "resource aws_iam_role {{{ " + SECRET,
    "lib.zip": "PK\3\4" + "\0" * 60 + SECRET,
    "baseline.json": SECRET,
}


@pytest.mark.parametrize("arguments", [(), ("--draft", "draft.yaml"), ("--baseline", "baseline.json")])
def test_no_report_shows_a_line_of_a_file(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Not even `merge`, which knows the findings from a report and not what they are about."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    told = rolewright("audit", ".", *arguments, cwd=tmp_path)
    (tmp_path / "draft.yaml").unlink(missing_ok=True)
    report = rolewright("audit", ".", *arguments, "--format", "json", cwd=tmp_path)
    assert told.returncode == report.returncode == 1
    found = json.loads(report.stdout)["findings"]
    assert found
    assert [one["rule"] for one in found if one["shows_lines"]] == []
    (tmp_path / "report.json").write_text(report.stdout, encoding="utf-8")
    merged = rolewright("merge", "report.json", cwd=tmp_path)
    assert merged.returncode == 1
    for run in (told, report, merged):
        assert SECRET not in run.stdout + run.stderr
