"""ARN templates: the only reader of `arn:…${field}…` texts, in blueprints and in the IAM database."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from rolewright.data import limits

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTEXT = frozenset({"partition", "region", "account", "dns_suffix"})
"""The names that a template may refer to besides the fields of a type."""

_PIECE = re.compile(
    r'\$\{(?:(?:trimprefix|lower)\((?P<changed>[\w.]+)(?:, "[^"]*")?\)|(?P<name>[\w.]+)(?P<default>:-[^{}]*)?)\}'
    r"|(?P<star>\*)|(?P<marks>\?+)|(?P<text>[^$*?]+|\$)"
)
_SEPARATORS = ("/", ":")
_SHORT = rf"(?=[^\n]{{0,{limits.ARN}}}\Z)"
"""Begins a pattern, and limits the ARN's length to AWS's: patterns with several fields are slow on long texts."""
_OWN = {"partition": "aws[a-z-]*", "region": "[a-z0-9-]+", "account": r"\d{12}"}


class Piece(NamedTuple):
    """One piece of a template: a field, a `*`, some `?`, or text. `value` is the field's name, or what is written.

    `default` is what stands for a field that is left out, None where it has to be given.
    """

    kind: Literal["field", "star", "marks", "text"]
    value: str
    default: str | None = None

    @property
    def optional(self) -> bool:
        """Return whether it is a field that may be left out."""
        return self.default is not None


@cache
def pieces(template: str) -> tuple[Piece, ...]:
    """Return the pieces of a template, in order."""
    parts = []
    for match in _PIECE.finditer(template):
        if match["changed"] or match["name"]:
            default = None if match["default"] is None else match["default"].removeprefix(":-")
            parts.append(Piece("field", match["changed"] or match["name"], default))
        elif match["star"]:
            parts.append(Piece("star", "*"))
        else:
            parts.append(Piece("marks", match["marks"]) if match["marks"] else Piece("text", match["text"]))
    return tuple(parts)


def group(name: str) -> str:
    """Return the name of a field's group in a pattern."""
    return name.replace(".", "__")


def fields_in(template: str) -> dict[str, Piece]:
    """Return the fields of a template by name, those of the context included; each as it first occurs."""
    fields: dict[str, Piece] = {}
    for piece in pieces(template):
        if piece.kind == "field":
            fields.setdefault(piece.value, piece)
    return fields


def beginnings(template: str) -> tuple[str, ...]:
    """Return the parts of a template up to each `/` and `:` that ends a text, the longest first."""
    ends = [match.end() for match in _PIECE.finditer(template) if (match["text"] or "").endswith(_SEPARATORS)]
    return tuple(template[:end] for end in reversed(ends) if end < len(template))


def changed_fields(templates: Iterable[str]) -> frozenset[str]:
    """Return the fields whose values are changed on the way into an ARN, such as to lower case."""
    found = (match["changed"] for template in templates for match in _PIECE.finditer(template))
    return frozenset(filter(None, found))


@cache
def own_pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of a whole ARN, with a group for each `${…}`; a `:*` at the end may be left out."""
    parts: list[str] = []
    seen: set[str] = set()
    for piece in pieces(template.removesuffix(":*")):
        name = group(piece.value)
        if piece.kind == "field" and name in seen:
            parts.append(f"(?P={name})")
        elif piece.kind == "field":
            seen.add(name)
            parts.append(f"(?P<{name}>{_OWN.get(piece.value, '.+' if piece.optional else '[^*?]+?')})")
        elif piece.kind == "star":
            parts.append(".*")
        else:
            parts.append("[^*?]" * len(piece.value) if piece.kind == "marks" else re.escape(piece.value))
    return re.compile(_SHORT + "".join(parts) + (r"(?::\*)?" if template.endswith(":*") else ""))


@cache
def wild_pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of all ARNs and ARN patterns that a template may stand for; a field may be `*` in them."""
    parts: list[str] = []
    seen: set[str] = set()
    listed = pieces(template)
    for piece, following in zip(listed, (*listed[1:], Piece("text", "")), strict=True):
        name = group(piece.value)
        if piece.kind == "field" and name in seen:
            parts.append(f"(?P={name})")
        elif piece.kind == "field":
            seen.add(name)
            # A field ends where what separates it from the next begins, so that no ARN has to be tried in many ways.
            character = rf"[^*?{following.value[:1]}]" if following.value[:1] in _SEPARATORS else "[^*?]"
            if piece.value.lower() in CONTEXT:
                parts.append(f"(?P<{name}>[^:]*)")
            else:
                parts.append(rf"(?P<{name}>{character}*)\*?" if piece.optional else rf"(?P<{name}>\*|{character}+?)")
        elif piece.kind == "star":
            behind = following.value == "" and parts[-1][-1:] in _SEPARATORS  # all that follows, whatever is in it
            parts.append(r"[^*?]*\*?" if behind else r"(?:\*?|[^*?:]*)")
        elif piece.kind == "marks":
            count = len(piece.value)
            parts.append(rf"(?:\?{{{count}}}|\*|[^*?:/]{{{count}}})")
        else:
            parts.append(re.escape(piece.value))
    return re.compile(_SHORT + "".join(parts))


def filled(template: str, values: dict[str, str]) -> str:
    """Return a template with the values of its fields: `*` for a field without one; its own `*` and `?` stay."""
    return "".join(values.get(piece.value, "*") if piece.kind == "field" else piece.value for piece in pieces(template))
