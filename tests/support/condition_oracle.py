"""A second evaluator of conditions, by enumeration: every context of a small universe, under every reading of AWS.

Written from the IAM User Guide ("IAM JSON policy elements: Condition operators", "Multivalued context keys",
"Variables and tags") without the product's own code. Where the guide leaves something open, all readings count:
a verdict has to be right under each of them.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.prove.table import Declared

    Condition = tuple[str, str, tuple[str, ...]]
    Context = Mapping[str, tuple[str, ...]]

REGION, TAG, TAGS = "aws:requestedregion", "aws:principaltag/t", "aws:tagkeys"
UNIVERSE: dict[str, list[tuple[str, ...]]] = {
    REGION: [(), ("a",), ("b",), ("ab",), ("x",), ("",)],
    TAG: [(), ("a",), ("b",), ("a*",), ("",)],
    TAGS: [(), ("a",), ("b",), ("a", "b"), ("ab", "x")],
}
"""The values that each key may have; the first two have one at the most."""

_VARIABLE = re.compile(r"\$\{([^{},\s]+:[^{},]*?)(?:, *'([^']*)')?\}")


@dataclass(frozen=True)
class Reading:
    """What AWS does where its guide is silent.

    `several`: an operator without a set word on a key with several values holds for any of them, for all, or never.
    `missing`: a negated operator whose variable the request lacks holds. `any_missing`: so does ForAnyValue with
    IfExists on an absent key. `many`: a variable with several values matches.
    """

    several: str
    missing: bool
    any_missing: bool
    many: bool


READINGS = [
    Reading(several, *flags)
    for several in ("any", "all", "never")
    for flags in itertools.product((True, False), repeat=3)
]


@cache
def _pattern(text: str) -> re.Pattern[str]:
    wild = {"*": "(?s:.*)", "?": "(?s:.)"}
    return re.compile("".join(wild.get(c, re.escape(c)) for c in text))


def _parts(operator: str) -> tuple[str, str, bool]:
    quantifier, _, base = operator.lower().rpartition(":")
    return quantifier, base.removesuffix("ifexists"), base.endswith("ifexists")


def _matches(base: str, wanted: str, given: str, context: Context, reading: Reading) -> bool | None:
    """Whether one value of the policy matches one of the request; None where a variable is missing."""
    literal: dict[str, str] = {}
    absent = many = False

    def value(found: re.Match[str]) -> str:
        nonlocal absent, many
        values = context.get(found[1].lower(), ())
        many = many or len(values) > 1
        if not values and found[2] is None:
            absent = True
        mark = chr(0xE000 + len(literal))
        literal[mark] = values[0] if values else found[2] or ""
        return mark

    text = _VARIABLE.sub(value, wanted)
    if absent:
        return None
    if many:
        return reading.many
    if "like" in base:
        pieces = [re.escape(literal[c]) if c in literal else _pattern(c).pattern for c in text]
        return re.fullmatch("".join(pieces), given) is not None
    return "".join(literal.get(c, c) for c in text) == given


def holds(condition: Condition, context: Context, reading: Reading) -> bool:
    operator, key, values = condition
    quantifier, base, if_exists = _parts(operator)
    given = context.get(key.lower(), ())
    if base == "null":
        return any((value == "true") == (not given) for value in values)
    negated = "not" in base
    if not given:
        if quantifier == "foranyvalue":
            return reading.any_missing if if_exists else False
        return if_exists or negated or quantifier == "forallvalues"

    def one(value: str) -> bool:
        found = [_matches(base, wanted, value, context, reading) for wanted in values]
        if not negated:
            return True in found
        return not any(found) and (None not in found or reading.missing)

    answers = [one(value) for value in given]
    if quantifier:
        return any(answers) if quantifier == "foranyvalue" else all(answers)
    if len(answers) == 1:
        return answers[0]
    return {"any": any(answers), "all": all(answers), "never": False}[reading.several]


@cache
def _keys(condition: Condition) -> tuple[str, ...]:
    """The keys that a condition depends on, its policy variables included."""
    _, key, values = condition
    return tuple(sorted({key.lower(), *(found[1].lower() for v in values for found in _VARIABLE.finditer(v))}))


def keys_of(declared: Sequence[Declared]) -> list[str]:
    """The keys that some statements speak of."""
    return sorted({key for entry in declared for condition in entry.conditions for key in _keys(condition)})


def contexts(keys: Sequence[str]) -> Iterator[dict[str, tuple[str, ...]]]:
    for chosen in itertools.product(*(UNIVERSE[key] for key in keys)):
        yield {key: values for key, values in zip(keys, chosen, strict=True) if values}


@cache
def _readings(condition: Condition, values: tuple[tuple[str, ...], ...]) -> int:
    """The readings under which a condition holds, as bits; `values` are those of the keys that it depends on."""
    context = dict(zip(_keys(condition), values, strict=True))
    return sum(1 << n for n, reading in enumerate(READINGS) if holds(condition, context, reading))


ALL = (1 << len(READINGS)) - 1


def allowing(declared: Sequence[Declared], context: Context) -> int:
    """The readings under which statements on one action and one resource allow it, as bits."""
    met = {"Allow": 0, "Deny": 0}
    for entry in declared:
        held = ALL
        for condition in entry.conditions:
            held &= _readings(condition, tuple(context.get(key, ()) for key in _keys(condition)))
        met[entry.effect] |= held
    return met["Allow"] & ~met["Deny"]
