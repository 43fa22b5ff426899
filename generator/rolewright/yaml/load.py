"""YAML → trees with locations.

This is the YAML 1.2 core schema, read from PyYAML's events. PyYAML's own constructors follow YAML 1.1, where
`on` is a boolean and `012` is octal, and keep no locations.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.files import UnreadableError, read_bytes
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.core.printable import HIDDEN
from rolewright.yaml.compose import Node, compose
from rolewright.yaml.dialect import CORE, Dialect
from rolewright.yaml.source import Source
from rolewright.yaml.unreadable import source_fix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.files import FileFault

MAX_BYTES = 1_000_000

PathInTree = tuple[str | int, ...]
"""The way to a value in a tree: keys of mappings, and the numbers of items."""

# The characters that YAML 1.2 calls non-printable, and the three that are line ends in YAML 1.1 only.
_UNWANTED = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Place:
    """The position of a value: lines and columns count from 1, in characters; the end is exclusive.

    `key` is the location of its key in a mapping. `text` is a scalar as written, without its quotes
    (`1.10`, `0x1F`), and "" for a list or a mapping. A value that an alias repeats has the alias's place;
    a value inside it, and a key that `<<` brings in, has the place at the anchor.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    key: Location | None
    text: str


@dataclass(frozen=True)
class Tree:
    """One YAML document: `data` holds dict, list, str, int, float, bool and None; `places` has every node.

    `base` is the document that this one was merged into, with the places of the values that come from there.
    `source` is the text of the file, in which a finding can be fixed.
    """

    file: str
    data: Any
    places: Mapping[PathInTree, Place] = field(repr=False)
    base: Tree | None = field(default=None, repr=False)
    source: Source | None = field(default=None, repr=False, compare=False)

    def location(self, path: PathInTree, *, key: bool = False) -> Location:
        """Return the location of a value, or of its key.

        For a path that the document lacks, return that of the nearest ancestor's key, or of the document's start.
        """
        place = self.places.get(path)
        if place is not None:
            if key and place.key is not None:
                return place.key
            return Location(self.file, place.line, place.column, place.end_line, place.end_column)
        below = self.base
        while below is not None:
            if path in below.places:
                return below.location(path, key=key)
            below = below.base
        while path:
            path = path[:-1]
            place = self.places.get(path)
            if place is not None and place.key is not None:
                return place.key
        root = self.places[()]
        return Location(self.file, root.line, root.column, root.line, root.column)

    def raw(self, path: PathInTree) -> str:
        """Return a scalar as written, without its quotes: "1.10" where `data` has 1.1."""
        return self.places[path].text


@dataclass(frozen=True)
class Document:
    """A file as read: its text, with "\\n" line ends and no byte order mark, and its trees."""

    file: str
    text: str = field(repr=False)
    trees: tuple[Tree, ...]


def load(path: Path | str, *, name: str | None = None, fixes: bool = False, dialect: Dialect = CORE) -> Document:
    """Read a YAML file. Findings call it `name`, or the path as given; with `fixes`, they have those that are certain.

    Raises Rejected with every finding up to the first syntax error or exceeded bound, rules `source-…`.
    """
    file = str(path) if name is None else name
    if not file.isascii():
        _require_unicode(file)
    raw = _read(Path(path), file)
    if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        before = _normalised(raw[: raw.index(b"\0")].decode("utf-8", "replace"))
        raise _refusal("source-character", *_BINARY, _location(file, before, len(before)))
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8").removeprefix("\ufeff")
        location = _location(file, _normalised(before), len(_normalised(before)))
        raise _refusal(
            "source-encoding",
            f"the byte 0x{raw[error.start]:02x} is not valid UTF-8",
            "save the file as UTF-8 text",
            location,
        ) from None
    return loads(text, file, fixes=fixes, dialect=dialect)


