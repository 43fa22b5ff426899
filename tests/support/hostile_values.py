"""Hostile values, and what becomes of a manifest in which one stands in the place of another."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.yaml.load import Document

Steps = tuple[str | int, ...]

VALUES: tuple[Any, ...] = (
    "${",
    "${}",
    "$${",
    "${region}",
    "${resources.x.arn}",
    "${resources.RESOURCE.arn}",
    "${resources.RESOURCE.name}-${account}",
    "${environment}",
    "${workload}",
    "${" * 40,
    "%{x}",
    "",
    " ",
    "x",
    "*",
    "arn:",
    "arn:aws:s3:::b",
    "x" * 3_000,
    "\x1b[31m",
    "\u202eabc",
    "\ud7ff\ue000",
    "a\nb",
    '"; x',
    0,
    -1,
    1.5,
    10**30,
    True,
    False,
    None,
    [],
    {},
    [None],
    [[[]]],
    ["${"],
    ["${region}"],
    ["x", "x"],
    [{"${": "${"}],
    {"x": "y"},
    {"${region}": "${region}"},
    {"": ""},
    {"type": "${"},
    {"a": {"b": {"c": ["${"]}}},
)
"""What is put in the place of each value; RESOURCE stands for the key of a resource."""


def paths(data: Any, path: Steps = ()) -> Iterator[Steps]:
    """The path of every value in a document, the whole of it first."""
    yield path
    if isinstance(data, dict):
        for key, value in data.items():
            yield from paths(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from paths(value, (*path, index))


def replaced(data: Any, path: Steps, value: Any) -> Any:
    """A copy of a document with another value at a path."""
    if not path:
        return value
    changed = copy.deepcopy(data)
    node = changed
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return changed


def document(data: Any) -> Document:
    """A document as the reader of manifests takes it."""
    return loads(json.dumps(data), "m.yaml")


def for_resource(value: Any, key: str) -> Any:
    """A value with the key of a resource in it."""
    return value.replace("RESOURCE", key) if isinstance(value, str) else value
