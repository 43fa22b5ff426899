"""The page's text: one row for one resource, no change that is lost, and a verdict whose numbers are true."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from importlib import metadata
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from command_line import rolewright
from git_repository import git
from rolewright.core.finding import Location
from rolewright.core.model import Environment, ResourceStatement
from rolewright.core.text import Condition, Text
from rolewright.grants.classes import Classes
from rolewright.report.permissions import Judge

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.pipeline import Pipeline

KEYED = """\
version: 1
workload: {name}
compute: {{type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}}
resources:
  key: {{type: kms-key, name: x, create: true}}
  queue: {{type: sqs-queue, name: {name}-jobs, create: true, kms_key: "${{resources.key.arn}}", access: [send]}}
  shared: {{type: sns-topic, arn: "arn:aws:sns:us-east-1:333333333333:news", access: [publish]}}
environments:
  dev: {{account: "111111111111", region: us-east-1}}
  prod: {{account: "222222222222", region: us-east-1}}
"""


def touched(page: str) -> list[tuple[str, str, list[str]]]:
    """The rows of "Who reaches what": address, whose it is, and who reaches it."""
    section = page[page.index('id="touched"') :]
    rows = re.findall(r"<th scope=\"row\".*?</tr>", section, re.DOTALL)
    return [
        (
            html.unescape(re.search(r"<code>(.*?)</code>", row)[1]),  # type: ignore[index]
            "".join(re.findall(r"made by ([^<]*)<", row)),
            re.findall(r"<strong>(.*?)</strong>", row),
        )
        for row in rows
    ]


def test_what_two_accounts_make_is_two_resources(tmp_path: Path) -> None:
    for name in ("aaa", "bbb"):
        (tmp_path / f"{name}.yaml").write_text(KEYED.format(name=name), encoding="utf-8")
    ran = rolewright("report", "aaa.yaml", "bbb.yaml", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    rows = touched((tmp_path / "report.html").read_text(encoding="utf-8"))
    keys = [(whose, who) for address, whose, who in rows if "aws_kms_key.key" in address]
    assert [whose for whose, _ in keys] == ["aaa in dev", "aaa in prod", "bbb in dev", "bbb in prod"]
    assert all(who == [f"{whose}, execution"] for whose, who in keys)
    (shared,) = [who for address, whose, who in rows if address.endswith(":news")]
    assert len(shared) == 4


@pytest.mark.parametrize("broken", ["now", "then"])
def test_one_manifest_with_an_error_loses_no_change_of_another(broken: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    text = KEYED.format(name="good")
    good.write_text(text, encoding="utf-8")
    bad.write_text(
        KEYED.format(name="bad").replace("lambda", "lamda" if broken == "then" else "lambda"), encoding="utf-8"
    )
    git(tmp_path, "init")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    bad.write_text(
        KEYED.format(name="bad").replace("lambda", "lamda" if broken == "now" else "lambda"), encoding="utf-8"
    )
    page = changes(tmp_path, "good.yaml", "bad.yaml")
    assert "Not compared: bad.yaml." in page
    assert "may do anything more" not in page
    good.write_text(text.replace("[publish]", "[publish, inspect]"), encoding="utf-8")
    page = changes(tmp_path, "good.yaml", "bad.yaml")
    assert "Wider: good; not compared: bad.yaml." in page
    assert "sns:GetTopicAttributes" in page


def changes(folder: Path, *manifests: str) -> str:
    ran = rolewright("report", *manifests, "--base", "HEAD", cwd=folder)
    assert ran.returncode == 1
    page = (folder / "report.html").read_text(encoding="utf-8")
    start = page.index('<section id="changes"')
    return page[start : page.index("</section>", start)]


COUNTED = """\
version: 1
workload: orders
compute: {type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}
resources:
  files: {type: s3-bucket, name: acme-files, access: [list, get, delete]}
  queue: {type: sqs-queue, arn: "arn:aws:sqs:us-east-1:333333333333:jobs", access: [send]}
  table: {type: dynamodb-table, name: orders, access: [get, put, kcl-leases]}
statements:
  - {actions: [dynamodb:ListTables, "ec2:DescribeInstances"], resources: ["*"], reason: looks around}
  - {actions: ["ec2:TerminateInstances"], resources: ["arn:aws:ec2:us-east-1:333333333333:instance/*"], reason: ends}
environments:
  dev: {account: "111111111111", region: us-east-1}
  home: {account: "333333333333", region: us-east-1}
