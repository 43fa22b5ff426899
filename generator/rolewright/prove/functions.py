"""Terraform's functions and operators, as far as blueprints use them, on plain values."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Value = Any


class EvaluationError(Exception):
    """An expression that cannot be evaluated; the message says why."""


def string(value: Value) -> str:
    """A value as a string, as a template shows it. Raises EvaluationError for lists, maps and null."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case int():
            return str(value)
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case _:
            raise EvaluationError(f"{value!r} is no string")


def jsonencode(value: Value) -> str:
    """JSON as Terraform writes it: compact, keys sorted, and <, >, & and two line separators escaped."""
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _plain(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _merge(*maps: Mapping[str, Value]) -> Value:
    return {key: value for one in maps for key, value in (one or {}).items()}


def _lookup(collection: Mapping[str, Value], key: str, *default: Value) -> Value:
    if key in collection:
        return collection[key]
    if default:
        return default[0]
    raise EvaluationError(f"there is no {key!r}")


def _format(text: str, *values: Value) -> str:
    rest = list(values)

    def one(found: re.Match[str]) -> str:
        if found.group() == "%%":
            return "%"
        return string(rest.pop(0))

    if re.search(r"%(?![%sdv])", text):
        raise EvaluationError("format knows %s, %d and %v here")
    return re.sub(r"%[%sdv]", one, text)


def _replace(text: str, old: str, new: str) -> str:
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        raise EvaluationError("replace with a regular expression is not evaluated")
    return text.replace(old, new)


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value not in (None, ""):
            return value
    raise EvaluationError("coalesce has nothing to choose")


def _flatten(values: Sequence[Value]) -> Value:
    flat: list[Value] = []
    for value in values:
        flat.extend(_flatten(value) if isinstance(value, list) else [value])
    return flat


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "coalesce": _coalesce,
    "compact": lambda values: [v for v in values if v not in (None, "")],
    "concat": lambda *lists: [item for one in lists for item in one],
    "contains": lambda values, value: value in values,
    "distinct": lambda values: list(dict.fromkeys(values)),
    "endswith": lambda text, end: text.endswith(end),
    # A plan has to work before the file exists, so the proof looks at that case.
    "fileexists": lambda _path: False,
    "flatten": _flatten,
    "format": _format,
    "join": lambda separator, values: separator.join(string(value) for value in values),
    "jsonencode": jsonencode,
    "keys": sorted,
    "length": len,
    "lookup": _lookup,
    "lower": lambda text: text.lower(),
    "merge": _merge,
    "replace": _replace,
    "split": lambda separator, text: text.split(separator),
    "startswith": lambda text, start: text.startswith(start),
    "tolist": list,
    "tonumber": lambda value: int(value) if isinstance(value, str) else value,
    "toset": lambda values: sorted(set(values)),
    "tostring": string,
    "trimprefix": lambda text, prefix: text.removeprefix(prefix),
    "trimsuffix": lambda text, suffix: text.removesuffix(suffix),
    "upper": lambda text: text.upper(),
    "values": lambda mapping: [mapping[key] for key in sorted(mapping)],
}

_BINARY: Mapping[str, Callable[[Value, Value], Value]] = {
    "==": lambda a, b: type(a) is type(b) and a == b if isinstance(a, bool) or isinstance(b, bool) else a == b,
    "!=": lambda a, b: not _BINARY["=="](a, b),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&&": lambda a, b: a and b,
    "||": lambda a, b: a or b,
}


def operate(operator: str, values: Sequence[Value]) -> Value:
    """The value of an operation. Raises EvaluationError for an operator or operands that it does not know."""
    try:
        if len(values) == 1:
            return {"!": lambda a: not a, "-": lambda a: -a}[operator](values[0])
        return _BINARY[operator](*values)
    except (KeyError, TypeError):
        raise EvaluationError(f"`{operator}` is not evaluated for {values!r}") from None
