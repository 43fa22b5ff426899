"""`rolewright deployer`: the least policies for Terraform itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Manifests, Quiet, report
from rolewright.cli.files import write_files
from rolewright.core.finding import any_error


def deployer(
    manifests: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder for the policies.")] = Path("deployer"),
    blueprints: Blueprints = None,
    env: Environments = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; show a diff and exit 3 if the policies are out of date.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also overwrite files that were edited by hand or not written by rolewright."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Write the least-privilege policies that Terraform needs to plan and apply these modules.

    Each environment gets `NAME-plan.json` (read only) and `NAME-apply.json`, split into numbered files where one would
    exceed the size limit of a managed policy. They allow passing each role only to its own service, and creating roles
    only with the manifest's permissions boundary.

    \b
    Example:
      rolewright deployer services --output deployer
    """
    from rolewright.deployer.actions import load_actions  # noqa: PLC0415 - only this command needs it
    from rolewright.deployer.files import policy_files  # noqa: PLC0415
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import

    with Pipeline(blueprints or (), env or ()) as pipeline:
        actions = load_actions(blueprints or ())
        modules, findings = pipeline.modules(manifests)
        files, unknown = policy_files(modules, env or (), actions)
    report([*findings, *unknown], pipeline.sources)
    if any_error([*findings, *unknown]):
        raise typer.Exit(1)
    write_files(
        files, {name: _summary(text) for name, text in files.items()}, output, check=check, force=force, quiet=quiet
    )


def _summary(text: str) -> str:
    statements = json.loads(text)["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    return f"{len(actions)} actions in {len(statements)} statements"
