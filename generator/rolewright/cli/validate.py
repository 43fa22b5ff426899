"""`rolewright validate`: everything but the writing."""

from __future__ import annotations

import typer

from rolewright.cli.console import (
    Blueprints,
    Environments,
    FindingsFormat,
    FindingsFormatOption,
    Manifests,
    Quiet,
    report,
    say,
    say_next,
)
from rolewright.cli.manifest_options import ChangedSince, Fix, Jobs, Shard, Verbose, fix_first, progress, selected
from rolewright.core.printable import printable


def validate(
    manifests: Manifests,
    blueprints: Blueprints = None,
    env: Environments = None,
    jobs: Jobs = None,
    changed_since: ChangedSince = None,
    shard: Shard = None,
    format_: FindingsFormatOption = FindingsFormat.TEXT,
    fix: Fix = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check and prove manifests without writing modules.

    \b
    Examples:
      rolewright validate
      rolewright validate services --changed-since origin/main
    """
    from rolewright.batch.build import build_all, open_cache, remember  # noqa: PLC0415 - slow to import, and not needed for --help

    selection = selected(manifests, changed_since, shard, blueprints)
    unwritten = fix_first(selection, blueprints) if fix else []
    cache = open_cache(None, blueprints, env)
    with progress(len(selection.manifests), quiet=quiet, verbose=verbose) as shown:
        outcome = build_all(selection, blueprints, env, jobs, cache, shown)
    outcome.findings.extend(unwritten)
    report(outcome.findings, outcome.sources, format_)
    if outcome.refused:
        raise typer.Exit(1)
    remember(cache, selection.manifests, outcome, None)
    if format_ is FindingsFormat.TEXT and not quiet:
        for product in outcome.products:
            say(f"{printable(product.place.file)}: {product.workload} is valid; {product.summary}")
        say_next("`rolewright render` writes the Terraform modules")
