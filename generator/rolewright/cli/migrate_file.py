"""The file of `rolewright migrate`: read, written, and a step of a key in it."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import typer

from rolewright.cli.console import Format, report, say, show
from rolewright.cli.files import make_folder, write_file
from rolewright.core.files import is_there
from rolewright.core.finding import Rejected
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.migration.evidence import Demand, Evidence
    from rolewright.migration.state import Key, Migration, Shown, Step


def read_file(file: Path, format_: Format = Format.TEXT) -> Migration:
    """Return the migration in a file; exit 2 where there is none, and 1 with findings where it is not a migration."""
    from rolewright.migration.state import read_migration  # noqa: PLC0415 - as above

    if not is_there(file):
        raise typer.BadParameter(f"{file} is not there: `rolewright migrate init PATH --deadline DAY` writes it")
    try:
        return read_migration(file, today())
    except Rejected as refusal:
        report(refusal.findings, {}, format_)
        raise typer.Exit(1) from None


def write_migration(file: Path, migration: Migration) -> None:
    """Write the file, and its folder where that is not there. Exits 2 where it cannot be written."""
    from rolewright.migration.state import migration_text  # noqa: PLC0415 - as above

    make_folder(file.parent)
    write_file(file, migration_text(migration))


def demanded_of(migration: Migration, key: Key, evidence: Evidence) -> tuple[Demand, ...]:
    """Return what the next step of a key demands today."""
    from rolewright.migration.evidence import demands  # noqa: PLC0415 - as above

    return demands(key, migration.wait, evidence, today())


def step_of(phase: str, said: tuple[str, ...], files: tuple[Shown, ...] = ()) -> Step:
    """Return a step that is taken now, by whoever runs this."""
    from rolewright.migration.state import Step  # noqa: PLC0415 - as above

    moment = now()
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may have a number and no name
        user = f"user {os.getuid()}"
    return Step(phase, moment.date(), moment.strftime("%H:%M:%SZ"), user, said, files)


def take_step(
    file: Path, migration: Migration, key: Key, demanded: tuple[Demand, ...], files: tuple[Shown, ...]
) -> None:
    """Write the next step where all that it demands is met; else say what is not, and exit 1."""
    refuse_unmet(key, demanded)
    phase = key.following
    step = step_of(phase, tuple(one.said for one in demanded), files)
    write_migration(file, migration.with_key(replace(key, steps=(*key.steps, step), pending=None)))
    say(f"{key.id}: {phase}")
    for one in demanded:
        say(printable(f"  [x] {one.said}"))


def refuse_unmet(key: Key, demanded: tuple[Demand, ...]) -> None:
    """Exit 1, and say what is lacking, where something is."""
    from rolewright.report.migration import key_text  # noqa: PLC0415 - as above

    if not all(one.met for one in demanded):
        show("\n".join(map(printable, key_text(key, demanded))))
        raise typer.Exit(1)


def now() -> datetime:
    """Return the current time in UTC, as AWS writes times; tests replace it."""
    return datetime.now(UTC)


def today() -> date:
    """Return the current day."""
    return now().date()
