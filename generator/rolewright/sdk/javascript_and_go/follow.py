"""Expressions of JavaScript, TypeScript and Go → their possible values: texts, mappings, members of packages."""

from __future__ import annotations

import itertools
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from rolewright.core.finding import Location
from rolewright.sdk.calls import UNKNOWN, Argument, Scalar
from rolewright.sdk.javascript_and_go.bindings import (
    ElementOf,
    InstanceOf,
    PropertyOf,
    SourceExpression,
    SourceFile,
    SourceImport,
    SourceParameter,
)
from rolewright.sdk.javascript_and_go.expressions import (
    Alternatives,
    CallExpression,
    CompositeLiteral,
    Concatenation,
    FunctionLiteral,
    Identifier,
    IndexExpression,
    MemberExpression,
    OtherExpression,
    StringLiteral,
)
from rolewright.sdk.javascript_and_go.file_index import SourceFileIndex
from rolewright.sdk.javascript_and_go.parser import TooLongError
from rolewright.sdk.javascript_and_go.values import ImportedFile, PackageMember, PackageObject, SourceLiteral, hint
from rolewright.sdk.packages import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.sdk.javascript_and_go.bindings import SourceBinding
    from rolewright.sdk.javascript_and_go.values import SourceValue

_DEPTH = 40
_MANY = 40
"""The most values that a name or an expression is followed to; a name with more bindings counts as unknown."""
_STEPS = 3
"""Expressions that may be evaluated for each token of the files. Code that needs more is generated or obfuscated."""


