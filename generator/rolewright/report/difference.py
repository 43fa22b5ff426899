"""What changed in permissions, for a terminal, for a pull request and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.core.printable import one_line
from rolewright.review.diff import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.review.diff import Difference, Line, Permission, RoleDifference
    from rolewright.review.policy_diff import Admitted, Conditions, PolicyDifference

_NOTHING = "nobody may do anything more, or less, than before"


def difference_text(differences: Sequence[Difference], compared: Sequence[str]) -> str:
    """One block for each role that differs: `+` it may now, `-` it may no longer, `~` who assumes it, `?` unsure.

    `compared` says what was looked at.
    """
    lines: list[str] = []
    for one in differences:
        lines += [line for role in one.roles for line in _text(one.workload, role)]
        lines += [line for policy in one.policies for line in _policy_text(one.workload, policy)]
        lines += [f"{one.workload}:", *map(_other, one.others), ""] if one.others else []
    return "\n".join([*map(one_line, (*lines, *compared, verdict(differences))), ""])


def _text(workload: str, role: RoleDifference) -> Iterator[str]:
    yield f"{_name(workload, role)}:"
    yield from (f"  + {_permission(one)}    {one.place} {one.origin}" for one in role.added)
    yield from (f"  - {_permission(one)}    {one.place} {one.origin}" for one in role.removed)
    yield from map(_other, role.others)
    yield from (f"  ? {one}" for one in role.unknown)
    yield ""


def _policy_text(workload: str, policy: PolicyDifference) -> Iterator[str]:
    yield f"{policy_name(workload, policy)}:"
    yield from (f"  + {admitted(one)}    {one.place} {one.origin}" for one in policy.more)
    yield from (f"  - {admitted(one)}    {one.place} {one.origin}" for one in policy.less)
    yield from (f"  ? {one}" for one in policy.unknown)
    yield ""


def _other(line: Line) -> str:
    return f"  {'!' if line.widens else '~'} {line.text}"


def difference_markdown(differences: Sequence[Difference], compared: Sequence[str]) -> str:
    """A comment for a pull request: what is new first, then what is gone, then what was looked at."""
    lines = [f"### {verdict(differences)[:1].upper()}{verdict(differences)[1:]}", ""]
    for one in differences:
        for role in one.roles:
            lines += [f"**{_cell(_name(one.workload, role))}**", ""]
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
        for policy in one.policies:
            lines += [f"**{_cell(policy_name(one.workload, policy))}**", ""]
            told = [("**new**", admitted(each), each) for each in policy.more]
            told += [("gone", admitted(each), each) for each in policy.less]
            if told:
                lines += ["| | who may do what | declared |", "|---|---|---|"]
                lines += [f"| {sign} | {_cell(text)} | {_cell(p.place)} {_cell(p.origin)} |" for sign, text, p in told]
                lines.append("")
            lines += [f"- **unsure:** {_cell(text)}" for text in policy.unknown]
            lines += [""] if policy.unknown else []
        if one.others:
            lines += [f"**{_cell(one.workload)}**", "", *map(_marked, one.others), ""]
    lines += [f"<sub>{'<br>'.join(map(_cell, compared))}</sub>"]
    return "\n".join(lines).rstrip("\n") + "\n"


def _marked(line: Line) -> str:
    return f"- {'**wider:** ' if line.widens else ''}{_cell(line.text)}"


def difference_json(differences: Sequence[Difference], compared: Sequence[str]) -> dict[str, Any]:
    """The same as plain lists, dicts and strings, ready for `json.dumps`."""

    def permissions(listed: Sequence[Permission]) -> list[dict[str, Any]]:
        return [
            {
                "actions": list(one.actions),
                "resource": one.resource,
                "conditions": _conditions(one.conditions),
                "origin": one.origin,
                "place": one.place,
            }
            for one in listed
        ]

    def others(listed: Sequence[Line]) -> list[dict[str, Any]]:
        return [{"text": line.text, "widens": line.widens} for line in listed]

    return {
        "changed": any(one.changed for one in differences),
        "widened": any(one.widened for one in differences),
        "compared": list(compared),
        "workloads": [
            {
                "workload": one.workload,
                "widened": one.widened,
                "others": others(one.others),
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
                    for role in one.roles
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
                    for policy in one.policies
                ],
            }
            for one in differences
        ],
    }


def _conditions(conditions: Conditions) -> list[dict[str, Any]]:
    return [{"operator": operator, "key": key, "values": list(values)} for operator, key, values in conditions]


def _admitted(one: Admitted) -> dict[str, Any]:
    told = {"change": one.change, "origin": one.origin, "place": one.place}
    if one.text:
        return {"document": one.text, **told}
    return {
        "principal": one.who,
        "actions": list(one.actions),
        "resource": one.resource,
        "conditions": _conditions(one.conditions),
        **told,
    }


def verdict(differences: Sequence[Difference], left: Sequence[str] = ()) -> str:
    """The outcome in one line; `left` is what could not be compared."""
    wider = [one.workload for one in differences if one.widened]
    other = [one.workload for one in differences if one.changed and not one.widened]
    parts = [f"wider: {', '.join(wider)}"] * bool(wider) + [f"changed, and nowhere wider: {', '.join(other)}"] * bool(
        other
    )
    parts += [f"not compared: {', '.join(left)}"] * bool(left)
    return "; ".join(parts) or _NOTHING


def _name(workload: str, role: RoleDifference) -> str:
    return f"{workload}{' in ' + role.environment if role.environment else ''}, role {role.role}"


def policy_name(workload: str, policy: PolicyDifference) -> str:
    """What a policy of a resource is called above what differs of it."""
    return f"{workload}{' in ' + policy.environment if policy.environment else ''}, policy of {policy.resource}"


def admitted(one: Admitted) -> str:
    """What changes for somebody, in one line."""
    if one.text:
        return f"it {one.change} {one.text}"
    return f"{one.who} {one.change} {', '.join(one.actions)} on {one.resource}{shown(one.conditions)}"


def _permission(one: Permission) -> str:
    return f"{', '.join(one.actions)} on {one.resource}{shown(one.conditions)}"


def _cell(text: str) -> str:
    """Text that a table of Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|~$" else " " if c in "\r\n" else c for c in text)
