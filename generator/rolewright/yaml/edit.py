"""Edit a YAML text at the locations in its tree, so that comments and layout stay as they are."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.core.finding import Edit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from rolewright.yaml.load import PathInTree, Tree

_FLOW = re.compile(r"(?:[&!]\S*\s+)*\{")


class UnplacedError(ValueError):
    """Part of the value to edit is elsewhere in the text, since an alias or `<<` brings it in."""


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits that do not overlap to a text."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class Editor:
    """Makes edits for one document of a text."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._text = text
        self._tree = tree
        self._lines = text.splitlines(keepends=True)
        self._starts = [0, *itertools.accumulate(map(len, self._lines))]

    def replace(self, path: PathInTree, text: str) -> Edit:
        """Replace a value by a text. Raises UnplacedError where the value is elsewhere."""
        return Edit(*self._own_span(path), text)

    def without(self, path: PathInTree, keys: Collection[str]) -> Iterator[Edit]:
        """Remove some keys of a mapping, and the comments right above them.

        Raises UnplacedError where keys of the mapping are elsewhere.
        """
        entries = self._entries(path)
        if self.is_flow(path):
            yield from self._cut(entries, keys)
            return
        runs: list[tuple[int, int]] = []
        for key, _, end in entries:
            if key in keys:
                first, last = self._first_line(path, key), self._line(end)
                begun = runs.pop()[0] if runs and runs[-1][1] == first - 1 else first
                runs.append((begun, last))
        for first, last in runs:
            begin = first
            while self._blank(last + 1) and self._blank(begin - 1):  # keep one of two gaps that would meet
                begin -= 1
            yield Edit(self._starts[begin - 1], self._starts[last], "")

    def after(self, path: PathInTree, keys: Collection[str], lines: Iterable[str]) -> Iterator[Edit]:
        """Add comment lines below some keys of a mapping, indented like these if it is in block style.

        Raises UnplacedError where keys of the mapping are elsewhere.
        """
        entries = self._entries(path)
        last = self._line(max(end for key, _, end in entries if key in keys or self.is_flow(path)))
        indent = 2 if self.is_flow(path) else self._key(path, entries[0][0]).column - 1
        text = "".join(f"{' ' * indent}# {line}\n" for line in lines)
        if text:
            ended = self._lines[last - 1].endswith("\n")
            yield Edit(self._starts[last], self._starts[last], text if ended else "\n" + text)

    def added(self, path: PathInTree, lines: Sequence[str], flow: str) -> Edit:
        """Add an entry at the end of a mapping or list: `lines` in block style, `flow` in braces or brackets.

        Raises UnplacedError where the mapping or list is elsewhere.
        """
        start, end = self._own_span(path)
        if self._text[start:end].startswith(("{", "[")):
            inner = self._text[start + 1 : end - 1].rstrip().rstrip(",")
            at = start + 1 + len(inner)
            return Edit(at, end - 1, f", {flow}" if inner.strip() else flow)
        last = self._line(end)
        while self._blank(last):
            last -= 1
        indent = " " * (self._tree.places[path].column - 1)
        text = "".join(f"{indent}{line}\n" for line in lines)
        return Edit(
            self._starts[last], self._starts[last], text if self._lines[last - 1].endswith("\n") else "\n" + text
        )

    def is_flow(self, path: PathInTree) -> bool:
        """Return whether a mapping is written in braces."""
        return _FLOW.match(self._text, self._span(path)[0]) is not None

    def _cut(self, entries: list[tuple[str, int, int]], keys: Collection[str]) -> Iterator[Edit]:
        kept_indices = [index for index, (key, _, _) in enumerate(entries) if key not in keys]
        final = kept_indices[-1] if kept_indices else -1
        for index, (key, start, _) in enumerate(entries[: final + 1]):
            if key in keys:
                yield Edit(start, entries[index + 1][1], "")
        if final + 1 < len(entries):
            yield Edit(entries[final][2] if kept_indices else entries[0][1], entries[-1][2], "")

    def _entries(self, path: PathInTree) -> list[tuple[str, int, int]]:
        """Return the keys of a mapping in the order of the text, with the offsets where each entry begins and ends."""
        start, end = self._span(path)
        entries = []
        node = self._tree.data
        for step in path:
            node = node[step]
        for key in node:
            place = self._key(path, key)
            begin = self._offset(place.line, place.column)
            if not start <= begin < end:
                raise UnplacedError(key)
            entries.append((key, begin, max(self._span((*path, key))[1], begin)))
        return sorted(entries, key=lambda entry: entry[1])

    def _key(self, path: PathInTree, key: str) -> _Point:
        place = self._tree.location((*path, key), key=True)
        return _Point(place.line, place.column)

    def _span(self, path: PathInTree) -> tuple[int, int]:
        place = self._tree.places[path]
        return self._offset(place.line, place.column), self._offset(place.end_line, place.end_column)

    def _own_span(self, path: PathInTree) -> tuple[int, int]:
        """Return the span of a value. Raises UnplacedError unless it lies within the spans of all its ancestors."""
        start, end = self._span(path)
        for length in range(len(path)):
            outer = self._span(path[:length])
            if not outer[0] <= start <= end <= outer[1]:
                raise UnplacedError(path)
        return start, end

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column - 1

    def _line(self, offset: int) -> int:
        """Return the number of the line with the character before an offset."""
        return next(number for number, start in enumerate(self._starts[1:], 1) if offset <= start)

    def _first_line(self, path: PathInTree, key: str) -> int:
        """Return the line of a key, or of the first comment right above it with the same indentation."""
        place = self._key(path, key)
        first = place.line
        while re.match(rf" {{{place.column - 1}}}#", self._lines[first - 2]):
            first -= 1
        return first

    def _blank(self, line: int) -> bool:
        """Return whether a line is blank or beyond the end of the text."""
        return line > len(self._lines) or (line > 0 and not self._lines[line - 1].strip())


@dataclass(frozen=True)
class _Point:
    line: int
    column: int
