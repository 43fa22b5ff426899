"""`rolewright plan`: real Terraform on the modules, without an AWS account."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rolewright.batch.cpus import cpus
from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, Manifests, report, say, show
from rolewright.core.finding import any_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.core.finding import Finding
    from rolewright.pipeline import Built, Pipeline
    from rolewright.terraform.lifecycle import LifecycleSteps

MISSING = 4
_GET = (
    "install it from https://developer.hashicorp.com/terraform/install or https://opentofu.org/docs/intro/install, "
    "or give its path with --terraform PATH"
)


def plan(
    manifests: Manifests,
    blueprints: Blueprints = None,
    env: Environments = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Also apply to moto, plan again (which must show no changes), and destroy."),
    ] = False,
    aws: Annotated[
        bool,
        typer.Option("--aws", help="Plan against AWS with your own credentials instead of moto; never applies."),
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="REV",
            help="Plan over what the manifests described at this git revision, applied to moto: "
            "what is added, changed, replaced and destroyed.",
        ),
    ] = None,
    program: Annotated[
        Path | None,
        typer.Option("--terraform", help="Path of terraform or tofu. Default: the first of the two on the PATH."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Number of parallel Terraform processes. Default: one per CPU."),
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Run terraform init, validate and plan on the modules, against a local moto server.

    No credentials are needed, and none are read without --aws. `terraform init` downloads the AWS provider unless your
    Terraform settings name a mirror or a cache. Nothing is written to the output folder.

    \b
    Examples:
      rolewright plan
      rolewright plan services/orders.yaml --apply
    """
    if apply and aws:
        raise typer.BadParameter("--aws never applies: leave out --apply or --aws")
    if base is not None and (apply or aws):
        raise typer.BadParameter("--base plans over an earlier revision on moto: leave out --apply and --aws")
    terraform = _program(program)
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import
    from rolewright.report.json import findings_json  # noqa: PLC0415
    from rolewright.terraform.lifecycle import LifecycleSteps  # noqa: PLC0415
    from rolewright.terraform.terraform import Terraform, own_environment  # noqa: PLC0415

    own = own_environment()  # the sandbox, which the pipeline opens, puts its own credentials into the process
    with Pipeline(blueprints or (), env or ()) as pipeline:
        modules, findings = pipeline.modules(manifests)
        if any_error(findings):
            report(findings, pipeline.sources, format_)
            raise typer.Exit(1)
        if format_ is Format.TEXT:
            report(findings, pipeline.sources)
        wanted = LifecycleSteps(Terraform(terraform, own), env or (), apply, aws, _show_step)
        text, objects, faults = _planned(pipeline, manifests, modules, wanted, base, jobs or cpus())
    if format_ is Format.JSON:
        show(json.dumps({"modules": objects, **findings_json(faults)}, indent=2))
    else:
        report(faults, pipeline.sources)
        show(text, nl=False)
    if faults:
        raise typer.Exit(1)


def _planned(
    pipeline: Pipeline,
    manifests: Sequence[Path],
    modules: Sequence[Built],
    wanted: LifecycleSteps,
    base: str | None,
    jobs: int,
) -> tuple[str, list[dict[str, Any]], list[Finding]]:
    """Return the outcome as text and for programs, and what Terraform objects to. Exits 1 where Terraform fails."""
    from rolewright.report.plan import changes_json, changes_text, plan_json, plan_text  # noqa: PLC0415
    from rolewright.terraform.run import run_changes, run_modules  # noqa: PLC0415
    from rolewright.terraform.terraform import TerraformError  # noqa: PLC0415

    try:
        if base is None:
            lived, faults = run_modules(modules, wanted, jobs)
            return plan_text(lived), plan_json(lived), faults
        changes, faults = run_changes(pipeline, base, manifests, modules, wanted)
        return changes_text(changes), changes_json(changes), faults
    except TerraformError as error:
        say(f"{wanted.terraform.program} failed: {error}", err=True)
        raise typer.Exit(1) from None


def _program(named: Path | None) -> str:
    from rolewright.terraform.terraform import find_terraform  # noqa: PLC0415 - only this command needs it

    found = find_terraform() if named is None else shutil.which(named)
    if found is None:
        what = "neither terraform nor tofu is on the PATH" if named is None else f"{named} is not a program"
        say(f"{what}: {_GET}", err=True)
        raise typer.Exit(MISSING)
    return found


def _show_step(step: str) -> None:
    say(f"terraform: {step}", err=True)
