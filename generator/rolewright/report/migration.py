"""The status of a migration, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from rolewright.migration.evidence import Demand
    from rolewright.migration.state import Key, Migration


def status_text(migration: Migration, demanded: Mapping[str, Sequence[Demand]], today: date) -> str:
    """Return the deadline, and for each key its phase and what its next step demands."""
    left = (migration.due - today).days
    when = f"{left} days left" if left >= 0 else f"passed {-left} day{'s' * (left != -1)} ago"
    lines = [f"deadline {migration.due}, {when}; {_counted(migration)}"]
    lines += [f"  extended on {extension.decided}: {extension.reason}" for extension in migration.extensions]
    for key in migration.keys.values():
        lines += ["", *key_text(key, demanded[key.id])]
    return "".join(f"{printable(line)}\n" for line in lines)


def key_text(key: Key, demanded: Sequence[Demand]) -> Iterator[str]:
    """Yield the lines of one key."""
    account = f"account {key.account}" if key.account else "an unknown account"
    yield f"{key.id} ({account}{f', user {key.user}' if key.user else ''}): {key.phase} since {key.since}"
    if key.pending is not None:
        yield f"  a run that sets it to {key.pending.phase} was interrupted: run it again"
    if key.following:
        yield f"  next: {key.following}"
    yield from (f"    [{'x' if demand.met else ' '}] {demand.text}" for demand in demanded)


def _counted(migration: Migration) -> str:
    phases = [key.phase for key in migration.keys.values()]
    return ", ".join(f"{phases.count(phase)} {phase}" for phase in dict.fromkeys(phases)) or "no key"


def status_json(migration: Migration, demanded: Mapping[str, Sequence[Demand]]) -> dict[str, Any]:
    """Return the status ready for `json.dumps`."""
    return {
        "deadline": migration.due.isoformat(),
        "extensions": [
            {"until": extension.until.isoformat(), "reason": extension.reason, "decided": extension.decided.isoformat()}
            for extension in migration.extensions
        ],
        "keys": [
            {"key": key.id, "account": key.account, "user": key.user, "phase": key.phase}
            | {
                "since": key.since.isoformat(),
                "pending": key.pending.phase if key.pending else "",
                "next": key.following,
            }
            | {"demands": [{"met": demand.met, "said": demand.text} for demand in demanded[key.id]]}
            for key in migration.keys.values()
        ],
    }
