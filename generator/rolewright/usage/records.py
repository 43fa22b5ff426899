"""CloudTrail's files → records, one after the other: as in S3, from `lookup-events`, as lines; gzip or not."""

from __future__ import annotations

import codecs
import os
import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from rolewright.bounded import DECODER, UnreadableError, open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BLOCK = 1 << 20
_FULLEST = 100
"""How often a gzip file may hold its own size; CloudTrail's hold it ten to thirty times."""
_ALWAYS = 32 * 1024 * 1024
"""Bytes that any gzip file may hold."""
_MOST_FOREIGN = 10_000
"""Values that are no records, and more than those that are, after which a file is none of CloudTrail's."""
_LONGEST = 16 * 1024 * 1024
"""Characters that one record may take; CloudTrail's own limit is 256 kB (1 MB with an extended one)."""
_SPACE = re.compile(r"[ \t\r\n,]*")
_START = re.compile(r"[ \t\r\n\ufeff]*")


@dataclass
class Reading:
    """What was read: how many records, how many objects that are none, and what could not be read, and why."""

    records: int = 0
    foreign: int = 0
    broken: dict[str, str] = field(default_factory=dict)


def records(paths: list[Path], reading: Reading) -> Iterator[dict[str, Any]]:
    """Every record of the files, and of all files below folders. Memory holds one record and a block of its file.

    A broken or truncated file gives what comes before the break, and is named in `reading`.
    """
    for path in paths:
        files = sorted(file for file in path.rglob("*") if not file.is_dir()) if path.is_dir() else [path]
        for file in files:
            try:
                with open_plain(file) as opened:
                    yield from _file(opened, reading)
            except (OSError, EOFError, zlib.error) as error:
                reading.broken[str(file)] = str(error) or "ends too early"
            except ValueError as error:
                reading.broken[str(file)] = str(error)


def _file(opened: BinaryIO, reading: Reading) -> Iterator[dict[str, Any]]:
    head = opened.read(2)
    opened.seek(0)
    before = reading.records, reading.foreign
    for value in _values(_inflated(opened) if head == b"\x1f\x8b" else iter(lambda: opened.read(_BLOCK), b"")):
        yield from _records(value, reading)
        others = reading.foreign - before[1]
        if others > _MOST_FOREIGN and others > reading.records - before[0]:
            raise UnreadableError(f"has {others:,} values that are no records of CloudTrail")


def _inflated(opened: BinaryIO) -> Iterator[bytes]:
    """What a gzip file holds, up to the place where it is broken: what came before is given, then EOFError raised.

    Raises UnreadableError where it holds far more than files of records do, which is made to keep a reader busy.
    """
    inflate = zlib.decompressobj(wbits=31)
    left = max(_ALWAYS, _FULLEST * os.fstat(opened.fileno()).st_size)
    while data := opened.read(_BLOCK):
        while data:
            part = inflate.decompress(data, _BLOCK)
            left -= len(part)
            if left < 0:
                raise UnreadableError(f"holds more than {_FULLEST} times its size, as no file of records does")
            yield part
            data = inflate.unconsumed_tail
            if inflate.eof and inflate.unused_data.strip(b"\0"):
                data, inflate = inflate.unused_data, zlib.decompressobj(wbits=31)
    if not inflate.eof:
        raise EOFError("ends too early")


def _records(value: Any, reading: Reading) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """The records in a value: it is one, or wraps one as text, or several."""
    if isinstance(value, dict) and isinstance(value.get("CloudTrailEvent"), str):
        try:
            value = DECODER.decode(value["CloudTrailEvent"])
        except (ValueError, RecursionError):
            value = None
    if (
        isinstance(value, dict)
        and isinstance(value.get("eventSource"), str)
        and isinstance(value.get("eventName"), str)
    ):
        reading.records += 1
        yield value
    else:
        reading.foreign += 1


def _values(blocks: Iterator[bytes]) -> Iterator[Any]:
    """The objects of `{"Records": […]}`, `{"Events": […]}` or lists, or one object after the other."""
    text = _Text(blocks)
    text.skip(_START)
    while text.skip(_SPACE):
        wrapped = text.starts('{"Records"') or text.starts('{"Events"')
        if not wrapped and not text.starts("["):
            yield text.value()
            continue
        text.past("[")
        while text.skip(_SPACE) and not text.starts("]"):
            yield text.value()
        text.past("]")
        while wrapped and text.skip(_SPACE) and not text.starts("}"):  # what stands beside the records
            text.value()
            text.past(":")
            text.value()
        if wrapped:
            text.past("}")


class _Text:
    """A stream of JSON of which no more than a value and a block are in memory."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._at = 0

    def _more(self) -> bool:
        block = next(self._blocks, b"")
        self._rest = self._rest[self._at :] + self._decode(block, final=not block)
        self._at = 0
        return bool(block)

    def skip(self, characters: re.Pattern[str]) -> bool:
        """Go past some characters; whether anything is left."""
        while True:
            match = characters.match(self._rest, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._rest):
                return True
            if not self._more():
                return False

    def starts(self, text: str) -> bool:
        """Whether what is left begins so, white space in it aside."""
        while len(self._rest) - self._at < 64 and self._more():
            pass
        return "".join(self._rest[self._at : self._at + 64].split()).startswith(text)

    def past(self, character: str) -> None:
        """Go past a character that has to come next but for an opening. Raises ValueError where it does not."""
        self.skip(_SPACE)
        at = self._rest.find(character, self._at)
        if at < 0:
            raise ValueError("ends within a list of records")
        self._at = at + 1

    def value(self) -> Any:  # noqa: ANN401 - JSON
        """The next value. Raises ValueError for what is none, and for what ends within it."""
        while True:
            self.skip(_SPACE)
            try:
                value, self._at = DECODER.raw_decode(self._rest, self._at)
            except UnreadableError:
                raise
            except ValueError:
                if len(self._rest) - self._at > _LONGEST:
                    raise ValueError("has something that is no record of CloudTrail") from None
                if not self._more():
                    raise ValueError("ends within a record" if self._rest else "ends too early") from None
            except RecursionError:
                raise ValueError("has something that is no record of CloudTrail") from None
            else:
                return value
