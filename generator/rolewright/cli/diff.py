"""`rolewright diff`: what workloads may do that they could not before."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rolewright.blueprint import load_catalog
from rolewright.cli.console import Blueprints, show
from rolewright.cli.files import require_there

WIDENED, CHANGED = 3, 5


class DiffFormat(StrEnum):
    """How a difference is shown."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def diff(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="OLD NEW", help="Two manifests or folders; with --base any number.", show_default=False),
    ],
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REV", help="Compare with this revision of git, such as origin/main."),
    ] = None,
    blueprints: Blueprints = None,
    format_: Annotated[DiffFormat, typer.Option("--format", help="How the difference is shown.")] = DiffFormat.TEXT,
) -> None:
    """Show what roles may do that they could not before, and the reverse, in each environment.

    Permissions are compared as sets: what is only written otherwise is no difference. Workloads are matched by
    name; in a folder, YAML files with a `workload` are read, and modules that `rolewright render` wrote are read back.
    Other Terraform is not read, and a folder with nothing else is wrong use. Exits 0 where nothing differs, 3 where
    anybody may do more than before, 5 where something differs and nobody may, and 1 where a manifest is refused.
    """
    from rolewright.report.difference import (  # noqa: PLC0415 - only this command needs all this
        difference_json,
        difference_markdown,
        difference_text,
    )
    from rolewright.review.comparison import compare_paths, compare_since  # noqa: PLC0415

    catalog = load_catalog(blueprints or ())
    if base is not None:
        comparison = compare_since(base, paths, catalog)
    elif len(paths) == 2:
        require_there(paths)
        comparison = compare_paths(paths[0], paths[1], catalog)
    else:
        raise typer.BadParameter("give the old and the new manifest or folder, or --base REV")
    differences, compared = comparison.differences, comparison.compared
    if format_ is DiffFormat.JSON:
        show(json.dumps(difference_json(differences, compared), indent=2))
    else:
        write = difference_markdown if format_ is DiffFormat.MARKDOWN else difference_text
        show(write(differences, compared), nl=False)
    if any(difference.widened for difference in differences):
        raise typer.Exit(WIDENED)
    if any(difference.changed for difference in differences):
        raise typer.Exit(CHANGED)
