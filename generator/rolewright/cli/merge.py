"""`rolewright merge`: the reports of several shares → one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import FindingsFormat, FindingsFormatOption, report
from rolewright.core.files import UnreadableError, read_json
from rolewright.core.finding import any_error
from rolewright.report.json import ForeignReportError, findings_of

if TYPE_CHECKING:
    from rolewright.core.finding import Finding


def merge(
    reports: Annotated[
        list[Path],
        typer.Argument(metavar="REPORT...", help="Findings written with --format json.", show_default=False),
    ],
    format_: FindingsFormatOption = FindingsFormat.TEXT,
) -> None:
    """Combine the findings of several runs, as one run over all manifests would show them.

    Exits 1 if one of the findings is an error.

    \b
    Example:
      rolewright merge share-1.json share-2.json
    """
    findings: list[Finding] = []
    for path in reports:
        try:
            findings += findings_of(read_json(path, names=True))
        except UnreadableError as error:
            raise typer.BadParameter(f"{path} {error}") from None
        except ForeignReportError as error:
            raise typer.BadParameter(f"{path} was not written with --format json: {error}") from None
    report(findings, {}, format_)
    if any_error(findings):
        raise typer.Exit(1)
