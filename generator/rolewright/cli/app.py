"""The application, with what holds for every command."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(
    name="rolewright",
    help="From one short manifest to a Terraform module whose roles are proven to allow exactly what it says.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(value: bool) -> None:  # noqa: FBT001 - typer's callback
    if value:
        from rolewright.data import iam, provider  # noqa: PLC0415 - only --version needs them

        schemas = " and ".join(provider.versions().values())
        typer.echo(f"rolewright {version('rolewright')}")
        typer.echo(f"AWS provider schemas {schemas}; IAM database of {iam.version()}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show versions and exit."),
    ] = False,
) -> None:
    pass
