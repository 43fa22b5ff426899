"""The options of the commands that build many manifests, and the line that shows how far a run is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import is_watched, say, show
from rolewright.core.finding import MisuseError, any_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from rolewright.batch.build import Part
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
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Also print a line for each manifest, and render's files one by one."),
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
def progress(total: int, *, quiet: bool, verbose: bool) -> Iterator[Callable[[int, Path, Part], None]]:
    """Give what says of each of `total` manifests that it is done: on a terminal with its time, or with `verbose`.

    Where Ctrl-C ends the block, say that nothing was written. Raises MisuseError for both quiet and verbose.
    """
    if quiet and verbose:
        raise MisuseError("--quiet and --verbose are opposites: give one of them")

    def show_progress(number: int, manifest: Path, part: Part) -> None:
        if part.seconds is None:
            if verbose:
                say(f"{number}/{total} {manifest}: known from an earlier run", err=True)
        elif verbose or (is_watched() and not quiet):
            became = "refused" if any_error(part.findings) else "built"
            # The time differs from run to run, and what is in a pipe is compared.
            took = f", {part.seconds:.1f} s" if is_watched() else ""
            say(f"{number}/{total} {manifest}: {became}{took}", err=True)

    try:
        yield show_progress
    except KeyboardInterrupt:
        show("interrupted: nothing was written", err=True)
        raise
