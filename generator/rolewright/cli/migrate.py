"""`rolewright migrate`: access keys on their way out, step by step, with evidence."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.audit.finding import closed_finding
from rolewright.cli.app import Command
from rolewright.cli.audit import found_in
from rolewright.cli.console import Blueprints, Format, FormatOption, report, say, show
from rolewright.cli.files import require_there
from rolewright.cli.migrate_file import demanded_of, read_file, step_of, take_step, today, write_migration
from rolewright.cli.migrate_iam import execute_back, execute_step
from rolewright.core.files import is_there
from rolewright.core.finding import Location, Rejected

if TYPE_CHECKING:
    from rolewright.core.finding import Finding
    from rolewright.migration.evidence import Evidence
    from rolewright.migration.state import Key, Migration, Shown

LATE = 3
migrate_app = typer.Typer(name="migrate", help="Get off access keys, step by step.", no_args_is_help=True)

File = Annotated[Path, typer.Option("--file", metavar="FILE", help="The file that has the phase of each key.")]
Audited = Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Files and folders to look for keys in.")]
_FILE = Path(".rolewright", "migration.yaml")
_IN_IAM = ("disabled", "deleted")
"""The phases that a change in IAM brings about."""


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
    from rolewright.audit.keys import account_of  # noqa: PLC0415 - only this command needs it
    from rolewright.audit.text import long_lived_keys  # noqa: PLC0415
    from rolewright.migration.state import Key, Migration, Wait  # noqa: PLC0415

    require_there(paths)
    if is_there(file):
        if deadline is not None:
            raise typer.BadParameter(f"{file} is there already: `rolewright migrate extend` sets another deadline")
        migration = read_file(file)
    elif deadline is None:
        raise typer.BadParameter("say by when: --deadline DAY")
    else:
        migration = Migration(_day(deadline), (), Wait(), {})
    found = long_lived_keys(_audited(paths))
    added = [one for one in found if one not in migration.keys]
    for id_ in added:
        step = step_of("found", tuple(str(place) for place in found[id_]))
        migration = migration.with_key(Key(id_, account_of(id_), "", "", "", (step,)))
    write_migration(file, migration)
    say(f"{file}: {len(added)} new key{'s' * (len(added) != 1)}, {len(migration.keys)} in all")


@migrate_app.command(cls=Command)
def status(file: File = _FILE, format_: FormatOption = Format.TEXT) -> None:
    """Show where each key stands, and what its next step demands."""
    from rolewright.migration.evidence import Evidence, demands  # noqa: PLC0415 - only this command needs all this
    from rolewright.report.migration import status_json, status_text  # noqa: PLC0415

    migration = read_file(file, format_)
    demanded = {name: demands(key, migration.wait, Evidence(), today()) for name, key in migration.keys.items()}
    if format_ is Format.JSON:
        show(json.dumps(status_json(migration, demanded), indent=2))
    else:
        show(status_text(migration, demanded, today()), nl=False)


@migrate_app.command(cls=Command)
def extend(
    until: Annotated[str, typer.Argument(metavar="DAY", help="The new deadline.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: it is kept in the file.")],
    file: File = _FILE,
) -> None:
    """Set another deadline, for a reason."""
    from rolewright.migration.state import Extension  # noqa: PLC0415 - only this command needs it

    if not reason.strip():
        raise typer.BadParameter("an extension needs a reason")
    migration = read_file(file)
    day = _day(until)
    if day <= migration.due:
        raise typer.BadParameter(f"{day} is no extension: the deadline is {migration.due}")
    write_migration(file, replace(migration, extensions=(*migration.extensions, Extension(day, reason, today()))))
    say(f"{file}: the deadline is {day}")


@migrate_app.command(cls=Command)
def check(paths: Audited = None, file: File = _FILE) -> None:
    """For CI: exit 3 where the deadline is over and a key is not gone.

    With paths also 1 where audit finds a long-lived key in them that the file does not have.
    """
    from rolewright.audit.text import long_lived_keys  # noqa: PLC0415 - only this command needs it
    from rolewright.migration.state import GONE  # noqa: PLC0415

    require_there(paths or [])
    migration = read_file(file)
    unknown = [
        closed_finding(
            "unknown-key",
            f"{id_} is not in {file}",
            "write it down with `rolewright migrate init`, or take it out",
            places[0],
            subject=id_,
        )
        for id_, places in long_lived_keys(_audited(paths or [])).items()
        if id_ not in migration.keys
    ]
    report(unknown, {})
    kept = [key for key in migration.keys.values() if key.phase not in GONE]
    late = today() > migration.due
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
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", "-m", metavar="MANIFEST", help="That of the workload; kept in the file."),
    ] = None,
    env: Annotated[str, typer.Option("--env", help="Its environment, where it has several; kept in the file.")] = "",
    trail: Annotated[
        list[Path] | None, typer.Option("--trail", metavar="FILE", help="CloudTrail's files, or folders of them.")
    ] = None,
    audit: Annotated[
        list[Path] | None, typer.Option("--audit", metavar="PATH", help="The workload's code and settings.")
    ] = None,
    last_used: Annotated[
        Path | None, typer.Option("--last-used", metavar="FILE", help="From aws iam get-access-key-last-used.")
    ] = None,
    listed: Annotated[
        Path | None, typer.Option("--listed", metavar="FILE", help="From aws iam list-access-keys.")
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Go one phase back; never from a deleted key.")] = False,
    execute: Annotated[
        bool, typer.Option("--execute", help="Ask IAM, and change the key there, with your AWS credentials.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --execute: do what is shown without asking.")] = False,
    blueprints: Blueprints = None,
    file: File = _FILE,
) -> None:
    """Take the next step of a key if the evidence for it is there, and else say what is lacking and exit 1.

    found, role-made (a manifest makes the role), deployed (the role was seen at work), parallel (nothing gives the
    workload the key any more, which stays to go back to), disabled, deleted, watched. Without --execute no network is
    used and no credentials are read: the AWS commands are shown, and their output is the evidence. With it the change
    is shown first, is asked for, and is never made for a key that was used within the days agreed on.
    """
    require_there((*(trail or ()), *(audit or ()), *filter(None, (manifest, last_used, listed))))
    migration = read_file(file)
    if key not in migration.keys:
        raise typer.BadParameter(f"{file} has no key {key}")
    one = migration.keys[key]
    one = replace(one, manifest=str(manifest) if manifest else one.manifest, environment=env or one.environment)
    if back:
        _back(file, migration, one, listed, execute=execute, yes=yes)
        return
    if not one.following:
        say(f"{key} is {one.phase}: nothing is left to do")
        return
    try:
        one, evidence = _evidence(one, trail, audit, last_used, listed, blueprints or [])
    except Rejected as refusal:
        report(refusal.findings, {})
        raise typer.Exit(1) from None
    if execute and one.following in _IN_IAM:
        execute_step(file, migration, one, evidence, yes=yes)
    else:
        take_step(file, migration, one, demanded_of(migration, one, evidence), evidence.files)


def _evidence(
    key: Key,
    trail: list[Path] | None,
    audit: list[Path] | None,
    last_used: Path | None,
    listed: Path | None,
    blueprints: list[Path],
) -> tuple[Key, Evidence]:
    """Return the evidence that was shown, and the key with its owner where that tells. Raises Rejected."""
    from rolewright.migration.evidence import Evidence  # noqa: PLC0415 - as above
    from rolewright.migration.reports import read_last_use, read_status, shown  # noqa: PLC0415
    from rolewright.usage.events import event_of  # noqa: PLC0415
    from rolewright.usage.records import Reading, records  # noqa: PLC0415
    from rolewright.usage.tally import tally  # noqa: PLC0415

    role = _role(key, blueprints) if key.manifest else None
    last_use = read_last_use(last_used, key, today()) if last_used is not None else None
    status_ = None
    if listed is not None:
        status_, user = read_status(listed, key)
        key = replace(key, user=user)
    reading = Reading()
    found = tally((event_of(one) for one in records(trail, reading)), "") if trail else None
    unread = {**reading.unread, **reading.broken}
    if unread:
        name, why = next(iter(unread.items()))
        message = f"{name} is not read to its end, so that it shows nothing: {why}"
        raise Rejected([closed_finding("migration-evidence", message, "get the file again", Location(name))])
    findings = tuple(_audited(audit)) if audit else None
    given = (*(trail or ()), *(audit or ()), *filter(None, (last_used, listed)))
    files = tuple(filter(None, map(shown, (*([Path(key.manifest)] if key.manifest else []), *given))))
    return key, Evidence(role, found, findings, last_use, status_, files)


def _role(key: Key, blueprints: list[Path]) -> tuple[str, str]:
    """Return the account and name of the role that the manifest's code has. Raises Rejected."""
    from rolewright.pipeline import Pipeline  # noqa: PLC0415
    from rolewright.retarget.comparison import code_role  # noqa: PLC0415 - as above

    with Pipeline(blueprints) as pipeline:
        found = [
            (environment.account, role.name.ground(environment.values), environment.name)
            for one in pipeline.rendered(Path(key.manifest))
            for role in one.roles
            if role.key == code_role(pipeline.catalog.computes[one.workload.compute.type])
            for environment in one.workload.environments
            if key.environment in ("", environment.name)
        ]
    if len(found) != 1:
        several = ", ".join(name for _, _, name in found) or "none"
        message = f"{key.manifest} has not one role that the key is given up for: {several}"
        remedy = "name a manifest with one workload, and its environment with --env"
        raise Rejected([closed_finding("migration-evidence", message, remedy, Location(key.manifest))])
    account, name, _ = found[0]
    return account or "", name


