"""Findings → text for people, with the source line and a marker under the place."""

from __future__ import annotations

import textwrap
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

from rolewright.core.finding import Severity
from rolewright.core.printable import printable, printable_character

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rolewright.core.finding import Finding, Location

MAX_WIDTH = 100
"""The terminal cells that a source line may take; a longer one is cut around the place."""

MAX_TEXT = 2_000
"""The characters that a message or a remedy may take, which can quote the manifest."""

HELP_WIDTH = 140
"""The characters on a line of help, after which a long list goes on in the next one."""

_STYLES = {
    Severity.ERROR: "1;31",
    Severity.WARNING: "1;33",
    Severity.NOTE: "1;36",
    "frame": "1;34",
    "help": "1;32",
    "message": "1",
}


def findings_text(findings: Sequence[Finding], sources: Mapping[str, str], *, color: bool) -> str:
    """Return all findings, sorted by their place, and last how many they are and what explains them; "" if none.

    `sources` maps the file of a location to its text; a place in a file that it lacks goes without its
    line, and so does one on a line that a finding says is not to be shown. Characters that could
    steer a terminal or hide text are shown as escapes.
    """
    if not findings:
        return ""
    lines = {file: text.split("\n") for file, text in sources.items()}
    ordered = sorted(findings, key=lambda f: (f.location, f.rule, f.message))
    closed = {(place.file, place.line) for finding in findings if not finding.shows_lines for place in _places(finding)}
    blocks = [_finding(finding, lines, closed, color=color) for finding in ordered]
    return "\n\n".join([*blocks, summary(ordered)]) + "\n`rolewright rule NAME` explains a rule\n"


def summary(findings: Sequence[Finding]) -> str:
    """Return `2 errors, 1 warning`, with the severities that occur."""
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        f"{counts[severity]} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in Severity
        if counts[severity]
    )


def _places(finding: Finding) -> tuple[Location, ...]:
    return finding.location, *(related.location for related in finding.related)


def _finding(
    finding: Finding, lines: Mapping[str, Sequence[str]], closed: Collection[tuple[str, int]], *, color: bool
) -> str:
    def paint(text: str, style: str) -> str:
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if color else text

    severity = finding.severity
    gutter = max(len(str(place.line)) for place in _places(finding))
    title = paint(f"{severity}[{printable(finding.rule)}]", severity)
    shown = [f"{title}{paint(': ' + _limited(finding.message), 'message')}"]

    def show(place: Location, style: str) -> None:
        shown.append(f"{' ' * gutter}{paint('-->', 'frame')} {printable(str(place))}")
        excerpt = None if (place.file, place.line) in closed else _excerpt(place, lines.get(place.file, ()))
        if excerpt is not None:
            line, marker = excerpt
            bar = paint(f"{' ' * gutter} |", "frame")
            number = paint(f"{place.line:>{gutter}} |", "frame")
            shown.extend((bar, f"{number} {line}".rstrip(), f"{bar} {paint(marker, style)}"))

    show(finding.location, severity)
    for related in finding.related:
        shown.append(f"{paint('note', Severity.NOTE)}: {_limited(related.note)}")
        show(related.location, Severity.NOTE)
    mended = "; `rolewright validate --fix` does it" if finding.fix else ""
    shown.append(f"{paint('help', 'help')}: {_wrapped(_limited(finding.remedy) + mended)}")
    return "\n".join(shown)


def _wrapped(text: str) -> str:
    """Return a text that is longer than a line with line ends between words, where lists have their commas."""
    lines = textwrap.wrap(text, HELP_WIDTH, break_long_words=False, break_on_hyphens=False)
    return ("\n" + " " * len("help: ")).join(lines) if len(text) > HELP_WIDTH else text


def _limited(text: str) -> str:
    return printable(text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…")


def _excerpt(place: Location, lines: Sequence[str]) -> tuple[str, str] | None:
    """Return the line of a place and the marker under it, or None if the text has no such line."""
    if place.line > len(lines):
        return None
    line = lines[place.line - 1].removesuffix("\r")
    start = min(place.column - 1, len(line))
    end = len(line) if place.end_line > place.line else min(place.end_column - 1, len(line))
    # Half a window before the place and a whole one after it hold more than is shown, however long the
    # line is: a character takes no cell only if it combines with the one before it.
    first, last = max(0, start - 4 * MAX_WIDTH), min(len(line), start + 4 * MAX_WIDTH)
    cells = [(printable_character(character), _width(character)) for character in line[first:last]]
    before, after = start - first, max(end - first, start - first)
    left = before
    room = MAX_WIDTH // 3 if sum(width for _, width in cells) > MAX_WIDTH else MAX_WIDTH
    while left > 0 and cells[left - 1][1] <= room:
        left -= 1
        room -= cells[left][1]
    right, room = left, MAX_WIDTH
    while right < len(cells) and cells[right][1] <= room:
        room -= cells[right][1]
        right += 1
    opening = "…" if first + left > 0 else ""
    closing = "…" if first + right < len(line) else ""
    text = opening + "".join(shown for shown, _ in cells[left:right]) + closing
    indent = len(opening) + sum(width for _, width in cells[left:before])
    return text, " " * indent + "^" * max(1, sum(width for _, width in cells[before : min(after, right)]))


def _width(character: str) -> int:
    """Return the terminal cells that a character takes as it is shown."""
    shown = printable_character(character)
    if len(shown) > 1:
        return len(shown)
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
