"""Values of compose files: `${VARIABLE}` in its forms, files of variables, and secrets, which are never written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rolewright.check.rules.plaintext_secret import suggests_secret
from rolewright.core.files import UnreadableError, read_text
from rolewright.core.finding import Location
from rolewright.importer.expression import PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.secret_values import looks_secret
from rolewright.yaml.load import Place, Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rolewright.importer.expression import TextPart
    from rolewright.yaml.load import PathInTree

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)")
_DEEPEST = 8
_HELD_BACK = ", a secret"


@dataclass(frozen=True)
class Variables:
    """What `${VARIABLE}` stands for: `given` by the user before `files`; `used` are the names that were asked for."""

    given: Mapping[str, str]
    files: Mapping[str, str]
    used: set[str] = field(default_factory=set)

    def resolved(self, value: Any) -> Any:  # noqa: ANN401 - YAML
        """Return a value with each variable in its place; what nobody gave is open, and so is what is secret."""
        match value:
            case str():
                text = SourceText.of(*self._parts(value, 0))
                plain = text.literal
                if plain is None:
                    return text
                if looks_secret("", plain):
                    return SourceText.of(UnknownPart("a secret that stands here in plain text: leave it out"))
                return plain
            case dict():
                return {key: self.resolved(inner) for key, inner in value.items()}
            case list():
                return [self.resolved(inner) for inner in value]
            case _:
                return value

    def variable(self, value: Any) -> Any:  # noqa: ANN401 - YAML
        """Return the value of an environment variable, in which a secret is still to be seen."""
        if not isinstance(value, str):
            return value
        text = SourceText.of(*self._parts(value, 0))
        return text if text.literal is None else text.literal

    def _parts(self, text: str, depth: int) -> Iterator[TextPart]:
        position = 0
        while True:
            sign = text.find("$", position)
            if sign < 0:
                yield text[position:]
                return
            yield text[position:sign]
            name = _NAME.match(text, sign + 1)
            if text.startswith("$$", sign):
                yield "$"
                position = sign + 2
            elif name is not None:
                yield from self._value(name[0], "", "", depth)
                position = name.end()
            else:
                end = _end(text, sign)
                inner = _NAME.match(text, sign + 2) if end else None
                if inner is None:
                    yield "$"
                    position = sign + 1
                    continue
                yield from self._braces(text[sign : end + 1], inner[0], depth)
                position = end + 1

    def _braces(self, text: str, name: str, depth: int) -> Iterator[TextPart]:
        """Yield what `${NAME}`, `${NAME:-OTHER}` and so on stand for; another thing in braces stays as it is."""
        inside = text[2:-1]
        place = format_data("compose").facts["places"].get(inside)
        form = re.match(r":?[-?+]", inside[len(name) :])
        if place is not None:
            yield PlaceName(place)
        elif form is not None:
            yield from self._value(name, form[0], inside[len(name) + len(form[0]) :], depth)
        elif inside == name:
            yield from self._value(name, "", "", depth)
        else:
            yield text

    def _value(self, name: str, form: str, other: str, depth: int) -> Iterator[TextPart]:
        self.used.add(name)
        known = self.given.get(name, self.files.get(name))
        there = known is not None and not (form.startswith(":") and known == "")
        if form.endswith("+"):
            if there:
                yield from self._other(other, depth)
        elif known is not None and there:
            if looks_secret(name, known):
                yield UnknownPart(f"value of {name}{_HELD_BACK}")
            else:
                yield known
        elif form.endswith("-"):
            default = SourceText.of(*self._other(other, depth))
            if default.literal is not None and looks_secret(name, default.literal):
                yield UnknownPart(f"value of {name}{_HELD_BACK}")
            else:
                yield from default.parts
        elif suggests_secret(name):
            yield UnknownPart(f"value of {name}{_HELD_BACK}")
        else:
            yield UnknownPart(f"value of {name}, which compose takes from the shell")

    def _other(self, text: str, depth: int) -> Iterator[TextPart]:
        if depth < _DEEPEST:
            yield from self._parts(text, depth + 1)
        else:
            yield UnknownPart("value of variables inside of one another")


def _end(text: str, sign: int) -> int:
    """Return where the brace that opens behind a sign is closed, or 0."""
    if not text.startswith("${", sign):
        return 0
    depth = 0
    for position in range(sign + 1, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    return 0


def open_secret(name: str, value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a variable would hold a secret as soon as what is open in its value is filled in."""
    if value is None:
        return suggests_secret(name)
    if not isinstance(value, SourceText) or not any(isinstance(part, UnknownPart) for part in value.parts):
        return False
    if any(isinstance(part, UnknownPart) and part.asked.endswith(_HELD_BACK) for part in value.parts):
        return True
    filled = "".join(part if isinstance(part, str) else "filled-in" for part in value.parts)
    return looks_secret(name, filled)


def variables_file(file: Path) -> Tree | None:
    """Read a file of variables, as `.env` is one; None where there is none that can be read."""
    try:
        lines = read_text(file).splitlines()
    except (UnreadableError, OSError):
        return None
    data: dict[str, str] = {}
    places: dict[PathInTree, Place] = {(): Place(1, 1, 1, 1, None, "")}
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line)
        if found is not None:
            data[found[1]] = _plain(found[2].strip())
            end = len(line) + 1
            places[(found[1],)] = Place(number, 1, number, end, Location(str(file), number, 1, number, end), found[2])
    return Tree(str(file), data, places)


def _plain(text: str) -> str:
    for quote in "'\"":
        if text.startswith(quote):
            return text[1:].partition(quote)[0]
    return re.split(r"\s#", text, maxsplit=1)[0].rstrip()
