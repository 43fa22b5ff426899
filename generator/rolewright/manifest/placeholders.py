"""Placeholders: the text that a draft puts where a person has to write a value, and that no manifest may still have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.core.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.yaml.load import PathInTree, Tree

MARK = "<fill in"


def placeholder(description: str) -> str:
    """Return the placeholder for a value, which `description` describes to the person who writes it."""
    return f"{MARK}: {description.replace('<', '(').replace('>', ')')}>"


def unfilled(tree: Tree) -> list[Finding]:
    """Return a finding for each placeholder in a manifest."""
    return [
        Finding(
            "manifest-unfilled",
            f"{'.'.join(map(str, path)) or 'this'} is not filled in: {text}",
            "write the value in its place",
            tree.location(path),
            ".".join(map(str, path)),
        )
        for path, text in _texts(tree.data, ())
        if MARK in text
    ]


def _texts(value: object, path: PathInTree) -> Iterator[tuple[PathInTree, str]]:
    waiting: list[tuple[PathInTree, object]] = [(path, value)]
    while waiting:
        place, node = waiting.pop(0)
        if isinstance(node, str):
            yield place, node
        elif isinstance(node, dict):
            waiting += [((*place, key), inner) for key, inner in node.items()]
            waiting += [((*place, key), key) for key in node if isinstance(key, str) and MARK in key]
        elif isinstance(node, list):
            waiting += [((*place, index), inner) for index, inner in enumerate(node)]
