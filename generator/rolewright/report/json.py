"""Findings → a structure for programs, and back. Keys are only ever added."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypedDict

from rolewright.core.finding import Edit, Finding, Location, Related, Severity
from rolewright.report.rule_pages import doc_of

if TYPE_CHECKING:
    from collections.abc import Sequence


_MOST = 1 << 31


class PlaceObject(TypedDict):
    """Lines and columns count from 1, in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class RelatedPlace(PlaceObject):
    """A second place, and what it has to do with the finding."""

    note: str


class EditObject(TypedDict):
    """A change of the file: `text` in place of the characters from `start` to `end`, which count from 0.

    A line end counts as one character, and a byte order mark as none.
    """

    start: int
    end: int
    text: str


class FindingObject(PlaceObject):
    """One finding.

    `path` is the dotted path in the manifest, `subject` what the finding is about, such as a key's id; "" if there
    is none. `shows_lines` is false where the line of its place could have a secret in it. `fix` has the edits of its
    file that remove it, where it can be meant in one way only. `doc` describes the rule.
    """

    rule: str
    severity: str
    message: str
    remedy: str
    path: str
    subject: str
    shows_lines: bool
    doc: str
    related: list[RelatedPlace]
    fix: list[EditObject]


class Summary(TypedDict):
    """The number of findings of each severity."""

    errors: int
    warnings: int
    notes: int


class FindingsObject(TypedDict):
    """All findings, sorted by their place, and their counts."""

    findings: list[FindingObject]
    summary: Summary


def findings_json(findings: Sequence[Finding]) -> FindingsObject:
    """Return all findings as plain lists, dicts, strings and numbers, ready for `json.dumps`."""
    ordered = sorted(findings, key=lambda f: (f.location, f.rule, f.message))
    counts = Counter(finding.severity for finding in findings)
    return {
        "findings": [_finding(finding) for finding in ordered],
        "summary": {
            "errors": counts[Severity.ERROR],
            "warnings": counts[Severity.WARNING],
            "notes": counts[Severity.NOTE],
        },
    }


def _finding(finding: Finding) -> FindingObject:
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "message": finding.message,
        "remedy": finding.remedy,
        **_place(finding.location),
        "path": finding.path,
        "subject": finding.subject,
        "shows_lines": finding.shows_lines,
        "doc": doc_of(finding.rule),
        "related": [{**_place(r.location), "note": r.note} for r in finding.related],
        "fix": [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in finding.fix],
    }


def _place(location: Location) -> PlaceObject:
    return {
        "file": location.file,
        "line": location.line,
        "column": location.column,
        "end_line": location.end_line,
        "end_column": location.end_column,
    }


class ForeignReportError(ValueError):
    """A structure that `findings_json` did not make."""


def findings_of(structure: Any) -> list[Finding]:  # noqa: ANN401 - JSON
    """Return the findings of such a structure. Raises ForeignReportError for any other."""
    try:
        return [
            Finding(
                rule=str(finding["rule"]),
                message=str(finding["message"]),
                remedy=str(finding["remedy"]),
                location=_location(finding),
                path=str(finding["path"]),
                severity=Severity(finding["severity"]),
                related=tuple(Related(_location(other), str(other["note"])) for other in finding["related"]),
                subject=str(finding.get("subject", "")),  # an earlier version wrote neither this
                shows_lines=finding.get("shows_lines", False) is True,  # nor this, and showed lines of keys
                fix=tuple(_edit(edit) for edit in finding.get("fix", ())),
            )
            for finding in structure["findings"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ForeignReportError(f"{type(error).__name__}: {error}") from None


def _edit(edit: Any) -> Edit:  # noqa: ANN401 - JSON
    start, end = edit["start"], edit["end"]
    if not (type(start) is type(end) is int and 0 <= start <= end < _MOST):
        raise ValueError(f"no text has characters from {start} to {end}")
    return Edit(start, end, str(edit["text"]))


def _location(place: Any) -> Location:  # noqa: ANN401 - JSON
    numbers = [place[name] for name in ("line", "column", "end_line", "end_column")]
    if not all(type(number) is int and 1 <= number < _MOST for number in numbers):
        raise ValueError(f"no place in a file has the lines and columns {numbers}")
    return Location(str(place["file"]), *numbers)
