from __future__ import annotations

from rolewright.yaml.load import loads
from rolewright.yaml.schema import Schema


def test_a_name_that_does_not_fit_is_named_at_its_place_whatever_is_in_it() -> None:
    schema = Schema({"properties": {"names": {"propertyNames": {"pattern": "^[a-z]+$"}}}})
    tree = loads("names:\n  good: 1\n  'a \"b\"': 2\n  'c\\d': 3\n", "m.yaml").trees[0]
    found = [(one.path, str(one.location)) for one in schema.findings(tree.data, tree.location, "manifest")]
    assert found == [('names.a "b"', "m.yaml:3:3"), ("names.c\\d", "m.yaml:4:3")]
