"""The page of a type lists all that a manifest may say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.report.reference import compute_page

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOG = load_catalog()


def described_fields(node: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the description of every field in a schema, however deep it is."""
    if isinstance(node, list):
        for inner in node:
            yield from described_fields(inner)
    if isinstance(node, dict):
        properties = node.get("properties")
        for name, schema in (properties if isinstance(properties, dict) else {}).items():
            if isinstance(schema, dict) and "description" in schema:
                yield name, schema["description"]
        for inner in node.values():
            yield from described_fields(inner)


@pytest.mark.parametrize("type_", CATALOG.computes)
def test_every_field_has_a_row(type_: str) -> None:
    blueprint = CATALOG.computes[type_]
    rows = [line for line in compute_page(blueprint, ()).splitlines() if line.startswith("| `")]
    fields = list(described_fields({"properties": dict(blueprint.fields)}))
    for name, description in fields:
        text = description.replace("|", "\\|")
        assert any(row.partition("` |")[0].endswith((f"`{name}", f".{name}")) and text in row for row in rows), name
    assert len({row.partition("` |")[0] for row in rows}) == len(rows)


def test_a_row_names_the_way_to_its_field_and_its_limits() -> None:
    rows = compute_page(CATALOG.computes["lambda"], ()).splitlines()
    (batch_size,) = (row for row in rows if row.startswith("| `triggers.queues[].batch_size` |"))
    assert "| integer, from 1 up to 10000 |" in batch_size
    assert "default `10`" in batch_size
