"""Files that others wrote, read within bounds: nothing is waited for, and no content is more than memory holds.

A pipe, a socket or a device is never opened. JSON is read as RFC 8259 has it, without what two readers would take for
two things: a key that stands twice, a number that is none, half a character.
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

Fault = Literal["missing", "kind", "access", "size", "content"]

MAX_BYTES = 16 * 1024 * 1024
"""What is read of a file at once. JSON takes up to 25 times as much memory as its text."""
MAX_DEPTH = 100
"""Lists and mappings in each other; the functions that look through what was read call themselves for each."""
MAX_DIGITS = 400
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""PowerShell writes UTF-16 where a program's output goes to a file."""


class UnreadableError(ValueError):
    """A file that cannot be read; the text says why, as what follows its name: "is a folder".

    `fault` tells what is at fault: whether it is there, what kind of thing it is, access, its size or its content.
    """

    def __init__(self, said: str, fault: Fault = "content") -> None:
        self.fault = fault
        super().__init__(said)


def is_there(path: Path | str) -> bool:
    """Whether anything has this name, be it a link to nothing."""
    return os.path.lexists(path)


def is_folder(path: Path | str) -> bool:
    """Whether a folder is there, as far as can be seen.

    pathlib raises for a name that is too long, and where it may not look.
    """
    return os.path.isdir(path)  # noqa: PTH112 - see above


def is_file(path: Path | str) -> bool:
    """Whether a plain file is there, as far as can be seen."""
    return os.path.isfile(path)  # noqa: PTH113 - as above


def real(path: Path | str) -> Path:
    """A path without links, also where these lead in a circle, for which pathlib raises."""
    return Path(os.path.realpath(path))


class _Ready(io.FileIO):
    """A file of which something can be read, or its end: the kernel's own may have neither."""

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - as in io
        """Raises BlockingIOError where it would be waited for."""
        count = super().readinto(buffer)
        if count is None:
            raise BlockingIOError(errno.EAGAIN, "there is nothing in it to read")
        return count


def open_plain(path: Path | str) -> BinaryIO:
    """Open a plain file to read. Raises UnreadableError for anything else."""
    try:
        require_plain(os.stat(path).st_mode)  # noqa: PTH116 - a path may be a text here
        # Should the file have become a pipe since: without O_NONBLOCK the open would wait for a writer.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        stream = io.BufferedReader(_Ready(os.open(path, flags)))
        require_plain(os.fstat(stream.fileno()).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise UnreadableError("does not exist", "missing") from None
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}", "access") from None
    except UnreadableError:
        raise
    except ValueError as error:  # a NUL in it
        raise UnreadableError(f"is no path: {error}", "missing") from None
    return stream


def require_plain(mode: int) -> None:
    """Raise UnreadableError unless the mode is that of a plain file."""
    if stat.S_ISDIR(mode):
        raise UnreadableError("is a folder, and not a file", "kind")
    if not stat.S_ISREG(mode):
        raise UnreadableError("is a pipe, a socket or a device, and not a file", "kind")


def read_bytes(path: Path | str, most: int = MAX_BYTES) -> bytes:
    """Read a plain file. Raises UnreadableError for any other, and for one with more than `most` bytes."""
    with open_plain(path) as stream:
        try:
            data = stream.read(most + 1)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror or error}", "access") from None
    if len(data) > most:
        raise UnreadableError(f"is larger than {most:,} bytes", "size")
    return data


def read_text(path: Path | str, most: int = MAX_BYTES) -> str:
    """Read a plain file of UTF-8, or of UTF-16 that a mark tells. Raises UnreadableError."""
    data = read_bytes(path, most)
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise UnreadableError(f"is no text: byte {error.start + 1} is not valid {name}") from None


def read_json(path: Path | str, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Read a plain file of JSON. Raises UnreadableError.

    With `names` it may have halves of characters, as which Python keeps the names of files that are no Unicode.
    """
    return parse_json(read_text(path), names=names)


def parse_json(text: str, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Read JSON, `names` as for a file. Raises UnreadableError, with what is wrong and where."""
    try:
        value = DECODER.decode(text)
    except UnreadableError:
        raise
    except RecursionError:
        raise UnreadableError(_TOO_DEEP) from None
    except ValueError as error:
        raise UnreadableError(f"is no JSON: {error}") from None
    _require_bounds(value, whole="\\u" in text and not names)
    return value


_TOO_DEEP = f"is no JSON that can be read: it is nested more than {MAX_DEPTH} levels deep"


def _require_bounds(value: Any, *, whole: bool) -> None:  # noqa: ANN401 - JSON
    """Raise UnreadableError for what is nested too deeply and, where texts have to be whole, half a character.

    It goes without recursion: how deep the stack of its caller is is not known.
    """
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
                if whole:
                    inner += one
            elif isinstance(one, list):
                inner += one
            elif whole and isinstance(one, str) and not _is_whole(one):
                raise UnreadableError("is no JSON that can be read: it has half of a character (a lone surrogate)")
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
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        shown = json.dumps(twice[:100])
        raise UnreadableError(f"is no JSON that can be read: the key {shown} stands twice in one object")
    return found


def _constant(name: str) -> float:
    raise UnreadableError(f"is no JSON: {name} is no number")


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise UnreadableError(f"is no JSON that can be read: a number has {len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise UnreadableError(f"is no JSON that can be read: the number {digits[:40]} is too large")
    return value


DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_int=_whole, parse_float=_real)
"""Raises UnreadableError for what JSON has not, and any other ValueError where the text is none or ends too early."""
