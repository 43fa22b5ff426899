"""The demands of a key's next step, and whether the evidence at hand meets them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rolewright.audit.containers import NOT_READ
from rolewright.audit.text import long_lived_keys

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from rolewright.core.finding import Finding
    from rolewright.migration.state import Key, Shown, Wait
    from rolewright.usage.tally import RoleUse, Seen, Tally

_REFERENCES = ("key-reference", "frozen-credentials")


COMMANDS = {
    "parallel": ("Active", "update-access-key --status Active"),
    "disabled": ("Inactive", "update-access-key --status Inactive"),
    "deleted": ("", "delete-access-key"),
}
"""The state of a key in IAM in a phase, and the command that brings it about."""


@dataclass(frozen=True)
class LastUse:
    """The day on which IAM saw the key used; None for never. `user` is whose it is."""

    user: str
    day: date | None


@dataclass(frozen=True)
class Evidence:
    """The evidence; None for what was not looked at. `role` is the account ("" for any) and name of the code's role.

    `status` is that of the key in IAM: Active, Inactive, or "" where it is no more. `files` are what was given.
    """

    role: tuple[str, str] | None = None
    tally: Tally | None = None
    findings: tuple[Finding, ...] | None = None
    last_use: LastUse | None = None
    status: str | None = None
    files: tuple[Shown, ...] = ()


@dataclass(frozen=True)
class Demand:
    """A fact that has to be shown. `text` is what shows it where it is met, and otherwise what to do."""

    met: bool
    text: str


def demands(key: Key, wait: Wait, evidence: Evidence, today: date) -> tuple[Demand, ...]:
    """Return the demands of a key's next step, in the order in which it is best to see to them."""
    return (*conditions(key, wait, evidence, today), *_state(key, evidence))


def conditions(key: Key, wait: Wait, evidence: Evidence, today: date) -> tuple[Demand, ...]:
    """Return the demands without the state in IAM that the step brings about: those that have to be met before it."""
    return tuple(_STEPS[key.following](key, wait, evidence, today)) if key.following else ()


def _role_made(key: Key, _wait: Wait, evidence: Evidence, _today: date) -> Iterator[Demand]:
    if evidence.role is None:
        yield Demand(met=False, text="name the manifest that makes the workload's role: --manifest FILE")
    else:
        yield Demand(met=True, text=f"{key.manifest} is valid and makes the role {evidence.role[1]}")


def _deployed(key: Key, wait: Wait, evidence: Evidence, today: date) -> Iterator[Demand]:
    if evidence.role is not None or not key.manifest:
        yield from _role_made(key, wait, evidence, today)
    if evidence.tally is None or evidence.role is None:
        yield Demand(met=False, text="show the role at work, once it is deployed: --trail FILE with CloudTrail logs")
        return
    used = _use(evidence.tally, evidence.role, key.account)
    if used is None or not used.done.count:
        yield Demand(met=False, text=f"these records show no successful call of the role {evidence.role[1]}")
    else:
        done = used.done
        yield Demand(met=True, text=f"the role {evidence.role[1]} called {done.count} times, last {done.last}")


def _parallel(key: Key, _wait: Wait, evidence: Evidence, _today: date) -> Iterator[Demand]:
    if evidence.findings is None:
        yield Demand(
            met=False, text="show that the workload no longer gets the key: --audit PATH with its code and settings"
        )
        return
    unread = [finding.location for finding in evidence.findings if finding.rule in ("unreadable", NOT_READ)]
    if unread:
        yield Demand(
            met=False, text=f"{unread[0].file} could not be read: run where it is readable, and unpack archives first"
        )
    places = long_lived_keys(evidence.findings).get(key.id, [])
    places += [finding.location for finding in evidence.findings if finding.rule in _REFERENCES]
    if places:
        more = f" and {len(places) - 1} more places" if len(places) > 1 else ""
        yield Demand(met=False, text=f"a key is still set at {places[0]}{more} and would override the role: remove it")
    else:
        yield Demand(met=True, text="audit finds neither the key nor code or settings that use one")


def _disabled(key: Key, wait: Wait, evidence: Evidence, today: date) -> Iterator[Demand]:
    yield from _at_work(key, wait.role, evidence, today)
    yield from _unused(key, wait.unused, evidence, today)


def _deleted(key: Key, wait: Wait, evidence: Evidence, today: date) -> Iterator[Demand]:
    yield from _since(key, wait.disabled, today)
    yield from _at_work(key, wait.disabled, evidence, today)
    yield from _unused(key, wait.disabled, evidence, today)


def _watched(key: Key, wait: Wait, evidence: Evidence, today: date) -> Iterator[Demand]:
    yield from _since(key, wait.deleted, today)
    yield from _at_work(key, wait.deleted, evidence, today)


_STEPS = {
    "role-made": _role_made,
    "deployed": _deployed,
    "parallel": _parallel,
    "disabled": _disabled,
    "deleted": _deleted,
    "watched": _watched,
}


def _since(key: Key, days: int, today: date) -> Iterator[Demand]:
    passed = (today - key.since).days
    if passed < days:
        wait = key.since + timedelta(days)
        yield Demand(met=False, text=f"{key.phase} since {key.since}: this phase lasts {days} days, until {wait}")
    else:
        yield Demand(met=True, text=f"{key.phase} for {passed} days, since {key.since}")


