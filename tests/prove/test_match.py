"""The automata against a matcher that tries everything, over every short text of a small alphabet."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolewright.prove.match import Kind, compile_glob, matches, outside, overlap, segments, witness

ALPHABET = "ab:"
TEXTS = ["".join(letters) for length in range(6) for letters in itertools.product(ALPHABET, repeat=length)]
PATTERNS = st.text("ab:*?", max_size=5)


def regex(pattern: str, kind: Kind) -> re.Pattern[str]:
    """The same language, written as a regular expression and left to Python's backtracking engine."""
    if kind is Kind.TEXT:
        return re.compile("".join({"*": "(?s:.)*", "?": "(?s:.)"}.get(c, re.escape(c)) for c in pattern), re.DOTALL)
    parts = pattern.split(":", 5)
    written = []
    for number, part in enumerate(parts, start=1):
        any_ = "." if number == 6 else "[^:]"
        text = "".join({"*": f"{any_}*", "?": any_}.get(c, re.escape(c)) for c in part)
        if number == len(parts) and part.endswith("*"):
            text = text.removesuffix(f"{any_}*") + ".*"
        written.append(text)
    return re.compile(":".join(written), re.DOTALL)


@given(PATTERNS, st.sampled_from(Kind))
def test_matching_agrees_with_a_regular_expression(pattern: str, kind: Kind) -> None:
    expected = regex(pattern, kind)
    for text in TEXTS:
        assert matches(pattern, text, kind) == bool(expected.fullmatch(text)), text


@given(PATTERNS, st.lists(PATTERNS, max_size=3), st.sampled_from(Kind))
def test_outside_is_exact(pattern: str, cover: list[str], kind: Kind) -> None:
    found = outside(pattern, cover, kind)
    if found is None:
        for text in TEXTS:
            if matches(pattern, text, kind):
                assert any(matches(c, text, kind) for c in cover), text
    else:
        assert regex(pattern, kind).fullmatch(found)
        assert not any(regex(c, kind).fullmatch(found) for c in cover)


@given(PATTERNS, PATTERNS, st.sampled_from(Kind))
def test_overlap_is_exact(first: str, second: str, kind: Kind) -> None:
    found = overlap(first, second, kind)
    if found is None:
        assert not any(matches(first, text, kind) and matches(second, text, kind) for text in TEXTS)
    else:
        assert regex(first, kind).fullmatch(found)
        assert regex(second, kind).fullmatch(found)


@given(st.lists(PATTERNS, min_size=1, max_size=3), st.lists(PATTERNS, max_size=2))
@settings(max_examples=150)
def test_a_witness_of_several_patterns_is_exact(all_of: list[str], none_of: list[str]) -> None:
    found = witness([compile_glob(p) for p in all_of], [compile_glob(p) for p in none_of])
    texts = TEXTS if found is None else [found]
    fitting = [
        text for text in texts if all(matches(p, text) for p in all_of) and not any(matches(p, text) for p in none_of)
    ]
    assert fitting == ([] if found is None else [found])


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:*", "arn:aws:s3:::b/k", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k:v/1", True),
        ("arn:aws:s3:::B/k", "arn:aws:s3:::b/k", False),
        ("arn:aws:sqs:*:111111111111:q", "arn:aws:sqs:eu-west-1:111111111111:q", True),
        ("arn:aws:sqs:*:q", "arn:aws:sqs:eu-west-1:111111111111:q", False),
        ("arn:aws:sqs:eu-west-1?111111111111:q", "arn:aws:sqs:eu-west-1:111111111111:q", False),
        ("${aws_kms_key.k.arn}", "${aws_kms_key.k.arn}", True),
        ("${aws_kms_key.k.arn}", "arn:aws:kms:eu-west-1:111111111111:key/1", False),
        ("${aws_kms_key.k[*].arn}", "${aws_kms_key.k[0].arn}", False),
        ("${aws_x.k.arn}:*", "${aws_x.k.arn}:log-stream:a", True),
        ("arn:aws:sqs:${a:b}:*:q", "arn:aws:sqs:${a:b}:1:q", True),
        ("arn:aws:sqs:${a:b}:*:q", "arn:aws:sqs:${a:b}:1:2:q", False),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/*", True),
        ("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/k", False),
        ("arn:aws:s3:::b/${?}${$}", "arn:aws:s3:::b/?$", True),
    ],
)
def test_wildcards_stay_within_the_segments_of_an_arn(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "cover", "expected"),
    [
        ("arn:aws:s3:::b/*", ["arn:aws:s3:::b/in/*"], "arn:aws:s3:::b/x"),
        ("arn:aws:s3:::b*", ["arn:aws:s3:::b"], "arn:aws:s3:::bx"),
        ("arn:aws:sqs:*:111111111111:q", ["arn:aws:sqs:eu-*"], "arn:aws:sqs:x:111111111111:q"),
    ],
)
def test_a_witness_is_readable(pattern: str, cover: list[str], expected: str) -> None:
    assert outside(pattern, cover) == expected


@pytest.mark.parametrize(
    ("pattern", "cover", "expected"),
    [("*", ["", "?"], "xx"), ("a*b", ["a?*b", "ab"], None), ("a*b", ["a?*b", "abb"], "ab")],
)
def test_covers_add_up(pattern: str, cover: list[str], expected: str | None) -> None:
    assert outside(pattern, cover, Kind.TEXT) == expected


def test_a_token_is_never_split() -> None:
    assert segments("${a:b}:c") == ("${a:b}", "c")
    assert segments("arn:aws:s3:::b:k") == ("arn", "aws", "s3", "", "", "b:k")


def test_many_wildcards_are_decided_without_blowing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """States visited, not seconds: the search over ever longer patterns grows about with their product."""
    steps = 0
    original = type(compile_glob("*")).step

    def counted(self: object, state: int, character: str) -> int:
        nonlocal steps
        steps += 1
        return original(self, state, character)  # type: ignore[arg-type]

    monkeypatch.setattr(type(compile_glob("*")), "step", counted)
    for length in (5, 10, 20, 40):
        steps = 0
        assert outside("*b" + "*a" * length, ["*a" * length + "*c*"], Kind.TEXT) is not None
        assert outside("*a" * length + "*", ["*a" * (length - 1) + "*"], Kind.TEXT) is None
        assert overlap("*a" * length + "b", "*b" * length + "a", Kind.TEXT) is None
        assert steps < 60 * length * length + 5000
