"""What the policies of resources say of somebody that they did not before, and the reverse, as sets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rolewright.core.model import ground as ground_json
from rolewright.data import iam
from rolewright.prove.table import Declared, changes
from rolewright.render.readable import ANYBODY, who

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from rolewright.core.model import ResourcePolicy, ResourceStatement

Conditions = tuple[tuple[str, str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Admitted:
    """What changes for somebody by the policy of a resource: `change` is what they may now, or may no longer.

    `origin` is the manifest path, `place` its file and line. Of what is no IAM policy there is `text` alone.
    """

    change: Literal["may now", "may no longer", "is now denied", "is no longer denied", "now says", "no longer says"]
    who: str
    actions: tuple[str, ...]
    resource: str
    conditions: Conditions
    origin: str
    place: str
    text: str = ""


@dataclass(frozen=True)
class PolicyDifference:
    """What differs of the policy of one resource, called `resource`, in one environment.

    `more` are permissions that are new and denials that are gone; `less` is the reverse, and all that ends where the
    module no longer makes the resource.
    """

    environment: str
    resource: str
    more: tuple[Admitted, ...]
    less: tuple[Admitted, ...]
    unknown: tuple[str, ...]

    @property
    def widened(self) -> bool:
        """Whether anybody may do something that nobody could before, or that cannot be ruled out."""
        return bool(self.more or self.unknown)


@dataclass(frozen=True)
class Half:
    """The policies that one of the two declares in one environment, its values, and how to tell a place.

    `made` are the keys of the resources that its module makes.
    """

    policies: tuple[ResourcePolicy, ...]
    made: Collection[str]
    values: Mapping[str, str]
    is_new: bool
    place: Callable[[str], str]

    @property
    def verbs(self) -> tuple[Literal["may now", "may no longer"], Literal["is now denied", "is no longer denied"]]:
        """How to say what it allows, and what it denies, and the other does not."""
        return ("may now", "is now denied") if self.is_new else ("may no longer", "is no longer denied")

    def said(self, subject: str) -> dict[tuple[bool, str, str], tuple[Declared, ...]]:
        """What is allowed and denied, by whether it is denied and by the principal: its kind and its name."""
        found: dict[tuple[bool, str, str], tuple[Declared, ...]] = {}
        for policy in self._of(subject):
            for one in policy.statements:
                declared = self._declared(one)
                for kind, identifier in one.principals:
                    name = identifier.ground(self.values)
                    anybody = who(kind, name) == ANYBODY
                    key = (one.effect == "Deny", "*" if anybody else kind, "*" if anybody else name)
                    found[key] = (*found.get(key, ()), declared)
        return found

    def _declared(self, one: ResourceStatement) -> Declared:
        return Declared(
            "Allow",  # who is denied what is compared by itself, as a set like any other
            one.actions,
            tuple(arn.ground(self.values) for arn in one.resources) or ("*",),
            tuple(
                (c.operator, c.key.ground(self.values), tuple(text.ground(self.values) for text in c.values))
                for c in one.conditions
            ),
            one.origin,
        )

    def documents(self, subject: str) -> dict[str, ResourcePolicy]:
        """What stands in policies that are no IAM policies, entry by entry."""
        return {
            json.dumps(ground_json(document, self.values), sort_keys=True): policy
            for policy in self._of(subject)
            for document in policy.documents
        }

    def _of(self, subject: str) -> Iterator[ResourcePolicy]:
        return (policy for policy in self.policies if policy.subject == subject)


NO_POLICIES = {is_new: Half((), (), {}, is_new, str) for is_new in (False, True)}
"""What a side says that has none, or of which none are read: before, and after."""


def compare_policies(before: Half, after: Half, environment: str) -> Iterator[PolicyDifference]:
    """What differs of each policy that either of the two declares."""
    of = {policy.subject: policy.resource for half in (before, after) for policy in half.policies}
    for subject, resource in of.items():
        old, new = before.said(subject), after.said(subject)
        allowed, denied = (tuple(_beyond(new, old, after, denies)) for denies in (False, True))
        ended, freed = (tuple(_beyond(old, new, before, denies)) for denies in (False, True))
        more = [one for one in allowed if isinstance(one, Admitted)]
        less = [one for one in (*ended, *denied) if isinstance(one, Admitted)]
        is_gone = bool(resource) and resource not in after.made
        (less if is_gone else more).extend(one for one in freed if isinstance(one, Admitted))
        more += _documents(after, before, subject, "now says")
        less += _documents(before, after, subject, "no longer says")
        unknown = dict.fromkeys(one for one in (*allowed, *freed, *ended, *denied) if isinstance(one, str))
        if more or less or unknown:
            yield PolicyDifference(environment, subject, tuple(more), tuple(less), tuple(unknown))


def _documents(
    half: Half, other: Half, subject: str, change: Literal["now says", "no longer says"]
) -> Iterator[Admitted]:
    known = other.documents(subject)
    for text, policy in sorted(half.documents(subject).items(), key=lambda item: item[0]):
        if text not in known:
            yield Admitted(change, "", (), "", (), policy.origin, half.place(policy.origin), text)


def _beyond(
    mine: Mapping[tuple[bool, str, str], tuple[Declared, ...]],
    theirs: Mapping[tuple[bool, str, str], tuple[Declared, ...]],
    half: Half,
    denies: bool,  # noqa: FBT001 - one of the two kinds of statements
) -> Iterator[Admitted | str]:
    """What one says of a principal and the other does not, of it or of anybody; as text what cannot be told."""
    for (denied, kind, name), listed in sorted(mine.items()):
        if denied is not denies:
            continue
        others = {one for key in ((denied, kind, name), (denied, "*", "*")) for one in theirs.get(key, ())}
        left = [one for one in listed if one not in others]
        groups: dict[tuple[str, Conditions, str], list[str]] = {}
        if others:
            grown, doubts = changes(left, sorted(others, key=repr), iam.expand)
            yield from doubts
            for change in grown:
                groups.setdefault((change.resource, change.conditions, change.origin), []).append(change.action)
        else:  # all of it, as it is declared
            for one in left:
                for resource in one.resources:
                    groups.setdefault((resource, one.conditions, one.origin), []).extend(one.actions)
        verb = half.verbs[denies]
        for (resource, conditions, origin), actions in sorted(groups.items()):
            place = half.place(origin)
            yield Admitted(verb, who(kind, name), _folded(actions, left), resource, conditions, origin, place)


def _folded(actions: Sequence[str], declared: Sequence[Declared]) -> tuple[str, ...]:
    """Actions as they are declared: `s3:*` in place of all that it stands for."""
    found = set(actions)
    for pattern in dict.fromkeys(action for one in declared for action in one.actions if "*" in action):
        meant = set(iam.expand(pattern)) if pattern not in found else set()
        if meant and meant <= found:
            found = (found - meant) | {pattern}
    return tuple(sorted(found))
