"""`rolewright why` and `rolewright why-not`: what lets a role do something, or what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, Manifest, say, show
from rolewright.cli.files import write_file
from rolewright.core.files import is_there
from rolewright.core.printable import printable
from rolewright.report.json import findings_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.suggest.engine import Advice


_Words = Annotated[
    list[str],
    typer.Argument(
        metavar="ACTION RESOURCE",
        help="For example s3:GetObject arn:aws:s3:::my-bucket/key, or one argument: an error message from a log.",
        show_default=False,
    ),
]


_Patch = Annotated[
    Path | None,
    typer.Option("--patch", metavar="FILE", help="Write a copy of the manifest with the first change that allows it."),
]


def why(
    manifest: Manifest,
    words: _Words,
    patch: _Patch = None,
    environments: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show which line of the manifest allows an action, or the change to the manifest that would allow it.

    Instead of an action and a resource you can give an error message from a log, as an SDK, Terraform or ECS writes it.
    If it contains several denials, each is answered. A change is shown only after it was applied, built and checked.
    --patch writes a copy of the manifest with the first change for each denial.

    Exits 1 unless everything asked for is allowed.

    \b
    Example:
      rolewright why rolewright.yaml s3:GetObject arn:aws:s3:::my-bucket/key
    """
    if not all(_answered(manifest, words, environments, blueprints, format_, patch)):
        raise typer.Exit(1)


def why_not(
    manifest: Manifest,
    words: _Words,
    environments: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show why a role may not do something, and the change to the manifest that would allow it.

    Exits 1 if a role may do it after all, and shows the line that allows it.

    \b
    Example:
      rolewright why-not rolewright.yaml s3:PutObject arn:aws:s3:::my-bucket/key
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
        raise typer.BadParameter("give an ACTION and a RESOURCE, or the text of an error message")
    if patch is not None and is_there(patch):
        raise typer.BadParameter(f"{patch} already exists: give another file name")
    with Pipeline(blueprints or ()) as pipeline:
        answers = answer_questions(questions, manifest, pipeline, environments or (), with_changes=patch is not None)
    listed = [suggestion for suggestions in answers.suggestions for suggestion in suggestions]
    if format_ is Format.JSON:
        show(json.dumps({"answers": suggestion_json(listed), **findings_json([])}, indent=2))
    else:
        show("\n".join(map(suggestion_text, listed)), nl=False)
    if answers.left:
        say(f"{answers.left} more denials in this text were not answered: pass them in a separate run", err=True)
    if patch is not None:
        _write(patch, answers.changes)
    return answers.allowed


def _write(patch: Path, changes: Sequence[Advice]) -> None:
    if not changes:
        say(f"{patch}: not written, because no change was found that would allow it", err=True)
        return
    write_file(patch, changes[-1].text)
    for advice in changes:
        say(printable(f"{patch}: {advice.summary}"), err=True)
