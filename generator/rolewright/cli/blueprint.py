"""`rolewright blueprint`: what platform teams do with blueprints of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rolewright.blueprint import builtin_root
from rolewright.cli.console import Format, FormatOption, report
from rolewright.finding import Finding
from rolewright.pipeline import Pipeline
from rolewright.trial import try_blueprint

blueprint_app = typer.Typer(name="blueprint", help="Test blueprints, and start new ones.", no_args_is_help=True)


@blueprint_app.command("test")
def try_all(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder with compute/ and resources/; the built-in ones if left out."),
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Check every blueprint of a folder, and take manifests that use all of each through the whole pipeline."""
    root = folder or builtin_root()
    findings: list[Finding] = []
    with Pipeline([folder] if folder else []) as pipeline:
        catalog = pipeline.catalog
        files = [*catalog.computes.files.values(), *catalog.resources.files.values()]
        tested = [file for file in files if file.is_relative_to(root)]
        for file in tested:
            trial = try_blueprint(pipeline, file)
            findings += trial.findings
            if format_ is Format.TEXT and not trial.findings:
                missing = f"; moto lacks {', '.join(sorted(trial.not_applied))}" if trial.not_applied else ""
                typer.echo(f"{file.parent.relative_to(root)}: {trial.manifests} manifests built and proven{missing}")
    if not tested:
        raise typer.BadParameter(f"{root} has no compute/*/blueprint.yaml and no resources/*/blueprint.yaml")
    report(findings, {}, format_)
    if findings:
        raise typer.Exit(1)
