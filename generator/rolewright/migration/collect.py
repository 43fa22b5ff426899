"""Files and folders → the evidence of a key's next step, and the keys that stand in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.audit.finding import closed_finding
from rolewright.audit.keys import account_of
from rolewright.audit.scan import scan
from rolewright.audit.text import long_lived_keys
from rolewright.core.finding import Location, MisuseError, Rejected
from rolewright.migration.evidence import Evidence
from rolewright.migration.reports import digested, read_last_use, read_status
from rolewright.migration.state import Key
from rolewright.migration.steps import step_of
from rolewright.pipeline import Pipeline
from rolewright.retarget.comparison import code_role
from rolewright.usage.events import event_of
from rolewright.usage.records import Reading, records
from rolewright.usage.tally import tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from rolewright.core.finding import Finding
    from rolewright.migration.state import Migration
    from rolewright.usage.tally import Tally


@dataclass(frozen=True)
class Given:
    """What was given as evidence: CloudTrail's files, what to audit, and the answers of two commands of AWS.

    `blueprints` are folders that the key's manifest needs.
    """

    trail: tuple[Path, ...] = ()
    audit: tuple[Path, ...] = ()
    last_used: Path | None = None
    listed: Path | None = None
    blueprints: tuple[Path, ...] = ()


def with_new_keys(migration: Migration, paths: Sequence[Path], moment: datetime) -> Migration:
    """Return the migration with every long-lived key that stands in paths and is not in it yet.

    Raises MisuseError where there are no files to search.
    """
    for id_, places in long_lived_keys(audited(paths)).items():
        if id_ not in migration.keys:
            step = step_of("found", tuple(map(str, places)), moment)
            migration = migration.with_key(Key(id_, account_of(id_), "", "", "", (step,)))
    return migration


def unknown_keys(migration: Migration, file: Path, paths: Sequence[Path]) -> list[Finding]:
    """Find the long-lived keys in paths that a migration's file does not have.

    Raises MisuseError where there are no files to search.
    """
    message, remedy = "is not in", "record it with `rolewright migrate init`, or remove it"
    return [
        closed_finding("unknown-key", f"{id_} {message} {file}", remedy, places[0], subject=id_)
        for id_, places in long_lived_keys(audited(paths)).items()
        if id_ not in migration.keys
    ]


def audited(paths: Sequence[Path]) -> tuple[Finding, ...]:
    """Return what audit finds in paths. Raises MisuseError where there are no files to search, which shows nothing."""
    if not paths:
        return ()
    scanned = scan(paths)
    if not scanned.looked_at:
        raise MisuseError(f"{' and '.join(map(str, paths))}: there are no files to search")
    return scanned.findings


def collect(key: Key, given: Given, today: date) -> tuple[Key, Evidence]:
    """Return the evidence that was given, and the key with its owner where that tells.

    Raises Rejected for what shows nothing, and MisuseError where there is no file to audit.
    """
    role = _role(key, given.blueprints) if key.manifest else None
    last_use = read_last_use(given.last_used, key, today) if given.last_used is not None else None
    status = None
    if given.listed is not None:
        status, user = read_status(given.listed, key)
        key = replace(key, user=user)
    seen = _tally(given.trail) if given.trail else None
    findings = audited(given.audit) if given.audit else None
    manifest = [Path(key.manifest)] if key.manifest else []
    answers = filter(None, (given.last_used, given.listed))
    files = digested([*manifest, *given.trail, *given.audit, *answers])
    return key, Evidence(role, seen, findings, last_use, status, files)


def _tally(trail: Sequence[Path]) -> Tally:
    reading = Reading()
    found = tally((event_of(record) for record in records(list(trail), reading)), "")
    for name, why in {**reading.unread, **reading.broken}.items():
        message = f"{name} could not be read to its end, so it is not evidence: {why}"
        raise Rejected([closed_finding("migration-evidence", message, "download the file again", Location(name))])
    return found


def _role(key: Key, blueprints: Sequence[Path]) -> tuple[str, str]:
    """Return the account and name of the role that the manifest's code has. Raises Rejected."""
    with Pipeline(blueprints) as pipeline:
        found = [
            (environment.account, role.name.ground(environment.values), environment.name)
            for rendered in pipeline.rendered(Path(key.manifest))
            for role in rendered.roles
            if role.key == code_role(pipeline.catalog.computes[rendered.workload.compute.type])
            for environment in rendered.workload.environments
            if key.environment in ("", environment.name)
        ]
    if len(found) != 1:
        several = ", ".join(name for _, _, name in found) or "none"
        message = f"{key.manifest} must lead to exactly one role that replaces the key, but leads to: {several}"
        remedy = "use a manifest with one workload, and name its environment with --env"
        raise Rejected([closed_finding("migration-evidence", message, remedy, Location(key.manifest), subject=key.id)])
    account, name, _ = found[0]
    return account or "", name
