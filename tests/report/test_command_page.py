"""docs/commands.md is what `--help` says, of every command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

import rolewright.cli.commands  # noqa: F401 - it adds every command to the application
from command_line import rolewright as run
from rolewright.cli.app import app
from rolewright.cli.command_help import command_helps
from rolewright.report.command_page import AS_TYPED, CommandHelp, ParameterHelp, command_page

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
COMMANDS = command_helps(get_command(app))
WIDE = {"COLUMNS": "400", "NO_COLOR": "1", "TERM": "dumb"}


def listed(help_: str) -> list[str]:
    """The commands in the help of a group."""
    _, _, below = help_.partition(" Commands ")
    return re.findall(r"^│ ([a-z][\w-]*) ", below, re.MULTILINE)


def test_the_page_is_current() -> None:
    assert command_page(COMMANDS) == PAGE


def test_every_command_has_a_section() -> None:
    names = []
    for name in listed(run("--help", env=WIDE).stdout):
        inner = listed(run(name, "--help", env=WIDE).stdout)
        names += [f"{name} {command}" for command in inner] or [name]
    assert len(names) > 25
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == sorted(names)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_section_says_what_the_help_of_its_command_says(command: CommandHelp) -> None:
    """Every option, its explanation and its default, and every word of what the command is for."""
    help_ = run(*command.name.split(), "--help", env=WIDE).stdout
    words = " ".join(help_.replace("│", " ").split())
    rows = re.findall(r"^│ +(\*?) *(--[\w-]+)", help_, re.MULTILINE)
    options = [parameter for parameter in command.parameters if parameter.is_option]
    assert {name for _, name in rows} == {parameter.names[0] for parameter in options} | {"--help"}
    assert {name for star, name in rows if star} == {one.names[0] for one in options if one.is_required}
    for paragraph in command.about.strip().split("\n\n"):
        assert " ".join(paragraph.removeprefix(AS_TYPED).split()) in words
    for parameter in command.parameters:
        assert " ".join(parameter.about.split()) in words
        assert set(parameter.names) <= set(words.replace(",", " ").split()) or not parameter.is_option
        assert not parameter.default or f"[default: {parameter.default}]" in words


def test_what_plain_text_and_markdown_read_differently_is_marked() -> None:
    about = "Give --until or services/*.yaml. `--kept` <fill in>, a-b and a|b."
    page = command_page([CommandHelp("x", about, (ParameterHelp(("f",), "F", about, "1", False, False, True),))])
    shown = "Give `--until` or `services/*.yaml`. `--kept` `<fill in>`, a-b and a\\|b."
    assert page.count(shown) == 2
    assert "\nrolewright x [F...]\n" in page
