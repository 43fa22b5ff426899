"""The application, with what holds for every command."""

from __future__ import annotations

from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from rolewright.cli.console import MODULES, FindingsFormat, Format, report
from rolewright.cli.settings import Settings, project_settings
from rolewright.core.finding import MisuseError, Rejected
from rolewright.core.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator


MEANT = {
    **dict.fromkeys(("new", "create", "start", "generate", "scaffold", "setup"), "init"),
    **dict.fromkeys(("build", "gen", "write", "apply"), "render"),
    **dict.fromkeys(("check", "lint", "test", "prove", "verify"), "validate"),
    **dict.fromkeys(("compare", "changes"), "diff"),
    **dict.fromkeys(("scan", "keys", "secrets"), "audit"),
    **dict.fromkeys(("convert", "policy"), "express"),
    **dict.fromkeys(("types", "list", "show", "find"), "blueprint"),
    "takeover": "adopt",
    **dict.fromkeys(("docs", "html"), "report"),
}
"""What other tools call a command, and what it is called here."""


class _Visible(typer.core.TyperGroup):
    """Report a wrong argument on one line, with invisible characters shown as escapes."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - click's signature
        """Return the command that is named, or say what another tool's name for it is called here."""
        if args and args[0] in MEANT and self.get_command(ctx, args[0]) is None:
            ctx.fail(f"No such command '{args[0]}'. Did you mean '{MEANT[args[0]]}'?")
        return super().resolve_command(ctx, args)

    def make_context(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - click's signature
        """Read the options in front of the command."""
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


_FROM_SETTINGS = {
    "manifests": "manifests",
    "blueprints": "blueprints",
    "env": "environments",
    "output": "output",
}
"""The parameters of commands that a setting is for."""


class Command(typer.core.TyperCommand):
    """A command with the one place where a refusal becomes a report and an exit code, and the project's settings."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - click's signature
        """Read the options; what none of them says is as the project's settings have it."""
        names = {
            p.name for p in self.params if p.name in _FROM_SETTINGS and (p.name != "output" or p.default == MODULES)
        }
        with _refused(ctx):
            settings = Settings()
            try:
                settings = project_settings() if names else settings
            except MisuseError:
                if not ctx.resilient_parsing:  # a shell that completes has no place for what is wrong
                    raise
            given = {name: getattr(settings, _FROM_SETTINGS[name]) for name in names}
            ctx.default_map = {name: value for name, value in given.items() if value}
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - click's signature
        """Run the command. Exits 1 with the findings of a refusal, and 2 where the request makes no sense."""
        with _refused(ctx):
            return super().invoke(ctx)


@contextmanager
def _refused(ctx: Any) -> Iterator[None]:  # noqa: ANN401 - click's context
    """Turn a refusal into a report and exit code 1, and a request that makes no sense into wrong use."""
    try:
        yield
    except Rejected as refusal:
        format_ = ctx.params.get("format_")
        report(
            refusal.findings,
            refusal.sources,
            format_ if isinstance(format_, Format | FindingsFormat) else Format.TEXT,
        )
        raise typer.Exit(1) from None
    except MisuseError as error:
        raise typer.BadParameter(str(error), ctx) from None


app = typer.Typer(
    cls=_Visible,
    name="rolewright",
    help="""Turn a short manifest into a Terraform module whose IAM roles are proven to allow exactly what it says.

    \b
    Examples:
      rolewright init        start a manifest for the service in this folder
      rolewright validate    check and prove it
      rolewright render      write its Terraform module
    """,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
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
