"""A mapping that grows: each is what a copy would be, and none is copied for a new key."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rolewright.manifest.additions import Additions

KEYS = st.sampled_from("abcdef")
STEPS = st.lists(st.tuples(st.integers(0, 20), st.dictionaries(KEYS, st.integers(), max_size=3)), max_size=12)


@given(st.dictionaries(KEYS, st.integers(), max_size=3), STEPS)
def test_each_is_what_a_copy_would_be(first: dict[str, int], steps: list[tuple[int, dict[str, int]]]) -> None:
    """Whichever is added to, those that are there already stay as they are, and in their order."""
    copies, made = [first], [Additions(first)]
    for number, new in steps:
        at = number % len(made)
        copies.append({**copies[at], **new})
        made.append(made[at].adding(new))
    assert [list(one.items()) for one in made] == [list(copy.items()) for copy in copies]
    assert all((key in one) == (key in copy) for one, copy in zip(made, copies, strict=True) for key in "abcdef")


def test_a_key_is_added_without_a_copy() -> None:
    first = Additions({"a": 1})
    second = first.adding({"b": 2})
    assert second._entries is first._entries
    assert list(first) == ["a"]
