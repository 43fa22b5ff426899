"""A cache of runs without findings, so that the next run need not repeat what did not change.

There is one entry for each manifest under the same options. It is trusted only while everything is the same
that its run depended on: the manifest, every file of the written modules, every file of the blueprints and of
rolewright itself, Python and what is installed. A file counts as the same if its size, both its times, its
device and its inode are: mtime can be set back, ctime cannot. A file that was hardly older than the look at it
may have changed after that look within the same tick of the clock, so its content is compared as well.

Whatever is wrong with the cache, the run is made as if there were none. Nothing is imported here that an answer
does not need, because imports are what an answer takes longest for.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from rolewright.core.cache_folder import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_GRACE = 2_000_000_000
"""The nanoseconds within which two changes may get the same time, on the coarsest of file systems."""

_STAGING = ".rolewright.new"
"""What `write` leaves in a folder if it is killed, and the next run clears away."""


class Options(NamedTuple):
    """The options that a result depends on besides files. `output` is "" where nothing is written."""

    output: str
    blueprints: tuple[str, ...]
    environments: tuple[str, ...]


class Known(NamedTuple):
    """A workload that nothing was found about, and nothing is to be done for.

    `place` is that of its name in the manifest: line, column, end line, end column. `summary` says what was
    proven. Its module has `files` in `folder`.
    """

    name: str
    place: tuple[int, int, int, int]
    summary: str
    folder: str = ""
    files: tuple[str, ...] = ()


class _Look(NamedTuple):
    """A look at files: a digest of their times, sizes and so on; and whether any later change will differ in it."""

    stamps: str
    certain: bool


class _Entry(NamedTuple):
    """`looks` are digests of rolewright itself, the manifest and the modules; `contents` those of the last two and of
    the names in the modules' folders.

    `contents` is empty where the looks are certain. `until` is the last day that the entry holds, or "".
    """

    looks: tuple[str, str, str]
    contents: tuple[str, ...]
    until: str
    workloads: tuple[Known, ...]


class Cache:
    """The entries for one set of options."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._before: dict[str, tuple[_Look, str]] = {}
        self._folder = "" if os.path.islink(options.output) else cache_folder()
        try:
            self._here = os.getcwd()
            self._itself = _look(_installed(options.blueprints))
        except OSError:
            self._folder = ""

    def find(self, manifest: str) -> tuple[Known, ...] | None:
        """Return the workloads of a manifest, if a run would find nothing about them and change nothing; else None."""
        if not self._folder:
            return None
        entry = self._read(manifest)
        try:
            before = _look(_file(manifest))
            if entry is not None and self._holds(entry, manifest, before):
                return entry.workloads
            self._before[manifest] = before, _content([manifest])
        except OSError:
            pass
        return None

    def _holds(self, entry: _Entry, manifest: str, before: _Look) -> bool:
        if entry.until and entry.until < time.strftime("%Y-%m-%d", time.gmtime()):
            return False
        now = _look(_made(entry.workloads))
        if (self._itself.stamps, before.stamps, now.stamps) != entry.looks:
            return False
        if entry.contents:
            if (_content([manifest]), _content(_paths(entry.workloads)), _names(entry.workloads)) != entry.contents:
                return False
            if before.certain and now.certain:
                self._write(manifest, entry._replace(contents=()))
        return True

    def remember(self, manifest: str, made: Mapping[Known, Mapping[str, bytes]], until: str) -> None:
        """Record that a run found nothing about a manifest that `find` did not know, until a day or for ever ("").

        `made` has the content of each workload's files. If anything else is on the disk, nothing is recorded.
        """
        if manifest not in self._before or not self._itself.certain:
            return
        before, read = self._before[manifest]
        workloads = tuple(made)
        try:
            now = _look(_made(workloads))
            written = _content(_paths(workloads))
        except OSError:
            return
        if written == _digest(made[known][name] for known in workloads for name in known.files):
            contents = () if before.certain and now.certain else (read, written, _names(workloads))
            looks = self._itself.stamps, before.stamps, now.stamps
            self._write(manifest, _Entry(looks, contents, until, workloads))

    def _path(self, manifest: str) -> str:
        key = repr((self._here, manifest, self._options))
        return os.path.join(self._folder, f"{hashlib.sha256(key.encode()).hexdigest()[:40]}.json")

    def _read(self, manifest: str) -> _Entry | None:
        try:
            with open(self._path(manifest), "rb") as stream:
                digest, text = stream.read().split(b"\n", 1)
        except (OSError, ValueError):
            return None
        if digest.decode("ascii", "replace") != _digest([text]):
            return None
        looks, contents, until, workloads = json.loads(text)
        known = tuple(Known(n, tuple(p), s, folder, tuple(files)) for n, p, s, folder, files in workloads)
        return _Entry(tuple(looks), tuple(contents), until, known)

    def _write(self, manifest: str, entry: _Entry) -> None:
        path = self._path(manifest)
        text = json.dumps(entry).encode()
        draft = f"{path}.{os.getpid()}"
        try:
            with open(draft, "wb") as stream:
                stream.write(f"{_digest([text])}\n".encode() + text)
            os.replace(draft, path)
        except OSError:
            with suppress(OSError):
                os.unlink(draft)


