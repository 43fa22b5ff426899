"""AWS access keys in a manifest: an error wherever they stand, since a role takes their place."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.yaml.load import Tree

# Long-lived and temporary key ids; the body is base32 (IAM User Guide, "Unique identifiers").
KEY_ID = re.compile(r"(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])")
SECRET = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])")
VARIABLES = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"})

_REMEDY = "remove it and rotate the key: the SDK finds the role's credentials by itself"


def key_findings(tree: Tree) -> Iterator[Finding]:
    """Yield every key id, secret and variable for one, in keys and in values. Never shows a secret."""
    yield from _walk(tree, tree.data, ())


def _walk(tree: Tree, value: Any, path: tuple[str | int, ...]) -> Iterator[Finding]:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        for key, inner in value.items():
            inside = (*path, key)
            if isinstance(key, str) and key.upper() in VARIABLES:
                yield _finding(tree, inside, f"{key} would carry a key into the workload", key=True)
            elif isinstance(key, str):
                yield from _scan(tree, key, inside, key=True)
            yield from _walk(tree, inner, inside)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(tree, inner, (*path, index))
    elif isinstance(value, str):
        yield from _scan(tree, value, path, key=False)


def _scan(tree: Tree, text: str, path: tuple[str | int, ...], *, key: bool) -> Iterator[Finding]:
    if KEY_ID.search(text):
        yield _finding(tree, path, "this is an AWS access key id", key=key)
    elif any(_is_secret(found.group()) for found in SECRET.finditer(text)):
        yield _finding(tree, path, "this looks like an AWS secret access key", key=key)


def _is_secret(text: str) -> bool:
    """Return whether 40 characters are random enough: hashes in hex stay below 4 bits, secrets above 4.1."""
    kinds = (any(c.islower() for c in text), any(c.isupper() for c in text), any(c.isdigit() for c in text))
    shares = [text.count(c) / len(text) for c in set(text)]
    return all(kinds) and -sum(share * math.log2(share) for share in shares) >= 4.1


def _finding(tree: Tree, path: tuple[str | int, ...], message: str, *, key: bool) -> Finding:
    place, dotted = tree.location(path, key=key), ".".join(str(step) for step in path)
    return Finding("manifest-key", message, _REMEDY, place, dotted, shows_lines=False)
