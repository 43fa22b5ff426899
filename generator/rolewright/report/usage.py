"""The use of declared permissions, for people and for programs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rolewright.core.printable import printable
from rolewright.report.question import advice_lines
from rolewright.suggest.messages import reason_of, why

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.suggest.engine import Suggestion
    from rolewright.usage.compare import PermissionUsage, RoleUsage
    from rolewright.usage.manifests import Usage
    from rolewright.usage.records import Reading
    from rolewright.usage.reports import ActiveKey
    from rolewright.usage.tally import KeyUse, Seen, Tally

_FEW = 3
_REFUSED = {
    "unauthenticated": "the caller's credentials were rejected, which says nothing about permissions",
    "unproven": "it was rejected, possibly before permissions were checked",
    "behind": "something else that the call needs was denied; the record does not say what",
}


def usage_text(usage: Usage) -> str:
    """Return a block for each role, then keys that are still in use, then what could not be read or is not known."""
    lines: list[str] = []
    for workload, listed in usage.roles.items():
        for role in listed:
            lines += [*_role(workload, role, usage.suggestions), ""]
    if usage.tally.keys:
        lines += [
            "keys still in use:",
            *(line for key, use in sorted(usage.tally.keys.items()) for line in _key(key, use)),
            "",
        ]
    if usage.active:
        lines += ["active keys in the credential report:", *map(_active, usage.active), ""]
    lines += [*unread_lines(usage.reading), *_looked_at(usage.tally, usage.reading)]
    # Who called chose what stands in a record, such as the name of the program.
    return "\n".join([*map(printable, lines), ""])


def unread_lines(reading: Reading) -> list[str]:
    """Return a line for each file that was not read, or not to its end."""
    broken = [f"not read to its end: {file}: {why}" for file, why in sorted(reading.broken.items())]
    return [*(f"not read: {file}: {why}" for file, why in sorted(reading.unread.items())), *broken]


def _looked_at(tally: Tally, reading: Reading) -> Iterator[str]:
    """Yield files, records, days, accounts and regions: the basis of all of the above."""
    foreign = f", {reading.foreign} other JSON objects skipped" if reading.foreign else ""
    again = f", {reading.repeated} duplicates ignored" if reading.repeated else ""
    early = f", {tally.early} before --since ignored" if tally.early else ""
    idle = f", without: {reading.idle}" if reading.idle else ""
    files = reading.files + len(reading.broken)
    yield f"{reading.records} records read{foreign}{again}{early}; files with records: {files}{idle}"
    places: dict[str, list[str]] = defaultdict(list)
    for account, region in sorted(tally.places):
        places[account].append(region or "an unknown region")
    sources = "; ".join(
        f"{account or 'an unknown account'} in {', '.join(regions)}" for account, regions in places.items()
    )
    yield f"from {tally.first} to {tally.last}, of {sources}"


def _role(workload: str, usage: RoleUsage, suggestions: Mapping[tuple[str, str], Suggestion | None]) -> Iterator[str]:
    where = f" in {usage.environment}" if usage.environment else ""
    seen = f"{usage.seen.count} events, {usage.seen.first} to {usage.seen.last}" if usage.seen.count else "no event"
    yield f"{workload}{where}, role {usage.role} ({usage.name}): {seen}"
    for state in ("used", "unused", "unseen"):
        groups: dict[tuple[str, str, str, str], list[PermissionUsage]] = defaultdict(list)
        for each in usage.permissions:
            if each.state == state:
                groups[each.resource, each.origin, each.place, each.because].append(each)
        for (resource, origin, place, because), listed in groups.items():
            names = ", ".join(sorted({each.action for each in listed}))
            times = f", {sum(each.seen.count for each in listed)} times" if state == "used" and not because else ""
            why = f": {because}" if because else ""
            yield f"  {state:7} {names} on {resource}{times}    {place} {origin}{why}"
    for action, resource, use in usage.undeclared:
        on = f" on {resource}" if resource else ""
        yield f"  other   {action}{on}, {_times(use)}: allowed, but not declared in this manifest"
    for action, resource, because, use in usage.denied:
        yield f"  denied  {action} on {resource or '?'}, {_times(use)}: {reason(because)}"
        if (action, resource) in suggestions:
            yield from (f"          {line}" for line in _advice(suggestions[action, resource]))
    for name, code, kind, use in usage.refused:
        yield f"  refused {name}, {_times(use)}: {code}: {_REFUSED[kind]}"
    for name, use in usage.unmapped:
        yield f"  unknown {name}, {_times(use)}: the permissions that it needs are not known"


def _advice(suggestion: Suggestion | None) -> Iterator[str]:
    """Yield what would allow a denial; of what was not looked for, how to ask for it."""
    if suggestion is None:
        yield "run `rolewright why MANIFEST` with the text of the denial"
    else:
        yield from advice_lines(suggestion)


def reason(because: str) -> str:
    """Return why AWS denied something, as far as its message says."""
    name = reason_of(because)
    if name == "identity":
        return "the role's policies do not allow it"
    return why(name).explanation or "the message does not say why"


def _times(seen: Seen) -> str:
    return f"{seen.count} times, last {seen.last}"


def _key(key: str, use: KeyUse) -> Iterator[str]:
    yield f"  {key} of {use.user or 'an unknown user'}: {_times(use)}"
    for title, counter in (("calls", use.calls), ("from", use.sources), ("with", use.agents)):
        listed = [name for name, _ in sorted(counter.items(), key=lambda pair: (-pair[1], pair[0])) if name]
        more = f" and {len(listed) - _FEW} more" if len(listed) > _FEW else ""
        if listed:
            yield f"    {title:5} {', '.join(listed[:_FEW])}{more}"


def _active(key: ActiveKey) -> str:
    last = f"last used {key.used} for {key.where}" if key.used else "never used"
    return f"  key {key.number} of {key.user}, made {key.made}: {last}"


def usage_json(usage: Usage) -> dict[str, Any]:
    """Return the usage as plain lists, dicts and strings, ready for `json.dumps`."""
    tally, reading = usage.tally, usage.reading
    return {
        "roles": [
            {"workload": workload, **asdict(role)} for workload, listed in usage.roles.items() for role in listed
        ],
        "keys": [
            {"key": key, "user": use.user, "count": use.count, "first": use.first, "last": use.last}
            | {"calls": dict(use.calls), "sources": dict(use.sources), "agents": dict(use.agents)}
            for key, use in sorted(tally.keys.items())
        ],
        "active_keys": [asdict(key) for key in usage.active],
        "records": reading.records,
        "foreign": reading.foreign,
        "repeated": reading.repeated,
        "files": reading.files,
        "broken": dict(sorted(reading.broken.items())),
        "unread": dict(sorted(reading.unread.items())),
        "first": tally.first,
        "last": tally.last,
        "before": tally.early,
        "places": [{"account": account, "region": region} for account, region in sorted(tally.places)],
    }
