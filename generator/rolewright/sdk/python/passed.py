"""Methods that code passes to executors, threads, partials and retries, and clients that it passes to unknown code."""

from __future__ import annotations

import ast
import builtins
import sys
from typing import TYPE_CHECKING

from rolewright.sdk import models
from rolewright.sdk.python.scopes import Assignment, PythonImport

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rolewright.sdk.python.scopes import PythonScope

_DEPTH = 5
"""The most names that are followed from one to the next."""
_TARGET, _ARGUMENTS, _NAMED = "target", "args", "kwargs"


def handed_over(node: ast.Call) -> Iterator[ast.Call]:
    """Yield the calls that a call makes of its arguments: an executor calls the first with those after it.

    An argument need not be a function: the caller has to evaluate it.
    """
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in models.facts()["hands_over"]:
        for position, argument in enumerate(node.args):
            if isinstance(argument, ast.Attribute | ast.Name):
                yield _call(argument, node.args[position + 1 :], node.keywords, node)
                return
    by_name = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
    if _TARGET in by_name:
        positional = by_name.get(_ARGUMENTS)
        keys = by_name.get(_NAMED)
        keywords = (
            [
                ast.keyword(key.value, value)
                for key, value in zip(keys.keys, keys.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
            if isinstance(keys, ast.Dict)
            else []
        )
        yield _call(
            by_name[_TARGET], positional.elts if isinstance(positional, ast.Tuple | ast.List) else [], keywords, node
        )


def _call(func: ast.expr, args: list[ast.expr], keywords: list[ast.keyword], original: ast.Call) -> ast.Call:
    return ast.copy_location(ast.Call(func, list(args), list(keywords)), original)


def is_harmless(func: ast.expr, scope: PythonScope, own: Collection[str]) -> bool:
    """Return whether a function makes no call with a client that it is passed, or is one of the project's `own`.

    This holds for functions of Python itself, of packages that return their arguments, and for those that only store
    them.
    """
    name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if name in own or name in models.facts()["keeps"]:
        return True
    return not isinstance(func, ast.Call) and _is_known(func, scope, _DEPTH)


def _is_known(node: ast.expr, scope: PythonScope, depth: int) -> bool:
    """Return whether an expression begins with something of Python itself, or of a package that returns it."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Await):
        node = node.func if isinstance(node, ast.Call) else node.value
    if not isinstance(node, ast.Name):
        return isinstance(node, ast.Constant | ast.Dict | ast.List | ast.Set | ast.Tuple | ast.DictComp | ast.ListComp)
    bindings = scope.find(node.id)
    if not bindings:
        return hasattr(builtins, node.id)
    return all(
        (isinstance(binding, PythonImport) and _gives_back(binding))
        or (isinstance(binding, Assignment) and depth > 0 and _is_known(binding.node, binding.scope, depth - 1))
        for binding in bindings
    )


def _gives_back(imported: PythonImport) -> bool:
    package = imported.module.partition(".")[0]
    return package in sys.stdlib_module_names or package in models.facts()["gives_back"]
