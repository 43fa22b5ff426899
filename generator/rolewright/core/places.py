"""Where a path is in its repository: links of the repository are places of their own, and not followed."""

from __future__ import annotations

import os
from pathlib import Path

from rolewright.core.files import is_folder, is_link, is_there, real

MOST_LINKS = 40
"""Links that are followed from one to the next; Linux follows as many."""


def place_of(path: Path) -> tuple[Path, str]:
    """Return the top folder of a path's repository, and the path in it as git has it, "" for the folder itself.

    A link in a repository may have led elsewhere at another revision, so only links on the way to it are followed.
    Without a repository it is the nearest folder that exists, and the path from there.
    """
    parts = Path(os.path.abspath(path)).parts  # noqa: PTH100 - pathlib follows links where it resolves `..`
    here, top, name = Path(parts[0]), None, [""]
    for number, part in enumerate(parts):
        there = here / part
        if is_link(there) and top is not None:
            break
        here = real(there) if is_link(there) else there
        if not is_folder(here):
            break
        if is_there(here / ".git"):
            top, name = here, list(parts[number + 1 :])
    if top is not None:
        return top, "/".join(name)
    whole = real(path.parent) / path.name
    folder = next(folder for folder in (whole, *whole.parents) if is_folder(folder) and not is_link(folder))
    return folder, "" if folder == whole else whole.relative_to(folder).as_posix()


def steps_to(path: Path) -> set[Path]:
    """Return the places that a path goes through now: itself, each link on its way, and the file that it ends at."""
    top, name = place_of(path)
    found = {top / name, real(path)}
    open_ = top / name
    for _ in range(MOST_LINKS):
        link = next((part for part in [*reversed(open_.parents), open_] if is_link(part)), None)
        if link is None:
            return found
        rest = open_.relative_to(link)
        found.add(real(link.parent) / link.name)
        try:
            target = Path(os.readlink(link))  # noqa: PTH115 - as in rolewright.core.files
        except OSError:
            return found
        open_ = Path(os.path.normpath(link.parent / target)) / rest
        found.add(open_)
    return found
