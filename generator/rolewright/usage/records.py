"""CloudTrail's files → records, one after the other, each once: as in S3, as services print them; gzip or not."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rolewright.core.files import DECODER, UnreadableError, is_folder, open_plain
from rolewright.usage.formats import foreign_format, foreign_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.usage.formats import ForeignFormat

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
_LISTS = ("Records", "Events", "events", "results", "logEvents")
"""Under which records stand: in S3, of `lookup-events`, of CloudWatch Logs, its Insights, and its subscriptions."""
_TEXTS = ("CloudTrailEvent", "message", "@message", "detail", "eventJson", "result", "_raw")
"""In which one record stands, as text or as an object: the same, EventBridge's event, Lake's, and Splunk's result."""
_MORE = ("NextToken", "nextToken")
_STAMP = re.compile(r"(?:\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|\+00:00)?(?:[ \t]{1,8}[^\s{]{1,512})?[ \t]{1,8}(?=\{))?")
"""What CloudWatch Logs puts before each event that it exports, and `aws logs tail` with the stream's name."""
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DEEP = 6


@dataclass
class Reading:
    """The result of reading: records, how many came again, objects that are none, and the files by what they are.

    `files` have records or an empty list of them. `broken` could not be read to the end, and says why; `unread` have
    none, and says what they are. `idle` is how many have none and need not. `missed` may hold more records.
    """

    records: int = 0
    repeated: int = 0
    foreign: int = 0
    files: int = 0
    idle: int = 0
    broken: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    missed: set[str] = field(default_factory=set)
    seen: set[bytes] = field(default_factory=set, repr=False)
    """Digests of the events' ids; each takes some 60 bytes."""

    @property
    def is_trail(self) -> bool:
        """Return whether any file is a trail, even one without a record or one that ends too early."""
        return bool(self.files or self.broken)


def records(paths: list[Path], reading: Reading) -> Iterator[dict[str, Any]]:
    """Yield every record of the files, and of all files below folders. Memory holds one record and a block of its file.

    A broken or truncated file gives what comes before the break, and is named in `reading`.
    """
    for path in paths:
        for file in _below(path, reading) if is_folder(path) else [path]:
            read = _File()
            try:
                with open_plain(file) as opened:
                    yield from _file(opened, read, reading)
            except UnreadableError as error:
                read.broken = str(error)
            except (OSError, EOFError, zlib.error) as error:
                read.broken = str(error) or "ends too early"
            except ValueError as error:
                read.broken = str(error) if read.records or read.wrapped else "is not JSON"
            _sort(str(file), read, reading)


def _below(folder: Path, reading: Reading) -> Iterator[Path]:
    """Yield every file in a folder and below it; a folder that cannot be listed is named in `reading`."""

    def tell(error: OSError) -> None:
        reading.broken[str(error.filename)] = error.strerror or "cannot be read"
        reading.missed.add(str(error.filename))

    for here, folders, names in os.walk(folder, onerror=tell):
        folders.sort()
        yield from (Path(here, name) for name in sorted(names))


@dataclass
class _File:
    """One file: how many records, what its first other object is, where it broke, and whether it is one of several."""

    records: int = 0
    objects: int = 0
    wrapped: bool = False
    goes_on: bool = False
    kind: ForeignFormat | None = None
    broken: str = ""
    empty: bool = False


def _sort(file: str, read: _File, reading: Reading) -> None:
    """Enter a file into `reading`, by what became of it."""
    if not read.records and read.kind is not None:
        if read.kind.idle:
            reading.idle += 1
        else:
            reading.unread[file] = read.kind.description
            reading.missed |= {file} if read.kind.holds else set()
    elif read.broken and (read.records or read.wrapped):
        reading.broken[file] = read.broken
        reading.missed.add(file)
    elif read.goes_on:
        reading.broken[file] = "is one page of several, because it has a NextToken"
        reading.missed.add(file)
    elif read.records or (read.wrapped and not read.objects):
        reading.files += 1
    else:
        why = read.broken or ("has other objects" if read.objects else "is empty")
        reading.unread[file] = f"contains no CloudTrail records: it {why}"
        reading.missed |= set() if read.empty else {file}


def _file(opened: BinaryIO, read: _File, reading: Reading) -> Iterator[dict[str, Any]]:
    head = opened.read(2)
    opened.seek(0)
    blocks = _inflated(opened) if head == b"\x1f\x8b" else iter(lambda: opened.read(_BLOCK), b"")
    first = next(blocks, b"")
    read.empty = not first.strip()
    read.kind = foreign_format(first[:4096].decode("utf-8", "replace"))
    if read.kind is not None:
        return

    def again() -> Iterator[bytes]:
        yield first
        yield from blocks

    before = reading.foreign
    for value in _values(again(), read):
        yield from _records(value, read, reading)
        others = reading.foreign - before
        if others > _MOST_FOREIGN and others > read.records:
            raise UnreadableError(f"has {others:,} values that are not CloudTrail records")


