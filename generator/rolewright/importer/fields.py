"""Fields of a manifest that is not whole: what is lacking, what is marked, and the schema of a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue
from rolewright.manifest.placeholders import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def marked(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:  # noqa: ANN401 - YAML
    """Yield the paths of what a person has to fill in."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from marked(inner, (*path, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from marked(inner, (*path, str(number)))
    elif isinstance(value, str) and MARK in value:
        yield path


def require(fields: dict[str, Any], schemas: Mapping[str, Any], required: Iterable[str]) -> None:
    """Hold the place of required fields, also inside of mappings and lists."""
    for name in required:
        if name not in fields:
            fields[name] = HeldValue(str(schemas.get(name, {}).get("description", name)), None)
    for name, value in fields.items():
        schema = schemas.get(name, {})
        if isinstance(value, dict) and "properties" in schema:
            require(value, schema["properties"], schema.get("required", ()))
        elif isinstance(value, list):
            items = schema.get("items", {})
            for inner in value:
                if isinstance(inner, dict) and "properties" in items:
                    require(inner, items["properties"], items.get("required", ()))


def inside(schema: Mapping[str, Any], step: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a key or a number
    """Return the schema of a part of a field; {} where it has none."""
    if isinstance(step, int):
        found = schema.get("items", {})
    else:
        found = schema.get("properties", {}).get(step, schema.get("additionalProperties", {}))
    return found if isinstance(found, dict) else {}
