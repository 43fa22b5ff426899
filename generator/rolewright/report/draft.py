"""The permissions that a policy and a manifest have beyond each other, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.review.diff import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.suggest.express import Beyond
    from rolewright.suggest.own_account import Own


def beyond_text(title: str, found: Sequence[Beyond]) -> Iterator[str]:
    """Yield a line for each resource with the actions on it, under a title; nothing for none."""
    if found:
        yield f"{title}:"
    for difference in found:
        actions, conditions = ", ".join(difference.actions), shown(difference.conditions)
        yield f"  {actions} on {difference.resource}{conditions} ({difference.origin})"


def beyond_json(found: Sequence[Beyond]) -> list[dict[str, Any]]:
    """Return the differences ready for `json.dumps`."""
    return [
        {
            "actions": list(difference.actions),
            "resource": difference.resource,
            "conditions": [{"operator": o, "key": k, "values": list(v)} for o, k, v in difference.conditions],
            "origin": difference.origin,
        }
        for difference in found
    ]


def own_text(own: Own, *, given: bool) -> str:
    """Return what is taken for the manifest's own account and region, and why; "" where nothing names any."""
    account = f"account {own.account}" if own.account else ""
    region = f"region {own.region}" if own.region else ""
    if not account and not region:
        return ""
    why = [f"{account} as --account says"] if given else []
    named = " and ".join(part for part in ("" if given else account, region) if part)
    why += [f"{named} as the policy names most"] if named else []
    return f"taken for the manifest's own: {', '.join(why)}"
