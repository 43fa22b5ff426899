"""The steps of `rolewright migrate` that change a key in IAM, with the caller's credentials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from rolewright.cli.console import say
from rolewright.cli.migrate_file import demanded_of, refuse_unmet, step_of, take_step, today, write_migration
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.migration.aws import Iam
    from rolewright.migration.evidence import Demand, Evidence
    from rolewright.migration.state import Key, Migration, Step


def execute_step(file: Path, migration: Migration, key: Key, evidence: Evidence, *, yes: bool) -> None:
    """Bring a phase about in IAM: show it, ask, look once more at the key's use, do it, write it down."""
    from rolewright.migration.aws import AwsError, Iam  # noqa: PLC0415 - boto3 is only for this
    from rolewright.migration.evidence import COMMANDS  # noqa: PLC0415

    phase = key.following
    try:
        iam = Iam()
        key = _known(iam, key)
        before = iam.status(key, key.user)
        if before in (COMMANDS[phase][0], ""):
            if key.pending is not None and key.pending.phase == phase:  # it was begun, and done
                write_migration(file, migration.with_key(replace(key, steps=(*key.steps, key.pending), pending=None)))
                say(f"{key.id}: {phase}, by a run that did not end")
                return
            seen = replace(evidence, status=before, last_use=iam.last_use(key) if before else None)
            take_step(file, migration, key, demanded_of(migration, key, seen), evidence.files)
            return
        if before != COMMANDS[key.phase][0]:
            say(f"{key.id} was {key.phase}, and is {before} now: take it back with --back, and find out why")
            raise typer.Exit(1)
        _unrefused(iam, migration, key, evidence)
        _confirm(key, phase, before, yes=yes)
        met = _unrefused(iam, migration, key, evidence)  # it may have been used while the question stood there
        said = (*(one.said for one in met), f"made so by these credentials, {before} before")
        step = step_of(phase, said, evidence.files)
        _bring_about(iam, file, migration, key, step)
    except AwsError as error:
        say(printable(f"AWS: {error}"), err=True)
        raise typer.Exit(1) from None


def _unrefused(iam: Iam, migration: Migration, key: Key, evidence: Evidence) -> tuple[Demand, ...]:
    """Check what a change of the key demands, with its last use as IAM has it now; exit 1 where it does not hold."""
    from rolewright.migration.evidence import conditions  # noqa: PLC0415 - as above

    met = conditions(key, migration.wait, replace(evidence, status=None, last_use=iam.last_use(key)), today())
    refuse_unmet(key, met)
    return met


def _known(iam: Iam, key: Key) -> Key:
    """Return the key with its user; refuse an account that is not the key's own."""
    account = iam.account()
    if key.account and account != key.account:
        say(f"{key.id} is of account {key.account}, and these credentials are of {account}", err=True)
        raise typer.Exit(1)
    return key if key.user else replace(key, user=iam.last_use(key).user)


def _bring_about(iam: Iam, file: Path, migration: Migration, key: Key, step: Step) -> None:
    """Written down before it is done, so that a run that is cut off can be taken up."""
    write_migration(file, migration.with_key(replace(key, pending=step)))
    iam.bring_about(step.phase, key, key.user)
    write_migration(file, migration.with_key(replace(key, steps=(*key.steps, step), pending=None)))
    say(f"{key.id}: {step.phase}")
    for said in step.evidence:
        say(printable(f"  [x] {said}"))


def _confirm(key: Key, phase: str, before: str, *, yes: bool) -> None:
    """Show what will be done and how it is undone, and ask."""
    does, undone = {
        "disabled": (f"disable {key.id}", f"rolewright migrate advance {key.id} --back --execute"),
        "deleted": (f"delete {key.id}", "nothing: a deleted key does not come back"),
        "parallel": (f"make {key.id} active again", f"rolewright migrate advance {key.id} --execute"),
    }[phase]
    where = f"account {key.account}" if key.account else "the account of these credentials"
    say(f"this will {does} of user {key.user} in {where}; it is {before or 'no more'} now")
    say(f"  undone by: {undone}")
    if not yes:
        typer.confirm("do this", abort=True)


def execute_back(file: Path, migration: Migration, key: Key, step: Step, *, yes: bool) -> None:
    """Make a disabled key active again: show it, ask, do it, write it down."""
    from rolewright.migration.aws import AwsError, Iam  # noqa: PLC0415 - boto3 is only for this

    try:
        iam = Iam()
        key = _known(iam, key)
        _confirm(key, step.phase, iam.status(key, key.user), yes=yes)
        _bring_about(iam, file, migration, key, step)
    except AwsError as error:
        say(printable(f"AWS: {error}"), err=True)
        raise typer.Exit(1) from None
