"""What commands share: options, and findings on their way to the user."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.report.json import findings_json
from rolewright.report.text import findings_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rolewright.finding import Finding


class Format(StrEnum):
    """How findings are shown."""

    TEXT = "text"
    JSON = "json"


Manifests = Annotated[list[Path], typer.Argument(help="Manifest files.", show_default=False, metavar="MANIFEST...")]
Blueprints = Annotated[
    list[Path] | None,
    typer.Option("--blueprints", help="Folder of blueprints that add to the built-in ones or replace them."),
]
Environments = Annotated[
    list[str] | None, typer.Option("--env", help="Only this environment; may be given several times.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How findings are shown.")]


def report(findings: Sequence[Finding], sources: Mapping[str, str], format_: Format = Format.TEXT) -> None:
    """Show findings: text on stderr, JSON on stdout."""
    if format_ is Format.JSON:
        typer.echo(json.dumps(findings_json(findings), indent=2))
    elif findings:
        blueprints = {f.location.file for f in findings} - sources.keys()
        texts = {file: _text(file) for file in sorted(blueprints)}
        typer.echo(findings_text(findings, {**texts, **sources}, color=_color()), err=True)


def _text(file: str) -> str:
    """A file that a finding is in, to show lines of it; "" if it is none that can be shown."""
    try:
        return Path(file).read_text(encoding="utf-8") if Path(file).is_file() else ""
    except (OSError, ValueError):
        return ""


def _color() -> bool:
    terminal = sys.stderr is not None and sys.stderr.isatty()  # none at all where it was closed before the start
    return terminal and not os.environ.get("NO_COLOR") and not os.environ.get("CI")
