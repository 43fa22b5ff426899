"""The page's text: one row for one resource, and no change that is lost."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright
from git_repository import git

if TYPE_CHECKING:
    from pathlib import Path

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
