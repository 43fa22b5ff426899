"""Files of JavaScript, TypeScript or Go → the bindings of each name in them, by scope."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from rolewright.sdk.javascript_and_go.expressions import CallExpression, CodeExpression, MemberExpression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.sdk.javascript_and_go.parser import Parser
    from rolewright.sdk.javascript_and_go.tokens import Tokens


@dataclass(frozen=True, eq=False)
class SourceImport:
    """An imported package or file (`member` is "*"), or a member of one by its name."""

    package: str
    member: str


@dataclass(frozen=True, eq=False)
class SourceExpression:
    """An expression of a file."""

    file: SourceFile
    node: CodeExpression


@dataclass(frozen=True, eq=False)
class PropertyOf:
    """The property of an expression that has this name."""

    of: SourceExpression
    name: str


@dataclass(frozen=True, eq=False)
class ElementOf:
    """Each element of an expression."""

    of: SourceExpression


@dataclass(frozen=True, eq=False)
class InstanceOf:
    """A value of the type that an expression names."""

    of: SourceExpression


@dataclass(frozen=True, eq=False)
class SourceParameter:
    """A parameter of a function, by the function's name."""

    function: str
    position: int


SourceBinding: TypeAlias = SourceImport | SourceExpression | PropertyOf | ElementOf | InstanceOf | SourceParameter


@dataclass(eq=False)
class SourceFile:
    """A file. `names` are keyed by the bracket that limits their scope, -1 for the whole file, and by the name."""

    path: str
    tokens: Tokens
    parser: Parser
    names: dict[tuple[int, str], list[SourceBinding]] = field(default_factory=lambda: defaultdict(list))
    properties: dict[str, list[SourceBinding]] = field(default_factory=lambda: defaultdict(list))
    fields: dict[tuple[int, str], list[tuple[str, CodeExpression]]] = field(default_factory=lambda: defaultdict(list))
    """Fields that are assigned to a value after it got its name (`a.b = c`), keyed as `names` are."""
    functions: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The tokens at which the bodies of functions begin, by the names of the functions."""
    imports: dict[str, int] = field(default_factory=dict)
    """The packages that the file imports, each with the token at which it does."""
    declared: set[int] = field(default_factory=set)
    """Brackets around parameters, which are not calls."""
    types: set[int] = field(default_factory=set)
    """Tokens that name a type, or stand in an import."""

    def scope_of(self, name: str, at: int) -> int | None:
        """Return the innermost bracket around a token in which a name is known; None for a name that is not."""
        around = self.tokens.around[at] if at < len(self.tokens) else -1
        while True:
            if (around, name) in self.names:
                return around
            if around < 0:
                return None
            around = self.tokens.around[around]

    def find(self, name: str, at: int) -> list[SourceBinding]:
        """Return what a name may stand for at a token."""
        scope = self.scope_of(name, at)
        return [] if scope is None else self.names[scope, name]


class Names:
    """Finds the names of a file, from its first token to its last."""

    def __init__(self, source: SourceFile) -> None:
        self._source = source
        self._tokens = source.tokens
        self._parser = source.parser
        self._assigned: list[tuple[int, str, int]] = []
        self._member_assignments: list[tuple[int, str, str, int]] = []

    def read(self) -> None:
        """Fill the file with its names."""
        for at in range(len(self._tokens)):
            self._at(at)
        for at, name, value in self._assigned:
            scope = self._source.scope_of(name, at)
            self._bind(-1 if scope is None else scope, name, self._bound(value))
        for at, name, member, value in self._member_assignments:
            scope = self._source.scope_of(name, at)
            if scope is not None:
                self._source.fields[scope, name].append((member, self._parser.expression(value)[0]))

    def _at(self, at: int) -> None:
        raise NotImplementedError

    def _bind(self, scope: int, name: str, binding: SourceBinding) -> None:
        self._source.names[scope, name].append(binding)

    def _bound(self, at: int) -> SourceExpression:
        return SourceExpression(self._source, self._parser.expression(at)[0])

    def _scope(self, at: int) -> int:
        """Return the bracket in which a name that is declared at a token is known."""
        return self._tokens.around[at]

    def _assign_member(self, at: int) -> None:
        """Record `a.b = c`, from its equals sign."""
        tokens = self._tokens
        if tokens.is_mark(at - 2, ".", "?.") and tokens.is_name(at - 1):
            self._source.properties[tokens.words[at - 1]].append(self._bound(at + 1))
            if tokens.is_name(at - 3) and not tokens.is_mark(at - 4, ".", "?."):
                self._member_assignments.append((at - 3, tokens.words[at - 3], tokens.words[at - 1], at + 1))

    def _commas(self, opening: int) -> Iterator[tuple[int, int]]:
        """Yield where each part between brackets begins and ends."""
        end = self._tokens.end_of(opening)
        at = opening + 1
        while at < end:
            after = self._parser.comma(at, end)
            yield at, after - 1
            at = after


def links(node: CodeExpression) -> Iterator[CodeExpression]:
    """Yield an expression and the values that it is a member or a call of, from the last link to the first."""
    while True:
        yield node
        if not isinstance(node, MemberExpression | CallExpression):
            return
        node = node.of


def is_relative(package: str) -> bool:
    """Return whether an import is of a file of the project."""
    return package.startswith((".", "/", "@/", "~/"))
