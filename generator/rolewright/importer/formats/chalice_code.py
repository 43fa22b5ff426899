"""What decorators in the code of Chalice say, read without running it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.files import UnreadableError, read_text
from rolewright.core.finding import Location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

OPEN = object()
"""What an argument is that the code computes."""


@dataclass(frozen=True)
class Decorator:
    """A decorator of Chalice: its name, the function below it, and its arguments, `OPEN` for computed ones."""

    name: str
    function: str
    positional: tuple[Any, ...]
    named: Mapping[str, Any]
    location: Location

    def argument(self, name: str, position: int | None = None) -> Any:  # noqa: ANN401 - of any type
        """Return an argument by its name, or by its position; None where it is left out."""
        if name in self.named:
            return self.named[name]
        there = position is not None and position < len(self.positional)
        return self.positional[position] if there and position is not None else None


def decorators(file: Path) -> tuple[Decorator, ...] | None:
    """Return the decorators of the app in a file; None for one that cannot be read as Python."""
    tree = _parsed(file)
    return None if tree is None else tuple(_found(tree, str(file)))


def unread_settings(file: Path) -> Iterator[tuple[str, Location]]:
    """Yield what the code of an app says beside decorators, and where: blueprints, and origins for all routes."""
    tree = _parsed(file)
    for statement in tree.body if tree is not None else ():
        location = Location(str(file), statement.lineno, statement.col_offset + 1)
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr="register_blueprint"))):
                yield "register_blueprint", location
            case ast.Assign(targets=[ast.Attribute(value=ast.Attribute(attr="api"), attr="cors")]):
                yield "cors", location
            case _:
                pass


def _parsed(file: Path) -> ast.Module | None:
    try:
        return ast.parse(read_text(file))
    except (UnreadableError, SyntaxError, ValueError, RecursionError, OSError):
        return None


def _found(tree: ast.Module, file: str) -> Iterator[Decorator]:
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in node.decorator_list:
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name(), attr=name), args=args, keywords=keywords):
                    named = {each.arg: _value(each.value) for each in keywords if each.arg}
                    location = Location(file, call.lineno, call.col_offset + 1)
                    yield Decorator(name, node.name, tuple(map(_value, args)), named, location)
                case _:
                    pass


def _value(node: ast.expr) -> Any:  # noqa: ANN401 - of any type
    """Return a literal; a call of a name, such as `Rate(5, unit=Rate.MINUTES)`, as a tuple of its parts."""
    match node:
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
            return (name, [_value(each) for each in args], {each.arg: _value(each.value) for each in keywords})
        case ast.Attribute(attr=attribute):
            return attribute
        case _:
            pass
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        return OPEN
