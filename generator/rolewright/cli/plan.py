"""`rolewright plan`: real Terraform on the modules, without an AWS account."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, Manifests, report, say, show
from rolewright.core.finding import Finding, Location, any_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.pipeline import Built, Pipeline
    from rolewright.terraform.root import Fault

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
    from rolewright.terraform.lifecycle import Wanted, live  # noqa: PLC0415
    from rolewright.terraform.server import moto_server  # noqa: PLC0415
    from rolewright.terraform.terraform import (  # noqa: PLC0415
        Terraform,
        TerraformError,
        loopback_environment,
        own_environment,
    )

    own = own_environment()  # the sandbox, which the pipeline opens, puts its own credentials into the process
    with Pipeline(blueprints or (), env or ()) as pipeline:
        modules = _build(pipeline, list(dict.fromkeys(manifests)), format_)
        with nullcontext("") if aws else moto_server() as address:
            environment = own if aws else loopback_environment(address)
            wanted = Wanted(Terraform(terraform, environment), env or (), apply, aws, _tell)
            try:
                lived, faults = live(modules, wanted, jobs or os.cpu_count() or 1)
            except TerraformError as error:
                say(f"{terraform} failed: {error}", err=True)
                raise typer.Exit(1) from None
        findings = [_finding(fault, terraform) for fault in faults]
    from rolewright.report.plan import plan_json, plan_text  # noqa: PLC0415

    if format_ is Format.JSON:
        from rolewright.report.json import findings_json  # noqa: PLC0415

        show(json.dumps({"modules": plan_json(lived), **findings_json(findings)}, indent=2))
    else:
        report(findings, pipeline.sources)
        show(plan_text(lived), nl=False)
    if findings:
        raise typer.Exit(1)


def _program(named: Path | None) -> str:
    from rolewright.terraform.terraform import find_terraform  # noqa: PLC0415 - only this command needs it

    found = find_terraform() if named is None else shutil.which(named)
    if found is None:
        what = "neither terraform nor tofu is on the PATH" if named is None else f"{named} is no program"
        say(f"{what}: {_GET}", err=True)
        raise typer.Exit(MISSING)
    return found


def _build(pipeline: Pipeline, manifests: Iterable[Path], format_: Format) -> list[Built]:
    """Return the proven modules; exit where there is a finding that bars them."""
    modules, findings = pipeline.modules(manifests)
    if any_error(findings):
        report(findings, pipeline.sources, format_)
        raise typer.Exit(1)
    if format_ is Format.TEXT:
        report(findings, pipeline.sources)
    return modules


def _finding(fault: Fault, program: str) -> Finding:
    """Return a finding at the line of the manifest that the module's line names."""
    from rolewright.hcl.parse import parse  # noqa: PLC0415 - slow to import
    from rolewright.pipeline import locate  # noqa: PLC0415

    rule = f"terraform-{fault.step.replace(' ', '-')}"
    remedy = "the value in the manifest or the blueprint's template that this line comes from does not fit"
    if fault.step in ("apply", "second plan", "destroy"):
        remedy = "moto may be at fault, which is not AWS: look at the resource's page in the provider's documentation"
    if fault.call is None:
        remedy = "this is about Terraform's settings or credentials, and not about a manifest"
        return Finding(rule, fault.text, remedy, Location(program))
    built = fault.call.built
    place = f"{built.workload.name}{f' in {name}' if (name := fault.call.environment.name) else ''}"
    finding = Finding(rule, f"{place}: {fault.text}", remedy, Location(fault.file, max(fault.line, 1), 1))
    if fault.file not in built.module.files:
        return Finding(rule, finding.message, remedy, built.workload.locate("compute"), "compute")
    return locate(finding, parse(built.module), built.workload)


def _tell(step: str) -> None:
    say(f"terraform: {step}", err=True)
