"""Implication of conditions against the evaluator: what is claimed has to hold for every context tried."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolewright.prove.conditions import holds
from rolewright.prove.document import Atom
from rolewright.prove.implication import alternatives, contexts, implies, impossible

OPERATORS = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"]
WRITTEN = [
    f"{quantifier}{operator}{if_exists}"
    for quantifier in ("", "ForAllValues:", "ForAnyValue:")
    for operator in OPERATORS
    for if_exists in ("", "IfExists")
]
TEXTS = ["a", "b", "ab", "ba", "x", ""]


def context_of(*texts: str) -> dict[str, tuple[str, ...]]:
    return {"a:k": texts} if texts else {}


CONTEXTS = [context_of(*texts) for amount in range(3) for texts in itertools.combinations(TEXTS, amount)]
ATOMS = st.one_of(
    st.builds(
        Atom,
        st.sampled_from(WRITTEN),
        st.sampled_from(["a:k", "A:K"]),
        st.lists(st.sampled_from(["a", "b", "a*", "?", "*", "ab"]), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(Atom, st.just("Null"), st.just("a:k"), st.sampled_from([("true",), ("false",)])),
)


def all_hold(atoms: list[Atom] | tuple[Atom, ...], context: dict[str, tuple[str, ...]]) -> bool | None:
    truths = [holds(atom, context, variables=True) for atom in atoms]
    return False if False in truths else None if None in truths else True


@given(st.lists(ATOMS, max_size=3), st.lists(ATOMS, min_size=1, max_size=2))
@settings(max_examples=600)
def test_what_is_implied_holds_in_every_context(premises: list[Atom], conclusions: list[Atom]) -> None:
    if implies(premises, conclusions):
        for context in CONTEXTS:
            if all_hold(premises, context) is True:
                assert all_hold(conclusions, context) is True, context


@given(st.lists(ATOMS, max_size=3))
def test_alternatives_say_the_same(atoms: list[Atom]) -> None:
    for context in CONTEXTS:
        before = all_hold(atoms, context)
        after = [all_hold(choice, context) for choice in alternatives(atoms)]
        assert (before is True) == (True in after)


@given(st.lists(ATOMS, max_size=3))
def test_what_is_impossible_never_holds(atoms: list[Atom]) -> None:
    if impossible(atoms):
        assert not any(all_hold(atoms, context) for context in CONTEXTS)


@given(st.lists(ATOMS, max_size=2), st.lists(ATOMS, max_size=2))
def test_every_context_fulfils_what_it_is_made_for(given_: list[Atom], others: list[Atom]) -> None:
    for context in itertools.islice(contexts(given_, others), 50):
        assert all_hold(given_, dict(context)) is True


@pytest.mark.parametrize(
    ("premise", "conclusion", "expected"),
    [
        (("StringEquals", "a:k", ("a",)), ("StringEquals", "A:K", ("b", "a")), True),
        (("StringEquals", "a:k", ("a", "c")), ("StringEquals", "a:k", ("b", "a")), False),
        (("StringLike", "a:k", ("in/a*",)), ("StringLike", "a:k", ("in/*",)), True),
        (("StringLike", "a:k", ("in/*",)), ("StringLike", "a:k", ("in/a*",)), False),
        (("StringEquals", "a:k", ("in/a",)), ("StringLike", "a:k", ("in/*",)), True),
        (("StringEquals", "a:k", ("in/*",)), ("StringLike", "a:k", ("in/a*",)), False),
        (("StringLike", "a:k", ("${aws:username}/a",)), ("StringLike", "a:k", ("$*",)), False),
        (("StringEquals", "a:k", ("a",)), ("StringEqualsIfExists", "a:k", ("a",)), True),
        (("StringEqualsIfExists", "a:k", ("a",)), ("StringEquals", "a:k", ("a",)), False),
        (("StringNotEquals", "a:k", ("a", "b")), ("StringNotEquals", "a:k", ("a",)), True),
        (("StringNotEquals", "a:k", ("a",)), ("StringNotEquals", "a:k", ("a", "b")), False),
        (
            ("ArnLike", "a:k", ("arn:aws:sns:eu-west-1:1:t",)),
            ("ArnLike", "a:k", ("arn:aws:sns:*:1:*",)),
            True,
        ),
        (("ArnLike", "a:k", ("arn:aws:sns:r:1:t",)), ("ArnLike", "a:k", ("arn:aws:sns:*",)), False),
        (("Null", "a:k", ("false",)), ("Null", "a:k", ("true", "false")), False),
        (("StringMatches", "a:k", ("a",)), ("StringMatches", "a:k", ("a", "b")), False),
        (("StringMatches", "a:k", ("a", "b")), ("StringMatches", "a:k", ("b", "a")), True),
    ],
)
def test_one_condition_implies_another(
    premise: tuple[str, str, tuple[str, ...]], conclusion: tuple[str, str, tuple[str, ...]], expected: bool
) -> None:
    assert implies([Atom(*premise)], [Atom(*conclusion)]) is expected


@pytest.mark.parametrize(
    "atom",
    [
        Atom("NumericLessThan", "a:k", ("3",)),
        Atom("DateGreaterThan", "a:k", ("2026-01-01T00:00:00Z",)),
        Atom("NotIpAddress", "a:k", ("10.0.0.0/8",)),
        Atom("BinaryEquals", "a:k", ("QUI=",)),
        Atom("Bool", "a:k", ("false",)),
        Atom("ArnNotLike", "a:k", ("arn:aws:sns:*:1:*",)),
    ],
)
def test_contexts_fulfil_and_miss_a_condition_of_every_type(atom: Atom) -> None:
    found = {holds(atom, context, variables=True) for context in contexts([], [atom]) if context}
    assert found == {True, False}
