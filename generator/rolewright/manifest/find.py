"""Files, folders and patterns → the manifests that they name; and which YAML is a manifest at all."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rolewright.core.files import UnreadableError, is_file, is_folder, is_there, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

YAML = (".yaml", ".yml")
USUAL = ("rolewright.yaml", "services/*.yaml", "services/*.yml")
"""Where a project has its manifests if nothing says otherwise."""
_SIGNS = set("*?[")
_LEFT = (".git", ".terraform")
_KEY = r"[\"']?workload[\"']?[ \t]*:"
_MANIFEST = re.compile(rf"^{_KEY}", re.MULTILINE)
_MENTION = re.compile(r"workload|\\[uUx]")
_BEFORE = re.compile(r"(?:\s|#[^\n]*\n|---|!!map|%[^\n]*\n)*")
"""What may stand before the first key of a document."""


class Found(NamedTuple):
    """The manifests that were found, each once; `left` are the YAML files beside them that name no workload.

    `unread` are linked folders, and YAML that is no plain file.
    """

    manifests: tuple[Path, ...]
    left: tuple[Path, ...] = ()
    unread: tuple[Path, ...] = ()


def find_manifests(paths: Iterable[Path]) -> Found:
    """Return the manifests that paths name: files, those in folders, and those that fit a pattern; or the usual ones.

    A file is taken as it is; in a folder, YAML that names a workload is a manifest. Raises MisuseError where a folder
    or a pattern names none, and where no path is given and the usual places have none; and Rejected for a folder that
    cannot be read.
    """
    found: dict[Path, None] = {}
    left: dict[Path, None] = {}
    unread: list[Path] = []
    for path in paths:
        if is_folder(path):
            listed = sorted(below(path, unread))
            named, others = _told_apart(file for file in listed if file.suffix.lower() in YAML)
            if not named:
                raise _misuse(f"{path} has no manifest: no YAML file in it names a workload")
            left |= dict.fromkeys(others)
        elif _SIGNS & set(str(path)) and not is_there(path):
            named = _fitting(str(path))
            if not named:
                raise _misuse(f"no file fits {path}")
        else:
            named = [path]
        found |= dict.fromkeys(named)
    return Found(tuple(found), tuple(left), tuple(unread)) if found else _usual()


def _misuse(message: str) -> Exception:
    from rolewright.core.finding import MisuseError  # noqa: PLC0415 - what is found needs no finding

    return MisuseError(message)


def roots(paths: Iterable[Path]) -> list[Path]:
    """Return the files and folders in which `find_manifests` looks, so that what is no longer there is looked for too.

    Of a pattern that is the folder before its first part with a sign in it.
    """
    listed = list(paths) or list(map(Path, USUAL))
    plain = (next(part for part in (path, *path.parents) if not _SIGNS & set(str(part))) for path in listed)
    return list(dict.fromkeys(plain))


def _usual() -> Found:
    own, services = _fitting(USUAL[0]), [file for pattern in USUAL[1:] for file in _fitting(pattern)]
    named, left = _told_apart(services)
    if not own and not named:
        raise _misuse(
            f"no manifest was given, and there is none in {USUAL[0]} or {USUAL[1]}: "
            "give one, name them in rolewright.toml, or start one with `rolewright init`"
        )
    return Found((*own, *named), tuple(left))


def _told_apart(files: Iterable[Path]) -> tuple[list[Path], list[Path]]:
    """Return the manifests among YAML files, and the others."""
    named: list[Path] = []
    others: list[Path] = []
    for file in files:
        (named if is_manifest(readable_text(file), str(file)) else others).append(file)
    return named, others


def _fitting(pattern: str) -> list[Path]:
    """Return what fits a pattern, sorted, but folders; reading says of what is no plain file what it is."""
    anchor = Path(pattern).anchor
    try:
        return sorted(file for file in Path(anchor).glob(pattern.removeprefix(anchor)) if not is_folder(file))
    except ValueError:  # such as a** in it
        return []


def below(folder: Path, unread: list[Path] | None = None) -> Iterator[Path]:
    """Yield every plain file in a folder and below it; add to `unread` linked folders, and YAML that is no plain file.

    Raises Rejected where a folder cannot be looked into.
    """
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            raise _unreadable(here, error) from None
        inner = []
        for entry in entries:
            path = Path(here, entry.name)
            if entry.is_dir(follow_symlinks=False):
                inner += [path] if entry.name not in _LEFT else []
            elif is_file(path):
                yield path
            elif unread is not None and (is_folder(path) or path.suffix.lower() in YAML):
                unread.append(path)
        waiting += reversed(inner)


def _unreadable(folder: Path, error: OSError) -> Exception:
    from rolewright.core.finding import Finding, Location, Rejected  # noqa: PLC0415 - as in `_misuse`

    message, place = f"{folder} cannot be read: {error.strerror}", Location(str(folder))
    return Rejected(
        [
            Finding(
                "source-unreadable",
                message,
                "run rolewright as a user who can read it, or name the files that it should read",
                place,
            )
        ]
    )


def is_below(file: Path) -> bool:
    """Return whether `below` would go to a file: it is in none of the folders that are git's and Terraform's own."""
    return not set(_LEFT) & set(file.parts)


def readable_text(file: Path) -> str:
    """Return the text of a file, or one that reads as a manifest where reading says what is wrong with the file."""
    try:
        return read_bytes(file).decode("utf-8", "replace")
    except UnreadableError:
        return "workload: unknown"


def is_manifest(text: str, file: str) -> bool:
    """Return whether YAML is meant as a manifest: a document of it names a workload, or would if it could be read."""
    text = text.removeprefix("\ufeff")
    if _MANIFEST.search(text):
        return True
    if not _MENTION.search(text):
        return False
    from rolewright.core.finding import Rejected  # noqa: PLC0415 - slow to import, and rarely needed
    from rolewright.yaml.load import loads  # noqa: PLC0415 - as above

    try:
        return any(isinstance(tree.data, dict) and "workload" in tree.data for tree in loads(text, file).trees)
    except Rejected:  # in braces, as JSON is, or with its keys further in; else it is deep inside something
        start = _BEFORE.match(text)
        first = text[start.end() :] if start else text
        indent = len(text[: start.end()].rpartition("\n")[2]) if start else 0
        keys = re.compile(rf"^[ ]{{{indent}}}{_KEY}", re.MULTILINE)
        return first.startswith(("{", "?")) or bool(keys.search(text))
