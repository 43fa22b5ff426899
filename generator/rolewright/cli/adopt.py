"""`rolewright adopt`: import blocks for what exists already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rolewright.cli.console import Blueprints, Manifest, report, show
from rolewright.cli.files import write_file
from rolewright.core.files import is_there
from rolewright.core.finding import any_error


def adopt(
    manifest: Manifest,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write the blocks to. Default: print them.")
    ] = None,
    module: Annotated[
        str,
        typer.Option(
            "--module",
            metavar="NAME",
            help="""Name of the module call, also with a key: 'orders["prod"]'. Default: the workload's name.""",
            show_default=False,
        ),
    ] = "",
    env: Annotated[
        str,
        typer.Option("--env", help="Environment; needed if there are several.", show_default=False),
    ] = "",
    account: Annotated[
        str, typer.Option("--account", help="AWS account id, for a manifest without environments.", show_default=False)
    ] = "",
    region: Annotated[
        str, typer.Option("--region", help="AWS region, for a manifest without environments.", show_default=False)
    ] = "",
    blueprints: Blueprints = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file if it exists.")] = False,
) -> None:
    """Write Terraform import blocks for what a module would make and your AWS account has already.

    They go into the configuration that calls the module: Terraform takes import blocks in the root module alone. An id
    that AWS made, such as that of a security group, is a comment with the command that finds it.

    \b
    Example:
      rolewright adopt rolewright.yaml --env prod -o imports.tf
    """
    from rolewright.adopt.files import import_file  # noqa: PLC0415 - only this command needs it
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import

    if output is not None and is_there(output) and not force:
        raise typer.BadParameter(f"{output} already exists: give another file, or --force to overwrite it")
    with Pipeline(blueprints or (), [env] if env else ()) as pipeline:
        modules, findings = pipeline.modules([manifest])
    report(findings, pipeline.sources)
    if any_error(findings):
        raise typer.Exit(1)
    text = import_file(modules, call=module, environment=env, account=account, region=region)
    if output is None:
        show(text, nl=False)
    else:
        write_file(output, text)
