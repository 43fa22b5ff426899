"""What a file or a folder is: the formats that rolewright imports, and the files of a folder that are one of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.files import UnreadableError, is_folder, is_link, read_json
from rolewright.core.finding import Finding, Location, MisuseError, Rejected
from rolewright.importer.formats import (
    chalice,
    cloudformation,
    compose,
    compose_x,
    copilot,
    ecs_task_definition,
    score,
    serverless,
    terraform,
)
from rolewright.importer.functions import FOREIGN, TEMPLATES
from rolewright.yaml.load import MAX_BYTES, Place, Tree, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rolewright.importer.given import ImportAids
    from rolewright.importer.workload import ImportSource
    from rolewright.yaml.dialect import Dialect

_DEPTH = 6
_FILES = 20_000
_PROGRAMS = {".js", ".cjs", ".mjs", ".ts", ".cts", ".mts"}
"""Ends of the names of programs, which nobody runs here: a format may say so of one."""
_BUILT = {".git", ".terraform", ".aws-sam", ".serverless", "node_modules", ".venv", "venv", "vendor", "output"}
"""Folders that hold what tools made or fetched, which nobody wrote."""


@dataclass(frozen=True)
class SourceFormat:
    """A format: the usual names of its files, how its documents are recognised, and how one is read.

    `files` are patterns of the end of a path. A file of another name is recognised by its content where it is named.
    `dialect` is what its YAML has beside the core schema.
    """

    name: str
    title: str
    files: tuple[str, ...]
    recognises: Callable[[Path, Any], bool]
    read: Callable[[Path, Tree, ImportAids], ImportSource]
    dialect: Dialect = FOREIGN


FORMATS: Mapping[str, SourceFormat] = {
    format_.name: format_
    for format_ in (
        SourceFormat(
            "serverless",
            serverless.NAME,
            ("serverless.y*ml", "serverless.json", "serverless.?s", "serverless.?js", "serverless.?ts"),
            serverless.recognises,
            serverless.read,
        ),
        SourceFormat("chalice", chalice.NAME, (".chalice/config.json",), chalice.recognises, chalice.read),
        SourceFormat(
            "copilot",
            copilot.NAME,
            ("copilot/*/manifest.yml", "copilot/*/manifest.yaml"),
            copilot.recognises,
            copilot.read,
        ),
        SourceFormat(
            "sam",
            cloudformation.SAM,
            ("template*.y*ml", "template*.json", "sam*.y*ml", "*.sam.y*ml", "*.template"),
            cloudformation.recognises_sam,
            cloudformation.read,
            TEMPLATES,
        ),
        SourceFormat(
            "cloudformation",
            cloudformation.NAME,
            (
                "*template*.y*ml",
                "*template*.json",
                "*.template",
                "*stack*.y*ml",
                "cloudformation/*",
                "cfn/*",
                "*cfn*.y*ml",
            ),
            cloudformation.recognises,
            cloudformation.read,
            TEMPLATES,
        ),
        SourceFormat(
            "task-definition",
            ecs_task_definition.NAME,
            ("task-definition*.json", "taskdef*.json", "task_definition*.json", "*task-def*.json"),
            ecs_task_definition.recognises,
            ecs_task_definition.read,
        ),
        SourceFormat(
            "terraform",
            terraform.NAME,
            ("*.tfstate", "*state*.json", "*plan*.json", "terraform*.json"),
            terraform.recognises,
            terraform.read,
        ),
        SourceFormat("score", score.NAME, ("score.yaml", "score.yml", "*.score.yaml"), score.recognises, score.read),
        SourceFormat(
            "compose-x",
            compose_x.NAME,
            ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"),
            compose_x.recognises,
            compose_x.read,
        ),
        SourceFormat(
            "compose",
            compose.NAME,
            ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"),
            compose.recognises,
            compose.read,
        ),
    )
}
"""The formats, the most telling first."""


@dataclass(frozen=True)
class SourceDocument:
    """A document of a format, in a file."""

    format: SourceFormat
    file: Path
    tree: Tree


def found_in(source: Path, only: str = "") -> tuple[SourceDocument, ...]:
    """Return the documents of the one format that a file or a folder has, or of the format called `only`.

    Raises MisuseError where there is none, or where a folder has several formats; Rejected for a file that cannot be
    read.
    """
    if only and only not in FORMATS:
        raise MisuseError(f"there is no format {only}: --from takes one of {', '.join(FORMATS)}")
    wanted = [FORMATS[only]] if only else list(FORMATS.values())
    if source.suffix in terraform.CODE and not is_folder(source):
        raise MisuseError(f"{source} is not what {terraform.NAME} says as JSON: run {terraform.COMMAND}")
    found = tuple(_in_folder(source, wanted)) if is_folder(source) else tuple(_in_file(source, wanted))
    if not found and is_folder(source) and any(file.suffix in terraform.CODE for file in _files(source)):
        raise MisuseError(f"{source} has code of Terraform, which says little until it is run: run {terraform.COMMAND}")
    if not found:
        known = ", ".join(format_.title for format_ in wanted)
        raise MisuseError(f"nothing in {source} is {known}")
    files: dict[str, list[str]] = {}
    for each in found:
        files.setdefault(each.format.name, []).append(str(each.file))
    if len(files) > 1:
        listed = "; ".join(f"{name} ({', '.join(of)})" for name, of in files.items())
        raise MisuseError(f"{source} has several formats: {listed}. Choose one with --from, or give one file")
    return found


def described_in(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    """Return the files of a folder that other tools describe workloads in, by the titles of their formats.

    A file that cannot be read is none of them.
    """
    found: dict[str, tuple[Path, ...]] = {}
    for file in _files(folder):
        try:
            documents = list(_named_so(file, list(FORMATS.values())))
        except (Rejected, MisuseError):
            continue
        for document in documents:
            title = document.format.title
            found[title] = tuple(dict.fromkeys((*found.get(title, ()), document.file)))
    return found


def _in_folder(folder: Path, wanted: Sequence[SourceFormat]) -> Iterator[SourceDocument]:
    for file in _files(folder):
        yield from _named_so(file, wanted)


def _named_so(file: Path, wanted: Sequence[SourceFormat]) -> Iterator[SourceDocument]:
    """Yield the documents of a file whose name is usual for one of the formats."""
    whole = Path(os.path.abspath(file)).as_posix()  # noqa: PTH100 - where a link leads to is another name
    likely = [f for f in wanted if any(fnmatchcase(whole, f"*/{pattern}") for pattern in f.files)]
    if likely:
        yield from _in_file(file, likely)


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(
            name for name in folders if depth < _DEPTH and name not in _BUILT and not is_link(Path(place, name))
        )
        for name in sorted(names):
            count += 1
            if count > _FILES:
                raise MisuseError(f"{folder} has more than {_FILES:,} files: give the file, or a smaller folder")
            yield Path(place, name)


def _in_file(file: Path, wanted: Sequence[SourceFormat]) -> Iterator[SourceDocument]:
    for number, tree in enumerate(_trees(file, FOREIGN)):
        fitting = next((f for f in wanted if f.recognises(file, tree.data)), None)
        if fitting is not None:
            same = fitting.dialect == FOREIGN
            yield SourceDocument(fitting, file, tree if same else _trees(file, fitting.dialect)[number])


def _trees(file: Path, dialect: Dialect) -> tuple[Tree, ...]:
    """Read the documents of a file; a program counts as empty. Raises Rejected where it is neither YAML nor JSON."""
    if file.suffix in _PROGRAMS:
        return (Tree(str(file), {}, {(): Place(1, 1, 1, 1, None, "")}),)
    if file.suffix == ".json" and file.is_file() and file.stat().st_size > MAX_BYTES:
        try:
            return (Tree(str(file), read_json(file), {(): Place(1, 1, 1, 1, None, "")}),)
        except UnreadableError as error:
            message, remedy = f"{file} {error}", "give a file that is JSON"
            raise Rejected([Finding("source-syntax", message, remedy, Location(str(file)))]) from None
    try:
        return load(file, dialect=dialect).trees
    except Rejected as refusal:  # a line of another tool's file may have a secret in it
        raise Rejected([replace(finding, shows_lines=False) for finding in refusal.findings]) from None
