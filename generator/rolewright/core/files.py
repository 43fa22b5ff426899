"""Read files that others wrote, within bounds: a read never blocks, and never fills the memory.

A pipe, a socket or a device is never opened. JSON is read as RFC 8259 defines it, and what two parsers may read
differently is refused: a duplicate key, NaN and Infinity, a lone surrogate.
"""

from __future__ import annotations

import codecs
import errno
import io
import json
import math
import os
import stat
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO, Literal

FileFault = Literal["missing", "kind", "access", "size", "content"]

MAX_BYTES = 16 * 1024 * 1024
"""The largest file that is read into memory. Parsed JSON takes up to 25 times as much memory as its text."""
MAX_DEPTH = 100
"""Levels of nested lists and mappings: the functions that walk the parsed value recurse once for each."""
MAX_DIGITS = 400
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""Byte order marks and their encodings. PowerShell writes UTF-16 when it redirects output to a file."""


class UnreadableError(ValueError):
    """A file that cannot be read. The message continues a sentence that begins with the file's name: "is a folder".

    `fault` classifies the reason: the file is missing, is of the wrong kind, cannot be accessed, is too large, or has
    invalid content.
    """

    def __init__(self, reason: str, fault: FileFault = "content") -> None:
        self.fault = fault
        super().__init__(reason)


def is_there(path: Path | str) -> bool:
    """Return whether anything has this name, even a dangling link."""
    return os.path.lexists(path)


def is_folder(path: Path | str) -> bool:
    """Return whether the path is a folder; false where that cannot be found out.

    pathlib raises for a name that is too long, and for a path that may not be read.
    """
    return os.path.isdir(path)  # noqa: PTH112 - see above


def is_file(path: Path | str) -> bool:
    """Return whether the path is a regular file; false where that cannot be found out."""
    return os.path.isfile(path)  # noqa: PTH113 - as above


def is_link(path: Path | str) -> bool:
    """Return whether a link has this name, as far as can be seen."""
    return os.path.islink(path)  # noqa: PTH114 - as above


def real(path: Path | str) -> Path:
    """Return the path with all links resolved; unlike pathlib, do not raise where links form a loop."""
    return Path(os.path.realpath(path))


class _Ready(io.FileIO):
    """A file whose reads never block: files of the kernel may have neither data nor an end."""

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as in io
        """Read into the buffer. Raises BlockingIOError where the read would block."""
        count = super().readinto(buffer)
        if count is None:
            raise BlockingIOError(errno.EAGAIN, "there is nothing to read yet")
        return count


def open_plain(path: Path | str) -> BinaryIO:
    """Open a regular file for reading. Raises UnreadableError for anything else."""
    try:
        require_plain(os.stat(path).st_mode)  # noqa: PTH116 - the path may be a string
        # The file may have become a pipe since the check: without O_NONBLOCK, opening it would wait for a writer.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        stream = io.BufferedReader(_Ready(os.open(path, flags)))
        require_plain(os.fstat(stream.fileno()).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise UnreadableError("does not exist", "missing") from None
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}", "access") from None
    except UnreadableError:
        raise
    except ValueError as error:  # the path has a NUL in it
        raise UnreadableError(f"is not a valid path: {error}", "missing") from None
    return stream


def require_plain(mode: int) -> None:
    """Raise UnreadableError unless the mode is that of a regular file."""
    if stat.S_ISDIR(mode):
        raise UnreadableError("is a folder, not a file", "kind")
    if not stat.S_ISREG(mode):
        raise UnreadableError("is a pipe, a socket or a device, not a file", "kind")


def read_bytes(path: Path | str, most: int = MAX_BYTES) -> bytes:
    """Read a regular file. Raises UnreadableError for any other, and for one with more than `most` bytes."""
    with open_plain(path) as stream:
        try:
            data = stream.read(most + 1)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror or error}", "access") from None
    if len(data) > most:
        raise UnreadableError(f"is larger than {most:,} bytes", "size")
    return data


def read_text(path: Path | str, most: int = MAX_BYTES) -> str:
    """Read a regular file as UTF-8, or as UTF-16 if a byte order mark says so. Raises UnreadableError."""
    data = read_bytes(path, most)
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise UnreadableError(f"is not text: byte {error.start + 1} is not valid {name}") from None


def read_json(path: Path | str, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Read a regular file of JSON. Raises UnreadableError.

    With `names`, strings may hold lone surrogates, which Python uses for file names that are not valid Unicode.
    """
    return parse_json(read_text(path), names=names)


def parse_json(text: str, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON, `names` as in `read_json`. Raises UnreadableError, which says what is wrong and where."""
    try:
        value = DECODER.decode(text)
    except UnreadableError:
        raise
    except RecursionError:
        raise UnreadableError(_TOO_DEEP) from None
    except ValueError as error:
        raise UnreadableError(f"is not valid JSON: {error}") from None
    _require_bounds(value, whole="\\u" in text and not names)
    return value


_TOO_DEEP = f"is JSON that cannot be read: it is nested more than {MAX_DEPTH} levels deep"


def _require_bounds(value: Any, *, whole: bool) -> None:  # noqa: ANN401 - JSON
    """Raise UnreadableError if the value is nested too deeply or, with `whole`, if a string has a lone surrogate.

    It does not recurse, because it does not know how deep its caller's stack is.
    """
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for value_inside in level:
            if isinstance(value_inside, dict):
                inner += value_inside.values()
                if whole:
                    inner += value_inside
            elif isinstance(value_inside, list):
                inner += value_inside
            elif whole and isinstance(value_inside, str) and not _is_whole(value_inside):
                raise UnreadableError(
                    "is JSON that cannot be read: a string has half of a character (a lone surrogate)"
                )
        if not inner:
            return
        level = inner
    raise UnreadableError(_TOO_DEEP)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        repeated = Counter(name for name, _ in pairs).most_common(1)[0][0]
        shown = json.dumps(repeated[:100])
        raise UnreadableError(f"is JSON that cannot be read: the key {shown} occurs twice in one object")
    return value


def _constant(name: str) -> float:
    raise UnreadableError(f"is not valid JSON: {name} is not a number there")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise UnreadableError(f"is JSON that cannot be read: a number has {len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise UnreadableError(f"is JSON that cannot be read: the number {digits[:40]} is too large")
    return value


DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_whole, parse_float=_real)
"""Raises UnreadableError for what RFC 8259 forbids, and another ValueError for a syntax error or an early end."""
