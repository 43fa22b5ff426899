"""A step of a key, forwards or back: taken where its demands are met, or what is lacking."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.migration.evidence import COMMANDS, demands, iam_command, listed_command
from rolewright.migration.phases import GONE, PHASES
from rolewright.migration.reports import digested, read_status
from rolewright.migration.state import Step

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from rolewright.migration.evidence import Demand, Evidence
    from rolewright.migration.state import Key, Migration, Shown


class StepRefusedError(Exception):
    """A step that nothing that is shown could bring about; the text says why."""


@dataclass(frozen=True)
class StepOutcome:
    """What became of a step, in a line, and what showed that it could be taken.

    `migration` has the step, and is still to be written; None where the step was not taken. `lacking` has the demands
    of which some are not met.
    """

    key: Key
    line: str = ""
    shown: tuple[str, ...] = ()
    lacking: tuple[Demand, ...] = ()
    migration: Migration | None = None


@dataclass(frozen=True)
class Change:
    """A change of a key in IAM, which is in the state `before`; `does` says it, and `undone` how it is taken back."""

    key: Key
    does: str
    undone: str
    before: str


@dataclass(frozen=True)
class Conduct:
    """How a change is made: `confirm` returns where it is wanted, `save` writes the migration, `now` is UTC's time."""

    confirm: Callable[[Change], None]
    save: Callable[[Migration], None]
    now: Callable[[], datetime]


def step_of(phase: str, shown: tuple[str, ...], moment: datetime, files: tuple[Shown, ...] = ()) -> Step:
    """Return a step that is taken at a moment, in UTC, by whoever runs this."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may have a number and no name
        user = f"user {os.getuid()}"
    return Step(phase, moment.date(), moment.strftime("%H:%M:%SZ"), user, shown, files)


def with_step(migration: Migration, key: Key, step: Step) -> Migration:
    """Return the migration with a step that a key took."""
    return migration.with_key(replace(key, steps=(*key.steps, step), pending=None))


def take_step(migration: Migration, key: Key, evidence: Evidence, moment: datetime) -> StepOutcome:
    """Take the next step of a key where all that it demands is met."""
    demanded = demands(key, migration.wait, evidence, moment.date())
    if not all(demand.met for demand in demanded):
        return StepOutcome(key, lacking=demanded)
    step = step_of(key.following, tuple(demand.text for demand in demanded), moment, evidence.files)
    return StepOutcome(key, f"{key.id}: {step.phase}", step.evidence, migration=with_step(migration, key, step))


def phase_before(key: Key) -> str:
    """Return the phase that a key goes back to. Raises StepRefusedError where there is no way back."""
    if key.phase in (*GONE, "found"):
        raise StepRefusedError(f"{key.id} is {key.phase}: it is not possible to go back from this phase")
    return PHASES[PHASES.index(key.phase) - 1]


def take_back(migration: Migration, key: Key, listed: Path | None, moment: datetime) -> StepOutcome:
    """Take a key one phase back; one that was disabled has to be shown to be active again.

    Raises StepRefusedError where there is no way back, and Rejected for a list that does not tell the key's state.
    """
    before = phase_before(key)
    files: tuple[Shown, ...] = ()
    if key.phase == "disabled":
        active, command = COMMANDS[before]
        if listed is None or read_status(listed, key)[0] != active:
            run = iam_command(key, command)
            return StepOutcome(key, f"run `{run}`, and show the result: --listed FILE, from `{listed_command(key)}`")
        files = digested([listed])
    step = step_of(before, ("taken back",), moment, files)
    return StepOutcome(key, f"{key.id}: back to {step.phase}", migration=with_step(migration, key, step))
