"""Go → the calls of AWS's SDKs in it, versions 1 and 2.

Each call takes an input whose type is named after the operation, so that a value of such a type means a call.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.sdk.calls import ApiCall, Unmapped
from rolewright.sdk.javascript_and_go.bindings import SourceExpression, SourceFile, SourceImport, links
from rolewright.sdk.javascript_and_go.expressions import (
    CallExpression,
    CompositeLiteral,
    Identifier,
    IndexExpression,
    MemberExpression,
)
from rolewright.sdk.javascript_and_go.follow import Follower
from rolewright.sdk.javascript_and_go.values import PackageMember, PackageObject, hint
from rolewright.sdk.models import python_name, service
from rolewright.sdk.packages import facts, operations_called, service_called, spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.sdk.calls import Argument
    from rolewright.sdk.javascript_and_go.expressions import CodeExpression
    from rolewright.sdk.models import Service

_INPUT = re.compile(r"([A-Z]\w*)Input")
_ENDS = ("", "WithContext", "Request", "PagesWithContext", "Pages")
_STARTS = ("", "Presign")
_MAKERS = ("config", "session")
"""Packages with the values that clients are made from."""
_WAITER = re.compile(r"New(\w+)Waiter|WaitUntil(\w+?)(?:WithContext)?")
_VERSION = re.compile(r"^github\.com/aws/aws-sdk-go(?:-v2)?/")


class GoReader:
    """Reads files of Go; the files in a folder form one package."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._facts: dict[str, Any] = dict(facts()["go"])
        self._follow = Follower(files)
        self._nodes = {id(file): list(_nodes(file)) for file in self._follow.files}
        for file in self._follow.files:
            for node in self._nodes[id(file)]:
                if (
                    isinstance(node, CallExpression)
                    and isinstance(node.of, Identifier | MemberExpression)
                    and node.at not in file.declared
                ):
                    self._follow.calls[node.of.name].append(SourceExpression(file, node))
        self._taken: set[tuple[str, str]] = set()
        """Operations for which an input is made somewhere, each with its service."""

    def calls(self) -> Iterator[ApiCall | Unmapped]:
        """Find the calls in all files, and the packages that are imported without a call."""
        input_calls: list[ApiCall | Unmapped] = []
        for file in self._follow.files:
            if not any(map(self._is_sdk, file.imports)):
                continue
            input_calls += [
                report
                for node in self._nodes[id(file)]
                if isinstance(node, CompositeLiteral)
                for report in self._calls_of_input(file, node)
            ]
        self._taken = {(call.service, call.operation) for call in input_calls if isinstance(call, ApiCall)}
        other_calls = [
            report
            for file in self._follow.files
            for node in self._nodes[id(file)]
            for report in (self._named(file, node) if isinstance(node, MemberExpression) else self._applied(file, node))
        ]
        reports = [*input_calls, *_distinct([*other_calls, *self._handed()])]
        yield from reports
        yield from self._idle(reports)

    # --- packages ----------------------------------------------------------------------------------

    def _is_sdk(self, package: str) -> bool:
        return _VERSION.match(package) is not None

    def _service(self, package: str) -> Service | None:
        for start in self._facts["services"]:
            path = package.removeprefix(start)
            if path != package:
                return service_called(path.partition("/")[0])
        helper = self._helper(package)
        return service(helper["service"]) if helper else None

    def _helper(self, package: str) -> Mapping[str, Any] | None:
        if not self._is_sdk(package):
            return None
        helper: Mapping[str, Any] | None = self._facts["helpers"].get(package.rpartition("/")[2])
        return helper

    def _operations(self, package: str, type_: str) -> tuple[Service, list[str]] | None:
        """Return the operations that a type is the input of."""
        service_ = self._service(package)
        if service_ is None or not self._is_sdk(package):
            return None
        helper = self._helper(package)
        if helper is not None:
            return (service_, list(helper["types"].get(type_, ()))) if type_ in helper["types"] else None
        match = _INPUT.fullmatch(type_)
        return (service_, operations_called(service_, match[1])) if match else None

    # --- calls -------------------------------------------------------------------------------------

    def _calls_of_input(self, file: SourceFile, node: CompositeLiteral) -> Iterator[ApiCall | Unmapped]:
        for package, type_ in self._type(file, node.of):
            input_of = self._operations(package, type_)
            if input_of is None:
                continue
            service_, operations = input_of
            place = self._follow.place(file, _first(node), hint(SourceExpression(file, node.of or node)))
            arguments = self._follow.argument(SourceExpression(file, node))
            arguments = {**arguments, **self._assigned_fields(file, node)} if isinstance(arguments, dict) else arguments
            yield from (
                ApiCall(service_.name, operation, spelled(service_, operation, arguments), place, is_sure=False)
                for operation in operations
            )
            if not operations:
                yield Unmapped(
                    f"{service_.name}.{type_}", "no service that the file imports has such an operation", place
                )

    def _assigned_fields(self, file: SourceFile, node: CompositeLiteral) -> Mapping[str, Argument]:
        """Return the fields that are assigned to a value after it was made and named."""
        for (scope, name), bindings in file.names.items():
            if any(isinstance(binding, SourceExpression) and binding.node is node for binding in bindings):
                listed = file.fields.get((scope, name), [])
                return {field: self._follow.argument(SourceExpression(file, value)) for field, value in listed}
        return {}

    def _type(self, file: SourceFile, node: CodeExpression | None) -> Iterator[tuple[str, str]]:
        """Yield the package and the name of a type."""
        if isinstance(node, MemberExpression) and isinstance(node.of, Identifier):
            for binding in file.find(node.of.name, node.of.at):
                if isinstance(binding, SourceImport):
                    yield binding.package, node.name

    def _named(self, file: SourceFile, node: MemberExpression) -> Iterator[ApiCall]:
        """Yield the operation of an input type that is named without a literal value, as after `new` or `var`."""
        for package, type_ in self._type(file, node):
            input_of = self._operations(package, type_)
            for operation in input_of[1] if input_of else ():
                assert input_of is not None
                if (input_of[0].name, operation) not in self._taken:
                    place = self._follow.place(file, _first(node), hint(SourceExpression(file, node)))
                    yield ApiCall(input_of[0].name, operation, None, place, is_sure=False)

    def _applied(self, file: SourceFile, node: CodeExpression) -> Iterator[ApiCall | Unmapped]:
        if not isinstance(node, CallExpression) or not isinstance(node.of, MemberExpression):
            return
        member = node.of
        place = self._follow.place(file, _first(node), hint(SourceExpression(file, member)))
        yield from self._more(file, node, member)
        clients = [
            service_
            for value in self._follow.values(SourceExpression(file, member.of))
            if isinstance(value, PackageObject) and (service_ := self._service(value.package)) is not None
        ]
        owned = [
            value for value in self._follow.values(SourceExpression(file, member)) if isinstance(value, PackageMember)
        ]
        is_empty = any(isinstance(argument, Identifier) and argument.name == "nil" for argument in node.arguments[-2:])
        if not clients and is_empty and not owned:
            clients = [service_ for package in file.imports if (service_ := self._service(package)) is not None]
        for service_ in {client.name: client for client in clients}.values():
            for operation in self._behind(service_, member.name):
                if (service_.name, operation) not in self._taken:
                    yield ApiCall(service_.name, operation, None, place, is_sure=False)

    def _behind(self, service_: Service, method: str) -> Iterator[str]:
        for start in _STARTS:
            for end in _ENDS:
                if method.startswith(start) and method.endswith(end):
                    name = method[len(start) : len(method) - len(end)]
                    if name in service_.operations:
                        yield name
                        return
        waiter = _WAITER.fullmatch(method)
        if waiter and (operation := service_.waiters.get(python_name(waiter[1] or waiter[2]))):
            yield operation

    def _more(self, file: SourceFile, node: CallExpression, member: MemberExpression) -> Iterator[ApiCall]:
        """Yield the calls that a transfer manager makes besides the operation whose input it takes."""
        listed = self._facts["methods"].get(member.name, {})
        for argument in node.arguments if listed else ():
            for value in self._follow.values(SourceExpression(file, argument)):
                literal = getattr(value, "node", None)
                if not isinstance(literal, CompositeLiteral):
                    continue
                source: SourceFile = value.file  # type: ignore[union-attr]
                for package, type_ in self._type(source, literal.of):
                    input_of = self._operations(package, type_)
                    for operation in input_of[1] if input_of else ():
                        for further_operation in listed.get(operation, ()):
                            if input_of is not None and further_operation != operation:
                                arguments = self._follow.argument(SourceExpression(source, literal))
                                place = self._follow.place(file, _first(node), hint(SourceExpression(file, member)))
                                yield ApiCall(
                                    input_of[0].name,
                                    further_operation,
                                    spelled(input_of[0], further_operation, arguments),
                                    place,
                                    is_sure=False,
                                )

    def _handed(self) -> Iterator[Unmapped]:
        """Report clients, and values that make clients, that are passed to third-party packages."""
        for file in self._follow.files:
            for node in self._nodes[id(file)]:
                if not isinstance(node, CallExpression):
                    continue
                package, clients = self._follow.given_away(file, node)
                if "." not in package.partition("/")[0] or self._is_sdk(package) or package in facts()["passes"]:
                    continue
                for client in clients:
                    service_ = self._service(client.package)
                    description = f"a client of {service_.name}" if service_ else "a value that makes clients"
                    if service_ or (self._is_sdk(client.package) and client.package.rpartition("/")[2] in _MAKERS):
                        place = self._follow.place(file, _first(node), hint(SourceExpression(file, node.of)))
                        reason = f"it is passed {description}, and its code is not in these files"
                        yield Unmapped(hint(SourceExpression(file, node.of)), reason, place)
                        break

    def _idle(self, reports: list[ApiCall | Unmapped]) -> Iterator[Unmapped]:
        called = {call.service for call in reports if isinstance(call, ApiCall)}
        for file in self._follow.files:
            for package, at in file.imports.items():
                if not self._is_sdk(package) or any(_is_below(package, folder) for folder in self._facts["nothing"]):
                    continue
                if package.rpartition("/")[2] in ("types", "iface") or package.endswith("iface"):
                    continue
                service_ = self._service(package)
                if service_ is None or service_.name not in called:
                    place = self._follow.place(file, at, package)
                    yield Unmapped(f'import of "{package}"', "it is imported, but no call of it was found", place)


