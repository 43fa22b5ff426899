"""What a workload may do that it could not before, and the reverse: as sets, for each role and environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.policy_difference import Half, compare_policies
from rolewright.prove.document import Atom
from rolewright.prove.implication import implies
from rolewright.prove.table import changes, ground
from rolewright.spoken import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.model import Declaration, Environment, Trust, Workload
    from rolewright.policy_difference import Conditions, PolicyDifference
    from rolewright.prove.table import Change


@dataclass(frozen=True)
class Described:
    """A workload with what its manifest declares."""

    workload: Workload
    declaration: Declaration


@dataclass(frozen=True)
class Permission:
    """Actions on a resource under conditions; `origin` is the manifest path, `place` its file and line."""

    actions: tuple[str, ...]
    resource: str
    conditions: Conditions
    origin: str
    place: str


@dataclass(frozen=True)
class Line:
    """A change of trust or of a boundary, in words, and whether it lets more in."""

    text: str
    widens: bool


@dataclass(frozen=True)
class RoleDifference:
    """What differs of one role in one environment ("" for a manifest without any)."""

    environment: str
    role: str
    added: tuple[Permission, ...]
    removed: tuple[Permission, ...]
    others: tuple[Line, ...]
    unknown: tuple[str, ...]

    @property
    def widened(self) -> bool:
        """Whether anybody may do something that nobody could before, or that cannot be ruled out."""
        return bool(self.added or self.unknown) or any(one.widens for one in self.others)


@dataclass(frozen=True)
class Difference:
    """What differs of one workload; `promises` are those given up or newly made, in words."""

    workload: str
    roles: tuple[RoleDifference, ...]
    promises: tuple[str, ...]
    policies: tuple[PolicyDifference, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything differs."""
        return bool(self.roles or self.promises or self.policies)

    @property
    def widened(self) -> bool:
        """Whether one of its roles is, or the policy of one of its resources."""
        return any(role.widened for role in self.roles) or any(policy.widened for policy in self.policies)


def compare_workloads(before: Described | None, after: Described | None) -> Difference:
    """What one workload may do after and not before, and the reverse; None where it is not there."""
    sides = [one for one in (before, after) if one is not None]
    names = dict.fromkeys(environment.name for one in sides for environment in one.workload.environments)
    roles = dict.fromkeys(trust.role for one in sides for trust in one.declaration.trusts)
    found = [_role(before, after, environment, role) for environment in names for role in roles]
    kept = tuple(one for one in found if one is not None)
    policies = tuple(
        policy
        for name in names
        for policy in compare_policies(_half(before, name, is_new=False), _half(after, name, is_new=True), name)
    )
    return Difference(sides[-1].workload.name, kept, tuple(_promises(before, after)), policies)


def _half(side: Described | None, name: str, *, is_new: bool) -> Half:
    """The policies of one side in one environment; none where it lacks the environment."""
    there = next((one for one in side.workload.environments if one.name == name), None) if side else None
    if side is None or there is None:
        return Half((), (), {}, is_new, str)
    made = [resource.key for resource in side.workload.resources.values() if resource.created]
    values = there.values if name else SYMBOLS
    return Half(side.declaration.policies, made, values, is_new, lambda origin: str(side.workload.locate(origin)))


def _promises(before: Described | None, after: Described | None) -> Iterator[str]:
    if before is not None and after is not None:
        old, new = ({vow.source for vow in side.workload.never} for side in (before, after))
        yield from (f"no longer promised: never {promise}" for promise in sorted(old - new))
        yield from (f"newly promised: never {promise}" for promise in sorted(new - old))


def _role(before: Described | None, after: Described | None, environment: str, role: str) -> RoleDifference | None:
    old, new = _Side.of(before, environment, role), _Side.of(after, environment, role)
    added, doubts = new.more_than(old)
    removed, unsure = old.more_than(new)
    others = (*_others(old, new), *(Line(f"perhaps gone: {text}", widens=False) for text in unsure))
    if not (added or removed or others or doubts):
        return None
    return RoleDifference(environment, role, added, removed, others, doubts)


