"""JavaScript and TypeScript → the calls of AWS's SDKs in them, versions 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.sdk.calls import ApiCall, Argument, Scalar, Unmapped
from rolewright.sdk.javascript.packages import COMMAND, FUNCTION, client_service, gives_back, is_sdk, service_of
from rolewright.sdk.javascript_and_go.bindings import PropertyOf, SourceExpression, SourceFile, links
from rolewright.sdk.javascript_and_go.expressions import CallExpression, Identifier, IndexExpression, MemberExpression
from rolewright.sdk.javascript_and_go.follow import Follower
from rolewright.sdk.javascript_and_go.values import PackageMember, PackageObject, SourceLiteral, hint
from rolewright.sdk.models import python_name, service
from rolewright.sdk.packages import facts, operations_called, service_called, spelled

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.core.finding import Location
    from rolewright.sdk.javascript_and_go.expressions import CodeExpression
    from rolewright.sdk.models import Service


class ScriptReader:
    """Reads files of JavaScript and TypeScript that may import one another."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self._facts: dict[str, Any] = dict(facts()["javascript"])
        self._follow = Follower(files)
        self._nodes = {id(file): list(_nodes(file)) for file in self._follow.files}
        for file in self._follow.files:
            for node, _ in self._nodes[id(file)]:
                if isinstance(node, CallExpression) and node.at not in file.declared:
                    name = node.of.name if isinstance(node.of, Identifier | MemberExpression) else ""
                    self._follow.calls[name].append(SourceExpression(file, node))
        self._services_with_client = {service_.name for service_ in self._clients()}

    def calls(self) -> Iterator[ApiCall | Unmapped]:
        """Find the calls in all files, and the packages that are imported without a call."""
        reports: list[ApiCall | Unmapped] = []
        for file in self._follow.files:
            for node, outer in self._nodes[id(file)]:
                reports += self._of(file, node, outer)
        reports += self._handed(reports)
        yield from reports
        yield from self._idle([call for call in reports if isinstance(call, ApiCall)], reports)

    # --- services ----------------------------------------------------------------------------------

    def _clients(self) -> Iterator[Service]:
        """Yield the services of which a client with methods is made anywhere."""
        for file in self._follow.files:
            if not any(map(is_sdk, file.imports)):
                continue
            for node, _ in self._nodes[id(file)]:
                if isinstance(node, CallExpression):
                    services = map(client_service, self._follow.values(SourceExpression(file, node)))
                    yield from (service_ for service_ in services if service_ is not None)

    # --- calls -------------------------------------------------------------------------------------

    def _of(self, file: SourceFile, node: CodeExpression, outer: CodeExpression | None) -> Iterator[ApiCall | Unmapped]:
        if isinstance(node, CallExpression):
            yield from self._applied(file, node)
        elif node.at not in file.types and not file.tokens.is_name(_first(node) - 1, "instanceof", "import"):
            is_called = isinstance(outer, CallExpression) and outer.of is node
            for value in () if is_called else self._follow.values(SourceExpression(file, node)):
                if isinstance(value, PackageMember) and (outer is None or not isinstance(outer, MemberExpression)):
                    yield from self._owned(file, node, value, None, is_new=True)
            if isinstance(node, MemberExpression) and not is_called:
                yield from self._taken(file, node)

    def _taken(self, file: SourceFile, node: MemberExpression) -> Iterator[ApiCall]:
        """Yield the operations of a method that is not called where it is read."""
        for value in self._follow.values(SourceExpression(file, node.of)):
            service_ = client_service(value)
            for operation in operations_called(service_, node.name) if service_ else ():
                assert service_ is not None
                yield ApiCall(service_.name, operation, None, self._place(file, node), is_sure=False)

    def _applied(self, file: SourceFile, node: CallExpression) -> Iterator[ApiCall | Unmapped]:
        reports: list[ApiCall | Unmapped] = []
        for value in self._follow.values(SourceExpression(file, node.of)):
            if isinstance(value, PackageMember):
                reports += self._owned(file, node, value, node, is_new=node.is_new)
        if not reports and node.is_new:
            reports += self._unknown_command(file, node)
        elif not reports and isinstance(node.of, MemberExpression):
            reports += self._method(file, node, node.of)
        elif not reports and isinstance(node.of, IndexExpression):
            reports += self._chosen(file, node, node.of)
        yield from reports

    def _unknown_command(self, file: SourceFile, node: CallExpression) -> Iterator[ApiCall | Unmapped]:
        """Guess the service of a command whose import cannot be followed, in a project that has the SDK."""
        name = node.of.name if isinstance(node.of, Identifier | MemberExpression) else ""
        command = COMMAND.fullmatch(name)
        values = self._follow.values(SourceExpression(file, node.of))
        if command is None or name in file.functions or any(isinstance(value, SourceLiteral) for value in values):
            return
        if any(isinstance(value, PackageMember) and is_sdk(value.package) for value in values):
            return
        packages = {package for source in self._follow.files for package in source.imports if is_sdk(package)}
        services = {
            service_.name: service_ for package in packages if (service_ := service_of(package, "*")) is not None
        }
        candidates = [service_ for _, service_ in sorted(services.items()) if operations_called(service_, command[1])]
        place = self._place(file, node)
        if len(candidates) == 1:
            argument = self._argument(file, node, 0)
            yield from (
                self._call(candidates[0], operation, argument, place)
                for operation in operations_called(candidates[0], command[1])
            )
        elif services:
            reason = (
                "no service that the project imports has such an operation"
                if not candidates
                else "several services that the project imports have such an operation"
            )
            yield Unmapped(f"new {name}", reason, place)

    def _owned(
        self, file: SourceFile, node: CodeExpression, value: PackageMember, call: CallExpression | None, *, is_new: bool
    ) -> Iterator[ApiCall | Unmapped]:
        """Yield the calls that an object made from a package, or a function of it, stands for."""
        member = value.member.rpartition(".")[2] if value.package not in self._facts["all"] else value.member
        special = self._facts["special"].get(value.package, {}).get(member)
        if special is not None:
            yield from self._special(file, node, special, call)
            return
        if not is_sdk(value.package):
            return
        service_ = service_of(value.package, member)
        command, function = COMMAND.fullmatch(member), FUNCTION.fullmatch(member)
        place = self._place(file, node)
        text = f"{'new ' if call is not None and call.is_new else ''}{member}"
        if service_ is None:
            if command or function:
                yield Unmapped(text, f"the service of {value.package} is not known", place)
            return
        if command and is_new:
            listed = operations_called(service_, command[1])
            argument = self._argument(file, call, 0)
            yield from (self._call(service_, operation, argument, place) for operation in listed)
            if not listed:
                yield Unmapped(text, "no service that the file imports has such an operation", place)
        elif function:
            listed = self._behind(service_, function)
            yield from (self._call(service_, operation, self._argument(file, call, 1), place) for operation in listed)
            if not listed:
                yield Unmapped(text, f"{service_.name} has no paginator or waiter of this name", place)

    def _behind(self, service_: Service, function: re.Match[str]) -> list[str]:
        if function[1] == "paginate":
            return operations_called(service_, function[2])
        name = python_name(function[2])
        return [operation for waiter, operation in service_.waiters.items() if waiter == name]

    def _special(
        self, file: SourceFile, node: CodeExpression, special: dict[str, Any], call: CallExpression | None
    ) -> Iterator[ApiCall]:
        service_ = service_called(special["service"])
        assert service_ is not None
        argument = self._argument(file, call, special["at"])
        if "within" in special and isinstance(argument, dict):
            argument = argument.get(special["within"])
        for operation in special["calls"]:
            yield self._call(service_, operation, argument, self._place(file, node))

    def _argument(self, file: SourceFile, call: CallExpression | None, position: int) -> Argument | None:
        if call is None or position >= len(call.arguments):
            return None
        return self._follow.argument(SourceExpression(file, call.arguments[position]))

    def _call(self, service_: Service, operation: str, argument: Argument | None, place: Location) -> ApiCall:
        return ApiCall(service_.name, operation, spelled(service_, operation, argument), place, is_sure=False)

    # --- methods of clients ------------------------------------------------------------------------

    def _method(self, file: SourceFile, node: CallExpression, member: MemberExpression) -> Iterator[ApiCall | Unmapped]:
        values = self._follow.values(SourceExpression(file, member.of))
        clients = [service_ for value in values if (service_ := client_service(value)) is not None]
        place = self._place(file, node)
        if member.name == "send":
            yield from self._sent(file, node, bool(clients), place)
            return
        for service_ in {client.name: client for client in clients}.values():
            yield from self._of_client(file, node, member, service_, place)
        if not clients and not any(
            isinstance(value, SourceLiteral | PackageMember | PackageObject) for value in values
        ):
            yield from self._of_something(file, node, member, place)

    def _of_client(
        self, file: SourceFile, node: CallExpression, member: MemberExpression, service_: Service, place: Location
    ) -> Iterator[ApiCall | Unmapped]:
        method = member.name
        operations = operations_called(service_, method)
        own = self._facts["methods"].get(service_.name, {}).get(method)
        if own is not None:
            parameters = self._argument(file, node, own["at"])
            parameters = (
                parameters.get(own["within"]) if "within" in own and isinstance(parameters, dict) else parameters
            )
            yield from (self._call(service_, operation, parameters, place) for operation in own["calls"])
        elif operations:
            yield from (
                self._call(service_, operation, self._argument(file, node, 0), place) for operation in operations
            )
        elif method in self._facts["named"]:
            argument = self._argument(file, node, 0)
            name = argument.text if isinstance(argument, Scalar) else None
            listed = operations_called(service_, name or "")
            if method == "waitFor" and name:
                waiter = service_.waiters.get(python_name(name[:1].upper() + name[1:]))
                listed = [waiter] if waiter else []
            yield from (self._call(service_, operation, self._argument(file, node, 1), place) for operation in listed)
            if not listed:
                yield Unmapped(self._shown(file, node), "the operation is known only at run time", place)
        elif method not in self._facts["calls_nothing"]:
            yield Unmapped(self._shown(file, node), f"a client of {service_.name} has no operation of this name", place)

    def _chosen(self, file: SourceFile, node: CallExpression, indexed: IndexExpression) -> Iterator[ApiCall | Unmapped]:
        for value in self._follow.values(SourceExpression(file, indexed.of)):
            service_ = client_service(value)
            if service_ is None:
                continue
            keys = [
                value
                for value in self._follow.values(SourceExpression(file, indexed.key))
                if isinstance(value, Scalar) and value.text
            ]
            for key in keys:
                member = MemberExpression(indexed.of, key.text or "", indexed.at)
                yield from self._of_client(file, node, member, service_, self._place(file, node))
            if not keys:
                reason = "the operation is known only at run time"
                yield Unmapped(self._shown(file, node), reason, self._place(file, node))

    def _sent(self, file: SourceFile, node: CallExpression, is_client: bool, place: Location) -> Iterator[Unmapped]:  # noqa: FBT001
        """Report a command that is sent but cannot be seen."""
        if not node.arguments:
            return
        values = self._follow.values(SourceExpression(file, node.arguments[0]))
        is_command = any(isinstance(value, PackageObject) and is_sdk(value.package) for value in values)
        is_code = not is_command and any(isinstance(value, SourceLiteral | dict | tuple) for value in values)
        is_text = any(isinstance(value, Scalar) and value.text is not None for value in values)
        if is_client and not is_command and not is_code and not is_text:
            yield Unmapped(self._shown(file, node), "the command that it sends is known only at run time", place)

    def _of_something(
        self, file: SourceFile, node: CallExpression, member: MemberExpression, place: Location
    ) -> Iterator[ApiCall | Unmapped]:
        """Yield the call of a method of an unknown value, if a client made elsewhere has such a method."""
        argument = self._argument(file, node, 0)
        method = member.name
        candidates = [
            service_
            for name in sorted(self._services_with_client)
            if (service_ := service(name)) and operations_called(service_, method)
        ]
        if not candidates or method in self._facts["calls_nothing"]:
            return
        if isinstance(argument, dict):
            candidates = _with_members(candidates, method, argument)
        elif argument is None:
            candidates = [] if method.islower() else candidates
        elif not isinstance(argument, Scalar) or argument.text is not None:
            candidates = []  # `get` of a router takes a text
        elif method.islower() and not _is_client_like(hint(SourceExpression(file, member.of))):
            candidates = []
        if len(candidates) == 1 and isinstance(argument, dict):
            for operation in operations_called(candidates[0], member.name):
                yield self._call(candidates[0], operation, argument, place)
        elif candidates:
            names = " or ".join(service_.name for service_ in candidates)
            reason = f"it is not known what `{hint(SourceExpression(file, member.of))}` is; {names} has such a call"
            yield Unmapped(self._shown(file, node), reason, place)

    # --- clients and packages without a call -------------------------------------------------------

    def _handed(self, reports: list[ApiCall | Unmapped]) -> Iterator[ApiCall | Unmapped]:
        """Yield methods that are destructured from a client, and report clients that are passed to foreign code."""
        lines = {(report.location.file, report.location.line) for report in reports if isinstance(report, Unmapped)}
        for file in self._follow.files:
            parts = [binding for listed in file.names.values() for binding in listed if isinstance(binding, PropertyOf)]
            for part in {id(binding): binding for binding in parts}.values():
                for value in self._follow.values(part.of):
                    service_ = client_service(value)
                    place = self._place(file, part.of.node)
                    for operation in operations_called(service_, part.name) if service_ else ():
                        assert service_ is not None
                        yield ApiCall(service_.name, operation, None, place, is_sure=False)
            for node, _ in self._nodes[id(file)]:
                if not isinstance(node, CallExpression):
                    continue
                package, clients = self._follow.given_away(file, node)
                service_ = next(filter(None, map(client_service, clients)), None)
                if service_ is None or is_sdk(package) or gives_back(package):
                    continue
                place = self._place(file, node)
                if (place.file, place.line) not in lines:
                    lines.add((place.file, place.line))
                    reason = f"it is passed a client of {service_.name}, and its code is not in these files"
                    yield Unmapped(self._shown(file, node), reason, place)

    def _idle(self, calls: list[ApiCall], reports: list[ApiCall | Unmapped]) -> Iterator[Unmapped]:
        """Report packages of services that are imported, and of which no call was found."""
        called = {call.service for call in calls}
        places = {report.location.file for report in reports if isinstance(report, Unmapped)}
        for file in self._follow.files:
            for package, at in file.imports.items():
                if not is_sdk(package) or package.startswith(tuple(self._facts["nothing"])):
                    continue
                if package in self._facts["all"]:
                    is_told = bool(called) or bool(reports)
                elif package in self._facts["special"]:
                    is_told = bool(called)
                else:
                    service_ = service_of(package, "*")
                    is_told = (service_ is not None and service_.name in called) or file.path in places
                if not is_told:
                    text, place = f'import of "{package}"', self._follow.place(file, at, package)
                    yield Unmapped(text, "it is imported, but no call of it was found", place)

    def _place(self, file: SourceFile, node: CodeExpression) -> Location:
        first = _first(node)
        if isinstance(node, CallExpression) and node.is_new and file.tokens.is_name(first - 1, "new"):
            first -= 1
        return self._follow.place(file, first, self._shown(file, node))

    def _shown(self, file: SourceFile, node: CodeExpression) -> str:
        inner = node.of if isinstance(node, CallExpression) else node
        text = hint(SourceExpression(file, inner))
        return f"new {text}" if isinstance(node, CallExpression) and node.is_new else text


