"""`rolewright import`: from what another tool describes to manifests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Format, FormatOption, report, say, say_next, show
from rolewright.cli.files import make_folder, write_file
from rolewright.cli.given import given, require_there
from rolewright.core.files import is_there

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.importer.finish import Imported
    from rolewright.importer.ledger import FieldOutcome
    from rolewright.importer.workload import ImportSource

_FOLDER = Path("services")


def import_(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="File or folder of another tool.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write WORKLOAD.yaml to.")
    ] = _FOLDER,
    from_: Annotated[
        str,
        typer.Option(
            "--from", metavar="FORMAT", help="Format of the source, where it has several.", show_default=False
        ),
    ] = "",
    roles: Annotated[
        Path | None,
        typer.Option(
            "--roles",
            metavar="FILE",
            help="What `aws iam get-account-authorization-details --filter Role LocalManagedPolicy` prints: "
            "what the roles may do today.",
            callback=given,
        ),
    ] = None,
    stack_resources: Annotated[
        Path | None,
        typer.Option(
            "--stack-resources",
            metavar="FILE",
            help="What `aws cloudformation describe-stack-resources` prints: the names that AWS made.",
            callback=given,
        ),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", metavar="NAME=VALUE", help="Value of a parameter of the source; repeatable."),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Write WORKLOAD.imports.tf beside each manifest that is complete: import blocks for what is there, "
            "never for a role.",
        ),
    ] = False,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
    force: Annotated[bool, typer.Option("--force", help="Overwrite manifests that exist.")] = False,
) -> None:
    """Write manifests for the workloads that another tool describes.

    Says of each field of the source what became of it, and compares what the old roles may do with what the new ones
    may. What the source does not say is marked in the manifest, which is refused until it is filled in. It reads files
    alone, runs nothing, and never writes a secret.

    \b
    Examples:
      rolewright import .
      rolewright import task-definition.json --output services --roles roles.json
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - only this command needs all this
    from rolewright.cli.adopt_imported import require_no_blocks, write_blocks  # noqa: PLC0415
    from rolewright.importer.finish import imported  # noqa: PLC0415
    from rolewright.importer.given import read_given  # noqa: PLC0415
    from rolewright.importer.recognise import found_in  # noqa: PLC0415

    require_there([source])
    aids = read_given(roles, stack_resources, dict(_assigned(text) for text in parameter or ()))
    catalog = load_catalog(blueprints or ())
    results = []
    told: set[FieldOutcome] = set()  # several workloads may have a file in common
    documents = found_in(source, from_)
    for found in documents:
        whole = found.format.read(found.file, found.tree, aids)
        read = replace(whole, outcomes=tuple(outcome for outcome in whole.outcomes if outcome not in told))
        told.update(read.outcomes)
        results.append((read, [imported(workload, read, catalog) for workload in read.workloads]))
    made = [workload for _, workloads in results for workload in workloads if workload.text]
    _require_free(made, output, force=force)
    if adopt:
        require_no_blocks(made, output, force=force)
    if made:
        make_folder(output)
    for workload in made:
        write_file(output / f"{workload.name}.yaml", workload.text)
    _show(results, output, format_)
    if adopt and made:
        write_blocks(made, output, documents[0].format.name, blueprints or ())
    refused = [finding for _, workloads in results for workload in workloads for finding in workload.refused]
    if refused:
        report(refused, {})
        raise typer.Exit(1)


def _assigned(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"--parameter {text}: write NAME=VALUE")
    return name, value


def _require_free(made: Sequence[Imported], output: Path, *, force: bool) -> None:
    names = [workload.name for workload in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise typer.BadParameter(f"two workloads would be called {twice}: import them one by one, into two folders")
    for workload in made:
        file = output / f"{workload.name}.yaml"
        if is_there(file) and not force:
            raise typer.BadParameter(f"{file} is there already: give another folder, or --force to overwrite it")


def _show(results: Sequence[tuple[ImportSource, Sequence[Imported]]], output: Path, format_: Format) -> None:
    from rolewright.report.imported import imported_json, source_text, workload_text  # noqa: PLC0415

    if format_ is Format.JSON:
        show(json.dumps(imported_json(results), indent=2))
        return
    for source, workloads in results:
        for line in source_text(source):
            say(line)
        for workload in workloads:
            if workload.text:
                say(f"{output / workload.name}.yaml: written")
                for line in workload_text(workload):
                    say(line)
    made = [workload for _, workloads in results for workload in workloads if workload.text]
    if made:
        fill_in = "fill in what is marked, then " if any(workload.to_fill for workload in made) else ""
        say_next(f"{fill_in}`rolewright validate {output}`")
