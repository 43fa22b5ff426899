"""Terraform's functions and conversions on plain Python values, and what they refuse to guess.

A value that Terraform knows only after apply is a string that holds a token, `${ADDRESS.ATTRIBUTE}`. It may
be carried along and put into other strings; anything that would have to look inside it raises UnknownError.
Semantics: https://developer.hashicorp.com/terraform/language/functions
"""

from __future__ import annotations

import base64
import json
import re
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rolewright.data.symbols import SYMBOL
from rolewright.prove.hashes import part_of_hash, sha1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Value = Any
"""None, bool, int, float, str, list or dict."""

# The shape of a token; `${aws:username}`, which IAM resolves, is none.
_TOKEN = re.compile(r"\$\{(?:[A-Za-z_][\w-]*\.[\w-]+\.[\w.\[\]-]+|var\.[\w-]+|filebase64sha256\([^)]*\))\}")


_UNKNOWN = re.compile(f"{_TOKEN.pattern}|{SYMBOL.pattern}")
_END = re.compile(r"(?<!\\)\$(?=$|\)|\|)")


class EvaluationError(Exception):
    """An expression that is wrong, or that is not evaluated here."""


class UnknownError(EvaluationError):
    """An expression whose value depends on a value that is known only after an apply."""


def unknown(value: Value) -> bool:
    """Return whether a value, or anything inside it, has a token, or a symbol that stands for an input."""
    if isinstance(value, str):
        return _TOKEN.search(value) is not None or SYMBOL.search(value) is not None
    if isinstance(value, dict):
        return any(unknown(item) for item in value.values())
    return isinstance(value, list) and any(unknown(item) for item in value)


def known(value: Value) -> Value:
    """Return the value itself. Raises UnknownError if there is a token or a symbol in it."""
    if unknown(value):
        raise UnknownError("its value depends on what is only known after apply, or to the caller")
    return value


def is_number(value: Value) -> bool:
    """Return whether a value is a number; a bool is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def number(value: Fraction) -> int | float:
    """Return a Python number: an int for a whole number, so that 1.0 is written 1 as in Terraform."""
    return value.numerator if value.denominator == 1 else float(value)


def tostring(value: Value) -> str | None:
    """Convert a string, number or bool to a string."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else str(value)
    raise EvaluationError(f"{_kind(value)} is not a string")


def tonumber(value: Value) -> int | float | None:
    """Convert a number, or a string that reads as one, to a number."""
    if value is None or is_number(value):
        return value  # type: ignore[no-any-return]
    if isinstance(value, str):
        try:
            return number(Fraction(known(value)))
        except ValueError:
            raise EvaluationError(f"{value!r} is not a number") from None
    raise EvaluationError(f"{_kind(value)} is not a number")


def tobool(value: Value) -> bool | None:
    """Convert a bool, or a string that reads as one, to a bool."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and known(value) in ("true", "false"):
        return value == "true"
    raise EvaluationError(f"{_kind(value)} is not a bool")


def convert(value: Value, type_: Value) -> Value:
    """Convert a value to a type in Terraform's JSON form (`"string"`, `["set", "string"]`, `"dynamic"`).

    A set is a sorted list without duplicates. A token, or a symbol, stands for a value of any type.
    Raises EvaluationError if Terraform would refuse the conversion.
    """
    if value is None or type_ == "dynamic" or (isinstance(value, str) and _unknown_as_a_whole(value)):
        return value
    if isinstance(type_, str):
        return {"string": tostring, "number": tonumber, "bool": tobool}[type_](value)
    kind, inner = type_
    if kind in ("list", "set"):
        items = [convert(item, inner) for item in _list(value)]
        return toset(items) if kind == "set" else items
    if kind == "map":
        return {key: convert(item, inner) for key, item in _map(value).items()}
    if kind == "object":
        missing = inner.keys() - _map(value).keys()
        if missing:
            raise EvaluationError(f"an object lacks {', '.join(sorted(missing))}")
        return {key: convert(value[key], inner_type) for key, inner_type in inner.items()}
    raise EvaluationError(f"the type {kind} is not evaluated")


def _unknown_as_a_whole(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None or SYMBOL.fullmatch(text) is not None


def equal(left: Value, right: Value) -> bool:
    """Return `left == right`: values of different types differ. Raises EvaluationError for collections."""
    for side in (left, right):
        if isinstance(side, list | dict) and None not in (left, right):
            raise EvaluationError("whether collections are equal depends on types that are not evaluated")
    known(left), known(right)
    if is_number(left) and is_number(right):
        return bool(left == right)
    return type(left) is type(right) and bool(left == right)


def jsonencode(value: Value) -> str:
    """Write JSON as Terraform does: with sorted keys, without blanks, and with `<`, `>` and `&` as escapes."""
    text = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return escape_html(text)


def escape_html(text: str) -> str:
    """Escape the characters in JSON text that Go escapes for HTML and JavaScript."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _plain(value: Value) -> Value:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return number(Fraction(repr(value))) if isinstance(value, float) else value


