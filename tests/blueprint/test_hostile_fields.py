"""Fields of a blueprint whose schema is none are findings of the blueprint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hostile_values import document
from rolewright.blueprint import builtin_root
from rolewright.blueprint.check_resource import check_resource
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    "wrong", [{"examples": 1.5}, {"examples": "x"}, {"examples": {"a": 1}}, {"description": []}], ids=str
)
def test_a_field_whose_schema_is_none(wrong: Mapping[str, Any]) -> None:
    data = load(builtin_root() / "resources" / "sqs-queue" / "blueprint.yaml").trees[0].data
    name, schema = next(iter(data["fields"].items()))
    changed = {**data, "fields": {**data["fields"], name: {**schema, **wrong}}}
    (tree,) = document(changed).trees
    assert any(one.path.startswith(f"fields.{name}") for one in check_resource(tree, has_template=True))