def _installed(blueprints: Iterable[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield Python, what is installed, rolewright's own code and data, and the blueprints.

    The current folder is where output goes, so that its time says nothing, even if Python modules can lie there.
    """
    yield f"{sys.version} {sys.flags}", os.stat(sys.executable)
    for path in sys.path:
        if path and path != os.getcwd() and os.path.exists(path):
            yield path, os.stat(path)
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    shipped = os.path.join(package, "blueprints")
    beside = () if os.path.isdir(shipped) else (os.path.join(package, "..", "..", "blueprints"),)
    for root in (package, *beside, *blueprints):
        yield from _files(root)


def _files(root: str) -> Iterator[tuple[str, os.stat_result]]:
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if not entry.is_dir():
            yield entry.path, os.stat(entry.path, follow_symlinks=os.path.exists(entry.path))
        elif entry.name != "__pycache__":
            yield from _files(entry.path)


def _file(path: str) -> Iterator[tuple[str, os.stat_result]]:
    found = os.stat(path)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is no file")
    yield path, found


def _made(workloads: Iterable[Known]) -> Iterator[tuple[str, os.stat_result]]:
    """Yield the files and folders of modules. Raises OSError where anything else stands in their place."""
    for known in workloads:
        if known.folder:
            if os.path.lexists(os.path.join(known.folder, _STAGING)):
                raise OSError(f"{known.folder} was left in the middle of a write")
            inner = {name[:at] for name in known.files if "/" in name for at, c in enumerate(name) if c == "/"}
            for path in (known.folder, *(os.path.join(known.folder, name) for name in sorted(inner))):
                found = os.lstat(path)
                if not stat.S_ISDIR(found.st_mode):
                    raise OSError(f"{path} is no folder")
                yield path, found  # whose time changes when a file is put in, such as one that Terraform would read
            for path in _paths([known]):
                found = os.lstat(path)
                if not stat.S_ISREG(found.st_mode):
                    raise OSError(f"{path} is no file")
                yield path, found


def _names(workloads: Iterable[Known]) -> str:
    """Return a digest of the names in the folders of modules."""
    return _digest(name.encode("utf-8", "surrogateescape") for known in workloads if known.folder
                   for name in sorted(os.listdir(known.folder)))  # fmt: skip


def _paths(workloads: Iterable[Known]) -> Iterator[str]:
    return (f"{known.folder}/{name}" for known in workloads for name in known.files)


def _look(files: Iterable[tuple[str, os.stat_result]]) -> _Look:
    now = time.time_ns()
    newest = 0
    stamps = []
    for path, s in files:
        newest = max(newest, s.st_mtime_ns, s.st_ctime_ns)
        stamps.append(f"{path}\0{s.st_dev} {s.st_ino} {s.st_size} {s.st_mtime_ns} {s.st_ctime_ns}\n")
    return _Look(_digest(["".join(stamps).encode("utf-8", "surrogateescape")]), newest < now - _GRACE)


def _content(paths: Iterable[str]) -> str:
    def read(path: str) -> bytes:
        with open(path, "rb") as stream:
            return stream.read()

    return _digest(map(read, paths))


def _digest(parts: Iterable[bytes]) -> str:
    """Return one digest of several texts, of which none can pass for a piece of another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
