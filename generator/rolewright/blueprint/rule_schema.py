"""The schemas of rules, in which `{$field: PATH}` stands for the value at a path of what they are held against.

`{$field: PATH, within: PATTERN}` stands for a pattern with that value, as it is written, in the place of each `<>`;
`{$field: PATH, times: NUMBER}` for that many times the value. Of a list a pattern fits any of its texts;
`where: {FITS: PATTERN}` puts a pattern in the place of what fits another in the value, and `otherwise` is the value of
a field that has none.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rolewright.blueprint.model import CrossFieldRule

FIELD, WITHIN, TIMES, WHERE, OTHERWISE = "$field", "within", "times", "where", "otherwise"
_SUM = "$sum"


class _NoValueError(Exception):
    """A field that a schema compares with has no value."""


def is_broken(rule: CrossFieldRule, data: Mapping[str, Any]) -> bool:
    """Return whether data fits `when` and not `require`; where a `$field` has no value, a rule says nothing."""

    def value(path: str) -> Any:  # noqa: ANN401 - YAML
        found = value_of(data, path)
        if found is None:
            raise _NoValueError
        return found

    try:
        return _held(rule.when, value).accepts(data) and not _held(rule.require, value).accepts(data)
    except _NoValueError:
        return False


def value_of(data: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - YAML
    """Return the value at a dotted path; after `$sum.`, the sum of a field in all entries of a list."""
    steps = path.split(".")
    if steps[0] != _SUM:
        return value_at(data, steps)
    entries = value_at(data, steps[1:-1])
    values = [value_at(entry, steps[-1:]) for entry in entries] if isinstance(entries, list) else []
    numbers = [value for value in values if isinstance(value, int | float)]
    return sum(numbers) if numbers else None


def value_at(data: Any, path: Sequence[str | int]) -> Any:  # noqa: ANN401 - YAML
    """Return the value at a path, None where there is none; a key with dots in it is found as well."""
    if not path:
        return data
    if isinstance(data, dict):
        for length in range(len(path), 0, -1):
            key = ".".join(map(str, path[:length]))
            if key in data:
                return value_at(data[key], path[length:])
    if isinstance(data, list) and isinstance(path[0], int) and path[0] < len(data):
        return value_at(data[path[0]], path[1:])
    return None


def filled(node: Any, value: Callable[[str], Any]) -> Any:  # noqa: ANN401 - a schema
    """Return a schema with the value of a path in the place of each `$field`."""
    if isinstance(node, list):
        return [filled(inner, value) for inner in node]
    if not isinstance(node, dict):
        return node
    if node.keys() == {FIELD}:
        return value(node[FIELD])
    if {FIELD, WITHIN} <= node.keys() <= {FIELD, WITHIN, WHERE, OTHERWISE}:
        return node[WITHIN].replace("<>", _pattern(_value_or_otherwise(node, value), [*node.get(WHERE, {}).items()]))
    if node.keys() == {FIELD, TIMES}:
        return node[TIMES] * value(node[FIELD])
    return {key: filled(inner, value) for key, inner in node.items()}


def _value_or_otherwise(node: Mapping[str, Any], value: Callable[[str], Any]) -> Any:  # noqa: ANN401 - YAML
    try:
        return value(node[FIELD])
    except _NoValueError:
        if OTHERWISE not in node:
            raise
        return node[OTHERWISE]


def _pattern(value: Any, where: Sequence[tuple[str, str]]) -> str:  # noqa: ANN401 - YAML
    """Return a pattern that fits a value, or any of a list, with another in the place of what fits one of `where`."""
    if isinstance(value, list):
        return f"(?:{'|'.join(_pattern(text, where) for text in value)})"
    if not where:
        return re.escape(str(value))
    (fits, stands), *more = where
    return stands.join(_pattern(part, more) for part in re.split(fits, str(value)))


def _held(schema: Schema, value: Callable[[str], Any]) -> Schema:
    return _compiled(json.dumps(filled(schema.document, value))) if FIELD in schema.text else schema


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Schema:
    return Schema(json.loads(text))
