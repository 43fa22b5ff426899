"""The shapes of access keys stand in one place, and fit the keys that AWS makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rolewright
from rolewright.data import access_keys
from rolewright.data.access_keys import LONG_LIVED, PREFIXES, bits, is_mixed
from rolewright.yaml.load import load

PACKAGE = Path(rolewright.__file__).parent
DOCUMENTED = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{9}EXAMPLE")
PAGES = PACKAGE / "report" / "rules.yaml"  # words for people
MIGRATION = PACKAGE / "migration" / "schema.yaml"  # data, which cannot take a part from Python


def test_no_other_file_says_how_an_id_begins() -> None:
    for path in sorted(
        {*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.yaml")} - {Path(access_keys.__file__), MIGRATION, PAGES}
    ):
        text = DOCUMENTED.sub("", path.read_text(encoding="utf-8"))
        assert not any(prefix in text for prefix in PREFIXES), path


def test_the_file_of_a_migration_takes_the_ids_of_long_lived_keys() -> None:
    names = load(MIGRATION).trees[0].data["properties"]["keys"]["propertyNames"]["pattern"]
    assert names.startswith("^" + LONG_LIVED)


def test_entropy_is_in_bits_for_each_character() -> None:
    assert bits("aaaa") == 0
    assert bits("abab") == 1
    assert bits("abcdefgh") == 3


@pytest.mark.parametrize(("text", "mixed"), [("aB3", True), ("ab3", False), ("AB3", False), ("aBc", False)])
def test_mixed_is_small_letters_capitals_and_digits(text: str, mixed: bool) -> None:
    assert is_mixed(text) is mixed
