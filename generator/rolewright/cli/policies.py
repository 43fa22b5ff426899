"""`rolewright policies`: what each role may do, as plain JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Manifests, report
from rolewright.cli.files import write_files
from rolewright.core.finding import any_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint import Catalog
    from rolewright.pipeline import Built


def policies(
    manifests: Manifests,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that the policies go to.")] = Path("policies"),
    blueprints: Blueprints = None,
    env: Environments = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 3 and show a diff if the policies are not current.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also overwrite files that were edited by hand or are not rolewright's.")
    ] = False,
) -> None:
    """Write each role's policies as plain JSON, in the form that IAM Access Analyzer's checks take.

    `WORKLOAD[-ENVIRONMENT]-ROLE.json` is all that the role may do, `…-ROLE-trust.json` who may assume it, and
    `WORKLOAD[-ENVIRONMENT]-never-N.json` a promise as what must not be granted. Where AWS makes up a part of an ARN,
    `made-by-terraform` stands for it.
    """
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - only this command needs it

    files: dict[str, str] = {}
    summaries: dict[str, str] = {}
    with Pipeline(blueprints or (), env or ()) as pipeline:
        modules, findings = pipeline.modules(manifests)
        report(findings, pipeline.sources)
    if any_error(findings):
        raise typer.Exit(1)
    for built in modules:
        for name, document, what in _documents(built, pipeline.catalog, env or []):
            files[name] = json.dumps(document, indent=2) + "\n"
            summaries[name] = what
    write_files(files, summaries, output, check=check, force=force)


def _documents(built: Built, catalog: Catalog, only: list[str]) -> Iterator[tuple[str, object, str]]:
    """Each file's name, what goes in, and the check that it is for."""
    from rolewright.review.access_analyzer import identity_policy, not_granted, trust_policy  # noqa: PLC0415

    for environment in built.workload.environments:
        if only and environment.name not in only:
            continue
        start = "-".join(filter(None, (built.workload.name, environment.name)))
        for role in built.roles:
            document = identity_policy(role, built.workload, environment, catalog)
            if document["Statement"]:  # a role that may do nothing has no policy
                yield f"{start}-{role.key}.json", document, "IDENTITY_POLICY"
            yield f"{start}-{role.key}-trust.json", trust_policy(role, environment), "RESOURCE_POLICY"
        for number, access in enumerate(not_granted(built.declaration, environment), 1):
            yield f"{start}-never-{number}.json", access, "access of check-access-not-granted"
