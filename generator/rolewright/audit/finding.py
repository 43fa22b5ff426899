"""Findings in files that may have secrets: no report shows a line of them."""

from __future__ import annotations

from rolewright.core.finding import Finding, Location, Severity


def closed_finding(
    rule: str, message: str, remedy: str, place: Location, *, severity: Severity = Severity.ERROR, subject: str = ""
) -> Finding:
    """Return a finding whose place is shown without its line, which could have a secret in it."""
    return Finding(rule, message, remedy, place, severity=severity, subject=subject, shows_lines=False)
