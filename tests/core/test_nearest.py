"""What a word may stand for that is none of the known names."""

from __future__ import annotations

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.nearest import nearest

TYPES = load_catalog().resources
VERBS = load_catalog().words().meant("verb")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("s3", "s3-bucket"),
        ("rds", "rds-database"),
        ("secret", "secretsmanager-secret"),
        ("queue", "sqs-queue"),
        ("table", "dynamodb-table"),
        ("dynamodb-tabel", "dynamodb-table"),
    ],
)
def test_a_type_is_found_by_a_part_of_its_name(word: str, expected: str) -> None:
    assert expected in nearest(word, TYPES)


@pytest.mark.parametrize(
    ("type_", "word", "expected"),
    [
        ("sqs-queue", "receive", ("consume",)),
        ("s3-bucket", "download", ("get",)),
        ("sns-topic", "notify", ("publish",)),
        ("dynamodb-table", "gett", ("get",)),
        ("sqs-queue", "xyzzy", ()),
    ],
)
def test_a_verb_is_found_by_what_others_call_it(type_: str, word: str, expected: tuple[str, ...]) -> None:
    assert nearest(word, TYPES[type_].verbs, VERBS) == expected
