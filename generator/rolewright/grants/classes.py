"""The class of a permission, in the everyday sense: read, write or delete."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import Verb
    from rolewright.core.model import Grant, Workload

Class = Literal["read", "write", "delete", "unknown"]
CLASSES: tuple[Class, ...] = ("read", "write", "delete", "unknown")
"""From the mildest on. What is unknown may be anything, so it comes last."""

_LOOKS = ("Read", "List")
_DELETES = re.compile(r"(Delete|Destroy|Erase|Purge|Remove|Terminate|Truncate|Wipe)(?![a-z])")


class Classes:
    """The classes of actions, by the verbs of a catalog first and by IAM's database for what no verb has."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[str, Class] = {}

    def of_grant(self, grant: Grant, workload: Workload) -> dict[str, Class]:
        """Return the class of each action of a grant: that of the declared verbs that bring it, if any does."""
        key = grant.origin.removeprefix("resources.").removesuffix(".access")
        resource = workload.resources.get(key) if grant.origin == f"resources.{key}.access" else None
        if resource is None:
            return {action: self.of(action) for action in grant.actions}
        brought: dict[str, list[Class]] = {}
        for verb in self._catalog.resources[resource.type].expand(resource.access):
            for arn, actions in verb.allow.items():
                if arn == "*" or set(resource.arns.get(arn, ())) & set(grant.resources):
                    for action in actions:
                        brought.setdefault(action, []).append(self._in_verb(action, verb))
        return {
            action: strongest(brought[action]) if action in brought else self.of(action) for action in grant.actions
        }

    def of(self, pattern: str) -> Class:
        """Return the strongest class of the actions that an action or a pattern with `*` and `?` stands for."""
        if pattern not in self._known:
            self._known[pattern] = strongest(map(self._of_action, iam.expand(pattern)))
        return self._known[pattern]

    def _of_action(self, action: str) -> Class:
        facts = iam.action(action)
        if facts is None:
            return "unknown"
        verbs = self._verbs.get(action, ())
        if facts.level in _LOOKS:
            return "read"
        if verbs:
            return strongest(self._in_verb(action, verb) for verb in verbs)
        return "delete" if _DELETES.search(action) and facts.level != "Tagging" else "write"

    def _in_verb(self, action: str, verb: Verb) -> Class:
        """Return the class of an action as far as one verb needs it: not all that a deleting verb needs deletes."""
        if _looks(action):
            return "read"
        if verb.klass == "delete":
            return "delete" if action in self._deleting(verb) else "write"
        return verb.klass or "unknown"

    def _deleting(self, verb: Verb) -> set[str]:
        """Return what a deleting verb deletes with: what says so, or what no milder verb has, or else all of it."""
        doing = {action for actions in verb.allow.values() for action in actions if not _looks(action)}
        named = set(filter(_DELETES.search, doing))
        own = {a for a in doing if all(other.klass == "delete" for other in self._verbs.get(a, ()))}
        return named or own or doing

    @cached_property
    def _verbs(self) -> Mapping[str, list[Verb]]:
        """The narrow verbs of all types that bring each action."""
        found: dict[str, list[Verb]] = {}
        for action, verb in self._brought():
            found.setdefault(action, []).append(verb)
        return found

    def _brought(self) -> Iterator[tuple[str, Verb]]:
        for blueprint in self._catalog.resources.values():
            for verb in blueprint.verbs.values():
                if not verb.of:
                    yield from ((action, verb) for actions in verb.allow.values() for action in actions)


def strongest(classes: Iterable[Class]) -> Class:
    """Return the last of some classes in the order of `CLASSES`; "unknown" for none."""
    return max(classes, key=CLASSES.index, default="unknown")


def _looks(action: str) -> bool:
    facts = iam.action(action)
    return facts is not None and facts.level in _LOOKS
