"""The commands of typer → the parts of their `--help`."""

from __future__ import annotations

import inspect
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

from rolewright.report.command_page import CommandHelp, ParameterHelp

if TYPE_CHECKING:
    from collections.abc import Iterator

_VALUES: dict[type, str] = {bool: "", int: "N", Path: "PATH", str: "TEXT"}


def command_helps(group: Any) -> list[CommandHelp]:  # noqa: ANN401 - typer has its own click
    """Return every command below a group that `--help` lists, at any depth, in the order of the alphabet."""
    return sorted(_below(group, ()), key=lambda command: command.name)


def _below(command: Any, names: tuple[str, ...]) -> Iterator[CommandHelp]:  # noqa: ANN401 - as above
    if command.hidden:
        return
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from _below(inner, (*names, name))
        return
    function = inspect.unwrap(command.callback)
    signature, hints = inspect.signature(function), get_type_hints(function, include_extras=True)
    shown = {parameter.name: tuple(parameter.opts) for parameter in command.params if not parameter.hidden}
    parameters = tuple(
        _parameter(shown[name], hints[name], parameter.default)
        for name, parameter in signature.parameters.items()
        if name in shown
    )
    yield CommandHelp(" ".join(names), command.help, parameters)


def _parameter(names: tuple[str, ...], hint: Any, default: Any) -> ParameterHelp:  # noqa: ANN401 - any annotation
    annotated, described = get_args(hint)
    type_, repeats = _one(annotated)
    is_option = names[0].startswith("-")
    value = "|".join(str(member.value) for member in type_) if issubclass(type_, Enum) else _VALUES[type_]
    required = default is inspect.Parameter.empty and described.default_factory is None
    return ParameterHelp(
        names=names,
        value=described.metavar or value,
        about=described.help,
        default=_default(default, described.show_default),
        is_option=is_option,
        is_required=required,
        repeats=repeats,
    )


def _one(annotated: Any) -> tuple[type, bool]:  # noqa: ANN401 - any annotation
    """Return the type of one value, and whether several can be given."""
    if get_origin(annotated) in (Union, UnionType):
        (annotated,) = (part for part in get_args(annotated) if part is not type(None))
    if get_origin(annotated) is list:
        return get_args(annotated)[0], True
    return annotated, False


def _default(default: Any, said: object) -> str:  # noqa: ANN401 - any default
    if isinstance(said, str):
        return f"({said})"  # as `--help` shows what is no value but words
    if said is False or default in (None, False, "", inspect.Parameter.empty):
        return ""
    return str(default.value if isinstance(default, Enum) else default)
