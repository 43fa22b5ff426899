"""Changes in permissions, for a terminal, for a pull request and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.core.printable import one_line
from rolewright.review.diff import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.prove.document import Conditions
    from rolewright.review.diff import ChangedPermission, Line, RoleDifference, WorkloadDifference
    from rolewright.review.policy_diff import Admitted, PolicyDifference

_NOTHING = "nobody may do anything more, or less, than before"


def difference_text(differences: Sequence[WorkloadDifference], compared: Sequence[str]) -> str:
    """Return a block for each role that differs: `+` it may now, `-` it may no longer, `!` or `~` trust, `?` unsure.

    `!` marks a change that lets more in. `compared` says what was looked at.
    """
    lines: list[str] = []
    for difference in differences:
        lines += [line for role in difference.roles for line in _text(difference.workload, role)]
        lines += [line for policy in difference.policies for line in _policy_text(difference.workload, policy)]
        lines += [f"{difference.workload}:", *map(_other, difference.others), ""] if difference.others else []
    return "\n".join([*map(one_line, (*lines, *compared, verdict(differences))), ""])


def _text(workload: str, role: RoleDifference) -> Iterator[str]:
    yield f"{_name(workload, role)}:"
    yield from (f"  + {_permission(permission)}    {permission.place} {permission.origin}" for permission in role.added)
    yield from (
        f"  - {_permission(permission)}    {permission.place} {permission.origin}" for permission in role.removed
    )
    yield from map(_other, role.others)
    yield from (f"  ? {text}" for text in role.unknown)
    yield ""


def _policy_text(workload: str, policy: PolicyDifference) -> Iterator[str]:
    yield f"{policy_name(workload, policy)}:"
    yield from (f"  + {admitted(change)}    {change.place} {change.origin}" for change in policy.more)
    yield from (f"  - {admitted(change)}    {change.place} {change.origin}" for change in policy.less)
    yield from (f"  ? {text}" for text in policy.unknown)
    yield ""


def _other(line: Line) -> str:
    return f"  {'!' if line.widens else '~'} {line.text}"


def difference_markdown(differences: Sequence[WorkloadDifference], compared: Sequence[str]) -> str:
    """Return a comment for a pull request: what is new first, then what is gone, then what was looked at."""
    lines = [f"### {verdict(differences)[:1].upper()}{verdict(differences)[1:]}", ""]
    for difference in differences:
        for role in difference.roles:
            lines += [f"**{_cell(_name(difference.workload, role))}**", ""]
            rows = [("**new**", p) for p in role.added] + [("gone", p) for p in role.removed]
            if rows:
                lines += ["| | actions | on | declared |", "|---|---|---|---|"]
                lines += [
                    f"| {sign} | {'<br>'.join(f'`{a}`' for a in p.actions)} | {_cell(p.resource + shown(p.conditions))}"
                    f" | {_cell(p.place)} {_cell(p.origin)} |"
                    for sign, p in rows
                ]
                lines.append("")
            lines += map(_marked, role.others)
            lines += [f"- **unsure:** {_cell(text)}" for text in role.unknown]
            lines += [""] if role.others or role.unknown else []
        for policy in difference.policies:
            lines += [f"**{_cell(policy_name(difference.workload, policy))}**", ""]
            changes = [("**new**", admitted(each), each) for each in policy.more]
            changes += [("gone", admitted(each), each) for each in policy.less]
            if changes:
                lines += ["| | who may do what | declared |", "|---|---|---|"]
                lines += [
                    f"| {sign} | {_cell(text)} | {_cell(p.place)} {_cell(p.origin)} |" for sign, text, p in changes
                ]
                lines.append("")
            lines += [f"- **unsure:** {_cell(text)}" for text in policy.unknown]
            lines += [""] if policy.unknown else []
        if difference.others:
            lines += [f"**{_cell(difference.workload)}**", "", *map(_marked, difference.others), ""]
    lines += [f"<sub>{'<br>'.join(map(_cell, compared))}</sub>"]
    return "\n".join(lines).rstrip("\n") + "\n"


def _marked(line: Line) -> str:
    return f"- {'**wider:** ' if line.widens else ''}{_cell(line.text)}"


def difference_json(differences: Sequence[WorkloadDifference], compared: Sequence[str]) -> dict[str, Any]:
    """Return the differences as plain lists, dicts and strings, ready for `json.dumps`."""

    def permissions(listed: Sequence[ChangedPermission]) -> list[dict[str, Any]]:
        return [
            {
                "actions": list(permission.actions),
                "resource": permission.resource,
                "conditions": _conditions(permission.conditions),
                "origin": permission.origin,
                "place": permission.place,
            }
            for permission in listed
        ]

    def others(listed: Sequence[Line]) -> list[dict[str, Any]]:
        return [{"text": line.text, "widens": line.widens} for line in listed]

    return {
        "changed": any(difference.changed for difference in differences),
        "widened": any(difference.widened for difference in differences),
        "compared": list(compared),
        "workloads": [
            {
                "workload": difference.workload,
                "widened": difference.widened,
                "others": others(difference.others),
                "roles": [
                    {
                        "environment": role.environment,
                        "role": role.role,
                        "widened": role.widened,
                        "added": permissions(role.added),
                        "removed": permissions(role.removed),
                        "others": others(role.others),
                        "unknown": list(role.unknown),
                    }
                    for role in difference.roles
                ],
                "policies": [
                    {
                        "environment": policy.environment,
                        "policy": policy.resource,
                        "widened": policy.widened,
                        "more": [_admitted(each) for each in policy.more],
                        "less": [_admitted(each) for each in policy.less],
                        "unknown": list(policy.unknown),
                    }
                    for policy in difference.policies
                ],
            }
            for difference in differences
        ],
    }


def _conditions(conditions: Conditions) -> list[dict[str, Any]]:
    return [{"operator": operator, "key": key, "values": list(values)} for operator, key, values in conditions]


def _admitted(change: Admitted) -> dict[str, Any]:
    common = {"change": change.change, "origin": change.origin, "place": change.place}
    if change.text:
        return {"document": change.text, **common}
    return {
        "principal": change.who,
        "actions": list(change.actions),
        "resource": change.resource,
        "conditions": _conditions(change.conditions),
        **common,
    }


def verdict(differences: Sequence[WorkloadDifference], left: Sequence[str] = ()) -> str:
    """Return the outcome in one line; `left` is what could not be compared."""
    wider = [difference.workload for difference in differences if difference.widened]
    not_wider = [difference.workload for difference in differences if difference.changed and not difference.widened]
    parts = [f"wider: {', '.join(wider)}"] * bool(wider) + [
        f"changed, and nowhere wider: {', '.join(not_wider)}"
    ] * bool(not_wider)
    parts += [f"not compared: {', '.join(left)}"] * bool(left)
    return "; ".join(parts) or _NOTHING


def _name(workload: str, role: RoleDifference) -> str:
    return f"{workload}{' in ' + role.environment if role.environment else ''}, role {role.role}"


def policy_name(workload: str, policy: PolicyDifference) -> str:
    """Return the heading for what differs in a policy of a resource."""
    return f"{workload}{' in ' + policy.environment if policy.environment else ''}, policy of {policy.resource}"


def admitted(change: Admitted) -> str:
    """Return in one line what changes for a principal."""
    if change.text:
        return f"it {change.change} {change.text}"
    return f"{change.who} {change.change} {', '.join(change.actions)} on {change.resource}{shown(change.conditions)}"


def _permission(permission: ChangedPermission) -> str:
    return f"{', '.join(permission.actions)} on {permission.resource}{shown(permission.conditions)}"


def _cell(text: str) -> str:
    """Return text that a Markdown table shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~$" else " " if c in "\r\n" else c for c in text)
