"""`rolewright init`: from a project's folder to a first manifest."""

from __future__ import annotations

import json
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from rolewright.cli.console import Blueprints, report, say, show
from rolewright.cli.files import make_folder, write_file
from rolewright.cli.given import compute_types, require_there, resource_types
from rolewright.core.files import is_folder, is_link, is_there, real
from rolewright.core.finding import MisuseError, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rolewright.blueprint import Catalog
    from rolewright.core.finding import Finding
    from rolewright.suggest.from_code import WorkloadCode
    from rolewright.suggest.start import Started, Wanted

_Answer = TypeVar("_Answer")
SCHEMA = Path(".rolewright", "manifest.schema.json")
"""Where an editor finds the schema, beside the manifest."""


class Ci(StrEnum):
    """Whose CI a workflow is written for."""

    GITHUB = "github"
    GITLAB = "gitlab"


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of the service.", show_default="this folder")
    ] = Path(),
    type_: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="What it runs on; `rolewright blueprint list` has all.",
            autocompletion=compute_types,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the workload. Default: that of the folder.")
    ] = None,
    resource: Annotated[
        list[str] | None,
        typer.Option(
            "--resource",
            metavar="TYPE:NAME:VERBS",
            help="What its code touches, such as dynamodb-table:orders:get,put; NAME may be an ARN; repeatable.",
            autocompletion=resource_types,
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=VALUE", help="A field of its compute, such as runtime=python3.13; repeatable."
        ),
    ] = None,
    ci: Annotated[Ci | None, typer.Option("--ci", help="Also write a workflow that checks manifests.")] = None,
    blueprints: Blueprints = None,
) -> None:
    """Start a manifest for the service in a folder: rolewright.yaml, with the schema for your editor.

    Reads what the folder shows: what it runs on, and which AWS calls its code makes. On a terminal it asks for what it
    cannot know; elsewhere it takes examples, and says which values are examples. Nothing that is there is overwritten.

    \b
    Examples:
      rolewright init
      rolewright init --type lambda --resource dynamodb-table:orders:get,put
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - slow to import, and not needed for --help
    from rolewright.suggest.compute_type import require_compute  # noqa: PLC0415
    from rolewright.suggest.start import read_wanted, start, unfilled_in  # noqa: PLC0415

    require_there([folder])
    if ci is not None and not is_there(folder / ".git") and any(is_there(one / ".git") for one in real(folder).parents):
        raise typer.BadParameter("--ci is for the repository's own folder, where its workflows are looked for")
    manifest = folder / "rolewright.yaml"
    for file in (manifest, folder / SCHEMA, *([folder / _CI[ci]] if ci else [])):
        _require_free(folder, file)
    catalog = load_catalog(blueprints or ())
    wanted = [read_wanted(text, catalog) for text in resource or ()]
    given = dict(_assigned(text) for text in set_ or ())
    code = _code(folder)
    _say_what_is_described(folder)
    asks = sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()
    if name is None:
        workload = _asked("Name of the workload", code.name, _named) if asks else code.name
    else:
        workload = _named(name)
    if type_ is not None:
        require_compute(type_, catalog)
    type_ = type_ or _type(code, catalog, asks=asks)
    given = _shown(code, catalog, type_) | given
    started = start(catalog, workload, type_, given, wanted, code)
    if asks:
        given |= {
            one.path.partition(".")[2]: _answer(one) for one in started.examples if one.path.startswith("compute.")
        }
        wanted += _more_resources(catalog) if catalog.computes[type_].has_code else []
        started = start(catalog, workload, type_, given, wanted, code)
    text = f"# yaml-language-server: $schema={SCHEMA.as_posix()}\n{started.text}"
    unfilled = unfilled_in(text, str(manifest), catalog)
    _write(manifest, text, catalog, ci)
    _judge(manifest, started, unfilled, blueprints)


def _require_free(folder: Path, file: Path) -> None:
    """Exit 2 where a file is there already, or where a link or a file stands in place of a folder on the way to it."""
    if is_there(file):
        raise typer.BadParameter(f"{file} is there already, and may hold your edits: remove it to start anew")
    for part in file.relative_to(folder).parents:
        if is_link(folder / part) and part != Path():
            raise typer.BadParameter(f"{folder / part} is a symbolic link, and rolewright does not write through links")
        if is_there(folder / part) and not is_folder(folder / part):
            raise typer.BadParameter(f"{folder / part} is no folder")


def _named(name: str) -> str:
    from rolewright.manifest.frame import WORKLOAD  # noqa: PLC0415 - slow to import

    if not re.fullmatch(WORKLOAD, name):
        raise typer.BadParameter(f"{name} is no name: write 3 to 32 small letters, digits and dashes, a letter first")
    return name


def _assigned(text: str) -> tuple[str, Any]:
    from rolewright.suggest.start import value_of  # noqa: PLC0415

    field, sign, value = text.partition("=")
    if not sign or not field:
        raise typer.BadParameter(f"--set {text}: write FIELD=VALUE")
    return field, value_of(value)


def _code(folder: Path) -> WorkloadCode:
    from rolewright.audit.files import files_in  # noqa: PLC0415 - slow to import
    from rolewright.suggest.from_code import read_code  # noqa: PLC0415

    return read_code(folder, files_in(folder))


def _say_what_is_described(folder: Path) -> None:
    """Say which files describe the service for another tool: `import` reads more of them than `init` asks for."""
    from rolewright.importer.recognise import described_in  # noqa: PLC0415 - only this command needs it

    try:
        described = described_in(folder)
    except MisuseError as error:
        say(f"files of other tools that describe the service were not looked for: {error}", err=True)
        return
    for title, files in described.items():
        named = ", ".join(str(file) for file in files)
        say(f"{named}: {title}; `rolewright import {folder}` makes manifests of it", err=True)


def _type(code: WorkloadCode, catalog: Catalog, *, asks: bool) -> str:
    from rolewright.suggest.compute_type import recognised  # noqa: PLC0415

    types = recognised(code.files, str(code.folder), catalog)
    if len(types) == 1 and not asks:
        say(f"the files look like {types[0]}; --type names another", err=True)
        return types[0]
    if not asks:
        found = (
            f"{code.folder} could be {' or '.join(types)}"
            if types
            else f"nothing in {code.folder} shows what it runs on"
        )
        raise typer.BadParameter(f"{found}: give --type, one of {', '.join(catalog.computes)}")
    for number, (name, blueprint) in enumerate(catalog.computes.items(), start=1):
        show(f"{number:3} {name}: {blueprint.summary}")
    names = list(catalog.computes)

    def chosen(answer: str) -> str:
        type_ = names[int(answer) - 1] if answer.isdecimal() and 1 <= int(answer) <= len(names) else answer
        if type_ not in names:
            raise typer.BadParameter(f"write a number from 1 to {len(names)}, or a type")
        return type_

    return _asked("What it runs on", types[0] if len(types) == 1 else None, chosen)


def _shown(code: WorkloadCode, catalog: Catalog, type_: str) -> dict[str, Any]:
    """Return the fields of the compute that the files of the project show, where these go together."""
    from rolewright.suggest.compute_type import shown_fields  # noqa: PLC0415
    from rolewright.suggest.examples import smallest  # noqa: PLC0415

    fields = shown_fields(code.files, str(code.folder), catalog.computes[type_])
    return fields if smallest(catalog, type_, fields) is not None else {}


def _answer(example: Any) -> Any:  # noqa: ANN401 - a value of a field
    from rolewright.suggest.start import value_of  # noqa: PLC0415

    text = example.value if isinstance(example.value, str) else json.dumps(example.value)
    return _asked(f"{example.path.partition('.')[2]} ({example.description})", text, value_of)


def _more_resources(catalog: Catalog) -> list[Wanted]:
    from rolewright.suggest.start import read_wanted  # noqa: PLC0415

    found: list[Wanted] = []

    def read(answer: str) -> Wanted | None:
        try:
            return read_wanted(answer, catalog) if answer else None
        except MisuseError as error:
            raise typer.BadParameter(str(error)) from None

    while True:
        entry = _asked("A resource, as TYPE:NAME:VERBS; nothing to end", "", read)
        if entry is None:
            return found
        found.append(entry)


def _asked(question: str, default: str | None, read: Callable[[str], _Answer]) -> _Answer:
    answer: _Answer = typer.prompt(question, default=default, value_proc=read, show_default=bool(default))
    return answer


def _write(manifest: Path, text: str, catalog: Catalog, ci: Ci | None) -> None:
    from rolewright.manifest.schema import manifest_schema  # noqa: PLC0415

    schema = manifest.parent / SCHEMA
    make_folder(schema.parent)
    write_file(schema, json.dumps(manifest_schema(catalog), separators=(",", ":")) + "\n")
    write_file(manifest, text)
    say(f"{manifest}: written")
    say(f"{schema}: written, for completion in your editor")
    if ci is not None:
        file = manifest.parent / _CI[ci]
        make_folder(file.parent)
        write_file(file, Path(__file__).with_name(f"init.{ci}.yml").read_text(encoding="utf-8"))
        say(f"{file}: written; say in it where rolewright is installed from")


def _judge(manifest: Path, started: Started, unfilled: Sequence[Finding], blueprints: Sequence[Path] | None) -> None:
    """Build and prove the manifest where it is whole, and say what is left to do. Exits 1 for an error."""
    for example in started.examples:
        say(f"  {example.path} is an example: {example.description}")
    for line in started.lacking:
        say(f"  not in it: {line}")
    if unfilled:
        report(unfilled, {})
        say("next: fill in what is marked, then `rolewright validate`")
        return
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import

    with Pipeline(blueprints or []) as pipeline:
        _, findings = pipeline.modules([manifest])
    report(findings, {})
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise typer.Exit(1)
    left = ", but replace the examples first" if started.examples else ""
    left += "; the code calls more than it says" if started.lacking else ""
    say(f"{manifest}: valid and proven{left}")
    say("next: `rolewright validate` after each change, and `rolewright render` for the Terraform module;")
    say("`rolewright audit` finds access keys that the role replaces")


_CI = {Ci.GITHUB: Path(".github", "workflows", "rolewright.yml"), Ci.GITLAB: Path("rolewright.gitlab-ci.yml")}
"""Where each writes its workflow; GitLab's is to be included by the project's own file."""
