"""The difference between the policies of resources: what they grant and deny each principal, as sets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rolewright.core.text import ground as ground_json
from rolewright.data import iam
from rolewright.prove.table import Declared, changes
from rolewright.render.readable import ANYBODY, who

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from rolewright.core.model import ResourcePolicy, ResourceStatement
    from rolewright.prove.document import Conditions


@dataclass(frozen=True)
class Admitted:
    """A change for one principal by the policy of a resource; `change` says which.

    `origin` is the manifest path, `place` its file and line. A document that is no IAM policy has `text` alone.
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
    """The difference of the policy of one resource, called `resource`, in one environment.

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
        """Return whether anybody may do something that nobody could before, or whether that cannot be ruled out."""
        return bool(self.more or self.unknown)


@dataclass(frozen=True)
class Half:
    """The policies that one of the two sides declares in one environment, its values, and how to locate an origin.

    `made` are the keys of the resources that its module makes.
    """

    policies: tuple[ResourcePolicy, ...]
    made: Collection[str]
    values: Mapping[str, str]
    is_new: bool
    place: Callable[[str], str]

    @property
    def verbs(self) -> tuple[Literal["may now", "may no longer"], Literal["is now denied", "is no longer denied"]]:
        """Return the words for what only this side allows, and for what only it denies."""
        return ("may now", "is now denied") if self.is_new else ("may no longer", "is no longer denied")

    def statements(self, subject: str) -> dict[tuple[bool, str, str], tuple[Declared, ...]]:
        """Return the statements on a subject by whether they deny, and by the kind and the name of the principal."""
        found: dict[tuple[bool, str, str], tuple[Declared, ...]] = {}
        for policy in self._of(subject):
            for statement in policy.statements:
                declared = self._declared(statement)
                for kind, identifier in statement.principals:
                    name = identifier.ground(self.values)
                    anybody = who(kind, name) == ANYBODY
                    key = (statement.effect == "Deny", "*" if anybody else kind, "*" if anybody else name)
                    found[key] = (*found.get(key, ()), declared)
        return found

    def _declared(self, statement: ResourceStatement) -> Declared:
        return Declared(
            "Allow",  # who is denied what is compared by itself, as a set like any other
            statement.actions,
            tuple(arn.ground(self.values) for arn in statement.resources) or ("*",),
            tuple(
                (c.operator, c.key.ground(self.values), tuple(text.ground(self.values) for text in c.values))
                for c in statement.conditions
            ),
            statement.origin,
        )

    def documents(self, subject: str) -> dict[str, ResourcePolicy]:
        """Return the entries of policies that are no IAM policies, as JSON, each with its policy."""
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
    """Compare each policy that either of the two sides declares."""
    of = {policy.subject: policy.resource for half in (before, after) for policy in half.policies}
    for subject, resource in of.items():
        old, new = before.statements(subject), after.statements(subject)
        allowed, denied = (tuple(_beyond(new, old, after, denies)) for denies in (False, True))
        ended, freed = (tuple(_beyond(old, new, before, denies)) for denies in (False, True))
        more = [change for change in allowed if isinstance(change, Admitted)]
        less = [change for change in (*ended, *denied) if isinstance(change, Admitted)]
        is_gone = bool(resource) and resource not in after.made
        (less if is_gone else more).extend(change for change in freed if isinstance(change, Admitted))
        more += _documents(after, before, subject, "now says")
        less += _documents(before, after, subject, "no longer says")
        unknown = dict.fromkeys(change for change in (*allowed, *freed, *ended, *denied) if isinstance(change, str))
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
    """Yield what one side says of a principal, and the other neither of it nor of anybody; as text, the undecided."""
    for (denied, kind, name), listed in sorted(mine.items()):
        if denied is not denies:
            continue
        others = {statement for key in ((denied, kind, name), (denied, "*", "*")) for statement in theirs.get(key, ())}
        left = [statement for statement in listed if statement not in others]
        groups: dict[tuple[str, Conditions, str], list[str]] = {}
        if others:
            grown, doubts = changes(left, sorted(others, key=repr), iam.expand)
            yield from doubts
            for change in grown:
                groups.setdefault((change.resource, change.conditions, change.origin), []).append(change.action)
        else:  # all of it, as it is declared
            for statement in left:
                for resource in statement.resources:
                    groups.setdefault((resource, statement.conditions, statement.origin), []).extend(statement.actions)
        verb = half.verbs[denies]
        for (resource, conditions, origin), actions in sorted(groups.items()):
            place = half.place(origin)
            yield Admitted(verb, who(kind, name), _folded(actions, left), resource, conditions, origin, place)


def _folded(actions: Sequence[str], declared: Sequence[Declared]) -> tuple[str, ...]:
    """Return actions as they are declared: `s3:*` in place of all that it stands for."""
    found = set(actions)
    for pattern in dict.fromkeys(action for statement in declared for action in statement.actions if "*" in action):
        meant = set(iam.expand(pattern)) if pattern not in found else set()
        if meant and meant <= found:
            found = (found - meant) | {pattern}
    return tuple(sorted(found))
