"""The history of a repository of git → keys that some commit of any branch added."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.audit.finding import closed_finding
from rolewright.audit.keys import ENCODED, find_keys
from rolewright.audit.text import is_allowed, key_finding
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.core.git import GitFailedError, GitMissingError, output
from rolewright.data.access_keys import ID

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PATTERN = "|".join((ID, *(re.escape(mark.decode()) for mark in ENCODED)))
_COMMIT = b"\1commit "
_HUNK = re.compile(rb"@@ -\S+ \+(\d+)")
_ALONE = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "", "GIT_NO_REPLACE_OBJECTS": "1"}
"""What a partial clone lacks is not fetched: that would use the network, and run what the repository's settings name.
What a commit is said to be replaced by hides nothing of it.
"""
_MOST = 4 * 1024 * 1024
"""Bytes of added lines that are looked at together."""


def audit_history(folder: Path) -> list[Finding]:
    """Find every key that a commit added below a folder, once for each file, with the first commit that has it.

    A key stays readable in the history when it is taken out later. Raises Rejected where there is no repository.
    """
    arguments = (
        "-c", "core.quotePath=off", "-c", "log.showSignature=false", "-c", "log.showRoot=true",
        "log", "--all", "--reverse", "--patch",
        "--unified=0", "--text", "--no-textconv", "--no-ext-diff", "--no-renames", "--no-color", "--full-history",
        "--diff-merges=first-parent", "--submodule=short", "--inter-hunk-context=0",
        "--relative",
        "--src-prefix=a/", "--dst-prefix=b/", "--format=%x01commit %H", f"-G{_PATTERN}", "--", ".",
    )  # fmt: skip
    found: dict[tuple[str, str, str], Finding] = {}
    try:
        with output(folder, *arguments, variables=_ALONE) as stream:
            for commit, name, line, text in _added(stream):
                for key in find_keys(text):
                    if is_allowed(text, key.start):
                        continue
                    at = line + text.count(b"\n", 0, key.start)
                    column = key.start - text.rfind(b"\n", 0, key.start)
                    place = Location(str(folder / name), at, column, at, column + key.end - key.start)
                    finding = key_finding(key, place, f", added by commit {commit[:12]}")
                    found.setdefault((name, key.id, key.secret), finding)
    except GitMissingError:
        raise _refused("git is not on the PATH", folder) from None
    except GitFailedError as error:
        fatal = (line for line in error.lines if line.startswith("fatal:"))
        raise _refused(next(fatal, "git log failed"), folder) from None
    return list(found.values())


def _added(stream: Iterator[bytes]) -> Iterator[tuple[str, str, int, bytes]]:
    """Yield the lines that each hunk adds: commit, file, number of the first line, text."""
    commit = name = ""
    lines: list[bytes] = []
    first = size = 0
    heading = True  # up to a file's first hunk; what begins with `+++` there is its name
    for raw in stream:
        added = raw.startswith(b"+") and not heading
        if lines and (not added or size > _MOST):
            yield commit, name, first, b"".join(lines)
            first, lines, size = first + len(lines), [], 0
        if added:
            lines.append(raw[1:])
            size += len(raw)
        elif raw.startswith(_COMMIT):
            commit = raw[len(_COMMIT) :].strip().decode()
        elif raw.startswith(b"diff --git "):
            heading = True
        elif heading and raw.startswith(b"+++ "):
            name = _name(raw[4:].rstrip(b"\n\t"))
        elif match := _HUNK.match(raw):
            first, heading = int(match[1]), False
    if lines:
        yield commit, name, first, b"".join(lines)


def _name(written: bytes) -> str:
    """Return a file's name; git quotes one with a quote, a backslash or a control character as C does."""
    if written.startswith(b'"'):
        written = written[1:-1].decode("unicode_escape").encode("latin-1")
    return written.removeprefix(b"b/").decode("utf-8", "surrogateescape")


def _refused(message: str, folder: Path) -> Rejected:
    remedy = "give a folder inside a git repository, or leave out --git-history"
    return Rejected([closed_finding("git-history", message, remedy, Location(str(folder)))])
