"""The text of a YAML file, and the edits of it that remove a finding where it can be meant in one way only."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rolewright.core.finding import Edit
from rolewright.yaml.scalar import core_value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rolewright.core.finding import Location

_NO_FIX: tuple[Edit, ...] = ()
_WORDS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_PLAIN_IN_LIST = re.compile(r"[\w./-](?:[\w./:*-]*[\w./*-])?")
_KEPT = re.compile(r"#|(?:^|[\s,\[{:-])&[^\s,\[\]{}]", re.MULTILINE)
"""What is not taken out with an entry: a comment, and an anchor, without which an alias would mean an earlier one."""
_TYPES = {bool: {"boolean"}, int: {"integer", "number"}, float: {"number"}}


@dataclass(frozen=True)
class Source:
    """A text with "\\n" line ends. Each method returns the edits of a fix, and none where what is meant is not certain.

    The value at a location has to stand there as it is: one that an alias or `<<` brings in has no fix.
    """

    text: str = field(repr=False)

    def at(self, place: Location) -> str:
        """Return what is written at a place."""
        start, end = self._span(place)
        return self.text[start:end]

    def renamed(self, key: Location, old: str, new: str) -> tuple[Edit, ...]:
        """Give a key another name."""
        return (Edit(*self._span(key), new),) if self.has_key(key, old) else _NO_FIX

    def has_key(self, key: Location, name: str) -> bool:
        """Return whether a key stands at a place; that of a value which a blueprint fills in stands nowhere."""
        return self.at(key) in _spellings(name)

    def of_type(self, place: Location, value: object, types: Collection[str]) -> tuple[Edit, ...]:
        """Write a scalar as one of the types of JSON Schema, or as the one entry of a list."""
        start, end = self._span(place)
        written = self.at(place)
        if isinstance(value, str) and written in _spellings(value):
            if _TYPES.get(type(core_value(value)), set()) & {*types}:
                return (Edit(start, end, value),)
            if "boolean" in types and value.lower() in _WORDS:
                return (Edit(start, end, _WORDS[value.lower()]),)
        elif not _is_written(value, written):
            return _NO_FIX
        elif "string" in types:
            return (Edit(start, end, f'"{written}"'),)
        if [*types] == ["array"] and (written[:1] in ("'", '"') or _PLAIN_IN_LIST.fullmatch(written)):
            return (Edit(start, end, f"[{written}]"),)
        return _NO_FIX

    def option(self, place: Location, value: object, options: Sequence[object]) -> tuple[Edit, ...]:
        """Take the quotes from a number or boolean, or put them around one, where that makes it one of the options."""
        start, end = self._span(place)
        written = self.at(place)
        if isinstance(value, str):
            meant = core_value(value)
            fits = any(type(meant) is type(option) and meant == option for option in options)
            return (Edit(start, end, value),) if fits and written in _spellings(value) else _NO_FIX
        return (Edit(start, end, f'"{written}"'),) if written in options and _is_written(value, written) else _NO_FIX

    def with_key(self, mapping: Location, keys: Sequence[Location], name: str, value: object) -> tuple[Edit, ...]:
        """Put a key in front of those of a mapping."""
        start, _ = self._span(mapping)
        entry = f"{name}: {json.dumps(value)}"
        if keys and self.text.startswith("{", start):
            return (Edit(start + 1, start + 1, f"{entry}, "),)
        if any((key.line, key.column) == (mapping.line, mapping.column) for key in keys):
            return (Edit(start, start, f"{entry}\n{' ' * (mapping.column - 1)}"),)
        return _NO_FIX

    def without_repeats(self, entries: Sequence[Location], values: Sequence[object]) -> tuple[Edit, ...]:
        """Take out the entries of a list that are in it before."""
        edits: list[Edit] = []
        seen: set[str] = set()
        for index, value in enumerate(values):
            shown = json.dumps(value, sort_keys=True)
            if shown in seen:
                edit = self.without_entry(entries, index)
                if not edit:
                    return _NO_FIX
                edits += edit
            seen.add(shown)
        return tuple(edits)

    def without_entry(self, entries: Sequence[Location], index: int) -> tuple[Edit, ...]:
        """Take out one of several entries of a list, unless a comment or an anchor would go with it."""
        spans = [self._span(place) for place in entries[max(0, index - 1) : index + 2]]
        own = min(index, 1)
        start, end = spans[own]
        line = self._starts[entries[index].line - 1]
        behind = spans[1][0] if not index and len(spans) > 1 else end  # the next one's anchor stands there
        if _KEPT.search(self.text, max(line, spans[0][1]) if index else line, behind):
            return _NO_FIX
        dash = start - 1
        while dash > line and self.text[dash] == " ":
            dash -= 1
        if dash >= line and self.text[dash] == "-" and not self.text[line:dash].strip():
            return self._without_lines(entries[index], end)
        if index and re.fullmatch(r"\s*,\s*", self.text[spans[0][1] : start]):
            return (Edit(spans[0][1], end, ""),)
        if not index and len(spans) > 1 and re.fullmatch(r"\s*,\s*", self.text[end : spans[1][0]]):
            return (Edit(start, spans[1][0], ""),)
        return _NO_FIX

    def without_key(self, key: Location, value: Location) -> tuple[Edit, ...]:
        """Take out the lines of a key and its value, unless a comment or an anchor would go with them."""
        start, _ = self._span(key)
        before = self.text[self._starts[key.line - 1] : start]
        _, end = self._span(value)
        return _NO_FIX if before.strip() or end < start else self._without_lines(key, end)

    def _without_lines(self, entry: Location, end: int) -> tuple[Edit, ...]:
        begin = self._starts[entry.line - 1]
        broken = self.text.find("\n", end)
        stop = len(self.text) if broken < 0 else broken + 1
        if self.text[end:stop].strip() or _KEPT.search(self.text, begin, stop):
            return _NO_FIX
        return (Edit(begin, stop, ""),)

    def _span(self, place: Location) -> tuple[int, int]:
        return self._offset(place.line, place.column), self._offset(place.end_line, place.end_column)

    def _offset(self, line: int, column: int) -> int:
        return self._starts[min(line, len(self._starts)) - 1] + column - 1

    @cached_property
    def _starts(self) -> list[int]:
        lines = self.text.split("\n")
        return [0, *itertools.accumulate(len(line) + 1 for line in lines[:-1])]


def _spellings(text: str) -> tuple[str, str, str]:
    return text, f'"{text}"', f"'{text}'"


def _is_written(value: object, written: str) -> bool:
    """Return whether a number or boolean is written so."""
    if not isinstance(value, bool | int | float):
        return False
    meant = core_value(written)
    return type(meant) is type(value) and meant == value
