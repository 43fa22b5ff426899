"""What templates ask of a text: its suffix, which decides whether a queue is a FIFO queue."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolewright.core.text import Ref, Text

TEXTS = st.lists(st.one_of(st.text(alphabet="ab.", max_size=4), st.just(Ref("var.x"))), max_size=5).map(
    lambda parts: Text.of(*parts)
)
SUFFIXES = st.text(alphabet="ab.", min_size=1, max_size=3)


@given(TEXTS, SUFFIXES)
def test_a_literal_text_answers_as_a_string_does(text: Text, suffix: str) -> None:
    if text.literal is not None:
        assert text.endswith(suffix) == text.literal.endswith(suffix)
        assert text.removesuffix(suffix).literal == text.literal.removesuffix(suffix)


@given(TEXTS, SUFFIXES, st.text(alphabet="ab.", max_size=4))
def test_what_it_ends_with_does_not_depend_on_a_reference(text: Text, suffix: str, value: str) -> None:
    grounded = text.ground({"var.x": value})
    if text.endswith(suffix):
        assert grounded.endswith(suffix)
        assert text.removesuffix(suffix).ground({"var.x": value}) == grounded.removesuffix(suffix)
    else:
        assert text.removesuffix(suffix) == text


@pytest.mark.parametrize("name", ["orders", Text.of("orders", Ref("var.environment"))])
def test_a_suffix_that_was_added_comes_off_again(name: str | Text) -> None:
    text = Text.of(name)
    assert (text + ".fifo").removesuffix(".fifo") == text
