"""How many cases run: `make test` runs a share of each long list, `make soak` runs all that it left out.

The variable ROLEWRIGHT_CASES is a factor of every share, 1 if it is not set, or `soak` for all cases.
A share is the same in every run. Whatever leaves cases out is marked, so that `make soak` cannot miss it: a test that
asks for the fixture `cases` is `sampled`, a parameter that `shared` leaves out is `soak`.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

_Case = TypeVar("_Case")

_GIVEN = os.environ.get("ROLEWRIGHT_CASES", "1")
SOAK = _GIVEN == "soak"
FACTOR = 1.0 if SOAK else float(_GIVEN)


class Cases:
    """What a test takes of its cases: everything where `soak` is given."""

    def __init__(self, factor: float, *, soak: bool) -> None:
        self.factor = factor
        self.soak = soak

    def of(
        self, all_: Iterable[_Case], share: float, kinds: Callable[[_Case], Iterable[Hashable]] = lambda _: ()
    ) -> list[_Case]:
        """The cases to run: so great a share, spread over the list, and with them the first of each kind."""
        listed = list(all_)
        if self.soak:
            return listed
        return [listed[index] for index in chosen(listed, min(1.0, share * self.factor), kinds)]

    def takes(self, number: int, share: float) -> bool:
        """Whether the case of this number is to run, where they come one after the other: the first is."""
        return self.soak or number % max(1, round(1 / (share * self.factor))) == 0

    def number(self, few: int, all_: int) -> int:
        """How many cases to make."""
        return all_ if self.soak else min(all_, max(1, round(few * self.factor)))


def chosen(
    listed: Sequence[_Case], share: float, kinds: Callable[[_Case], Iterable[Hashable]] = lambda _: ()
) -> list[int]:
    """The places of a share, evenly spread, and of the first case of every kind."""
    amount = math.ceil(len(listed) * share)
    places = {index * len(listed) // amount for index in range(amount)}
    seen = {kind for index in places for kind in kinds(listed[index])}
    for index, case in enumerate(listed):
        new = set(kinds(case)) - seen
        if new:
            seen |= new
            places.add(index)
    return sorted(places)


def shared(all_: Iterable[Any], share: float, kinds: Callable[[Any], Iterable[Hashable]] = lambda _: ()) -> list[Any]:
    """Parameters of a test, those that `make test` leaves out marked for `make soak`."""
    listed = list(all_)
    kept = set(chosen(listed, min(1.0, share * FACTOR), kinds))
    return [
        one if index in kept else pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=pytest.mark.soak)
        for index, one in enumerate(listed)
    ]


def generated(few: int, all_: int) -> Callable[[Callable[..., None]], Any]:
    """How many examples hypothesis makes for a test."""
    amount = Cases(FACTOR, soak=SOAK).number(few, all_)
    return lambda test: pytest.mark.sampled(settings(max_examples=amount, deadline=None)(test))


def times(soak: int) -> int:
    """How many times the cases of `make test` a test makes, `soak` times in `make soak`: mark such a test `sampled`."""
    return soak if SOAK else max(1, int(FACTOR))


def mark_sampled(items: Iterable[pytest.Item]) -> None:
    """Mark the tests that take a share of their cases, so that `make soak` runs them too, with all."""
    for item in items:
        if "cases" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.sampled)
