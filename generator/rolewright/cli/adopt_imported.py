"""`rolewright import --adopt`: import blocks beside the manifests that were written."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import typer

from rolewright.cli.console import report, say
from rolewright.cli.files import write_file
from rolewright.core.files import is_there
from rolewright.core.finding import MisuseError, any_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rolewright.importer.finish import Imported
    from rolewright.pipeline import Built


def require_no_blocks(made: Iterable[Imported], output: Path, *, force: bool) -> None:
    """Refuse to overwrite files of import blocks, unless forced. Raises typer.BadParameter."""
    for workload in made:
        files = (output / f"{workload.name}.imports.tf", *sorted(output.glob(f"{workload.name}.*.imports.tf")))
        file = next(filter(is_there, files), None)
        if file is not None and not force:
            raise typer.BadParameter(f"{file} is there already: give another folder, or --force to overwrite it")


def write_blocks(made: Iterable[Imported], output: Path, format_: str, blueprints: Iterable[Path]) -> None:
    """Write the import blocks of each manifest that is complete, and say what to do with them and in which order.

    Of another manifest, the command is said that writes them later.
    """
    from rolewright.importer.leaving import leaving  # noqa: PLC0415 - only this needs all this
    from rolewright.pipeline import Pipeline  # noqa: PLC0415

    with Pipeline(list(blueprints)) as pipeline:
        for workload in made:
            manifest = output / f"{workload.name}.yaml"
            if workload.to_fill:
                say(f"{manifest}: when it is filled in: {_command(manifest, workload, '')}")
                continue
            modules, findings = pipeline.modules([manifest])
            if any_error(findings):
                report(findings, pipeline.sources)
                say(f"{manifest}: when it is mended: {_command(manifest, workload, '')}")
                continue
            for file, text in _files(modules, manifest, workload):
                write_file(file, text)
                say(f"{file}: written")
    for step in leaving(format_):
        say(f"  {step}")


def _files(modules: list[Built], manifest: Path, workload: Imported) -> Iterator[tuple[Path, str]]:
    """Yield the files of a manifest, one for each of its environments. Says of one that cannot be made how to."""
    from rolewright.adopt.files import import_file  # noqa: PLC0415

    names = [environment.name for environment in modules[0].workload.environments]
    for name in names:
        file = manifest.with_suffix(f".{name}.imports.tf" if len(names) > 1 else ".imports.tf")
        place = {} if name else {"account": workload.account, "region": workload.region}
        try:
            yield file, import_file(modules, environment=name, new_roles=True, **place)
        except MisuseError as error:
            say(f"{manifest}: {error}: {_command(manifest, workload, name)}")


def _command(manifest: Path, workload: Imported, environment: str) -> str:
    words = ["rolewright", "adopt", str(manifest), "-o", str(manifest.with_suffix(".imports.tf"))]
    if environment:
        words += ["--env", environment]
    elif workload.account and workload.region:
        words += ["--account", workload.account, "--region", workload.region]
    return f"`{shlex.join(words)}`, and leave its roles out"
