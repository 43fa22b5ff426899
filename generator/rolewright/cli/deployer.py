"""`rolewright deployer`: the least policies for Terraform itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Manifests, report
from rolewright.cli.files import write_files
from rolewright.core.finding import any_error


def deployer(
    manifests: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that the policies go to.")] = Path("deployer"),
    blueprints: Blueprints = None,
    env: Environments = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 3 and show a diff if the policies are not current.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also overwrite files that were edited by hand or are not rolewright's.")
    ] = False,
) -> None:
    """Write the least policies with which Terraform plans (reads alone) and applies these modules.

    For each environment `NAME-plan.json` and `NAME-apply.json`, numbered where one would exceed what a managed policy
    may hold. Roles are passed to their own services alone, and made with the manifest's boundary alone.
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
    write_files(files, {name: _summary(text) for name, text in files.items()}, output, check=check, force=force)


def _summary(text: str) -> str:
    statements = json.loads(text)["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    return f"{len(actions)} actions in {len(statements)} statements"
