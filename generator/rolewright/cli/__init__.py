"""The command line: one file a command; the only code that prints."""

from __future__ import annotations

import sys
import traceback

from rolewright.cli.app import app
from rolewright.cli.blueprint import blueprint_app
from rolewright.cli.blueprints import blueprints_app
from rolewright.cli.console import report
from rolewright.cli.render import render
from rolewright.cli.schema import schema
from rolewright.cli.validate import validate
from rolewright.finding import Rejected

app.command()(render)
app.command()(validate)
app.command()(schema)
app.add_typer(blueprint_app)
app.add_typer(blueprints_app)


def main() -> None:
    """Run the command line. Exit codes: 0, 1 findings, 2 wrong use, 3 not current, 70 a bug."""
    try:
        app(prog_name="rolewright")  # also as `python -m rolewright`, where completion would take that for the name
    except Rejected as refusal:
        report(refusal.findings, {})
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:  # the one place where a bug becomes an exit code
        traceback.print_exc()
        print("rolewright: this is a bug; please report it with the lines above", file=sys.stderr)  # noqa: T201
        sys.exit(70)
