"""A picture of one workload as SVG: who assumes its roles, and what the roles reach."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from rolewright.core.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_WIDTH, _COLUMNS = 300, 38
"""Of a box in pixels, and of a line in it in characters, at 7.1 pixels each: a font of one width, so none overflows."""

_GAP, _SPACE, _LINE, _EDGE = 70, 14, 16, 10
"""Between columns, between boxes, between lines of text, and around the text of a box, in pixels."""

_BREAKS = frozenset(" -_/:,.;")


@dataclass(frozen=True)
class Box:
    """A box: `kind` is `principal`, `role`, `resource` or `platform`, and `key` is unique among its kind.

    `name` and `note` are what is in it.
    """

    kind: str
    key: str
    name: str
    note: str


@dataclass(frozen=True)
class Edge:
    """A line between two boxes; `denied` for what is withheld. `label` is what a pointer over it shows.

    `does` are the classes of what the start may do at the end, the mildest first.
    """

    start: Box
    end: Box
    label: str
    denied: bool = False
    does: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Drawn:
    """A box in its place, with its lines of text: pairs of the class that gives them their look, and the text."""

    box: Box
    x: float
    y: float
    lines: tuple[tuple[str, str], ...]

    @property
    def height(self) -> float:
        return len(self.lines) * _LINE + 2 * _EDGE

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def picture(title: str, edges: Sequence[Edge]) -> str:
    """Draw three columns of boxes: principals, roles, and what they reach, each in the order of its first edge.

    A box is as high as its text needs. Colours come from the style sheet of the page, by class, and the text says the
    same. It is escaped; nothing in it is a style or script.
    """
    does: dict[Box, dict[str, None]] = {}
    for edge in edges:
        does.setdefault(edge.start, {})
        does.setdefault(edge.end, {}).update(dict.fromkeys(("withheld",) if edge.denied else edge.does))
    columns: list[list[Box]] = [[], [], []]
    for box in does:
        columns[{"principal": 0, "role": 1}.get(box.kind, 2)].append(box)
    drawn = [list(_column(number, column, does)) for number, column in enumerate(columns)]
    height = max((column[-1].y + column[-1].height for column in drawn if column), default=0) + 1
    places = {}
    for column in drawn:
        spare = (height - 1 - (column[-1].y + column[-1].height)) / 2 if column else 0
        places.update({each.box: _Drawn(each.box, each.x, each.y + spare, each.lines) for each in column})
    width = 3 * _WIDTH + 2 * _GAP + 2
    return "\n".join(
        [
            f'<svg viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}" aria-hidden="true">',
            f"<title>{escape(title)}</title>",
            *_lines(edges, places),
            *(part for box, place in places.items() for part in _box(place, tuple(does[box]))),
            "</svg>",
        ]
    )


def _column(number: int, boxes: Iterable[Box], does: Mapping[Box, Iterable[str]]) -> Iterator[_Drawn]:
    top = 1.0
    for box in boxes:
        lines = [("name", line) for line in wrapped(box.name, _COLUMNS)]
        lines += [("note", line) for line in wrapped(box.note, _COLUMNS)]
        lines += [(f"mark {class_}", class_) for class_ in does[box]]
        drawn = _Drawn(box, number * (_WIDTH + _GAP) + 1, top, tuple(lines))
        yield drawn
        top += drawn.height + _SPACE


def _lines(edges: Iterable[Edge], places: Mapping[Box, _Drawn]) -> Iterator[str]:
    for edge in edges:
        start, end = places[edge.start], places[edge.end]
        left, right = start.x + _WIDTH, end.x
        middle = (left + right) / 2
        look = "denied" if edge.denied else edge.does[-1] if edge.does else ""
        yield (
            f'<path class="{f"edge {look}".rstrip()}" d="M{left:g} {start.middle:g}'
            f'C{middle:g} {start.middle:g} {middle:g} {end.middle:g} {right:g} {end.middle:g}">'
            f"<title>{escape(edge.label)}</title></path>"
        )


def _box(drawn: _Drawn, does: Sequence[str]) -> Iterator[str]:
    x, y = drawn.x, drawn.y
    yield f'<g class="{drawn.box.kind}">'
    yield f'<rect x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{drawn.height:g}" rx="6"/>'
    if does:
        yield f'<rect class="stripe {does[-1]}" x="{x:g}" y="{y:g}" width="5" height="{drawn.height:g}"/>'
    for number, (look, line) in enumerate(drawn.lines, 1):
        place = f'x="{x + 14:g}" y="{y + _EDGE + number * _LINE - 4:g}"'
        yield f'<text {place} class="{look}">{escape(line)}</text>'
    yield "</g>"


def wrapped(text: str, most: int) -> Iterator[str]:
    """Yield a text in lines of at most so many columns, broken after a space or sign where there is one."""
    line, width, last = "", 0, 0
    for character in one_line(text):  # escapes take room as well
        size = _columns(character)
        while width + size > most and line:
            cut = last or len(line)
            yield line[:cut].rstrip()
            line, last = line[cut:].lstrip(), 0
            width = sum(map(_columns, line))
        line, width = line + character, width + size
        last = len(line) if character in _BREAKS else last
    if line.strip():
        yield line.rstrip()


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
