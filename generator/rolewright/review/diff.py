"""The difference between two versions of a workload: what each role may do more or less, as sets, by environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rolewright.data import iam
from rolewright.prove.document import Atom
from rolewright.prove.implication import implies
from rolewright.prove.table import changes, ground
from rolewright.render.readable import readable
from rolewright.review.circles import includes
from rolewright.review.policy_diff import NO_POLICIES, Half, compare_policies

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rolewright.core.model import Declaration, Environment, Trust, Workload
    from rolewright.prove.document import Conditions
    from rolewright.prove.table import Declared, PermissionChange
    from rolewright.review.policy_diff import PolicyDifference

_SESSION = 3600
"""Seconds that a session may last where a role does not say it."""
CONDITION = "what has to hold before "
INPUT = "what the caller may give as "
GUARDS = ("aws_iam_role_policies_exclusive.", "aws_iam_role_policy_attachments_exclusive.", CONDITION)
"""How the names begin of what by itself only takes: policies that others gave a role, and what may be applied."""


@dataclass(frozen=True)
class Access:
    """The access of one role in one environment, from a manifest or from a module's text.

    `places` has the file and line of each permission's origin. `trusted` is who may assume the role, as kind, name and
    action, with the conditions of each statement that says so. `attached` are policies whose content is not known,
    `unjudged` statements of which no set can be made, `traits` what else a module says of the role.
    """

    permissions: tuple[Declared, ...]
    places: Mapping[str, str]
    trusted: Mapping[tuple[str, str, str], tuple[Conditions, ...]]
    boundary: str = ""
    attached: frozenset[str] = frozenset()
    unjudged: frozenset[str] = frozenset()
    traits: Mapping[str, str] = field(default_factory=dict)


class Side(Protocol):
    """A workload as one of the two has it. `others` says what of its text is not compared as sets, by its name."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def workload_name(self) -> str:
        """Return the name that the manifest gives it; "" where there is no manifest."""

    @property
    def environments(self) -> Collection[str]:
        """Return the names of its environments."""

    @property
    def roles(self) -> Collection[str]:
        """Return the keys of its roles."""

    @property
    def promises(self) -> Collection[str]:
        """Return its promises: what it says must never be allowed."""

    def access(self, environment: str, role: str) -> Access | None:
        """Return the access of a role in an environment; None where there is no such role or environment."""

    def place(self, environment: str) -> str:
        """Return the account and region of an environment; "" where they are left open."""

    def others(self, environment: str) -> Mapping[str, str]:
        """Return what else decides about access in an environment: its text by name."""

    def opens(self, environment: str) -> Mapping[tuple[str, str], str]:
        """Return what is open beside roles and policies, and to whom, with its place; nothing where `others` has it."""

    def policies(self, environment: str, *, is_new: bool) -> Half:
        """Return the policies of resources in an environment; none where `others` has their text."""


