from __future__ import annotations

from typing import Any

import pytest
import yaml

from rolewright.yaml.flow import flow
from rolewright.yaml.load import loads
from rolewright.yaml.wording import told

TEXTS = [
    "a",
    "a: b",
    "a:",
    "x #y",
    "true",
    "True",
    "~",
    "1",
    "1.5",
    "- a",
    "",
    " a",
    "{a",
    "a, b",
    "rate(5 minutes)",
    "é",
]
VALUES: list[Any] = [*TEXTS, None, True, 3, 2.5, [], {}]


@pytest.mark.parametrize("write", [flow, told])
@pytest.mark.parametrize("value", [*VALUES, VALUES, {text: text for text in TEXTS if text}], ids=str)
def test_what_is_written_is_read_as_the_same(write: Any, value: Any) -> None:
    """By this YAML and by another library's, at a key and in a list on one line."""
    text = f"key: {write(value)}\nlist: [{write(value)}]\n"
    assert loads(text, "m.yaml").trees[0].data == {"key": value, "list": [value]}
    assert yaml.safe_load(text) == {"key": value, "list": [value]}
