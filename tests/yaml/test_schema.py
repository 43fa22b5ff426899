from __future__ import annotations

import json
from typing import Any

import pytest

from rolewright.yaml.load import loads
from rolewright.yaml.schema import Schema


def test_a_name_that_does_not_fit_is_named_at_its_place_whatever_is_in_it() -> None:
    schema = Schema({"properties": {"names": {"propertyNames": {"pattern": "^[a-z]+$"}}}})
    tree = loads("names:\n  good: 1\n  'a \"b\"': 2\n  'c\\d': 3\n", "m.yaml").trees[0]
    found = [(one.path, str(one.location)) for one in schema.findings(tree.data, tree.location, "manifest")]
    assert found == [('names.a "b"', "m.yaml:3:3"), ("names.c\\d", "m.yaml:4:3")]


REMEDIES: dict[str, tuple[dict[str, Any], Any, str]] = {
    "a name that is near to one of a few": (
        {"propertyNames": {"enum": ["nofile", "nproc"]}},
        {"nofiles": 1},
        "did you mean nofile? possible: nofile, nproc",
    ),
    "a name that has no form": (
        {"propertyNames": {"pattern": "^[a-z]+$"}},
        {"A": 1},
        "use a name that matches ^[a-z]+$",
    ),
    "one of two keys": ({"anyOf": [{"required": ["min"]}, {"required": ["max"]}]}, {}, "give `min`; or `max`"),
    "two keys, or one with a value": (
        {"oneOf": [{"required": ["a", "b"]}, {"required": ["c"], "properties": {"c": {"const": "EC2"}, "a": False}}]},
        {"a": 1},
        "give `a` and `b`; or `c: EC2`",
    ),
    "forms that say nothing of keys": ({"anyOf": [{"type": "string"}, {"required": ["a"]}]}, {}, "change the value"),
    "an entry of a list that is described": (
        {"properties": {"hosts": {"items": {"pattern": "[.]"}, "description": "Hosts with a dot"}}},
        {"hosts": ["localhost"]},
        "Hosts with a dot",
    ),
}


@pytest.mark.parametrize("case", REMEDIES)
def test_what_to_write_instead_is_said(case: str) -> None:
    schema, data, remedy = REMEDIES[case]
    text = json.dumps(data)
    (tree,) = loads(text, "a.json").trees
    (finding,) = Schema(schema).findings(tree.data, tree.location, "manifest")
    assert finding.remedy == remedy
