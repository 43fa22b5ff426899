"""Files that commands write beside modules, as carefully as these."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from rolewright.cli.console import say, show
from rolewright.core.files import UnreadableError, is_link, require_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

STALE = 3


def write_files(
    files: Mapping[str, str], summaries: Mapping[str, str], output: Path, *, check: bool, force: bool, quiet: bool
) -> None:
    """Write files, or with `check` only compare, and show a line for each with its summary unless `quiet`.

    Raises Rejected where something stands in the way. Exits 3 where `check` finds a difference.
    """
    from rolewright.core.model import Module  # noqa: PLC0415 - slow to import
    from rolewright.write.module import write  # noqa: PLC0415

    result = write(Module(output.name, files), output, check_only=check, force=force)
    for name in files if not quiet else ():
        say(f"{output / name}: {result.status}; {summaries[name]}")
    if check and result.diff and not quiet:
        show(result.diff, nl=False)
    if result.status == "stale":
        raise typer.Exit(STALE)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents where they are missing. Exits 2 where that is not possible, and for a link."""
    if is_link(folder):
        raise typer.BadParameter(
            f"{folder} is a symbolic link, and rolewright does not write through links: give the path it points to"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{folder} cannot be made: {error.strerror}") from None


def write_file(output: Path, text: str) -> None:
    """Write one file, all of it or none: a draft beside it takes its place. Exits 2 where that is not possible."""
    require_writable(output)
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as folder:
            draft = Path(folder, output.name)
            draft.write_text(text, encoding="utf-8", newline="\n")
            draft.replace(output)
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}") from None


def require_writable(output: Path) -> None:
    """Exit 2 where a link, or anything but a plain file, stands where a file is to be written."""
    try:
        mode = output.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written: {error.strerror}") from None
    if stat.S_ISLNK(mode):
        raise typer.BadParameter(
            f"{output} is a symbolic link, and rolewright does not write through links: give the path it points to"
        )
    try:
        require_plain(mode)
    except UnreadableError as error:
        raise typer.BadParameter(f"{output} {error}") from None