@dataclass(frozen=True)
class _Side:
    """A role as one of the two declares it in one environment."""

    described: Described | None
    environment: Environment | None
    role: str
    trust: Trust | None

    @classmethod
    def of(cls, described: Described | None, environment: str, role: str) -> _Side:
        if described is None:
            return cls(None, None, role, None)
        there = next((one for one in described.workload.environments if one.name == environment), None)
        trust = next((one for one in described.declaration.trusts if one.role == role), None)
        return cls(described, there, role, trust if there is not None else None)

    @property
    def values(self) -> Mapping[str, str]:
        if self.environment is None:
            return {}
        return self.environment.values if self.environment.name else SYMBOLS

    def more_than(self, other: _Side) -> tuple[tuple[Permission, ...], tuple[str, ...]]:
        """What it allows and the other does not, the actions of a statement together, and what cannot be told."""
        mine, theirs = (
            ground([g for g in one.described.declaration.grants if g.role == self.role], one.values)
            if one.described is not None and one.trust is not None
            else ()
            for one in (self, other)
        )
        found, unknown = changes(mine, theirs, iam.expand)
        return tuple(self._grouped(found)), unknown

    def _grouped(self, found: Sequence[Change]) -> Iterator[Permission]:
        groups: dict[tuple[str, Conditions, str], list[str]] = {}
        for one in found:
            groups.setdefault((one.resource, one.conditions, one.origin), []).append(one.action)
        for (resource, conditions, origin), actions in sorted(groups.items(), key=lambda item: (item[0][2], item[0])):
            yield Permission(tuple(sorted(set(actions))), resource, conditions, origin, self._place(origin))

    def _place(self, origin: str) -> str:
        assert self.described is not None
        return str(self.described.workload.locate(origin))

    def trusted(self) -> dict[tuple[str, str], Conditions]:
        """Who assumes the role with which action, and under which conditions."""
        if self.trust is None:
            return {}
        conditions = tuple(
            (c.operator, c.key.ground(self.values), tuple(text.ground(self.values) for text in c.values))
            for c in self.trust.conditions
        )
        names = [one.ground(self.values) for one in self.trust.principals]
        return {(name, action): conditions for name in names for action in self.trust.actions}

    def boundary(self) -> str:
        """The ARN of the permissions boundary, or ""."""
        if self.trust is None or self.described is None or self.described.workload.boundary is None:
            return ""
        return self.described.workload.boundary.ground(self.values)


def _others(old: _Side, new: _Side) -> Iterator[Line]:
    before, after = old.trusted(), new.trusted()
    for who, action in sorted(after.keys() - before.keys()):
        yield Line(f"{who} may now assume it ({action}){shown(after[who, action])}", widens=True)
    for who, action in sorted(before.keys() - after.keys()):
        yield Line(f"{who} may no longer assume it ({action})", widens=False)
    for key in sorted(before.keys() & after.keys()):
        was, now = ([Atom(*one) for one in side[key]] for side in (before, after))
        if {one.canonical for one in was} != {one.canonical for one in now}:
            text = f"{key[0]} may assume it{shown(after[key])}; before{shown(before[key]) or ' without condition'}"
            yield Line(text, widens=not implies(now, was))
    if old.trust is None or new.trust is None:
        return
    if old.boundary() != new.boundary():
        text = f"its permissions boundary is {new.boundary() or 'gone'}; before {old.boundary() or 'none'}"
        yield Line(text, widens=bool(old.boundary()))


def shown(conditions: Conditions) -> str:
    """Conditions as the end of a line, or "" for none."""
    parts = sorted(f"{operator} {key} {' | '.join(sorted(values))}" for operator, key, values in conditions)
    return f" if {' and '.join(parts)}" if parts else ""