@dataclass(frozen=True)
class Described:
    """A workload with what its manifest declares."""

    workload: Workload
    declaration: Declaration

    @property
    def name(self) -> str:
        """Return the manifest's name."""
        return self.workload.name

    @property
    def workload_name(self) -> str:
        """Return the manifest's name."""
        return self.workload.name

    @property
    def environments(self) -> tuple[str, ...]:
        """Return the names of the manifest's environments; one that is "" where it has none."""
        return tuple(environment.name for environment in self.workload.environments)

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the keys of the roles that are declared."""
        return tuple(trust.role for trust in self.declaration.trusts)

    @property
    def promises(self) -> frozenset[str]:
        """Return each `never` as it is written."""
        return frozenset(never.source for never in self.workload.never)

    def access(self, environment: str, role: str) -> Access | None:
        """Return the access that is declared for a role."""
        there = self._environment(environment)
        trust = next((trust for trust in self.declaration.trusts if trust.role == role), None)
        if there is None or trust is None:
            return None
        values = readable(there)
        permissions = ground([grant for grant in self.declaration.grants if grant.role == role], values)
        places = {permission.origin: str(self.workload.locate(permission.origin)) for permission in permissions}
        boundary = self.workload.boundary
        limit = boundary.ground(values) if boundary is not None else ""
        return Access(permissions, places, _trusted(trust, values), limit)

    def place(self, environment: str) -> str:
        """Return the account and region of an environment, or "" where the manifest names none."""
        there = self._environment(environment)
        return f"account {there.account} in {there.region}" if there is not None and there.name else ""

    def others(self, environment: str) -> Mapping[str, str]:
        """Return the guards of its roles; all else follows from what is declared."""
        del environment
        listed = self.declaration.contents.blocks
        guards = (block.address for block in listed if block.address.startswith(GUARDS))
        return {guard: f"aws_iam_role.{guard.partition('.')[2]}.name" for guard in guards}

    def _environment(self, name: str) -> Environment | None:
        return next((environment for environment in self.workload.environments if environment.name == name), None)

    def opens(self, environment: str) -> Mapping[tuple[str, str], str]:
        """Return what the declared blocks open, and to whom, with the place."""
        if (there := self._environment(environment)) is None:
            return {}
        return {pair: str(place) for pair, place in self.declaration.contents.opened(readable(there)).items()}

    def policies(self, environment: str, *, is_new: bool) -> Half:
        """Return the policies of the module's resources: what they let others do."""
        there = self._environment(environment)
        if there is None:
            return NO_POLICIES[is_new]
        made = [resource.key for resource in self.workload.resources.values() if resource.created]
        values = readable(there)
        return Half(self.declaration.policies, made, values, is_new, lambda origin: str(self.workload.locate(origin)))


def _trusted(trust: Trust, values: Mapping[str, str]) -> dict[tuple[str, str, str], tuple[Conditions, ...]]:
    conditions = tuple(
        (c.operator, c.key.ground(values), tuple(text.ground(values) for text in c.values)) for c in trust.conditions
    )
    names = [principal.ground(values) for principal in trust.principals]
    return {(trust.kind, name, action): (conditions,) for name in names for action in trust.actions}


@dataclass(frozen=True)
class ChangedPermission:
    """Actions on a resource under conditions; `origin` is the manifest path, `place` its file and line."""

    actions: tuple[str, ...]
    resource: str
    conditions: Conditions
    origin: str
    place: str


@dataclass(frozen=True)
class Line:
    """A change of trust or of a boundary, in words; `widens` is whether it lets more in."""

    text: str
    widens: bool


@dataclass(frozen=True)
class RoleDifference:
    """The difference of one role in one environment ("" for a manifest without any)."""

    environment: str
    role: str
    added: tuple[ChangedPermission, ...]
    removed: tuple[ChangedPermission, ...]
    others: tuple[Line, ...]
    unknown: tuple[str, ...]

    @property
    def widened(self) -> bool:
        """Return whether anybody may do something that nobody could before, or whether that cannot be ruled out."""
        return bool(self.added or self.unknown) or any(line.widens for line in self.others)


@dataclass(frozen=True)
class WorkloadDifference:
    """The difference of one workload. `others` belongs to no role: promises, and what is not compared as sets."""

    workload: str
    roles: tuple[RoleDifference, ...]
    others: tuple[Line, ...]
    policies: tuple[PolicyDifference, ...] = ()

    @property
    def changed(self) -> bool:
        """Return whether anything differs."""
        return bool(self.roles or self.others or self.policies)

    @property
    def widened(self) -> bool:
        """Return whether a role, the policy of a resource, or anything else of the workload has or may have widened."""
        return (
            any(role.widened for role in self.roles)
            or any(line.widens for line in self.others)
            or any(policy.widened for policy in self.policies)
        )


def compare_workloads(before: Side | None, after: Side | None) -> WorkloadDifference:
    """Compare two versions of one workload; None stands for a version in which it is not there."""
    sides = [version for version in (before, after) if version is not None]
    names = dict.fromkeys(name for side in sides for name in side.environments)
    roles = dict.fromkeys(role for side in sides for role in side.roles)
    found = [_role(before, after, environment, role) for environment in names for role in roles]
    kept = tuple(change for change in found if change is not None)
    beside = [
        line
        for environment in names
        for line in (*_beside(before, after, environment), *_opened(before, after, environment))
    ]
    policies = tuple(
        policy
        for name in names
        for policy in compare_policies(_half(before, name, is_new=False), _half(after, name, is_new=True), name)
    )
    return WorkloadDifference(
        sides[-1].name, kept, (*_names(before, after), *_promises(before, after), *beside), policies
    )


