"""Whether an ARN of a blueprint can be one that an action takes."""

from __future__ import annotations

import itertools
from fnmatch import fnmatchcase

import pytest

from rolewright.blueprint.arn_forms import _meet, misses

QUEUE = "arn:${partition}:sqs:${region}:${account}:"


@pytest.mark.parametrize(
    ("action", "resource", "missed"),
    [
        ("sqs:SendMessage", QUEUE + "${name}", False),
        ("sqs:SendMessage", "arn:aws:sqs:*:*:jobs-*", False),
        ("sqs:SendMessage", "*", False),
        ("sqs:SendMessage", "${queue}", False),  # a field is a whole ARN
        ("sqs:SendMessage", "arn:${partition}:sns:${region}:${account}:${name}", True),
        ("s3:GetObject", "arn:${partition}:s3:::shelf", True),
        ("s3:GetObject", "arn:${partition}:s3:::${name}/${key:-*}", False),
        ("personalize:DescribeCampaign", "arn:${partition}:personalize:${region}:${account}:campaign/${name}", False),
        ("personalize:DescribeCampaign", "arn:${partition}:personalize:${region}:${account}:campaigns/${name}", True),
        ("personalize:DescribeCampaign", "arn:${partition}:personalize::${account}:campaign/${name}", False),
        ("personalize:PutEvents", "arn:${partition}:personalize:${region}:${account}:campaigns/${name}", False),
        ("nowhere:DoThings", "arn:${partition}:nowhere:::x", False),
    ],
)
def test_a_resource_that_no_action_takes_is_told(action: str, resource: str, missed: bool) -> None:
    assert bool(misses(action, [resource])) is missed


def test_one_resource_of_several_is_enough() -> None:
    assert not misses("s3:GetObject", ["arn:aws:s3:::shelf", "arn:aws:s3:::shelf/*"])


def test_two_patterns_meet_where_some_text_matches_both() -> None:
    texts = ["".join(text) for length in range(6) for text in itertools.product("ab", repeat=length)]
    patterns = ["".join(text) for length in range(4) for text in itertools.product("ab*", repeat=length)]
    matched = {pattern: {text for text in texts if fnmatchcase(text, pattern)} for pattern in patterns}
    for left, right in itertools.product(patterns, repeat=2):
        assert _meet(left, right) is bool(matched[left] & matched[right]), (left, right)
