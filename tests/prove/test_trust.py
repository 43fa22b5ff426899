"""A trust policy has to say what is declared, no more and no less, however it is written."""

from __future__ import annotations

from typing import Any

import pytest

from rolewright.prove.decide import Principal
from rolewright.prove.document import PolicyError
from rolewright.prove.trust import compare_trust

SERVICE = "ecs-tasks.amazonaws.com"
PRINCIPAL = Principal("Service", SERVICE)
ACCOUNT = ("StringEquals", "aws:SourceAccount", ("111111111111",))
SOURCE = ("ArnLike", "aws:SourceArn", ("arn:aws:ecs:eu-west-1:111111111111:*",))
STATEMENT: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": SERVICE},
    "Action": "sts:AssumeRole",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": "111111111111"},
        "ArnLike": {"aws:SourceArn": ["arn:aws:ecs:eu-west-1:111111111111:*"]},
    },
}


def trust(*changes: dict[str, Any]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{k: v for k, v in {**STATEMENT, **c}.items() if v is not None} for c in changes],
    }


def kinds(document: dict[str, Any]) -> list[tuple[str, str]]:
    found = compare_trust(document, (PRINCIPAL,), ("sts:AssumeRole",), (ACCOUNT, SOURCE))
    assert all(difference.message for difference in found)
    return [(difference.kind, difference.principal) for difference in found]


@pytest.mark.parametrize(
    "changes",
    [
        [{}],
        [{}, {}],
        [{"Principal": {"Service": [SERVICE]}, "Action": ["STS:assumerole"]}],
        [
            {
                "Condition": {
                    "arnlike": {"AWS:SourceArn": "arn:aws:ecs:eu-west-1:111111111111:*"},
                    "stringEquals": {"aws:sourceaccount": ["111111111111"]},
                }
            }
        ],
    ],
)
def test_what_is_declared_may_be_written_in_any_way(changes: list[dict[str, Any]]) -> None:
    assert kinds(trust(*changes)) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], [("missing", f"Service {SERVICE}")]),
        (
            [{"Principal": {"Service": "glue.amazonaws.com"}}],
            [("extra", "Service glue.amazonaws.com"), ("missing", f"Service {SERVICE}")],
        ),
        ([{}, {"Principal": {"AWS": "*"}}], [("extra", "anybody")]),
        ([{}, {"Principal": {"AWS": "999999999999"}}], [("extra", "AWS 999999999999")]),
        (
            [{"Principal": {"Service": [SERVICE, f"{SERVICE}.cn"]}}],
            [("extra", f"Service {SERVICE}.cn")],
        ),
        ([{"Action": ["sts:AssumeRole", "sts:TagSession"]}], [("extra", f"Service {SERVICE}")]),
        ([{"Action": "sts:*"}], [("extra", f"Service {SERVICE}"), ("missing", f"Service {SERVICE}")]),
        ([{"Condition": None}], [("condition", f"Service {SERVICE}")]),
        ([{}, {"Condition": None}], [("condition", f"Service {SERVICE}")]),
        (
            [{"Condition": {"StringEquals": {"aws:SourceAccount": ["111111111111", "999999999999"]}}}],
            [("condition", f"Service {SERVICE}")],
        ),
        (
            [{"Condition": {**STATEMENT["Condition"], "Bool": {"aws:SecureTransport": "true"}}}],
            [("condition", f"Service {SERVICE}")],
        ),
        ([{}, {"Effect": "Deny"}], [("unknown", "")]),
        ([{}, {"Principal": None, "NotPrincipal": {"AWS": "999999999999"}}], [("unknown", "")]),
        ([{}, {"Action": None, "NotAction": "sts:TagSession"}], [("unknown", "")]),
    ],
)
def test_a_difference_is_found(changes: list[dict[str, Any]], expected: list[tuple[str, str]]) -> None:
    assert kinds(trust(*changes)) == expected


def test_the_message_names_the_condition() -> None:
    document = trust({"Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}}})
    (found,) = compare_trust(document, (PRINCIPAL,), ("sts:AssumeRole",), (ACCOUNT, SOURCE))
    assert found.message == (
        f"Service {SERVICE} may sts:AssumeRole without the declared condition "
        "ArnLike aws:SourceArn = arn:aws:ecs:eu-west-1:111111111111:*"
    )


def test_a_service_without_conditions() -> None:
    document = trust({"Condition": None})
    assert compare_trust(document, (PRINCIPAL,), ("sts:AssumeRole",), ()) == ()
    (found,) = compare_trust(trust({}), (PRINCIPAL,), ("sts:AssumeRole",), ())
    assert found.kind == "condition"
    assert "only under the undeclared condition StringEquals aws:SourceAccount" in found.message


@pytest.mark.parametrize(
    "condition",
    [
        ("StringNotEquals", "aws:SourceAccount", ("999999999999",)),
        ("StringEqualsIfExists", "aws:SourceAccount", ("111111111111",)),
        ("Null", "aws:SourceArn", ("true",)),
    ],
)
def test_a_condition_that_an_absent_key_fulfils(condition: tuple[str, str, tuple[str, ...]]) -> None:
    operator, key, values = condition
    document = trust({"Condition": {operator: {key: list(values)}}})
    assert compare_trust(document, (PRINCIPAL,), ("sts:AssumeRole",), (condition,)) == ()


def test_a_condition_that_cannot_be_judged_is_no_proof() -> None:
    condition = ("StringMatches", "aws:SourceAccount", ("1",))
    document = trust({"Condition": {"StringMatches": {"aws:SourceAccount": "1"}}})
    (found,) = compare_trust(document, (PRINCIPAL,), ("sts:AssumeRole",), (condition,))
    assert found.kind == "unknown"


def test_the_document_s_version_counts() -> None:
    condition = ("StringEquals", "aws:SourceAccount", ("${*}",))
    document = trust({"Condition": {"StringEquals": {"aws:SourceAccount": "${*}"}}})
    assert compare_trust(document, (PRINCIPAL,), ("sts:AssumeRole",), (condition,)) == ()
    older = {**document, "Version": "2008-10-17"}
    (found,) = compare_trust(older, (PRINCIPAL,), ("sts:AssumeRole",), (condition,))
    assert (found.kind, found.message) == ("missing", f"Service {SERVICE} is refused sts:AssumeRole")


def test_a_malformed_trust_policy_is_refused() -> None:
    with pytest.raises(PolicyError):
        compare_trust(trust({"Resource": "*"}), (PRINCIPAL,), ("sts:AssumeRole",), ())
