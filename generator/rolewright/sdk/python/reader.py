"""Python code → the calls of boto3 in it: clients, resources, paginators, waiters, transfers.

Nothing is run, and code that cannot be followed is reported as such.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from rolewright.sdk import models
from rolewright.sdk.calls import ApiCall, Scalar, Unmapped
from rolewright.sdk.python.arguments import argument_of, arguments_of
from rolewright.sdk.python.evaluator import Evaluator
from rolewright.sdk.python.method_results import COLLECTS
from rolewright.sdk.python.passed import handed_over, is_harmless
from rolewright.sdk.python.scopes import PythonClass, PythonFunction
from rolewright.sdk.python.syntax import place_of, source
from rolewright.sdk.python.values import (
    Boto3Client,
    Boto3Resource,
    BoundMethod,
    Instance,
    Meta,
    PaginatorOrWaiter,
    PythonModule,
    ResourceCollection,
    Sdk,
    call_of,
    entry_called,
    item_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rolewright.core.finding import Location
    from rolewright.sdk.python.scopes import PythonFile, PythonScope

_OPERATION = re.compile(r"[a-z]+(_[a-z0-9]+)*")
_MEMBER = re.compile(r"[a-z]*[A-Z]\w*")
"""The spelling of an API's parameters, which other parameters in Python hardly ever have."""


