"""Findings as SARIF 2.1.0, which code scanning of GitHub and others reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rolewright.core.finding import Severity
from rolewright.report.rule_pages import rule_descriptor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.core.finding import Finding, Location

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def findings_sarif(findings: Sequence[Finding], version: str) -> dict[str, Any]:
    """Return a log with one run: a result for each finding, and each rule once. `version` is rolewright's own."""
    ordered = sorted(findings, key=lambda f: (f.location, f.rule, f.message))
    rules = sorted({finding.rule for finding in findings})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "rolewright",
                        "version": version,
                        "rules": [rule_descriptor(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, rules) for finding in ordered],
            }
        ],
    }


def _result(finding: Finding, rules: Sequence[str]) -> dict[str, Any]:
    related = [
        {"physicalLocation": _place(other.location), "message": {"text": other.note}} for other in finding.related
    ]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.remedy}" if finding.remedy else finding.message},
        "locations": [{"physicalLocation": _place(finding.location)}],
        **({"relatedLocations": related} if related else {}),
        **({"properties": {"subject": finding.subject}} if finding.subject else {}),
    }


def _place(location: Location) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": _uri(location.file)},
        "region": {
            "startLine": location.line,
            "startColumn": location.column,
            "endLine": max(location.line, location.end_line),
            "endColumn": max(1, location.end_column),
        },
    }


def _uri(file: str) -> str:
    """Return a path as a URI: relative to where the command ran, as the reader resolves it."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix(), errors="surrogateescape")
