"""A picture of one workload as SVG: who assumes its roles, and what the roles reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_WIDTH, _HEIGHT = 270, 46
_GAP, _STEP = 85, 60
_CHARACTERS = 34


@dataclass(frozen=True)
class Box:
    """A box: `kind` is `principal`, `role`, `resource` or `platform`, and `name` is unique among its kind."""

    kind: str
    name: str
    note: str


@dataclass(frozen=True)
class Edge:
    """A line between two boxes; `denied` for what is withheld. `label` is what a pointer over it shows."""

    start: Box
    end: Box
    label: str
    denied: bool = False


def picture(title: str, edges: Sequence[Edge]) -> str:
    """Draw three columns of boxes: principals, roles, and what they reach, each in the order of its first edge.

    Colours come from the style sheet of the page, by class. The text is escaped; nothing in it is a style or script.
    """
    columns: list[list[Box]] = [[], [], []]
    for edge in edges:
        for node in (edge.start, edge.end):
            column = columns[{"principal": 0, "role": 1}.get(node.kind, 2)]
            if node not in column:
                column.append(node)
    rows = max(len(column) for column in columns)
    places = {
        node: (number * (_WIDTH + _GAP) + 1, (row + (rows - len(column)) / 2) * _STEP + 1)
        for number, column in enumerate(columns)
        for row, node in enumerate(column)
    }
    width, height = 3 * _WIDTH + 2 * _GAP + 2, rows * _STEP - (_STEP - _HEIGHT) + 2
    return "\n".join(
        [
            f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true">',
            f"<title>{escape(title)}</title>",
            *_lines(edges, places),
            *(part for node, place in places.items() for part in _box(node, *place)),
            "</svg>",
        ]
    )


def _lines(edges: Iterable[Edge], places: Mapping[Box, tuple[float, float]]) -> Iterator[str]:
    for edge in edges:
        (x1, y1), (x2, y2) = places[edge.start], places[edge.end]
        left, right = x1 + _WIDTH, x2
        middle = (left + right) / 2
        top, bottom = y1 + _HEIGHT / 2, y2 + _HEIGHT / 2
        yield (
            f'<path class="edge{" denied" if edge.denied else ""}" '
            f'd="M{left:g} {top:g}C{middle:g} {top:g} {middle:g} {bottom:g} {right:g} {bottom:g}">'
            f"<title>{escape(edge.label)}</title></path>"
        )


def _box(node: Box, x: float, y: float) -> Iterator[str]:
    yield f'<g class="{node.kind}"><title>{escape(f"{node.name}: {node.note}" if node.note else node.name)}</title>'
    yield f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
    yield f'<text x="{x + 12:g}" y="{y + (20 if node.note else 28):g}" class="name">{escape(_short(node.name))}</text>'
    if node.note:
        yield f'<text x="{x + 12:g}" y="{y + 37:g}" class="note">{escape(_short(node.note, 4))}</text>'
    yield "</g>"


def _short(text: str, more: int = 0) -> str:
    most = _CHARACTERS + more
    return text if len(text) <= most else text[: most - 1] + "…"
