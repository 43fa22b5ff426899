"""Each enum, range and length of a blueprint's field is held against what AWS's models say of the member it becomes.

The members are in tests/cases/models/members.yaml. A limited field that the table lacks, a difference without a reason
and a reason without a difference fail: so a value that AWS adds shows when the models are updated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rolewright.blueprint import load_catalog
from service_models import Limit, limit_of_api, limit_of_cloudformation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODELS: Mapping[str, Mapping[str, Mapping[str, str]]] = yaml.safe_load(
    Path("tests/cases/models/members.yaml").read_text(encoding="utf-8")
)
BOUNDS = {"minimum": "least", "maximum": "most", "maxLength": "most", "maxItems": "most"}
CATALOG = load_catalog()


@dataclass(frozen=True)
class Bounded:
    """A field with a limit of its own, by its path in the blueprint."""

    path: str
    limit: Limit


def bounded(path: str, schema: Any) -> Iterator[Bounded]:
    """List the fields at and under a schema that have an enum, a range or a length."""
    if not isinstance(schema, dict):  # any value, or a field of another type that this one takes away
        return
    bounds = {BOUNDS[name]: schema[name] for name in BOUNDS if schema.get(name) is not None}
    enum = schema.get("enum")
    if bounds or enum or "items" in schema:  # a list can be without a limit where its model has one
        yield Bounded(path, Limit(values=None if enum is None else frozenset(map(str, enum)), **bounds))
    for name, inner in (schema.get("properties") or {}).items():
        yield from bounded(f"{path}.{name}", inner)
    if "items" in schema:
        yield from bounded(f"{path}[]", schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        yield from bounded(f"{path}{{}}", schema["additionalProperties"])
    for choice in ("oneOf", "anyOf", "allOf"):
        for number, inner in enumerate(schema.get(choice) or ()):
            yield from bounded(f"{path}/{choice}{number}", inner)


def fields_of(type_: str) -> dict[str, Limit]:
    file = {**CATALOG.computes.files, **CATALOG.resources.files}[type_]
    blueprint = yaml.safe_load(file.read_text(encoding="utf-8"))
    listed = [
        field for name, schema in (blueprint.get("fields") or {}).items() for field in bounded(name, schema or {})
    ]
    for name, schema in ((blueprint.get("create") or {}).get("fields") or {}).items():
        listed += bounded(f"create.{name}", schema)
    return {field.path: field.limit for field in listed}


ALL = {type_: fields_of(type_) for type_ in (*CATALOG.computes, *CATALOG.resources)}


def test_every_limited_field_is_in_the_table() -> None:
    limited = {(type_, path): limit for type_, fields in ALL.items() for path, limit in fields.items()}
    listed = {(type_, path) for type_, fields in MODELS.items() for path in fields}
    assert not {field for field, limit in limited.items() if limit != Limit()} - listed, (
        "name what these become, or why no model knows them"
    )
    assert not listed - limited.keys(), "these have no limit any more"


@pytest.mark.parametrize(("type_", "path"), [(type_, path) for type_, fields in MODELS.items() for path in fields])
def test_a_field_accepts_what_the_models_accept(type_: str, path: str) -> None:
    entry, field = MODELS[type_][path], ALL[type_][path]
    model = Limit()
    for source, limit_of in (("api", limit_of_api), ("cfn", limit_of_cloudformation)):
        if source in entry:
            model = model.and_(limit_of(entry[source]))
    if "none" in entry:
        assert not list(field.beyond(model)), "the models do know a limit"
        return
    assert model != Limit(), "the models have no limit: say so with `none`"
    assert bool(list(field.beyond(model))) == ("wider" in entry), list(field.beyond(model))
    assert bool(list(model.beyond(field))) == ("narrower" in entry), list(model.beyond(field))
