"""A statement → what scanners are told of its `*`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.data import iam

if TYPE_CHECKING:
    from rolewright.core.model import Statement


def needs_star(statement: Statement) -> bool:
    """Return whether it needs `*` because nothing narrower does for any action of it, as a comment tells scanners."""
    facts = [iam.action(action) for action in statement.actions]
    stars = any(text.literal == "*" for text in statement.resources)
    return stars and all(fact is not None and not fact.narrowable for fact in facts)


def names_nothing(statement: Statement) -> str:
    """Return Read or Write where it has `*` for requests that name no resource, of actions that can name one, or ""."""
    facts = [fact for fact in map(iam.action, statement.actions) if fact is not None and fact.resource_types]
    if not facts or not needs_star(statement):
        return ""
    return "Write" if any(fact.level == "Write" for fact in facts) else "Read"
