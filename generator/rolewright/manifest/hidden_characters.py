"""Characters of a manifest that a reader cannot see, or that turn the text around them: refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding
from rolewright.core.printable import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.yaml.load import PathInTree, Tree


def hidden_findings(tree: Tree) -> Iterator[Finding]:
    """Yield a finding for every key and every text of a document that contains such a character."""
    waiting: list[tuple[PathInTree, Any]] = [((), tree.data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from _hidden(tree, key, (*path, key), key=True)
                waiting.append(((*path, key), inner))
        elif isinstance(value, list):
            waiting += [((*path, index), inner) for index, inner in enumerate(value)]
        elif isinstance(value, str):
            yield from _hidden(tree, value, path, key=False)


def _hidden(tree: Tree, text: str, path: PathInTree, *, key: bool) -> Iterator[Finding]:
    match = HIDDEN.search(text)
    if match is not None:
        yield Finding(
            "manifest-character",
            f"this text contains U+{ord(match[0]):04X}, which is invisible or changes how the text around it looks",
            "remove it; if the workload needs it, let the workload read it from a file or a parameter",
            tree.location(path, key=key),
            ".".join(map(str, path)),
        )
