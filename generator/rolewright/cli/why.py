"""`rolewright why` and `rolewright why-not`: what lets a role do something, or what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, say, show
from rolewright.cli.files import write_file
from rolewright.core.files import is_there
from rolewright.core.printable import printable
from rolewright.report.json import findings_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.suggest.engine import Advice


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
) -> tuple[bool, ...]:
    """Show the answers, and return whether each denial is allowed."""
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import, and only these commands need it
    from rolewright.report.question import suggestion_json, suggestion_text  # noqa: PLC0415
    from rolewright.suggest.answers import answer_questions  # noqa: PLC0415
    from rolewright.suggest.messages import questions_of  # noqa: PLC0415

    questions = questions_of(words)
    if not questions:
        raise typer.BadParameter("give an action and a resource, or the text of a denial")
    if patch is not None and is_there(patch):
        raise typer.BadParameter(f"{patch} is there already: name another file")
    with Pipeline(blueprints or ()) as pipeline:
        answers = answer_questions(questions, manifest, pipeline, environments or (), with_changes=patch is not None)
    listed = [suggestion for suggestions in answers.suggestions for suggestion in suggestions]
    if format_ is Format.JSON:
        show(json.dumps({"answers": suggestion_json(listed), **findings_json([])}, indent=2))
    else:
        show("\n".join(map(suggestion_text, listed)), nl=False)
    if answers.left:
        say(f"{answers.left} more denials in this text: ask for them by themselves", err=True)
    if patch is not None:
        _write(patch, answers.changes)
    return answers.allowed


def _write(patch: Path, changes: Sequence[Advice]) -> None:
    if not changes:
        say(f"{patch}: not written, as nothing was found that would allow it", err=True)
        return
    write_file(patch, changes[-1].text)
    for advice in changes:
        say(printable(f"{patch}: {advice.summary}"), err=True)
