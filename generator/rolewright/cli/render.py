"""`rolewright render`: manifests → modules on disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.build import Jobs, build_all, open_cache, remember
from rolewright.cli.console import (
    Blueprints,
    Environments,
    FindingsFormat,
    FindingsFormatOption,
    Manifests,
    report,
    say,
    show,
)
from rolewright.cli.files import is_link
from rolewright.cli.select import ChangedSince, Shard, select
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.write.module import WriteResult, write

if TYPE_CHECKING:
    from rolewright.cli.build import Product

_WRITERS = 8


def render(
    manifests: Manifests,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder that the modules go to, one folder each.")
    ] = Path("output"),
    blueprints: Blueprints = None,
    env: Environments = None,
    jobs: Jobs = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 3 and show a diff if the output is not current."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also overwrite files that were edited by hand or are not rolewright's."),
    ] = False,
    changed_since: ChangedSince = None,
    shard: Shard = None,
    format_: FindingsFormatOption = FindingsFormat.TEXT,
) -> None:
    """Render manifests into Terraform modules, after they were checked and proven.

    Nothing is written for any manifest while one has an error.
    """
    if is_link(output):
        report([_link(output)], {}, format_)
        raise typer.Exit(1)
    selection = select(manifests, changed_since, shard, blueprints, output)
    cache = open_cache(output, blueprints, env)
    outcome = build_all(selection, blueprints, env, jobs, None if force else cache)
    results: list[tuple[Product, WriteResult]] = []
    findings: list[Finding] = list(outcome.findings)
    if not outcome.refused:
        written = partial(_write, output=output, check=check, force=force)
        # A write waits for the disk most of the time, and the disk takes many at once.
        with ThreadPoolExecutor(_WRITERS) as pool:
            for product, result in zip(outcome.products, pool.map(written, outcome.products), strict=True):
                if isinstance(result, Rejected):
                    findings.extend(result.findings)
                else:
                    results.append((product, result))
        said = any(result.beside for _, result in results)  # every time
        if len(results) == len(outcome.products) and not said:
            remember(cache, selection.manifests, outcome, output)
    report(findings, outcome.sources, format_)
    if format_ is FindingsFormat.TEXT:
        for product, result in results:
            say(f"{output / product.workload}: {_status(result)}; {product.summary}")
            if check and result.diff:
                show(result.diff, nl=False)
    if outcome.refused or len(results) < len(outcome.products):
        raise typer.Exit(1)
    if any(result.status == "stale" for _, result in results):
        raise typer.Exit(3)


def _write(product: Product, *, output: Path, check: bool, force: bool) -> WriteResult | Rejected:
    if product.module is None:
        return WriteResult("unchanged")
    try:
        return write(product.module, output / product.workload, check_only=check, force=force)
    except Rejected as refusal:
        return refusal


def _link(output: Path) -> Finding:
    return Finding(
        "write-link",
        f"{output} is a link, and nothing is written through links",
        "give the folder that it leads to",
        Location(str(output)),
    )


def _status(result: WriteResult) -> str:
    changed = len(result.changed) + len(result.removed)
    files = f" ({changed} file{'s' * (changed != 1)})" if changed else ""
    others = f", but not {', '.join(result.beside)} beside it, which nobody proved" if result.beside else ""
    return f"{result.status}{files}{others}"
