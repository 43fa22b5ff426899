"""The permissions that a policy and a manifest have beyond each other, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.review.diff import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.suggest.express import Beyond, Compared, Translated
    from rolewright.suggest.own_account import Own


def draft_notes(made: Translated) -> Iterator[str]:
    """Yield a line for all that has to be known of a draft: what it allows beyond the policy, or lacks, and notes."""
    yield from _beyond_lines("the entries allow more than the policy", made.more)
    yield from _beyond_lines("the policy allows more than the entries", made.less)
    yield from (f"note: {note}" for note in made.notes)


def draft_json(made: Translated, entries: str, own: Own) -> dict[str, Any]:
    """Return a draft ready for `json.dumps`; `entries` is its text."""
    return {
        "own": _own_json(own),
        "entries": entries,
        "entries_allow_more": _beyond_json(made.more),
        "policy_allows_more": _beyond_json(made.less),
        "notes": made.notes,
    }


def comparison_text(found: Sequence[Compared], own: Own, *, given: bool) -> Iterator[str]:
    """Yield the lines on each workload that a policy was compared with; `given` is as in `own_text`."""
    taken = own_text(own, given=given)
    for compared in found:
        yield from _beyond_lines(f"the policy allows more than {compared.name}", compared.more)
        yield from _beyond_lines(f"{compared.name} allows more than the policy", compared.less)
        yield from (f"note: {note}" for note in compared.notes)
        if not compared.differs:
            yield f"the policy and {compared.name} allow the same"
        if taken and not compared.is_placed:
            yield f"note: {taken}"


def comparison_json(found: Sequence[Compared], own: Own) -> dict[str, Any]:
    """Return the comparison of a policy with workloads ready for `json.dumps`."""
    return {
        "workloads": [
            {
                "workload": compared.name,
                **({} if compared.is_placed else {"own": _own_json(own)}),
                "policy_allows_more": _beyond_json(compared.more),
                "manifest_allows_more": _beyond_json(compared.less),
                "notes": compared.notes,
            }
            for compared in found
        ]
    }


def _own_json(own: Own) -> dict[str, str]:
    return {"account": own.account, "region": own.region}


def _beyond_lines(title: str, found: Sequence[Beyond]) -> Iterator[str]:
    """Yield a line for each resource with the actions on it, under a title; nothing for none."""
    if found:
        yield f"{title}:"
    for difference in found:
        actions, conditions = ", ".join(difference.actions), shown(difference.conditions)
        yield f"  {actions} on {difference.resource}{conditions} ({difference.origin})"


def _beyond_json(found: Sequence[Beyond]) -> list[dict[str, Any]]:
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
    """Return what is taken for the manifest's own account and region, and why; "" where nothing names any.

    `given` is whether --account gave the account.
    """
    account = f"account {own.account}" if own.account else ""
    region = f"region {own.region}" if own.region else ""
    if not account and not region:
        return ""
    why = [f"{account} (given by --account)"] if given else []
    named = " and ".join(part for part in ("" if given else account, region) if part)
    why += [f"{named} (named most often in the policy)"] if named else []
    return f"assumed to be your own: {', '.join(why)}"
