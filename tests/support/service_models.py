"""What AWS's own models say of the parameters of a call: enums, patterns, lengths and ranges.

The SDK itself checks types and minima alone; the rest is in the same models and comes back from AWS as an error.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import regex
from botocore.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel, Shape

    from rolewright.prove.sandbox import Moto

GROWING = {"InstanceType", "Runtime", "KeySpec", "CustomerMasterKeySpec", "WorkerType"}
"""Enums to which AWS adds values from month to month: one that the installed model lacks may be new."""


@dataclass(frozen=True)
class Limit:
    """What a value may be: at least and at most so great, or so long; one of these. None where nothing bounds it."""

    least: float | None = None
    most: float | None = None
    values: frozenset[str] | None = None

    def and_(self, other: Limit) -> Limit:
        """Return what both allow."""
        return Limit(
            max((bound for bound in (self.least, other.least) if bound is not None), default=None),
            min((bound for bound in (self.most, other.most) if bound is not None), default=None),
            other.values if self.values is None else self.values & (other.values or self.values),
        )

    def beyond(self, other: Limit) -> Iterator[str]:
        """Name what this allows and the other refuses; a lower bound is compared where both have one."""
        if other.values is not None and self.values is not None:
            yield from sorted(self.values - other.values)
        if self.least is not None and other.least is not None and self.least < other.least:
            yield f"from {self.least:g}, not {other.least:g}"
        if other.most is not None and self.values is None and (self.most is None or self.most > other.most):
            yield f"to {self.most}, not {other.most:g}"


def limit_of_api(member: str) -> Limit:
    """Return what botocore's model says of SERVICE.OPERATION.MEMBER…; `[]` is an item of a list."""
    service, operation, *path = member.split(".")
    shape = Session().get_service_model(service).operation_model(operation).input_shape
    for name in (step for part in path for step in re.findall(r"[^\[\]]+|\[\]", part)):
        shape = shape.member if name == "[]" else shape.members[name]
    return _limit(shape.metadata, "min", "max")


def limit_of_cloudformation(property_: str) -> Limit:
    """Return what the schema of CloudFormation says of TYPE PROPERTY…."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    type_, path = property_.split(" ")
    whole = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema
    schema = whole
    for name in path.split("."):
        schema = schema["properties"][name]
        while "$ref" in schema:
            schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    lengths = {"min": schema.get("minLength"), "max": schema.get("maxLength")}
    return _limit({**lengths, **schema}, *(("minimum", "maximum") if "maximum" in schema else ("min", "max")))


def _limit(bounds: Mapping[str, Any], least: str, most: str) -> Limit:
    values = bounds.get("enum")
    return Limit(bounds.get(least), bounds.get(most), None if values is None else frozenset(map(str, values)))


def calls_of(moto: type[Moto], record: list[tuple[str, str, dict[str, Any]]]) -> Any:
    """Make the method that stands in for `Moto.call` and takes note of each call."""
    call = moto.call

    def recorded(self: Moto, service: str, region: str, operation: str, parameters: dict[str, Any]) -> Any:
        record.append((service, operation, parameters))
        return call(self, service, region, operation, parameters)

    return recorded


def breaches(service: str, method: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Name each parameter of a call that the service's model does not allow, with what the model asks for."""
    shape = _operation(service, method).input_shape
    if shape is not None:
        yield from _breaches(f"{service}.{method}", shape, parameters)


@cache
def _operation(service: str, method: str) -> OperationModel:
    model = Session().get_service_model(service)
    name = method.replace("_", "")
    return model.operation_model(next(known for known in model.operation_names if known.lower() == name))


def _breaches(place: str, shape: Shape, value: Any) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            for name in value.keys() - shape.members.keys():
                yield f"{place}.{name}: no such member"
            for name in set(shape.required_members) - value.keys():
                if not shape.members[name].metadata.get("idempotencyToken"):  # the SDK makes one
                    yield f"{place}.{name}: required"
            for name in value.keys() & shape.members.keys():
                yield from _breaches(f"{place}.{name}", shape.members[name], value[name])
        case "list":
            yield from _out_of_range(place, shape, len(value), "items")
            for entry in value:
                yield from _breaches(f"{place}[]", shape.member, entry)
        case "map":
            yield from _out_of_range(place, shape, len(value), "entries")
            for key, entry in value.items():
                yield from _breaches(f"{place} key", shape.key, key)
                yield from _breaches(f"{place}{{}}", shape.value, entry)
        case "string":
            yield from _refused_text(place, shape, value)
        case "integer" | "long" | "float" | "double":
            yield from _out_of_range(place, shape, float(value), "")
        case _:  # a flag, a moment, bytes
            pass


def _refused_text(place: str, shape: Shape, value: str) -> Iterator[str]:
    yield from _out_of_range(place, shape, len(value), "characters")
    enum = shape.metadata.get("enum")
    if enum and value not in enum and shape.name not in GROWING:
        yield f"{place}: {value!r} is none of {json.dumps(enum)[:200]}"
    pattern = shape.metadata.get("pattern")
    if pattern and (compiled := _compiled(pattern)) and not compiled.fullmatch(value):
        yield f"{place}: {value!r} does not match {pattern}"


@cache
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    """Compile a pattern of Java's; None for the few whose surrogate pairs no other engine reads."""
    try:
        return regex.compile(pattern)
    except regex.error:
        return None


def _out_of_range(place: str, shape: Shape, size: float, unit: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{place}: {size:g} {unit} is not between {least} and {most}".replace("  ", " ")
