"""`rolewright policies`: what each role may do, as plain JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Manifests, Quiet, report
from rolewright.cli.files import write_files
from rolewright.core.finding import any_error


def policies(
    manifests: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder for the policies.")] = Path("policies"),
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
    """Write each role's policies as plain JSON, in the form that IAM Access Analyzer's checks expect.

    `WORKLOAD[-ENVIRONMENT]-ROLE.json` holds everything the role may do, `…-ROLE-trust.json` who may assume it, and
    `WORKLOAD[-ENVIRONMENT]-never-N.json` a promise, as access that must not be granted. Parts of an ARN that AWS
    chooses when it creates the resource are written as `made-by-terraform`, and an input as `input-NAME`, with `*` for
    the account and region of an ARN.

    \b
    Example:
      rolewright policies services --env prod
    """
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - only this command needs all this
    from rolewright.review.access_analyzer import analyzer_documents  # noqa: PLC0415

    with Pipeline(blueprints or (), env or ()) as pipeline:
        modules, findings = pipeline.modules(manifests)
    report(findings, pipeline.sources)
    if any_error(findings):
        raise typer.Exit(1)
    documents = [
        document
        for built in modules
        for document in analyzer_documents(built.workload, built.roles, built.declaration, env or (), pipeline.catalog)
    ]
    files = {document.file: json.dumps(document.content, indent=2) + "\n" for document in documents}
    write_files(
        files,
        {document.file: document.purpose for document in documents},
        output,
        check=check,
        force=force,
        quiet=quiet,
    )
