"""`rolewright diff`: what workloads may do that they could not before."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.blueprint import load_catalog
from rolewright.cli.console import Blueprints, report
from rolewright.finding import Finding, Rejected
from rolewright.source import load, loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rolewright.blueprint import Catalog
    from rolewright.difference import Described, Difference
    from rolewright.source import Document

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
    name; in a folder, YAML files with a `workload` are read. Exits 0 where nothing differs, 3 where anybody may do
    more than before, 5 where something differs and nobody may, and 1 where a manifest is refused.
    """
    from rolewright.report.difference import (  # noqa: PLC0415 - only this command needs it
        difference_json,
        difference_markdown,
        difference_text,
    )

    catalog = load_catalog(blueprints or ())
    if base is None and len(paths) != 2:
        raise typer.BadParameter("give the old and the new manifest or folder, or --base REV")
    for path in paths:
        if not path.exists() and base is None:
            raise typer.BadParameter(f"{path} does not exist")
    read = Reading(catalog)
    try:
        old, new = read.two(*paths) if base is None else read.since(base, paths)
        differences = compare_all(old, new)
    except Rejected as refusal:
        report(refusal.findings, read.sources)
        raise typer.Exit(1) from None
    if format_ is DiffFormat.JSON:
        typer.echo(json.dumps(difference_json(differences), indent=2))
    else:
        write: Callable[[Sequence[Difference]], str] = (
            difference_markdown if format_ is DiffFormat.MARKDOWN else difference_text
        )
        typer.echo(write(differences), nl=False)
    if any(one.widened for one in differences):
        raise typer.Exit(WIDENED)
    if any(one.changed for one in differences):
        raise typer.Exit(CHANGED)


def compare_all(old: dict[str, Described], new: dict[str, Described]) -> list[Difference]:
    """Workloads of the same name side by side."""
    from rolewright.difference import compare_workloads  # noqa: PLC0415 - slow to import

    if len(old) == len(new) == 1:  # one that was given another name is still meant
        return [compare_workloads(*old.values(), *new.values())]
    return [compare_workloads(old.get(name), new.get(name)) for name in sorted({*old, *new})]


@dataclass
class Reading:
    """Reads manifests; `sources` are the texts that findings show lines of."""

    catalog: Catalog
    sources: dict[str, str] = field(default_factory=dict)

    def two(self, old: Path, new: Path) -> tuple[dict[str, Described], dict[str, Described]]:
        """The workloads of two files or folders."""
        before, after = (self.described(load(path) for path in _files(one)) for one in (old, new))
        return before, after

    def since(self, revision: str, paths: Sequence[Path]) -> tuple[dict[str, Described], dict[str, Described]]:
        """The workloads of files and folders at a revision of git, and as they are."""
        from rolewright.revision import commit_of, file_at, files_at, standing  # noqa: PLC0415 - only for git

        earlier: list[Document] = []
        for path in paths:
            commit = commit_of(revision, path if path.is_dir() else standing(path))
            for file in files_at(commit, path) if path.is_dir() else [path]:
                text = file_at(commit, file)
                if text is not None and (file == path or _is_manifest(text)):
                    earlier.append(loads(text, f"{revision}:{file}"))
                elif text is None and not file.exists():
                    raise typer.BadParameter(f"{file} is not there, and was not at {revision}")
        there = [file for path in paths if path.exists() for file in _files(path)]
        return self.described(earlier), self.described(load(file) for file in there)

    def described(self, documents: Iterable[Document]) -> dict[str, Described]:
        """The workloads of some documents by name. Raises Rejected for the first document with findings."""
        from rolewright.difference import Described  # noqa: PLC0415 - slow to import
        from rolewright.grants import derive_grants  # noqa: PLC0415
        from rolewright.manifest import read_manifest  # noqa: PLC0415

        found: dict[str, Described] = {}
        for document in documents:
            self.sources[document.file] = document.text
            for workload in read_manifest(document, self.catalog):
                if workload.name in found:
                    first = found[workload.name].workload.locate("workload")
                    message = f"{workload.name} is already described at {first}"
                    place = workload.locate("workload")
                    raise Rejected([Finding("manifest-duplicate-workload", message, "name each once", place)])
                found[workload.name] = Described(workload, derive_grants(workload, self.catalog))
        return found


def _files(path: Path) -> list[Path]:
    """A file itself, or the manifests in a folder and below it."""
    if not path.is_dir():
        return [path]
    named = sorted(file for file in path.rglob("*") if file.suffix in (".yaml", ".yml") and file.is_file())
    return [file for file in named if _is_manifest(_text(file))]


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return "workload: unknown"  # reading it as a manifest says what is wrong


def _is_manifest(text: str) -> bool:
    return re.search(r"^[\"']?workload[\"']?\s*:", text, re.MULTILINE) is not None
