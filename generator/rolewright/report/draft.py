"""What a policy and a manifest have beyond each other, for people and for programs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from rolewright.difference import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rolewright.prove.table import Change


def beyond_text(title: str, changes: Sequence[Change]) -> Iterator[str]:
    """A line for each resource with the actions on it, under a title; nothing for no changes."""
    if changes:
        yield f"{title}:"
    for (origin, resource, conditions), actions in _grouped(changes):
        yield f"  {', '.join(actions)} on {resource}{shown(conditions)} ({origin})"


def beyond_json(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The same, ready for `json.dumps`."""
    return [
        {
            "actions": actions,
            "resource": resource,
            "conditions": [{"operator": o, "key": k, "values": list(v)} for o, k, v in conditions],
            "origin": origin,
        }
        for (origin, resource, conditions), actions in _grouped(changes)
    ]


def _grouped(
    changes: Iterable[Change],
) -> list[tuple[tuple[str, str, tuple[tuple[str, str, tuple[str, ...]], ...]], list[str]]]:
    groups = defaultdict(list)
    for one in changes:
        groups[one.origin, one.resource, one.conditions].append(one.action)
    return [(key, sorted(set(actions))) for key, actions in groups.items()]
