"""Run git, and read files as they were at a revision."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rolewright.core.files import is_folder, real
from rolewright.core.finding import Finding, Location, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class GitMissingError(Exception):
    """git is not on the PATH."""


class GitFailedError(Exception):
    """git ended with an error; `lines` is what it wrote of it."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        super().__init__(*lines)
        self.lines = lines


@contextmanager
def output(folder: Path, *arguments: str, variables: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
    """Run git in a folder, with some variables more, and give what it writes as a stream, to be read to its end.

    Raises GitMissingError, or GitFailedError at the end.
    """
    program = shutil.which("git")
    if program is None:
        raise GitMissingError
    # A file and no second pipe: git would wait for ever where nobody empties that one.
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(  # noqa: S603 - a fixed program, no shell
            [program, "-C", str(folder), *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(variables or {})},
        ) as running:
            assert running.stdout is not None
            yield running.stdout
        if running.returncode:
            errors.seek(0)
            raise GitFailedError(tuple(errors.read().decode("utf-8", "replace").strip().splitlines()))


def commit_of(revision: str, folder: Path) -> str:
    """Return the hash of the commit that a revision names. Raises Rejected without git, a repository or the commit."""
    arguments = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    return _git(folder, *arguments, unknown=f"no revision {revision} in this repository").decode().strip()


def standing(path: Path) -> Path:
    """Return the nearest ancestor folder of a path that still exists."""
    return next(folder for folder in real(path).parents if is_folder(folder))


def kind_at(commit: str, path: Path) -> str:
    """Return what a path was at a commit: `blob` for a file, `tree` for a folder, "" if it did not exist."""
    folder = standing(path)
    name = real(path).relative_to(folder).as_posix()
    listed = _git(folder, "ls-tree", "-z", commit, "--", f":(literal){name}", unknown="no such file").split()
    return listed[1].decode() if listed else ""


def file_at(commit: str, path: Path) -> str | None:
    """Return a file's text at a commit, or None if it did not exist. Raises Rejected if it is not UTF-8 text."""
    if not kind_at(commit, path):
        return None
    folder = standing(path)
    name = real(path).relative_to(folder).as_posix()
    try:
        return _git(folder, "cat-file", "blob", f"{commit}:./{name}", unknown=f"no file {name}").decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(
            [_finding(f"{name} at {commit[:12]} is not UTF-8 text", "give the path of a manifest", path)]
        ) from None


def files_at(commit: str, folder: Path) -> list[Path]:
    """Return the files in and below a folder at a commit, sorted. Raises Rejected as `commit_of` does."""
    here = folder if is_folder(folder) else standing(folder)
    below = "" if here == folder else f"{real(folder).relative_to(here).as_posix()}/"
    only = ("--", f":(literal){below}") if below else ()
    listed = _git(here, "ls-tree", "-r", "--name-only", "-z", commit, *only, unknown="no such folder")
    names = [name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]
    return [folder / name.removeprefix(below) for name in sorted(names)]


def changed_since(revision: str, folder: Path) -> set[Path]:
    """Return the files of a folder's repository that differ from a revision, or that git does not track yet.

    The paths are absolute, and include deleted files. Raises Rejected as `commit_of` does.
    """
    commit = commit_of(revision, folder)
    top = Path(_git(folder, "rev-parse", "--show-toplevel", unknown="no repository here").decode().rstrip("\n"))
    quiet = ("-c", "core.fsmonitor=false")
    differing = _git(
        top, *quiet, "diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", commit, unknown="no commit"
    )
    new = _git(top, *quiet, "ls-files", "--others", "--exclude-standard", "-z", unknown="no files")
    names = (differing + new).decode("utf-8", "surrogateescape").split("\0")
    return {top / name for name in names if name}


def _git(folder: Path, *arguments: str, unknown: str) -> bytes:
    try:
        with output(folder, *arguments) as stream:
            return stream.read()
    except GitMissingError:
        raise Rejected([_finding("git is not on the PATH", "install git, or compare two files", folder)]) from None
    except GitFailedError as error:
        message = f"git finds {unknown}" + (f": {error.lines[0]}" if error.lines else "")
        remedy = "give a branch, a tag or a commit of a git repository"
        raise Rejected([_finding(message, remedy, folder)]) from None


def _finding(message: str, remedy: str, path: Path) -> Finding:
    return Finding("git-revision", message, remedy, Location(str(path)))
