"""A key's next step, or the one back: by what is shown, or by a change in IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.migration.collect import collect
from rolewright.migration.steps import take_back, take_step

if TYPE_CHECKING:
    from rolewright.migration.collect import Given
    from rolewright.migration.state import Key, Migration
    from rolewright.migration.steps import Conduct, StepOutcome

_IN_IAM = ("disabled", "deleted")
"""The phases that a change in IAM brings about."""


def advance(migration: Migration, key: Key, given: Given, conduct: Conduct, *, execute: bool) -> StepOutcome:
    """Take the next step of a key, which is not in its last phase; with `execute` change it in IAM.

    Raises Rejected for what shows nothing, MisuseError where there is no file to audit, and StepRefusedError for what
    AWS refuses.
    """
    key, evidence = collect(key, given, conduct.now().date())
    if not execute or key.following not in _IN_IAM:
        return take_step(migration, key, evidence, conduct.now())
    from rolewright.migration.iam import execute_step  # noqa: PLC0415 - boto3 is only for this

    return execute_step(migration, key, evidence, conduct)


def go_back(migration: Migration, key: Key, given: Given, conduct: Conduct, *, execute: bool) -> StepOutcome:
    """Take a key one phase back; with `execute` make a disabled one active again in IAM.

    Raises Rejected for a list that does not tell the key's state, and StepRefusedError where there is no way back, and
    for what AWS refuses.
    """
    if not execute or key.phase != "disabled":
        return take_back(migration, key, given.listed, conduct.now())
    from rolewright.migration.iam import execute_back  # noqa: PLC0415 - boto3 is only for this

    return execute_back(migration, key, conduct)
