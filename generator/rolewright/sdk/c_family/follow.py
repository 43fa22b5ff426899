"""Expressions of JavaScript, TypeScript and Go → what they may be: texts, mappings, and what packages have."""

from __future__ import annotations

import itertools
from collections import defaultdict
from functools import cache
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING

from rolewright.core.finding import Location
from rolewright.sdk.c_family.bindings import Bound, Element, Imported, Parameter, Part, Source, Typed, is_relative
from rolewright.sdk.c_family.expressions import (
    Applied,
    Either,
    Indexed,
    Joined,
    Lambda,
    Made,
    Member,
    Name,
    Text,
    Unknown,
)
from rolewright.sdk.c_family.parser import TooLongError
from rolewright.sdk.c_family.values import Client, Code, Owned, Whole, hint
from rolewright.sdk.calls import UNKNOWN, Argument, Said
from rolewright.sdk.packages import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.sdk.c_family.bindings import Binding
    from rolewright.sdk.c_family.values import Known

_DEPTH = 40
_MANY = 40
"""Things that one name or expression may be: what may be more is taken for anything."""
_STEPS = 3
"""Looks at an expression for each word of the files: those that take more were not written to be read."""


class Follower:
    """Follows names through files that may import one another."""

    def __init__(self, files: Iterable[Source]) -> None:
        self.files = list(files)
        self._by_stem: dict[str, list[Source]] = defaultdict(list)
        for one in self.files:
            path = PurePosixPath(PurePath(one.path).as_posix())
            stem = path.name.partition(".")[0]
            self._by_stem[path.parent.name if stem == "index" else stem].append(one)
        self._known: dict[int, tuple[Known, ...]] = {}
        self._open: set[int] = set()
        self._steps = 0
        self._most = 50_000 + _STEPS * sum(len(one.tokens) for one in self.files)
        self._properties: dict[str, list[Binding]] = defaultdict(list)
        self._packages: dict[PurePath, list[Source]] = defaultdict(list)
        for one in self.files:
            self._packages[PurePath(one.path).parent].append(one)
            for name, bindings in one.properties.items():
                self._properties[name] += bindings
        self.calls: dict[str, list[Bound]] = defaultdict(list)
        """Calls by the last name of what is called."""

    def values(self, of: Bound) -> tuple[Known, ...]:
        """All that an expression may be, as far as that can be told."""
        key = id(of.node)
        if key not in self._known:
            if key in self._open or len(self._open) > _DEPTH:
                return ()
            self._steps += 1
            if self._steps > self._most:
                raise TooLongError
            self._open.add(key)
            found: list[Known] = []
            for one in itertools.islice(self._values(of), _MANY):
                if not any(one is other or (type(one) is type(other) and one == other) for other in found):
                    found.append(one)
            self._open.discard(key)
            self._known[key] = tuple(found)
        return self._known[key]

    def argument(self, of: Bound) -> Argument:
        """An expression as an argument of a call."""
        found: tuple[Argument, ...] = tuple(one for one in self.values(of) if isinstance(one, Said | tuple | dict))
        made = [one for one in self.values(of) if isinstance(one, Code) and isinstance(one.node, Made)]
        if made and not any(isinstance(one, Said) and one.text is not None for one in found):
            found = tuple(map(self._mapped, made))
        put = self._put(of)
        if put:
            return {**(found[0] if len(found) == 1 and isinstance(found[0], dict) else {}), **put}
        known = tuple(one for one in found if not isinstance(one, Said) or one.text is not None) or found
        return known[0] if len(known) == 1 else known or Said(None, hint(of))

    def _put(self, of: Bound) -> dict[str, Argument]:
        node = of.node
        if not isinstance(node, Name):
            return {}
        scope = of.file.scope_of(node.name, node.at)
        listed = of.file.fields.get((scope, node.name), []) if scope is not None else []
        return {name: self.argument(Bound(of.file, value)) for name, value in listed}

    # --- values ------------------------------------------------------------------------------------

    def _values(self, of: Bound) -> Iterator[Known]:  # noqa: C901, PLR0912 - one case for each kind
        file, node = of.file, of.node
        match node:
            case Text():
                yield Said(node.text)
            case Joined():
                yield self._joined(of)
            case Either():
                for one in node.options:
                    yield from self.values(Bound(file, one))
            case Name():
                bindings = file.find(node.name, node.at) or self._beside(file, node.name)
                if len(bindings) > _MANY:
                    bindings = []
                for binding in bindings:
                    yield from self.bound(binding)
                if not bindings:
                    yield Said(None, hint(of))
            case Member():
                yield from self._member(Bound(file, node.of), node.name, of)
            case Indexed():
                keys = [one.text for one in self.values(Bound(file, node.key)) if isinstance(one, Said) and one.text]
                for key in keys:
                    yield from self._member(Bound(file, node.of), key, of)
                if not keys:
                    yield from self._elements(Bound(file, node.of), hint(of))
            case Applied():
                yield from self._result(of, node)
            case Made() | Lambda():
                yield Code(file, node)
            case Unknown():
                yield Said(None, hint(of))

    def _beside(self, file: Source, name: str) -> list[Binding]:
        """What other files of a Go package call so."""
        if PurePath(file.path).suffix != ".go":
            return []
        near = self._packages[PurePath(file.path).parent]
        return [binding for one in near if one is not file for binding in one.names.get((-1, name), ())]

    def _joined(self, of: Bound) -> Said:
        text = ""
        assert isinstance(of.node, Joined)
        for part in of.node.parts:
            values = self.values(Bound(of.file, part))
            if len(values) != 1 or not isinstance(values[0], Said) or values[0].text is None:
                return Said(None, hint(of))
            text += values[0].text
        return Said(text)

    def _mapped(self, code: Code) -> Argument:
        """What a mapping or a list says, as an argument."""
        made = code.node
        assert isinstance(made, Made)
        if made.is_list:
            return tuple(self.argument(Bound(code.file, one)) for one in made.elements)
        found: dict[str, Argument] = {}
        for one in made.spread:
            given = self.argument(Bound(code.file, one))
            found |= given if isinstance(given, dict) else {}
        for key, value in made.items:
            names = (
                [key.name]
                if isinstance(key, Name)
                else [
                    one.text if one.text is not None else f"{UNKNOWN}{one.hint}"
                    for one in self.values(Bound(code.file, key))
                    if isinstance(one, Said)
                ]
            )
            found |= {name: self.argument(Bound(code.file, value)) for name in names}
        return found

    def bound(self, binding: Binding) -> Iterator[Known]:
        """What a name may stand for by one of its bindings."""
        match binding:
            case Bound():
                yield from self.values(binding)
            case Part():
                yield from self._member(binding.of, binding.name, binding.of)
            case Element():
                yield from self._elements(binding.of, hint(binding.of))
            case Typed():
                yield from self._typed(binding.of)
            case Parameter():
                calls = self.calls.get(binding.function, [])
                for call in calls if len(calls) <= _MANY else ():
                    if isinstance(call.node, Applied) and binding.position < len(call.node.given):
                        yield from self.values(Bound(call.file, call.node.given[binding.position]))
            case Imported():
                yield from self._imported(binding)

    def _typed(self, of: Bound) -> Iterator[Known]:
        for value in self.values(of):
            if isinstance(value, Owned) and value.member != "*":
                yield Client(value.package, value.member)

    def _imported(self, binding: Imported) -> Iterator[Known]:
        inner = self.file_of(binding.package)
        if inner is None:
            yield Owned(binding.package, binding.member)
        elif binding.member == "*":
            yield Whole(inner)
        else:
            yield from self._exported(inner, binding.member)

    def _exported(self, file: Source, name: str) -> Iterator[Known]:
        key = -id(file) ^ hash(name)
        if key in self._open:
            return
        self._open.add(key)
        found = [*file.names.get((-1, name), ()), *file.properties.get(name, ())]
        for one in found:
            yield from tuple(self.bound(one))
        for one in file.names.get((-1, "*"), ()) if not found else ():
            if isinstance(one, Imported) and (other := self.file_of(one.package)) is not None:
                yield from tuple(self._exported(other, name))
            elif isinstance(one, Imported):
                yield Owned(one.package, name)
        for one in file.properties.get("exports", ()) if not found else ():
            if isinstance(one, Bound):
                yield from tuple(self._member(one, name, one)) if name != "default" else tuple(self.values(one))
        self._open.discard(key)

    def file_of(self, package: str) -> Source | None:
        """The file of the project that an import is of; None for a package of somebody else's."""
        path = PurePosixPath(package)
        if not is_relative(package):
            return None
        name = path.name.partition(".")[0]
        near = self._by_stem.get(name or path.parent.name, [])
        if len(near) > 1:
            parents = [one for one in near if PurePath(one.path).parent.name == path.parent.name]
            near = parents or near
        return near[0] if len(near) == 1 else None

    def _elements(self, of: Bound, said: str) -> Iterator[Known]:
        found = False
        for value in self.values(of):
            if isinstance(value, Code) and isinstance(value.node, Made):
                inner = value.node.elements or tuple(one for _, one in value.node.items)
                for one in inner:
                    found = True
                    yield from self.values(Bound(value.file, one))
            elif isinstance(value, Client | Owned):
                found = True
                yield Client(value.package, "[]") if isinstance(value, Owned) else value
        if not found:
            yield Said(None, said)

    def _member(self, of: Bound, name: str, whole: Bound) -> Iterator[Known]:
        found = False
        for value in self.values(of):
            for one in self.member_of(value, name):
                found = True
                yield one
        if not found and not any(isinstance(one, Client | Owned) for one in self.values(of)):
            for binding in self._put_as(whole.file, name):
                for one in self.bound(binding):
                    found = True
                    yield one
        if not found:
            yield Said(None, hint(whole))

    def _put_as(self, file: Source, name: str) -> list[Binding]:
        """What is put anywhere under a name; in the file itself, where it is put there."""
        found = file.properties.get(name) or self._properties.get(name, [])
        return [] if len(found) > _MANY else found

    def member_of(self, value: Known, name: str) -> Iterator[Known]:
        """What a value has by a name."""
        if isinstance(value, Owned):
            yield Owned(value.package, name if value.member in ("*", "default") else f"{value.member}.{name}")
        elif isinstance(value, Whole):
            yield from self._exported(value.file, name)
        elif isinstance(value, Code) and isinstance(value.node, Made):
            for key, one in value.node.items:
                if isinstance(key, Text | Name) and (key.text if isinstance(key, Text) else key.name) == name:
                    yield from self.values(Bound(value.file, one))

    def _result(self, of: Bound, node: Applied) -> Iterator[Known]:
        """What a call gives."""
        file = of.file
        if isinstance(node.of, Name) and node.of.name in ("require", "import") and node.given:
            for one in self.values(Bound(file, node.given[0])):
                if isinstance(one, Said) and one.text:
                    yield from self._imported(Imported(one.text, "*"))
            return
        found = list(self._called(of, node))
        for given in node.given if not found else ():
            if isinstance(given, Name | Applied | Member):  # what traces or wraps a client gives it back
                found += (known for known in self.values(Bound(file, given)) if isinstance(known, Client | Owned))
        if isinstance(node.of, Member) and node.of.name == "bind":
            found += (one for one in self.values(Bound(file, node.of.of)) if isinstance(one, Client))
        yield from found or [Said(None, hint(of))]

    def _called(self, of: Bound, node: Applied) -> Iterator[Known]:
        """What the function gives that is called, where it is known."""
        found = False
        for value in self.values(Bound(of.file, node.of)):
            if isinstance(value, Owned) and value.package in facts()["passes"]:
                yield from (known for given in node.given for known in self.values(Bound(of.file, given)))
            elif isinstance(value, Owned):
                yield Client(value.package, value.member)
            elif isinstance(value, Code) and isinstance(value.node, Lambda):
                yield from self._returned(value.file, value.node.body, of)
            else:
                continue
            found = True
        name = node.of.name if isinstance(node.of, Name | Member) else ""
        for other in self.files if name and not found and not node.is_new else ():
            for body in other.functions.get(name, ()):
                yield from self._returned(other, body, of)

    def _returned(self, file: Source, body: int, call: Bound) -> Iterator[Known]:
        """What a function gives; a parameter that it gives back is what this call passes."""
        starts = [one + 1 for one in _returns(file).get(body, ())] if file.tokens.is_mark(body, "{") else [body]
        assert isinstance(call.node, Applied)
        passed_on = call.node.given
        for at in starts:
            node = file.parser.expression(at)[0]
            passed = [
                passed_on[one.position]
                for one in (file.find(node.name, node.at) if isinstance(node, Name) else ())
                if isinstance(one, Parameter) and one.position < len(passed_on)
            ]
            for given in passed:
                yield from self.values(Bound(call.file, given))
            if not passed:
                yield from self.values(Bound(file, node))

    def given_away(self, file: Source, node: Applied) -> tuple[str, list[Client]]:
        """The package of somebody else's that a call is of, and the clients that it is passed; "" for a call of none.

        Those alone, in a mapping or in a list: what is passed within more is not looked for.
        """
        owners = [one for one in self.values(Bound(file, node.of)) if isinstance(one, Owned)]
        name = node.of.name if isinstance(node.of, Name | Member) else ""
        if not owners or any(name in one.functions for one in self.files if name):
            return "", []
        found: list[Client] = []
        for given in node.given:
            for value in self.values(Bound(file, given)):
                made = value.node if isinstance(value, Code) and isinstance(value.node, Made) else None
                inner = (*made.elements, *(one for _, one in made.items)) if made else ()
                held = (known for one in inner for known in self.values(Bound(file, one)))
                found += (one for one in (value, *held) if isinstance(one, Client))
        return owners[0].package, found

    def place(self, file: Source, at: int, text: str) -> Location:
        """Where something stands."""
        line, column = file.tokens.place(at)
        return Location(file.path, line, column, line, column + len(text))


@cache
def _returns(file: Source) -> Mapping[int, list[int]]:
    """The `return`s of each block with braces, by where it begins; those in blocks within it belong to it too."""
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
