"""`rolewright render`: manifests → modules on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import (
    MODULES,
    Blueprints,
    Environments,
    FindingsFormat,
    FindingsFormatOption,
    Manifests,
    Quiet,
    report,
    say,
    say_next,
    show,
)
from rolewright.cli.files import STALE
from rolewright.cli.manifest_options import ChangedSince, Fix, Jobs, Shard, Verbose, fix_first, progress, selected

if TYPE_CHECKING:
    from rolewright.batch.write import Written
    from rolewright.write.module import WriteResult


def render(
    manifests: Manifests,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Output folder; each module gets its own folder in it.")
    ] = MODULES,
    blueprints: Blueprints = None,
    env: Environments = None,
    jobs: Jobs = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; show a diff and exit 3 if the output is out of date."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also overwrite files that were edited by hand or not written by rolewright."),
    ] = False,
    changed_since: ChangedSince = None,
    shard: Shard = None,
    format_: FindingsFormatOption = FindingsFormat.TEXT,
    fix: Fix = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Check and prove manifests, then write their Terraform modules.

    If one manifest has an error, nothing is written for any of them.

    \b
    Examples:
      rolewright render
      rolewright render --check services
      rolewright render services/orders.yaml --output modules
    """
    from rolewright.batch.build import build_all, open_cache  # noqa: PLC0415 - slow to import, and not needed for --help
    from rolewright.batch.write import refuse_link, write_all  # noqa: PLC0415

    refuse_link(output)
    selection = selected(manifests, changed_since, shard, blueprints, output)
    unwritten = fix_first(selection, blueprints, check=check) if fix else []
    cache = open_cache(output, blueprints, env)
    with progress(len(selection.manifests), quiet=quiet, verbose=verbose) as shown:
        outcome = build_all(selection, blueprints, env, jobs, None if force else cache, shown)
    outcome.findings.extend(unwritten)
    written = write_all(outcome, selection.manifests, output, cache, check=check, force=force)
    report([*outcome.findings, *written.findings], outcome.sources, format_)
    if format_ is FindingsFormat.TEXT and not quiet:
        for product, result in written.results:
            say(f"{output / product.workload}: {_status(result)}; {product.summary}")
            for name in (*result.changed, *result.removed) if verbose else ():
                say(
                    f"{output / product.workload / name}: {'removed' if name in result.removed else result.status}",
                    err=True,
                )
            if check and result.diff:
                show(result.diff, nl=False)
        say_next(_next(written, output))
    if not written.complete:
        raise typer.Exit(1)
    if written.stale:
        raise typer.Exit(STALE)


def _next(written: Written, output: Path) -> str:
    if not written.complete:
        return "correct what is said above and render again; no module with an error was written"
    if written.stale:
        return "render without --check, and commit the modules"
    if any(result.status == "written" for _, result in written.results):
        return (
            f"read {output}/*/access.lock, which says what each role may do, and call the modules from your Terraform"
        )
    return "nothing to do, the modules are current"


def _status(result: WriteResult) -> str:
    changed = len(result.changed) + len(result.removed)
    files = f" ({changed} file{'s' * (changed != 1)})" if changed else ""
    others = f"; not proven: {', '.join(result.beside)}, which rolewright did not write" if result.beside else ""
    return f"{result.status}{files}{others}"