def jsondecode(text: Value) -> Value:
    """Parse JSON text."""
    try:
        return _plain(json.loads(known(_text(text))))
    except json.JSONDecodeError as error:
        raise EvaluationError(f"jsondecode: {error}") from None


def toset(value: Value) -> list[Value]:
    """Return the distinct elements, in the order in which Terraform iterates over a set."""
    items = _distinct(_list(value))
    if all(isinstance(item, str) for item in items) or all(is_number(item) for item in items):
        return sorted(items)
    if len(items) > 1 and any(not isinstance(item, list | dict) for item in items):
        raise EvaluationError("a set of elements of different types is not evaluated")
    return items


def call(name: str, arguments: list[Value]) -> Value:
    """Call a function. Raises EvaluationError for one that is not in the table, and for wrong arguments."""
    function = _FUNCTIONS.get(name)
    if function is None:
        raise EvaluationError(f"the function {name} is not evaluated")
    try:
        return function(*arguments)
    except TypeError:
        raise EvaluationError(f"{name} does not take these arguments") from None


def _kind(value: Value) -> str:
    return {dict: "an object", list: "a list", str: "a string", bool: "a bool", type(None): "null"}.get(
        type(value), "a number"
    )


def _text(value: Value) -> str:
    text = tostring(value)
    if text is None:
        raise EvaluationError("null is not a string")
    return text


def _list(value: Value) -> list[Value]:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        known(value)
    raise EvaluationError(f"{_kind(value)} is not a list")


def _map(value: Value) -> dict[str, Value]:
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        known(value)
    raise EvaluationError(f"{_kind(value)} is not a map")


def _whole(value: Value) -> int:
    result = tonumber(value)
    if not isinstance(result, int):
        raise EvaluationError(f"{value!r} is not a whole number")
    return result


def _distinct(items: Iterable[Value]) -> list[Value]:
    # 1 and true are equal in Python, and not in Terraform.
    first: dict[tuple[str, str], Value] = {}
    for item in items:
        first.setdefault((_kind(item), jsonencode(item)), item)
    return list(first.values())


def _merge(*maps: Value) -> dict[str, Value]:
    return {key: item for map_ in maps if map_ is not None for key, item in _map(map_).items()}


def _concat(*lists: Value) -> list[Value]:
    return [item for list_ in lists for item in _list(list_)]


def _lookup(map_: Value, key: Value, *default: Value) -> Value:
    entries = _map(map_)
    if known(_text(key)) in entries:
        return entries[_text(key)]
    if not default:
        raise EvaluationError(f"lookup finds no key {key!r}")
    (result,) = default
    return result


def _contains(items: Value, element: Value) -> bool:
    known(_list(items)), known(element)
    return any(equal(item, element) for item in items)


def _replace(text: Value, old: Value, new: Value) -> str:
    text, old, new = _text(text), _text(old), _text(new)
    known(text), known(old)
    if len(old) > 1 and old.startswith("/") and old.endswith("/"):
        raise EvaluationError("replace by a regular expression is not evaluated")
    return str(text).replace(old, new)


def _substr(text: Value, offset: Value, length: Value) -> str:
    text, start, size = known(_text(text)), _whole(offset), _whole(length)
    start = max(len(text) + start, 0) if start < 0 else start
    return str(text[start:] if size < 0 else text[start : start + size])


def _length(value: Value) -> int:
    if not isinstance(value, str | list | dict):
        raise EvaluationError(f"{_kind(value)} has no length")
    return len(known(value)) if isinstance(value, str) else len(value)


def _split(separator: Value, text: Value) -> list[str]:
    separator, text = known(_text(separator)), _text(text)
    if separator != ":" or _TOKEN.search(text):  # no symbol stands for a text with a colon
        known(text)
    if separator == "":
        return list(text)
    return str(text).split(separator)


