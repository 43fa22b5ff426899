from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolewright.core.finding import Edit, Finding, Location, Related, Severity
from rolewright.report.json import ForeignReportError, findings_json, findings_of

PLACES = st.builds(Location, st.sampled_from(["a.yaml", "b.yaml"]), *[st.integers(1, 9) for _ in range(4)])
FINDINGS = st.builds(
    Finding,
    st.sampled_from(["r-one", "r-two"]),
    st.text(max_size=5),
    st.text(max_size=5),
    PLACES,
    st.text(max_size=5),
    st.sampled_from(Severity),
    st.lists(st.builds(Related, PLACES, st.text(max_size=5)), max_size=2).map(tuple),
    subject=st.text(max_size=5),
    shows_lines=st.booleans(),
    fix=st.lists(st.builds(Edit, st.integers(0, 4), st.integers(4, 9), st.text(max_size=5)), max_size=2).map(tuple),
)


def test_the_whole_of_it() -> None:
    finding = Finding(
        "duplicate",
        "twice",
        "remove one",
        Location("m.yaml", 3, 2, 3, 5),
        path="resources.a",
        severity=Severity.WARNING,
        related=(Related(Location("m.yaml", 1, 1, 1, 2), "first"),),
        subject="a",
        fix=(Edit(7, 12, ""),),
    )
    assert findings_json([finding]) == {
        "findings": [
            {
                "rule": "duplicate",
                "severity": "warning",
                "message": "twice",
                "remedy": "remove one",
                "file": "m.yaml",
                "line": 3,
                "column": 2,
                "end_line": 3,
                "end_column": 5,
                "path": "resources.a",
                "subject": "a",
                "shows_lines": True,
                "doc": "docs/rules.md#duplicate",
                "related": [
                    {
                        "file": "m.yaml",
                        "line": 1,
                        "column": 1,
                        "end_line": 1,
                        "end_column": 2,
                        "note": "first",
                    }
                ],
                "fix": [{"start": 7, "end": 12, "text": ""}],
            }
        ],
        "summary": {"errors": 0, "warnings": 1, "notes": 0},
    }


@given(st.lists(FINDINGS, max_size=6))
def test_nothing_is_lost_and_the_order_is_that_of_the_places(findings: list[Finding]) -> None:
    read = json.loads(json.dumps(findings_json(findings)))
    back = [
        Finding(
            entry["rule"],
            entry["message"],
            entry["remedy"],
            place(entry),
            entry["path"],
            Severity(entry["severity"]),
            tuple(Related(place(related), related["note"]) for related in entry["related"]),
            subject=entry["subject"],
            shows_lines=entry["shows_lines"],
            fix=tuple(Edit(edit["start"], edit["end"], edit["text"]) for edit in entry["fix"]),
        )
        for entry in read["findings"]
    ]
    assert findings_of(read) == back
    assert sorted(back, key=repr) == sorted(findings, key=repr)
    assert [f.location for f in back] == sorted(f.location for f in findings)
    assert sum(read["summary"].values()) == len(findings)
    assert findings_of(read) == back


def test_a_report_of_a_version_without_fixes_is_read_and_one_with_a_fix_of_no_text_is_not() -> None:
    finding = Finding("a", "b", "c", Location("m.yaml"), fix=(Edit(2, 1, ""),))
    read = json.loads(json.dumps(findings_json([finding])))
    with pytest.raises(ForeignReportError):
        findings_of(read)
    del read["findings"][0]["fix"]
    assert findings_of(read) == [replace(finding, fix=())]


def test_a_report_of_an_earlier_version_is_read() -> None:
    finding = Finding("duplicate", "twice", "remove one", Location("m.yaml", 3, 2, 3, 5))
    structure = json.loads(json.dumps(findings_json([finding])))
    del structure["findings"][0]["subject"], structure["findings"][0]["shows_lines"]
    assert findings_of(structure) == [replace(finding, shows_lines=False)]


def place(entry: dict[str, str | int]) -> Location:
    return Location(
        str(entry["file"]),
        int(entry["line"]),
        int(entry["column"]),
        int(entry["end_line"]),
        int(entry["end_column"]),
    )
