"""`rolewright why` and `rolewright why-not`: what lets a role do something, or what is missing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, report, say, show
from rolewright.core.files import is_there
from rolewright.core.finding import Rejected
from rolewright.core.printable import printable
from rolewright.report.json import findings_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.pipeline import Pipeline, Rendered
    from rolewright.review.why import Question
    from rolewright.suggest.engine import Advice, Suggestion
    from rolewright.yaml.load import Document


_Manifest = Annotated[Path, typer.Argument(metavar="MANIFEST", help="Manifest file.", show_default=False)]
_MOST = 20
"""Denials of one text that are answered: each change is built and proven."""

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

    Takes the text of an error as it stands in a log in place of both, of an SDK, of Terraform or of ECS; where it tells
    several denials, each is answered, and it exits 0 only where all are allowed. A change is shown only after it was
    applied, built and asked again. With --patch the manifest with the first change for each is written to another file.
    """
    if not all(_answered(manifest, words, environments, blueprints, format_, patch)):
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
    if any(_answered(manifest, words, environments, blueprints, format_, None)):
        raise typer.Exit(1)


def _answered(
    manifest: Path,
    words: list[str],
    environments: list[str] | None,
    blueprints: list[Path] | None,
    format_: Format,
    patch: Path | None,
) -> list[bool]:
    """Whether each denial is allowed."""
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import, and only these commands need it
    from rolewright.report.question import suggestion_json, suggestion_text  # noqa: PLC0415
    from rolewright.suggest.messages import questions_of  # noqa: PLC0415

    questions = questions_of(words)
    if not questions:
        raise typer.BadParameter("give an action and a resource, or the text of a denial")
    if patch is not None and is_there(patch):
        raise typer.BadParameter(f"{patch} is there already: name another file")
    with Pipeline(blueprints or ()) as pipeline:
        try:
            document, known = pipeline.read(manifest), list(pipeline.rendered(manifest))
            if environments and not any(e.name in environments for one in known for e in one.workload.environments):
                raise typer.BadParameter(f"{manifest} has no environment {' or '.join(environments)}")
            first, only = questions[:_MOST], environments or []
            asked = [_suggestions(pipeline, document, known, one, only) for one in first]
            written = _patched(pipeline, document, first, only) if patch is not None else ()
        except Rejected as refusal:
            report(refusal.findings, pipeline.sources, format_)
            raise typer.Exit(1) from None
    if format_ is Format.JSON:
        listed = [one for answers in asked for one in answers]
        show(json.dumps({"answers": suggestion_json(listed), **findings_json([])}, indent=2))
    else:
        show("\n".join(suggestion_text(one) for answers in asked for one in answers), nl=False)
    if len(questions) > _MOST:
        say(f"{len(questions) - _MOST} more denials in this text: ask for them by themselves", err=True)
    if patch is not None:
        _write(patch, written)
    allowed = [any(one.answer.is_allowed for one in answers) for answers in asked]
    return [*allowed, *(False for _ in questions[_MOST:])]


def _suggestions(
    pipeline: Pipeline,
    document: Document,
    known: Sequence[Rendered],
    question: Question,
    environments: list[str],
) -> list[Suggestion]:
    """Answer for a manifest's workloads: those that have the role that asked, or else all."""
    from rolewright.review.why import answer  # noqa: PLC0415
    from rolewright.suggest.engine import suggest  # noqa: PLC0415

    found = []
    for index, rendered in enumerate(known):
        workload = rendered.workload
        if environments and not any(e.name in environments for e in workload.environments):
            continue
        one = suggest(question, document, index, pipeline.catalog, build=pipeline.errors, only=environments)
        asking = [role for role in rendered.roles if role.key in one.answer.keys]
        told = answer(one.answer.question, workload, asking, rendered.module, pipeline.catalog, environments)
        found.append(replace(one, answer=replace(told, blocked=one.answer.blocked)))
    return [one for one in found if one.answer.roles] or found[:1]


def _patched(
    pipeline: Pipeline, document: Document, questions: Sequence[Question], environments: list[str]
) -> tuple[Advice, ...]:
    """Make the first change for each denial, each on top of those before it."""
    from rolewright.suggest.engine import suggest  # noqa: PLC0415
    from rolewright.yaml.load import loads  # noqa: PLC0415 - only with --patch

    taken: list[Advice] = []
    for question in questions:
        for index in range(len(document.trees)):
            one = suggest(question, document, index, pipeline.catalog, build=pipeline.errors, only=environments)
            if one.answer.roles and one.advice:
                taken.append(one.advice[0])
                document = loads(one.advice[0].text, document.file)
                break
    return tuple(taken)


def _write(patch: Path, written: Sequence[Advice]) -> None:
    from rolewright.cli.files import write_file  # noqa: PLC0415 - only this option needs it

    if not written:
        say(f"{patch}: not written, as nothing was found that would allow it", err=True)
        return
    write_file(patch, written[-1].text)
    for advice in written:
        say(printable(f"{patch}: {advice.said}"), err=True)