def _starts(text: Value, prefix: Value) -> bool:
    """Return whether a text begins with a prefix, if that is so, or is not so, whatever its symbols stand for."""
    text, prefix = _text(text), known(_text(prefix))
    begin = _UNKNOWN.split(text, maxsplit=1)[0]
    if len(begin) >= min(len(prefix), len(text)) or not prefix.startswith(begin):
        return begin.startswith(prefix)
    if not _TOKEN.search(text) and prefix.count(":") > text.count(":"):
        return False  # no symbol stands for a text with a colon
    return bool(known(text).startswith(prefix))


def matches_pattern(pattern: Value, text: Value) -> bool:
    """Return whether a regular expression of RE2 is found in a text; its `$` is the very end. Raises UnknownError."""
    pattern, text = known(_text(pattern)), known(_text(text))
    try:
        return re.search(_END.sub(r"\\Z", pattern), text, re.ASCII) is not None
    except re.error as error:
        raise EvaluationError(f"{pattern!r} is not a regular expression: {error}") from None


def _encoded(text: str) -> str:
    """Encode text as Base64 of UTF-8; text with a token becomes a token."""
    if "${" in text:
        return "${base64encode(" + text + ")}"
    return base64.b64encode(text.encode()).decode("ascii")


def _join(separator: Value, *lists: Value) -> str:
    return _text(separator).join(_text(item) for list_ in lists for item in _list(list_))


_VERB = re.compile(r"%(.?)", re.DOTALL)


def _format(pattern: Value, *arguments: Value) -> str:
    unused = list(arguments)

    def write(match: re.Match[str]) -> str:
        verb = match[1]
        if verb == "%":
            return "%"
        if verb not in ("s", "d", "v") or not unused:
            raise EvaluationError(f"format does not evaluate {match[0]!r} here")
        value = unused.pop(0)
        if verb == "d":
            return str(_whole(value))
        return jsonencode(value) if value is None or isinstance(value, list | dict) else _text(value)

    text = _VERB.sub(write, known(_text(pattern)))
    if unused:
        raise EvaluationError("format has more arguments than verbs")
    return text


def _coalesce(*values: Value) -> Value:
    for value in values:
        if value is not None and known(value) != "":
            if {type(candidate) for candidate in values if candidate is not None} != {type(value)}:
                raise EvaluationError("coalesce of different types is not evaluated")
            return value
    raise EvaluationError("coalesce finds no value that is neither null nor empty")


def _compact(items: Value) -> list[str]:
    return [_text(item) for item in known(_list(items)) if item is not None and item != ""]


def _flatten(items: Value) -> list[Value]:
    flat: list[Value] = []
    for item in _list(items):
        if isinstance(item, list):
            flat.extend(_flatten(item))
        else:
            flat.append(item)
    return flat


def _strings(function: Callable[..., Value]) -> Callable[..., Value]:
    return lambda *arguments: function(*(known(_text(argument)) for argument in arguments))


_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "jsonencode": jsonencode,
    "jsondecode": jsondecode,
    "merge": _merge,
    "concat": _concat,
    "lookup": _lookup,
    "contains": _contains,
    "trimprefix": lambda text, prefix: _text(text)[len(_text(prefix)) if _starts(text, prefix) else 0 :],
    "trimsuffix": _strings(str.removesuffix),
    "replace": _replace,
    "lower": _strings(str.lower),
    "upper": _strings(str.upper),
    "join": _join,
    "split": _split,
    "length": _length,
    "format": _format,
    "toset": toset,
    "tolist": lambda value: list(_list(value)),
    "tostring": tostring,
    "tonumber": tonumber,
    "coalesce": _coalesce,
    # A plan is made before the code that it deploys is built, and must not depend on it.
    "fileexists": _strings(lambda _path: False),
    "filebase64sha256": lambda path: "${filebase64sha256(" + _text(path) + ")}",
    "base64encode": lambda value: _encoded(_text(value)),
    "sha1": lambda text: sha1(known(_text(text)) if _TOKEN.search(_text(text)) else text),
    "startswith": _starts,
    "endswith": _strings(str.endswith),
    "substr": lambda text, offset, length: part_of_hash(text, offset, length) or _substr(text, offset, length),
    "keys": lambda value: sorted(_map(value)),
    "values": lambda value: [item for _, item in sorted(_map(value).items())],
    "compact": _compact,
    "distinct": lambda value: _distinct(known(_list(value))),
    "flatten": _flatten,
}
