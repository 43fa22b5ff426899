"""Files of JavaScript, TypeScript and Go, with their names."""

from __future__ import annotations

from pathlib import PurePath

from rolewright.sdk.go.names import GoNames
from rolewright.sdk.javascript.names import ScriptNames
from rolewright.sdk.javascript_and_go.bindings import SourceFile
from rolewright.sdk.javascript_and_go.parser import Parser
from rolewright.sdk.javascript_and_go.tokens import tokens_of


def read_source(text: str, path: str) -> SourceFile:
    """Read a file and find its names."""
    is_go = PurePath(path).suffix == ".go"
    tokens = tokens_of(text, is_go=is_go)
    source = SourceFile(path, tokens, Parser(tokens, is_go=is_go))
    (GoNames if is_go else ScriptNames)(source).read()
    return source
