"""The use of a role compared with what its manifest declares."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from rolewright.data import iam
from rolewright.prove.match import Kind, matches
from rolewright.sdk.operations import data_actions, silent_patterns
from rolewright.usage.tally import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.core.model import Declaration, Environment, Grant, Workload
    from rolewright.usage.reports import LastAccessed
    from rolewright.usage.tally import RoleUse, Tally

_What = TypeVar("_What", tuple[str], tuple[str, str], tuple[str, str, str])
_MADE = re.compile(r"\$\{(?!aws:)[^}]*\}")


@dataclass(frozen=True)
class PermissionUsage:
    """A declared permission and whether it was used.

    `unseen` is what these records could not show: `because` says why.
    """

    state: Literal["used", "unused", "unseen"]
    action: str
    resource: str
    origin: str
    place: str
    seen: Seen
    because: str


@dataclass(frozen=True)
class RoleUsage:
    """The use of a role in one environment.

    `undeclared` is what it did although nothing declares it, `denied` has AWS's reasons, `refused` proves neither use
    nor lack of a permission, and of the operations `unmapped` nothing is known.
    """

    environment: str
    role: str
    name: str
    seen: Seen
    permissions: tuple[PermissionUsage, ...]
    undeclared: tuple[tuple[str, str, Seen], ...]
    denied: tuple[tuple[str, str, str, Seen], ...]
    refused: tuple[tuple[str, str, str, Seen], ...]
    unmapped: tuple[tuple[str, Seen], ...]


def compare_usage(
    workload: Workload,
    declaration: Declaration,
    names: Mapping[str, str],
    environment: Environment,
    tally: Tally,
    accessed: Mapping[str, LastAccessed],
) -> Iterator[RoleUsage]:
    """Compare each role of a workload in an environment; `names` are the roles' names in AWS, by key.

    `accessed` is when IAM saw services used, by the name of a role; it fills in where the records show nothing.
    """
    for key, role_name in names.items():
        uses = _uses(tally, role_name, environment)
        matched: set[tuple[str, str]] = set()
        blind = _blind(environment, uses, tally)
        permissions = tuple(
            _remembered(
                _permission(workload, grant, action, resource, uses, tally, matched, blind), accessed.get(role_name)
            )
            for grant, action, resource in _allowed(declaration, key, environment)
        )
        undeclared = _added((pair, seen) for use in uses for pair, seen in use.used.items() if pair not in matched)
        denied = _added((what, seen) for use in uses for what, seen in use.denied.items())
        refused = _added((what, seen) for use in uses for what, seen in use.refused.items())
        unmapped = _added((name, seen) for use in uses for name, seen in use.unmapped.items())
        yield RoleUsage(
            environment.name,
            key,
            role_name,
            _sum(uses),
            permissions,
            tuple((*pair, seen) for pair, seen in undeclared.items()),
            tuple((*what, seen) for what, seen in denied.items()),
            tuple((*what, seen) for what, seen in refused.items()),
            tuple((*name, seen) for name, seen in unmapped.items()),
        )


def _allowed(declaration: Declaration, role: str, environment: Environment) -> Iterator[tuple[Grant, str, str]]:
    """Yield each action on each resource that a role is granted; an input is any value that the caller may give."""
    values = {**environment.values, **environment.inputs.names}
    for grant in declaration.grants:
        if grant.role == role and grant.effect == "Allow":
            for resource in (text.ground(values) for text in grant.resources):
                for pattern in grant.actions:
                    for action in iam.expand(pattern) or (pattern,):
                        yield grant, action, resource


def _uses(tally: Tally, role_name: str, environment: Environment) -> list[RoleUse]:
    """Return the uses of a role in an environment's account; in any account where it has no name."""
    return [
        use
        for (account, name), use in sorted(tally.roles.items())
        if name == role_name and (not environment.name or account == environment.account)
    ]


