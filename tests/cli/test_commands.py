"""Every command ends in the same way where something is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer.main

import rolewright.cli.commands  # noqa: F401 - which adds the commands to the application
from rolewright.cli.app import Command, app

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands(command: Any, name: str = "rolewright") -> Iterator[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield name, command
    else:
        for word in below:
            yield from commands(below[word], f"{name} {word}")


def test_a_refusal_of_any_command_is_a_report_and_not_a_traceback() -> None:
    found = dict(commands(typer.main.get_command(app)))
    assert len(found) >= 20
    assert [name for name, command in found.items() if not isinstance(command, Command)] == []
