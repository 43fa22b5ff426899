"""The real command line: in this process, or in one of its own where that is the point of a test."""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from rolewright.audit import scan
from rolewright.batch import build
from rolewright.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMMAND = (sys.executable, "-m", "rolewright")
_OF_A_PROCESS = ("PYTHON", "LC_", "LANG", "MALLOC")
"""Variables that only a process that starts looks at."""


def rolewright(
    *arguments: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, terminal: bool = False
) -> subprocess.CompletedProcess[str]:
    """What one run printed, also on a terminal, and its exit code. Nothing is started, so nothing is imported anew."""
    given = [str(one) for one in arguments]
    assert not any(one.startswith(("-j", "--jobs")) for one in given), "several processes begin with one of their own"
    assert not any(name.startswith(_OF_A_PROCESS) for name in env or {}), "this needs a process of its own"
    before = Path.cwd()
    stdout, stderr = _stream("strict", terminal), _stream("backslashreplace", terminal)
    code: str | int | None = 0
    with (
        Path(os.devnull).open(encoding="utf-8") as stdin,
        patch.dict(os.environ, {"COLUMNS": "80", **(env or {})}),
        patch.multiple(sys, argv=["rolewright", *given], stdin=stdin, stdout=stdout, stderr=stderr),
        patch.object(build, "cpus", lambda: 1),
        patch.object(scan, "cpus", lambda: 1),
    ):
        os.chdir(cwd or before)
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            os.chdir(before)
            gc.unfreeze()  # the product leaves to the end of the process what it has built
            gc.enable()
    assert code is None or isinstance(code, int)
    return subprocess.CompletedProcess(given, code or 0, _text(stdout), _text(stderr))


class _Stream(io.TextIOWrapper):
    watched = False

    def isatty(self) -> bool:
        return self.watched


def _stream(errors: str, terminal: bool) -> io.TextIOWrapper:
    stream = _Stream(io.BytesIO(), encoding="utf-8", errors=errors, write_through=True)
    stream.watched = terminal
    return stream


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    written = stream.buffer
    assert isinstance(written, io.BytesIO)
    return written.getvalue().decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")


def rolewright_process(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    prepare: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """The same from a process of its own. `prepare` runs in it before the command."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(env or {})},
        preexec_fn=prepare,
        stdin=subprocess.DEVNULL,
    )
