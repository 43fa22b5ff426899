"""AWS access keys in a manifest: an error wherever they stand, since a role takes their place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding
from rolewright.data.access_keys import (
    ID_ALONE,
    SECRET_BITS,
    SECRET_CHARACTER,
    SECRET_END,
    SECRET_LENGTH,
    VARIABLES,
    bits,
    is_mixed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.yaml.load import PathInTree, Tree

_ID = re.compile(ID_ALONE)
_SECRET = re.compile(f"(?<!{SECRET_CHARACTER}){SECRET_CHARACTER}{{{SECRET_LENGTH}}}{SECRET_END}")

_REMEDY = "remove it and rotate the key: the SDK finds the role's credentials by itself"


def key_findings(tree: Tree) -> Iterator[Finding]:
    """Yield a finding for every key id, secret and variable that would hold a key. No finding shows a secret."""
    yield from _walk(tree, tree.data, ())


def _walk(tree: Tree, value: Any, path: PathInTree) -> Iterator[Finding]:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        for key, inner in value.items():
            inside = (*path, key)
            if isinstance(key, str) and key.upper() in VARIABLES:
                yield _finding(tree, inside, f"{key} would pass an access key to the workload", key=True)
            elif isinstance(key, str):
                yield from _scan(tree, key, inside, key=True)
            yield from _walk(tree, inner, inside)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(tree, inner, (*path, index))
    elif isinstance(value, str):
        yield from _scan(tree, value, path, key=False)


def _scan(tree: Tree, text: str, path: PathInTree, *, key: bool) -> Iterator[Finding]:
    if _ID.search(text):
        yield _finding(tree, path, "this is an AWS access key id", key=key)
    elif any(is_mixed(match[0]) and bits(match[0]) >= SECRET_BITS for match in _SECRET.finditer(text)):
        yield _finding(tree, path, "this looks like an AWS secret access key", key=key)


def _finding(tree: Tree, path: PathInTree, message: str, *, key: bool) -> Finding:
    place, dotted = tree.location(path, key=key), ".".join(str(step) for step in path)
    return Finding("manifest-key", message, _REMEDY, place, dotted, shows_lines=False)
