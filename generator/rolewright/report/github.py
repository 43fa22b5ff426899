"""Findings as workflow commands of GitHub Actions, which shows them at the lines of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.core.finding import Severity
from rolewright.core.printable import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.core.finding import Finding

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_TEXT = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_TEXT, ":": "%3A", ",": "%2C"}


def findings_github(findings: Sequence[Finding]) -> str:
    """Return a line for each finding, sorted by place; nothing that a manifest says can become a command of its own."""
    ordered = sorted(findings, key=lambda f: (f.location, f.rule, f.message))
    return "".join(f"{_line(finding)}\n" for finding in ordered)


def _line(finding: Finding) -> str:
    at = finding.location
    fields = {
        "file": at.file,
        "line": str(at.line),
        "col": str(at.column),
        "endLine": str(max(at.line, at.end_line)),
        "title": f"rolewright {finding.rule}",
    }
    properties = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in fields.items())
    text = f"{finding.message}. {finding.remedy}" if finding.remedy else finding.message
    return f"::{_COMMANDS[finding.severity]} {properties}::{_escaped(text, _TEXT)}"


def _escaped(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in visible(text))
