"""`rolewright why` and `rolewright why-not`: what lets a role do something, or what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, report
from rolewright.finding import Rejected
from rolewright.report.json import findings_json

_Manifest = Annotated[Path, typer.Argument(metavar="MANIFEST", help="Manifest file.", show_default=False)]
_Words = Annotated[
    list[str],
    typer.Argument(
        metavar="ACTION RESOURCE",
        help="Such as s3:GetObject arn:aws:s3:::my-bucket/key; or the text of an AccessDenied error.",
        show_default=False,
    ),
]


def why(
    manifest: _Manifest,
    words: _Words,
    environments: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show which line of the manifest lets a role do something; exits 1 where none does, and says what would.

    Takes the text of an error as it stands in a log ("… is not authorized to perform: …") in place of both.
    """
    if not _answered(manifest, words, environments, blueprints, format_):
        raise typer.Exit(1)


def why_not(
    manifest: _Manifest,
    words: _Words,
    environments: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show why a role may not do something, and the change of the manifest that would let it.

    Exits 1 where a role may do it after all, and shows what lets it.
    """
    if _answered(manifest, words, environments, blueprints, format_):
        raise typer.Exit(1)


def _answered(
    manifest: Path, words: list[str], environments: list[str] | None, blueprints: list[Path] | None, format_: Format
) -> bool:
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import, and only these commands need it
    from rolewright.question import answer, question_of  # noqa: PLC0415
    from rolewright.report.question import answer_json, answer_text  # noqa: PLC0415

    question = question_of(words)
    if question is None:
        raise typer.BadParameter("give an action and a resource, or an error with `is not authorized to perform`")
    with Pipeline(blueprints or ()) as pipeline:
        try:
            answers = [
                answer(question, workload, roles, module, pipeline.catalog, environments or ())
                for workload, roles, module in pipeline.rendered(manifest)
            ]
        except Rejected as refusal:
            report(refusal.findings, pipeline.sources, format_)
            raise typer.Exit(1) from None
    asked = [one for one in answers if one.roles]
    if not asked:
        whose = f"the role {question.role}" if question.role else f"the environment {', '.join(environments or ())}"
        raise typer.BadParameter(f"{whose} is none of {manifest}")
    if format_ is Format.JSON:
        typer.echo(json.dumps({"answers": answer_json(asked), **findings_json([])}, indent=2))
    else:
        typer.echo("\n".join(map(answer_text, asked)), nl=False)
    return any(one.is_allowed for one in asked)
