"""Python values → HCL expressions: no value that is written here can become code."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rolewright.core.printable import INVISIBLE
from rolewright.core.text import Ref, Text


@dataclass(frozen=True)
class RawExpression:
    """HCL that the generator made itself, written as it is."""

    text: str

    def __str__(self) -> str:
        return self.text


_LINE_LENGTH = 100  # a list that fits is written on one line
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_KEY = re.compile(r"[a-z][a-z0-9-]*")
_KEYWORDS = frozenset({"for", "null", "true", "false"})  # HCL does not read these as a name where they are a bare key

_ESCAPED = re.compile(rf'["\\{INVISIBLE}]|[$%]\{{')
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "${": "$${", "%{": "%%{"}
_NOT_IN_COMMENT = re.compile(rf"[{INVISIBLE}]+")


def literal(value: object) -> str:
    """Write a value as an HCL expression that Terraform reads back as exactly this value.

    Terraform reads every string in Unicode's NFC form. The order of a mapping is kept. A `Text` that is a single
    reference becomes that reference alone. A `RawExpression` is written as it is.

    Raises TypeError for a value that HCL cannot express, and ValueError for a number that is not finite and
    for a string with a lone surrogate, which no UTF-8 file can hold.
    """
    match value:
        case str():
            return f'"{_escape(value)}"'
        case None | bool() | int() | float():
            return _scalar(value)
        case Text():
            return _text(value)
        case Ref():
            return value.expression
        case RawExpression():
            return value.text
        case Mapping():
            return _map(value)
        case list() | tuple():
            return _list(value)
        case _:
            raise TypeError(f"a value of type {type(value).__name__} cannot be written in HCL")


def identifier(key: str) -> str:
    """Return the Terraform name for a manifest key: `db-credentials` → `db_credentials`.

    Manifest keys have no underscores, so two keys never get the same name. Raises ValueError for anything
    that is not such a key.
    """
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} is not a manifest key, such as db-credentials")
    return key.replace("-", "_")


def comment(text: str, *, lines: bool = False) -> RawExpression:
    """Write text as a comment that cannot end before the text does.

    With `lines`, each line of the text becomes a comment line; otherwise the comment is one line. Other
    characters that some program takes for a line end, or that are invisible, become a space. Raises ValueError
    for a lone surrogate.
    """
    _require_unicode(text)
    pieces = text.split("\n") if lines else [text]
    return RawExpression("\n".join(f"# {_NOT_IN_COMMENT.sub(' ', piece)}".rstrip() for piece in pieces))


def _scalar(value: int | float | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number in HCL")
    return repr(value)


def _escape(text: str) -> str:
    _require_unicode(text)
    return _ESCAPED.sub(_escape_character, text)


def _escape_character(match: re.Match[str]) -> str:
    return _SHORT_ESCAPES.get(match[0]) or f"\\u{ord(match[0]):04x}"


def _require_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{text!r} has half a surrogate pair") from error


def _text(text: Text) -> str:
    match Text.of(*text.parts).parts:
        case (Ref(expression),):
            return expression
        case _:
            return f'"{_template(text)}"'


def _template(text: Text) -> str:
    written = ""
    for part in Text.of(
        *text.parts
    ).parts:  # joined first: a part that ends in "$" and one that begins with "{" would make "${"
        if isinstance(part, str):
            written += _escape(part)
            continue
        if written.endswith("$"):  # "$" and "${x}" together would be the escape for a literal "${"
            written = written[:-1] + "\\u0024"
        written += "${" + part.expression + "}"
    return written


def _list(items: Sequence[object]) -> str:
    written = [literal(item) for item in items]
    one_line = f"[{', '.join(written)}]"
    if len(one_line) <= _LINE_LENGTH and "\n" not in one_line:
        return one_line
    return "[\n" + "".join(f"{item},\n" for item in written) + "]"


def _map(items: Mapping[object, object]) -> str:
    if not items:
        return "{}"
    return "{\n" + "".join(f"{_map_key(key)} = {literal(value)}\n" for key, value in items.items()) + "}"


def _map_key(key: object) -> str:
    match key:
        case str():
            return key if _NAME.fullmatch(key) and key not in _KEYWORDS else f'"{_escape(key)}"'
        case Text():
            return f'"{_template(key)}"'
        case _:
            raise TypeError(f"a map's key is a string, not {type(key).__name__}")
