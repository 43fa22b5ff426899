"""`rolewright report`: what workloads may do, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.build import any_error, modules_of
from rolewright.cli.console import Blueprints, Manifests, report
from rolewright.cli.files import write_file
from rolewright.cli.sides import found_since
from rolewright.finding import Rejected


def report_page(
    manifests: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="The HTML file.")] = Path("report.html"),
    base: Annotated[
        str | None, typer.Option("--base", metavar="REV", help="Also show what changed since this revision of git.")
    ] = None,
    blueprints: Blueprints = None,
    force: Annotated[bool, typer.Option("--force", help="Also overwrite a file that is not such a page.")] = False,
) -> None:
    """Write one HTML file: workloads, roles and resources as a picture and a table, what was proven, what changed.

    The file is read without a network, on a screen of any width and in dark mode. It is written for manifests with
    findings too, which it then shows; the exit code is 1 for them.
    """
    from rolewright.cli.diff import compare_found  # noqa: PLC0415 - only this command needs all this
    from rolewright.pipeline import Pipeline  # noqa: PLC0415
    from rolewright.report.html import Review, page  # noqa: PLC0415

    _require_own(output, force=force)
    with Pipeline(blueprints or ()) as pipeline:
        built, findings = modules_of(pipeline, manifests)
        report(findings, pipeline.sources)
        review = None
        refused = any_error(findings)
        if base is not None and not refused:
            sources: dict[str, str] = {}
            try:
                sides = found_since(base, list(dict.fromkeys(manifests)))
                review = Review(base, tuple(compare_found(*sides, pipeline.catalog, sources)[0]))
            except Rejected as refusal:
                report(refusal.findings, sources)
                raise typer.Exit(1) from None
    write_file(output, page(built, findings, review))
    typer.echo(
        f"{output}: {len(built)} workload{'s' * (len(built) != 1)}, {len(findings)} finding{'s' * (len(findings) != 1)}"
    )
    if refused:
        raise typer.Exit(1)


def _require_own(output: Path, *, force: bool) -> None:
    """Exits where something else than a page of this command stands there."""
    from rolewright.report.html import MARK  # noqa: PLC0415

    if output.is_dir():
        raise typer.BadParameter(f"{output} is a folder; -o names the file")
    try:
        with output.open("rb") as opened:
            own = opened.read(len(MARK)) == MARK.encode()
    except FileNotFoundError:
        return
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be read: {error.strerror}") from None
    if not own and not force:
        raise typer.BadParameter(f"{output} is not a page of rolewright report; --force overwrites it")