def _at_work(key: Key, days: int, evidence: Evidence, today: date) -> Iterator[Demand]:
    """Demand that the role called and was denied nothing, in records that reach over the days."""
    if evidence.role is None and not key.manifest:
        yield Demand(met=False, text="name the manifest that makes the workload's role: --manifest FILE")
        return
    if evidence.role is None or evidence.tally is None or not evidence.tally.last:
        yield Demand(met=False, text=f"show the role at work for {days} days: --trail FILE with CloudTrail logs")
        return
    begin, name = (today - timedelta(days)).isoformat(), evidence.role[1]
    yield from _covered(evidence.tally, evidence.role[0] or key.account, days, begin, today)
    used = _use(evidence.tally, evidence.role, key.account)
    if used is None or used.done.last < begin:
        yield Demand(met=False, text=f"these records show no successful call of the role {name} since {begin}")
        return
    behind = (((what, code, ""), seen) for (what, code, kind), seen in used.refused.items() if kind == "behind")
    stopped = [*used.denied.items(), *behind]
    denied = [what for what, seen in stopped if seen.last >= begin]
    if denied:
        action, resource, _ = denied[0]
        more = f" and {len(denied) - 1} more" if len(denied) > 1 else ""
        denial = f"the role {name} was denied {action} on {resource or 'something'}{more}: see `rolewright usage`"
        yield Demand(met=False, text=denial)
    else:
        yield Demand(
            met=True,
            text=f"the role {name} called {used.done.count} times, last {used.done.last}, and was denied nothing",
        )


def _covered(tally: Tally, account: str, days: int, begin: str, today: date) -> Iterator[Demand]:
    yesterday, tomorrow = (today - timedelta(1)).isoformat(), (today + timedelta(1)).isoformat()
    spans = [seen for (own, _), seen in tally.places.items() if account in ("", own)]
    first, last = _ends(spans)
    if last > tomorrow:
        yield Demand(met=False, text=f"the records end on {last}, which is in the future")
    elif not spans:
        yield Demand(met=False, text=f"no record is from account {account}")
    elif first[:10] > begin or last[:10] < yesterday:
        reach = f"{first[:10]} to {last[:10]}"
        yield Demand(
            met=False, text=f"the records cover {reach}: give those of the last {days} days, up to {yesterday}"
        )


def _ends(spans: Iterable[Seen]) -> tuple[str, str]:
    listed = tuple(spans)
    first = min((seen.first for seen in listed), default="")
    return first, max((seen.last for seen in listed), default="")


def _unused(key: Key, days: int, evidence: Evidence, today: date) -> Iterator[Demand]:
    """Demand that nobody used the key: IAM remembers each use, and records show some of them."""
    if evidence.status == "":
        return  # of a key that is no more, IAM does not tell
    begin = today - timedelta(days)
    seen = evidence.tally.keys.get(key.id) if evidence.tally else None
    if seen is not None and seen.last[:10] > begin.isoformat():
        yield Demand(met=False, text=f"the key was used on {seen.last[:10]}, less than {days} days ago")
    if evidence.last_use is None:
        asked = last_used_command(key)
        yield Demand(met=False, text=f"show when the key was last used: --last-used FILE, from `{asked}`")
        return
    if key.user and evidence.last_use.user != key.user:
        yield Demand(met=False, text=f"IAM says that the key belongs to {evidence.last_use.user}, not to {key.user}")
    day = evidence.last_use.day
    if day is not None and day > begin:
        yield Demand(
            met=False,
            text=f"IAM saw the key used on {day}, less than {days} days ago: wait until {day + timedelta(days)}",
        )
    else:
        yield Demand(met=True, text=f"IAM saw the key used {f'last on {day}' if day else 'never'}")


def _state(key: Key, evidence: Evidence) -> Iterator[Demand]:
    """Demand that the key is in the state that the step brings about."""
    if key.following not in ("disabled", "deleted"):
        return
    wanted, command = COMMANDS[key.following]
    run = f"`{iam_command(key, command)}`"
    if evidence.status is None:
        yield Demand(
            met=False, text=f"then run {run}, and show the result: --listed FILE, from `{listed_command(key)}`"
        )
    elif evidence.status not in (wanted, ""):
        yield Demand(met=False, text=f"the key is {evidence.status}: run {run}")
    else:
        yield Demand(met=True, text=f"the key is {evidence.status or 'deleted'}")


def last_used_command(key: Key) -> str:
    """Return the command that writes the account, the key, its user and its last use to a file."""
    answer = f"{{AccessKeyId:'{key.id}',UserName:UserName,AccessKeyLastUsed:AccessKeyLastUsed}}"
    return _to_file(f'get-access-key-last-used --access-key-id {key.id} --query "{answer}"')


def listed_command(key: Key) -> str:
    """Return the command that writes the account, the user and its keys to a file, also where there is none."""
    user = key.user or "USER"
    answer = f"{{UserName:'{user}',AccessKeyMetadata:AccessKeyMetadata,IsTruncated:IsTruncated}}"
    return _to_file(f'list-access-keys --user-name {user} --query "{answer}"')


def _to_file(command: str) -> str:
    return f"{{ aws sts get-caller-identity; aws iam {command}; }} > FILE"


def iam_command(key: Key, command: str) -> str:
    """Return the AWS command line for a command on a key."""
    name, _, rest = command.partition(" ")
    return f"aws iam {name} --access-key-id {key.id} --user-name {key.user or 'USER'}{f' {rest}' if rest else ''}"


def _use(tally: Tally, role: tuple[str, str], account: str) -> RoleUse | None:
    """Return what a role did in its account; where the manifest names none, in that of the key."""
    wanted, name = role[0] or account, role[1]
    found = [
        use
        for (used_in, role_name), use in sorted(tally.roles.items())
        if role_name == name and wanted in ("", used_in)
    ]
    return found[0] if found else None
