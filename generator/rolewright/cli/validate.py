"""`rolewright validate`: everything but the writing."""

from __future__ import annotations

import typer

from rolewright.cli.build import build_all
from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, Manifests, report
from rolewright.cli.render import summary


def validate(
    manifests: Manifests,
    blueprints: Blueprints = None,
    env: Environments = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Check and prove manifests without writing anything."""
    outcome = build_all(manifests, blueprints, env)
    report(outcome.findings, outcome.sources, format_)
    if outcome.refused:
        raise typer.Exit(1)
    if format_ is Format.TEXT:
        for built in outcome.built:
            typer.echo(f"{built.workload.file}: {built.workload.name} is valid; {summary(built)}")
