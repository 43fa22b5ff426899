"""A policy of another tool → the draft of a manifest, or a manifest that exists, and what either allows beyond."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.core.finding import MisuseError
from rolewright.data import iam
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.prove.arn_formats import is_idle
from rolewright.prove.table import changes, ground
from rolewright.suggest.asked import pattern_notes, spelled
from rolewright.suggest.draft_check import all_grants, host
from rolewright.suggest.drafting import draft
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from rolewright.blueprint.catalog import Catalog
    from rolewright.prove.document import Conditions
    from rolewright.prove.table import Declared, PermissionChange
    from rolewright.suggest.draft import Draft, Unsaid
    from rolewright.suggest.own_account import Own
    from rolewright.suggest.policies import Foreign


@dataclass(frozen=True)
class Beyond:
    """Actions on a resource under conditions that only one of two policies allows; `origin` is where it says so.

    An action with a wildcard stands for all that it names.
    """

    actions: tuple[str, ...]
    resource: str
    conditions: Conditions
    origin: str


@dataclass(frozen=True)
class Translated:
    """The draft for a policy, what it allows beyond the policy (`more`) and lacks of it (`less`), and what to know."""

    draft: Draft
    more: tuple[Beyond, ...]
    less: tuple[Beyond, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Compared:
    """A policy compared with what a workload declares: what either allows beyond the other, and what is undecided.

    `name` is the workload's, with the environment's where there is one. `is_placed` tells whether that says which
    account and region it is in. `wider` tells whether the policy allows more, or may; `differs` whether they differ,
    or may.
    """

    name: str
    is_placed: bool
    more: tuple[Beyond, ...]
    less: tuple[Beyond, ...]
    notes: tuple[str, ...]
    wider: bool
    differs: bool


def translated(foreign: Foreign, catalog: Catalog, own: Own) -> Translated:
    """Draft the entries of a manifest, applied where `own` says, that come nearest to policies."""
    compute = host(catalog)
    made = draft(foreign.allowed, catalog, own, compute)
    drafted = all_grants(made, compute, catalog, own)
    sayable = tuple(_without(foreign.allowed, made.unsaid))
    more, unsure = differences(drafted, foreign.all)
    less, doubts = differences((*sayable, *foreign.denied), drafted)
    idle = {*made.idle, *((name, taken.item.resource) for taken in made.patterns for name in taken.idle)}
    lost = [change for change in less if (change.action, change.resource) not in idle]
    left = [
        Beyond(left_out.actions, resource, left_out.conditions, ", ".join(left_out.origins))
        for left_out in made.unsaid
        for resource in left_out.resources
    ]
    notes = [
        *(unread.text for unread in foreign.unread),
        *(f"{denied.origin}: is a Deny; list what must never be allowed under `never`" for denied in foreign.denied),
        *(f"{foreign.file}: {', '.join(left_out.origins)}: left out: {left_out.why}" for left_out in made.unsaid),
        *(f"{foreign.file}: {note}" for note in pattern_notes(made.patterns)),
        *map(_idle_note, made.idle),
        *unsure,
        *doubts,
    ]
    return Translated(made, beyond(more, drafted), (*beyond(lost, sayable), *left), tuple(dict.fromkeys(notes)))


def compare_manifest(
    foreign: Foreign, own: Own, manifest: Path, only: Sequence[str], catalog: Catalog
) -> tuple[Compared, ...]:
    """Compare policies with what each workload of a manifest lets its code do, in the environments named in `only`.

    All are compared where `only` names none. Where a manifest has no environment, nothing but the policy can say which
    account and region are its own: `own` does. Raises Rejected where the manifest is refused, and MisuseError where it
    has none of the environments.
    """
    found = []
    for workload in read_manifest(load(manifest), catalog):
        code = [grant for grant in derive_grants(workload, catalog).grants if grant.side == "workload"]
        for environment in workload.environments:
            if not only or environment.name in only:
                where = f" in {environment.name}" if environment.name else ""
                values = environment.values if environment.name else {**environment.values, **own.values}
                name = workload.name + where
                found.append(_compared(foreign, name, ground(code, values), is_placed=bool(environment.name)))
    if not found:
        raise MisuseError(f"{manifest} has no environment {' or '.join(only)}")
    return tuple(found)


def _compared(foreign: Foreign, name: str, declared: Sequence[Declared], *, is_placed: bool) -> Compared:
    more, unsure = differences(foreign.all, declared)
    less, doubts = differences(declared, foreign.all)
    named = {
        action.lower() for statement in (*foreign.all, *declared) for action in statement.actions
    }  # a pattern is told as one
    pairs = dict.fromkeys(
        (change.action, change.resource) for change in (*more, *less) if change.action.lower() in named
    )
    idle = {pair: None for pair in pairs if is_idle(*pair)}
    more, less = (
        tuple(change for change in side if (change.action, change.resource) not in idle) for side in (more, less)
    )
    notes = tuple(dict.fromkeys((*(unread.text for unread in foreign.unread), *unsure, *doubts)))
    wider = bool(more or unsure or any(unread.effect != "Deny" for unread in foreign.unread))
    differs = wider or bool(less or notes)
    all_notes = (*notes, *map(_idle_note, idle))
    return Compared(name, is_placed, beyond(more, foreign.allowed), beyond(less, declared), all_notes, wider, differs)


def _idle_note(pair: tuple[str, str]) -> str:
    action, arn = pair
    return f"{action} on {arn} has no effect: the action does not apply to such a resource"


def differences(
    after: Sequence[Declared], before: Sequence[Declared]
) -> tuple[tuple[PermissionChange, ...], tuple[str, ...]]:
    """Return what `after` allows and `before` does not, and what is undecided.

    Actions that statements alike in all else name on both sides are decided once, for one of them.
    """
    naming: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    for side, statements in enumerate((after, before)):
        for one in statements:
            alike_in = (side, one.effect, one.resources, one.conditions, one.origin)
            for name in {name for action in one.actions for name in iam.expand(action)}:
                naming[name].add(alike_in)
    alike: dict[frozenset[tuple[object, ...]], list[str]] = defaultdict(list)
    for name in sorted(naming):
        alike[frozenset(naming[name])].append(name)
    first = {name: listed[0] for listed in alike.values() for name in listed}
    others = {listed[0]: listed for listed in alike.values()}

    def named(action: str) -> str:
        more = len(others.get(action, [action])) - 1
        return f"{action} and {more} more actions" if more else action

    found, doubts = changes(
        after, before, lambda pattern: tuple(dict.fromkeys(first[name] for name in iam.expand(pattern))), named
    )
    every = (replace(change, action=name) for change in found for name in others.get(change.action, [change.action]))
    return tuple(every), doubts


def beyond(found: Iterable[PermissionChange], declared: Iterable[Declared]) -> tuple[Beyond, ...]:
    """Group changes by origin, resource and conditions; a pattern stands for its actions where they are all there."""
    patterns: dict[str, dict[str, None]] = defaultdict(dict)
    for statement in declared:
        patterns[statement.origin] |= dict.fromkeys(
            action for action in statement.actions if "*" in action or "?" in action
        )
    groups: dict[tuple[str, str, Conditions], set[str]] = defaultdict(set)
    for change in found:
        groups[change.origin, change.resource, change.conditions].add(change.action)
    return tuple(
        Beyond(tuple(sorted(_in_patterns(actions, patterns[origin]))), resource, conditions, origin)
        for (origin, resource, conditions), actions in groups.items()
    )


def _in_patterns(actions: set[str], patterns: Iterable[str]) -> Iterator[str]:
    left = set(actions)
    for pattern in patterns:
        named = set(iam.expand(pattern))
        if named and named <= actions:
            left -= named
            yield pattern
    yield from left


def _without(allowed: Iterable[Declared], unsaid: Sequence[Unsaid]) -> Iterator[Declared]:
    """Yield what is allowed without what is left out of the draft."""
    lost = {
        (a, arn, left_out.conditions) for left_out in unsaid for a in left_out.actions for arn in left_out.resources
    }
    if not lost:
        yield from allowed
        return
    for statement in allowed:
        for resource in statement.resources:
            actions = tuple(
                part for action in statement.actions for part in _kept(action, resource, statement.conditions, lost)
            )
            if actions:
                yield replace(statement, actions=actions, resources=(resource,))


def _kept(
    action: str, resource: str, conditions: Conditions, lost: Collection[tuple[str, str, Conditions]]
) -> tuple[str, ...]:
    """Return what is kept of an action: a pattern of which some are lost becomes those that it names besides."""
    names = iam.expand(action)
    if any((name, resource, conditions) in lost for name in (action, spelled(action))):
        return ()
    if not any((name, resource, conditions) in lost for name in names):
        return (action,)
    return tuple(name for name in names if (name, resource, conditions) not in lost)
