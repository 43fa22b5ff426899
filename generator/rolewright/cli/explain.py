"""`rolewright explain`: what a module cannot say of itself to the code that runs with it."""

from __future__ import annotations

import json
from typing import Any

import typer

from rolewright.cli.app import Command
from rolewright.cli.console import Blueprints, Format, FormatOption, Manifest, show, show_markdown
from rolewright.report.json import findings_json

explain_app = typer.Typer(
    name="explain",
    help="""Explain what happens when the workload runs.

    \b
    Example:
      rolewright explain credentials rolewright.yaml
    """,
    no_args_is_help=True,
)


@explain_app.callback()
def _group() -> None:
    pass


@explain_app.command(cls=Command)
def credentials(
    manifest: Manifest,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Explain where the code finds its role's credentials, what hides them, and how to check that they are used.

    \b
    Example:
      rolewright explain credentials rolewright.yaml
    """
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import, and only this command needs it

    with Pipeline(blueprints or ()) as pipeline:
        explained = list(pipeline.credentials(manifest))
    if format_ is Format.JSON:
        credentials: list[dict[str, Any]] = [
            {"workload": workload.name, "compute": workload.compute.type, "credentials": text or None}
            for workload, text in explained
        ]
        show(json.dumps({"credentials": credentials, **findings_json([])}, indent=2))
        return
    for workload, text in explained:
        type_ = workload.compute.type
        none = f"The blueprint {type_} does not describe credentials: it has no credentials.md.j2.\n"
        show_markdown(f"## {workload.name} on {type_}\n\n{text or none}\n")
