"""`rolewright validate`: everything but the writing."""

from __future__ import annotations

import typer

from rolewright.cli.build import Jobs, build_all, open_cache, remember
from rolewright.cli.console import Blueprints, Environments, FindingsFormat, FindingsFormatOption, Manifests, report
from rolewright.report.text import printable


def validate(
    manifests: Manifests,
    blueprints: Blueprints = None,
    env: Environments = None,
    jobs: Jobs = None,
    format_: FindingsFormatOption = FindingsFormat.TEXT,
) -> None:
    """Check and prove manifests without writing anything."""
    manifests = list(dict.fromkeys(manifests))
    cache = open_cache(None, blueprints, env)
    outcome = build_all(manifests, blueprints, env, jobs, cache)
    report(outcome.findings, outcome.sources, format_)
    if outcome.refused:
        raise typer.Exit(1)
    remember(cache, manifests, outcome, None)
    if format_ is FindingsFormat.TEXT:
        for product in outcome.products:
            typer.echo(f"{printable(product.place.file)}: {product.workload} is valid; {product.summary}")
