"""What a schema asks for → the words in which a person is told: a kind of value, an example of its shape, a limit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rolewright.yaml.flow import flow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rolewright.core.words import Words

_KINDS = {"string": "a string", "integer": "a whole number", "number": "a number", "boolean": "true or false",
          "array": "a list", "object": "a mapping", "null": "nothing"}  # fmt: skip
_LIMITS = {
    "minimum": "the least is {limit}",
    "maximum": "the most is {limit}",
    "exclusiveMinimum": "it has to be more than {limit}",
    "exclusiveMaximum": "it has to be less than {limit}",
    "multipleOf": "it has to be a multiple of {multiple_of}",
    "minLength": "it needs {limit} or more characters",
    "maxLength": "it has more than {limit} characters",
    "minItems": "it needs {limit} or more entries",
    "maxItems": "it has more than {limit} entries",
    "minProperties": "it needs {limit} or more entries",
    "maxProperties": "it has more than {limit} entries",
    "uniqueItems": "it has an entry twice",
}
_PLAIN = re.compile(r"[A-Za-z0-9/$._](?:[A-Za-z0-9/$._@*+:=-]*[A-Za-z0-9/$._@*+=-])?(?: [A-Za-z0-9/$._@*+=()-]+)*")
LONGEST = 160
"""The characters of an example that helps: a longer one hides what it is an example of."""


def limit(kind: str, details: Mapping[str, Any]) -> str:
    """Return which limit a value is beyond, or "" for what is no limit; `kind` is the schema's word for it."""
    return _LIMITS[kind].format(**details) if kind in _LIMITS else ""


def wanted(types: Sequence[str], schema: Mapping[str, Any], words: Words) -> str:
    """Return what is to be written: kinds of values, and what that looks like if the schema or a sentence shows it."""
    kinds = " or ".join(_KINDS[kind] for kind in types)
    shown = told(shape(schema, words))
    return kinds if shown == _TEXT or len(shown) > LONGEST else f"{kinds}, such as {shown}"


def alternatives(forms: Sequence[Mapping[str, Any]], words: Words) -> str:
    """Return what is to be written where a schema takes several forms of a value, or "" where one says nothing."""
    said = [_form(form, words) for form in forms]
    return " or ".join(dict.fromkeys(said)) if all(said) else ""


def _form(form: Mapping[str, Any], words: Words) -> str:
    if "const" in form:
        return told(form["const"])
    if "enum" in form:
        return "one of " + ", ".join(map(told, form["enum"]))
    if "pattern" in form:
        return words.patterns.get(form["pattern"], "")
    types = form.get("type", ())
    return wanted([types] if isinstance(types, str) else types, form, words)


_TEXT = "text"


def shape(schema: Mapping[str, Any], words: Words) -> Any:  # noqa: ANN401 - a value of any type
    """Return what a value of a schema looks like: its first example, or the least that is of its shape."""
    shown: Any = (schema.get("examples") or schema.get("enum") or [schema.get("const", schema.get("default"))])[0]
    if shown not in (None, {}, []):
        return shown
    if "pattern" in schema:
        return words.example(schema["pattern"]) or _TEXT
    forms = schema.get("anyOf", schema.get("oneOf", ()))
    types = schema.get("type", "string")
    if forms and "type" not in schema:
        return shape(forms[0], words)
    match types if isinstance(types, str) else types[0]:
        case "object":
            return _mapping(schema, words)
        case "array":
            items = schema.get("items")
            return [shape(items if isinstance(items, dict) else {}, words)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return _TEXT


def _mapping(schema: Mapping[str, Any], words: Words) -> Mapping[str, Any]:
    properties = {name: inner for name, inner in schema.get("properties", {}).items() if isinstance(inner, dict)}
    if properties:
        names = [name for name in schema.get("required", ()) if name in properties] or [*properties][:1]
        return {name: shape(properties[name], words) for name in names}
    names_of, values = schema.get("propertyNames", {}), schema.get("additionalProperties")
    name = (names_of.get("enum") or [words.example(names_of.get("pattern", "")) or "NAME"])[0]
    return {name: shape(values if isinstance(values, dict) else {}, words)}


def told(value: object) -> str:
    """Return a value as YAML on one line, with quotes where a text would be something else without them."""
    return flow(value, _PLAIN)
