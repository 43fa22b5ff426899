"""The steps that change a key in IAM, with the caller's credentials."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from rolewright.migration.aws import AwsError, Iam
from rolewright.migration.evidence import COMMANDS, conditions
from rolewright.migration.steps import (
    Change,
    StepOutcome,
    StepRefusedError,
    phase_before,
    step_of,
    take_step,
    with_step,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.migration.evidence import Evidence
    from rolewright.migration.state import Key, Migration, Step
    from rolewright.migration.steps import Conduct


def execute_step(migration: Migration, key: Key, evidence: Evidence, conduct: Conduct) -> StepOutcome:
    """Bring a phase about in IAM: confirm it, look once more at the key's use, write it down, do it.

    Raises StepRefusedError for what AWS refuses, and for credentials of another account.
    """
    phase = key.following
    with _refusing():
        iam = Iam()
        key = _known(iam, key)
        before = iam.status(key, key.user)
        if before in (COMMANDS[phase][0], ""):
            if key.pending is not None and key.pending.phase == phase:  # it was begun, and done
                ended = with_step(migration, key, key.pending)
                return StepOutcome(key, f"{key.id}: {phase}, by an earlier run that was interrupted", migration=ended)
            seen = replace(evidence, status=before, last_use=iam.last_use(key) if before else None)
            return take_step(migration, key, seen, conduct.now())
        if before != COMMANDS[key.phase][0]:
            line = f"{key.id} was {key.phase}, but is {before} now: go back with --back, and find out why"
            return StepOutcome(key, line)
        refused = _checked(iam, migration, key, evidence, conduct)
        if refused.lacking:
            return refused
        conduct.confirm(_change(key, phase, before))
        met = _checked(iam, migration, key, evidence, conduct)  # it may have been used while the question stood there
        if met.lacking:
            return met
        shown = (*met.shown, f"changed with these credentials; it was {before}")
        return _bring_about(iam, migration, key, step_of(phase, shown, conduct.now(), evidence.files), conduct)


def execute_back(migration: Migration, key: Key, conduct: Conduct) -> StepOutcome:
    """Make a disabled key active again: confirm it, write it down, do it.

    Raises StepRefusedError for what AWS refuses, and for credentials of another account.
    """
    step = step_of(phase_before(key), ("taken back",), conduct.now())
    with _refusing():
        iam = Iam()
        key = _known(iam, key)
        conduct.confirm(_change(key, step.phase, iam.status(key, key.user)))
        return _bring_about(iam, migration, key, step, conduct)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except AwsError as error:
        raise StepRefusedError(f"AWS: {error}") from None


def _known(iam: Iam, key: Key) -> Key:
    """Return the key with its user; refuse an account that is not the key's own."""
    account = iam.account()
    if key.account and account != key.account:
        raise StepRefusedError(
            f"{key.id} belongs to account {key.account}, but these credentials are for account {account}"
        )
    return key if key.user else replace(key, user=iam.last_use(key).user)


def _checked(iam: Iam, migration: Migration, key: Key, evidence: Evidence, conduct: Conduct) -> StepOutcome:
    """Check what a change of the key demands, with its last use as IAM has it now."""
    seen = replace(evidence, status=None, last_use=iam.last_use(key))
    found = conditions(key, migration.wait, seen, conduct.now().date())
    if all(demand.met for demand in found):
        return StepOutcome(key, shown=tuple(demand.text for demand in found))
    return StepOutcome(key, lacking=found)


def _bring_about(iam: Iam, migration: Migration, key: Key, step: Step, conduct: Conduct) -> StepOutcome:
    """Make the change, written down before it is done, so that a run that is cut off can be taken up."""
    conduct.save(migration.with_key(replace(key, pending=step)))
    iam.bring_about(step.phase, key, key.user)
    return StepOutcome(key, f"{key.id}: {step.phase}", step.evidence, migration=with_step(migration, key, step))


def _change(key: Key, phase: str, before: str) -> Change:
    does, undone = {
        "disabled": (f"disable {key.id}", f"rolewright migrate advance {key.id} --back --execute"),
        "deleted": (f"delete {key.id}", "not possible: a deleted key cannot be restored"),
        "parallel": (f"make {key.id} active again", f"rolewright migrate advance {key.id} --execute"),
    }[phase]
    return Change(key, does, undone, before)
