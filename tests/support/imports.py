"""What a source file imports: everywhere in it, in every form there is."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

PACKAGE = "rolewright"
UNKNOWN = "?"
"""The name of what is only known at run time."""
_GUARDS = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


@dataclass(frozen=True)
class Import:
    """A module, with the line of its import. `types` tells that it is for annotations alone."""

    name: str
    line: int
    types: bool = False


def imports(text: str, file: str, modules: Collection[str]) -> list[Import]:
    """All imports of a file, which is named from the package's folder; `modules` are all that the package has.

    A name from a package is a module where there is one of that name, and else stands for the package.
    """
    tree = ast.parse(text)
    guards = [one for one in ast.walk(tree) if isinstance(one, ast.If) and ast.unparse(one.test) in _GUARDS]
    guarded = {id(node) for one in guards for part in one.body for node in ast.walk(part)}
    return [
        Import(_module(name, modules), node.lineno, id(node) in guarded)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt | ast.expr)
        for name in _names(node, file)
    ]


def _names(node: ast.AST, file: str) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (one.name for one in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            own = [PACKAGE, *file.split("/")[:-1]]
            start = ".".join(own[: len(own) + 1 - level]) if level else ""
            base = ".".join(filter(None, (start, module)))
            yield from (f"{base}.{one.name}" for one in names)
        case ast.Call(func=function, args=[first, *_]) if _imports(function):
            yield first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else UNKNOWN
        case ast.Attribute(value=ast.Name(id="sys"), attr="modules"):
            yield UNKNOWN
        case _:
            pass


def _imports(function: ast.expr) -> bool:
    return ast.unparse(function).rpartition(".")[2] in {"import_module", "__import__", "run_module"}


def _module(name: str, modules: Collection[str]) -> str:
    """The longest beginning of a name that is a module, if the package has it."""
    parts = name.split(".")
    if parts[0] != PACKAGE:
        return name
    known = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
    return next((one for one in known if one in modules), PACKAGE)
