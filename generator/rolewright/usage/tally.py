"""Events → what each role used and was denied, which keys are still in use, and what is not known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rolewright.suggest.messages import question_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.usage.events import Event
    from rolewright.usage.records import Reading

_MANY = 10_000
"""Different uses that are kept of a role, and addresses of a key; what comes after them is left out."""


@dataclass
class Seen:
    """A count, with the first and the last time in ISO 8601."""

    count: int = 0
    first: str = ""
    last: str = ""

    def add(self, time: str) -> None:
        """Add one at a time."""
        self.count += 1
        self.first = min(filter(None, (self.first, time)), default="")
        self.last = max(self.last, time)


@dataclass
class KeyUse(Seen):
    """A long-lived key that calls: whose it is, from where and with which programs."""

    user: str = ""
    sources: Counter[str] = field(default_factory=Counter)
    agents: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)


@dataclass
class RoleUse(Seen):
    """The use of a role, by action and ARN ("" where the record names none), and its denials, with AWS's message.

    `refused` are calls that prove neither, by operation, code and kind of error. `done` counts those that were let in.
    """

    done: Seen = field(default_factory=Seen)
    used: dict[tuple[str, str], Seen] = field(default_factory=dict)
    denied: dict[tuple[str, str, str], Seen] = field(default_factory=dict)
    refused: dict[tuple[str, str, str], Seen] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    """Actions of calls that were denied or refused."""
    unmapped: dict[tuple[str], Seen] = field(default_factory=dict)
    """Operations of which nothing is known."""


@dataclass
class Tally:
    """A summary of the records. `data` are the services with data events, `first` and `last` times of any event.

    `places` are the accounts and regions that recorded something, `early` counts events before the day asked for.
    `gap` is why there may be more events than these, or "".
    """

    roles: dict[tuple[str, str], RoleUse] = field(default_factory=dict)
    """By account and name."""
    keys: dict[str, KeyUse] = field(default_factory=dict)
    data: set[str] = field(default_factory=set)
    first: str = ""
    last: str = ""
    places: dict[tuple[str, str], Seen] = field(default_factory=dict)
    events: int = 0
    early: int = 0
    gap: str = ""


def tally(events: Iterable[Event], since: str, reading: Reading | None = None) -> Tally:
    """Add up events from a time on. Memory grows with what is different, not with their number.

    `reading` is that of the files that the events are from.
    """
    found = Tally()
    for event in events:
        if event.time < since:
            found.early += 1
            continue
        found.events += 1
        found.places.setdefault(event.place, Seen()).add(event.time)
        if event.passed:
            continue
        found.first = min(filter(None, (found.first, event.time)), default="")
        found.last = max(found.last, event.time)
        if event.is_data:
            found.data.add(event.prefix)
        if event.key:
            _key(found.keys.setdefault(event.key, KeyUse()), event)
        if event.role:
            _role(found.roles.setdefault((event.account, event.role), RoleUse()), event)
    missed = len(reading.missed) if reading is not None else 0
    found.gap = f"{missed} file{'s were' if missed > 1 else ' was'} not read, or not to the end" if missed else ""
    return found


def _key(use: KeyUse, event: Event) -> None:
    use.add(event.time)
    use.user = event.user
    use.calls[f"{event.prefix}:{event.operation}"] += 1
    for counter, value in ((use.sources, event.source), (use.agents, event.agent)):
        if value in counter or len(counter) < _MANY:
            counter[value] += 1


def _role(use: RoleUse, event: Event) -> None:
    use.add(event.time)
    actions = event.needs.all_of if event.needs else ()
    if event.outcome in ("denied", "unauthenticated", "behind", "unproven"):
        use.stopped.update((*actions, *(event.needs.one_of if event.needs else ())))
    else:
        use.done.add(event.time)
    if event.needs is None:
        use.unmapped.setdefault((f"{event.prefix}:{event.operation}",), Seen()).add(event.time)
    asked = question_of([event.message]) if event.outcome in ("denied", "behind") else None
    if event.outcome in ("unauthenticated", "unproven") or (event.outcome == "behind" and asked is None):
        what = f"{event.prefix}:{event.operation}", event.code, event.outcome
        use.refused.setdefault(what, Seen()).add(event.time)
        return
    if event.outcome in ("denied", "behind"):
        action = (asked.action if asked else "") or next(iter(actions), f"{event.prefix}:{event.operation}")
        resource = (asked.resource if asked else "") or next(iter(event.arns), "")
        because = asked.because if asked else event.message or event.code
        use.denied.setdefault((action, resource, because), Seen()).add(event.time)
        return
    _record_used(use, event)


def _record_used(use: RoleUse, event: Event) -> None:
    for action in (*event.needs.all_of, *event.needs.one_of) if event.needs else ():
        for arn in event.arns or ("",):
            if (action, arn) in use.used or len(use.used) < _MANY:
                use.used.setdefault((action, arn), Seen()).add(event.time)
