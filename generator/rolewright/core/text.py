"""Text with references that Terraform resolves, and the values made of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Ref:
    """A reference that Terraform resolves: a dotted traversal such as `local.region` or `var.memory`."""

    expression: str


@dataclass(frozen=True)
class Text:
    """A string that may contain references. Literal parts are meant exactly as they are."""

    parts: tuple[str | Ref, ...]

    @classmethod
    def of(cls, *parts: str | Ref | Text) -> Text:
        """Join strings, references and texts; neighbouring literals become one part."""
        flat: list[str | Ref] = []
        for part in parts:
            for piece in part.parts if isinstance(part, Text) else (part,):
                if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                    flat[-1] += piece
                elif piece != "":
                    flat.append(piece)
        return cls(tuple(flat))

    def __add__(self, other: str | Ref | Text) -> Text:
        return Text.of(self, other)

    def __radd__(self, other: str | Ref) -> Text:
        return Text.of(other, self)

    @property
    def literal(self) -> str | None:
        """Return the string itself if it holds no reference, and None otherwise."""
        if all(isinstance(part, str) for part in self.parts):
            return "".join(part for part in self.parts if isinstance(part, str))
        return None

    def endswith(self, suffix: str) -> bool:
        """Return whether it certainly ends with `suffix`: whether its last part is literal and does."""
        last = self.parts[-1] if self.parts else ""
        return isinstance(last, str) and last.endswith(suffix)

    def removesuffix(self, suffix: str) -> Text:
        """Return the text without a suffix, if it certainly ends with it."""
        if not self.endswith(suffix):
            return self
        return Text.of(*self.parts[:-1], str(self.parts[-1]).removesuffix(suffix))

    def removeprefix(self, prefix: str) -> Text:
        """Return the text without a prefix, if it certainly begins with it."""
        first, *rest = self.parts or ("",)
        return Text.of(first.removeprefix(prefix), *rest) if isinstance(first, str) else self

    def ground(self, values: Mapping[str, str]) -> str:
        """Return the string with each reference replaced by its value.

        A reference that `values` lacks is a part that AWS generates; it becomes the token
        `${expression}`, which the evaluator of the proof uses for the same unknown value.
        """
        return "".join(
            part if isinstance(part, str) else values.get(part.expression, "${" + part.expression + "}")
            for part in self.parts
        )


def ground(document: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON with Texts
    """Resolve the Texts of JSON in one environment."""
    match document:
        case Text():
            return document.ground(values)
        case dict():
            return {ground(key, values): ground(value, values) for key, value in document.items()}
        case list():
            return [ground(item, values) for item in document]
        case _:
            return document


@dataclass(frozen=True)
class Condition:
    """One condition of a statement: `operator` as IAM spells it, and the values it accepts.

    The key is a Text because some keys have a name in them: that of an identity provider, or of an encryption context.
    """

    operator: str
    key: Text
    values: tuple[Text, ...]


_PASCAL = re.compile(r"[^A-Za-z0-9]+")


def pascal(text: str) -> str:
    """Turn `db-credentials` into `DbCredentials`: a Sid may hold only letters and digits (IAM JSON policy grammar)."""
    return "".join(word[:1].upper() + word[1:] for word in _PASCAL.split(text) if word)
