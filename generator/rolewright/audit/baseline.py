"""Findings that were looked at and accepted, each with a reason and a day after which it is a finding again."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.audit.finding import closed_finding
from rolewright.core.files import UnreadableError, read_json
from rolewright.core.finding import Finding, Location, Rejected, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Acceptance:
    """Why findings are accepted, and the last day on which they are."""

    reason: str
    until: date


def fingerprint(finding: Finding) -> str:
    """Return what identifies a finding: its rule, file and message, and not its line, which other changes move."""
    text = "\0".join((finding.rule, Path(finding.location.file).as_posix(), finding.message))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def read_baseline(path: Path) -> dict[str, Mapping[str, Any]]:
    """Read the accepted findings by fingerprint. Raises Rejected with the place for a file that is no baseline."""
    try:
        listed = read_json(path, names=True)["accepted"]
        entries = {entry["fingerprint"]: entry for entry in listed}
        wrong = [entry for entry in listed if not str(entry["reason"]).strip() or not _is_day(entry["until"])]
    except UnreadableError as error:
        raise _refused(path, str(error)) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _refused(path, "is not a baseline file of rolewright audit") from None
    if wrong:
        raise _refused(path, f"has an entry without a reason or an expiry day: {wrong[0]['fingerprint']}")
    return entries


def _is_day(text: object) -> bool:
    try:
        return bool(_DAY.fullmatch(str(text)) and date.fromisoformat(str(text)))
    except ValueError:
        return False


def _refused(path: Path, what: str) -> Rejected:
    return Rejected(
        [
            closed_finding(
                "audit-baseline",
                f"{path} {what}",
                "write it with --baseline FILE --accept REASON --until DAY",
                Location(str(path)),
            )
        ]
    )


def beyond(
    findings: Iterable[Finding], accepted: Mapping[str, Mapping[str, Any]], path: Path, today: date
) -> list[Finding]:
    """Return the findings that are not accepted, or no longer, and one for each entry that nothing needs any more."""
    found = list(findings)
    marks = {fingerprint(finding) for finding in found}
    kept = [finding for finding in found if not _holds(accepted.get(fingerprint(finding)), today)]
    idle = [
        closed_finding(
            "baseline-unused",
            f"nothing is a {entry.get('rule', 'finding')} in {entry.get('file', 'any file')} any more",
            "remove the entry from the baseline",
            Location(str(path)),
            severity=Severity.WARNING,
            subject=mark,
        )
        for mark, entry in accepted.items()
        if mark not in marks
    ]
    return [*kept, *idle]


def _holds(entry: Mapping[str, Any] | None, today: date) -> bool:
    return entry is not None and date.fromisoformat(entry["until"]) >= today


def baseline_text(findings: Sequence[Finding], before: Mapping[str, Mapping[str, Any]], acceptance: Acceptance) -> str:
    """Return a baseline with what was accepted before, and these findings."""
    added = {
        fingerprint(finding): {
            "fingerprint": fingerprint(finding),
            "rule": finding.rule,
            "file": Path(finding.location.file).as_posix(),
            "reason": acceptance.reason,
            "until": acceptance.until.isoformat(),
        }
        for finding in findings
        if finding.severity is not Severity.NOTE
    }
    entries = sorted(
        {**before, **added}.values(), key=lambda entry: (str(entry.get("file")), str(entry["fingerprint"]))
    )
    return json.dumps({"accepted": entries}, indent=2) + "\n"
