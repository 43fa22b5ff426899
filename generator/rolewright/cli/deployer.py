"""`rolewright deployer`: the least policies for Terraform itself."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Manifests, report
from rolewright.cli.files import write_files
from rolewright.core.finding import Rejected, any_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.deployer.policies import DeployerPermission


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
    found = _permissions(list(dict.fromkeys(manifests)), blueprints or (), env or ())
    files = _files(found)
    write_files(files, {name: _told(text) for name, text in files.items()}, output, check=check, force=force)


def _told(text: str) -> str:
    statements = json.loads(text)["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    return f"{len(actions)} actions in {len(statements)} statements"


def _permissions(
    manifests: list[Path], blueprints: list[Path] | tuple[()], environments: list[str] | tuple[()]
) -> Mapping[str, list[DeployerPermission]]:
    """Return what Terraform needs in each environment; exit where a manifest or a blueprint is refused."""
    from rolewright.deployer.actions import load_actions  # noqa: PLC0415
    from rolewright.deployer.policies import permissions  # noqa: PLC0415
    from rolewright.hcl.parse import parse  # noqa: PLC0415 - slow to import
    from rolewright.pipeline import Pipeline  # noqa: PLC0415
    from rolewright.prove.evaluate import evaluate  # noqa: PLC0415

    found: dict[str, list[DeployerPermission]] = defaultdict(list)
    with Pipeline(blueprints, environments) as pipeline:
        actions = load_actions(blueprints)
        modules, findings = pipeline.modules(manifests)
        for built in modules:
            for environment in built.workload.environments:
                if not environments or environment.name in environments:
                    plan = evaluate(parse(built.module), environment)
                    try:
                        found[environment.name] += permissions(built.workload, built.roles, plan, environment, actions)
                    except Rejected as refusal:
                        findings += refusal.findings
        report(findings, pipeline.sources)
    if any_error(findings):
        raise typer.Exit(1)
    return found


def _files(found: Mapping[str, list[DeployerPermission]]) -> dict[str, str]:
    from rolewright.deployer.policies import documents  # noqa: PLC0415 - only this command needs it

    files: dict[str, str] = {}
    for environment, permissions in sorted(found.items()):
        for kind in ("plan", "apply"):
            made = documents(permissions, write=kind == "apply")
            for number, document in enumerate(made, 1):
                name = "-".join(filter(None, (environment, kind, str(number) if len(made) > 1 else "")))
                files[f"{name}.json"] = json.dumps(document, indent=2) + "\n"
    return files
