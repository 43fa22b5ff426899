"""`rolewright rule`: a page for a name, a line for each without one, and what comes of a name that there is not."""

from __future__ import annotations

import json

import pytest

from command_line import rolewright
from rolewright.report.rule_pages import rule_pages

PAGES = rule_pages()


def test_the_command_prints_a_page() -> None:
    result = rolewright("rule", "manifest-arn")
    assert (result.returncode, result.stderr) == (0, "")
    page = PAGES["manifest-arn"]
    assert all(text in result.stdout for text in (page.finds, page.why, page.mend, page.bad, page.good))
    (told,) = json.loads(rolewright("rule", "manifest-arn", "--format", "json").stdout)["rules"]
    assert (told["name"], told["mend"], told["doc"]) == ("manifest-arn", page.mend, "docs/rules.md#manifest-arn")


def test_the_command_lists_all() -> None:
    listed = rolewright("rule").stdout.splitlines()
    assert [line.split()[0] for line in listed if line.startswith("  ")] == [*PAGES]
    assert [one["name"] for one in json.loads(rolewright("rule", "--format", "json").stdout)["rules"]] == [*PAGES]


@pytest.mark.parametrize(("name", "hint"), [("manifest-arm", "mean manifest-arn?"), ("xyzzy", "lists them")])
def test_an_unknown_rule_is_wrong_use(name: str, hint: str) -> None:
    result = rolewright("rule", name, env={"COLUMNS": "200"})
    assert result.returncode == 2
    assert hint in result.stderr
    assert result.stdout == ""