class PythonReader:
    """Reads files that may import one another."""

    def __init__(self, files: Iterable[PythonFile]) -> None:
        listed = list(files)
        self._functions = {name for file in listed for name in file.functions}
        self._evaluate = Evaluator(listed).evaluate

    def calls(self, file: PythonFile) -> Iterator[ApiCall | Unmapped]:
        """Find the calls of AWS in one file, in the order of its text."""
        for node, scope in file.calls:
            place = place_of(file, node)
            if isinstance(node.func, ast.Name) and node.func.id == "getattr" and node.args:
                of_sdk = any(
                    isinstance(value, Boto3Client | Boto3Resource) for value in self._evaluate(node.args[0], scope)
                )
                if of_sdk and not all(isinstance(argument, ast.Constant) for argument in node.args[1:]):
                    yield Unmapped(source(node), "the operation is known only at run time", place)
                continue
            yield from self._call(node, scope, place)
            for passed_call in handed_over(node):
                for target in self._evaluate(passed_call.func, scope):
                    if isinstance(target, BoundMethod):
                        yield from self._of(target, passed_call, scope, place)
        seen: set[tuple[str, str, Location]] = set()
        for attribute, scope in file.attributes:
            for value in self._evaluate(attribute.value, scope):
                if isinstance(value, Boto3Resource) and attribute.attr in models.attributes(value.service, value.type):
                    place = place_of(file, attribute)
                    for call in self._loads(value, place):
                        if (call.service, call.operation, place) not in seen:
                            seen.add((call.service, call.operation, place))
                            yield call

    def unaccounted(self, file: PythonFile, reports: Iterable[ApiCall | Unmapped]) -> Iterator[ApiCall | Unmapped]:
        """Yield the calls of methods that are read and not called here; report clients of which no call was found."""
        calls = {(call.service, call.operation) for call in reports if isinstance(call, ApiCall)}
        services = {service for service, _ in calls}
        lines = {(call.location.file, call.location.line) for call in reports}
        called = {id(node.func) for node, _ in file.calls}
        for attribute, scope in file.attributes:
            for value in self._evaluate(attribute, scope) if id(attribute) not in called else ():
                if not (isinstance(value, BoundMethod) and isinstance(value.of, Boto3Client)):
                    continue
                place = place_of(file, attribute)
                for operation in _operations(value.of.service, value.method):
                    if (value.of.service, operation) not in calls:
                        calls.add((value.of.service, operation))
                        services.add(value.of.service)
                        yield ApiCall(value.of.service, operation, None, place)
        yield from self._clients_given_away(file, lines)
        yield from self._idle_clients(file, services, lines)

    def _clients_given_away(self, file: PythonFile, lines: set[tuple[str, int]]) -> Iterator[Unmapped]:
        """Report clients that are passed to other code, on lines of which nothing is reported yet."""
        for node, scope in file.calls:
            place = place_of(file, node)
            client_text = self._given_away(node, scope)
            if client_text and (file.path, place.line) not in lines:
                lines.add((file.path, place.line))
                yield Unmapped(source(node), f"it is passed {client_text}, and its code is not in these files", place)

    def _idle_clients(
        self, file: PythonFile, services: Collection[str], lines: Collection[tuple[str, int]]
    ) -> Iterator[Unmapped]:
        """Report clients of services of which no call was found."""
        for node, scope in file.calls:
            place = place_of(file, node)
            makes = any(isinstance(value, Sdk) and value.maker for value in self._evaluate(node.func, scope))
            for value in self._evaluate(node, scope) if makes else ():
                is_told = not isinstance(value, Boto3Client | Boto3Resource) or value.service in services
                if not is_told and (file.path, place.line) not in lines:
                    yield Unmapped(source(node), "it is created, but no call of it was found", place)

    def _given_away(self, node: ast.Call, scope: PythonScope) -> str:
        """Return the client, resource or session that a call passes to code outside these files; "" for none."""
        arguments = (*node.args, *(keyword.value for keyword in node.keywords))
        values = [value for argument in arguments for value in self._evaluate(argument, scope)]
        sdk_value = next((value for value in values if isinstance(value, Boto3Client | Boto3Resource | Sdk)), None)
        if sdk_value is None or not all(isinstance(target, Scalar) for target in self._evaluate(node.func, scope)):
            return ""
        called_targets = [target for call in handed_over(node) for target in self._evaluate(call.func, scope)]
        if is_harmless(node.func, scope, self._functions) or any(
            isinstance(target, PythonFunction | PythonClass) for target in called_targets
        ):
            return ""
        kind = "resource" if isinstance(sdk_value, Boto3Resource) else "client"
        return "a value that makes clients" if isinstance(sdk_value, Sdk) else f"a {kind} of {sdk_value.service}"

    # --- calls -------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, scope: PythonScope, place: Location) -> Iterator[ApiCall | Unmapped]:
        is_known = False
        reports: list[ApiCall | Unmapped] = []
        for target in self._evaluate(node.func, scope):
            is_known = is_known or not isinstance(target, Scalar) or target.text is not None
            if isinstance(target, Sdk) and target.maker:
                reports += self._unknown_services(node, scope, place)
            elif isinstance(target, BoundMethod):
                reports += self._of(target, node, scope, place)
        # Of several possible services, only those with such an operation can be meant.
        yield from [call for call in reports if isinstance(call, ApiCall)] or reports
        if not is_known and isinstance(node.func, ast.Attribute):
            yield from self._like_a_call(node, node.func, scope, place)

    def _like_a_call(
        self, node: ast.Call, called: ast.Attribute, scope: PythonScope, place: Location
    ) -> Iterator[Unmapped]:
        """Report a method of an unknown value whose name and arguments are those of an operation."""
        method = called.attr
        argument_names = [keyword.arg for keyword in node.keywords if keyword.arg]
        is_like_api = "_" in method or any(map(_MEMBER.fullmatch, argument_names))
        if not (_OPERATION.fullmatch(method) and argument_names and is_like_api):
            return
        if self._evaluates_to_code(called.value, scope):
            return
        candidates = [
            service.name
            for service in models.usual()
            if method in service.methods and set(argument_names) <= service.operations[service.methods[method]]
        ]
        if candidates:
            names = " or ".join(candidates)
            reason = f"it is not known what `{source(called.value)}` is; {names} has such a call"
            yield Unmapped(source(called), reason, place)

    def _evaluates_to_code(self, node: ast.expr, scope: PythonScope) -> bool:
        return any(
            isinstance(value, Instance | PythonModule | Meta | PythonClass) for value in self._evaluate(node, scope)
        )

    def _unknown_services(self, node: ast.Call, scope: PythonScope, place: Location) -> Iterator[Unmapped]:
        """Report a client or resource whose service cannot be told."""
        for name in argument_of(self._evaluate, node, scope, "service_name", 0):
            if not isinstance(name, Scalar) or name.text is None:
                yield Unmapped(source(node), "the service is known only at run time", place)
            elif models.service(name.text) is None:
                yield Unmapped(source(node), f"botocore knows no service {name.text}", place)

    def _of(
        self, bound: BoundMethod, node: ast.Call, scope: PythonScope, place: Location
    ) -> Iterator[ApiCall | Unmapped]:
        owner, method = bound.of, bound.method
        if isinstance(owner, Boto3Client):
            yield from self._of_client(owner, method, node, scope, place)
        elif isinstance(owner, PaginatorOrWaiter):
            if method in ("paginate", "wait"):
                yield ApiCall(owner.service, owner.operation, arguments_of(self._evaluate, node, scope), place)
        elif isinstance(owner, Boto3Resource):
            yield from self._of_handle(owner, method, node, scope, place)
        elif isinstance(owner, ResourceCollection):
            yield from self._of_collection(owner, method, node, scope, place)

    def _of_client(
        self, client: Boto3Client, method: str, node: ast.Call, scope: PythonScope, place: Location
    ) -> Iterator[ApiCall | Unmapped]:
        service = models.service(client.service)
        assert service is not None
        added = models.added(client.service, "client", method)
        if method == "generate_presigned_url":
            for name in argument_of(self._evaluate, node, scope, "ClientMethod", 0):
                presigned = service.methods.get(name.text or "") if isinstance(name, Scalar) else None
                arguments = next(iter(argument_of(self._evaluate, node, scope, "Params", 1)), None)
                if presigned is not None:
                    yield ApiCall(client.service, presigned, arguments if isinstance(arguments, dict) else None, place)
                else:
                    yield Unmapped(source(node.func), "the operation is known only at run time", place)
        elif method in ("get_paginator", "get_waiter"):
            for name in argument_of(
                self._evaluate, node, scope, "operation_name" if method == "get_paginator" else "waiter_name", 0
            ):
                listed = service.methods if method == "get_paginator" else service.waiters
                if not isinstance(name, Scalar) or name.text is None:
                    yield Unmapped(source(node), "the operation is known only at run time", place)
                elif name.text not in listed:
                    yield Unmapped(source(node), f"{client.service} has no {name.text}", place)
        elif method in service.methods:
            yield ApiCall(client.service, service.methods[method], arguments_of(self._evaluate, node, scope), place)
        elif added is not None:
            arguments = arguments_of(self._evaluate, node, scope, added.positional)
            yield from (ApiCall(client.service, operation, arguments, place) for operation in added.operations)
        elif method not in models.facts()["calls_nothing"]:
            yield Unmapped(source(node.func), f"a client of {client.service} has no operation of this name", place)

    def _of_handle(
        self, resource: Boto3Resource, method: str, node: ast.Call, scope: PythonScope, place: Location
    ) -> Iterator[ApiCall | Unmapped]:
        added = models.added(resource.service, resource.type, method)
        action = entry_called(resource.model.get("actions", {}), method)
        waiter = entry_called(resource.model.get("waiters", {}), method.removeprefix("wait_until_"))
        if added is not None:
            arguments = arguments_of(self._evaluate, node, scope, added.positional)
            names = models.facts()["identifiers"].get(resource.service, {}).get(resource.type, {})
            own = {
                names[identifier]: value for identifier, value in resource.identifiers.items() if identifier in names
            }
            yield from (
                ApiCall(resource.service, operation, {**(arguments or {}), **own}, place)
                for operation in added.operations
            )
        elif action is not None:
            yield call_of(resource, action["request"], arguments_of(self._evaluate, node, scope), place)
        elif method in ("load", "reload"):
            yield from self._loads(resource, place)
        elif waiter is not None and method.startswith("wait_until_"):
            service = models.service(resource.service)
            assert service is not None
            operation = service.waiters[models.python_name(waiter["waiterName"])]
            yield call_of(resource, {**waiter, "operation": operation}, {}, place)
        elif (
            entry_called(resource.model.get("has", {}), method) is None
            and method not in models.facts()["calls_nothing"]
        ):
            yield Unmapped(source(node.func), f"a resource of {resource.service} has no such method", place)

    def _loads(self, resource: Boto3Resource, place: Location) -> Iterator[ApiCall]:
        if "load" in resource.model:
            yield call_of(resource, resource.model["load"]["request"], {}, place)

    def _of_collection(
        self, collection: ResourceCollection, method: str, node: ast.Call, scope: PythonScope, place: Location
    ) -> Iterator[ApiCall]:
        type_ = collection.model["resource"]["type"]
        batch = entry_called((models.resources(collection.of.service) or {})[type_].get("batchActions", {}), method)
        chained = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
        if batch is not None or method in COLLECTS:
            if not chained:  # otherwise the call before this one makes the request
                yield call_of(
                    collection.of, collection.model["request"], arguments_of(self._evaluate, node, scope), place
                )
            if batch is not None:
                handle = item_of(collection)
                yield call_of(handle, batch["request"], arguments_of(self._evaluate, node, scope), place)


def _operations(service: str, method: str) -> tuple[str, ...]:
    """Return the operations behind a method of a client; none for a method that calls nothing."""
    model, added = models.service(service), models.added(service, "client", method)
    assert model is not None
    if added is not None:
        return added.operations
    return (model.methods[method],) if method in model.methods else ()
