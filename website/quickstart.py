"""Run the first commands in a folder with a small function, and draw the terminal as `docs/quickstart.svg`.

Run `.venv-test/bin/python website/quickstart.py` after a change to what they print.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from unittest.mock import patch
from xml.sax.saxutils import escape

from rolewright.cli import main

PICTURE = Path(__file__).parent.parent / "docs" / "quickstart.svg"
CODE = """\
import json

import boto3

table = boto3.resource("dynamodb").Table("orders")


def handler(event, context):
    table.put_item(Item=json.loads(event["body"]))
    return {"statusCode": 201}
"""
COMMANDS = (
    "grep table app.py",
    "rolewright init",
    "rolewright validate",
    "rolewright render",
    "cat output/orders/access.lock",
)

_COLUMNS, _LINE, _LETTER, _MARGIN = 112, 20, 8.1, 20
_SECONDS_FOR_A_COMMAND, _SECONDS_FOR_A_LINE = 0.5, 0.05
_STYLE = """\
text { font: 13.5px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre }
.said { fill: #c9d1d9 }
.command { fill: #7ee787; font-weight: 600 }
@media (prefers-reduced-motion: no-preference) {
  text { animation: appear 0.2s both }
  @keyframes appear { from { opacity: 0 } }
}"""


def said_by(command: str) -> str:
    """Return what a command prints in the current folder, both streams in their order."""
    words = command.split()
    if words[0] != "rolewright":
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout
    printed = io.StringIO()
    with (
        patch.object(sys, "argv", words),
        patch.object(sys, "stdin", None),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        contextlib.suppress(SystemExit),
    ):
        main()
    return printed.getvalue()


def session(folder: Path) -> list[tuple[str, str]]:
    """Return each command with what it printed, run one after the other in a folder that is empty before."""
    (folder / "app.py").write_text(CODE, encoding="utf-8")
    with contextlib.chdir(folder):
        return [(command, said_by(command)) for command in COMMANDS]


def picture(steps: list[tuple[str, str]]) -> str:
    """Return a session as an SVG, in which the lines appear one by one where the reader's system lets things move."""
    rows: list[str] = []
    at, line = 0.5, 0
    for command, said in steps:
        rows.append(_row(line, at, "command", f"$ {command}"))
        line, at = line + 1, at + _SECONDS_FOR_A_COMMAND
        for paragraph in said.splitlines():
            for part in textwrap.wrap(paragraph, _COLUMNS, subsequent_indent="    ", break_on_hyphens=False):
                rows.append(_row(line, at, "said", part))
                line, at = line + 1, at + _SECONDS_FOR_A_LINE
        line, at = line + 1, at + _SECONDS_FOR_A_COMMAND
    width, height = round(_COLUMNS * _LETTER) + 2 * _MARGIN, (line - 1) * _LINE + 2 * _MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="A terminal: init, validate and render, and what the role may do in the end">'
    )
    ground = f'<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>'
    return "\n".join([head, f"<style>\n{_STYLE}\n</style>", ground, *rows, "</svg>", ""])


def _row(line: int, at: float, kind: str, text: str) -> str:
    down = _MARGIN + line * _LINE + 14
    return f'<text x="{_MARGIN}" y="{down}" class="{kind}" style="animation-delay: {at:.2f}s">{escape(text)}</text>'


def drawn() -> str:
    """Return the picture of a session that is run for it."""
    with tempfile.TemporaryDirectory() as folder:
        inner = Path(folder) / "orders"  # the workload has the name of its folder
        inner.mkdir()
        return picture(session(inner))


if __name__ == "__main__":
    PICTURE.write_text(drawn(), encoding="utf-8")
