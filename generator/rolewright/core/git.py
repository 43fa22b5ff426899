"""Run git, and read files as they were at a revision."""

from __future__ import annotations

import os
import posixpath
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rolewright.core.finding import Finding, Location, Rejected
from rolewright.core.places import MOST_LINKS, place_of, steps_to

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_LINK = "120000"
_LONGEST = 4096  # bytes of a path, as Linux has them


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
    """Return the folder in which git is asked about a path: the top of its repository, or the nearest that exists."""
    return place_of(path)[0]


def kind_at(commit: str, path: Path) -> str:
    """Return what a path was at a commit: `blob` for a file, `tree` for a folder, "" if it did not exist.

    A link is what it led to at that commit. Raises Rejected where it left the repository.
    """
    return _found_at(commit, path)[0]


def file_at(commit: str, path: Path) -> str | None:
    """Return a file's text at a commit, or None if it did not exist. Raises Rejected if it is not UTF-8 text."""
    kind, name = _found_at(commit, path)
    if not kind:
        return None
    try:
        return _git(standing(path), "cat-file", "blob", f"{commit}:./{name}", unknown=f"no file {name}").decode("utf-8")
    except UnicodeDecodeError:
        raise Rejected(
            [_finding(f"{name} at {commit[:12]} is not UTF-8 text", "give the path of a manifest", path)]
        ) from None


def files_at(commit: str, folder: Path) -> list[Path]:
    """Return the files in and below a folder at a commit, sorted. Raises Rejected as `commit_of` does."""
    kind, name = _found_at(commit, folder)
    if kind != "tree":
        return []
    below = f"{name}/" if name else ""
    only = ("--", f":(literal){below}") if below else ()
    listed = _git(standing(folder), "ls-tree", "-r", "--name-only", "-z", commit, *only, unknown="no such folder")
    names = [name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name]
    return [folder / name.removeprefix(below) for name in sorted(names)]


def _found_at(commit: str, path: Path) -> tuple[str, str]:
    """Return what a path was at a commit, as `kind_at` does, and where in the repository: at the end of all links."""
    top, name = place_of(path)
    for _ in range(MOST_LINKS):
        mode, kind = _entry(commit, top, name)
        if kind and mode != _LINK:
            return kind, name
        parts = name.split("/")
        heads = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        link = next((head for head in heads if _entry(commit, top, head)[0] == _LINK), None)
        if link is None:
            return "", name
        target = _git(top, "cat-file", "blob", f"{commit}:./{link}", unknown=f"no link {link}")
        led = _led_to(link, target.decode("utf-8", "surrogateescape"))
        if led is None:
            message = f"{link} at {commit[:12]} is a link to a place that git does not know what it had"
            raise Rejected([_finding(message, "compare two files, or link to a path in the repository", path)])
        name = (led + name.removeprefix(link)).strip("/")
    message = f"{path} at {commit[:12]} is a link that leads to itself, or one of too many"
    raise Rejected([_finding(message, "compare two files", path)])


def _entry(commit: str, top: Path, name: str) -> tuple[str, str]:
    """Return the mode and the kind that git has under a path itself, "" for both where it has nothing."""
    if not name:
        return "040000", "tree"
    listed = _git(top, "ls-tree", "-z", commit, "--", f":(literal){name}", unknown="no such file").split(maxsplit=2)
    return (listed[0].decode(), listed[1].decode()) if listed else ("", "")


def _led_to(link: str, target: str) -> str | None:
    """Return the path that a link names within its repository, or None where it leaves it or names nothing."""
    if "\0" in target or len(target) > _LONGEST:  # a file system has no such link, but git may
        return None
    led = posixpath.normpath(posixpath.join(posixpath.dirname(link), target))
    if led == ".." or led.startswith(("/", "../")):
        return None
    return "" if led == "." else led


def changed_since(revision: str, folder: Path) -> set[Path]:
    """Return the files of a folder's repository that differ from a revision, or that git does not track yet.

    The paths are absolute, and include deleted files; a link is a path of its own. Raises Rejected as `commit_of` does.
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


def commit_with(paths: Collection[Path]) -> tuple[str, tuple[str, ...]]:
    """Return the commit that files of one repository are at, and those of them that are not as that commit has them.

    Without git, one repository and a commit it is "" and nothing.
    """
    folders = {standing(path) for path in paths}
    if len(folders) != 1:
        return "", ()
    (folder,) = folders
    try:
        commit = commit_of("HEAD", folder)
        same = {*files_at(commit, folder)} - changed_since("HEAD", folder)
    except Rejected:
        return "", ()
    return commit, tuple(sorted({str(path) for path in paths if not steps_to(path) <= same}))


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
