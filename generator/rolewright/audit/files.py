"""Folders and files → findings. Links are not followed, and `.git` is left to the history."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rolewright.audit.containers import NOT_READ, not_read
from rolewright.audit.finding import closed_finding
from rolewright.audit.text import audit_text
from rolewright.core.files import UnreadableError, is_folder, is_there, read_text
from rolewright.core.finding import Finding, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BLOCK = 16 * 1024 * 1024
"""Bytes that are looked at together; a larger file is read in several such blocks, which overlap."""
_BESIDE = 2_048
"""Bytes before and after a key that are seen with it, also where a block ends."""
_SUBMODULE = re.compile(r"^[ \t]*path[ \t]*=([^\n]*)", re.MULTILINE)


def files_in(path: Path) -> Iterator[str]:
    """Yield a file itself, or every plain file below a folder, sorted."""
    if not is_folder(path):
        yield str(path)
        return
    start = "" if path == Path() else f"{path}{os.sep}"
    here = len(str(path)) + 1
    waiting = [str(path)]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            yield folder  # reading it says what is wrong
            continue
        inner = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False) and entry.name != ".git"]
        waiting += reversed(inner)
        yield from (start + entry.path[here:] for entry in entries if entry.is_file(follow_symlinks=False))


def left_out(paths: Iterable[Path], *, git_history: bool) -> Iterator[Finding]:
    """Find what was not looked at in folders: links out of them, missing submodules, and folders without files.

    A link to something in one of the folders hides nothing. With `git_history` a repository is more than its files.
    """
    folders = [path for path in dict.fromkeys(paths) if is_folder(path)]
    roots = [os.path.realpath(path) for path in folders]
    for folder in folders:
        has_files = git_history and is_there(folder / ".git")
        waiting = [str(folder)]
        while waiting:
            inner = waiting.pop()
            try:
                entries = sorted(os.scandir(inner), key=lambda entry: entry.name)
            except OSError:
                has_files = True  # looking at it said what is wrong
                continue
            for item in entries:
                if item.is_symlink():
                    yield from _link(item.path, roots)
                elif item.is_dir(follow_symlinks=False) and item.name != ".git":
                    waiting.append(item.path)
                elif item.is_file(follow_symlinks=False):
                    has_files = True
                    if item.name == ".gitmodules":
                        yield from _submodules(inner, item.path)
        if not has_files:
            message, remedy = "contains no files, so nothing was searched", "name the folder that the files are in"
            yield closed_finding("nothing-read", message, remedy, Location(str(folder)), severity=Severity.WARNING)


def _link(link: str, roots: list[str]) -> Iterator[Finding]:
    target = os.path.realpath(link)
    if os.path.exists(target) and not any(f"{target}{os.sep}".startswith(f"{root}{os.sep}") for root in roots):  # noqa: PTH110 - as above
        message = "is a link to a place outside the given folders; links are not followed, so it was not read"
        yield closed_finding(
            NOT_READ, message, "also give the path that it points to", Location(link), severity=Severity.NOTE
        )


def _submodules(folder: str, listed: str) -> Iterator[Finding]:
    try:
        text = read_text(listed)
    except UnreadableError:
        return
    for match in _SUBMODULE.finditer(text):
        path = os.path.normpath(os.path.join(folder, match[1].strip()))  # noqa: PTH118 - as above
        try:
            is_there = any(entry.name != ".git" for entry in os.scandir(path))
        except OSError:
            is_there = False
        if not is_there:
            message = "is a git submodule that is not checked out, so it was not read"
            remedy = "run `git submodule update --init`"
            yield closed_finding(NOT_READ, message, remedy, Location(path), severity=Severity.NOTE)


def audit_file(file: str) -> list[Finding]:
    """Audit a file. One that cannot be read is a finding."""
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116 - as below
            return [_unreadable(file, "is not a regular file")]
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - ten thousand files, and pathlib takes its time
            return audit_stream(opened, file, file)
    except OSError as error:
        return [_unreadable(file, f"cannot be read: {error.strerror}")]


def _unreadable(file: str, message: str) -> Finding:
    return closed_finding(
        "unreadable", message, "run rolewright as a user who can read it", Location(file), severity=Severity.WARNING
    )


def audit_stream(stream: BinaryIO, file: str, name: str) -> list[Finding]:
    """Audit a stream, of which no more than two blocks are in memory."""
    block = stream.read(BLOCK)
    following = stream.read(BLOCK) if len(block) == BLOCK else b""
    found = not_read(block, file)
    if not following:
        return [*found, *audit_text(block, file, name)]
    lines, data, start = 0, block, 0
    while True:
        end = len(data) - _BESIDE if following else len(data)
        for finding in audit_text(data, file, name, range(start, end)):
            place = finding.location
            moved = replace(place, line=place.line + lines, end_line=place.end_line + lines)
            found.append(replace(finding, location=moved))
        if not following:
            return found
        kept, start = data[-2 * _BESIDE :], _BESIDE
        lines += data.count(b"\n", 0, len(data) - len(kept))
        data = kept + following
        following = stream.read(BLOCK)
