"""The values of JavaScript, TypeScript and Go: members of packages, objects, literals, files and arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from rolewright.sdk.javascript_and_go.expressions import (
    CallExpression,
    CompositeLiteral,
    FunctionLiteral,
    IndexExpression,
    MemberExpression,
)

if TYPE_CHECKING:
    from rolewright.sdk.calls import Argument
    from rolewright.sdk.javascript_and_go.bindings import SourceExpression, SourceFile

_ENVIRONMENT = re.compile(r"(?:process\.env\.|Getenv\(\"|process\.env\[['\"])(\w+)")


@dataclass(frozen=True)
class PackageMember:
    """A member of a package by its name; "*" for the package as a whole."""

    package: str
    member: str


@dataclass(frozen=True)
class PackageObject:
    """A client of a service, or any other object that comes from a class or a function of a package."""

    package: str
    made_by: str


@dataclass(frozen=True, eq=False)
class SourceLiteral:
    """A function, or a mapping or list as it is written."""

    file: SourceFile
    node: FunctionLiteral | CompositeLiteral


@dataclass(frozen=True)
class ImportedFile:
    """A file of the project, imported as a whole."""

    file: SourceFile


SourceValue: TypeAlias = "PackageMember | PackageObject | SourceLiteral | ImportedFile | Argument"


def hint(expression: SourceExpression) -> str:
    """Name a value as the code does: a variable of the environment, or the expression itself."""
    tokens, at = expression.file.tokens, expression.node.at
    if at >= len(tokens):
        return ""
    start = end = at
    node = expression.node
    while isinstance(node, MemberExpression | CallExpression | IndexExpression):
        node = node.of
        start = min(start, node.at)
    stop = tokens.ends.get(at, at) if isinstance(expression.node, CallExpression | IndexExpression) else end
    last = tokens.starts[stop] + max(len(tokens.words[stop]), 1)
    text = " ".join(tokens.text[tokens.starts[start] : min(last, tokens.starts[start] + 200)].split())
    variable = _ENVIRONMENT.search(text)
    return variable[1] if variable else text if len(text) <= 60 else f"{text[:57]}..."
