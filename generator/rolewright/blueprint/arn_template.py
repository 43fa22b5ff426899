"""ARN templates: the only reader of `arn:…${field}…` texts, in blueprints and in the IAM database."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

CONTEXT = frozenset({"partition", "region", "account"})
"""What a template may refer to beside the fields of a type."""

_PIECE = re.compile(
    r'\$\{(?:(?:trimprefix|lower)\((?P<changed>[\w.]+)(?:, "[^"]*")?\)|(?P<name>[\w.]+)(?P<default>:-[^{}]*)?)\}'
    r"|(?P<star>\*)|(?P<marks>\?+)|(?P<text>[^$*?]+|\$)"
)
_SEPARATORS = ("/", ":")
_SHORT = r"(?=[^\n]{0,2048}\Z)"
"""At the beginning of a pattern: AWS has no longer ARN, and several fields soon share out a short one."""
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
        """Whether it is a field that may be left out."""
        return self.default is not None


@cache
def pieces(template: str) -> tuple[Piece, ...]:
    """The pieces of a template, in order."""
    found = []
    for one in _PIECE.finditer(template):
        if one["changed"] or one["name"]:
            default = None if one["default"] is None else one["default"].removeprefix(":-")
            found.append(Piece("field", one["changed"] or one["name"], default))
        elif one["star"]:
            found.append(Piece("star", "*"))
        else:
            found.append(Piece("marks", one["marks"]) if one["marks"] else Piece("text", one["text"]))
    return tuple(found)


def group(name: str) -> str:
    """The name of a field's group in a pattern."""
    return name.replace(".", "__")


def fields_in(template: str) -> dict[str, Piece]:
    """The fields of a template by name, those of the context among them: each as it stands there first."""
    found: dict[str, Piece] = {}
    for piece in pieces(template):
        if piece.kind == "field":
            found.setdefault(piece.value, piece)
    return found


@cache
def own_pattern(template: str) -> re.Pattern[str]:
    """The pattern of a whole ARN, with a group for each `${…}`; a `:*` at the end may be left out."""
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
    """The ARNs and patterns of ARNs that a template may stand for, those with `*` in place of a field among them."""
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
            one = rf"[^*?{following.value[:1]}]" if following.value[:1] in _SEPARATORS else "[^*?]"
            if piece.value.lower() in CONTEXT:
                parts.append(f"(?P<{name}>[^:]*)")
            else:
                parts.append(rf"(?P<{name}>{one}*)\*?" if piece.optional else rf"(?P<{name}>\*|{one}+?)")
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
    """A template with the values of its fields; what it has `*` and `?` for stays, as do fields without a value."""
    return "".join(values.get(piece.value, "*") if piece.kind == "field" else piece.value for piece in pieces(template))
