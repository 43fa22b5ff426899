"""Other sources of permissions agree on each verb, but for the differences that sources/ lists with their reasons."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.data import iam
from rolewright.yaml.load import load

CATALOG = load_catalog()
SOURCES = {path.stem: path for path in sorted((Path(__file__).parent / "sources").glob("*.yaml"))}
SENTENCE = re.compile(r"[A-Z]\S*( \S+){3,}\.")
FIELDS = {"source", "verbs", "actions"}
DIFFERENCES = {"we-leave-out", "we-add"}


@functools.cache
def comparisons(type_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = load(SOURCES[type_]).trees[0].data
    return found


def spelt(action: str) -> set[str]:
    """What a source's action stands for; one that does not exist (any more) stands for itself."""
    return set(iam.expand(action)) or {action}


def granted(type_: str, verbs: list[str]) -> set[str]:
    narrow = CATALOG.resources[type_].expand(verbs)
    return {exact for verb in narrow for group in verb.allow.values() for action in group for exact in spelt(action)}


def test_every_type_is_compared() -> None:
    assert set(SOURCES) == set(CATALOG.resources)


@pytest.mark.parametrize("type_", SOURCES)
def test_every_narrow_verb_is_compared(type_: str) -> None:
    blueprint = CATALOG.resources[type_]
    compared = {verb.name for each in comparisons(type_) for verb in blueprint.expand(each["verbs"])}
    assert {verb.name for verb in blueprint.verbs.values() if not verb.of} == compared


@pytest.mark.parametrize("type_", SOURCES)
def test_a_verb_differs_from_a_source_only_as_listed(type_: str) -> None:
    for comparison in comparisons(type_):
        ours = granted(type_, comparison["verbs"])
        theirs = {exact for action in comparison["actions"] for exact in spelt(action)}
        assert theirs - ours == set(comparison.get("we-leave-out", {})), comparison["source"]
        assert ours - theirs == set(comparison.get("we-add", {})), comparison["source"]


@pytest.mark.parametrize("type_", SOURCES)
def test_every_difference_has_a_reason(type_: str) -> None:
    for comparison in comparisons(type_):
        assert FIELDS <= set(comparison) <= FIELDS | DIFFERENCES, comparison
        reasons = [text for each in DIFFERENCES for text in comparison.get(each, {}).values()]
        assert not [text for text in reasons if not SENTENCE.fullmatch(text)]


@pytest.mark.parametrize("type_", SOURCES)
def test_a_verb_that_a_reason_points_to_grants_the_action(type_: str) -> None:
    verbs = CATALOG.resources[type_].verbs
    for comparison in comparisons(type_):
        for action, text in comparison.get("we-leave-out", {}).items():
            for name in re.findall(r"[Tt]he verb ([a-z-]+) has", text):
                assert name in verbs, text
                assert action in granted(type_, [name]), f"{name} does not grant {action}"
