"""`rolewright diff`: what workloads may do that they could not before."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, show
from rolewright.cli.given import manifest_names, require_there
from rolewright.cli.settings import project_settings
from rolewright.core.files import is_there
from rolewright.manifest.find import roots

WIDENED, CHANGED = 3, 5


class DiffFormat(StrEnum):
    """How a difference is shown."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def diff(
    paths: Annotated[
        list[Path],
        typer.Argument(
            default_factory=list,
            metavar="OLD NEW",
            help="Two manifests or two folders; with --base any number. Default with --base: the project's manifests.",
            show_default=False,
            autocompletion=manifest_names,
        ),
    ],
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="REV", help="Compare with this git revision, for example origin/main."),
    ] = None,
    blueprints: Blueprints = None,
    format_: Annotated[DiffFormat, typer.Option("--format", help="Output format of the difference.")] = DiffFormat.TEXT,
) -> None:
    """Show what roles may do that they could not before, and the reverse, in each environment.

    Permissions are compared as sets, so writing the same access differently is not a difference. Workloads are matched
    by name. In a folder, YAML files with a `workload` are read, and modules that `rolewright render` wrote are read
    back. Other Terraform is not read, and a folder that contains nothing else is a usage error.

    Exits 0 if nothing differs, 3 if anybody may do more than before, 5 if something differs but nobody may do more, and
    1 if a manifest has an error.

    \b
    Examples:
      rolewright diff --base origin/main
      rolewright diff old.yaml new.yaml
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - slow to import, and not needed for --help
    from rolewright.report.difference import (  # noqa: PLC0415
        difference_json,
        difference_markdown,
        difference_text,
    )
    from rolewright.review.comparison import compare_paths, compare_since  # noqa: PLC0415

    catalog = load_catalog(blueprints or ())
    if base is not None:
        comparison = compare_since(base, paths or _project_sides(base), catalog)
    elif len(paths) == 2:
        require_there(paths)
        comparison = compare_paths(paths[0], paths[1], catalog)
    else:
        raise typer.BadParameter(
            "give OLD and NEW (two manifests or two folders), or --base REV with any number of paths"
        )
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


def _project_sides(revision: str) -> list[Path]:
    """Return where the project has its manifests or had them at a revision: a manifest may be gone since."""
    from rolewright.core.git import commit_of, kind_at, standing  # noqa: PLC0415

    listed = roots(map(Path, project_settings().manifests))
    there = [path for path in listed if is_there(path) or kind_at(commit_of(revision, standing(path)), path)]
    if not there:
        raise typer.BadParameter("no manifest was given, and the project has none: see `rolewright diff --help`")
    return there
