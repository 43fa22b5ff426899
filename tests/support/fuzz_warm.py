"""What a process that runs many commands keeps of one for the next: none of it depends on what a case has.

A command reads the built-in blueprints, compiles their templates and puts its options together each time anew, which
takes ten times as long as what it does with a small input.
"""

from __future__ import annotations

import functools
from typing import Any

import typer.main
from jinja2 import Environment

from rolewright.blueprint import builtin_root
from rolewright.blueprint.catalog import Blueprints


def keep_warm() -> None:
    """Keep these things in this process, and in those that it starts by a fork."""
    typer.main.get_command = functools.cache(typer.main.get_command)
    Environment.compile = _compiled(Environment.compile)  # type: ignore[method-assign]
    Blueprints.__getitem__ = _read_once(Blueprints.__getitem__)  # type: ignore[method-assign]


def _compiled(compile_: Any) -> Any:
    codes: dict[tuple[str, Any, Any], Any] = {}

    def compiled(self: Any, source: Any, name: Any = None, filename: Any = None, *rest: Any, **named: Any) -> Any:
        if rest or named or not isinstance(source, str) or str(builtin_root()) not in str(filename):
            return compile_(self, source, name, filename, *rest, **named)
        key = source, name, filename
        if key not in codes:
            codes[key] = compile_(self, source, name, filename)
        return codes[key]

    return compiled


def _read_once(get: Any) -> Any:
    """Of a catalog that is built in and nothing else, each blueprint is read once."""
    root = str(builtin_root())
    known: dict[str, Any] = {}

    def read(self: Any, type_: str) -> Any:
        if "built_in" not in self.__dict__:
            self.built_in = all(str(file).startswith(root) for file in self.files.values())
        if not self.built_in:
            return get(self, type_)
        key = str(self.files.get(type_, type_))
        if key not in known:
            known[key] = get(self, type_)
        return known[key]

    return read
