"""A folder of files that a command writes beside modules: as carefully as these, with `--check` and `--force`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from rolewright.cli.console import report
from rolewright.finding import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STALE = 3


def write_files(files: Mapping[str, str], told: Mapping[str, str], output: Path, *, check: bool, force: bool) -> None:
    """Write files, or with `check` only compare; `told` is what is said of each.

    Exits 1 where something stands in the way, and 3 where `check` finds a difference.
    """
    from rolewright.model import Module  # noqa: PLC0415 - slow to import
    from rolewright.write import write  # noqa: PLC0415

    try:
        result = write(Module(output.name, files), output, check_only=check, force=force)
    except Rejected as refusal:
        report(refusal.findings, {})
        raise typer.Exit(1) from None
    for name in files:
        typer.echo(f"{output / name}: {result.status}; {told[name]}")
    if check and result.diff:
        typer.echo(result.diff, nl=False)
    if result.status == "stale":
        raise typer.Exit(STALE)
