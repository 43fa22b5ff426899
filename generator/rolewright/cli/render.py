"""`rolewright render`: manifests → modules on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.build import build_all
from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, Manifests, report
from rolewright.finding import Finding, Location, Rejected
from rolewright.write import write

if TYPE_CHECKING:
    from rolewright.pipeline import Built
    from rolewright.write import WriteResult


def render(
    manifests: Manifests,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder that the modules go to, one folder each.")
    ] = Path("output"),
    blueprints: Blueprints = None,
    env: Environments = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 3 and show a diff if the output is not current."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also overwrite files that were edited by hand or are not rolewright's."),
    ] = False,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Render manifests into Terraform modules, after they were checked and proven.

    Nothing is written for any manifest while one has an error.
    """
    if output.is_symlink():
        raise Rejected([_link(output)])
    outcome = build_all(manifests, blueprints, env)
    results: list[tuple[Built, WriteResult]] = []
    findings: list[Finding] = list(outcome.findings)
    if not outcome.refused:
        for built in outcome.built:
            try:
                target = output / built.workload.name
                results.append((built, write(built.module, target, check_only=check, force=force)))
            except Rejected as refusal:
                findings.extend(refusal.findings)
    report(findings, outcome.sources, format_)
    if format_ is Format.TEXT:
        for built, result in results:
            typer.echo(f"{output / built.workload.name}: {_status(result)}; {summary(built)}")
            if check and result.diff:
                typer.echo(result.diff, nl=False)
    if outcome.refused or len(results) < len(outcome.built):
        raise typer.Exit(1)
    if any(result.status == "stale" for _, result in results):
        raise typer.Exit(3)


def _link(output: Path) -> Finding:
    return Finding(
        "write-link",
        f"{output} is a link, and nothing is written through links",
        "give the folder that it leads to",
        Location(str(output)),
    )


def _status(result: WriteResult) -> str:
    changed = len(result.changed) + len(result.removed)
    return result.status if result.status == "unchanged" else f"{result.status} ({changed} files)"


def summary(built: Built) -> str:
    """One line: what was proven of a workload, and what was not."""
    proofs = built.proofs
    roles, permissions = len(built.roles), proofs[0].permissions
    where = f" in {', '.join(p.environment for p in proofs)}" if proofs[0].environment else ""
    kinds = sorted({kind for proof in proofs for kind in proof.not_applied})
    missing = f"; not applied to moto: {', '.join(kinds)}" if kinds else ""
    promised = f", {proofs[0].promises} promises kept" if proofs[0].promises else ""
    return (
        f"{roles} role{'s' * (roles != 1)} proven to allow exactly {permissions} permissions{where}{promised}, "
        f"{proofs[0].applied} resources applied to moto{missing}"
    )
