"""Every command."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from typer.main import get_command

from rolewright.cli.adopt import adopt
from rolewright.cli.app import Command, app
from rolewright.cli.audit import audit
from rolewright.cli.blueprint import blueprint_app, blueprints_app
from rolewright.cli.deployer import deployer
from rolewright.cli.diff import diff
from rolewright.cli.explain import explain_app
from rolewright.cli.express import express
from rolewright.cli.import_ import import_
from rolewright.cli.init import init
from rolewright.cli.merge import merge
from rolewright.cli.migrate import migrate_app
from rolewright.cli.plan import plan
from rolewright.cli.policies import policies
from rolewright.cli.render import render
from rolewright.cli.report import report_page
from rolewright.cli.retarget import retarget
from rolewright.cli.rule import rule
from rolewright.cli.schema import schema
from rolewright.cli.usage import usage
from rolewright.cli.validate import validate
from rolewright.cli.why import why, why_not

if TYPE_CHECKING:
    from collections.abc import Callable

app.command(cls=Command)(init)
app.command("import", cls=Command)(import_)
app.command(cls=Command)(render)
app.command(cls=Command)(validate)
app.command(cls=Command)(schema)
app.command(cls=Command)(rule)
app.command(cls=Command)(merge)
app.command(cls=Command)(plan)
app.command(cls=Command)(deployer)
app.command(cls=Command)(adopt)
app.command(cls=Command)(retarget)
app.command(cls=Command)(diff)
app.command(cls=Command)(audit)
app.command(cls=Command)(usage)
app.command("report", cls=Command)(report_page)
app.command(cls=Command)(express)
app.command(cls=Command)(policies)
app.command(cls=Command)(why)
app.command(cls=Command)(why_not)
app.add_typer(blueprint_app)
app.add_typer(blueprints_app)
app.add_typer(explain_app)
app.add_typer(migrate_app)


@cache  # typer reads the signature of every command for it
def _command() -> Callable[..., object]:
    return get_command(app)


def run() -> None:
    """Run the command that the arguments name."""
    _command()(prog_name="rolewright")  # also as `python -m rolewright`, where completion would take that for the name
