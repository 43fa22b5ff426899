"""Facts that Python's syntax shows by itself: texts, alternatives, arguments, and a name for an expression."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rolewright.core.finding import Location
from rolewright.sdk.calls import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.sdk.python.scopes import PythonFile

_ENVIRONMENT = re.compile(r"(?:os\.)?(?:environ(?:\.get)?|getenv)[(\[]'(\w+)'")


def constant(node: ast.Constant) -> Iterator[Scalar]:
    """Yield the value of a constant; nothing for None, which waits for another value to be assigned."""
    if isinstance(node.value, str):
        yield Scalar(node.value)
    elif node.value is not None:
        yield Scalar(None, hint(node))


def alternatives(node: ast.Await | ast.NamedExpr | ast.Starred | ast.IfExp | ast.BoolOp) -> list[ast.expr]:
    """Return the expressions that this one may evaluate to."""
    if isinstance(node, ast.BoolOp):
        return node.values
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node.value]


def passed_to(node: ast.Call, name: str, position: int) -> Iterator[ast.expr]:
    """Yield the arguments that a call passes for a parameter."""
    yield from (keyword.value for keyword in node.keywords if keyword.arg == name)
    if 0 <= position < len(node.args):
        yield node.args[position]


def hint(node: ast.AST) -> str:
    """Name a value as the code does: by a variable of the environment, or by the expression itself."""
    text = source(node)
    variable = _ENVIRONMENT.search(text)
    return variable[1] if variable else text


def source(node: ast.AST) -> str:
    """Return the source of an expression in one short line."""
    try:
        text = " ".join(ast.unparse(node).split())
    except RecursionError:
        return "an expression that is nested too deeply"
    return text if len(text) <= 60 else f"{text[:57]}..."


def place_of(file: PythonFile, node: ast.expr) -> Location:
    """Return the location of an expression."""
    line, column = node.lineno, node.col_offset + 1
    return Location(file.path, line, column, node.end_lineno or line, (node.end_col_offset or 0) + 1)