def _half(side: Side | None, environment: str, *, is_new: bool) -> Half:
    return NO_POLICIES[is_new] if side is None else side.policies(environment, is_new=is_new)


def _names(before: Side | None, after: Side | None) -> Iterator[Line]:
    if before is not None and after is not None and before.workload_name != after.workload_name:
        yield Line(f"it is called {after.workload_name}; before {before.workload_name}", widens=False)


def _promises(before: Side | None, after: Side | None) -> Iterator[Line]:
    if before is not None and after is not None:
        old, new = set(before.promises), set(after.promises)
        yield from (Line(f"removed promise: never {promise}", widens=False) for promise in sorted(old - new))
        yield from (Line(f"new promise: never {promise}", widens=False) for promise in sorted(new - old))


def _opened(before: Side | None, after: Side | None, environment: str) -> Iterator[Line]:
    """Yield what is open to somebody new, and what no longer is; whom a wider circle held before widens nothing."""
    old, new = (version.opens(environment) if version is not None else {} for version in (before, after))
    where = f" in {environment}" if environment else ""
    for (what, whom), place in sorted(new.items()):
        if (what, whom) not in old:
            wider = any(opened == what and includes(circle, whom) for opened, circle in old)
            yield Line(f"{what} is now open to {whom}{where}    {place}", widens=not wider)
    for (what, whom), place in sorted(old.items()):
        if (what, whom) not in new:
            yield Line(f"{what} is no longer open to {whom}{where}    {place}", widens=False)


def _beside(before: Side | None, after: Side | None, environment: str) -> Iterator[Line]:
    """Yield what differs outside the roles and may decide about access.

    What went with its role or its environment does not count, nor does what came with a workload or an environment
    whose roles are all new.
    """
    if after is None or environment not in after.environments:
        return
    if after.roles and (before is None or environment not in before.environments):
        return
    was, now = before.place(environment) if before is not None else "", after.place(environment)
    if was and now and was != now:
        yield Line(f"{environment} is in {now}; before in {was}", widens=True)
    yield from _texts_beside(before, after, environment)


def _texts_beside(before: Side | None, after: Side, environment: str) -> Iterator[Line]:
    old, new = (version.others(environment) if version is not None else {} for version in (before, after))
    gone = set(before.roles) - set(after.roles) if before is not None else set()
    where = f" in {environment}" if environment else ""
    for name in sorted(old.keys() | new.keys()):
        text = old.get(name, new.get(name, ""))
        went = name not in new and any(f"aws_iam_role.{role}." in text for role in gone)
        if went or (name in old and text == new.get(name)):
            continue
        how = "differs" if name in old and name in new else "is new" if name in new else "is gone"
        # What stands for an input that is new, or stood for one that is gone, is compared where it stands.
        is_compared = name.startswith(INPUT) and not (name in old and name in new)
        if is_compared or (name.startswith(GUARDS) and name not in old and ":policy/" not in text):
            yield Line(f"{name} {how}{where}, which does not let anybody do more", widens=False)
        else:
            yield Line(f"{name} {how}{where}, and rolewright cannot compare what that allows", widens=True)


def _role(before: Side | None, after: Side | None, environment: str, role: str) -> RoleDifference | None:
    old, new = (version.access(environment, role) if version is not None else None for version in (before, after))
    added, doubts = _more(new, old)
    removed, unsure = _more(old, new)
    others = (*_others(old, new), *(Line(f"possibly removed: {text}", widens=False) for text in unsure))
    was, now = (version.unjudged if version is not None else frozenset[str]() for version in (old, new))
    doubts = (*doubts, *(f"cannot be compared: {text}" for text in sorted(was ^ now)))
    if not (added or removed or others or doubts):
        return None
    return RoleDifference(environment, role, added, removed, others, doubts)