"""


def tiles(page: str) -> dict[str, int]:
    """The numbers of the verdict, by what they are of."""
    listed = re.findall(r'<li class="tile[^"]*"><strong>(\d+)</strong> (?:<a [^>]*>)?([a-z-]+)', page)
    return {label: int(number) for number, label in listed}


def only(page: str, kind: str) -> list[str]:
    """The rows that a choice under "Only" leaves."""
    rows = re.findall(r'<tr[^>]* data-kinds="([^"]*)">(.*?)</tr>', page, re.DOTALL)
    return [html.unescape(row) for kinds, row in rows if kind in kinds.split()]


def test_the_verdict_counts_what_the_lock_allows(tmp_path: Path) -> None:
    """Compared with a count of the lines of access.lock, by what is known of each action here."""
    (tmp_path / "m.yaml").write_text(COUNTED, encoding="utf-8")
    assert rolewright("report", "m.yaml", cwd=tmp_path).returncode == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert rolewright("render", "m.yaml", cwd=tmp_path).returncode == 0
    lock = (tmp_path / "output" / "orders" / "access.lock").read_text(encoding="utf-8").splitlines()
    allowed = {tuple(re.split(r" allow | on | if ", line)[:3]) for line in lock if " allow " in line}
    deleting = {"s3:DeleteObject", "dynamodb:DeleteItem", "ec2:TerminateInstances"}
    found = tiles(page)
    assert found["workload"] == 1
    assert found["roles"] == sum(" assumed-by " in line for line in lock) == 2
    assert found["deletes"] == sum(action in deleting for _, action, _ in allowed) == 6
    assert found["stars"] == sum(arn == "*" for _, _, arn in allowed) == 4
    assert found["cross-account"] == sum(":333333333333:" in arn and "dev " in who for who, _, arn in allowed) == 2
    others = re.search(r"permissions to delete; (\d+) to write, (\d+) to read", page)
    assert others
    assert sum(map(int, others.groups())) == len(allowed) - found["deletes"]
    assert found["unproven"] == 0
    assert len(only(page, "star")) == 2
    assert all("dynamodb:ListTables" in row for row in only(page, "star"))
    assert all(":333333333333:" in row for row in only(page, "account"))
    # A bucket's ARN names no account, and nothing says whose the bucket is.
    assert only(page, "unsure")
    assert all(":::acme-files" in row for row in only(page, "unsure"))
    assert "whose account is not known" in page


def test_what_is_not_proven_is_counted_and_named(tmp_path: Path) -> None:
    refused = COUNTED.replace("orders\ncompute", "refused\ncompute").replace("dynamodb:ListTables", "dynamodb:Scan")
    for name, manifest in (("good", COUNTED), ("refused", refused), ("broken", "version: 1\nworkload: broken\n")):
        (tmp_path / f"{name}.yaml").write_text(manifest, encoding="utf-8")
    assert rolewright("report", "good.yaml", "refused.yaml", "broken.yaml", cwd=tmp_path).returncode == 1
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    verdict = page[page.index('id="verdict"') : page.index('id="overview"')]
    assert tiles(page)["workloads"] == 2
    assert tiles(page)["unproven"] == 2
    assert "✗ Not proven: 1 file with an error, 1 of 2 workloads." in verdict
    gaps = dict(re.findall(r"<summary>([^<]*): <strong>.*?</summary>(.*?)</details>", verdict))
    assert re.findall(">([^<]+)<", gaps["Workloads that are not proven"]) == ["refused"]
    assert [re.findall(">([^<]+)<", gap) for text, gap in gaps.items() if text.startswith("Files")] == [["broken.yaml"]]


def test_the_commit_is_named_with_what_it_does_not_have(tmp_path: Path) -> None:
    for name in ("good", "other"):
        (tmp_path / f"{name}.yaml").write_text(KEYED.format(name=name), encoding="utf-8")
    (tmp_path / ".gitignore").write_text("other.yaml\n", encoding="utf-8")
    assert "at commit" not in footer(tmp_path, "good.yaml")
    git(tmp_path, "init")
    assert "at commit" not in footer(tmp_path, "good.yaml")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD").strip()
    written = (
        f"Written by rolewright {metadata.version('rolewright')} from the manifests at commit <code>{commit}</code>"
    )
    assert footer(tmp_path, "good.yaml") == f"{written}."
    assert footer(tmp_path, "good.yaml", "other.yaml") == f"{written}, but for what is not in that commit: other.yaml."
    (tmp_path / "good.yaml").write_text(KEYED.format(name="good") + "\n", encoding="utf-8")
    assert footer(tmp_path, "good.yaml") == f"{written}, but for what is not in that commit: good.yaml."


def footer(folder: Path, *manifests: str) -> str:
    assert rolewright("report", *manifests, cwd=folder).returncode == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    return page[page.index("<footer>") : page.index("</footer>")].removeprefix("<footer>\n<p>").removesuffix("</p>\n")


@pytest.mark.parametrize(
    ("principal", "more", "whose"),
    [
        (("AWS", "arn:aws:iam::222222222222:root"), (), "other"),
        (("AWS", "111111111111"), (), "own"),
        (("AWS", "*"), (), "other"),
        (("AWS", "*"), (("StringEquals", "aws:PrincipalAccount", "111111111111"),), "own"),
        (("AWS", "*"), (("StringNotEquals", "aws:PrincipalAccount", "111111111111"),), "other"),
        (("AWS", "*"), (("StringEqualsIfExists", "aws:SourceAccount", "111111111111"),), "other"),
        (("AWS", "*"), (("ArnLike", "aws:SourceArn", "arn:aws:s3:::files"),), "unknown"),
        (("AWS", "*"), (("StringLike", "aws:PrincipalAccount", "*"),), "other"),
        (("AWS", "*"), (("StringLike", "aws:SourceAccount", "1111*"),), "other"),
        (("Service", "s3.amazonaws.com"), (), "own"),
        (("Service", "s3.amazonaws.com"), (("StringEquals", "aws:SourceAccount", "222222222222"),), "other"),
    ],
)
def test_whom_a_policy_lets_in(
    principal: tuple[str, str], more: tuple[tuple[str, str, str], ...], whose: str, pipeline: Pipeline
) -> None:
    environment = Environment("dev", "111111111111", "us-east-1", "aws", {"local.account": "111111111111"}, {})
    judge = Judge(cast("Any", SimpleNamespace(workload=None)), environment, pipeline.catalog, Classes(pipeline.catalog))
    conditions = tuple(Condition(operator, Text.of(key), (Text.of(value),)) for operator, key, value in more)
    named = ((principal[0], Text.of(principal[1])),)
    statement = ResourceStatement("A", "Allow", named, ("s3:GetObject",), (), conditions, (), "", Location("m.yaml"))
    assert judge.let_in(statement) == whose
    assert judge.let_in(replace(statement, effect="Deny")) == "own"
