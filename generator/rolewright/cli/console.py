"""What commands share: options, and findings on their way to the user."""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rolewright.cli.given import given, manifest_names
from rolewright.core.files import UnreadableError, read_text
from rolewright.core.printable import one_line, visible
from rolewright.manifest.find import find_manifests
from rolewright.report.github import findings_github
from rolewright.report.json import findings_json
from rolewright.report.sarif import findings_sarif
from rolewright.report.text import findings_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rolewright.core.finding import Finding


class Format(StrEnum):
    """How a result is shown."""

    TEXT = "text"
    JSON = "json"


class FindingsFormat(StrEnum):
    """How findings are shown: to people, to programs, on GitHub's pages, and to its code scanning."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


MODULES = Path("output")
"""Where modules are written if neither an option nor a setting says where."""


def _found(ctx: typer.Context, value: Any) -> list[Path]:  # noqa: ANN401 - the paths that are given
    """Return the manifests that paths name, or the usual ones, and say which YAML beside them was not read."""
    if ctx.resilient_parsing:
        return []
    found = find_manifests(value)
    given(ctx, [path for path in value if path in found.manifests])  # no folder, and no pattern
    if found.left:
        say(f"not read, as they name no workload: {', '.join(map(str, found.left))}", err=True)
    if found.unread:
        say(f"not read, as they are linked folders or no plain files: {', '.join(map(str, found.unread))}", err=True)
    return list(found.manifests)


Manifests = Annotated[
    list[Path],
    typer.Argument(
        default_factory=list,
        help="Manifests: files, folders or patterns. Default: those of rolewright.toml, "
        "or rolewright.yaml and services/*.yaml.",
        show_default=False,
        metavar="MANIFEST...",
        readable=False,  # whether one can be read is a finding, and the others are looked at
        callback=_found,
        autocompletion=manifest_names,
    ),
]
Manifest = Annotated[
    Path,
    typer.Argument(
        metavar="MANIFEST",
        help="Manifest file.",
        show_default=False,
        readable=False,
        callback=given,
        autocompletion=manifest_names,
    ),
]
Blueprints = Annotated[
    list[Path] | None,
    typer.Option(
        "--blueprints",
        help="Folder of blueprints that extend or replace the built-in ones; repeatable.",
        callback=given,
    ),
]
Environments = Annotated[list[str] | None, typer.Option("--env", help="Only this environment; repeatable.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print findings alone; the exit code says the rest.")]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format of the result.")]
FindingsFormatOption = Annotated[FindingsFormat, typer.Option("--format", help="Output format of findings.")]


def say(text: str, *, err: bool = False) -> None:
    """Print one line: the name of a file that is in it makes no second one, and hides nothing."""
    show(one_line(text), err=err)


def show(text: str, *, nl: bool = True, err: bool = False) -> None:
    """Print lines, with what nobody can see in them as escapes."""
    typer.echo(visible(text), nl=nl, err=err)


def report(
    findings: Sequence[Finding],
    sources: Mapping[str, str],
    format_: Format | FindingsFormat = Format.TEXT,
) -> None:
    """Show findings: text on stderr, anything else on stdout."""
    if format_ == Format.JSON:
        typer.echo(json.dumps(findings_json(findings), indent=2))
    elif format_ is FindingsFormat.SARIF:
        typer.echo(json.dumps(findings_sarif(findings, metadata.version("rolewright")), indent=2))
    elif format_ is FindingsFormat.GITHUB:
        typer.echo(findings_github(findings), nl=False)
    elif findings:
        others = {finding.location.file for finding in findings if finding.shows_lines} - sources.keys()
        texts = {file: _text(file) for file in sorted(others)}
        framed = {file: text for file, text in {**texts, **sources}.items() if text}  # a folder has no line to show
        typer.echo(findings_text(findings, framed, color=_color()), err=True)


def _text(file: str) -> str:
    """Return the text of a file that a finding is in, to show lines of it; "" if it cannot be shown."""
    try:
        return read_text(file)
    except UnreadableError:
        return ""


def is_watched() -> bool:
    """Return whether somebody looks at stderr while the command runs: what is for them alone is not in a pipe."""
    return sys.stderr is not None and sys.stderr.isatty()  # none at all where it was closed before the start


def say_next(text: str) -> None:
    """Say on a terminal what to do after this command."""
    if is_watched():
        say(f"next: {text}", err=True)


def show_markdown(text: str) -> None:
    """Print Markdown: set for reading on a terminal, as it is elsewhere."""
    if sys.stdout is None or not sys.stdout.isatty():
        show(text, nl=False)
        return
    from rich.console import Console  # noqa: PLC0415 - only pages on a terminal need them
    from rich.markdown import Markdown  # noqa: PLC0415

    Console().print(Markdown(visible(text), code_theme="ansi_dark", hyperlinks=False))


def _color() -> bool:
    return is_watched() and not os.environ.get("NO_COLOR") and not os.environ.get("CI")
