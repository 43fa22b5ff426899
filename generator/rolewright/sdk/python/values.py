"""The values of Python: sessions, clients and resources of boto3, and the objects that code makes from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from rolewright.sdk import models
from rolewright.sdk.calls import ApiCall, Argument, Scalar

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.core.finding import Location
    from rolewright.sdk.python.scopes import Insertion, PythonClass, PythonFile, PythonFunction, PythonScope


@dataclass(frozen=True)
class Sdk:
    """boto3 or another such module, or a session. `maker` is "client" or "resource" for their methods."""

    maker: str = ""


@dataclass(frozen=True)
class Boto3Client:
    """A client of a service."""

    service: str


@dataclass(frozen=True)
class PaginatorOrWaiter:
    """A paginator or a waiter."""

    service: str
    operation: str


@dataclass(frozen=True, eq=False)
class Boto3Resource:
    """A resource of boto3; of the type "" for the service's own."""

    service: str
    type: str
    identifiers: Mapping[str, Argument]

    @property
    def model(self) -> Mapping[str, Any]:
        """Return what boto3's model says of its type."""
        return dict((models.resources(self.service) or {}).get(self.type, {}))


@dataclass(frozen=True, eq=False)
class ResourceCollection:
    """Several resources of boto3, as its model describes them."""

    of: Boto3Resource
    model: Mapping[str, Any]


@dataclass(frozen=True)
class Meta:
    """`meta` of a client or a resource, or with `service` "" another attribute of theirs that makes no call."""

    service: str


@dataclass(frozen=True, eq=False)
class Response:
    """The response of an operation that names the same resource as one of its arguments."""

    argument: Argument


@dataclass(frozen=True, eq=False)
class Holder:
    """A mapping or a list that an expression was put into."""

    element: Insertion


@dataclass(frozen=True, eq=False)
class BoundMethod:
    """A method that was taken from a client or a resource."""

    of: Boto3Client | Boto3Resource | ResourceCollection | PaginatorOrWaiter | Holder
    method: str


@dataclass(frozen=True, eq=False)
class Instance:
    """An object of a class in the code."""

    of: PythonClass


@dataclass(frozen=True, eq=False)
class PythonModule:
    """A file of the project, imported as a module."""

    file: PythonFile


@dataclass(frozen=True, eq=False)
class CallFrame:
    """A call of a function that is being evaluated: its parameters have the arguments of this call."""

    function: PythonFunction
    node: ast.Call
    scope: PythonScope
    outer: tuple[CallFrame, ...]


Mark: TypeAlias = tuple[int, int, tuple[int, ...]]
PythonValue: TypeAlias = (
    "Sdk | Boto3Client | PaginatorOrWaiter | Boto3Resource | ResourceCollection | Meta | Response | Holder"
    "| BoundMethod | Instance | PythonModule | PythonFunction | PythonClass"
    "| Scalar | tuple[Argument, ...] | Mapping[str, Argument]"
)


def of_sdk(name: str) -> Iterator[Sdk]:
    """Yield what a module of the SDK, or a session, has by this name."""
    if name in ("client", "resource", "create_client"):
        yield Sdk("resource" if name == "resource" else "client")
    elif name.lower() in ("session", "get_session", "aiosession"):
        yield Sdk()


def of_handle(value: Boto3Resource, name: str) -> Iterator[PythonValue]:
    """Yield the values of a resource's attribute, unless they are known only after the resource is loaded."""
    collection = entry_called(value.model.get("hasMany", {}), name)
    if name == "meta":
        yield Meta(value.service)
    elif collection is not None:
        yield ResourceCollection(value, collection)
    elif own := [identifier for key, identifier in value.identifiers.items() if models.python_name(key) == name]:
        yield from arguments_in(own)
    elif name not in models.attributes(value.service, value.type):
        yield BoundMethod(value, name)


def of_stub(service: str, name: str) -> Iterator[PythonValue]:
    """Yield the value that a type of a package of stubs is for."""
    if models.service(service) is None:
        return
    if name.endswith("Client"):
        yield Boto3Client(service)
    elif name.endswith("ServiceResource"):
        yield Boto3Resource(service, "", {})
    elif name in (models.resources(service) or {}):
        described = (models.resources(service) or {})[name]
        yield Boto3Resource(
            service, name, {identifier["name"]: Scalar(None, name) for identifier in described.get("identifiers", ())}
        )


def handle_from(
    owner: Boto3Resource, model: Mapping[str, Any], positional: list[Argument], named_arguments: Mapping[str, Argument]
) -> Boto3Resource:
    """Return the resource that another one gives. `positional` and `named_arguments` are passed for it."""
    identifiers: dict[str, Argument] = {}
    waiting = list(positional)
    for identifier in model.get("identifiers", ()):
        if identifier["source"] == "input":
            identifiers[identifier["target"]] = (
                waiting.pop(0) if waiting else named_arguments.get(identifier["target"].lower(), Scalar(None, ""))
            )
        elif identifier["source"] == "identifier":
            identifiers[identifier["target"]] = owner.identifiers.get(identifier["name"], Scalar(None, ""))
        elif identifier["source"] == "requestParameter":
            identifiers[identifier["target"]] = named_arguments.get(identifier["path"], Scalar(None, ""))
        else:  # the response names the same resource as the only argument: the URL of a queue, its name
            identifiers[identifier["target"]] = (
                next(iter(named_arguments.values())) if len(named_arguments) == 1 else Scalar(None, "")
            )
    return Boto3Resource(owner.service, model["type"], identifiers)


def item_of(collection: ResourceCollection) -> Boto3Resource:
    """Return one of the resources of a collection."""
    model = collection.model["resource"]
    return handle_from(collection.of, model, [], {})


def call_of(
    resource: Boto3Resource,
    request: Mapping[str, Any],
    passed_arguments: Mapping[str, Argument] | None,
    place: Location,
) -> ApiCall:
    """Return the call behind a method of a resource, with the arguments that its identifiers give."""
    own: dict[str, Argument] = {}
    for parameter in request.get("params", ()):
        if parameter["source"] == "identifier" and parameter["name"] in resource.identifiers:
            own[re.split(r"[.\[]", parameter["target"])[0]] = resource.identifiers[parameter["name"]]
    arguments = None if passed_arguments is None and not own else {**(passed_arguments or {}), **own}
    return ApiCall(resource.service, request["operation"], arguments, place)


def entry_called(listed: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """Find the entry of a model: `MaxItems` is `max_items` in Python, `Table` is `Table`."""
    for key, entry in listed.items():
        if name in (key, models.python_name(key)):
            return dict(entry)
    return None


def arguments_in(values: Iterable[PythonValue]) -> Iterator[Argument]:
    """Yield those that are arguments: texts, lists, mappings."""
    for value in values:
        if isinstance(value, Scalar | tuple | dict):
            yield value


def distinct(values: Iterable[PythonValue]) -> tuple[PythonValue, ...]:
    """Drop duplicates."""
    distinct_values: list[PythonValue] = []
    for value in values:
        if not any(
            value is earlier or (type(value) is type(earlier) and value == earlier) for earlier in distinct_values
        ):
            distinct_values.append(value)
    return tuple(distinct_values)