def _is_below(package: str, folder: str) -> bool:
    return package == folder or package.startswith(f"{folder}/")


def _distinct(calls: Iterable[ApiCall | Unmapped]) -> list[ApiCall | Unmapped]:
    """Keep each operation once a line."""
    by_place: dict[object, ApiCall | Unmapped] = {}
    for call in calls:
        key = (
            (call.service, call.operation, call.location.file, call.location.line)
            if isinstance(call, ApiCall)
            else call
        )
        by_place.setdefault(key, call)
    return list(by_place.values())


def _first(node: CodeExpression) -> int:
    at = node.at
    inner: CodeExpression | None = node
    while isinstance(inner, MemberExpression | CallExpression | IndexExpression | CompositeLiteral):
        at = min(at, inner.at)
        inner = inner.of
    return min(at, inner.at) if inner is not None else at


def _nodes(file: SourceFile) -> Iterator[CodeExpression]:
    """Yield each member, call and value with a type in a file."""
    tokens, seen = file.tokens, set()
    for at in range(len(tokens)):
        if not tokens.is_name(at) or tokens.is_mark(at - 1, "."):
            continue
        node: CodeExpression | None = file.parser.unit(at)[0]
        while node is not None:
            inner: CodeExpression | None = None
            for link in links(node):
                if id(link) not in seen:
                    seen.add(id(link))
                    yield link
                if isinstance(link, CompositeLiteral):
                    inner = link.of
            node = inner
