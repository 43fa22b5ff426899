"""The expressions of JavaScript, TypeScript and Go, as far as values are followed through them.

`at` is the token at which an expression stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, eq=False)
class Identifier:
    """A name."""

    name: str
    at: int


@dataclass(frozen=True, eq=False)
class StringLiteral:
    """A text in quotes."""

    text: str
    at: int


@dataclass(frozen=True, eq=False)
class Concatenation:
    """A text that is joined from parts, or a template."""

    parts: tuple[CodeExpression, ...]
    at: int


@dataclass(frozen=True, eq=False)
class MemberExpression:
    """A member of a value: `of.name`."""

    of: CodeExpression
    name: str
    at: int


@dataclass(frozen=True, eq=False)
class IndexExpression:
    """An element of a value: `of[key]`."""

    of: CodeExpression
    key: CodeExpression
    at: int


@dataclass(frozen=True, eq=False)
class CallExpression:
    """A call, or with `is_new` the construction of an object. `at` is its opening bracket."""

    of: CodeExpression
    arguments: tuple[CodeExpression, ...]
    is_new: bool
    at: int


@dataclass(frozen=True, eq=False)
class CompositeLiteral:
    """A mapping or a list, of the type `of` where the code names one; `spread` are those that are spread into it."""

    items: tuple[tuple[CodeExpression, CodeExpression], ...]
    elements: tuple[CodeExpression, ...]
    spread: tuple[CodeExpression, ...]
    of: CodeExpression | None
    is_list: bool
    at: int


@dataclass(frozen=True, eq=False)
class Alternatives:
    """One of several expressions, as in `a || b`."""

    options: tuple[CodeExpression, ...]
    at: int


@dataclass(frozen=True, eq=False)
class FunctionLiteral:
    """A function without a name; its body begins at `body`, with `{` or as an expression."""

    body: int
    at: int


@dataclass(frozen=True, eq=False)
class OtherExpression:
    """Anything else."""

    at: int


CodeExpression: TypeAlias = (
    Identifier
    | StringLiteral
    | Concatenation
    | MemberExpression
    | IndexExpression
    | CallExpression
    | CompositeLiteral
    | Alternatives
    | FunctionLiteral
    | OtherExpression
)
