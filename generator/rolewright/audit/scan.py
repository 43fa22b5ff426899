"""Files, folders, images and git's history → findings, by several processes where there are many files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.audit.files import audit_file, files_in, left_out
from rolewright.audit.finding import closed_finding
from rolewright.batch.cpus import cpus
from rolewright.core.files import is_folder
from rolewright.core.finding import Location, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from rolewright.core.finding import Finding

_SHARE = 500
"""Files that a process takes at once; for fewer, another process takes longer to start than it saves."""


@dataclass(frozen=True)
class Scan:
    """The findings of a scan, and how many files and images were looked at."""

    findings: tuple[Finding, ...]
    looked_at: int


def scan(paths: Sequence[Path], images: Sequence[Path] = (), *, git_history: bool = False) -> Scan:
    """Audit files, folders and images, with `git_history` also every commit of the repositories that they are in.

    Raises Rejected where a process died, and where there is no repository.
    """
    files = list(dict.fromkeys(file for path in paths for file in files_in(path)))
    try:
        found = _files(files)
    except ChildProcessError:
        message, remedy = "a process was killed, perhaps because memory ran out", "audit fewer files at a time"
        raise Rejected([closed_finding("process-died", message, remedy, Location(str(paths[0])))]) from None
    if any(file.endswith(".tf") for file in files):
        from rolewright.audit.terraform import audit_terraform  # noqa: PLC0415 - slow to import

        found += audit_terraform(files)
    found += left_out(paths, git_history=git_history)
    found += [finding for finding in _beside_files(paths if git_history else (), images) if finding not in found]
    return Scan(tuple(found), len(files) + len(images))


def _files(files: Sequence[str]) -> list[Finding]:
    shares = [files[start : start + _SHARE] for start in range(0, len(files), _SHARE)]
    processes = min(cpus(), len(shares))
    if processes < 2:
        return _share(files)
    from rolewright.batch.processes import spread  # noqa: PLC0415 - multiprocessing is slow to import

    return [finding for part in spread(_share, shares, processes) for finding in part]


def _share(files: Iterable[str]) -> list[Finding]:
    return [finding for file in files for finding in audit_file(file)]


def _beside_files(folders: Iterable[Path], images: Iterable[Path]) -> Iterator[Finding]:
    from rolewright.audit.history import audit_history  # noqa: PLC0415 - runs programs, which few runs ask for
    from rolewright.audit.image import audit_image  # noqa: PLC0415 - as above: reads archives

    for folder in dict.fromkeys(path if is_folder(path) else path.parent for path in folders):
        yield from audit_history(folder)
    for image in images:
        yield from audit_image(image)
