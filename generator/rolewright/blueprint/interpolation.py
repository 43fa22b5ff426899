"""`${…}` in manifests and blueprints: from strings to Texts.

A manifest's string may refer to the context and to resources. A blueprint's template may refer to fields, names
and derived values as well, give a default (`${field:-default}`), and take a list for each of its entries.
`$${` is a literal `${` in both.
"""

from __future__ import annotations

import itertools
import re
from functools import partial
from typing import TYPE_CHECKING

from rolewright.core.text import Ref, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TemplateScope = dict[str, "Text | tuple[Text, ...] | None"]
"""The values that a blueprint's template may refer to, by name: a list has a value an entry, a left-out field None."""

CONTEXT = {
    "region": Text((Ref("local.region"),)),
    "account": Text((Ref("local.account"),)),
    "partition": Text((Ref("local.partition"),)),
    "dns_suffix": Text((Ref("local.dns_suffix"),)),
}
"""The names that every string may refer to, besides `environment`, `workload` and resources."""

_LOWER_CASE = frozenset({"local.region", "local.account", "local.partition", "local.dns_suffix", "var.environment"})
"""References whose values begin with a small letter or a digit, and have no capital letter."""

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_TEMPLATE = re.compile(
    r"(?P<name>[\w.-]+?)(?::-(?P<default>.*))?"
    r"|lower\((?P<lower>[\w.-]+)\)"
    r"|either\((?P<either>[\w.-]+), (?P<other>[\w.-]+)\)"
    r'|trimprefix\((?P<trim>[\w.-]+), "(?P<prefix>[^"]*)"\)'
)


class UnknownReferenceError(ValueError):
    """A `${…}` that does not refer to anything. `name` is the text between the braces."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"${{{name}}} does not refer to anything here")


class LeftOutError(ValueError):
    """A `${…}` that refers to a field which the manifest leaves out. `name` is the field's."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name} is left out")


def interpolate(text: str, resolve: Callable[[str], Text | None]) -> Text:
    """Return a string with its `${…}` resolved. Raises UnknownReferenceError where `resolve` gives None."""
    parts: list[str | Ref | Text] = []
    end = 0
    for match in _REFERENCE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        if match.group() == "$${":
            parts.append("${")
            continue
        name = match[1].strip()
        value = resolve(name) if match[2] else None
        if value is None:
            raise UnknownReferenceError(name)
        parts.append(value)
    parts.append(text[end:])
    return Text.of(*parts)


def references(text: str) -> Iterator[str]:
    """Yield the text between the braces of each `${…}` of a string, up to one that is not closed."""
    for match in _REFERENCE.finditer(text):
        if match.group() != "$${":
            if not match[2]:
                return
            yield match[1].strip()


def fill_all(template: str, scope: TemplateScope) -> tuple[Text, ...]:
    """Fill in a blueprint's template, once for each entry of the lists that it refers to.

    Raises LeftOutError for a field without a value or default, and UnknownReferenceError.
    """
    lists = {name: values for name in names(template) if isinstance(values := scope.get(name), tuple)}
    texts = []
    for entry in itertools.product(*lists.values()):
        filled: TemplateScope = {**scope, **dict(zip(lists, entry, strict=True))}
        texts.append(interpolate(template, partial(_value, scope=filled)))
    return tuple(texts)


def fill(template: str, scope: TemplateScope) -> Text:
    """Fill in a template that stands for one value. Raises as `fill_all` does, and LeftOutError for several values."""
    values = fill_all(template, scope)
    if len(values) != 1:
        raise LeftOutError(template)
    return values[0]


def names(template: str) -> tuple[str, ...]:
    """Return the names that a blueprint's template refers to, each once, in order."""
    inner = (match[1].strip() for match in _REFERENCE.finditer(template) if match[1] is not None)
    used = (name for reference in inner for name in (_parts(reference)[0], _parts(reference)[1]["other"]))
    return tuple(dict.fromkeys(name for name in used if name is not None))


def needed(template: str) -> frozenset[str]:
    """Return the names that a blueprint's template refers to without anything in their place."""
    inner = (match[1].strip() for match in _REFERENCE.finditer(template) if match[1] is not None)
    return frozenset(name for name, match in map(_parts, inner) if match["default"] is None and not match["either"])


def _parts(inner: str) -> tuple[str, re.Match[str]]:
    match = _TEMPLATE.fullmatch(inner)
    if match is None:
        raise UnknownReferenceError(inner)
    return match["name"] or match["lower"] or match["either"] or match["trim"], match


def _value(inner: str, scope: TemplateScope) -> Text | None:
    name, match = _parts(inner)
    if match["either"] and scope.get(name) is None:
        name = match["other"]
    value = scope.get(name)
    assert not isinstance(value, tuple)
    if value is None:
        if name in scope and match["default"] is None:
            raise LeftOutError(name)
        return None if name not in scope else Text.of(match["default"])
    if match["lower"]:
        return Text.of(*map(_lowered, value.parts))
    return value if match["trim"] is None else _trimmed(value, match["prefix"])


def _lowered(part: str | Ref) -> str | Ref:
    if isinstance(part, Ref):
        return part if part.expression in _LOWER_CASE else Ref(f"lower({part.expression})")
    return part.lower()


def _trimmed(value: Text, prefix: str) -> Text:
    """Return `value` without `prefix`; Terraform trims a reference, unless it cannot begin with that."""
    if not value.parts:
        return value
    first, *rest = value.parts
    if isinstance(first, Ref):
        if first.expression in _LOWER_CASE and not re.match("[a-z0-9]", prefix):
            return value
        return Text.of(Ref(f'trimprefix({first.expression}, "{prefix}")'), *rest)
    return Text.of(first.removeprefix(prefix), *rest)


def function_values(expression: str, value: str) -> Mapping[str, str]:
    """Return the value of a reference inside each function that templates have, by Terraform expression."""
    return {
        f'trimprefix({expression}, "/")': value.removeprefix("/"),
        f"lower({expression})": value.lower(),
    }
