"""Exactness against the evaluator over a small universe, and mutations that have to be found."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import generated
from rolewright.core import model
from rolewright.core.finding import Location
from rolewright.core.text import Condition, Ref, Text
from rolewright.data import iam
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.match import matches, neighbours
from rolewright.prove.table import AccessDifference, Declared, TableResult, compare, ground, trespasses

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

ACTIONS = ["s3:GetObject", "s3:PutObject"]
NAMES = ["", "a", "b", "aa", "ab", "ba", "a:", "x", "${t.arn}"]
RESOURCES = ["*", "a", "a*", "*a", "?", "a?", "b*a", "${t.arn}"]
CONDITIONS: list[tuple[tuple[str, str, tuple[str, ...]], ...]] = [
    (),
    (("StringEquals", "a:k", ("x",)),),
    (("StringEquals", "a:k", ("x", "y")),),
    (("StringLike", "A:K", ("x*",)),),
    (("StringNotEquals", "a:k", ("x",)),),
    (("Null", "a:k", ("false",)),),
    (("StringEqualsIfExists", "a:k", ("y",)), ("Bool", "a:t", ("true",))),
]
CONTEXTS: list[dict[str, tuple[str, ...]]] = [
    {**k, **t}
    for k in ({}, {"a:k": ("x",)}, {"a:k": ("y",)}, {"a:k": ("xx",)}, {"a:k": ("z",)})
    for t in ({}, {"a:t": ("true",)}, {"a:t": ("false",)})
]
UNIVERSE = [
    Request(action, f"arn:aws:s3:::b/{name}", context)
    for action, name, context in itertools.product(ACTIONS, NAMES, CONTEXTS)
]


def entries(
    conditions: Sequence[tuple[tuple[str, str, tuple[str, ...]], ...]],
) -> st.SearchStrategy[Declared]:
    return st.builds(
        Declared,
        st.sampled_from(["Allow", "Allow", "Deny"]),
        st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2, unique=True).map(tuple),
        st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True).map(
            lambda names: tuple(f"arn:aws:s3:::b/{name}" for name in names)
        ),
        st.sampled_from(conditions),
        st.just("resources.b"),
    )


def document(declared: Sequence[Declared]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": f"S{number}",
                "Effect": entry.effect,
                "Action": list(entry.actions),
                "Resource": list(entry.resources),
                **({"Condition": block(entry)} if entry.conditions else {}),
            }
            for number, entry in enumerate(declared)
        ],
    }


def block(entry: Declared) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for operator, key, values in entry.conditions:
        found.setdefault(operator, {})[key] = list(values)
    return found


def check_against_the_evaluator(left: list[Declared], right: list[Declared]) -> TableResult:
    result = compare([document(left)], right, iam.expand)
    kinds = set()
    for request in UNIVERSE:
        here = decide([document(left)], request) is Decision.ALLOWED
        there = decide([document(right)], request) is Decision.ALLOWED
        kinds |= {"undeclared"} if here and not there else {"denied"} if there and not here else set()
    found = {difference.kind for difference in result.differences}
    if not result.unknown:
        assert kinds <= found
    for difference in result.differences:
        request = Request(difference.action, difference.resource, dict(difference.context))
        answers = (decide([document(left)], request), decide([document(right)], request))
        assert (answers[0] is Decision.ALLOWED) == (difference.kind == "undeclared")
        assert (answers[1] is Decision.ALLOWED) == (difference.kind == "denied")
    return result


@generated(80, 200)
@given(st.lists(entries([()]), max_size=4), st.lists(entries([()]), max_size=4))
def test_without_conditions_the_comparison_is_exact(left: list[Declared], right: list[Declared]) -> None:
    assert check_against_the_evaluator(left, right).unknown == ()


@generated(80, 200)
@given(st.lists(entries(CONDITIONS), max_size=3), st.lists(entries(CONDITIONS), max_size=3))
def test_with_conditions_a_pass_is_proof_and_a_difference_is_real(left: list[Declared], right: list[Declared]) -> None:
    check_against_the_evaluator(left, right)


@given(st.lists(entries(CONDITIONS), min_size=1, max_size=4), st.randoms())
@settings(max_examples=100, deadline=None)
def test_what_is_declared_is_exact_however_it_is_written(declared: list[Declared], rng: random.Random) -> None:
    written = document(declared)
    rng.shuffle(written["Statement"])
    for statement in written["Statement"]:
        rng.shuffle(statement["Action"])
        rng.shuffle(statement["Resource"])
    assert compare([written], declared, iam.expand) == TableResult((), ())


SMALL = st.lists(entries(CONDITIONS), max_size=2)


@generated(100, 300)
@given(SMALL, SMALL, SMALL)
def test_a_trespass_is_allowed_and_declared_for_the_other_alone(
    written: list[Declared], own: list[Declared], others: list[Declared]
) -> None:
    result = trespasses([document(written)], own, others, iam.expand)
    for found in result.differences:
        request = Request(found.action, found.resource, dict(found.context))
        answers = [decide([document(side)], request) is Decision.ALLOWED for side in (written, own, others)]
        assert answers == [True, False, True]
    if not result.differences and not result.unknown:
        for request in UNIVERSE:
            answers = [decide([document(side)], request) is Decision.ALLOWED for side in (written, own, others)]
            assert answers != [True, False, True]


@given(SMALL, SMALL)
@settings(max_examples=100, deadline=None)
def test_what_is_written_as_declared_is_no_trespass_whatever_others_have(
    own: list[Declared], others: list[Declared]
) -> None:
    assert trespasses([document(own)], own, others, iam.expand) == TableResult((), ())


GRANTS = [
    Declared(
        "Allow",
        ("s3:GetObject",),
        ("arn:aws:s3:::uploads/in/*",),
        (("StringEquals", "aws:ResourceAccount", ("111111111111",)),),
        "resources.uploads.access",
    ),
    Declared("Allow", ("s3:ListBucket",), ("arn:aws:s3:::uploads",), (("StringLike", "s3:prefix", ("in/*",)),), "l"),
    Declared("Allow", ("dynamodb:PutItem",), ("arn:aws:dynamodb:r:1:table/orders",), (), "resources.orders.access"),
    Declared("Allow", ("kms:Decrypt",), ("${aws_kms_key.k.arn}",), (), "resources.k.access"),
    Declared("Deny", ("dynamodb:DeleteItem",), ("*",), (), "platform"),
]


def mutate(number: int, **changes: object) -> dict[str, Any]:
    written = document(GRANTS)
    statement = written["Statement"][number]
    for element, value in changes.items():
        if value is None:
            del statement[element]
        else:
            statement[element] = value
    return written


def only(result: TableResult) -> AccessDifference:
    assert result.unknown == ()
    assert len(result.differences) == 1
    return result.differences[0]


def test_the_declared_policy_is_exact() -> None:
    assert compare([document(GRANTS)], GRANTS, iam.expand) == TableResult((), ())
    split = [document([grant]) for grant in GRANTS]
    assert compare(split, GRANTS, iam.expand) == TableResult((), ())


@pytest.mark.parametrize("number", range(4))
def test_a_dropped_statement_is_found(number: int) -> None:
    rest = [grant for place, grant in enumerate(GRANTS) if place != number]
    found = only(compare([document(rest)], GRANTS, iam.expand))
    assert (found.kind, found.origin) == ("denied", GRANTS[number].origin)
    found = only(compare([document(GRANTS)], rest, iam.expand))
    assert (found.kind, found.origin) == ("undeclared", f"S{number}")


@pytest.mark.parametrize(
    ("number", "changes", "action", "resource"),
    [
        (0, {"Resource": "arn:aws:s3:::uploads/*"}, "s3:GetObject", "arn:aws:s3:::uploads/x"),
        (0, {"Condition": None}, "s3:GetObject", "arn:aws:s3:::uploads/in/x"),
        (1, {"Condition": {"StringLike": {"s3:prefix": "*"}}}, "s3:ListBucket", "arn:aws:s3:::uploads"),
        (
            1,
            {"Condition": {"StringLike": {"s3:prefix": ["in/*", "in"]}}},
            "s3:ListBucket",
            "arn:aws:s3:::uploads",
        ),
        (
            2,
            {"Resource": "arn:aws:dynamodb:*:1:table/orders"},
            "dynamodb:PutItem",
            "arn:aws:dynamodb:x:1:table/orders",
        ),
        (
            2,
            {"Resource": "arn:aws:dynamodb:r:1:table/order?"},
            "dynamodb:PutItem",
            "arn:aws:dynamodb:r:1:table/orderx",
        ),
        (
            3,
            {"Resource": ["${aws_kms_key.k.arn}", "${aws_kms_key.l.arn}"]},
            "kms:Decrypt",
            "${aws_kms_key.l.arn}",
        ),
        (3, {"Action": ["kms:Decrypt", "iam:PassRole"]}, "iam:PassRole", "${aws_kms_key.k.arn}"),
    ],
)
def test_a_widened_statement_is_found(number: int, changes: dict[str, object], action: str, resource: str) -> None:
    found = only(compare([mutate(number, **changes)], GRANTS, iam.expand))
    assert (found.kind, found.action, found.resource) == ("undeclared", action, resource)
    assert found.origin == f"S{number}"


def test_the_witness_of_a_star_is_near_what_is_declared() -> None:
    found = compare([mutate(3, Resource="*")], GRANTS, iam.expand)
    assert only(found).resource == "${aws_kms_key.k.arn}-x"
    found = compare([mutate(2, Resource="*")], GRANTS, iam.expand)
    assert only(found).resource == "arn:aws:dynamodb:r:1:table/orders-x"


def test_a_wildcard_action_is_every_action_of_the_database() -> None:
    found = compare([mutate(2, Action="dynamodb:Put*")], GRANTS, iam.expand)
    assert {difference.action for difference in found.differences} == {"dynamodb:PutResourcePolicy"}
    exact = [*GRANTS[:2], Declared("Allow", tuple(iam.expand("sqs:*")), ("*",), (), "q")]
    assert compare([document([*GRANTS[:2], Declared("Allow", ("sqs:*",), ("*",), (), "q")])], exact, iam.expand) == (
        TableResult((), ())
    )


def test_a_dropped_deny_matters_only_where_something_is_allowed() -> None:
    assert compare([document(GRANTS[:4])], GRANTS, iam.expand) == TableResult((), ())
    both = [*GRANTS, Declared("Allow", ("dynamodb:DeleteItem",), ("arn:aws:dynamodb:r:1:table/a",), (), "d")]
    found = only(compare([document([*both[:4], both[5]])], both, iam.expand))
    assert (found.kind, found.resource) == ("undeclared", "arn:aws:dynamodb:r:1:table/a")
    found = only(compare([document(both)], [*both[:4], both[5]], iam.expand))
    assert (found.kind, found.origin) == ("denied", "d")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Action": None, "NotAction": "s3:*"}, "NotAction"),
        ({"Resource": None, "NotResource": "arn:aws:s3:::a"}, "NotResource"),
        ({"Condition": {"StringMatches": {"a:k": "x"}}}, "StringMatches"),
        ({"Action": "nosuchservice:*"}, "nosuchservice"),
    ],
)
def test_what_cannot_be_compared_is_unknown(changes: dict[str, object], reason: str) -> None:
    found = compare([mutate(2, **changes)], GRANTS, iam.expand)
    assert any(reason in line for line in found.unknown)


def test_a_version_without_variables_is_unknown() -> None:
    assert compare([{**document(GRANTS), "Version": "2008-10-17"}], GRANTS, iam.expand).unknown


def test_a_policy_variable_is_only_itself() -> None:
    mine = [Declared("Allow", ("s3:GetObject",), ("arn:aws:s3:::b/${aws:username}/*",), (), "b")]
    assert compare([document(mine)], mine, iam.expand) == TableResult((), ())
    all_of_them = [Declared("Allow", ("s3:GetObject",), ("arn:aws:s3:::b/*",), (), "b")]
    assert {d.kind for d in compare([document(mine)], all_of_them, iam.expand).differences} == {"denied"}
    # The token's own characters are no values of the variable: `b/$*` does not cover it.
    dollar = [Declared("Allow", ("s3:GetObject",), ("arn:aws:s3:::b/${$}*",), (), "b")]
    assert any("S0" in line for line in compare([document(mine)], dollar, iam.expand).unknown)


def test_the_name_of_a_variable_is_no_cover_for_the_text_itself() -> None:
    mine = [Declared("Allow", ("s3:GetObject",), ("arn:aws:s3:::b/${aws:username}/*",), (), "b")]
    text = [Declared("Allow", ("s3:GetObject",), ("arn:aws:s3:::b/${$}{aws:username}/x",), (), "b")]
    found = compare([document([*mine, *text])], mine, iam.expand)
    assert only(found).resource == "arn:aws:s3:::b/${aws:username}/x"


@pytest.mark.parametrize(("key", "certain"), [("aws:RequestedRegion", True), ("aws:TagKeys", False), ("a:k", False)])
def test_a_deny_that_can_never_meet_an_allow_changes_nothing(key: str, certain: bool) -> None:
    """A key that may have several values can have both: that it cannot is known of the first alone."""
    x, y = ((("StringEquals", key, (value,)),) for value in "xy")
    mine = [Declared("Allow", ("s3:GetObject",), ("*",), x, "b")]
    more = [*mine, Declared("Deny", ("s3:GetObject",), ("*",), y, "b")]
    result = compare([document(more)], mine, iam.expand)
    assert (result.differences, result.unknown == ()) == ((), certain)


def test_grants_are_grounded_in_an_environment() -> None:
    bucket = Text.of("arn:aws:s3:::", Ref("var.uploads_name"), "/*")
    key = Text.of(Ref("aws_kms_key.k.arn"))
    condition = Condition("StringEquals", Text.of("aws:SourceAccount"), (Text.of(Ref("local.account")),))
    grant = model.Grant(
        "task",
        "Uploads",
        ("s3:GetObject",),
        (bucket, key),
        "resources.uploads",
        Location("m.yaml"),
        (condition,),
    )
    values = {"var.uploads_name": "prod", "local.account": "111111111111"}
    assert ground([grant], values) == (
        Declared(
            "Allow",
            ("s3:GetObject",),
            ("arn:aws:s3:::prod/*", "${aws_kms_key.k.arn}"),
            (("StringEquals", "aws:SourceAccount", ("111111111111",)),),
            "resources.uploads",
        ),
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:s3:::uploads/in/*",
        "arn:aws:dynamodb:eu-west-1:111111111111:table/orders",
        "arn:aws:secretsmanager:*:111111111111:secret:db-??????",
        "${aws_kms_key.k.arn}",
    ],
)
def test_neighbours_are_near_and_mostly_outside(arn: str) -> None:
    near = neighbours(arn)
    assert len(set(near)) == len(near) >= 3
    exact = {name for name in near if not matches(arn, name)}
    assert len(exact) >= 2
    for name in near:
        request = Request("s3:GetObject", name, {})
        written = document([Declared("Allow", ("s3:GetObject",), (arn,), (), "")])
        assert (decide([written], request) is Decision.ALLOWED) == matches(arn, name)
