"""Expressions of JavaScript, TypeScript and Go → what they may be: texts, mappings, and what packages have."""

from __future__ import annotations

import itertools
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from rolewright.core.finding import Location
from rolewright.sdk.c_family.bindings import (
    ElementOf,
    InstanceOf,
    PropertyOf,
    SourceExpression,
    SourceFile,
    SourceImport,
    SourceParameter,
)
from rolewright.sdk.c_family.expressions import (
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
from rolewright.sdk.c_family.file_index import SourceFileIndex
from rolewright.sdk.c_family.parser import TooLongError
from rolewright.sdk.c_family.values import ImportedFile, PackageMember, PackageObject, SourceLiteral, hint
from rolewright.sdk.calls import UNKNOWN, Argument, Scalar
from rolewright.sdk.packages import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.sdk.c_family.bindings import Binding
    from rolewright.sdk.c_family.values import SourceValue

_DEPTH = 40
_MANY = 40
"""Things that one name or expression may be: what may be more is taken for anything."""
_STEPS = 3
"""Looks at an expression for each word of the files: those that take more were not written to be read."""


class Follower:
    """Follows names through files that may import one another."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.files = list(files)
        self._index = SourceFileIndex(self.files)
        self._known: dict[int, tuple[SourceValue, ...]] = {}
        self._open: set[int] = set()
        self._steps = 0
        self._most = 50_000 + _STEPS * sum(len(one.tokens) for one in self.files)
        self._properties: dict[str, list[Binding]] = defaultdict(list)
        for one in self.files:
            for name, bindings in one.properties.items():
                self._properties[name] += bindings
        self.calls: dict[str, list[SourceExpression]] = defaultdict(list)
        """Calls by the last name of what is called."""

    def values(self, of: SourceExpression) -> tuple[SourceValue, ...]:
        """Return all that an expression may be, as far as that can be told."""
        key = id(of.node)
        if key not in self._known:
            if key in self._open or len(self._open) > _DEPTH:
                return ()
            self._steps += 1
            if self._steps > self._most:
                raise TooLongError
            self._open.add(key)
            found: list[SourceValue] = []
            for one in itertools.islice(self._values(of), _MANY):
                if not any(one is other or (type(one) is type(other) and one == other) for other in found):
                    found.append(one)
            self._open.discard(key)
            self._known[key] = tuple(found)
        return self._known[key]

    def argument(self, of: SourceExpression) -> Argument:
        """Return an expression as an argument of a call."""
        found: tuple[Argument, ...] = tuple(one for one in self.values(of) if isinstance(one, Scalar | tuple | dict))
        made = [
            one for one in self.values(of) if isinstance(one, SourceLiteral) and isinstance(one.node, CompositeLiteral)
        ]
        if made and not any(isinstance(one, Scalar) and one.text is not None for one in found):
            found = tuple(map(self._mapped, made))
        put = self._put(of)
        if put:
            return {**(found[0] if len(found) == 1 and isinstance(found[0], dict) else {}), **put}
        known = tuple(one for one in found if not isinstance(one, Scalar) or one.text is not None) or found
        return known[0] if len(known) == 1 else known or Scalar(None, hint(of))

    def _put(self, of: SourceExpression) -> dict[str, Argument]:
        node = of.node
        if not isinstance(node, Identifier):
            return {}
        scope = of.file.scope_of(node.name, node.at)
        listed = of.file.fields.get((scope, node.name), []) if scope is not None else []
        return {name: self.argument(SourceExpression(of.file, value)) for name, value in listed}

    # --- values ------------------------------------------------------------------------------------

    def _values(self, of: SourceExpression) -> Iterator[SourceValue]:  # noqa: C901, PLR0912 - one case for each kind
        file, node = of.file, of.node
        match node:
            case StringLiteral():
                yield Scalar(node.text)
            case Concatenation():
                yield self._joined(of)
            case Alternatives():
                for one in node.options:
                    yield from self.values(SourceExpression(file, one))
            case Identifier():
                bindings = file.find(node.name, node.at) or self._index.beside(file, node.name)
                if len(bindings) > _MANY:
                    bindings = []
                for binding in bindings:
                    yield from self.bound(binding)
                if not bindings:
                    yield Scalar(None, hint(of))
            case MemberExpression():
                yield from self._member(SourceExpression(file, node.of), node.name, of)
            case IndexExpression():
                keys = [
                    one.text
                    for one in self.values(SourceExpression(file, node.key))
                    if isinstance(one, Scalar) and one.text
                ]
                for key in keys:
                    yield from self._member(SourceExpression(file, node.of), key, of)
                if not keys:
                    yield from self._elements(SourceExpression(file, node.of), hint(of))
            case CallExpression():
                yield from self._result(of, node)
            case CompositeLiteral() | FunctionLiteral():
                yield SourceLiteral(file, node)
            case OtherExpression():
                yield Scalar(None, hint(of))

    def _joined(self, of: SourceExpression) -> Scalar:
        text = ""
        assert isinstance(of.node, Concatenation)
        for part in of.node.parts:
            values = self.values(SourceExpression(of.file, part))
            if len(values) != 1 or not isinstance(values[0], Scalar) or values[0].text is None:
                return Scalar(None, hint(of))
            text += values[0].text
        return Scalar(text)

    def _mapped(self, code: SourceLiteral) -> Argument:
        """Convert a mapping or a list to an argument."""
        made = code.node
        assert isinstance(made, CompositeLiteral)
        if made.is_list:
            return tuple(self.argument(SourceExpression(code.file, one)) for one in made.elements)
        found: dict[str, Argument] = {}
        for one in made.spread:
            given = self.argument(SourceExpression(code.file, one))
            found |= given if isinstance(given, dict) else {}
        for key, value in made.items:
            names = (
                [key.name]
                if isinstance(key, Identifier)
                else [
                    one.text if one.text is not None else f"{UNKNOWN}{one.hint}"
                    for one in self.values(SourceExpression(code.file, key))
                    if isinstance(one, Scalar)
                ]
            )
            found |= {name: self.argument(SourceExpression(code.file, value)) for name in names}
        return found

    def bound(self, binding: Binding) -> Iterator[SourceValue]:
        """Yield what a name may stand for by one of its bindings."""
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
                    if isinstance(call.node, CallExpression) and binding.position < len(call.node.given):
                        yield from self.values(SourceExpression(call.file, call.node.given[binding.position]))
            case SourceImport():
                yield from self._imported(binding)

    def _typed(self, of: SourceExpression) -> Iterator[SourceValue]:
        for value in self.values(of):
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
        found = [*file.names.get((-1, name), ()), *file.properties.get(name, ())]
        for one in found:
            yield from tuple(self.bound(one))
        for one in file.names.get((-1, "*"), ()) if not found else ():
            if isinstance(one, SourceImport) and (other := self._index.imported(one.package)) is not None:
                yield from tuple(self._exported(other, name))
            elif isinstance(one, SourceImport):
                yield PackageMember(one.package, name)
        for one in file.properties.get("exports", ()) if not found else ():
            if isinstance(one, SourceExpression):
                yield from tuple(self._member(one, name, one)) if name != "default" else tuple(self.values(one))
        self._open.discard(key)

    def _elements(self, of: SourceExpression, said: str) -> Iterator[SourceValue]:
        found = False
        for value in self.values(of):
            if isinstance(value, SourceLiteral) and isinstance(value.node, CompositeLiteral):
                inner = value.node.elements or tuple(one for _, one in value.node.items)
                for one in inner:
                    found = True
                    yield from self.values(SourceExpression(value.file, one))
            elif isinstance(value, PackageObject | PackageMember):
                found = True
                yield PackageObject(value.package, "[]") if isinstance(value, PackageMember) else value
        if not found:
            yield Scalar(None, said)

    def _member(self, of: SourceExpression, name: str, whole: SourceExpression) -> Iterator[SourceValue]:
        found = False
        for value in self.values(of):
            for one in self.member_of(value, name):
                found = True
                yield one
        if not found and not any(isinstance(one, PackageObject | PackageMember) for one in self.values(of)):
            for binding in self._put_as(whole.file, name):
                for one in self.bound(binding):
                    found = True
                    yield one
        if not found:
            yield Scalar(None, hint(whole))

    def _put_as(self, file: SourceFile, name: str) -> list[Binding]:
        """Return what is assigned anywhere to a member of this name; in the file itself, if it is assigned there."""
        found = file.properties.get(name) or self._properties.get(name, [])
        return [] if len(found) > _MANY else found

    def member_of(self, value: SourceValue, name: str) -> Iterator[SourceValue]:
        """Yield what a value has by a name."""
        if isinstance(value, PackageMember):
            yield PackageMember(value.package, name if value.member in ("*", "default") else f"{value.member}.{name}")
        elif isinstance(value, ImportedFile):
            yield from self._exported(value.file, name)
        elif isinstance(value, SourceLiteral) and isinstance(value.node, CompositeLiteral):
            for key, one in value.node.items:
                if (
                    isinstance(key, StringLiteral | Identifier)
                    and (key.text if isinstance(key, StringLiteral) else key.name) == name
                ):
                    yield from self.values(SourceExpression(value.file, one))

    def _result(self, of: SourceExpression, node: CallExpression) -> Iterator[SourceValue]:
        """Yield what a call returns."""
        file = of.file
        if isinstance(node.of, Identifier) and node.of.name in ("require", "import") and node.given:
            for one in self.values(SourceExpression(file, node.given[0])):
                if isinstance(one, Scalar) and one.text:
                    yield from self._imported(SourceImport(one.text, "*"))
            return
        found = list(self._called(of, node))
        for given in node.given if not found else ():
            if isinstance(
                given, Identifier | CallExpression | MemberExpression
            ):  # what traces or wraps a client gives it back
                found += (
                    known
                    for known in self.values(SourceExpression(file, given))
                    if isinstance(known, PackageObject | PackageMember)
                )
        if isinstance(node.of, MemberExpression) and node.of.name == "bind":
            found += (one for one in self.values(SourceExpression(file, node.of.of)) if isinstance(one, PackageObject))
        yield from found or [Scalar(None, hint(of))]

    def _called(self, of: SourceExpression, node: CallExpression) -> Iterator[SourceValue]:
        """Yield what the function that is called returns, where it is known."""
        found = False
        for value in self.values(SourceExpression(of.file, node.of)):
            if isinstance(value, PackageMember) and value.package in facts()["passes"]:
                yield from (known for given in node.given for known in self.values(SourceExpression(of.file, given)))
            elif isinstance(value, PackageMember):
                yield PackageObject(value.package, value.member)
            elif isinstance(value, SourceLiteral) and isinstance(value.node, FunctionLiteral):
                yield from self._returned(value.file, value.node.body, of)
            else:
                continue
            found = True
        name = node.of.name if isinstance(node.of, Identifier | MemberExpression) else ""
        for other in self.files if name and not found and not node.is_new else ():
            for body in other.functions.get(name, ()):
                yield from self._returned(other, body, of)

    def _returned(self, file: SourceFile, body: int, call: SourceExpression) -> Iterator[SourceValue]:
        """Yield what a function returns; a parameter that it returns is what this call passes."""
        starts = [one + 1 for one in _returns(file).get(body, ())] if file.tokens.is_mark(body, "{") else [body]
        assert isinstance(call.node, CallExpression)
        passed_on = call.node.given
        for at in starts:
            node = file.parser.expression(at)[0]
            passed = [
                passed_on[one.position]
                for one in (file.find(node.name, node.at) if isinstance(node, Identifier) else ())
                if isinstance(one, SourceParameter) and one.position < len(passed_on)
            ]
            for given in passed:
                yield from self.values(SourceExpression(call.file, given))
            if not passed:
                yield from self.values(SourceExpression(file, node))

    def given_away(self, file: SourceFile, node: CallExpression) -> tuple[str, list[PackageObject]]:
        """Return the foreign package that a call is of, and the clients that it is passed; "" for a call of none.

        Those alone, in a mapping or in a list: what is passed within more is not looked for.
        """
        owners = [one for one in self.values(SourceExpression(file, node.of)) if isinstance(one, PackageMember)]
        name = node.of.name if isinstance(node.of, Identifier | MemberExpression) else ""
        if not owners or any(name in one.functions for one in self.files if name):
            return "", []
        found: list[PackageObject] = []
        for given in node.given:
            for value in self.values(SourceExpression(file, given)):
                made = (
                    value.node
                    if isinstance(value, SourceLiteral) and isinstance(value.node, CompositeLiteral)
                    else None
                )
                inner = (*made.elements, *(one for _, one in made.items)) if made else ()
                held = (known for one in inner for known in self.values(SourceExpression(file, one)))
                found += (one for one in (value, *held) if isinstance(one, PackageObject))
        return owners[0].package, found

    def place(self, file: SourceFile, at: int, text: str) -> Location:
        """Return the location of a text at a token."""
        line, column = file.tokens.place(at)
        return Location(file.path, line, column, line, column + len(text))


@cache
def _returns(file: SourceFile) -> Mapping[int, list[int]]:
    """Map the brace that begins each block to its `return`s, including those of the blocks within it."""
    found: dict[int, list[int]] = defaultdict(list)
    tokens = file.tokens
    for at in range(len(tokens)):
        if tokens.is_name(at, "return"):
            around = tokens.around[at]
            for _ in range(12):
                if around < 0:
                    break
                found[around].append(at)
                around = tokens.around[around]
    return found
