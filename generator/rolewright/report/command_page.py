"""What each command does → the page of all commands, in Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INTRODUCTION = f"""\
# Commands

What `rolewright COMMAND --help` says, for every command. Manifests, `--blueprints`, `--env` and the output folder of
modules can also come from the project's [settings](../README.md#which-manifests). Every command has `--help`, or `-h`,
and the [exit codes](../README.md#exit-codes) mean the same in all of them.

This page is made from the commands themselves, by `command_page()` in
`generator/rolewright/report/{Path(__file__).name}`.
"""
AS_TYPED = "\b"
"""What begins a paragraph of a help whose lines are not filled."""
_CODE = re.compile(r"(`[^`]*`)")
_LOOKS_LIKE_CODE = re.compile(
    r"(?<=^Example: )rolewright .*|(?<![\w`-])--[a-z][\w-]*|<[^>]+>|(?<![\w.:/-])[\w.:/-]*\*(?:[\w./*-]*\w)?"
)
"""What Markdown would read as markup, or as two dashes, where `--help` shows plain text."""


@dataclass(frozen=True)
class ParameterHelp:
    """An argument or an option. `value` is "" where it takes none, `default` where there is none to show."""

    names: tuple[str, ...]
    value: str
    about: str
    default: str
    is_option: bool
    is_required: bool
    repeats: bool


@dataclass(frozen=True)
class CommandHelp:
    """A command that can be run, by its whole name without `rolewright`, and its help: paragraphs of plain text."""

    name: str
    about: str
    parameters: tuple[ParameterHelp, ...]


def command_page(commands: Iterable[CommandHelp]) -> str:
    """Return the page in Markdown, with a section for each command in the order given."""
    sections = ["\n".join(_section(command)) for command in commands]
    return "\n".join([_INTRODUCTION, *sections])


def _section(command: CommandHelp) -> Iterator[str]:
    yield from (f"## {command.name}", "", "```", _usage(command), "```", "")
    for paragraph in re.split(r"\n\s*\n", command.about.strip()):
        yield from _as_typed(paragraph) if paragraph.startswith(AS_TYPED) else (_prose(" ".join(paragraph.split())), "")
    if command.parameters:
        yield from ("| | value | what it is |", "|---|---|---|")
        yield from map(_row, command.parameters)
        yield ""


def _as_typed(paragraph: str) -> Iterator[str]:
    """Yield a paragraph whose lines stand as they are: what it is about, and commands to type."""
    title, *lines = paragraph.removeprefix(AS_TYPED).strip().splitlines()
    yield from (title, "", "```", *(line.strip() for line in lines), "```", "")


def _usage(command: CommandHelp) -> str:
    parts = ["rolewright", command.name]
    parts += ["[OPTIONS]"] * any(parameter.is_option for parameter in command.parameters)
    for parameter in command.parameters:
        if not parameter.is_option:
            several = "" if not parameter.repeats or parameter.value.endswith("...") else "..."
            shown = parameter.value + several
            parts.append(shown if parameter.is_required else f"[{shown}]")
    return " ".join(parts)


def _row(parameter: ParameterHelp) -> str:
    about = _prose(parameter.about)
    if parameter.is_required and parameter.is_option:
        about += " Required."
    if parameter.default:
        shown = parameter.default if parameter.default.startswith("(") else f"`{parameter.default}`"
        about += f" Default: {shown.strip('()')}."
    if not parameter.is_option:
        return f"| `{_cell(parameter.value)}` | | {about} |"
    names = ", ".join(f"`{name}`" for name in parameter.names)
    value = f"`{_cell(parameter.value)}`" if parameter.value else ""
    return f"| {names} | {value} | {about} |"


def _prose(text: str) -> str:
    """Return plain text as Markdown that shows it."""
    parts = _CODE.split(text)
    return "".join(
        part if number % 2 else _LOOKS_LIKE_CODE.sub(lambda found: f"`{found[0]}`", part)
        for number, part in enumerate(parts)
    ).replace("|", "\\|")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
