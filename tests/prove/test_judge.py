"""Verdicts of the prover against an enumeration of all requests of a small universe."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Literal

import pytest

from cases import Cases
from condition_oracle import ALL, REGION, TAG, TAGS, allowing, contexts, keys_of
from rolewright.data import iam
from rolewright.prove import conditions, implication
from rolewright.prove.document import Atom
from rolewright.prove.promises import promise_broken
from rolewright.prove.table import Declared, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

FEW, MANY = 300, 20_000
"""How many pairs are judged in `make test`, and in `make soak`."""
ACTION, BUCKET = "s3:DeleteBucket", "arn:aws:s3:::reports"
OPERATORS = [
    f"{quantifier}{base}{if_exists}"
    for quantifier in ("", "", "", "ForAllValues:", "ForAnyValue:")
    for base in ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike")
    for if_exists in ("", "IfExists")
]
VALUES = ["a", "b", "ab", "a*", "?", "*", "x"]
VARIABLES = [
    "${aws:PrincipalTag/t}",
    "${aws:PrincipalTag/t}*",
    "${aws:PrincipalTag/t, 'a'}",
    "${aws:TagKeys}",
    "a${aws:RequestedRegion}",
]
SPELT = {REGION: "aws:RequestedRegion", TAG: "aws:PrincipalTag/t", TAGS: "aws:TagKeys"}


def condition(rng: random.Random, key: str) -> tuple[str, str, tuple[str, ...]]:
    if rng.random() < 0.12:
        return "Null", SPELT[key], (rng.choice(("true", "false")),)
    values = [rng.choice(VARIABLES if rng.random() < 0.3 else VALUES) for _ in range(rng.choice((1, 1, 2)))]
    return rng.choice(OPERATORS), SPELT[key], tuple(dict.fromkeys(values))


def statement(rng: random.Random, name: str) -> Declared:
    """Mostly several conditions on one key."""
    key = rng.choice((REGION, REGION, TAG, TAGS))
    keys = [
        key if rng.random() < 0.75 else rng.choice((REGION, TAG, TAGS)) for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))
    ]
    effect: Literal["Allow", "Deny"] = "Deny" if rng.random() < 0.2 else "Allow"
    found: dict[tuple[str, str], tuple[str, str, tuple[str, ...]]] = {}
    drawn = [condition(rng, k) for k in keys]
    if rng.random() < 0.3:  # a value that is given beside one that a variable brings
        drawn = [("StringEquals", SPELT[key], (rng.choice(VALUES),)), *drawn]
        drawn.append((rng.choice(OPERATORS), SPELT[key], (rng.choice(VARIABLES),)))
    for drawn_condition in drawn:
        found.setdefault((drawn_condition[0], drawn_condition[1]), drawn_condition)
    return Declared(effect, (ACTION,), (BUCKET,), tuple(found.values()), name)


def altered(rng: random.Random, declared: Sequence[Declared]) -> list[Declared]:
    """The same with one thing changed, so that both sides are near each other."""
    keys = (REGION, TAG, TAGS)
    return altered_with(rng, declared, lambda name: statement(rng, name), lambda: condition(rng, rng.choice(keys)))


def altered_with(
    rng: random.Random,
    declared: Sequence[Declared],
    another: Callable[[str], Declared],
    one_more: Callable[[], tuple[str, str, tuple[str, ...]]],
) -> list[Declared]:
    """The same with one thing changed, by what draws a statement and a condition."""
    changed = list(declared)
    match rng.randrange(5):
        case 0:
            changed.append(another("more"))
        case 1 if len(changed) > 1:
            changed.pop(rng.randrange(len(changed)))
        case 2:
            changed = [another(f"s{n}") for n in range(rng.choice((1, 2)))]
        case _:
            number = rng.randrange(len(changed))
            left = list(changed[number].conditions)
            if left and rng.random() < 0.6:
                left.pop(rng.randrange(len(left)))
            else:
                left.append(one_more())
            kept = {(operator, key): (operator, key, values) for operator, key, values in left}
            changed[number] = Declared(changed[number].effect, (ACTION,), (BUCKET,), tuple(kept.values()), "s")
    return changed


def pair(seed: int) -> tuple[list[Declared], list[Declared]]:
    rng = random.Random(seed)
    declared = [statement(rng, f"s{number}") for number in range(rng.choice((1, 1, 2, 3)))]
    return declared, altered(rng, declared)


def document(declared: Sequence[Declared]) -> dict[str, Any]:
    written = []
    for entry in declared:
        block: dict[str, dict[str, list[str]]] = {}
        for operator, key, values in entry.conditions:
            block.setdefault(operator, {})[key] = list(values)
        more = {"Condition": block} if block else {}
        written.append({"Effect": entry.effect, "Action": ACTION, "Resource": BUCKET, **more})
    return {"Version": "2012-10-17", "Statement": written}


def real(left: Sequence[Declared], right: Sequence[Declared]) -> set[str]:
    """The ways in which two policies differ in some request under some reading."""
    kinds: set[str] = set()
    for context in contexts(keys_of([*left, *right])):
        here, there = allowing(left, context), allowing(right, context)
        kinds |= {kind for kind, bits in (("undeclared", here & ~there), ("denied", there & ~here)) if bits}
    return kinds


def wrong(seed: int, seen: Counter[str]) -> str:
    """What the prover says of a pair that is not so, or nothing."""
    left, right = pair(seed)
    result = compare([document(left)], right, iam.expand)
    kinds = real(left, right)
    found = {difference.kind for difference in result.differences}
    seen["unknown" if result.unknown else "told"] += 1
    seen["differ" if kinds else "equal"] += 1
    if not result.unknown and kinds - found:
        return f"{kinds - found} is not seen"
    for difference in result.differences:
        context = dict(difference.context)
        answers = allowing(left, context), allowing(right, context)
        if answers != ((ALL, 0) if difference.kind == "undeclared" else (0, ALL)):
            return f"{difference.kind} with {context} is no difference"
    breach = promise_broken([document(left)], [ACTION], [BUCKET], iam.expand)
    if breach is None and any(allowing(left, context) for context in contexts(keys_of(left))):
        return "the promise holds, though it does not"
    return ""


def faults(seeds: range) -> tuple[list[tuple[int, str]], Counter[str]]:
    seen: Counter[str] = Counter()
    return [(seed, text) for seed in seeds if (text := wrong(seed, seen))], seen


def test_no_verdict_is_wrong(cases: Cases) -> None:
    pairs = cases.number(FEW, MANY)
    found, seen = faults(range(pairs))
    assert found == []
    assert seen["told"] > pairs * 0.5, seen
    assert min(seen["equal"], seen["differ"]) > pairs * 0.1, seen


def test_what_is_called_impossible_is_met_by_no_request(cases: Cases) -> None:
    pairs = cases.number(FEW, MANY)
    claimed = 0
    for seed in range(pairs):
        rng = random.Random(seed)
        drawn = {drawn_condition[0]: drawn_condition for drawn_condition in (condition(rng, REGION) for _ in range(3))}
        drawn["StringEquals"] = ("StringEquals", SPELT[REGION], (rng.choice(("a", "b", "x")),))
        entry = Declared("Allow", (ACTION,), (BUCKET,), tuple(drawn.values()), "s")
        if implication.impossible([Atom(*triple) for triple in entry.conditions]):
            claimed += 1
            assert not any(allowing([entry], context) for context in contexts(keys_of([entry]))), entry.conditions
    assert claimed > pairs // 5


def test_the_enumeration_finds_what_was_once_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy variable that was looked for in a context without it made a condition impossible."""

    def as_it_was(atoms: Sequence[Atom]) -> bool:
        for atom in atoms:
            if atom.operator != "StringEquals" or any("${" in value for value in atom.values):
                continue
            key = atom.key.lower()
            own = [other for other in atoms if other.key.lower() == key]
            if all(any(conditions.holds(o, {key: (v,)}, variables=True) is False for o in own) for v in atom.values):
                return True
        return False

    monkeypatch.setattr("rolewright.prove.table.impossible", as_it_was)
    found, _ = faults(range(300))
    assert found
