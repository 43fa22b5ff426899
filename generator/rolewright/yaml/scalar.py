"""The values of plain scalars in YAML 1.2's core schema."""

from __future__ import annotations

import math
import re

YamlScalar = str | int | float | bool | None

MAX_NUMBER_LENGTH = 400

_NULL = {"", "~", "null", "Null", "NULL"}
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# The core schema reads 012 as the number 12. Here a leading zero makes a string, since a number
# with one is an account number or an identifier, and the zero belongs to it.
_INT = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9]*)"), 10),
    (re.compile(r"0o[0-7]+"), 8),
    (re.compile(r"0x[0-9a-fA-F]+"), 16),
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def core_value(text: str) -> YamlScalar:
    """Return a plain scalar's value in the core schema; a number that is too long stays a string."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if len(text) > MAX_NUMBER_LENGTH or text[0] not in "+-.0123456789":
        return text
    for pattern, base in _INT:
        if pattern.fullmatch(text):
            return int(text, base)
    return float(text) if _FLOAT.fullmatch(text) else text


def is_not_finite(text: str) -> bool:
    """Return whether a plain scalar is an infinity, NaN, or a number that is too large for a float."""
    if _NOT_FINITE.fullmatch(text):
        return True
    value = core_value(text)
    return isinstance(value, float) and math.isinf(value)
