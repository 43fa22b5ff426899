"""A case of the fuzzer: what is laid out in a folder, and the command that is run in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROGRAM = "terraform"
"""A file of this name can be run."""
BESIDE = "beside"
"""A folder next to the case's own, which links and names lead to. Nothing may change in it."""


@dataclass(frozen=True)
class Case:
    """Files, links and pipes by name, commits as `git fast-import` takes them, and the arguments of a command.

    `kind` says what was made, `twist` what was then done to a name or a file; "" for nothing.
    `damaged` is the place of a byte that is taken out of an object of the repository.
    """

    arguments: tuple[str, ...]
    files: Mapping[str, bytes]
    kind: str = ""
    twist: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    pipes: tuple[str, ...] = ()
    commits: bytes = b""
    damaged: int | None = None


def lay_out(case: Case, folder: Path) -> Path:
    """Make all that a case has; the folder that the command is run in."""
    target = folder / "case"
    shutil.rmtree(folder / BESIDE, ignore_errors=True)
    (folder / BESIDE).mkdir()
    (folder / BESIDE / "file").write_bytes(b"not to be touched")
    target.mkdir()
    for name, data in case.files.items():
        path = target / name
        with contextlib.suppress(FileExistsError, NotADirectoryError, IsADirectoryError):  # two have one place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if path.name == PROGRAM:
            path.chmod(0o700)
    for name, goal in case.links.items():
        _free(target / name).symlink_to(goal)
    for name in case.pipes:
        os.mkfifo(_free(target / name))
    if case.commits:
        _repository(target, case.commits, case.damaged)
    return target


def changed_beside(folder: Path) -> list[str]:
    """What is not as it was next to the folder of the case; what is new there is taken away."""
    new = sorted(one for one in folder.iterdir() if one.name not in ("case", "cache", BESIDE))
    for one in new:
        shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
    found = [one.name for one in new]
    inside = {one.name: one.read_bytes() if one.is_file() else None for one in (folder / BESIDE).iterdir()}
    return [*found, *([BESIDE] if inside != {"file": b"not to be touched"} else [])]


def _free(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path


def _repository(folder: Path, commits: bytes, damaged: int | None) -> None:
    own = folder / ".git"
    for name in ("objects", "refs/heads"):
        (own / name).mkdir(parents=True)
    (own / "HEAD").write_bytes(b"ref: refs/heads/main\n")
    (own / "config").write_bytes(b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
    command = ("git", "-C", str(folder), "fast-import", "--quiet", "--force", "--date-format=raw")
    subprocess.run(command, input=commits, capture_output=True, check=False)
    objects = sorted(path for path in (own / "objects").rglob("*") if path.is_file())
    if damaged is not None and objects:
        _cut(objects[damaged % len(objects)], damaged)


def _cut(file: Path, at: int) -> None:
    data = file.read_bytes()
    file.chmod(0o600)
    file.write_bytes(data[: at % (len(data) + 1)] + data[at % (len(data) + 1) + 1 :])


def named_in(names: Iterable[str], argument: str) -> str:
    """The name of a file that an argument gives, alone or as `ROLE=FILE`; "" for none."""
    last = argument.rpartition("=")[2]
    return next((name for name in names if name in (argument, last)), "")
