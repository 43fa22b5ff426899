"""An image as `docker save` or OCI writes it → findings: layers, what a later one deletes, the configuration."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, cast

from rolewright.audit.files import audit_stream
from rolewright.audit.finding import closed_finding
from rolewright.core.files import open_plain
from rolewright.core.finding import Finding, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_COMPRESSED: dict[bytes, Callable[[BinaryIO], object]] = {_GZIP: lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File, b"\xfd7zXZ\x00": lzma.LZMAFile}  # fmt: skip
_MAGIC = slice(257, 262)
_FULLEST = 100
"""How often an image may hold its own size, all that is compressed in it unpacked."""
_ALWAYS = 64 * 1024 * 1024
"""Bytes that any image may hold."""
_BROKEN = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, OverflowError)


def audit_image(path: Path) -> list[Finding]:
    """Audit an archive of an image. It is read as a stream: memory does not grow with it.

    Raises no error for a broken archive: that is a finding.
    """
    found: list[tuple[str, str, Finding]] = []
    deleted: set[str] = set()
    others: list[Finding] = []
    listed = False
    try:
        with open_plain(path) as file, _tar(file, budget := _Budget(path)) as archive:
            for member in archive:
                _forget(archive)
                listed |= member.name in ("manifest.json", "index.json")
                opened = archive.extractfile(member) if member.isfile() else None
                if opened is None:
                    continue
                head = opened.read(512)
                stream = cast("BinaryIO", io.BufferedReader(_Joined(head, cast("BinaryIO", opened)), 1 << 20))
                name = PurePosixPath(member.name).name
                if head[_MAGIC] == b"ustar" or head.startswith(_GZIP):
                    found += _layer(stream, f"{path}:{_digest(member.name)}", deleted, budget)
                elif head.startswith(_ZSTD):
                    layer = _digest(member.name)
                    message = f"the layer {layer} is compressed with zstd, and was not read"
                    others.append(_unread(message, "save the image with gzip or uncompressed", path, layer))
                else:
                    others += audit_stream(stream, f"{path}:{name}", f"{name}.json")
        if not listed:
            others.append(
                _unread("is not a complete container image: it has no manifest", "write it with docker save", path)
            )
    except _BROKEN as error:
        others.append(_unread(f"cannot be read to its end: {error}", "write it again with docker save", path))
    gone = [
        replace(finding, message=f"{finding.message}; a later layer deletes the file, but the image still contains it")
        if _is_deleted(name, deleted)
        else finding
        for _, name, finding in found
    ]
    return list(dict.fromkeys([*others, *gone]))


def _forget(archive: tarfile.TarFile) -> None:
    """Drop the headers that were read; without this all of them are kept."""
    archive.members = []  # type: ignore[attr-defined]


def _tar(stream: BinaryIO, budget: _Budget) -> tarfile.TarFile:
    """Open an archive, compressed or not, to be read from front to back."""
    head = stream.read(8)
    whole = cast("BinaryIO", io.BufferedReader(_Joined(head, stream), 1 << 20))
    unpack = next((opener for mark, opener in _COMPRESSED.items() if head.startswith(mark)), None)
    counted = _Counted(whole if unpack is None else cast("BinaryIO", unpack(whole)), budget)
    return tarfile.open(fileobj=cast("BinaryIO", counted), mode="r|")


class _Budget:
    """The bytes that may still be unpacked of an image."""

    def __init__(self, path: Path) -> None:
        self.left = max(_ALWAYS, _FULLEST * path.stat().st_size)


class _Counted:
    """A stream that ends with an error once the budget is used up."""

    def __init__(self, stream: BinaryIO, budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._budget.left -= len(data)
        if self._budget.left < 0:
            raise OSError(f"it holds more than {_FULLEST} times its size")
        return data


def _layer(stream: BinaryIO, file: str, deleted: set[str], budget: _Budget) -> Iterator[tuple[str, str, Finding]]:
    with _tar(stream, budget) as layer:
        for member in layer:
            _forget(layer)
            name = PurePosixPath("/", member.name)
            if name.name.startswith(".wh."):
                target = name.parent if name.name == ".wh..wh..opq" else name.parent / name.name.removeprefix(".wh.")
                deleted.add(str(target))
                continue
            opened = layer.extractfile(member) if member.isfile() else None
            if opened is not None:
                for finding in audit_stream(cast("BinaryIO", opened), f"{file}:{name}", name.name):
                    yield file, str(name), finding


def _is_deleted(name: str, deleted: set[str]) -> bool:
    return any(str(path) in deleted for path in (PurePosixPath(name), *PurePosixPath(name).parents))


def _digest(name: str) -> str:
    """Return what distinguishes a layer from others: `blobs/sha256/0123…` or `0123…/layer.tar`."""
    parts = PurePosixPath(name).parts or (name,)  # of "." there are none
    return (parts[-2] if parts[-1] == "layer.tar" and len(parts) > 1 else parts[-1])[:12]


def _unread(message: str, remedy: str, path: Path, layer: str = "") -> Finding:
    return closed_finding("unreadable", message, remedy, Location(str(path)), severity=Severity.WARNING, subject=layer)


class _Joined(io.RawIOBase):
    """A stream with what was read of it in front again."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if self._head:
            part, self._head = self._head[: len(view)], self._head[len(view) :]
        else:
            part = self._rest.read(len(view))
        view[: len(part)] = part
        return len(part)