def unused_of(listed: Sequence[RoleUsage]) -> dict[str, tuple[str, ...]]:
    """Return the actions that no environment used, by the key of the resource that they are declared for."""
    states: dict[tuple[str, str], set[str]] = {}
    for permission in (each for role in listed for each in role.permissions):
        section, _, key = permission.origin.removesuffix(".access").partition(".")
        if section == "resources" and permission.origin.endswith(".access"):
            states.setdefault((key, permission.action), set()).add(permission.state)
    found: dict[str, list[str]] = {}
    for (key, action), seen in states.items():
        if seen == {"unused"}:
            found.setdefault(key, []).append(action)
    return {key: tuple(sorted(actions)) for key, actions in found.items()}


def _permission(
    workload: Workload,
    grant: Grant,
    action: str,
    resource: str,
    uses: Sequence[RoleUse],
    tally: Tally,
    matched: set[tuple[str, str]],
    blind: str,
) -> PermissionUsage:
    """Return the usage of a permission, and add what it allowed to `matched`.

    `blind` is why no use could be seen, or "".
    """
    found = []
    pattern = _MADE.sub("*", resource)  # what AWS makes up, or the caller gives, may be anything
    for use in uses:
        for pair, seen in use.used.items():
            if pair[0] == action and (not pair[1] or matches(pattern, pair[1]) or _bucket_of(pair[1], pattern)):
                matched.add(pair)
                found.append(seen)
    seen = _sum(found)
    because = "" if seen.count else blind or _unseen(action, uses, tally)
    state: Literal["used", "unused", "unseen"] = "used" if seen.count else "unseen" if because else "unused"
    place = str(workload.locate(grant.origin))
    return PermissionUsage(state, action, resource, grant.origin, place, seen, because)


def _unseen(action: str, uses: Sequence[RoleUse], tally: Tally) -> str:
    """Return why these records would not show a use of an action, or ""."""
    prefix = action.split(":", maxsplit=1)[0]
    if any(action in use.stopped for use in uses):
        return "its calls were refused, and none succeeded"
    if any(matches(silent, action.lower(), Kind.TEXT) for silent in silent_patterns()):
        return "CloudTrail records no event for it"
    if tally.gap:
        return tally.gap
    return (
        f"these files contain no data events of {prefix}"
        if action in data_actions() and prefix not in tally.data
        else ""
    )


def _blind(environment: Environment, uses: Sequence[RoleUse], tally: Tally) -> str:
    """Return why these records say nothing of a role at all, or ""."""
    if not tally.events:
        return "there are no records"
    if not environment.name:
        return "" if uses else "there are no records of the role, and the manifest does not name its account"
    regions = {region for account, region in tally.places if account == environment.account}
    if not regions:
        return f"there are no records from account {environment.account}"
    return (
        ""
        if environment.region in regions
        else f"there are no records from {environment.account} in {environment.region}"
    )


def _remembered(permission: PermissionUsage, accessed: LastAccessed | None) -> PermissionUsage:
    """Add what IAM remembers, where the records could not show it."""
    prefix = permission.action.split(":", maxsplit=1)[0]
    if permission.state != "unseen" or accessed is None or prefix not in accessed.services:
        return permission
    used = accessed.services[prefix]
    tracked = accessed.actions.get(permission.action)
    if tracked:
        return replace(permission, state="used", seen=Seen(1, tracked, tracked), because="IAM reports it as used")
    if not used:
        return replace(permission, state="unused", because=f"IAM reports that this role never used {prefix}")
    return replace(permission, because=f"{permission.because}; IAM reports the last use of {prefix} on {used}")


def _bucket_of(arn: str, pattern: str) -> bool:
    """Return whether the record names only the bucket of the objects that a pattern is for."""
    return ":::" in arn and "/" not in arn and pattern.startswith(f"{arn}/")


def _sum(seen: Iterable[Seen]) -> Seen:
    total = Seen()
    for part in seen:
        total.count += part.count
        total.first = min(filter(None, (total.first, part.first)), default="")
        total.last = max(total.last, part.last)
    return total


def _added(pairs: Iterable[tuple[_What, Seen]]) -> dict[_What, Seen]:
    found: dict[_What, list[Seen]] = {}
    for what, seen in pairs:
        found.setdefault(what, []).append(seen)
    return {what: _sum(found[what]) for what in sorted(found)}
