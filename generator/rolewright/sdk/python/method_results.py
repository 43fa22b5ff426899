"""The results of methods of boto3's clients and resources, as far as further calls start from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.sdk import models
from rolewright.sdk.calls import Scalar
from rolewright.sdk.python.arguments import argument_of, arguments_of, as_argument
from rolewright.sdk.python.values import (
    Boto3Client,
    Boto3Resource,
    Holder,
    Meta,
    PaginatorOrWaiter,
    ResourceCollection,
    Response,
    entry_called,
    handle_from,
)

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from rolewright.sdk.python.arguments import Evaluate
    from rolewright.sdk.python.scopes import Insertion, PythonScope
    from rolewright.sdk.python.values import BoundMethod, PythonValue

COLLECTS = {"all", "filter", "limit", "page_size", "pages"}
"""Methods of a collection that return a collection again."""


def results_of_method(
    evaluate: Evaluate, bound: BoundMethod, node: ast.Call, scope: PythonScope
) -> Iterator[PythonValue]:
    """Yield the results of a method of a client or a resource, as far as further calls start from them."""
    owner, method = bound.of, bound.method
    if isinstance(owner, Boto3Client):
        yield from _result_of_client(evaluate, owner, method, node, scope)
    elif isinstance(owner, Holder):
        if method in ("get", "pop", "setdefault") and node.args:
            yield from held_under(evaluate, owner.element, node.args[0], scope)
    elif isinstance(owner, ResourceCollection):
        if method in COLLECTS:
            yield owner
    elif isinstance(owner, Boto3Resource):
        inner = entry_called(owner.model.get("has", {}), method)
        action = entry_called(owner.model.get("actions", {}), method)
        added = models.added(owner.service, owner.type, method)
        if inner is not None:
            positional = [as_argument(evaluate, argument, scope) for argument in node.args]
            named_arguments = arguments_of(evaluate, node, scope) or {}
            yield handle_from(owner, inner["resource"], positional, named_arguments)
        elif added is not None:
            yield Meta("")  # putting items into a batch makes no call of its own
        elif action is not None and "resource" in action:
            yield handle_from(owner, action["resource"], [], arguments_of(evaluate, node, scope) or {})


def _result_of_client(
    evaluate: Evaluate, client: Boto3Client, method: str, node: ast.Call, scope: PythonScope
) -> Iterator[PythonValue]:
    service = models.service(client.service)
    assert service is not None
    listed = {"get_paginator": service.methods, "get_waiter": service.waiters}.get(method)
    if listed is not None:
        names = [
            *argument_of(evaluate, node, scope, "operation_name", 0),
            *argument_of(evaluate, node, scope, "waiter_name", 9),
        ]
        for name in names:
            if isinstance(name, Scalar) and name.text is not None and name.text in listed:
                yield PaginatorOrWaiter(client.service, listed[name.text])
    naming = models.facts()["answers"].get(client.service, {}).get(service.methods.get(method, ""))
    arguments = arguments_of(evaluate, node, scope) or {}
    if naming in arguments:
        yield Response(arguments[naming])


def held_under(evaluate: Evaluate, element: Insertion, key: ast.expr, scope: PythonScope) -> Iterator[PythonValue]:
    """Yield the value that was put into a container, if the wanted key may be the one that it was stored under."""
    stored_keys = {name.text for name in evaluate(element.key, element.scope) if isinstance(name, Scalar)}
    wanted_keys = {name.text for name in evaluate(key, scope) if isinstance(name, Scalar)}
    if stored_keys & wanted_keys or not stored_keys or not wanted_keys or None in stored_keys | wanted_keys:
        yield from evaluate(element.node, element.scope)
