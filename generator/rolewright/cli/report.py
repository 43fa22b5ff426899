"""`rolewright report`: what workloads may do, as a page."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, Manifests, Quiet, report, say, say_next
from rolewright.cli.files import require_writable, write_file
from rolewright.core.files import UnreadableError, is_there, open_plain
from rolewright.core.finding import any_error
from rolewright.core.git import commit_with


def report_page(
    manifests: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="HTML file to write.")] = Path("report.html"),
    base: Annotated[
        str | None, typer.Option("--base", metavar="REV", help="Also show what changed since this git revision.")
    ] = None,
    blueprints: Blueprints = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also overwrite a file that rolewright report did not write.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write one HTML page: a verdict, workloads, roles and resources, what was proven, what changed.

    The page needs no network and works at any screen width and in dark mode. It names the commit of the manifests where
    git has one. It is also written, with the findings in it, if a manifest has an error; the exit code is then 1.

    \b
    Example:
      rolewright report --base origin/main
    """
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - only this command needs all this
    from rolewright.report.html import Provenance, page  # noqa: PLC0415
    from rolewright.report.verdict import unbuilt  # noqa: PLC0415
    from rolewright.review.comparison import review_since  # noqa: PLC0415

    _require_own(output, force=force)
    with Pipeline(blueprints or ()) as pipeline:
        built, findings = pipeline.modules(manifests)
        report(findings, pipeline.sources)
        unread = unbuilt(built, findings)
        review = None
        if base is not None:
            review = review_since(base, list(dict.fromkeys(manifests)), pipeline.catalog)
            earlier = [finding for finding in review.findings if finding not in findings]
            report(earlier, {**pipeline.sources, **review.sources})
            findings = list(dict.fromkeys((*findings, *earlier)))
        refused = any_error(findings)
        source = Provenance(metadata.version("rolewright"), *commit_with(manifests), unread)
        text = page(built, findings, review, pipeline.catalog, source)
    write_file(output, text)
    if not quiet:
        counts = f"{len(built)} workload{'s' * (len(built) != 1)}, {len(findings)} finding{'s' * (len(findings) != 1)}"
        say(f"{output}: {counts}")
        say_next(f"open {output} in a browser")
    if refused:
        raise typer.Exit(1)


def _require_own(output: Path, *, force: bool) -> None:
    """Exit where anything but a page of this command is in its place."""
    from rolewright.report.html import MARK  # noqa: PLC0415

    require_writable(output)
    if not is_there(output):
        return
    try:
        with open_plain(output) as opened:
            own = opened.read(len(MARK)) == MARK.encode()
    except UnreadableError as error:
        raise typer.BadParameter(f"{output} {error}") from None
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be read: {error.strerror}") from None
    if not own and not force:
        raise typer.BadParameter(
            f"{output} was not written by rolewright report: give another file, or --force to overwrite it"
        )
