"""The edits that make a text YAML that can be read, where it can be meant in one way only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.core.finding import Edit, Rejected
from rolewright.yaml.compose import compose
from rolewright.yaml.edit import applied
from rolewright.yaml.scalar import core_value
from rolewright.yaml.source import Source

if TYPE_CHECKING:
    from rolewright.core.finding import Finding
    from rolewright.yaml.compose import Node

_ZERO_WIDTH = re.compile("[\u180e\u200b\u2060-\u2064\ufeff]")
"""Only what takes no room and changes nothing around it: a mark of direction may have shown the text in another order,
and a control character may have ended a line.
"""
_TABBED = re.compile(r"^ *\t[ \t]*(?=\S)", re.MULTILINE)
_WIDTHS = (2, 1, 4, 8)


def source_fix(finding: Finding, text: str) -> tuple[Edit, ...]:
    """Return the edits that remove a finding of a text that is no YAML, and none where what is meant is not certain."""
    match finding.rule:
        case "source-character":
            source = Source(text)
            is_sure = _ZERO_WIDTH.fullmatch(source.at(finding.location))
            return tuple(Edit(*found.span(), "") for found in _ZERO_WIDTH.finditer(text)) if is_sure else ()
        case "source-key":
            source = Source(text)
            return source.of_type(finding.location, core_value(source.at(finding.location)), ["string"])
        case "source-syntax":
            return _without_tabs(text)
        case _:
            return ()


def _without_tabs(text: str) -> tuple[Edit, ...]:
    """Indent with spaces, if the text reads the same however wide a tab is."""
    tabbed = list(_TABBED.finditer(text))
    ways = [
        tuple(Edit(found.start(), found.end(), found[0].replace("\t", " " * width)) for found in tabbed)
        for width in _WIDTHS
    ]
    try:
        readings = [[_shape(root) for root in compose(applied(text, way), "")] for way in ways] if tabbed else []
    except Rejected:
        return ()
    return ways[0] if readings and all(reading == readings[0] for reading in readings) else ()


def _shape(root: Node) -> list[object]:
    """Return what a document says, in the order of its text and without recursion."""
    shape: list[object] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        inner = [*(node.items or ()), *(child for _, child in (node.entries or {}).values())]
        shape.append((node.scalar, node.plain, [*(node.entries or ())], len(inner)))
        waiting += inner
    return shape
