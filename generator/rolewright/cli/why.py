"""`rolewright why` and `rolewright why-not`: what lets a role do something, or what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, report
from rolewright.finding import Rejected
from rolewright.report.json import findings_json
from rolewright.report.text import printable

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline
    from rolewright.question import Question
    from rolewright.suggest.engine import Suggestion

_Manifest = Annotated[Path, typer.Argument(metavar="MANIFEST", help="Manifest file.", show_default=False)]
_Words = Annotated[
    list[str],
    typer.Argument(
        metavar="ACTION RESOURCE",
        help="Such as s3:GetObject arn:aws:s3:::my-bucket/key; or the text of a denial as it stands in a log.",
        show_default=False,
    ),
]


_Patch = Annotated[
    Path | None,
    typer.Option("--patch", metavar="FILE", help="Write the manifest with the first change that would allow it."),
]


def why(
    manifest: _Manifest,
    words: _Words,
    patch: _Patch = None,
    environments: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show which line of the manifest lets a role do something; exits 1 where none does, and says what would.

    Takes the text of an error as it stands in a log in place of both, of an SDK, of Terraform or of ECS. A change is
    shown only after it was applied, built and asked again. With --patch the manifest with the first of them is written
    to another file.
    """
    if not _answered(manifest, words, environments, blueprints, format_, patch):
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
    if _answered(manifest, words, environments, blueprints, format_, None):
        raise typer.Exit(1)


def _answered(
    manifest: Path,
    words: list[str],
    environments: list[str] | None,
    blueprints: list[Path] | None,
    format_: Format,
    patch: Path | None,
) -> bool:
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import, and only these commands need it
    from rolewright.report.question import suggestion_json, suggestion_text  # noqa: PLC0415
    from rolewright.suggest.messages import question_of  # noqa: PLC0415

    question = question_of(words)
    if question is None:
        raise typer.BadParameter("give an action and a resource, or the text of a denial")
    if patch is not None and patch.exists():
        raise typer.BadParameter(f"{patch} is there already: name another file")
    with Pipeline(blueprints or ()) as pipeline:
        try:
            asked = _suggestions(pipeline, manifest, question, environments or [])
        except Rejected as refusal:
            report(refusal.findings, pipeline.sources, format_)
            raise typer.Exit(1) from None
    if format_ is Format.JSON:
        typer.echo(json.dumps({"answers": suggestion_json(asked), **findings_json([])}, indent=2))
    else:
        typer.echo("\n".join(map(suggestion_text, asked)), nl=False)
    if patch is not None:
        _write(patch, asked)
    return any(one.answer.is_allowed for one in asked)


def _suggestions(pipeline: Pipeline, manifest: Path, question: Question, environments: list[str]) -> list[Suggestion]:
    """The answers of a manifest's workloads: those that have a role that asked, or else of all."""
    from rolewright.question import answer  # noqa: PLC0415
    from rolewright.suggest.engine import suggest  # noqa: PLC0415

    document = pipeline.read(manifest)
    found = []
    for index, (workload, roles, module) in enumerate(pipeline.rendered(manifest)):
        if environments and not any(e.name in environments for e in workload.environments):
            continue
        one = suggest(question, document, index, pipeline.catalog, build=pipeline.errors, only=environments)
        asking = [role for role in roles if role.key in one.answer.keys]
        told = answer(one.answer.question, workload, asking, module, pipeline.catalog, environments)
        found.append(replace(one, answer=replace(told, blocked=one.answer.blocked)))
    if not found:
        raise typer.BadParameter(f"{manifest} has no environment {' or '.join(environments)}")
    return [one for one in found if one.answer.roles] or found[:1]


def _write(patch: Path, asked: list[Suggestion]) -> None:
    from rolewright.cli.files import write_file  # noqa: PLC0415 - only this option needs it

    advice = next((advice for one in asked for advice in one.advice), None)
    if advice is None:
        typer.echo(f"{patch}: not written, as nothing was found that would allow it", err=True)
        return
    write_file(patch, advice.text)
    typer.echo(printable(f"{patch}: {advice.said}"), err=True)
