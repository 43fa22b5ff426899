"""Folders and files → findings. Links are not followed, and `.git` is left to the history."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rolewright.audit.containers import not_read
from rolewright.audit.text import audit_text
from rolewright.bounded import is_folder
from rolewright.finding import Finding, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 16 * 1024 * 1024
"""Bytes that are looked at together; a larger file is read in several such blocks, which overlap."""
_BESIDE = 2_048
"""Bytes before and after a key that are seen with it, also where a block ends."""


def files_in(path: Path) -> Iterator[str]:
    """A file itself, or every plain file below a folder, sorted."""
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


def audit_file(file: str) -> list[Finding]:
    """What is found in a file. One that cannot be read is a finding."""
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):  # noqa: PTH116 - as below
            return [_unreadable(file, "is no plain file")]
        with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - ten thousand files, and pathlib takes its time
            return audit_stream(opened, file, file)
    except OSError as error:
        return [_unreadable(file, f"cannot be read: {error.strerror}")]


def _unreadable(file: str, message: str) -> Finding:
    return Finding("unreadable", message, "run where it can be read", Location(file), severity=Severity.WARNING)


def audit_stream(stream: BinaryIO, file: str, name: str) -> list[Finding]:
    """The same for a stream, of which no more than two blocks are in memory."""
    block = stream.read(BLOCK)
    following = stream.read(BLOCK) if len(block) == BLOCK else b""
    found = not_read(block, file)
    if not following:
        return [*found, *audit_text(block, file, name)]
    lines, data, start = 0, block, 0
    while True:
        end = len(data) - _BESIDE if following else len(data)
        for one in audit_text(data, file, name, range(start, end)):
            place = one.location
            moved = replace(place, line=place.line + lines, end_line=place.end_line + lines)
            found.append(replace(one, location=moved))
        if not following:
            return found
        kept, start = data[-2 * _BESIDE :], _BESIDE
        lines += data.count(b"\n", 0, len(data) - len(kept))
        data = kept + following
        following = stream.read(BLOCK)
