"""`rolewright retarget`: the same workload on another compute type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, Format, FormatOption, Manifest, show
from rolewright.cli.files import write_file
from rolewright.cli.given import compute_types
from rolewright.core.files import is_there
from rolewright.report.json import findings_json


def retarget(
    manifest: Manifest,
    to: Annotated[
        str, typer.Option("--to", metavar="TYPE", help="Compute type to move to.", autocompletion=compute_types)
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write the new manifest to. Default: print it.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file if it exists.")] = False,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Move a manifest to another compute type, and prove that the code's own access stays the same.

    Lists what cannot be carried over and what you have to fill in, and shows the trust and the platform's permissions
    of both types side by side. Exits 1, and writes nothing, if the code could do more or less than before.

    \b
    Example:
      rolewright retarget rolewright.yaml --to fargate -o moved.yaml
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - slow to import, and not needed for --help
    from rolewright.report.retarget import moves_json, moves_text  # noqa: PLC0415
    from rolewright.retarget.retarget import retarget as moved  # noqa: PLC0415
    from rolewright.suggest.compute_type import require_compute  # noqa: PLC0415
    from rolewright.yaml.load import load  # noqa: PLC0415

    catalog = load_catalog(blueprints or ())
    require_compute(to, catalog)
    made = moved(load(manifest), to, catalog)
    if not made.moves:
        raise typer.BadParameter(f"{manifest} already has the compute type {to}")
    if output is not None and made.same:
        _write(output, made.text, force=force)
    if format_ is Format.JSON:
        retargeted = {"moves": moves_json(made.moves), "manifest": made.text if made.same else None}
        show(json.dumps({**retargeted, **findings_json([])}, indent=2))
    else:
        show(moves_text(made.moves), nl=False, err=True)
        if output is None and made.same:
            show(made.text, nl=False)
    if not made.same:
        raise typer.Exit(1)


def _write(output: Path, text: str, *, force: bool) -> None:
    if is_there(output) and not force:
        raise typer.BadParameter(f"{output} already exists: give another file, or --force to overwrite it")
    write_file(output, text)
