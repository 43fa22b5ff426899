"""The file in the repository that has each key's phase, and the deadline; it has no secrets."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import MisuseError, Rejected
from rolewright.migration.phases import GONE, PHASES, wrong
from rolewright.yaml.load import load, quoted
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEAD = """\
# Access keys that are being replaced by roles. `rolewright migrate` rewrites this file: comments are lost.
# `rolewright migrate status` shows the next steps.
"""


@dataclass(frozen=True)
class Shown:
    """A file or folder that was evidence, with its digest: of a folder that of its files' names and digests."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Step:
    """A phase that a key reached, on which day and at what time, who took it there, and what showed that it could."""

    phase: str
    since: date
    time: str
    by: str
    evidence: tuple[str, ...]
    files: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Key:
    """A key. `user` is whose it is in IAM, `manifest` that of the workload that used it; "" where not known yet.

    `pending` is a step that was begun in IAM and is not known to have ended: a run was interrupted.
    """

    id: str
    account: str
    user: str
    manifest: str
    environment: str
    steps: tuple[Step, ...]
    pending: Step | None = None

    @property
    def phase(self) -> str:
        """Return the phase that it is in."""
        return self.steps[-1].phase

    @property
    def since(self) -> date:
        """Return the day on which it entered that phase."""
        return self.steps[-1].since

    @property
    def following(self) -> str:
        """Return the phase that comes next, or "" after the last."""
        index = PHASES.index(self.phase) + 1
        return PHASES[index] if index < len(PHASES) else ""


@dataclass(frozen=True)
class Extension:
    """Another deadline, and why."""

    until: date
    reason: str
    decided: date


@dataclass(frozen=True)
class Wait:
    """Days: that the role has to be at work without a denial, that the key has to be unused before it is disabled,
    that it has to be disabled before it is deleted, and that the role is watched after that.
    """

    role: int = 7
    unused: int = 14
    disabled: int = 14
    deleted: int = 30


@dataclass(frozen=True)
class Migration:
    """All keys, and the day by which they have to be gone."""

    deadline: date
    extensions: tuple[Extension, ...]
    wait: Wait
    keys: Mapping[str, Key]

    @property
    def due(self) -> date:
        """Return the deadline that holds: the last one that was set."""
        return self.extensions[-1].until if self.extensions else self.deadline

    @property
    def kept(self) -> tuple[Key, ...]:
        """Return the keys that are not gone."""
        return tuple(key for key in self.keys.values() if key.phase not in GONE)

    def with_key(self, key: Key) -> Migration:
        """Return the migration with a key as it is now."""
        return replace(self, keys={**self.keys, key.id: key})

    def extended(self, until: date, reason: str, today: date) -> Migration:
        """Return the migration with another deadline. Raises MisuseError for one that is not later."""
        if until <= self.due:
            raise MisuseError(f"{until} does not extend the deadline, which is {self.due}: give a later day")
        return replace(self, extensions=(*self.extensions, Extension(until, reason, today)))


def read_migration(path: Path, today: date) -> Migration:
    """Read the file as it was written, or edited by hand. Raises Rejected with the place of each thing that is wrong.

    Nothing in it may be of a day after today, and nothing may contradict the order and the waits of the steps.
    """
    tree = load(path).trees[0]
    findings = list(_schema().findings(tree.data, tree.location, "migration-file"))
    findings = findings or list(wrong(tree, today))
    if findings:
        raise Rejected(findings)
    data = tree.data
    return Migration(
        date.fromisoformat(data["deadline"]),
        tuple(
            Extension(
                date.fromisoformat(extension["until"]), extension["reason"], date.fromisoformat(extension["decided"])
            )
            for extension in data.get("extensions", ())
        ),
        Wait(**data["wait"]),
        {name: _key(name, described) for name, described in data["keys"].items()},
    )


def _key(name: str, data: Mapping[str, Any]) -> Key:
    account, user, manifest, environment = (
        str(data.get(field, "")) for field in ("account", "user", "manifest", "environment")
    )
    pending = _step(data["pending"]) if "pending" in data else None
    return Key(name, account, user, manifest, environment, tuple(map(_step, data["steps"])), pending)


def _step(data: Mapping[str, Any]) -> Step:
    files = tuple(Shown(file["path"], file["sha256"]) for file in data.get("files", ()))
    since = date.fromisoformat(data["since"])
    return Step(data["phase"], since, data["time"], data["by"], tuple(data["evidence"]), files)


@cache
def _schema() -> Schema:
    return Schema(load(Path(__file__).with_name("schema.yaml")).trees[0].data)


def migration_text(migration: Migration) -> str:
    """Return the file's text: the same for the same migration."""
    lines = ["version: 1", f'deadline: "{migration.deadline}"']
    if migration.extensions:
        lines.append("extensions:")
        lines += [
            f'  - {{until: "{extension.until}", reason: {quoted(extension.reason)}, decided: "{extension.decided}"}}'
            for extension in migration.extensions
        ]
    days = ", ".join(f"{name}: {value}" for name, value in asdict(migration.wait).items())
    lines.append(f"wait: {{{days}}}  # days")
    lines.append("keys:" if migration.keys else "keys: {}")
    for key in sorted(migration.keys.values(), key=lambda key: key.id):
        lines += [f"  {key.id}:", f"    account: {quoted(key.account)}"]
        for field in ("user", "manifest", "environment"):
            value = getattr(key, field)
            lines += [f"    {field}: {quoted(value)}"] if value else []
        if key.pending is not None:
            lines += ["    pending:", *_step_lines(key.pending, "      ")]
        lines.append("    steps:")
        for step in key.steps:
            first, *rest = _step_lines(step, "        ")
            lines += [f"      - {first.lstrip()}", *rest]
    return _HEAD + "".join(f"{line}\n" for line in lines)


def _step_lines(step: Step, indent: str) -> list[str]:
    lines = [f"{indent}phase: {step.phase}", f'{indent}since: "{step.since}"', f'{indent}time: "{step.time}"']
    lines += [f"{indent}by: {quoted(step.by)}"]
    lines += [f"{indent}evidence:", *(f"{indent}  - {quoted(line)}" for line in step.evidence)]
    if step.files:
        lines += [f"{indent}files:"]
        lines += [f"{indent}  - {{path: {quoted(file.path)}, sha256: {file.sha256}}}" for file in step.files]
    return lines
