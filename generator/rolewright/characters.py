"""Characters that a reader cannot see, or that turn the text around them: refused in manifests, escaped elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.source import Tree

INVISIBLE = (
    "\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"
)
"""For a set in a regular expression: control characters, soft hyphen, zero-width and bidirectional marks, line and
paragraph separators, byte order mark, tags. A fixed list, because `str.isprintable` differs between versions of
Python and the output must not.
"""
HIDDEN = re.compile(rf"(?![\t\n\u200c\u200d])[{INVISIBLE}\ud800-\udfff]")
"""Those of them that no text needs. The two joiners are part of emoji and of how some scripts are written."""


def visible(text: str) -> str:
    """Text with each of these characters as an escape such as `\\u202e`."""
    return HIDDEN.sub(lambda found: escape(found[0]), text)


def one_line(text: str) -> str:
    """Text that stays one line, and visible: with line ends as escapes, too."""
    return visible(text.replace("\n", "\\n"))


def escape(character: str) -> str:
    """One character as an escape."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def hidden_findings(tree: Tree) -> Iterator[Finding]:
    """Every key and every text of a document with such a character in it."""
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), tree.data)]
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


def _hidden(tree: Tree, text: str, path: tuple[str | int, ...], *, key: bool) -> Iterator[Finding]:
    found = HIDDEN.search(text)
    if found is not None:
        yield Finding(
            "manifest-character",
            f"U+{ord(found[0]):04X} stands in this text: nobody can see it, or it changes how the text around it looks",
            "take it out; what a workload needs it for can be read from a file or a parameter",
            tree.location(path, key=key),
            ".".join(map(str, path)),
        )
