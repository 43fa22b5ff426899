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
from rolewright.cli.files import make_folder, write_file
from rolewright.cli.given import manifest_names, require_there
from rolewright.core.day import read_day
from rolewright.core.files import is_there
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from rolewright.migration.state import Migration
    from rolewright.migration.steps import Change, StepOutcome

LATE = 3
migrate_app = typer.Typer(
    name="migrate",
    help="""Replace access keys with roles, step by step, with evidence for each step.

    \b
    Examples:
      rolewright migrate init . --deadline 2027-06-30
      rolewright migrate status
    """,
    no_args_is_help=True,
)

File = Annotated[Path, typer.Option("--file", metavar="FILE", help="File that records the phase of each key.")]
Audited = Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Files and folders to search for keys.")]
Manifest = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        "-m",
        metavar="MANIFEST",
        help="Manifest of the workload that uses the key; remembered in --file.",
        autocompletion=manifest_names,
    ),
]
Environment = Annotated[
    str, typer.Option("--env", help="Environment of the manifest, if it has several; remembered in --file.")
]
Trail = Annotated[
    list[Path] | None, typer.Option("--trail", metavar="FILE", help="CloudTrail log files, or folders of them.")
]
Settings = Annotated[
    list[Path] | None,
    typer.Option("--audit", metavar="PATH", help="Code and settings of the workload, to check for the key."),
]
LastUsed = Annotated[
    Path | None, typer.Option("--last-used", metavar="FILE", help="Output of aws iam get-access-key-last-used.")
]
Listed = Annotated[Path | None, typer.Option("--listed", metavar="FILE", help="Output of aws iam list-access-keys.")]
Back = Annotated[bool, typer.Option("--back", help="Go back one phase; not possible once the key is deleted.")]
Execute = Annotated[
    bool, typer.Option("--execute", help="Query IAM and change the key there, with your AWS credentials.")
]
Yes = Annotated[bool, typer.Option("--yes", help="With --execute: make the change that is shown without asking.")]
_FILE = Path(".rolewright", "migration.yaml")


@migrate_app.callback()
def _group() -> None:
    pass


@migrate_app.command(cls=Command)
def init(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders to search for keys.")],
    deadline: Annotated[
        str | None,
        typer.Option(
            "--deadline", metavar="DAY", help="Day by which all keys must be deleted, for example 2027-06-30."
        ),
    ] = None,
    file: File = _FILE,
) -> None:
    """Record every long-lived key that `rolewright audit` finds. Run it again to add new keys.

    Commit the file to your repository. It contains no secrets: only key ids, accounts, dates and the evidence for each
    step. Its `wait` section sets how many days each step has to wait; you can edit it.

    \b
    Example:
      rolewright migrate init . --deadline 2027-06-30
    """
    from rolewright.migration.collect import with_new_keys  # noqa: PLC0415 - only this command needs it
    from rolewright.migration.state import Migration, Wait  # noqa: PLC0415 - as above

    require_there(paths)
    if is_there(file):
        if deadline is not None:
            raise typer.BadParameter(f"{file} already exists: change its deadline with `rolewright migrate extend`")
        migration = _read(file)
    elif deadline is None:
        raise typer.BadParameter("a new file needs a deadline: --deadline DAY, for example 2027-06-30")
    else:
        migration = Migration(read_day(deadline), (), Wait(), {})
    complete = with_new_keys(migration, paths, now())
    _write(file, complete)
    added = len(complete.keys) - len(migration.keys)
    say(f"{file}: {added} new key{'s' * (added != 1)}, {len(complete.keys)} in all")


@migrate_app.command(cls=Command)
def status(file: File = _FILE, format_: FormatOption = Format.TEXT) -> None:
    """Show the phase of each key, and the evidence that its next step needs.

    \b
    Example:
      rolewright migrate status
    """
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
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Reason for the new deadline; recorded in the file.")
    ],
    file: File = _FILE,
) -> None:
    """Change the deadline and record the reason.

    \b
    Example:
      rolewright migrate extend 2027-09-30 --reason "the vendor is late"
    """
    if not reason.strip():
        raise typer.BadParameter("--reason is empty: say why the deadline changes")
    migration = _read(file)
    day = read_day(until)
    _write(file, migration.extended(day, reason, now().date()))
    say(f"{file}: the deadline is now {day}")


@migrate_app.command(cls=Command)
def check(paths: Audited = None, file: File = _FILE) -> None:
    """Fail in CI: exit 3 if the deadline has passed and a key is not deleted.

    With PATHs, also exit 1 if `rolewright audit` finds a long-lived key in them that the file does not list.

    \b
    Example:
      rolewright migrate check services
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
    say(f"{len(kept)} of {len(migration.keys)} keys are not deleted yet; the deadline {ended} {migration.due}")
    if late and kept:
        say("`rolewright migrate status` shows what each key needs; `extend DAY --reason TEXT` changes the deadline")
        raise typer.Exit(LATE)
    if unknown:
        raise typer.Exit(1)


@migrate_app.command(cls=Command)
def advance(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Access key id.")],
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
    """Move a key to its next phase if there is evidence for it; otherwise say what is missing and exit 1.

    The phases: found, role-made (a manifest makes the role), deployed (the role was seen at work), parallel (the
    workload no longer gets the key, which is kept for a rollback), disabled, deleted, watched.

    Without --execute no network and no credentials are used: the AWS commands are printed, and their output is the
    evidence. With --execute the change is shown, confirmed by you, then made; never for a key that was used within
    the days set in `wait`.

    \b
    Example:
      rolewright migrate advance AKIAIOSFODNN7EXAMPLE --trail trail.json
    """
    from rolewright.migration.advance import advance as go_on  # noqa: PLC0415 - as above
    from rolewright.migration.advance import go_back  # noqa: PLC0415 - only this command needs all this
    from rolewright.migration.collect import Given  # noqa: PLC0415 - as above
    from rolewright.migration.steps import Conduct, StepRefusedError  # noqa: PLC0415 - as above

    require_there((*(trail or ()), *(audit or ()), *filter(None, (manifest, last_used, listed))))
    migration = _read(file)
    if key not in migration.keys:
        raise typer.BadParameter(
            f"{file} does not list the key {key}: `rolewright migrate status` shows the keys it lists"
        )
    known = migration.keys[key]
    known = replace(known, manifest=str(manifest or known.manifest), environment=env or known.environment)
    if not back and not known.following:
        say(f"{key} is {known.phase}: there is nothing left to do")
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
    say(f"this will {change.does} of user {key.user} in {where}; its status is {change.before or 'deleted'} now")
    say(f"  to undo: {change.undone}")
    if not yes:
        typer.confirm("continue", abort=True)


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
        raise typer.BadParameter(f"{file} does not exist: create it with `rolewright migrate init PATH --deadline DAY`")
    return read_migration(file, now().date())


def _write(file: Path, migration: Migration) -> None:
    from rolewright.migration.state import migration_text  # noqa: PLC0415 - only these commands need it

    make_folder(file.parent)
    write_file(file, migration_text(migration))


def now() -> datetime:
    """Return the current time in UTC, as AWS writes times; tests replace it."""
    return datetime.now(UTC)
