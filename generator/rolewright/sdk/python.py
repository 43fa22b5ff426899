"""Python code → the calls of boto3 in it: clients, resources, paginators, waiters, transfers.

Values are followed through names, attributes, functions, classes and imports of the files at hand. Nothing is run, and
what cannot be followed is told as such.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING

from rolewright.sdk import models
from rolewright.sdk.calls import UNKNOWN, Argument, Call, Said, Unmapped
from rolewright.sdk.passed import handed_over, is_harmless
from rolewright.sdk.python_syntax import alternatives, constant, hint, passed_to, place_of, source
from rolewright.sdk.scopes import Class, Element, Function, Imported, Item, Parameter, Typed, Value
from rolewright.sdk.values import (
    Answer,
    Bound,
    Client,
    Collection,
    Frame,
    Handle,
    Holder,
    Instance,
    Known,
    Mark,
    Meta,
    Module,
    Pages,
    Sdk,
    arguments_in,
    call_of,
    distinct,
    entry_called,
    handle_from,
    item_of,
    of_handle,
    of_sdk,
    of_stub,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.core.finding import Location
    from rolewright.sdk.scopes import Binding, File, Scope

_DEPTH = 100
"""Expressions within expressions that are followed; each takes several calls of Python's own stack."""
_FRAMES = 3
"""Calls within calls that are told apart; beyond them a parameter is whatever any call passes."""
_STUBS = re.compile(r"(?:mypy_boto3|types_boto3|types_aiobotocore|types_aioboto3)_(\w+)(?:\.\w+)?")
_OPERATION = re.compile(r"[a-z]+(_[a-z0-9]+)*")
_MEMBER = re.compile(r"[a-z]*[A-Z]\w*")
"""How APIs call members, and Python hardly any parameter."""
_COLLECTS = {"all", "filter", "limit", "page_size", "pages"}