def _back(file: Path, migration: Migration, key: Key, listed: Path | None, *, execute: bool, yes: bool) -> None:
    """One phase back; a disabled key is made active again."""
    from rolewright.migration.evidence import COMMANDS, iam_command, listed_command  # noqa: PLC0415 - as above
    from rolewright.migration.history import PHASES  # noqa: PLC0415
    from rolewright.migration.reports import read_status, shown  # noqa: PLC0415
    from rolewright.migration.state import GONE  # noqa: PLC0415

    if key.phase in (*GONE, "found"):
        say(f"{key.id} is {key.phase}: there is no way back from there", err=True)
        raise typer.Exit(1)
    before = PHASES[PHASES.index(key.phase) - 1]
    files: tuple[Shown, ...] = ()
    if key.phase == "disabled":
        active, command = COMMANDS[before]
        if execute:
            execute_back(file, migration, key, step_of(before, ("taken back",)), yes=yes)
            return
        if listed is None or read_status(listed, key)[0] != active:
            run = iam_command(key, command)
            say(f"run `{run}`, and show it: --listed FILE, `{listed_command(key)}`")
            raise typer.Exit(1)
        files = tuple(filter(None, [shown(listed)]))
    step = step_of(before, ("taken back",), files)
    write_migration(file, migration.with_key(replace(key, steps=(*key.steps, step), pending=None)))
    say(f"{key.id}: {step.phase}, taken back")


def _audited(paths: list[Path]) -> list[Finding]:
    """Return what audit finds in paths. Exits 2 where there is no file to look at, which shows nothing."""
    if not paths:
        return []
    found, files = found_in(paths, [], git_history=False)
    if not files:
        raise typer.BadParameter(f"{' and '.join(map(str, paths))}: there is no file to look at")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no day: write it as 2027-06-30") from None
