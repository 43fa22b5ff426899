"""Implication: whether some conditions imply others, and which requests meet them."""

from __future__ import annotations

import ipaddress
import itertools
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.prove.conditions import Shape, has_variable, holds, plain, resolved, shape, variables_in
from rolewright.prove.document import Atom
from rolewright.prove.match import Kind, compile_glob, opened, outside, segments, widened

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ALTERNATIVES = 64
_ASSIGNMENTS = 32
_CONTEXTS = 512
_GLOBS = {
    "stringlike": Kind.TEXT,
    "stringnotlike": Kind.TEXT,
    "arnlike": Kind.ARN,
    "arnequals": Kind.ARN,
    "arnnotlike": Kind.ARN,
    "arnnotequals": Kind.ARN,
}


def implies(premises: Sequence[Atom], conclusions: Sequence[Atom]) -> bool:
    """Return whether every request that meets all of `premises` meets all of `conclusions`.

    True is proven; False may also mean that no single condition of `premises` proves one of `conclusions`.
    """
    return all(any(_implies(premise, conclusion) for premise in premises) for conclusion in conclusions)


def _implies(premise: Atom, conclusion: Atom) -> bool:
    if premise.canonical == conclusion.canonical:
        return True
    premise_shape, conclusion_shape = shape(premise.operator), shape(conclusion.operator)
    if premise.key.lower() != conclusion.key.lower() or premise_shape is None or conclusion_shape is None:
        return False
    if premise_shape.quantifier != conclusion_shape.quantifier or "null" in (premise_shape.base, conclusion_shape.base):
        return False
    if premise_shape.if_exists != conclusion_shape.if_exists and (
        premise_shape.if_exists or premise_shape.quantifier == "foranyvalue"
    ):
        return False
    if premise_shape.base == conclusion_shape.base:
        if premise_shape.negated:
            return _all_within(conclusion.values, premise.values, _GLOBS.get(premise_shape.base))
        return _all_within(premise.values, conclusion.values, _GLOBS.get(premise_shape.base))
    if (premise_shape.base, conclusion_shape.base) == ("stringequals", "stringlike"):
        return not any("*" in v or "?" in v for v in premise.values) and _all_within(
            premise.values, conclusion.values, Kind.TEXT
        )
    return False


def _all_within(inner: Sequence[str], outer: Sequence[str], kind: Kind | None) -> bool:
    """Return whether each value of `inner` is one of `outer`, or a pattern that those of `outer` cover."""
    if kind is None:
        return set(inner) <= set(outer)
    judged = [v for v in outer if not has_variable(v) and (kind is Kind.TEXT or len(segments(v)) == 6)]
    return all(value in outer or (not has_variable(value) and outside(value, judged, kind) is None) for value in inner)


def impossible(atoms: Sequence[Atom]) -> bool:
    """Return whether no request can meet all conditions, because the others exclude every value that one allows.

    True is proven; False may also mean that it could not be shown. Only conditions that can be judged from their
    own key take part, since the value of a policy variable is not known here.
    """
    for atom in atoms:
        key = atom.key.lower()
        if shape(atom.operator) != Shape("stringequals", "", if_exists=False) or not _judged_alone(atom):
            continue
        if not iam.single_valued(key):
            continue
        own = [candidate for candidate in atoms if candidate.key.lower() == key and _judged_alone(candidate)]
        if all(any(holds(o, {key: (plain(v),)}, variables=True) is False for o in own) for v in atom.values):
            return True
    return False


def _judged_alone(atom: Atom) -> bool:
    """Return whether the condition depends on nothing but the value of its own key."""
    return all(_is_known(value) for value in atom.values)


def _is_known(value: str) -> bool:
    """Return whether a value has neither a policy variable, a token nor a symbol."""
    return opened(widened(value)) == value


def alternatives(atoms: Sequence[Atom]) -> tuple[tuple[Atom, ...], ...]:
    """Split conditions into alternatives with a single value each, where the operator allows it.

    Conditions that would make too many alternatives are left as they are, and so are those without a set operator
    on a key that may have several values, whose meaning AWS does not document.
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
    if not parts.quantifier and not iam.single_valued(atom.key):
        return [atom]
    return [Atom(atom.operator, atom.key, (value,)) for value in atom.values]


def contexts(required: Sequence[Atom], tested: Sequence[Atom]) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Yield contexts that meet all of `required`; some of them meet the conditions of `tested`, and some do not.

    They are not all that exist, but samples for the evaluator. Keys are in lower case. Policy variables get their
    values first, so that conditions that use them can be met.
    """
    atoms = (*required, *tested)
    tried = itertools.chain.from_iterable(
        _contexts(required, atoms, dict(chosen)) for chosen in itertools.islice(_assignments(atoms), _ASSIGNMENTS)
    )
    for context in itertools.islice(tried, _CONTEXTS):
        if all(holds(atom, context, variables=True) is True for atom in required):
            yield context


def _assignments(atoms: Sequence[Atom]) -> Iterator[tuple[tuple[str, tuple[str, ...]], ...]]:
    """Yield values for the keys that policy variables refer to: none, those that conditions name, an arbitrary one."""
    using = {key: [a for a in atoms if key in _references(a)] for atom in atoms for key in _references(atom)}
    choices = []
    for key, users in using.items():
        near = [a for a in atoms if a.key.lower() in (key, *(user.key.lower() for user in users))]
        named_values = (
            next(_values(parts, v)) for a in near if (parts := shape(a.operator)) for v in a.values if _is_known(v)
        )
        choices.append([(key, value) for value in (*((text,) for text in dict.fromkeys(("x", *named_values))), ())])
    return itertools.product(*choices)


def _references(atom: Atom) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for value in atom.values for key in variables_in(value)))


def _contexts(
    required: Sequence[Atom], atoms: Sequence[Atom], variables: Mapping[str, tuple[str, ...]]
) -> Iterator[Mapping[str, tuple[str, ...]]]:
    """Yield contexts with these values of variables, in which each key alone meets those of `required` on it."""
    choices: list[list[tuple[str, tuple[str, ...]]]] = []
    for key in dict.fromkeys(atom.key.lower() for atom in atoms):
        own = [atom for atom in required if atom.key.lower() == key]
        values = (
            [variables[key]]
            if key in variables
            else [
                (),
                *(dict.fromkeys(v for a in atoms if a.key.lower() == key for v in _tries(a, variables)) or [("x",)]),
            ]
        )
        fitting = [v for v in values if all(holds(a, {**variables, key: v}, variables=True) is True for a in own)]
        choices.append([(key, value) for value in fitting])
    for chosen in itertools.product(*choices):
        yield {key: values for key, values in {**variables, **dict(chosen)}.items() if values}


def _tries(atom: Atom, variables: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield values for a key that meet a condition, and some that do not; none where the value does not matter."""
    parts = shape(atom.operator)
    if parts is None or parts.base == "null":
        return
    resolved_values = [text for value in atom.values if (text := resolved(value, variables)) is not None]
    for value in resolved_values:
        yield from ((text,) for text in _values(parts, value))
    if parts.quantifier and resolved_values:
        yield tuple(plain(value) for value in resolved_values)


def _values(parts: Shape, value: str) -> Iterator[str]:
    """Yield the value of a condition itself, and neighbours of it of the same type."""
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
            kind = _GLOBS.get(parts.base)
            literal = plain(value) if kind is None else compile_glob(value, kind).example("x")
            yield from (literal, f"{literal}-x", f"x-{literal}")
            if kind is not None:
                yield compile_glob(value, kind).example("")
    except ValueError:
        yield value
