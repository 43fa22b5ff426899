"""Values of compose files: `${VARIABLE}` in its forms, files of variables, and secrets, which are never written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rolewright.check.rules.plaintext_secret import suggests_secret
from rolewright.importer.expression import PlaceName, SourceText, UnknownPart
from rolewright.importer.field_table import format_data
from rolewright.importer.secret_values import looks_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.expression import TextPart

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 8
_FIRST_WITH_EXPONENT = 1e21
"""The first number that Go writes with an exponent: compose gives 1e3 as 1000."""
_HELD_BACK = ", a secret"


@dataclass(frozen=True)
class Variables:
    """What `${VARIABLE}` stands for: `given` by the user before `files`; `used` are the names that were asked for.

    The value None is that of a name alone, which compose takes from the shell.
    """

    given: Mapping[str, str]
    files: Mapping[str, str | None]
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
        if isinstance(value, float) and value.is_integer() and abs(value) < _FIRST_WITH_EXPONENT:
            return int(value)
        if not isinstance(value, str):
            return value
        text = SourceText.of(*self._parts(value, 0))
        return text if text.literal is None else text.literal

    def of_shell(self, name: str) -> SourceText | str | None:
        """Return what the shell has for a variable that is named alone, as far as the user or `.env` says it."""
        self.used.add(name)
        if name in self.given:
            return self.given[name]
        known: SourceText | str | None = self.variable(self.files.get(name))
        return known

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
            elif name in self.given:
                yield known
            else:
                yield from self._other(known, depth)
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
