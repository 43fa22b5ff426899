"""Inputs for every command: a good one that was changed in its text, its tree, its name or its place. From a seed."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from fuzz_case import Case
from fuzz_code import of_code, of_histories, of_images
from fuzz_manifests import (
    of_blueprints,
    of_building,
    of_catalogs,
    of_manifests,
    of_modules,
    of_plans,
    of_questions,
)
from fuzz_records import of_migrations, of_policies, of_reports, of_trails
from fuzz_twists import twisted

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS: dict[Callable[[random.Random], Case], int] = {
    of_manifests: 14, of_questions: 3, of_building: 3, of_modules: 5, of_blueprints: 8, of_catalogs: 2,
    of_policies: 14, of_trails: 14, of_migrations: 14, of_reports: 10, of_images: 14, of_code: 18, of_histories: 8,
}  # fmt: skip
"""How often each comes. Those that build a manifest, which takes longest, come least."""
_TURNS = [kind for turn in range(max(KINDS.values())) for kind, times in KINDS.items() if turn < times]
PLANS = 1_000
"""One of so many cases starts programs, which takes seconds."""


def case(seed: int, number: int) -> Case:
    """The case of a number: the same for the same seed."""
    choice = random.Random(f"{seed} {number}")
    kind = of_plans if number % PLANS == PLANS - 1 else _TURNS[number % len(_TURNS)]
    made = twisted(choice, kind(choice))
    return replace(made, kind=kind.__name__.removeprefix("of_"))
