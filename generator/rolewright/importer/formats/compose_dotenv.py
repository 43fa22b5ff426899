"""Files of variables, as `.env` is one: compose-go, dotenv/parser.go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.core.files import UnreadableError, read_text
from rolewright.core.finding import Location
from rolewright.yaml.load import Place, Tree

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.yaml.load import PathInTree

_NAME = re.compile(r"(?:export[ \t]{1,20})?([\w.\[\]-]{1,256})[ \t\r]{0,20}(?:([=:])[ \t\r]{0,100}|(?=\n)|\Z)")
_ESCAPE = re.compile(r'\\([abfnrtv"\\$])')
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
_LITERAL_SIGN = "$$"
"""A dollar sign in a value where it begins no variable."""


@dataclass(frozen=True)
class VariablesFile:
    """The variables of a file, in a form in which `${NAME}` is still to be put in, and the lines that are none.

    None is the value of a name alone, which compose takes from the shell.
    """

    tree: Tree
    unread: tuple[Location, ...]


def variables_file(file: Path) -> VariablesFile | None:
    """Read a file of variables; None where there is none that can be read."""
    try:
        text = read_text(file).replace("\r\n", "\n")
    except (UnreadableError, OSError):
        return None
    data: dict[str, str | None] = {}
    places: dict[PathInTree, Place] = {(): Place(1, 1, 1, 1, None, "")}
    unread: list[Location] = []
    line, first, counted = 1, 0, 0
    position = _statement(text, 0)
    while position < len(text):
        line += text.count("\n", counted, position)
        first = max(first, text.rfind("\n", counted, position) + 1)
        column, counted = position - first + 1, position
        name = _NAME.match(text, position)
        end, value = _value(text, name) if name is not None else (-1, None)
        if name is None or end < 0:
            position = _line_end(text, position)
            unread.append(Location(str(file), line, column, line, column + position - counted))
        else:
            position = end
            last = line + text.count("\n", counted, position)
            end_column = position - max(first, text.rfind("\n", counted, position) + 1) + 1
            data[name[1]] = value
            location = Location(str(file), line, column, last, end_column)
            places[(name[1],)] = Place(line, column, last, end_column, location, text[name.end() : end])
        position = _statement(text, position)
    return VariablesFile(Tree(str(file), data, places), tuple(unread))


def _statement(text: str, position: int) -> int:
    """Return where the next statement begins, behind empty lines and comments."""
    while position < len(text):
        if text[position] == "#":
            position = _line_end(text, position)
        elif not text[position].isspace():
            break
        else:
            position += 1
    return position


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _value(text: str, name: re.Match[str]) -> tuple[int, str | None]:
    """Return where the value behind a name ends, -1 for one whose quote is not closed, and the value."""
    begin = name.end()
    if not name[2]:
        return begin, None
    quote = text[begin : begin + 1]
    if quote not in ("'", '"') or not quote:
        end = _line_end(text, begin)
        return end, re.split(r"\s#", text[begin:end], maxsplit=1)[0].rstrip()
    close = begin + 1
    while close < len(text) and text[close] != quote:
        close += 2 if text[close] == "\\" else 1
    if close >= len(text):
        return -1, None
    inside = text[begin + 1 : close]
    if quote == "'":
        return close + 1, inside.replace("\\'", "'").replace("$", _LITERAL_SIGN)
    return close + 1, _ESCAPE.sub(lambda sign: _ESCAPES.get(sign[1], _LITERAL_SIGN), inside)