class Reader:
    """Reads files that may import one another."""

    def __init__(self, files: Iterable[File]) -> None:
        self._files = list(files)
        self._functions = {name for file in self._files for name in file.functions}
        self._modules: dict[str, list[File]] = defaultdict(list)
        for file in self._files:
            parts = file.name.removesuffix(".__init__").split(".")
            for start in range(len(parts)):
                self._modules[".".join(parts[start:])].append(file)
        self._known: dict[Mark, tuple[Known, ...]] = {}
        self._open: set[Mark] = set()
        self._frames: tuple[Frame, ...] = ()
        self._put: dict[str, list[Value]] = defaultdict(list)
        for file in self._files:
            for name, values in file.put.items():
                self._put[name] += values
        self._callers: dict[Function, list[tuple[ast.Call, Scope, bool]]] = {}
        callers: dict[Function, list[tuple[ast.Call, Scope, bool]]] = defaultdict(list)
        for file in self._files:
            for node, scope in file.calls:
                for function, call, is_method in self._called(node, scope):
                    callers[function].append((call, scope, is_method))
        self._callers = callers
        self._known.clear()  # they were told without what is passed to functions

    def _called(self, node: ast.Call, scope: Scope) -> Iterator[tuple[Function, ast.Call, bool]]:
        """The functions that a call runs, itself or by handing them over, and whether what it passes comes after one.

        That is so for methods, whose first parameter is what they are of.
        """
        for call in (node, *handed_over(node)):
            for target in self._evaluate(call.func, scope):
                if isinstance(target, Function):
                    yield target, call, _is_method(target)
        for target in self._evaluate(node.func, scope):
            for made in self._members(target, "__init__") if isinstance(target, Class) else ():
                if isinstance(made, Function):
                    yield made, node, True

    def calls(self, file: File) -> Iterator[Call | Unmapped]:
        """The calls of AWS in one file, in the order of its text."""
        for node, scope in file.calls:
            place = place_of(file, node)
            if isinstance(node.func, ast.Name) and node.func.id == "getattr" and node.args:
                of_sdk = any(isinstance(one, Client | Handle) for one in self._evaluate(node.args[0], scope))
                if of_sdk and not all(isinstance(one, ast.Constant) for one in node.args[1:]):
                    yield Unmapped(source(node), "which operation it is is known only when it runs", place)
                continue
            yield from self._call(node, scope, place)
            for handed in handed_over(node):
                for target in self._evaluate(handed.func, scope):
                    if isinstance(target, Bound):
                        yield from self._of(target, handed, scope, place)
        seen: set[tuple[str, str, Location]] = set()
        for attribute, scope in file.attributes:
            for value in self._evaluate(attribute.value, scope):
                if isinstance(value, Handle) and attribute.attr in models.attributes(value.service, value.type):
                    place = place_of(file, attribute)
                    for call in self._loads(value, place):
                        if (call.service, call.operation, place) not in seen:
                            seen.add((call.service, call.operation, place))
                            yield call

    def unaccounted(self, file: File, told: Iterable[Call | Unmapped]) -> Iterator[Call | Unmapped]:
        """Methods that are taken and never called, and clients of which no call is told at all."""
        calls = {(one.service, one.operation) for one in told if isinstance(one, Call)}
        services = {service for service, _ in calls}
        lines = {(one.location.file, one.location.line) for one in told}
        called = {id(node.func) for node, _ in file.calls}
        for attribute, scope in file.attributes:
            for value in self._evaluate(attribute, scope) if id(attribute) not in called else ():
                if not (isinstance(value, Bound) and isinstance(value.of, Client)):
                    continue
                place = place_of(file, attribute)
                for operation in _operations(value.of.service, value.method):
                    if (value.of.service, operation) not in calls:
                        calls.add((value.of.service, operation))
                        services.add(value.of.service)
                        yield Call(value.of.service, operation, None, place)
        for node, scope in file.calls:
            place = place_of(file, node)
            given = self._given_away(node, scope)
            if given and (file.path, place.line) not in lines:
                lines.add((file.path, place.line))
                yield Unmapped(source(node), f"it is given {given}, and what it calls is not in these files", place)
        for node, scope in file.calls:
            place = place_of(file, node)
            makes = any(isinstance(one, Sdk) and one.maker for one in self._evaluate(node.func, scope))
            for value in self._evaluate(node, scope) if makes else ():
                is_told = not isinstance(value, Client | Handle) or value.service in services
                if not is_told and (file.path, place.line) not in lines:
                    yield Unmapped(source(node), "it is made, and no call of it was found", place)

    def _given_away(self, node: ast.Call, scope: Scope) -> str:
        """The client, resource or session that a call passes to code that is not in these files; "" for none."""
        passed = (*node.args, *(one.value for one in node.keywords))
        found = [value for one in passed for value in self._evaluate(one, scope)]
        held = next((one for one in found if isinstance(one, Client | Handle | Sdk)), None)
        if held is None or not all(isinstance(one, Said) for one in self._evaluate(node.func, scope)):
            return ""
        handed = [target for one in handed_over(node) for target in self._evaluate(one.func, scope)]
        if is_harmless(node.func, scope, self._functions) or any(isinstance(one, Function | Class) for one in handed):
            return ""
        what = "resource" if isinstance(held, Handle) else "client"
        return "what makes clients" if isinstance(held, Sdk) else f"a {what} of {held.service}"

    # --- calls -------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, scope: Scope, place: Location) -> Iterator[Call | Unmapped]:
        known = False
        found: list[Call | Unmapped] = []
        for target in self._evaluate(node.func, scope):
            known = known or not isinstance(target, Said) or target.text is not None
            if isinstance(target, Sdk) and target.maker:
                found += self._made(node, scope, place)
            elif isinstance(target, Bound):
                found += self._of(target, node, scope, place)
        # Where it may be of several services, those that have no such operation are not meant.
        yield from [one for one in found if isinstance(one, Call)] or found
        if not known and isinstance(node.func, ast.Attribute):
            method = node.func.attr
            named = [one.arg for one in node.keywords if one.arg]
            told = "_" in method or any(map(_MEMBER.fullmatch, named))
            if _OPERATION.fullmatch(method) and named and told and not self._evaluates_to_code(node.func.value, scope):
                like = [
                    one.name
                    for one in models.usual()
                    if method in one.methods and set(named) <= one.operations[one.methods[method]]
                ]
                if like:
                    reason = f"what `{source(node.func.value)}` is cannot be told; {' or '.join(like)} has such a call"
                    yield Unmapped(source(node.func), reason, place)

    def _evaluates_to_code(self, node: ast.expr, scope: Scope) -> bool:
        return any(isinstance(one, Instance | Module | Meta | Class) for one in self._evaluate(node, scope))

    def _made(self, node: ast.Call, scope: Scope, place: Location) -> Iterator[Unmapped]:
        """A client or resource that is of no service that can be told."""
        for name in self._argument(node, scope, "service_name", 0):
            if not isinstance(name, Said) or name.text is None:
                yield Unmapped(source(node), "which service it is for is known only when it runs", place)
            elif models.service(name.text) is None:
                yield Unmapped(source(node), f"botocore knows no service {name.text}", place)

    def _of(self, bound: Bound, node: ast.Call, scope: Scope, place: Location) -> Iterator[Call | Unmapped]:
        of, method = bound.of, bound.method
        if isinstance(of, Client):
            yield from self._of_client(of, method, node, scope, place)
        elif isinstance(of, Pages):
            if method in ("paginate", "wait"):
                yield Call(of.service, of.operation, self._arguments(node, scope), place)
        elif isinstance(of, Handle):
            yield from self._of_handle(of, method, node, scope, place)
        elif isinstance(of, Collection):
            yield from self._of_collection(of, method, node, scope, place)

    def _of_client(
        self, of: Client, method: str, node: ast.Call, scope: Scope, place: Location
    ) -> Iterator[Call | Unmapped]:
        service = models.service(of.service)
        assert service is not None
        added = models.added(of.service, "client", method)
        if method == "generate_presigned_url":
            for name in self._argument(node, scope, "ClientMethod", 0):
                known = service.methods.get(name.text or "") if isinstance(name, Said) else None
                given = next(iter(self._argument(node, scope, "Params", 1)), None)
                if known is not None:
                    yield Call(of.service, known, given if isinstance(given, dict) else None, place)
                else:
                    yield Unmapped(source(node.func), "which operation it is is known only when it runs", place)
        elif method in ("get_paginator", "get_waiter"):
            for name in self._argument(
                node, scope, "operation_name" if method == "get_paginator" else "waiter_name", 0
            ):
                listed = service.methods if method == "get_paginator" else service.waiters
                if not isinstance(name, Said) or name.text is None:
                    yield Unmapped(source(node), "which operation it is is known only when it runs", place)
                elif name.text not in listed:
                    yield Unmapped(source(node), f"{of.service} has no {name.text}", place)
        elif method in service.methods:
            yield Call(of.service, service.methods[method], self._arguments(node, scope), place)
        elif added is not None:
            given = self._arguments(node, scope, added.positional)
            yield from (Call(of.service, one, given, place) for one in added.operations)
        elif method not in models.facts()["calls_nothing"]:
            yield Unmapped(source(node.func), f"a client of {of.service} has no operation of this name", place)

    def _of_handle(
        self, of: Handle, method: str, node: ast.Call, scope: Scope, place: Location
    ) -> Iterator[Call | Unmapped]:
        added = models.added(of.service, of.type, method)
        action = entry_called(of.model.get("actions", {}), method)
        waiter = entry_called(of.model.get("waiters", {}), method.removeprefix("wait_until_"))
        if added is not None:
            passed = self._arguments(node, scope, added.positional)
            names = models.facts()["identifiers"].get(of.service, {}).get(of.type, {})
            own = {names[one]: said for one, said in of.identifiers.items() if one in names}
            yield from (Call(of.service, one, {**(passed or {}), **own}, place) for one in added.operations)
        elif action is not None:
            yield call_of(of, action["request"], self._arguments(node, scope), place)
        elif method in ("load", "reload"):
            yield from self._loads(of, place)
        elif waiter is not None and method.startswith("wait_until_"):
            service = models.service(of.service)
            assert service is not None
            operation = service.waiters[models.python_name(waiter["waiterName"])]
            yield call_of(of, {**waiter, "operation": operation}, {}, place)
        elif entry_called(of.model.get("has", {}), method) is None and method not in models.facts()["calls_nothing"]:
            yield Unmapped(source(node.func), f"a resource of {of.service} has no such method", place)

    def _loads(self, of: Handle, place: Location) -> Iterator[Call]:
        if "load" in of.model:
            yield call_of(of, of.model["load"]["request"], {}, place)

    def _of_collection(
        self, of: Collection, method: str, node: ast.Call, scope: Scope, place: Location
    ) -> Iterator[Call]:
        type_ = of.model["resource"]["type"]
        batch = entry_called((models.resources(of.of.service) or {})[type_].get("batchActions", {}), method)
        chained = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
        if batch is not None or method in _COLLECTS:
            if not chained:  # else the call before this one is where the list is asked for
                yield call_of(of.of, of.model["request"], self._arguments(node, scope), place)
            if batch is not None:
                handle = item_of(of)
                yield call_of(handle, batch["request"], self._arguments(node, scope), place)

    # --- arguments ---------------------------------------------------------------------------------

    def _arguments(
        self, node: ast.Call, scope: Scope, positional: tuple[str, ...] = ()
    ) -> Mapping[str, Argument] | None:
        """What is passed by name, or in an order that is known; None where that is not all that is passed."""
        found: dict[str, Argument] = {
            name: self._said(one, scope) for name, one in zip(positional, node.args, strict=False)
        }
        for one in node.keywords:
            if one.arg is not None:
                found[one.arg] = self._said(one.value, scope)
                continue
            spread = [value for value in self._evaluate(one.value, scope) if isinstance(value, dict)]
            if len(spread) != 1:
                return None
            found |= spread[0]
        return found

    def _argument(self, node: ast.Call, scope: Scope, name: str, position: int) -> Iterator[Argument]:
        for one in node.keywords:
            if one.arg == name:
                yield from arguments_in(self._evaluate(one.value, scope))
        if len(node.args) > position:
            yield from arguments_in(self._evaluate(node.args[position], scope))

    def _said(self, node: ast.expr, scope: Scope) -> Argument:
        """A value as an argument: all that it may be, where that is more than one thing."""
        values = tuple(arguments_in(self._evaluate(node, scope)))
        return values[0] if len(values) == 1 else values or Said(None, hint(node))

    # --- values ------------------------------------------------------------------------------------

    def _evaluate(self, node: ast.expr, scope: Scope) -> tuple[Known, ...]:
        """All that an expression may be, as far as that can be told."""
        mark = (id(node), id(scope), tuple(id(frame.node) for frame in self._frames))
        if mark not in self._known:
            if mark in self._open or len(self._open) > _DEPTH:
                return ()
            self._open.add(mark)
            found = distinct(self._values(node, scope))
            self._open.discard(mark)
            self._known[mark] = found
        return self._known[mark]

    def _values(self, node: ast.expr, scope: Scope) -> Iterator[Known]:  # noqa: C901 - one case for each kind
        match node:
            case ast.Constant():
                yield from constant(node)
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                yield self._joined(node, scope)
            case ast.Name():
                bindings = scope.find(node.id)
                for binding in bindings:
                    yield from self._bound(binding)
                if not bindings:
                    yield Said(None, node.id)
            case ast.Attribute():
                yield from self._attribute(node, scope)
            case ast.Call():
                yield from self._result(node, scope)
            case ast.Await() | ast.NamedExpr() | ast.Starred() | ast.IfExp() | ast.BoolOp():
                for one in alternatives(node):
                    yield from self._evaluate(one, scope)
            case ast.Subscript():
                yield from self._subscript(node, scope)
            case ast.DictComp():
                yield Holder(Element(node.key, node.value, scope))
            case ast.Dict() | ast.List() | ast.Tuple() | ast.Set():
                yield self._container(node, scope)
                yield from self._kept_in(node, scope)
            case _:
                yield Said(None, hint(node))

    def _kept_in(self, node: ast.expr, scope: Scope) -> Iterator[Holder]:
        """The clients, resources and methods that a mapping has under its keys."""
        pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
        for key, value in pairs:
            if key is not None and isinstance(value, ast.Call | ast.Name | ast.Attribute):
                found = self._evaluate(value, scope)
                if any(isinstance(one, Client | Handle | Bound) for one in found):
                    yield Holder(Element(key, value, scope))

    def _container(self, node: ast.Dict | ast.List | ast.Tuple | ast.Set, scope: Scope) -> Argument:
        if not isinstance(node, ast.Dict):
            return tuple(self._said(one, scope) for one in node.elts)
        return {
            key.text if key.text is not None else f"{UNKNOWN}{key.hint}": self._said(value, scope)
            for written, value in zip(node.keys, node.values, strict=True)
            if written is not None
            for key in arguments_in(self._evaluate(written, scope))
            if isinstance(key, Said)
        }

    def _joined(self, node: ast.JoinedStr | ast.BinOp, scope: Scope) -> Said:
        """A text that is put together, if each part of it is known."""
        parts = node.values if isinstance(node, ast.JoinedStr) else [node.left, node.right]
        text = ""
        for part in parts:
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            values = self._evaluate(inner, scope)
            if len(values) != 1 or not isinstance(values[0], Said) or values[0].text is None:
                return Said(None, hint(node))
            text += values[0].text
        return Said(text)

    def _bound(self, binding: Binding) -> Iterator[Known]:
        match binding:
            case Value():
                yield from self._evaluate(binding.node, binding.scope)
            case Item():
                for value in self._evaluate(binding.node, binding.scope):
                    if isinstance(value, Collection):
                        yield item_of(value)
                    elif isinstance(value, tuple):
                        yield from value
                    elif isinstance(value, dict):
                        yield from (Said(key) for key in value)
            case Parameter():
                yield from self._parameter(binding)
            case Element():
                yield Holder(binding)
            case Typed():
                yield from self._annotated(binding.annotation, binding.scope)
            case Imported():
                yield from self._imported(binding)
            case _:
                yield binding

    def _parameter(self, parameter: Parameter) -> Iterator[Known]:
        """What a function is called with, where it is called in these files; or what its annotation tells."""
        function = parameter.function
        typed = list(self._annotated(parameter.annotation, function.scope))
        if typed:
            yield from typed
            return
        if parameter.name in ("self", "cls") and function.scope.owner is not None:
            yield Instance(function.scope.owner)
            return
        position = function.positional.index(parameter.name) if parameter.name in function.positional else 99
        frame = next((one for one in reversed(self._frames) if one.function is function), None)
        found: list[Known] = []
        if frame is not None:
            for one in passed_to(frame.node, parameter.name, position - _is_method(function)):
                found += self._in_frames(frame.outer, one, frame.scope)
        everybody = frame is None or bool(found)
        for node, scope, is_method in self._callers.get(function, ()) if frame is None else ():
            passed = list(passed_to(node, parameter.name, position - is_method))
            everybody = everybody and bool(passed)
            for one in passed:
                found += self._evaluate(one, scope)
        if parameter.default is not None and not (everybody and found):
            found += self._evaluate(parameter.default, function.scope.parent or function.scope)
        yield from found or [Said(None, parameter.name)]

    def _in_frames(self, frames: tuple[Frame, ...], node: ast.expr, scope: Scope) -> tuple[Known, ...]:
        before, self._frames = self._frames, frames[-_FRAMES:]
        found = self._evaluate(node, scope)
        self._frames = before
        return found

    def _annotated(self, annotation: ast.expr | None, scope: Scope) -> Iterator[Known]:
        """A client or a resource, as the packages of stubs name their types."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except (SyntaxError, ValueError):
                return
        if isinstance(annotation, ast.BinOp):  # S3Client | None
            yield from self._annotated(annotation.left, scope)
            yield from self._annotated(annotation.right, scope)
        elif isinstance(annotation, ast.Subscript):  # Optional[S3Client]
            yield from self._annotated(annotation.slice, scope)
        elif isinstance(annotation, ast.Name):
            for binding in scope.find(annotation.id):
                stubs = _STUBS.fullmatch(binding.module) if isinstance(binding, Imported) else None
                if isinstance(binding, Imported) and stubs is not None:
                    yield from of_stub(stubs[1].replace("_", "-"), binding.attribute)
                elif isinstance(binding, Class):
                    yield Instance(binding)
                elif isinstance(binding, Imported):
                    yield from (Instance(one) for one in self._imported(binding) if isinstance(one, Class))

    def _nearest(self, module: str, file: File) -> list[File]:
        """The files that a module may be: those with the longest way in common with the file that imports it."""
        files = self._modules.get(module, [])
        shared = [_shared(one.path, file.path) for one in files]
        return [one for one, count in zip(files, shared, strict=True) if count == max(shared)]

    def _imported(self, binding: Imported) -> Iterator[Known]:
        if binding.module in models.facts()["modules"]:
            yield from of_sdk(binding.attribute) if binding.attribute else [Sdk()]
            return
        files = self._nearest(binding.module, binding.file)
        inner = self._nearest(f"{binding.module}.{binding.attribute}", binding.file)
        if len(files) == 1 and binding.attribute in files[0].scope.names:
            for one in files[0].scope.names[binding.attribute]:
                mark = (id(one), 0, ())
                if mark not in self._open and len(self._open) <= _DEPTH:  # two modules may import each other
                    self._open.add(mark)
                    yield from tuple(self._bound(one))
                    self._open.discard(mark)
        elif not binding.attribute and len(files) == 1:
            yield Module(files[0])
        elif binding.attribute and len(inner) == 1:
            yield Module(inner[0])
        else:
            yield Said(None, binding.attribute or binding.module)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Iterator[Known]:
        for value in self._evaluate(node.value, scope):
            yield from self._attribute_of(value, node)

    def _attribute_of(self, value: Known, node: ast.Attribute) -> Iterator[Known]:
        name = node.attr
        match value:
            case Sdk(maker=""):
                yield from of_sdk(name)
            case Client() if name in ("meta", "exceptions"):
                yield Meta("")
            case Handle():
                yield from of_handle(value, name)
            case Meta() if name == "client" and value.service:
                yield Client(value.service)
            case Client() | Pages() | Collection() | Holder():
                yield Bound(value, name)
            case Instance() | Class() | Module():
                yield from self._member(value, node)
            case Said():
                yield from self._kept(node)
            case _:
                pass

    def _member(self, value: Instance | Class | Module, node: ast.Attribute) -> Iterator[Known]:
        """What a class or a module calls so."""
        if isinstance(value, Module):
            found = value.file.scope.names.get(node.attr, [])
        else:
            found = self._members(value.of if isinstance(value, Instance) else value, node.attr)
        for binding in found:
            if isinstance(binding, Function) and binding.is_property:
                for one in binding.scope.returns:
                    yield from self._evaluate(one, binding.scope)
            else:
                yield from self._bound(binding)
        if not found:
            yield from self._kept(node)

    def _kept(self, node: ast.Attribute) -> Iterator[Known]:
        """What is given anywhere to an attribute of such a name, of something that cannot be told."""
        found = [one for value in self._put.get(node.attr, ()) for one in self._evaluate(value.node, value.scope)]
        kept = [one for one in found if isinstance(one, Client | Handle | Collection | Pages | Sdk)]
        yield from kept
        if not kept:
            yield Said(None, hint(node))

    def _members(self, class_: Class, name: str, below: tuple[Class, ...] = ()) -> list[Binding]:
        """What a class, or else one that it is derived from, has by a name; `below` are those derived from it."""
        found = [*class_.attributes.get(name, ()), *class_.scope.names.get(name, ())]
        outer = class_.scope.parent or class_.scope
        for base in () if found else class_.bases:
            for one in self._evaluate(base, outer):
                if isinstance(one, Class) and one not in (class_, *below):
                    found += self._members(one, name, (class_, *below))
        return found

    def _result(self, node: ast.Call, scope: Scope) -> Iterator[Known]:
        """What a call gives."""
        found = False
        for target in self._evaluate(node.func, scope):
            match target:
                case Sdk(maker=""):
                    yield target
                case Sdk():
                    for name in self._argument(node, scope, "service_name", 0):
                        if isinstance(name, Said) and name.text is not None and models.service(name.text):
                            yield Client(name.text) if target.maker == "client" else Handle(name.text, "", {})
                case Class():
                    yield Instance(target)
                case Function():
                    frames = (*self._frames, Frame(target, node, scope, self._frames))
                    for one in target.scope.returns:
                        yield from self._in_frames(frames, one, target.scope)
                case Bound():
                    yield from self._answer(target, node, scope)
                case _:
                    continue
            found = True
        if not found:
            yield Said(None, hint(node))

    def _answer(self, bound: Bound, node: ast.Call, scope: Scope) -> Iterator[Known]:
        """What a method of a client or a resource gives, as far as calls go on from it."""
        of, method = bound.of, bound.method
        if isinstance(of, Client):
            yield from self._answer_of_client(of, method, node, scope)
        elif isinstance(of, Holder):
            if method in ("get", "pop", "setdefault") and node.args:
                yield from self._held(of.element, node.args[0], scope)
        elif isinstance(of, Collection):
            if method in _COLLECTS:
                yield of
        elif isinstance(of, Handle):
            inner = entry_called(of.model.get("has", {}), method)
            action = entry_called(of.model.get("actions", {}), method)
            added = models.added(of.service, of.type, method)
            if inner is not None:
                told = [self._said(one, scope) for one in node.args]
                named = self._arguments(node, scope) or {}
                yield handle_from(of, inner["resource"], told, named)
            elif added is not None:
                yield Meta("")  # what is put into a batch calls nothing of its own
            elif action is not None and "resource" in action:
                yield handle_from(of, action["resource"], [], self._arguments(node, scope) or {})

    def _answer_of_client(self, of: Client, method: str, node: ast.Call, scope: Scope) -> Iterator[Known]:
        service = models.service(of.service)
        assert service is not None
        listed = {"get_paginator": service.methods, "get_waiter": service.waiters}.get(method)
        if listed is not None:
            names = [*self._argument(node, scope, "operation_name", 0), *self._argument(node, scope, "waiter_name", 9)]
            for name in names:
                if isinstance(name, Said) and name.text is not None and name.text in listed:
                    yield Pages(of.service, listed[name.text])
        naming = models.facts()["answers"].get(of.service, {}).get(service.methods.get(method, ""))
        given = self._arguments(node, scope) or {}
        if naming in given:
            yield Answer(given[naming])

    def _held(self, element: Element, key: ast.expr, scope: Scope) -> Iterator[Known]:
        """What was put into something, if it is asked for by a key that may be the one that it was put there by."""
        put = {one.text for one in self._evaluate(element.key, element.scope) if isinstance(one, Said)}
        asked = {one.text for one in self._evaluate(key, scope) if isinstance(one, Said)}
        if put & asked or not put or not asked or None in put | asked:
            yield from self._evaluate(element.node, element.scope)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Iterator[Known]:
        told = [one.text for one in self._evaluate(node.slice, scope) if isinstance(one, Said)]
        keys = [text for text in told if text is not None]
        found: list[Known] = []
        for value in self._evaluate(node.value, scope):
            if isinstance(value, Answer):
                found += arguments_in([value.named])
            elif isinstance(value, Holder):
                found += self._held(value.element, node.slice, scope)
            elif isinstance(value, dict) and keys:  # what it lacks under these was put there elsewhere
                found += arguments_in(said for key, said in value.items() if key in keys)
            elif isinstance(value, tuple) and not keys:
                found += value
            else:
                found.append(Said(None, hint(node)))
        yield from found or [Said(None, hint(node))]


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common, from the first on."""
    pairs = zip(PurePath(one).parent.parts, PurePath(other).parent.parts, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _operations(service: str, method: str) -> tuple[str, ...]:
    """The operations behind a method of a client; none for what calls nothing."""
    known, added = models.service(service), models.added(service, "client", method)
    assert known is not None
    if added is not None:
        return added.operations
    return (known.methods[method],) if method in known.methods else ()


def _is_method(function: Function) -> bool:
    return function.scope.owner is not None and function.positional[:1] in (("self",), ("cls",))
