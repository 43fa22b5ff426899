"""Every command."""

from __future__ import annotations

import sys

from rolewright.cli.app import app
from rolewright.cli.audit import audit
from rolewright.cli.blueprint import blueprint_app
from rolewright.cli.blueprints import blueprints_app
from rolewright.cli.console import report
from rolewright.cli.deployer import deployer
from rolewright.cli.diff import diff
from rolewright.cli.explain import explain_app
from rolewright.cli.express import express
from rolewright.cli.merge import merge
from rolewright.cli.migrate import migrate_app
from rolewright.cli.plan import plan
from rolewright.cli.policies import policies
from rolewright.cli.render import render
from rolewright.cli.report import report_page
from rolewright.cli.retarget import retarget
from rolewright.cli.schema import schema
from rolewright.cli.usage import usage
from rolewright.cli.validate import validate
from rolewright.cli.why import why, why_not
from rolewright.core.finding import Rejected

app.command()(render)
app.command()(validate)
app.command()(schema)
app.command()(merge)
app.command()(plan)
app.command()(deployer)
app.command()(retarget)
app.command()(diff)
app.command()(audit)
app.command()(usage)
app.command("report")(report_page)
app.command()(express)
app.command()(policies)
app.command()(why)
app.command()(why_not)
app.add_typer(blueprint_app)
app.add_typer(blueprints_app)
app.add_typer(explain_app)
app.add_typer(migrate_app)


def run() -> None:
    """Run the command that the arguments name; a refusal is shown, and ends with 1."""
    try:
        app(prog_name="rolewright")  # also as `python -m rolewright`, where completion would take that for the name
    except Rejected as refusal:
        report(refusal.findings, {})
        sys.exit(1)
