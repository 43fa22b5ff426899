"""A folder that is opened once, and in which no operation follows a link.

Every name is resolved from the open folder, component by component and with O_NOFOLLOW, so that no link in the
folder, even one that is created meanwhile, can lead out of it. Names are relative, with `/`.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Unsafe(Exception):
    """Something other than a regular file or a folder is at `name`; `kind` names it: "a link"."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind
        super().__init__(f"{name} is {kind}")


class Folder:
    """An open folder. Every method may raise OSError, and Unsafe for anything but a regular file or a folder."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, name: str) -> bytes | None:
        """Read a file, or return None if there is no such file. It never blocks on a pipe or a device."""
        try:
            with self._parent(name) as (parent, last):
                mode = os.stat(last, dir_fd=parent, follow_symlinks=False).st_mode
                if not stat.S_ISREG(mode):
                    raise Unsafe(name, _kind(mode))
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                with os.fdopen(os.open(last, flags, dir_fd=parent), "rb") as stream:
                    return stream.read()
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str] | None:
        """Return the sorted names in a subfolder, or None if there is no such subfolder."""
        try:
            with self._open(folder) as descriptor:
                return sorted(entry.name for entry in os.scandir(descriptor))
        except FileNotFoundError:
            return None

    def create(self, name: str, content: bytes) -> None:
        """Create a file that does not exist yet, and flush its content to the disk. Its mode is 0644 less the umask."""
        with self._parent(name) as (parent, last):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(last, flags, 0o644, dir_fd=parent)
            try:
                rest = memoryview(content)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def move(self, source: str, name: str) -> None:
        """Rename a file atomically; it replaces any file with the new name."""
        with self._parent(source) as (old, last), self._parent(name) as (new, new_last):
            os.rename(last, new_last, src_dir_fd=old, dst_dir_fd=new)

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""
        with suppress(FileNotFoundError), self._parent(name) as (parent, last):
            os.unlink(last, dir_fd=parent)

    def make_folder(self, folder: str) -> bool:
        """Make a subfolder and its parents. Return whether the subfolder is new."""
        created = False
        parts = folder.split("/")
        for length in range(1, len(parts) + 1):
            with self._parent("/".join(parts[:length])) as (parent, last):
                created = _make(last, parent)
        return created

    def remove_folder(self, folder: str) -> None:
        """Remove a subfolder if it exists and is empty."""
        with suppress(OSError), self._parent(folder) as (parent, last):
            os.rmdir(last, dir_fd=parent)

    def sync(self, folder: str = "") -> None:
        """Flush the names in a subfolder, or in the folder itself, to the disk."""
        with self._open(folder) as descriptor:
            os.fsync(descriptor)

    def require_writable(self, folder: str) -> None:
        """Raise PermissionError if no file can be created or renamed in a subfolder."""
        with self._open(folder) as descriptor:
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=descriptor, effective_ids=True):
                raise PermissionError(f"files cannot be written to {folder or 'it'}")

    @contextmanager
    def _open(self, folder: str) -> Iterator[int]:
        descriptor = os.dup(self._descriptor)
        try:
            done = []
            for part in folder.split("/") if folder else ():
                done.append(part)
                inner = _open_plain_folder(part, descriptor, "/".join(done))
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _parent(self, name: str) -> Iterator[tuple[int, str]]:
        folder, _, last = name.rpartition("/")
        with self._open(folder) as descriptor:
            yield descriptor, last


@contextmanager
def open_folder(target: Path, *, create: bool) -> Iterator[Folder | None]:
    """Open a folder and lock it until the end of the block; yield None if it is missing and is not to be created.

    A writer (`create`) waits for an exclusive lock, a reader for a shared one. Folders that were created here
    and are still empty at the end are removed. Links above `target` are the caller's own and are followed;
    `target` itself must not be a link. Raises OSError, and Unsafe if `target` is not a folder.
    """
    missing = [folder for folder in target.parents if not os.path.isdir(folder)] if create else []  # noqa: PTH112 - it never raises
    above = _above(target, create=create)
    if above is None:
        yield None
        return
    name = target.name or "."
    descriptor, created = None, False
    try:
        descriptor, created = _locked(name, above, create=create)
        yield None if descriptor is None else Folder(descriptor)
    finally:
        if created:
            with suppress(OSError):
                os.rmdir(name, dir_fd=above)
        if descriptor is not None:
            os.close(descriptor)
        os.close(above)
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()


def _above(target: Path, *, create: bool) -> int | None:
    """Open the folder that the target is in; return None if it is missing and is not to be created."""
    while True:
        if create:
            target.parent.mkdir(parents=True, exist_ok=True)
        try:
            return os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:  # or another run has just removed the folder that it created in vain
            if not create:
                return None


def _locked(name: str, above: int, *, create: bool) -> tuple[int | None, bool]:
    if sys.platform == "win32":
        raise OSError("rolewright writes on Linux, macOS and WSL, whose file systems can refuse links")
    import fcntl  # noqa: PLC0415  # Windows has no such module

    while True:
        created = create and _make(name, above)
        try:
            descriptor = _open_plain_folder(name, above, "")
        except FileNotFoundError:
            if create:
                continue
            return None, False
        fcntl.flock(descriptor, fcntl.LOCK_EX if create else fcntl.LOCK_SH)
        # Whoever had the lock before may have removed the folder that we waited for.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), os.stat(name, dir_fd=above, follow_symlinks=False)):
                if created:
                    os.fsync(above)
                return descriptor, created
        os.close(descriptor)


def _open_plain_folder(name: str, above: int, shown: str) -> int:
    """Open a folder. Raises Unsafe, with the name `shown`, for a link and anything else."""
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    except OSError:
        mode = os.stat(name, dir_fd=above, follow_symlinks=False).st_mode
        if not stat.S_ISDIR(mode):
            raise Unsafe(shown, _kind(mode)) from None
        raise


def _make(name: str, above: int) -> bool:
    try:
        os.mkdir(name, 0o755, dir_fd=above)
    except FileExistsError:
        return False
    return True


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "a pipe, a socket or a device"
