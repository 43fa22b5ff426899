"""What follows from a condition: does one imply another, and which requests fulfil it."""

from __future__ import annotations

import ipaddress
import itertools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rolewright.prove.conditions import Shape, has_variable, holds, plain, shape
from rolewright.prove.document import Atom
from rolewright.prove.match import Kind, compile_glob, outside, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ALTERNATIVES = 64
_CONTEXTS = 512
_GLOBS = {
    "stringlike": Kind.TEXT,
    "stringnotlike": Kind.TEXT,
    "arnlike": Kind.ARN,
    "arnequals": Kind.ARN,
    "arnnotlike": Kind.ARN,
    "arnnotequals": Kind.ARN,
}


def implies(given: Sequence[Atom], wanted: Sequence[Atom]) -> bool:
    """Whether every request that fulfils all of `given` fulfils all of `wanted`.

    True is proven; False may also mean that no single condition of `given` proves one of `wanted`.
    """
    return all(any(_implies(one, other) for one in given) for other in wanted)


def _implies(one: Atom, other: Atom) -> bool:
    if one.canonical == other.canonical:
        return True
    left, right = shape(one.operator), shape(other.operator)
    if one.key.lower() != other.key.lower() or left is None or right is None:
        return False
    if left.quantifier != right.quantifier or "null" in (left.base, right.base):
        return False
    if left.if_exists != right.if_exists and (left.if_exists or left.quantifier == "foranyvalue"):
        return False
    if left.base == right.base:
        if left.negated:
            return _all_within(other.values, one.values, _GLOBS.get(left.base))
        return _all_within(one.values, other.values, _GLOBS.get(left.base))
    if (left.base, right.base) == ("stringequals", "stringlike"):
        return not any("*" in v or "?" in v for v in one.values) and _all_within(one.values, other.values, Kind.TEXT)
    return False


def _all_within(inner: Sequence[str], outer: Sequence[str], kind: Kind | None) -> bool:
    """Whether each value of `inner` is one of `outer`, or a pattern that those of `outer` cover."""
    if kind is None:
        return set(inner) <= set(outer)
    judged = [v for v in outer if not has_variable(v) and (kind is Kind.TEXT or len(segments(v)) == 6)]
    return all(value in outer or (not has_variable(value) and outside(value, judged, kind) is None) for value in inner)


def impossible(atoms: Sequence[Atom]) -> bool:
    """Whether no request can fulfil all conditions, because one of them names the only values that may be.

    False may also mean that this is not seen.
    """
    for atom in atoms:
        parts = shape(atom.operator)
        if parts != Shape("stringequals", "", if_exists=False) or any("${" in v for v in atom.values):
            continue
        key = atom.key.lower()
        own = [other for other in atoms if other.key.lower() == key]
        if all(any(holds(o, {key: (v,)}, variables=True) is False for o in own) for v in atom.values):
            return True
    return False


def alternatives(atoms: Sequence[Atom]) -> tuple[tuple[Atom, ...], ...]:
    """The same conditions as a choice between conditions with a single value, where an operator allows it.

    Conditions that would make too many alternatives are left as they are.
    """
    choices = [_single(atom) for atom in atoms]
    amount = 1
    for choice in choices:
        amount *= len(choice)
    if amount > _ALTERNATIVES:
        return (tuple(atoms),)
    return tuple(itertools.product(*choices))


def _single(atom: Atom) -> list[Atom]:
    parts = shape(atom.operator)
    if parts is None or parts.negated or parts.quantifier == "forallvalues" or parts.base == "null":
        return [atom]
    return [Atom(atom.operator, atom.key, (value,)) for value in atom.values]


def contexts(given: Sequence[Atom], others: Sequence[Atom]) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Contexts that fulfil `given`, and between them fulfil and miss the conditions of `others`.

    Not all that exist: what comes out is meant to be put before the evaluator. Keys are in lower case.
    """
    keys = dict.fromkeys(atom.key.lower() for atom in (*given, *others))
    choices: list[list[tuple[str, tuple[str, ...]]]] = []
    for key in keys:
        own = [atom for atom in given if atom.key.lower() == key]
        values = [(), *dict.fromkeys(v for a in (*given, *others) if a.key.lower() == key for v in _tries(a))]
        fitting = [v for v in values if all(holds(a, {key: v}, variables=True) for a in own)]
        choices.append([(key, value) for value in fitting])
    for chosen in itertools.islice(itertools.product(*choices), _CONTEXTS):
        yield {key: values for key, values in chosen if values}


def _tries(atom: Atom) -> Iterator[tuple[str, ...]]:
    """Values for a key that fulfil a condition, and some that do not."""
    parts = shape(atom.operator)
    if parts is None or parts.base == "null":
        yield ("x",)
        return
    for value in atom.values:
        yield from ((text,) for text in _values(parts, value))
    if parts.quantifier:
        yield tuple(atom.values)


def _values(parts: Shape, value: str) -> Iterator[str]:
    """The value of a condition itself, and neighbours of it of the same type."""
    try:
        if parts.base.startswith("numeric"):
            yield from (value, str(int(value) - 1), str(int(value) + 1))
        elif parts.base.startswith("date"):
            moment = datetime.fromisoformat(value)
            yield from (value, *((moment + timedelta(days=n)).isoformat() for n in (-1, 1)))
        elif "ipaddress" in parts.base:
            network = ipaddress.ip_network(value, strict=False)
            yield from (str(network[0]), "203.0.113.9", "2001:db8::9")
        elif parts.base == "bool":
            yield from ("true", "false")
        elif parts.base == "binaryequals":
            yield from (value, "eA==")
        elif parts.base.startswith("arn"):
            yield from (compile_glob(value).example("x"), "arn:aws:x:x:x:x")
        else:
            like = _GLOBS.get(parts.base)
            literal = plain(value) if like is None else compile_glob(value, like).example("x")
            yield from (literal, f"{literal}-x", f"x-{literal}")
    except ValueError:
        yield value
