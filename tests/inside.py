"""The command line in the process of the tests: as `command.rolewright`, without the start of another Python."""

from __future__ import annotations

import importlib
import os
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from rolewright.cli.app import app

importlib.import_module("rolewright.cli.commands")  # which adds the commands


def rolewright(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What one run printed, and its exit code. An exception that the command does not expect is raised."""
    before = Path.cwd()
    os.chdir(cwd)
    try:
        ran = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="rolewright")
    finally:
        os.chdir(before)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return subprocess.CompletedProcess(arguments, ran.exit_code, ran.stdout, ran.stderr)
