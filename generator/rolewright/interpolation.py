"""`${…}` in manifests and blueprints: from strings to Texts.

A manifest's string may refer to the context and to resources; a blueprint's template to fields, names and
derived values as well. `$${` is a literal `${` in both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.model import Ref, Text

if TYPE_CHECKING:
    from collections.abc import Callable

CONTEXT = {
    "region": Text((Ref("local.region"),)),
    "account": Text((Ref("local.account"),)),
    "partition": Text((Ref("local.partition"),)),
}
"""What every string may refer to, besides `environment`, `workload` and resources."""

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_TRIM = re.compile(r'trimprefix\(([\w.-]+), "([^"]*)"\)$')


class UnknownReferenceError(ValueError):
    """A `${…}` that stands for nothing. `name` is what is between the braces."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"${{{name}}} stands for nothing here")


def interpolate(text: str, resolve: Callable[[str], Text | None]) -> Text:
    """A string with its `${…}` resolved. Raises UnknownReferenceError where `resolve` gives None."""
    parts: list[str | Ref | Text] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        parts.append(text[end : found.start()])
        end = found.end()
        if found.group() == "$${":
            parts.append("${")
            continue
        name = found[1].strip()
        value = _resolve(name, resolve) if found[2] else None
        if value is None:
            raise UnknownReferenceError(name)
        parts.append(value)
    parts.append(text[end:])
    return Text.of(*parts)


def _resolve(name: str, resolve: Callable[[str], Text | None]) -> Text | None:
    trim = _TRIM.match(name)
    if trim is None:
        return resolve(name)
    value = resolve(trim[1])
    return None if value is None else _trimmed(value, trim[2])


def _trimmed(value: Text, prefix: str) -> Text:
    """`value` without `prefix`; a reference is trimmed by Terraform."""
    if not value.parts:
        return value
    first, *rest = value.parts
    if isinstance(first, Ref):
        return Text.of(Ref(trimmed_expression(first.expression, prefix)), *rest)
    return Text.of(first.removeprefix(prefix), *rest)


def trimmed_expression(expression: str, prefix: str = "/") -> str:
    """The Terraform expression for a string without a prefix."""
    return f'trimprefix({expression}, "{prefix}")'
