"""`rolewright migrate`: access keys on their way out, step by step, with evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.app import Command
from rolewright.cli.console import Blueprints, Format, FormatOption, report, say, show
from rolewright.cli.files import make_folder, require_there, write_file
from rolewright.core.day import read_day
from rolewright.core.files import is_there
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from rolewright.migration.state import Migration
    from rolewright.migration.steps import Change, StepOutcome

LATE = 3
migrate_app = typer.Typer(name="migrate", help="Get off access keys, step by step.", no_args_is_help=True)

File = Annotated[Path, typer.Option("--file", metavar="FILE", help="The file that has the phase of each key.")]
Audited = Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Files and folders to look for keys in.")]
Manifest = Annotated[
    Path | None,
    typer.Option("--manifest", "-m", metavar="MANIFEST", help="That of the workload; kept in the file."),
]
Environment = Annotated[str, typer.Option("--env", help="Its environment, where it has several; kept in the file.")]
Trail = Annotated[
    list[Path] | None, typer.Option("--trail", metavar="FILE", help="CloudTrail's files, or folders of them.")
]
Settings = Annotated[
    list[Path] | None, typer.Option("--audit", metavar="PATH", help="The workload's code and settings.")
]
LastUsed = Annotated[
    Path | None, typer.Option("--last-used", metavar="FILE", help="From aws iam get-access-key-last-used.")
]
Listed = Annotated[Path | None, typer.Option("--listed", metavar="FILE", help="From aws iam list-access-keys.")]
Back = Annotated[bool, typer.Option("--back", help="Go one phase back; never from a deleted key.")]
Execute = Annotated[
    bool, typer.Option("--execute", help="Ask IAM, and change the key there, with your AWS credentials.")
]
Yes = Annotated[bool, typer.Option("--yes", help="With --execute: do what is shown without asking.")]
_FILE = Path(".rolewright", "migration.yaml")


@migrate_app.callback()
def _group() -> None:
    pass


@migrate_app.command(cls=Command)
def init(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders to look for keys in.")],
    deadline: Annotated[
        str | None, typer.Option("--deadline", metavar="DAY", help="The day by which all keys have to be gone.")
    ] = None,
    file: File = _FILE,
) -> None:
    """Write down every long-lived key that audit finds; run again, those that are new.

    The file goes into the repository and has no secrets: ids, accounts, days, and what showed that a step could be
    taken. Its `wait` says how many days steps wait, and can be edited.
    """
    from rolewright.migration.collect import with_new_keys  # noqa: PLC0415 - only this command needs it
    from rolewright.migration.state import Migration, Wait  # noqa: PLC0415 - as above

    require_there(paths)
    if is_there(file):
        if deadline is not None:
            raise typer.BadParameter(f"{file} is there already: `rolewright migrate extend` sets another deadline")
        migration = _read(file)
    elif deadline is None:
        raise typer.BadParameter("say by when: --deadline DAY")
    else:
        migration = Migration(read_day(deadline), (), Wait(), {})
    complete = with_new_keys(migration, paths, now())
    _write(file, complete)
    added = len(complete.keys) - len(migration.keys)
    say(f"{file}: {added} new key{'s' * (added != 1)}, {len(complete.keys)} in all")


@migrate_app.command(cls=Command)
def status(file: File = _FILE, format_: FormatOption = Format.TEXT) -> None:
    """Show where each key stands, and what its next step demands."""
    from rolewright.migration.evidence import Evidence, demands  # noqa: PLC0415 - only this command needs all this
    from rolewright.report.migration import status_json, status_text  # noqa: PLC0415 - as above

    migration, today = _read(file), now().date()
    demanded = {name: demands(key, migration.wait, Evidence(), today) for name, key in migration.keys.items()}
    if format_ is Format.JSON:
        show(json.dumps(status_json(migration, demanded), indent=2))
    else:
        show(status_text(migration, demanded, today), nl=False)


@migrate_app.command(cls=Command)
def extend(
    until: Annotated[str, typer.Argument(metavar="DAY", help="The new deadline.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: it is kept in the file.")],
    file: File = _FILE,
) -> None:
    """Set another deadline, for a reason."""
    if not reason.strip():
        raise typer.BadParameter("an extension needs a reason")
    migration = _read(file)
    day = read_day(until)
    _write(file, migration.extended(day, reason, now().date()))
    say(f"{file}: the deadline is {day}")


@migrate_app.command(cls=Command)
def check(paths: Audited = None, file: File = _FILE) -> None:
    """For CI: exit 3 where the deadline is over and a key is not gone.

    With paths also 1 where audit finds a long-lived key in them that the file does not have.
    """
    from rolewright.migration.collect import unknown_keys  # noqa: PLC0415 - only this command needs it

    require_there(paths or [])
    migration, today = _read(file), now().date()
    unknown = unknown_keys(migration, file, paths or [])
    report(unknown, {})
    kept, late = migration.kept, today > migration.due
    for key in kept:
        say(f"{key.id}: {key.phase} since {key.since}")
    ended = "was" if late else "is"
    say(f"{len(kept)} of {len(migration.keys)} keys are not gone; the deadline {ended} {migration.due}")
    if late and kept:
        say("`rolewright migrate status` says what is lacking; `extend DAY --reason TEXT` sets another deadline")
        raise typer.Exit(LATE)
    if unknown:
        raise typer.Exit(1)


@migrate_app.command(cls=Command)
def advance(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The id of the key.")],
    manifest: Manifest = None,
    env: Environment = "",
    trail: Trail = None,
    audit: Settings = None,
    last_used: LastUsed = None,
    listed: Listed = None,
    back: Back = False,
    execute: Execute = False,
    yes: Yes = False,
    blueprints: Blueprints = None,
    file: File = _FILE,
) -> None:
    """Take the next step of a key if the evidence for it is there, and else say what is lacking and exit 1.

    found, role-made (a manifest makes the role), deployed (the role was seen at work), parallel (nothing gives the
    workload the key any more, which stays to go back to), disabled, deleted, watched. Without --execute no network is
    used and no credentials are read: the AWS commands are shown, and their output is the evidence. With it the change
    is shown first, is asked for, and is never made for a key that was used within the days agreed on.
    """
    from rolewright.migration.advance import advance as go_on  # noqa: PLC0415 - as above
    from rolewright.migration.advance import go_back  # noqa: PLC0415 - only this command needs all this
    from rolewright.migration.collect import Given  # noqa: PLC0415 - as above
    from rolewright.migration.steps import Conduct, StepRefusedError  # noqa: PLC0415 - as above

    require_there((*(trail or ()), *(audit or ()), *filter(None, (manifest, last_used, listed))))
    migration = _read(file)
    if key not in migration.keys:
        raise typer.BadParameter(f"{file} has no key {key}")
    known = migration.keys[key]
    known = replace(known, manifest=str(manifest or known.manifest), environment=env or known.environment)
    if not back and not known.following:
        say(f"{key} is {known.phase}: nothing is left to do")
        return
    given = Given(tuple(trail or ()), tuple(audit or ()), last_used, listed, tuple(blueprints or ()))
    conduct = Conduct(lambda change: _confirm(change, yes=yes), lambda begun: _write(file, begun), now)
    try:
        outcome = (go_back if back else go_on)(migration, known, given, conduct, execute=execute)
    except StepRefusedError as refusal:
        say(printable(str(refusal)), err=True)
        raise typer.Exit(1) from None
    if outcome.migration is not None:
        _write(file, outcome.migration)
    _say_outcome(outcome)
    if outcome.migration is None:
        raise typer.Exit(1)


def _confirm(change: Change, *, yes: bool) -> None:
    """Show what will be done and how it is undone, and ask."""
    key = change.key
    where = f"account {key.account}" if key.account else "the account of these credentials"
    say(f"this will {change.does} of user {key.user} in {where}; it is {change.before or 'no more'} now")
    say(f"  undone by: {change.undone}")
    if not yes:
        typer.confirm("do this", abort=True)


def _say_outcome(outcome: StepOutcome) -> None:
    from rolewright.report.migration import key_text  # noqa: PLC0415 - only one command needs it

    if outcome.lacking:
        show("\n".join(map(printable, key_text(outcome.key, outcome.lacking))))
    else:
        say(outcome.line)
    for shown in outcome.shown:
        say(printable(f"  [x] {shown}"))


def _read(file: Path) -> Migration:
    from rolewright.migration.state import read_migration  # noqa: PLC0415 - only these commands need it

    if not is_there(file):
        raise typer.BadParameter(f"{file} is not there: `rolewright migrate init PATH --deadline DAY` writes it")
    return read_migration(file, now().date())


def _write(file: Path, migration: Migration) -> None:
    from rolewright.migration.state import migration_text  # noqa: PLC0415 - only these commands need it

    make_folder(file.parent)
    write_file(file, migration_text(migration))


def now() -> datetime:
    """Return the current time in UTC, as AWS writes times; tests replace it."""
    return datetime.now(UTC)
