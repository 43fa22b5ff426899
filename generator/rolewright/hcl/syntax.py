"""The syntax of a Terraform module as read back from its text: blocks, attributes and expressions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Steps = tuple[str | int, ...]
"""The way into a value: names of attributes and keys, and the numbers of items."""


@dataclass(frozen=True)
class Literal:
    """A string without interpolation, a number, a bool, or null (None). Escapes are already resolved."""

    value: str | int | float | bool | None


@dataclass(frozen=True)
class Template:
    """A string with interpolations: literal strings and expressions in turn."""

    parts: tuple[str | Expression, ...]


@dataclass(frozen=True)
class Traversal:
    """`root.attr[0]["k"]`: names as str, numeric indices as int, in order."""

    path: Steps


@dataclass(frozen=True)
class Index:
    """`collection[key]` that cannot be written as a Traversal."""

    collection: Expression
    key: Expression


@dataclass(frozen=True)
class Call:
    """A function call."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class List:
    """A tuple constructor `[a, b]`."""

    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Map:
    """An object constructor `{k = v}`; a bare key is a Literal string."""

    items: tuple[tuple[Expression, Expression], ...]


@dataclass(frozen=True)
class Conditional:
    """`test ? yes : no`."""

    test: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True)
class Operation:
    """A unary or binary operator with its operands."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True)
class Opaque:
    """An expression that rolewright reads but does not evaluate (a `for`, a splat), as written."""

    text: str


Expression = Literal | Template | Traversal | Index | Call | List | Map | Conditional | Operation | Opaque


@dataclass(frozen=True)
class Attribute:
    """`name = expression`, with the line it starts on."""

    name: str
    expression: Expression
    line: int


@dataclass(frozen=True)
class Block:
    """`type "label" … { … }`. `comments` are the comment lines directly above it, without their marks."""

    type: str
    labels: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    blocks: tuple[Block, ...]
    file: str
    line: int
    comments: tuple[str, ...] = ()

    def all(self, type_: str) -> Iterator[Block]:
        """Return the nested blocks of a type, in order."""
        return (block for block in self.blocks if block.type == type_)


@dataclass(frozen=True, eq=False)
class ParsedModule:
    """The HCL files of a module as blocks, and every file's text.

    `tfvars` maps an environment's name to the attributes of `environments/NAME.tfvars`. Modules are compared and hashed
    by identity, so that results about a module can be cached.
    """

    files: Mapping[str, str]
    blocks: tuple[Block, ...]
    tfvars: Mapping[str, Mapping[str, Attribute]]

    def all(self, type_: str, *labels: str) -> Iterator[Block]:
        """Return the top-level blocks of a type whose labels begin with `labels`."""
        return (b for b in self.blocks if b.type == type_ and b.labels[: len(labels)] == labels)

    def origin(self, file: str, line: int) -> str:
        """Return the path in the nearest comment `# manifest: PATH` at or above a line of the same block, or ""."""
        for text in reversed(self.files[file].split("\n")[:line]):
            stripped = text.strip()
            if stripped.startswith("# manifest: "):
                return stripped.removeprefix("# manifest: ").split()[0]
            if text.startswith("}"):
                return ""
        return ""