def _inflated(opened: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a gzip file, up to the place where it is broken, and then raise EOFError.

    Raises UnreadableError where it holds far more than files of records do, which is made to keep a reader busy.
    """
    inflate = zlib.decompressobj(wbits=31)
    left = max(_ALWAYS, _FULLEST * os.fstat(opened.fileno()).st_size)
    while data := opened.read(_BLOCK):
        while data:
            part = inflate.decompress(data, _BLOCK)
            left -= len(part)
            if left < 0:
                raise UnreadableError(f"unpacks to more than {_FULLEST} times its size, which no CloudTrail file does")
            yield part
            data = inflate.unconsumed_tail
            if inflate.eof and inflate.unused_data.strip(b"\0"):
                data, inflate = inflate.unused_data, zlib.decompressobj(wbits=31)
    if not inflate.eof:
        raise EOFError("ends too early")


def _records(value: Any, read: _File, reading: Reading) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - JSON
    """Yield the records in a value that did not come before; it is one, or wraps one as text, or several."""
    for found in _unwrapped(value, read, 0):
        if found is None:
            reading.foreign += 1
            continue
        read.records += 1
        if isinstance(found.get("eventID"), str):
            digest = hashlib.blake2b(found["eventID"].encode("utf-8", "replace"), digest_size=8).digest()
            if digest in reading.seen:
                reading.repeated += 1
                continue
            reading.seen.add(digest)
        reading.records += 1
        yield found


def _unwrapped(value: Any, read: _File, depth: int) -> Iterator[dict[str, Any] | None]:  # noqa: ANN401 - JSON
    """Yield the records in a value; None for each thing that is none."""
    if isinstance(value, list) and depth < _DEEP:
        cells = _cells(value)
        for inner in [cells] if cells else value:
            yield from _unwrapped(inner, read, depth + 1)
        return
    if not isinstance(value, dict) or depth >= _DEEP:
        read.objects += 1
        yield None
        return
    if isinstance(value.get("eventSource"), str) and isinstance(value.get("eventName"), str):
        yield None if _is_insight(value) else value
        return
    for name in _LISTS:
        if isinstance(value.get(name), list):
            read.wrapped = True
            read.goes_on = read.goes_on or any(value.get(token) for token in _MORE)
            yield from _unwrapped(value[name], read, depth + 1) if value[name] else ()
            return
    for name in _TEXTS:
        inner = _parsed(value.get(name))
        if isinstance(inner, dict):
            yield from _unwrapped(inner, read, depth + 1)
            read.kind = read.kind or foreign_object(value)
            return
    read.objects += 1
    read.kind = read.kind or foreign_object(value)
    yield None


def _cells(row: list[Any]) -> dict[Any, Any]:
    """Return the fields of a row of a result of CloudWatch Logs Insights; nothing for any other list."""
    return {cell.get("field"): cell.get("value") for cell in row if isinstance(cell, dict) and "field" in cell}


def _is_insight(value: dict[str, Any]) -> bool:
    """Return whether a record says how often something was called, and is not a call."""
    return value.get("eventCategory") == "Insight" or value.get("eventType") == "AwsCloudTrailInsight"


def _parsed(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return DECODER.decode(value)
    except (ValueError, RecursionError):
        return None


def _values(blocks: Iterator[bytes], read: _File) -> Iterator[Any]:
    """Yield the objects of `{"Records": […]}` and the like or of lists, or one object after the other."""
    text = _Text(blocks)
    text.skip(_START)
    while text.skip(_SPACE):
        text.skip_stamp()
        wrapped = any(text.starts(f'{{"{name}":[') for name in _LISTS)
        if not wrapped and not text.starts("["):
            yield text.value()
            continue
        read.wrapped = True
        text.past("[")
        while text.skip(_SPACE) and not text.starts("]"):
            yield text.value()
        text.past("]")
        while wrapped and text.skip(_SPACE) and not text.starts("}"):  # what stands beside the records
            name = text.value()
            text.past(":")
            read.goes_on = bool(text.value() and name in _MORE) or read.goes_on
        if wrapped:
            text.past("}")


class _Text:
    """A stream of JSON of which no more than a value and a block are in memory."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""
        self._at = 0
        self._begun = False

    def _more(self) -> bool:
        block = next(self._blocks, b"")
        if not self._begun and block.startswith(_WIDE):  # as PowerShell writes what a command prints
            self._decode = codecs.getincrementaldecoder("utf-16")("replace").decode
        self._begun = True
        self._rest = self._rest[self._at :] + self._decode(block, final=not block)
        self._at = 0
        return bool(block)

    def skip(self, characters: re.Pattern[str]) -> bool:
        """Skip some characters, and return whether anything is left."""
        while True:
            match = characters.match(self._rest, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._rest):
                return True
            if not self._more():
                return False

    def skip_stamp(self) -> None:
        """Skip what stands before an event in a log."""
        if self._rest[self._at].isdigit():
            self._have(600)
            self.skip(_STAMP)

    def _have(self, characters: int) -> None:
        """Read on until so many characters are left, or all are read."""
        while len(self._rest) - self._at < characters and self._more():
            pass

    def starts(self, text: str) -> bool:
        """Return whether what is left begins so, white space in it aside."""
        self._have(64)
        return "".join(self._rest[self._at : self._at + 64].split()).startswith(text)

    def past(self, character: str) -> None:
        """Skip to the place after a character. Raises ValueError where it does not come."""
        self.skip(_SPACE)
        at = self._rest.find(character, self._at)
        if at < 0:
            raise ValueError("ends within a list of records")
        self._at = at + 1

    def value(self) -> Any:  # noqa: ANN401 - JSON
        """Read the next value. Raises ValueError for what is none, and for what ends within it."""
        while True:
            self.skip(_SPACE)
            try:
                value, self._at = DECODER.raw_decode(self._rest, self._at)
            except UnreadableError:
                raise
            except ValueError:
                if len(self._rest) - self._at > _LONGEST:
                    raise ValueError("has something that is not a CloudTrail record") from None
                if not self._more():
                    raise ValueError("ends within a record" if self._rest else "ends too early") from None
            except RecursionError:
                raise ValueError("has something that is not a CloudTrail record") from None
            else:
                return value
