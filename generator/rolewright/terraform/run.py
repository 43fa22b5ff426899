"""Proven modules in real Terraform: against a moto server that lives as long as the run, or against AWS."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from rolewright.core.finding import Finding, Location
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import locate
from rolewright.review.sides import content_since, with_texts
from rolewright.terraform.changes import plan_changes
from rolewright.terraform.lifecycle import live
from rolewright.terraform.server import moto_server
from rolewright.terraform.terraform import loopback_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rolewright.pipeline import Built, Pipeline
    from rolewright.terraform.changes import ModuleChange
    from rolewright.terraform.lifecycle import LifecycleOutcome, LifecycleSteps
    from rolewright.terraform.root import Fault


def run_modules(
    modules: Sequence[Built], wanted: LifecycleSteps, jobs: int
) -> tuple[list[LifecycleOutcome], list[Finding]]:
    """Lead modules through their life, and return the outcomes, and what Terraform objects to in the manifests.

    With `own` Terraform has the environment that it was given, and else that of a server on loopback, without any
    credentials. Raises TerraformError as `live` does.
    """
    with nullcontext("") if wanted.own else moto_server() as address:
        terraform = wanted.terraform
        if not wanted.own:
            terraform = replace(terraform, environment=loopback_environment(address))
        lived, faults = live(modules, replace(wanted, terraform=terraform), jobs)
    return lived, [_finding(fault, terraform.program) for fault in faults]


def run_changes(
    pipeline: Pipeline, revision: str, manifests: Sequence[Path], modules: Sequence[Built], wanted: LifecycleSteps
) -> tuple[list[ModuleChange], list[Finding]]:
    """Return what modules change of what their manifests described at a revision of git, and Terraform's objections.

    Raises Rejected for a manifest that was wrong at that revision, MisuseError for a file that is not there now and was
    not then, and TerraformError as `live` does.
    """
    documents = content_since(revision, manifests)[0].documents
    with with_texts(documents):
        before = [
            pipeline.render(workload)
            for document in documents
            for workload in read_manifest(document, pipeline.catalog)
        ]
    changes, faults = plan_changes(before, modules, wanted.terraform.program, wanted.environments, wanted.tell)
    return changes, [_finding(fault, wanted.terraform.program) for fault in faults]


def _finding(fault: Fault, program: str) -> Finding:
    """Return a finding at the line of the manifest that the module's line names."""
    rule = f"terraform-{fault.step.replace(' ', '-')}"
    remedy = "correct the value in the manifest, or the blueprint's template, that this line comes from"
    if fault.step in ("apply", "second plan", "destroy"):
        remedy = "moto may behave differently from AWS here: check the resource's page in the provider's documentation"
    if fault.call is None:
        remedy = "check Terraform's settings or credentials; the manifest is not the cause"
        return Finding(rule, fault.text, remedy, Location(program))
    built = fault.call.built
    place = f"{built.workload.name}{f' in {name}' if (name := fault.call.environment.name) else ''}"
    finding = Finding(rule, f"{place}: {fault.text}", remedy, Location(fault.file, max(fault.line, 1), 1))
    if fault.file not in built.module.files:
        return Finding(rule, finding.message, remedy, built.workload.locate("compute"), "compute")
    return locate(finding, parse(built.module), built.workload)