def _more(access: Access | None, compared: Access | None) -> tuple[tuple[ChangedPermission, ...], tuple[str, ...]]:
    """Return what an access allows and the compared one does not, by statement, and what cannot be decided."""
    mine, theirs = (side.permissions if side is not None else () for side in (access, compared))
    found, unknown = changes(mine, theirs, iam.expand) if _apart(mine, theirs) else ((), ())
    return tuple(_grouped(found, access.places if access is not None else {})), unknown


def _apart(these: Sequence[Declared], those: Sequence[Declared]) -> bool:
    """Return whether the statements differ at all; where they do not, nothing has to be judged."""
    mine, theirs = (
        {(d.effect, frozenset(d.actions), frozenset(d.resources), frozenset(d.conditions)) for d in side}
        for side in (these, those)
    )
    return mine != theirs


def _grouped(found: Sequence[PermissionChange], places: Mapping[str, str]) -> Iterator[ChangedPermission]:
    groups: dict[tuple[str, Conditions, str], list[str]] = {}
    for change in found:
        groups.setdefault((change.resource, change.conditions, change.origin), []).append(change.action)
    for (resource, conditions, origin), actions in sorted(groups.items(), key=lambda item: (item[0][2], item[0])):
        yield ChangedPermission(tuple(sorted(set(actions))), resource, conditions, origin, places[origin])


def _others(old: Access | None, new: Access | None) -> Iterator[Line]:
    """Yield what differs of a role beside its permissions."""
    yield from _trusts(old, new)
    for arn in sorted((new.attached if new else frozenset()) - (old.attached if old else frozenset())):
        yield Line(f"the policy {arn} is now attached to it; its content is not known", widens=True)
    if old is not None and new is not None:
        yield from _of_both(old, new)


def _trusts(old: Access | None, new: Access | None) -> Iterator[Line]:
    before, after = (version.trusted if version is not None else {} for version in (old, new))
    for key in sorted(after.keys() - before.keys()):
        yield from (
            Line(f"{key[1]} may now assume it ({key[2]}){shown(conditions)}", widens=True) for conditions in after[key]
        )
    for _, who, action in sorted(before.keys() - after.keys()):
        yield Line(f"{who} may no longer assume it ({action})", widens=False)
    for key in sorted(before.keys() & after.keys()):
        was, now = ([[Atom(*condition) for condition in listed] for listed in side[key]] for side in (before, after))
        if _canonical(was) != _canonical(now):
            earlier = " or".join(shown(conditions) or " without condition" for conditions in before[key])
            text = f"{key[1]} may assume it{' or'.join(map(shown, after[key]))}; before{earlier}"
            yield Line(text, widens=not all(any(implies(atoms, past) for past in was) for atoms in now))


def _of_both(old: Access, new: Access) -> Iterator[Line]:
    """Yield what differs of a role that there was before and is now."""
    for arn in sorted(old.attached - new.attached):
        yield Line(f"the policy {arn} is no longer attached to it", widens=False)
    if old.boundary != new.boundary:
        text = f"its permissions boundary is {new.boundary or 'gone'}; before {old.boundary or 'none'}"
        yield Line(text, widens=bool(old.boundary))
    for trait in sorted(old.traits.keys() | new.traits.keys()) if old.traits and new.traits else ():
        had, has = old.traits.get(trait, ""), new.traits.get(trait, "")
        if had != has:
            longer = trait == "max_session_duration" and int(has or _SESSION) > int(had or _SESSION)
            yield Line(f"its {trait} is {has or 'not set'}; before {had or 'not set'}", widens=longer)


def _canonical(listed: Sequence[Sequence[Atom]]) -> set[frozenset[tuple[str, str, frozenset[str]]]]:
    return {frozenset(atom.canonical for atom in atoms) for atoms in listed}


def shown(conditions: Conditions) -> str:
    """Return conditions as the end of a line, or "" for none."""
    parts = sorted(f"{operator} {key} {' | '.join(sorted(values))}" for operator, key, values in conditions)
    return f" if {' and '.join(parts)}" if parts else ""
