"""Texts that a regular expression could take long for, from its own syntax tree."""

from __future__ import annotations

import itertools
import re
from re import _constants as constants
from re import _parser as parser
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TAILS = ("\x01", "\n!")
MANY = 100
"""Repeats up to that are a constant."""
_CATEGORIES: dict[Any, str] = {
    constants.CATEGORY_DIGIT: "1",
    constants.CATEGORY_NOT_DIGIT: "a",
    constants.CATEGORY_SPACE: " ",
    constants.CATEGORY_NOT_SPACE: "a",
    constants.CATEGORY_WORD: "a",
    constants.CATEGORY_NOT_WORD: "-",
}
_PROBES = "a1A-_. :/=\"'\t\n,;(){}[]*${}@#é"
_REPEATS = (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT)


def attacks(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """What stands before and what is repeated. Each unit is tried with every kind of tail."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    found: dict[tuple[str, str], None] = {}
    for before, unit in _repeated(tree, ""):
        found["", unit] = None
        found[before, unit] = None
        found["", before + unit] = None
    units = list(dict.fromkeys(unit for _, unit in found))[:12]
    for first, second in itertools.pairwise(units):
        found["", first + second] = None
    if units:
        found["", _sample(tree)] = None
    return (one for one in found if one[1])


def _repeated(tree: Iterable[Any], before: str) -> Iterator[tuple[str, str]]:
    """Every repeated part, with a text that leads to it."""
    for op, value in tree:
        if op in _REPEATS:
            _, most, inner = value
            if most > MANY:
                yield before, _sample(inner)
                yield from ((before, one) for one in _choices(inner))
            yield from _repeated(inner, before)
        elif op is constants.SUBPATTERN:
            yield from _repeated(value[3], before)
        elif op is constants.ATOMIC_GROUP:
            yield from _repeated(value, before)
        elif op is constants.BRANCH:
            for branch in value[1]:
                yield from _repeated(branch, before)
        elif op in (constants.ASSERT, constants.ASSERT_NOT):
            yield from _repeated(value[1], before)
        before += _one(op, value)


def _choices(tree: Iterable[Any]) -> Iterator[str]:
    """Each literal, class and branch in a part."""
    for op, value in tree:
        if op is constants.BRANCH:
            yield from map(_sample, value[1])
        elif op is constants.SUBPATTERN:
            yield from _choices(value[3])
        elif op in _REPEATS:
            yield from _choices(value[2])
        else:
            yield _one(op, value)


def _sample(tree: Iterable[Any]) -> str:
    """A text that the part takes, or nearly."""
    return "".join(_one(op, value) for op, value in tree)


def _one(op: Any, value: Any) -> str:
    if op is constants.LITERAL:
        return chr(value)
    if op in (constants.NOT_LITERAL, constants.ANY):
        return "a" if value != ord("a") else "b"
    if op is constants.IN:
        return _member(value)
    if op is constants.BRANCH:
        return _sample(value[1][0])
    if op in (constants.SUBPATTERN, constants.ATOMIC_GROUP):
        return _sample(value[3] if op is constants.SUBPATTERN else value)
    if op in _REPEATS:
        least: int = value[0]
        return _sample(value[2]) * max(1, min(least, 40))
    return ""


def _member(items: list[tuple[Any, Any]]) -> str:
    """A character of a set."""
    if items[0][0] is constants.NEGATE:
        return next((one for one in _PROBES if not _holds(items[1:], one)), "a")
    op, value = items[0]
    if op is constants.CATEGORY:
        return _CATEGORIES[value]
    return chr(value[0] if op is constants.RANGE else value)


def _holds(items: list[tuple[Any, Any]], character: str) -> bool:
    for op, value in items:
        if op is constants.LITERAL and value == ord(character):
            return True
        if op is constants.RANGE and value[0] <= ord(character) <= value[1]:
            return True
        if op is constants.CATEGORY:
            kinds = {constants.CATEGORY_DIGIT: r"\d", constants.CATEGORY_SPACE: r"\s", constants.CATEGORY_WORD: r"\w",
                     constants.CATEGORY_NOT_DIGIT: r"\D", constants.CATEGORY_NOT_SPACE: r"\S",
                     constants.CATEGORY_NOT_WORD: r"\W"}  # fmt: skip
            if re.match(kinds[value], character):
                return True
    return False
