"""Methods of boto3 that are passed on in place of being called: to executors, threads, partials, retries."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rolewright.sdk import models

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGET, _ARGUMENTS, _NAMED = "target", "args", "kwargs"


def handed_over(node: ast.Call) -> Iterator[ast.Call]:
    """The calls that a call makes of what it is passed, if it is one that calls its argument with those after it.

    What it is passed need not be a function: whoever asks evaluates that.
    """
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in models.facts()["hands_over"]:
        for position, one in enumerate(node.args):
            if isinstance(one, ast.Attribute | ast.Name):
                yield _made(one, node.args[position + 1 :], node.keywords, node)
                return
    named = {one.arg: one.value for one in node.keywords if one.arg}
    if _TARGET in named:
        given = named.get(_ARGUMENTS)
        keys = named.get(_NAMED)
        keywords = (
            [
                ast.keyword(key.value, value)
                for key, value in zip(keys.keys, keys.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
            if isinstance(keys, ast.Dict)
            else []
        )
        yield _made(named[_TARGET], given.elts if isinstance(given, ast.Tuple | ast.List) else [], keywords, node)


def _made(func: ast.expr, args: list[ast.expr], keywords: list[ast.keyword], of: ast.Call) -> ast.Call:
    return ast.copy_location(ast.Call(func, list(args), list(keywords)), of)
