"""What platforms show of findings: SARIF for code scanning, and workflow commands of GitHub Actions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from command_line import rolewright
from rolewright.core.finding import Finding, Location, Related, Severity
from rolewright.core.printable import visible
from rolewright.report.github import findings_github
from rolewright.report.sarif import findings_sarif

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
PLACES = st.builds(
    lambda file, line, column, lines, width: Location(file, line, column, line + lines, column + width),
    TEXT.map(lambda text: "f" + text.replace("\0", "").rstrip("/")),
    st.integers(1, 999),
    st.integers(1, 99),
    st.integers(0, 3),
    st.integers(0, 9),
)
FINDINGS = st.lists(
    st.builds(
        Finding,
        st.from_regex(r"[a-z]{1,9}(-[a-z]{1,9})?", fullmatch=True),
        TEXT,
        TEXT,
        PLACES,
        severity=st.sampled_from(Severity),
        related=st.lists(st.builds(Related, PLACES, TEXT), max_size=2).map(tuple),
        subject=TEXT,
    ),
    max_size=5,
)
COMMAND = re.compile(r"::(error|warning|notice) ([^\n]*?)::([^\n]*)")


@given(FINDINGS)
def test_sarif_has_each_finding_at_its_place(findings: list[Finding]) -> None:
    (run,) = json.loads(json.dumps(findings_sarif(findings, "1.2.3")))["runs"]
    rules = [one["id"] for one in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    told = sorted(
        (
            unquote(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]),
            one["locations"][0]["physicalLocation"]["region"]["startLine"],
            one["locations"][0]["physicalLocation"]["region"]["startColumn"],
            rules[one["ruleIndex"]],
            len(one.get("relatedLocations", [])),
            one.get("properties", {"subject": ""})["subject"],
        )
        for one in run["results"]
    )
    assert told == sorted(
        (f.location.file, f.location.line, f.location.column, f.rule, len(f.related), f.subject) for f in findings
    )
    for one in run["results"]:
        region = one["locations"][0]["physicalLocation"]["region"]
        assert (region["endLine"], region["endColumn"]) >= (region["startLine"], 1)
        assert not urlsplit(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).query


@given(FINDINGS)
def test_github_reads_one_command_for_each_finding(findings: list[Finding]) -> None:
    """As the runner does: one command a line, properties between commas, each escape undone.

    Neither the file's name nor what is said has a character that nobody can see.
    """

    def plain(text: str, more: str = "") -> str:
        for character in (":,", "")[not more] + "\r\n":
            text = text.replace(f"%{ord(character):02X}", character)
        return text.replace("%25", "%")

    lines = findings_github(findings).split("\n")[:-1]
    assert len(lines) == len(findings)
    told = []
    for line in lines:
        found = COMMAND.fullmatch(line)
        assert found is not None, line
        properties = dict(part.split("=", 1) for part in found[2].split(","))
        told.append((plain(properties["file"], "more"), int(properties["line"]), plain(found[3])))
    assert sorted(told) == sorted(
        (visible(f.location.file), f.location.line, visible(f"{f.message}. {f.remedy}" if f.remedy else f.message))
        for f in findings
    )


@pytest.mark.parametrize("format_", ["github", "sarif"])
def test_the_command_line(format_: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("version: 1\nworkload: app\ncompute: {type: ec3}\n", encoding="utf-8")
    result = rolewright("validate", "m.yaml", "--format", format_, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr == ""
    if format_ == "github":
        assert result.stdout.startswith("::error file=m.yaml,line=3,")
    else:
        (found,) = json.loads(result.stdout)["runs"][0]["results"]
        assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "m.yaml"
