"""A draft: the entries of a manifest that come nearest to what was asked for, as values and as YAML."""

from __future__ import annotations

import itertools
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.manifest.placeholders import placeholder
from rolewright.yaml.load import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rolewright.prove.document import Conditions

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = {"true", "false", "null"}


@dataclass(frozen=True)
class AskedAction:
    """An action, or a pattern of actions, on a resource under conditions; `origins` say where it was asked for."""

    action: str
    resource: str
    conditions: Conditions
    origins: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One resource of the manifest, for `items`.

    `filled_in` are the fields whose value is made up, since it is not clear which one is meant, each with the pattern
    of what may be meant, "" for anything.
    """

    key: str
    type: str
    fields: Mapping[str, Any]
    access: tuple[str, ...]
    filled_in: Mapping[str, str]
    items: tuple[AskedAction, ...]

    @property
    def asked(self) -> tuple[tuple[str, str], ...]:
        """Return the actions that it is there for, each with the ARN that it was asked for on."""
        return tuple(dict.fromkeys((item.action, item.resource) for item in self.items))


@dataclass(frozen=True)
class Rest:
    """One entry of `statements`, as a manifest writes it: `$${` for `${`. `origins` say where it was asked for."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    reason: str
    origins: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unsaid:
    """A part of a policy that no manifest can express, as the policy has it, and why."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions
    why: str
    origins: tuple[str, ...]


@dataclass(frozen=True)
class TakenPattern:
    """A pattern of actions on a resource: which of them entries have, which are statements, and which do nothing."""

    item: AskedAction
    taken: tuple[str, ...]
    left: tuple[str, ...]
    idle: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """The sections `resources` and `statements` of a manifest, and what is in neither."""

    entries: tuple[Entry, ...]
    rest: tuple[Rest, ...]
    idle: tuple[tuple[str, str], ...] = ()
    """Actions with resources that they cannot be asked for on: AWS allows nothing by them."""
    unsaid: tuple[Unsaid, ...] = ()
    patterns: tuple[TakenPattern, ...] = ()
    """The patterns of actions that are not in it as patterns, since entries have some of their actions."""


def statements(items: Iterable[AskedAction], reason: str) -> list[Rest]:
    """Return items as statements, joined where conditions and actions, or conditions and resource, are the same."""
    asked: dict[tuple[Conditions, str], dict[str, tuple[str, ...]]] = defaultdict(dict)
    for item in items:
        asked[item.conditions, item.resource][item.action] = item.origins
    merged: dict[tuple[Conditions, tuple[str, ...]], dict[str, dict[str, None]]] = defaultdict(dict)
    for (conditions, resource), actions in asked.items():
        origins = dict.fromkeys(origin for named in actions.values() for origin in named)
        merged[conditions, tuple(sorted(actions))][resource] = origins
    return [
        Rest(
            actions,
            tuple(sorted(map(escaped, resources))),
            tuple((operator, key, tuple(map(escaped, values))) for operator, key, values in conditions),
            reason,
            tuple(dict.fromkeys(itertools.chain.from_iterable(resources.values()))),
        )
        for (conditions, actions), resources in merged.items()
    ]


def escaped(text: str) -> str:
    """Return a text as a manifest writes it, where `${` would begin a reference."""
    return text.replace("${", "$${")


def unescaped(text: str) -> str:
    """Return the text that a manifest's string without references stands for."""
    return text.replace("$${", "${")


def draft_text(
    made: Draft, asked: Mapping[tuple[str, str], str] | None = None, unknown: Mapping[str, str] | None = None
) -> str:
    """Return the two sections as YAML, with a comment where something has to be filled in; "" for none.

    `asked` has the comment for an action on an ARN, above the entry that it led to. `unknown` says what is missing
    where a value only holds a place: with it a placeholder stands for each such value, and for each that is made up, so
    that the manifest is refused until it is filled in.
    """
    comments = asked or {}
    lines: list[str] = []
    if made.entries:
        lines.append("resources:")
        for entry in made.entries:
            lines += [f"  # {comments[pair]}" for pair in entry.asked if pair in comments]
            lines += [f"  {entry.key}:", f"    type: {entry.type}"]
            for name, value in entry.fields.items():
                lines.append(f"    {name}: {_yaml(_asked_for(entry, name, value, unknown))}")
            lines.append(f"    access: {_yaml(list(entry.access))}")
    if made.rest:
        lines.append("statements:")
        for rest in made.rest:
            pairs = itertools.product(rest.actions, rest.resources)
            lines += [f"  # {comments[pair]}" for pair in pairs if pair in comments]
            lines += _statement(rest, unknown or {})
    return "".join(f"{line}\n" for line in lines)


def _statement(rest: Rest, unknown: Mapping[str, str]) -> list[str]:
    lines = [
        f"  - actions: {_yaml(list(rest.actions))}",
        f"    resources: {_yaml([_with_placeholders(resource, unknown) for resource in rest.resources])}",
    ]
    if rest.conditions:
        nested: dict[str, dict[str, list[str]]] = defaultdict(dict)
        for operator, key, values in rest.conditions:
            nested[operator][key] = list(values)
        lines.append(f"    conditions: {_yaml(nested)}")
    return [*lines, f"    reason: {quoted(rest.reason)}"]


def _asked_for(entry: Entry, name: str, value: Any, unknown: Mapping[str, str] | None) -> Any:  # noqa: ANN401 - JSON
    """Return a value of an entry, with placeholders for what is not known; unchanged where `unknown` is None."""
    if unknown is None:
        return value
    if name in entry.filled_in:
        pattern = entry.filled_in[name]
        asked = placeholder(f"which one of {pattern} is meant" if pattern else "it is not clear which one is meant")
        return [asked] if isinstance(value, list) else asked
    if isinstance(value, list):
        return [_with_placeholders(inner, unknown) if isinstance(inner, str) else inner for inner in value]
    return _with_placeholders(value, unknown) if isinstance(value, str) else value


def _with_placeholders(text: str, unknown: Mapping[str, str]) -> str:
    """Return a text with a placeholder for what only holds a place in it."""
    held = [candidate for candidate in unknown if candidate in text]
    mark = max(held, key=len, default="")
    return text.replace(mark, placeholder(unknown[mark])) if mark else text


def _yaml(value: Any) -> str:  # noqa: ANN401 - JSON
    match value:
        case list():
            return f"[{', '.join(map(_yaml, value))}]"
        case dict():
            return f"{{{', '.join(f'{quoted(key)}: {_yaml(inner)}' for key, inner in value.items())}}}"
        case str():
            return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else quoted(value)
        case _:
            return json.dumps(value)
