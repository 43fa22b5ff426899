"""The application, with what holds for every command."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from rolewright.core.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Visible(typer.core.TyperGroup):
    """Says what is wrong with an argument without what nobody can see in it, and in one line."""

    def make_context(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - click's signature
        """Options in front of the command."""
        with _shown_in_full():
            return super().make_context(*arguments, **named)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - click's signature
        """Return the command with its options."""
        with _shown_in_full():
            return super().invoke(ctx)


@contextmanager
def _shown_in_full() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        message = getattr(error, "message", None)
        if isinstance(message, str):
            error.message = one_line(message)  # type: ignore[attr-defined]
        raise


app = typer.Typer(
    cls=_Visible,
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