class Follower:
    """Follows names through files that may import one another."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.files = list(files)
        self._index = SourceFileIndex(self.files)
        self._known: dict[int, tuple[SourceValue, ...]] = {}
        self._open: set[int] = set()
        self._steps = 0
        self._most = 50_000 + _STEPS * sum(len(file.tokens) for file in self.files)
        self._properties: dict[str, list[SourceBinding]] = defaultdict(list)
        for file in self.files:
            for name, bindings in file.properties.items():
                self._properties[name] += bindings
        self.calls: dict[str, list[SourceExpression]] = defaultdict(list)
        """Calls, by the last part of the name that is called."""

    def values(self, expression: SourceExpression) -> tuple[SourceValue, ...]:
        """Return the possible values of an expression, as far as they can be followed."""
        key = id(expression.node)
        if key not in self._known:
            if key in self._open or len(self._open) > _DEPTH:
                return ()
            self._steps += 1
            if self._steps > self._most:
                raise TooLongError
            self._open.add(key)
            values: list[SourceValue] = []
            for value in itertools.islice(self._values(expression), _MANY):
                if not any(
                    value is earlier or (type(value) is type(earlier) and value == earlier) for earlier in values
                ):
                    values.append(value)
            self._open.discard(key)
            self._known[key] = tuple(values)
        return self._known[key]

    def argument(self, expression: SourceExpression) -> Argument:
        """Return an expression as an argument of a call."""
        arguments: tuple[Argument, ...] = tuple(
            value for value in self.values(expression) if isinstance(value, Scalar | tuple | dict)
        )
        literals = [
            value
            for value in self.values(expression)
            if isinstance(value, SourceLiteral) and isinstance(value.node, CompositeLiteral)
        ]
        if literals and not any(isinstance(value, Scalar) and value.text is not None for value in arguments):
            arguments = tuple(map(self._mapped, literals))
        fields = self._assigned_fields(expression)
        if fields:
            return {**(arguments[0] if len(arguments) == 1 and isinstance(arguments[0], dict) else {}), **fields}
        known_arguments = (
            tuple(argument for argument in arguments if not isinstance(argument, Scalar) or argument.text is not None)
            or arguments
        )
        return known_arguments[0] if len(known_arguments) == 1 else known_arguments or Scalar(None, hint(expression))

    def _assigned_fields(self, expression: SourceExpression) -> dict[str, Argument]:
        node = expression.node
        if not isinstance(node, Identifier):
            return {}
        scope = expression.file.scope_of(node.name, node.at)
        listed = expression.file.fields.get((scope, node.name), []) if scope is not None else []
        return {name: self.argument(SourceExpression(expression.file, value)) for name, value in listed}

    # --- values ------------------------------------------------------------------------------------

    def _values(self, expression: SourceExpression) -> Iterator[SourceValue]:  # noqa: C901, PLR0912 - one case for each kind
        file, node = expression.file, expression.node
        match node:
            case StringLiteral():
                yield Scalar(node.text)
            case Concatenation():
                yield self._joined(expression)
            case Alternatives():
                for option in node.options:
                    yield from self.values(SourceExpression(file, option))
            case Identifier():
                bindings = file.find(node.name, node.at) or self._index.beside(file, node.name)
                if len(bindings) > _MANY:
                    bindings = []
                for binding in bindings:
                    yield from self.bound(binding)
                if not bindings:
                    yield Scalar(None, hint(expression))
            case MemberExpression():
                yield from self._member(SourceExpression(file, node.of), node.name, expression)
            case IndexExpression():
                keys = [
                    value.text
                    for value in self.values(SourceExpression(file, node.key))
                    if isinstance(value, Scalar) and value.text
                ]
                for key in keys:
                    yield from self._member(SourceExpression(file, node.of), key, expression)
                if not keys:
                    yield from self._elements(SourceExpression(file, node.of), hint(expression))
            case CallExpression():
                yield from self._result(expression, node)
            case CompositeLiteral() | FunctionLiteral():
                yield SourceLiteral(file, node)
            case OtherExpression():
                yield Scalar(None, hint(expression))

    def _joined(self, expression: SourceExpression) -> Scalar:
        text = ""
        assert isinstance(expression.node, Concatenation)
        for part in expression.node.parts:
            values = self.values(SourceExpression(expression.file, part))
            if len(values) != 1 or not isinstance(values[0], Scalar) or values[0].text is None:
                return Scalar(None, hint(expression))
            text += values[0].text
        return Scalar(text)

    def _mapped(self, code: SourceLiteral) -> Argument:
        """Convert a mapping or a list to an argument."""
        literal = code.node
        assert isinstance(literal, CompositeLiteral)
        if literal.is_list:
            return tuple(self.argument(SourceExpression(code.file, element)) for element in literal.elements)
        arguments: dict[str, Argument] = {}
        for spread in literal.spread:
            spread_argument = self.argument(SourceExpression(code.file, spread))
            arguments |= spread_argument if isinstance(spread_argument, dict) else {}
        for key, value in literal.items:
            names = (
                [key.name]
                if isinstance(key, Identifier)
                else [
                    value.text if value.text is not None else f"{UNKNOWN}{value.hint}"
                    for value in self.values(SourceExpression(code.file, key))
                    if isinstance(value, Scalar)
                ]
            )
            arguments |= {name: self.argument(SourceExpression(code.file, value)) for name in names}
        return arguments

    def bound(self, binding: SourceBinding) -> Iterator[SourceValue]:
        """Yield the possible values of one binding of a name."""
        match binding:
            case SourceExpression():
                yield from self.values(binding)
            case PropertyOf():
                yield from self._member(binding.of, binding.name, binding.of)
            case ElementOf():
                yield from self._elements(binding.of, hint(binding.of))
            case InstanceOf():
                yield from self._typed(binding.of)
            case SourceParameter():
                calls = self.calls.get(binding.function, [])
                for call in calls if len(calls) <= _MANY else ():
                    if isinstance(call.node, CallExpression) and binding.position < len(call.node.arguments):
                        yield from self.values(SourceExpression(call.file, call.node.arguments[binding.position]))
            case SourceImport():
                yield from self._imported(binding)

    def _typed(self, expression: SourceExpression) -> Iterator[SourceValue]:
        for value in self.values(expression):
            if isinstance(value, PackageMember) and value.member != "*":
                yield PackageObject(value.package, value.member)

    def _imported(self, binding: SourceImport) -> Iterator[SourceValue]:
        inner = self._index.imported(binding.package)
        if inner is None:
            yield PackageMember(binding.package, binding.member)
        elif binding.member == "*":
            yield ImportedFile(inner)
        else:
            yield from self._exported(inner, binding.member)

    def _exported(self, file: SourceFile, name: str) -> Iterator[SourceValue]:
        key = -id(file) ^ hash(name)
        if key in self._open:
            return
        self._open.add(key)
        bindings = [*file.names.get((-1, name), ()), *file.properties.get(name, ())]
        for binding in bindings:
            yield from tuple(self.bound(binding))
        for reexport in file.names.get((-1, "*"), ()) if not bindings else ():
            if (
                isinstance(reexport, SourceImport)
                and (reexported := self._index.imported(reexport.package)) is not None
            ):
                yield from tuple(self._exported(reexported, name))
            elif isinstance(reexport, SourceImport):
                yield PackageMember(reexport.package, name)
        for exports in file.properties.get("exports", ()) if not bindings else ():
            if isinstance(exports, SourceExpression):
                yield from (
                    tuple(self._member(exports, name, exports)) if name != "default" else tuple(self.values(exports))
                )
        self._open.discard(key)

    def _elements(self, expression: SourceExpression, name_in_code: str) -> Iterator[SourceValue]:
        is_known = False
        for value in self.values(expression):
            if isinstance(value, SourceLiteral) and isinstance(value.node, CompositeLiteral):
                inner = value.node.elements or tuple(element for _, element in value.node.items)
                for element in inner:
                    is_known = True
                    yield from self.values(SourceExpression(value.file, element))
            elif isinstance(value, PackageObject | PackageMember):
                is_known = True
                yield PackageObject(value.package, "[]") if isinstance(value, PackageMember) else value
        if not is_known:
            yield Scalar(None, name_in_code)

    def _member(self, owner: SourceExpression, name: str, whole: SourceExpression) -> Iterator[SourceValue]:
        is_known = False
        for value in self.values(owner):
            for member in self.member_of(value, name):
                is_known = True
                yield member
        if not is_known and not any(isinstance(value, PackageObject | PackageMember) for value in self.values(owner)):
            for binding in self._assigned_members(whole.file, name):
                for member in self.bound(binding):
                    is_known = True
                    yield member
        if not is_known:
            yield Scalar(None, hint(whole))

    def _assigned_members(self, file: SourceFile, name: str) -> list[SourceBinding]:
        """Return the values assigned to members of this name: those in the file itself or, if it has none, anywhere."""
        bindings = file.properties.get(name) or self._properties.get(name, [])
        return [] if len(bindings) > _MANY else bindings

    def member_of(self, value: SourceValue, name: str) -> Iterator[SourceValue]:
        """Yield the values of the member of a value that has this name."""
        if isinstance(value, PackageMember):
            yield PackageMember(value.package, name if value.member in ("*", "default") else f"{value.member}.{name}")
        elif isinstance(value, ImportedFile):
            yield from self._exported(value.file, name)
        elif isinstance(value, SourceLiteral) and isinstance(value.node, CompositeLiteral):
            for key, item in value.node.items:
                if (
                    isinstance(key, StringLiteral | Identifier)
                    and (key.text if isinstance(key, StringLiteral) else key.name) == name
                ):
                    yield from self.values(SourceExpression(value.file, item))

    def _result(self, expression: SourceExpression, node: CallExpression) -> Iterator[SourceValue]:
        """Yield what a call returns."""
        file = expression.file
        if isinstance(node.of, Identifier) and node.of.name in ("require", "import") and node.arguments:
            for path in self.values(SourceExpression(file, node.arguments[0])):
                if isinstance(path, Scalar) and path.text:
                    yield from self._imported(SourceImport(path.text, "*"))
            return
        results = list(self._called(expression, node))
        for argument in node.arguments if not results else ():
            if isinstance(
                argument, Identifier | CallExpression | MemberExpression
            ):  # a function that traces or wraps a client returns it
                results += (
                    value
                    for value in self.values(SourceExpression(file, argument))
                    if isinstance(value, PackageObject | PackageMember)
                )
        if isinstance(node.of, MemberExpression) and node.of.name == "bind":
            results += (
                value for value in self.values(SourceExpression(file, node.of.of)) if isinstance(value, PackageObject)
            )
        yield from results or [Scalar(None, hint(expression))]

    def _called(self, expression: SourceExpression, node: CallExpression) -> Iterator[SourceValue]:
        """Yield the results of the function that is called, where it is known."""
        is_known = False
        for value in self.values(SourceExpression(expression.file, node.of)):
            if isinstance(value, PackageMember) and value.package in facts()["passes"]:
                yield from (
                    result
                    for argument in node.arguments
                    for result in self.values(SourceExpression(expression.file, argument))
                )
            elif isinstance(value, PackageMember):
                yield PackageObject(value.package, value.member)
            elif isinstance(value, SourceLiteral) and isinstance(value.node, FunctionLiteral):
                yield from self._returned(value.file, value.node.body, expression)
            else:
                continue
            is_known = True
        name = node.of.name if isinstance(node.of, Identifier | MemberExpression) else ""
        for file in self.files if name and not is_known and not node.is_new else ():
            for body in file.functions.get(name, ()):
                yield from self._returned(file, body, expression)

    def _returned(self, file: SourceFile, body: int, call: SourceExpression) -> Iterator[SourceValue]:
        """Yield the results of a function; a parameter that it returns has the argument that this call passes."""
        starts = [at + 1 for at in _returns(file).get(body, ())] if file.tokens.is_mark(body, "{") else [body]
        assert isinstance(call.node, CallExpression)
        arguments = call.node.arguments
        for at in starts:
            node = file.parser.expression(at)[0]
            returned_arguments = [
                arguments[binding.position]
                for binding in (file.find(node.name, node.at) if isinstance(node, Identifier) else ())
                if isinstance(binding, SourceParameter) and binding.position < len(arguments)
            ]
            for argument in returned_arguments:
                yield from self.values(SourceExpression(call.file, argument))
            if not returned_arguments:
                yield from self.values(SourceExpression(file, node))

    def given_away(self, file: SourceFile, node: CallExpression) -> tuple[str, list[PackageObject]]:
        """Return the foreign package that a call belongs to, and the clients passed to it; "" if it belongs to none.

        Clients are looked for among the arguments, and one level deep in a mapping or a list.
        """
        owners = [value for value in self.values(SourceExpression(file, node.of)) if isinstance(value, PackageMember)]
        name = node.of.name if isinstance(node.of, Identifier | MemberExpression) else ""
        if not owners or any(name in source.functions for source in self.files if name):
            return "", []
        clients: list[PackageObject] = []
        for argument in node.arguments:
            for value in self.values(SourceExpression(file, argument)):
                literal = (
                    value.node
                    if isinstance(value, SourceLiteral) and isinstance(value.node, CompositeLiteral)
                    else None
                )
                inner = (*literal.elements, *(element for _, element in literal.items)) if literal else ()
                inner_values = (
                    inner_value for element in inner for inner_value in self.values(SourceExpression(file, element))
                )
                clients += (candidate for candidate in (value, *inner_values) if isinstance(candidate, PackageObject))
        return owners[0].package, clients

    def place(self, file: SourceFile, at: int, text: str) -> Location:
        """Return the location of a text at a token."""
        line, column = file.tokens.place(at)
        return Location(file.path, line, column, line, column + len(text))


@cache
def _returns(file: SourceFile) -> Mapping[int, list[int]]:
    """Map the brace that begins each block to its `return`s, including those of the blocks within it."""
    returns: dict[int, list[int]] = defaultdict(list)
    tokens = file.tokens
    for at in range(len(tokens)):
        if tokens.is_name(at, "return"):
            around = tokens.around[at]
            for _ in range(12):
                if around < 0:
                    break
                returns[around].append(at)
                around = tokens.around[around]
    return returns
