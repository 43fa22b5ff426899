"""`rolewright plan`: real Terraform on the modules, without an AWS account."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.batch.cpus import cpus
from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, Manifests, report, say, show
from rolewright.core.finding import any_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.core.finding import Finding
    from rolewright.terraform.lifecycle import LifecycleOutcome

MISSING = 4
_GET = (
    "install it from https://developer.hashicorp.com/terraform/install or https://opentofu.org/docs/intro/install, "
    "or say where it is with --terraform PATH"
)


def plan(
    manifests: Manifests,
    blueprints: Blueprints = None,
    env: Environments = None,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="Also apply to moto, plan a second time, which must change nothing, and destroy."),
    ] = False,
    aws: Annotated[
        bool,
        typer.Option("--aws", help="Plan with your own credentials against AWS in place of moto; never applies."),
    ] = False,
    program: Annotated[
        Path | None,
        typer.Option("--terraform", help="Terraform or OpenTofu; if left out, the first of the two on the PATH."),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Terraform processes at a time; as many as CPUs if left out."),
    ] = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Run real Terraform on the modules, against a moto server on loopback: init, validate, plan.

    No credentials are read and none are needed. `terraform init` fetches the AWS provider unless your Terraform
    settings name a mirror or a cache. Nothing is written to the output folder.
    """
    if apply and aws:
        raise typer.BadParameter("--aws only plans: leave --apply out")
    terraform = _program(program)
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import
    from rolewright.terraform.lifecycle import LifecycleSteps  # noqa: PLC0415
    from rolewright.terraform.run import run_modules  # noqa: PLC0415
    from rolewright.terraform.terraform import Terraform, TerraformError, own_environment  # noqa: PLC0415

    own = own_environment()  # the sandbox, which the pipeline opens, puts its own credentials into the process
    with Pipeline(blueprints or (), env or ()) as pipeline:
        modules, findings = pipeline.modules(manifests)
        if any_error(findings):
            report(findings, pipeline.sources, format_)
            raise typer.Exit(1)
        if format_ is Format.TEXT:
            report(findings, pipeline.sources)
        wanted = LifecycleSteps(Terraform(terraform, own), env or (), apply, aws, _show_step)
        try:
            lived, faults = run_modules(modules, wanted, jobs or cpus())
        except TerraformError as error:
            say(f"{terraform} failed: {error}", err=True)
            raise typer.Exit(1) from None
    _report(lived, faults, pipeline.sources, format_)
    if faults:
        raise typer.Exit(1)


def _report(lived: list[LifecycleOutcome], faults: list[Finding], sources: Mapping[str, str], format_: Format) -> None:
    from rolewright.report.plan import plan_json, plan_text  # noqa: PLC0415 - only this command needs it

    if format_ is Format.JSON:
        from rolewright.report.json import findings_json  # noqa: PLC0415

        show(json.dumps({"modules": plan_json(lived), **findings_json(faults)}, indent=2))
    else:
        report(faults, sources)
        show(plan_text(lived), nl=False)


def _program(named: Path | None) -> str:
    from rolewright.terraform.terraform import find_terraform  # noqa: PLC0415 - only this command needs it

    found = find_terraform() if named is None else shutil.which(named)
    if found is None:
        what = "neither terraform nor tofu is on the PATH" if named is None else f"{named} is no program"
        say(f"{what}: {_GET}", err=True)
        raise typer.Exit(MISSING)
    return found


def _show_step(step: str) -> None:
    say(f"terraform: {step}", err=True)
