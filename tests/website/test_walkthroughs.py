"""The pages that lead somebody through commands: each is followed, file by file and command by command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright
from console_blocks import assert_says, commands_of

if TYPE_CHECKING:
    from real_terraform import Terraform

DOCS = Path(__file__).parents[2] / "docs"
STEP = re.compile(r"<!-- file: (?P<file>\S+) -->\n```\w+\n(?P<text>.*?)```|```console\n(?P<block>.*?)```", re.DOTALL)
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Reader"), ("EMAIL", "reader@example.com"))
}
SHELL = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
NEEDS_TERRAFORM = "rolewright plan"


def run(command: str, folder: Path) -> str:
    """What a command prints; rolewright runs in this process, everything else in a shell."""
    if command.startswith("rolewright "):
        ran = rolewright(*shlex.split(command)[1:], cwd=folder, env=IDENTITY)
    else:
        ran = subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=SHELL,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    return ran.stdout + ran.stderr


def follow(page: str, folder: Path, *, with_terraform: bool) -> list[str]:
    """Do what a page says and return its commands; those that need Terraform only where they are asked for."""
    followed = []
    for step in STEP.finditer((DOCS / page).read_text(encoding="utf-8")):
        if step["file"]:
            file = folder / step["file"]
            file.parent.mkdir(exist_ok=True)
            file.write_text(step["text"], encoding="utf-8")
            continue
        for command, expected in commands_of(step["block"]):
            if with_terraform or not command.startswith(NEEDS_TERRAFORM):
                assert_says(run(command, folder), expected, command)
                followed.append(command)
    return followed


@pytest.mark.parametrize("page", ["tutorial.md", "review.md", "proof.md"])
def test_every_command_of_a_page_says_what_the_page_shows(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    followed = follow(page, folder, with_terraform=False)
    shown = re.findall(r"^\$ (.*)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert followed == [command for command in shown if not command.startswith(NEEDS_TERRAFORM)]
    assert len(followed) >= 5


@pytest.mark.soak
@pytest.mark.terraform
def test_the_tutorial_with_terraform(terraform: Terraform, tmp_path: Path) -> None:
    folder = tmp_path / "orders"
    folder.mkdir()
    assert any(command.startswith(NEEDS_TERRAFORM) for command in follow("tutorial.md", folder, with_terraform=True))
    terraform.run(folder, "init", "-input=false")
    terraform.run(folder, "validate")