def quoted(text: str) -> str:
    """Write a text as a double-quoted YAML string on one line, with invisible characters as escapes.

    A lone surrogate, which no YAML can hold, becomes U+FFFD.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{HIDDEN.sub(_escape, _UNWANTED.sub(_escape, escaped))}"'


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{0xFFFD if 0xD800 <= code < 0xE000 else code:08x}"


def merge_patch(base: Tree, patch: Tree) -> Tree:
    """Apply a document to another as a JSON merge patch (RFC 7396): null removes an entry."""

    def merge(below: Any, above: Any) -> Any:  # noqa: ANN401 - YAML
        if not isinstance(above, dict):
            return above
        below = below if isinstance(below, dict) else {}
        kept = {key: value for key, value in below.items() if above.get(key, value) is not None}
        return kept | {key: merge(below.get(key), value) for key, value in above.items() if value is not None}

    return Tree(patch.file, merge(base.data, patch.data), patch.places, base)


def _require_unicode(file: str) -> None:
    """Raise Rejected for a file name that is not valid Unicode, since it can be neither printed nor written."""
    try:
        file.encode("utf-8")
    except UnicodeEncodeError:
        message = "the name of the file is not valid UTF-8"
        raise _refusal("source-encoding", message, "rename the file", Location(file)) from None


def loads(text: str, file: str, *, fixes: bool = False, dialect: Dialect = CORE) -> Document:
    """Read YAML from a string; findings call it `file`. Raises Rejected as `load` does."""
    if len(text) > MAX_BYTES:
        rule, remedy = _RULES["size"]
        raise _refusal(rule, f"{file} is larger than {MAX_BYTES:,} bytes", remedy, Location(file))
    text = _normalised(text.removeprefix("\ufeff"))
    try:
        roots = _composed(text, file, dialect)
    except Rejected as refusal:
        if not fixes:
            raise
        raise Rejected(replace(finding, fix=source_fix(finding, text)) for finding in refusal.findings) from None
    if not roots:
        raise _refusal(
            "source-empty",
            "the file contains no YAML document",
            "write a manifest into it: `version`, `workload`, `compute` and `resources`",
            Location(file),
        )
    source = Source(text)
    return Document(file, text, tuple(_tree(file, root, source) for root in roots))


def _composed(text: str, file: str, dialect: Dialect) -> list[Node]:
    unwanted = _UNWANTED.search(text) or HIDDEN.search(text)
    if unwanted is not None:
        raise Rejected([_unwanted_character(file, text, unwanted.start())])
    return compose(text, file, dialect)


def _normalised(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _location(file: str, text: str, index: int) -> Location:
    line = text.count("\n", 0, index) + 1
    column = index - (text.rfind("\n", 0, index) + 1) + 1
    return Location(file, line, column, line, column + 1)


def _refusal(rule: str, message: str, remedy: str, location: Location) -> Rejected:
    return Rejected([Finding(rule, message, remedy, location)])


_RULES: dict[FileFault, tuple[str, str]] = {
    "missing": ("source-missing", "check the path"),
    "kind": ("source-not-a-file", "give the path of a YAML file"),
    "access": ("source-unreadable", "make the file readable for the user that runs rolewright"),
    "size": ("source-too-large", "put each workload into a file of its own"),
}
_BINARY = "the file is binary: it contains a NUL byte", "give the path of a YAML text file"


def _unwanted_character(file: str, text: str, index: int) -> Finding:
    code = ord(text[index])
    if code == 0:
        message, remedy = _BINARY
    else:
        message = f"YAML does not allow the character U+{code:04X} as it is"
        escape = f"\\u{code:04x}"
        remedy = f'remove it, or write it as "{escape}" in double quotes'
    return Finding("source-character", message, remedy, _location(file, text, index))


def _read(path: Path, file: str) -> bytes:
    """Read the bytes of a regular file. Raises Rejected for any other, and for one that is too large."""
    try:
        return read_bytes(path, MAX_BYTES)
    except UnreadableError as error:
        rule, remedy = _RULES[error.fault]
        raise _refusal(rule, f"{file} {error}", remedy, Location(file)) from None


def _tree(file: str, root: Node, source: Source) -> Tree:
    """Expand a composed document. Every alias gets its own copy, so no two values in `data` are shared.

    It does not recurse: the document's depth is bounded, but that of the caller's stack is not known.
    """
    places: dict[PathInTree, Place] = {}
    box: list[Any] = [None]
    work: list[tuple[PathInTree, Node, Location | None, Any, Any]] = [((), root, None, box, 0)]
    while work:
        path, node, key, container, slot = work.pop()
        places[path] = Place(*node.span, key, node.text)
        value: Any = node.scalar
        if node.items is not None:
            value = [None] * len(node.items)
            work.extend(((*path, i), child, None, value, i) for i, child in enumerate(node.items))
        elif node.entries is not None:
            value = dict.fromkeys(node.entries)
            work.extend(_entries(path, node, value))
        container[slot] = value
    return Tree(file, box[0], places, source=source)


def _entries(
    path: PathInTree, node: Node, value: dict[str, Any]
) -> Iterator[tuple[PathInTree, Node, Location, Any, Any]]:
    for name, (key, child) in (node.entries or {}).items():
        yield (*path, name), child, key, value, name
