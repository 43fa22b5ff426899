"""The arguments of a call in Python, as arguments of an operation."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from rolewright.sdk.calls import Argument, Scalar
from rolewright.sdk.python.scopes import PythonScope
from rolewright.sdk.python.syntax import hint
from rolewright.sdk.python.values import PythonValue, arguments_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Evaluate: TypeAlias = Callable[[ast.expr, PythonScope], tuple[PythonValue, ...]]
"""A function that returns the possible values of an expression in a scope."""


def arguments_of(
    evaluate: Evaluate, node: ast.Call, scope: PythonScope, positional: tuple[str, ...] = ()
) -> Mapping[str, Argument] | None:
    """Return the arguments that are passed by name or in a known order; None if a `**` argument cannot be followed."""
    arguments: dict[str, Argument] = {
        name: as_argument(evaluate, argument, scope) for name, argument in zip(positional, node.args, strict=False)
    }
    for keyword in node.keywords:
        if keyword.arg is not None:
            arguments[keyword.arg] = as_argument(evaluate, keyword.value, scope)
            continue
        spread = [value for value in evaluate(keyword.value, scope) if isinstance(value, dict)]
        if len(spread) != 1:
            return None
        arguments |= spread[0]
    return arguments


def argument_of(evaluate: Evaluate, node: ast.Call, scope: PythonScope, name: str, position: int) -> Iterator[Argument]:
    """Yield what a call passes by a name or at a position."""
    for keyword in node.keywords:
        if keyword.arg == name:
            yield from arguments_in(evaluate(keyword.value, scope))
    if len(node.args) > position:
        yield from arguments_in(evaluate(node.args[position], scope))


def as_argument(evaluate: Evaluate, node: ast.expr, scope: PythonScope) -> Argument:
    """Return an expression as an argument: a tuple of its possible values where there are several."""
    values = tuple(arguments_in(evaluate(node, scope)))
    return values[0] if len(values) == 1 else values or Scalar(None, hint(node))
