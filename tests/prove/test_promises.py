"""Promises and stars: what is found, what a deny or a boundary takes away, what stays uncertain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolewright.data import iam
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.promises import Breach, Star, promise_broken, stars

KEY = "arn:aws:kms:eu-west-1:111111111111:key/payroll-1"
PROMISE = ("arn:aws:kms:*:*:key/payroll-*",)


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: str | list[str], resource: str | list[str], **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str, resource: str, **more: object) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


CONDITION = {"StringEquals": {"aws:SourceAccount": "1"}}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("kms:Decrypt", KEY)], Breach("kms:Decrypt", KEY, certain=True)),
        ([allow("kms:Decrypt", KEY, Condition=CONDITION)], Breach("kms:Decrypt", KEY, certain=True)),
        ([allow("kms:Decrypt", "arn:aws:kms:*:key/payroll-1")], "kms:Decrypt"),
        ([allow("kms:DEC*", KEY)], Breach("kms:Decrypt", KEY, certain=True)),
        ([allow("*", "*"), deny("kms:*", "*", Condition=CONDITION)], "kms:Decrypt"),
        ([{"Effect": "Allow", "NotAction": "s3:*", "NotResource": "arn:aws:s3:::*"}], "kms:Decrypt"),
        ([allow("*", "*"), deny("kms:*", "*")], None),
        ([allow("*", "*"), deny("kms:Decrypt", "arn:aws:kms:*:*:key/payroll-*")], None),
        ([allow("*", "*"), deny("kms:Decrypt", "arn:aws:kms:*:*:key/payroll-1")], "kms:Decrypt"),
        ([{"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}], None),
        ([{"Effect": "Allow", "Action": "kms:*", "NotResource": "arn:aws:kms:*:*:key/*"}], None),
        ([allow("kms:Encrypt", KEY), allow("kms:Decrypt", "arn:aws:kms:eu-west-1:1:key/orders")], None),
        ([allow("kms:Decrypt", "${aws_kms_key.k.arn}")], Breach("kms:Decrypt", "x", certain=False)),
        ([allow("kms:Decrypt", "arn:aws:kms:eu-west-1:1:key/${aws_kms_key.k.id}")], "kms:Decrypt"),
        ([allow("kms:Decrypt", "arn:aws:kms:eu-west-1:1:key/${aws:PrincipalTag/k}")], "kms:Decrypt"),
    ],
)
def test_a_broken_promise_is_found(statements: list[dict[str, Any]], expected: Breach | str | None) -> None:
    found = promise_broken([policy(*statements)], ["kms:Decrypt"], PROMISE, iam.expand)
    if isinstance(expected, str):
        assert found is not None
        assert found.action == expected
    elif expected is not None and not expected.certain:
        assert found is not None
        assert not found.certain
    else:
        assert found == expected


def test_a_promise_about_what_the_module_makes() -> None:
    token = "${aws_kms_key.k.arn}"
    for resource, broken in {
        token: Breach("kms:Decrypt", token, certain=True),
        "${aws_kms_key.other.arn}": None,
        KEY: None,
    }.items():
        assert promise_broken([policy(allow("kms:*", resource))], ["kms:Decrypt"], [token], iam.expand) == broken
    wide = promise_broken([policy(allow("kms:Decrypt", "arn:aws:kms:*:*:key/*"))], ["kms:Decrypt"], [token], iam.expand)
    assert wide is not None
    assert not wide.certain


def test_a_wildcard_promise_meets_actions_that_the_database_lacks() -> None:
    documents = [policy(allow("nosuch:Thing", "arn:aws:nosuch:::a"))]
    assert promise_broken(documents, ["nosuch:*"], ["*"], iam.expand) == Breach(
        "nosuch:thing", "arn:aws:nosuch:::a", certain=True
    )
    assert promise_broken(documents, ["other:*"], ["*"], iam.expand) is None


def test_a_boundary_takes_away() -> None:
    documents = [policy(allow("kms:*", "*"))]
    for boundary, broken in [
        ([policy(allow("s3:*", "*"))], False),
        ([policy(allow("*", "*"))], True),
        ([policy(allow("*", "*"), deny("kms:*", "*"))], False),
        ([policy(allow("*", "arn:aws:kms:*:*:key/orders-*"))], False),
        ([], False),
    ]:
        found = promise_broken(documents, ["kms:Decrypt"], PROMISE, iam.expand, boundary=boundary)
        assert (found is not None) == broken


NAMES = st.sampled_from(["a", "b", "a*", "*", "?b", "ab"]).map(lambda name: f"arn:aws:s3:::b/{name}")
STATEMENTS = st.builds(
    lambda effect, action, element, resource: {"Effect": effect, "Action": action, element: resource},
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["s3:GetObject", "s3:Get*", "s3:PutObject"]),
    st.sampled_from(["Resource", "Resource", "NotResource"]),
    NAMES,
)


@given(st.lists(STATEMENTS, max_size=4), NAMES)
@settings(max_examples=200, deadline=None)
def test_a_kept_promise_is_kept(statements: list[dict[str, Any]], promised: str) -> None:
    found = promise_broken([policy(*statements)], ["s3:GetObject"], [promised], iam.expand)
    promise = policy(allow("s3:GetObject", promised))
    for name in ("a", "b", "ab", "bb", "aa", "x", ""):
        request = Request("s3:GetObject", f"arn:aws:s3:::b/{name}", {})
        if decide([promise], request) is decide([policy(*statements)], request) is Decision.ALLOWED:
            assert found is not None
    if found is not None and not any("NotResource" in s and s["Effect"] == "Deny" for s in statements):
        request = Request(found.action, found.resource, {})
        assert decide([promise], request) is decide([policy(*statements)], request) is Decision.ALLOWED


def test_stars_that_could_be_narrower() -> None:
    documents = [
        policy(
            allow(["s3:GetObject", "s3:ListAllMyBuckets"], "*", Sid="Both"),
            allow("s3:ListAllMyBuckets", "*", Sid="Needed"),
            allow("s3:Get*", "arn:aws:s3:*", Sid="Service"),
            allow("s3:GetObject", "arn:aws:s3:::*", Sid="Any"),
            allow("s3:GetObject", ["arn:aws:s3:::b/*", "${aws_s3_bucket.b.arn}"], Sid="Narrow"),
            {"Sid": "But", "Effect": "Allow", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::b"},
            deny("s3:GetObject", "*", Sid="Deny"),
        )
    ]
    assert stars(documents, iam.supports_resource) == (
        Star("Both", ("s3:getobject",)),
        Star("Service", ("s3:get*",)),
        Star("Any", ("s3:getobject",)),
        Star("But", ("s3:getobject",)),
    )