def _members(service_: Service, method: str) -> set[str]:
    """Return the members of the input of a method's operation, in lower case."""
    return {
        member.lower() for operation in operations_called(service_, method) for member in service_.operations[operation]
    }


def _is_client_like(text: str) -> bool:
    return any(word in text.lower() for word in ("doc", "dynamo", "ddb", "table", "client", "sdk", "aws"))


def _first(node: CodeExpression) -> int:
    """Return the first token of an expression."""
    at = node.at
    while isinstance(node, MemberExpression | CallExpression | IndexExpression):
        node = node.of
        at = min(at, node.at)
    return at


def _nodes(file: SourceFile) -> Iterator[tuple[CodeExpression, CodeExpression | None]]:
    """Yield each name, member and call of a file, with what it is a part of."""
    tokens, seen = file.tokens, set()
    for at in range(len(tokens)):
        starts = tokens.is_name(at) or (tokens.is_mark(at, "(") and not tokens.is_name(at - 1))
        if not starts or tokens.is_mark(at - 1, ".", "?."):
            continue
        node, _ = file.parser.unit(at)
        outer: CodeExpression | None = None
        for link in links(node):
            inner = link
            if id(inner) not in seen:
                seen.add(id(inner))
                yield inner, outer
            if isinstance(link, IndexExpression):
                for inner_link in links(link.of):
                    if id(inner_link) not in seen:
                        seen.add(id(inner_link))
                        yield inner_link, link
            outer = link


def _with_members(candidates: Iterable[Service], method: str, argument: Mapping[Any, Any]) -> list[Service]:
    """Return the services whose method takes one of the names that are passed, or may take none."""
    passed_names = {str(name).lower() for name in argument}
    return [
        candidate
        for candidate in candidates
        if passed_names & _members(candidate, method) or not (passed_names or method.islower())
    ]
