"""What a policy allows → single actions on resources; a pattern of actions → those that it names, and their fate."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.prove.arn_formats import is_idle
from rolewright.suggest.draft import AskedAction, TakenPattern

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rolewright.prove.document import Conditions
    from rolewright.prove.table import Declared

_FEW = 12
_WORD = re.compile(r"(?<=:)[A-Z]?[a-z0-9]*|[A-Z][a-z0-9]*")


@dataclass(frozen=True)
class Asked:
    """The actions on resources that are asked for by name, and patterns of actions, each with all that it names.

    `idle` are the actions with resources by which AWS allows nothing.
    """

    named: tuple[AskedAction, ...]
    patterns: Mapping[AskedAction, tuple[AskedAction, ...]]
    idle: tuple[tuple[str, str], ...]

    @property
    def all(self) -> tuple[AskedAction, ...]:
        """Return all actions, each on one resource, those of patterns by their names."""
        found: dict[tuple[str, str, Conditions], dict[str, None]] = defaultdict(dict)
        for item in itertools.chain(self.named, *self.patterns.values()):
            found[item.action, item.resource, item.conditions] |= dict.fromkeys(item.origins)
        return tuple(AskedAction(*key, tuple(origins)) for key, origins in found.items())


def asked_for(allowed: Iterable[Declared]) -> Asked:
    """Return each action on each resource, once; a pattern of the actions of one service with all that it names."""
    found: dict[tuple[str, str, Conditions], dict[str, None]] = defaultdict(dict)
    idle: dict[tuple[str, str], None] = {}
    for declared in allowed:
        for pattern, resource in itertools.product(declared.actions, declared.resources):
            exact = not is_pattern(pattern)
            action = (iam.expand(pattern) or (pattern,))[0] if exact else spelled(pattern)
            if exact and is_idle(action, resource):
                idle[action, resource] = None
            else:
                found[action, resource, declared.conditions][declared.origin] = None
    items = [AskedAction(*key, tuple(origins)) for key, origins in found.items()]
    patterns = {
        item: tuple(AskedAction(name, item.resource, item.conditions, item.origins) for name in iam.expand(item.action))
        for item in items
        if is_pattern(item.action) and not is_pattern(item.action.partition(":")[0])
    }
    return Asked(tuple(item for item in items if item not in patterns), patterns, tuple(idle))


def is_pattern(action: str) -> bool:
    """Return whether an action of a policy stands for those that a pattern matches."""
    return "*" in action or "?" in action


def spelled(pattern: str) -> str:
    """Return a pattern of actions as AWS would spell it: `dynamodb:Get*` for `dynamodb:get*`."""
    parts = re.split(r"([*?]+)", pattern)
    matching = re.compile("".join(f"({'.*' if n % 2 else re.escape(part)})" for n, part in enumerate(parts)), re.I)
    fits = next((fits for name in iam.expand(pattern) if (fits := matching.fullmatch(name))), None)
    if fits is None:
        return pattern
    return "".join(part if n % 2 else fits[n + 1] for n, part in enumerate(parts))


def left_over(
    asked: Asked, covered: Collection[tuple[str, str, Conditions]], offered: Collection[str]
) -> tuple[list[AskedAction], list[TakenPattern]]:
    """Return what is not covered, and what became of each pattern of which a part is.

    A pattern of which nothing is covered stays as it is, unless AWS allows nothing by it. Of another one the rest is
    there by name, or by shorter patterns where it is long; an action of `offered`, which has verbs, always by name.
    """
    rest = {_key(item): item for item in asked.named if _key(item) not in covered}
    taken: list[TakenPattern] = []
    for pattern, parts in asked.patterns.items():
        inside = tuple(part.action for part in parts if _key(part) in covered)
        outside = [part for part in parts if _key(part) not in covered]
        idle = {part.action: None for part in outside if is_idle(part.action, part.resource)}
        if not inside and (not parts or len(idle) < len(outside)):
            rest[_key(pattern)] = pattern
            continue
        left = tuple(part.action for part in outside if part.action not in idle)
        plain = [name for name in left if name not in offered]
        for name in (*_in_short(pattern.action, plain, idle), *(name for name in left if name in offered)):
            part = AskedAction(name, pattern.resource, pattern.conditions, pattern.origins)
            rest.setdefault(_key(part), part)
        taken.append(TakenPattern(pattern, inside, left, tuple(idle)))
    return list(rest.values()), taken


def _key(item: AskedAction) -> tuple[str, str, Conditions]:
    return item.action, item.resource, item.conditions


def _in_short(pattern: str, names: Sequence[str], idle: Collection[str]) -> Iterator[str]:
    """Yield some of the actions that a pattern names, many of them by patterns within it that name no other action.

    They may name what is idle.
    """
    begin, star, behind = pattern.partition("*")
    if len(names) <= _FEW or not star or behind or "?" in begin:
        yield from names
        return
    others = [name for name in iam.actions(begin.partition(":")[0]) if name not in names and name not in idle]
    done = ""
    for name in sorted(names):
        if done and name.startswith(done):
            continue
        ends = [match.end() for match in _WORD.finditer(name) if match.end() >= len(begin)]
        starts = (name[:end] for end in ends)
        done = next((start for start in starts if not any(other.startswith(start) for other in others)), "")
        many = done and sum(1 for other in names if other.startswith(done)) > 1
        done = done if many else ""
        yield f"{done}*" if done else name


def pattern_notes(patterns: Iterable[TakenPattern]) -> Iterator[str]:
    """Yield for each pattern of actions what became of it, once for all resources of which the same is true."""
    alike: dict[tuple[object, ...], list[TakenPattern]] = defaultdict(list)
    for one in patterns:
        alike[one.item.action, one.item.origins, one.taken, one.left, len(one.idle)].append(one)
    for listed in alike.values():
        one = listed[0]
        where = ", ".join(dict.fromkeys(each.item.resource for each in listed))
        origins = ", ".join(one.item.origins)
        if not one.taken:
            told = "has no effect: no action that it names applies to such a resource"
            yield f"{origins}: {one.item.action} on {where} {told}"
            continue
        parts = [f"the entries have {_short(one.taken)}"]
        if one.left:
            parts.append(f"`statements` has {_short(one.left) if len(one.left) <= _FEW else 'the rest'}")
        if one.idle:
            parts.append(f"{len(one.idle)} more do not apply to such a resource")
        yield f"{origins}: of {one.item.action} on {where} {'; '.join(parts)}"


def _short(actions: Iterable[str]) -> str:
    return ", ".join(action.partition(":")[2] for action in actions)
