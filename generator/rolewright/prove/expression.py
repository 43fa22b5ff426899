"""The small expressions in the files of moto/: from a block's values to the parameters of a call, and back.

moto/README.md explains the forms.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FIELD = re.compile(r"\{([^{}]+)\}")


class UnfitError(Exception):
    """A value that does not have the form that the call needs, such as text in the place of a map."""


def evaluate(expression: Any, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
    """Return the value of an expression, or None if it has none. Raises UnfitError for a value of the wrong form."""
    if isinstance(expression, str):
        return _lookup(expression, scope)
    ((form, operand),) = expression.items()
    return _FORMS[form](operand, scope)


def shape(fields: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the fields that have a value, or None if none has. Raises as `evaluate` does."""
    values = {name: evaluate(expression, scope) for name, expression in fields.items()}
    return {name: value for name, value in values.items() if value is not None} or None


def text(value: Any) -> str | None:  # noqa: ANN401 - any scalar
    """Write a scalar as AWS and Terraform do; None stays None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _lookup(path: str, scope: Any) -> Any:  # noqa: ANN401 - any value
    value = scope
    for name in path.split("."):
        if isinstance(value, list | tuple):
            value = value[0] if value else None
        value = value.get(name) if hasattr(value, "get") else None
    return value


def _first(options: list[Any], scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
    return next((v for option in options if (v := evaluate(option, scope)) is not None), None)


def _format(template: str, scope: Mapping[str, Any]) -> str:
    return _FIELD.sub(lambda match: str(_lookup(match[1], scope)), template)


def _each(operand: Mapping[str, Any], scope: Mapping[str, Any]) -> list[Any] | None:
    items = _lookup(operand["of"], scope) or []
    if not isinstance(items, list):
        raise UnfitError(f"{operand['of']} is not a list: {items!r}")
    scopes = [{**(item if hasattr(item, "get") else {"item": item}), "around": scope} for item in items]
    return [evaluate(operand["as"], inner) for inner in scopes] or None


def _pairs(operand: list[str], scope: Mapping[str, Any]) -> list[dict[str, str]] | None:
    path, key, value = operand
    entries = _lookup(path, scope) or {}
    if not hasattr(entries, "items"):
        raise UnfitError(f"{path} is not a map: {entries!r}")
    return [{key: name, value: str(content)} for name, content in entries.items()] or None


def _unpair(operand: list[str], scope: Mapping[str, Any]) -> dict[str, Any] | None:
    path, key, value = operand
    return {entry[key]: entry[value] for entry in _lookup(path, scope) or ()} or None


def _json(path: str, scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
    value = _lookup(path, scope)
    try:
        return None if value is None else _without_null(json.loads(value))
    except ValueError as error:
        raise UnfitError(f"{path} is not JSON: {error}") from error


def _without_null(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Drop nulls, as Terraform's provider does before it makes a call."""
    if isinstance(value, dict):
        return {key: _without_null(item) for key, item in value.items() if item is not None}
    return [_without_null(item) for item in value] if isinstance(value, list) else value


def _archive(files: Mapping[str, str], _: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _in(operand: list[Any], scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
    expression, path = operand
    return _lookup(path, evaluate(expression, scope))


def _end(expression: Any, scope: Mapping[str, Any]) -> str | None:  # noqa: ANN401 - any expression
    value = evaluate(expression, scope)
    return value.rpartition(":")[2] if isinstance(value, str) else None


def _other_than(operand: list[str], scope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any value
    path, usual = operand
    value = _lookup(path, scope)
    return None if value == usual else value


_FORMS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "const": lambda value, _: value,
    "text": lambda path, scope: text(_lookup(path, scope)),
    "first": _first,
    "shape": shape,
    "list": lambda items, scope: [v for item in items if (v := evaluate(item, scope)) is not None] or None,
    "each": _each,
    "pairs": _pairs,
    "unpair": _unpair,
    "json": _json,
    "format": _format,
    "with": lambda operand, scope: None if _lookup(operand[0], scope) is None else evaluate(operand[1], scope),
    "archive": _archive,
    "in": _in,
    "end": _end,
    "other_than": _other_than,
}
