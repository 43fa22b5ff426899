"""The options of the commands that build many manifests, and the line that shows how far a run is."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import say, show
from rolewright.core.finding import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from rolewright.batch.select import Selection
    from rolewright.core.finding import Finding

Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", min=1, help="Processes that build manifests; if left out, one for each CPU if there are many."
    ),
]
ChangedSince = Annotated[
    str | None,
    typer.Option(
        "--changed-since",
        metavar="REV",
        help="Only what differs from this revision of git: the manifest, its module in the output, or the blueprints.",
    ),
]
Shard = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only the I-th of N shares of the manifests, for runs side by side."),
]
Fix = Annotated[
    bool,
    typer.Option(
        "--fix",
        help="First correct in the manifests what can be meant in one way only, and say what. "
        "No correction allows anybody more than the manifest says.",
    ),
]


def selected(
    manifests: Sequence[Path],
    since: str | None,
    shard: str | None,
    blueprints: Sequence[Path] | None,
    output: Path | None = None,
) -> Selection:
    """Select as `select` does, and say so where nothing differs from the revision."""
    from rolewright.batch.select import select  # noqa: PLC0415 - slow to import, and not needed for --help

    selection = select(manifests, since, shard, blueprints, output)
    if not selection.changed:
        say(f"no manifest differs from {since}", err=True)
    return selection


def fix_first(selection: Selection, blueprints: Iterable[Path] | None, *, check: bool = False) -> list[Finding]:
    """Apply the fixes that are certain to the manifests of a run, and say on stderr what was fixed.

    Return a finding for each manifest that cannot be written. Raises MisuseError for a run that is to `check` alone.
    """
    if check:
        raise MisuseError("--check writes nothing, and --fix changes manifests: give one of them")
    from rolewright.batch.fix import Fixed, fix_manifests  # noqa: PLC0415 - only for --fix

    findings = []
    for fixed in fix_manifests(selection.manifests, blueprints or ()):
        if isinstance(fixed, Fixed):
            say(f"{fixed.location}: fixed: {fixed.message}", err=True)
        else:
            findings.append(fixed)
    return findings


@contextmanager
def progress() -> Iterator[Callable[[int, int], None]]:
    """Give what shows on a terminal how many of the manifests are built, in one line that is written over.

    Where Ctrl-C ends the block, say that nothing was written.
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()  # none at all where it was closed before the start
    open_line = False

    def show_progress(done: int, total: int) -> None:
        nonlocal open_line
        if terminal:
            open_line = done < total
            typer.echo(f"\r{done}/{total}", nl=not open_line, err=True)

    try:
        yield show_progress
    except KeyboardInterrupt:
        show("\n" * open_line + "interrupted: nothing was written", err=True)
        raise
