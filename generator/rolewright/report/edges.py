"""What the picture of a workload joins: who assumes each role, and what the role reaches, under names for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.core.text import Text
from rolewright.grants.classes import CLASSES
from rolewright.render.readable import shown
from rolewright.report.permissions import having
from rolewright.report.picture import Box, Edge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rolewright.core.model import Grant, Resource, Role, Workload
    from rolewright.grants.classes import Class
    from rolewright.pipeline import Built
    from rolewright.report.permissions import Judge


def edges_of(built: Built, judges: Sequence[Judge]) -> Iterator[Edge]:
    """Yield who assumes each role, and what it reaches: a resource of the manifest, or what the platform needs.

    `judges` are those of the environments. What has another name in each of them has all names.
    """
    environments = [judge.values for judge in judges]
    for role in built.roles:
        node = Box("role", role.key, role.key, role.summary)
        held = shown(role.trust.conditions, environments[0]).removeprefix(" if ")
        for assumer in role.trust.principals:
            principal = Box("principal", str(assumer), _names(assumer, environments, _last), "")
            yield Edge(principal, node, f"assumes it{f', if {held}' if held else ''}")
        yield from _reached(built.workload, role, node, judges[0], environments)


def _reached(
    workload: Workload, role: Role, node: Box, judge: Judge, environments: Sequence[Mapping[str, str]]
) -> Iterator[Edge]:
    reached: dict[tuple[Box, bool], dict[str, Class]] = {}
    notes: dict[Box, dict[str, None]] = {}
    for policy in role.policies:
        for statement in policy.statements:
            does = {permission.action: permission.does for permission in judge.permissions(statement)}
            for grant in statement.grants:
                box, note = _box(workload, grant, environments)
                notes.setdefault(box, {})[note] = None
                actions = reached.setdefault((box, statement.effect == "Deny"), {})
                actions.update({action: does[action] for action in grant.actions})
    for (box, denied), actions in reached.items():
        end = Box(box.kind, box.key, box.name, "; ".join(filter(None, notes[box])))
        does_there = () if denied else tuple(class_ for class_ in CLASSES if class_ in actions.values())
        yield Edge(node, end, f"{'may not' if denied else 'may'} {', '.join(sorted(actions))}", denied, does_there)


def _box(workload: Workload, grant: Grant, environments: Sequence[Mapping[str, str]]) -> tuple[Box, str]:
    """Return the box that a grant leads to, and what is to be said of it."""
    start, _, rest = grant.origin.partition(".")
    key = rest.split(".")[0] if start == "resources" else having(workload, grant.resources[0])
    if key in workload.resources:
        resource = workload.resources[key]
        verbs = f": {', '.join(resource.access)}" if resource.access else ""
        return Box("resource", key, _name(resource, environments), ""), f"{resource.type}{verbs}"
    on = ", ".join(dict.fromkeys(_names(arn, environments, _short) for arn in grant.resources))
    if start == "statements":
        services = sorted({action.partition(":")[0] for action in grant.actions})
        return Box("resource", on, on, ""), f"written out as a statement: {', '.join(services)}"
    return Box("platform", on, on, ""), "; ".join(grant.reasons) or "what the platform needs"


def _name(resource: Resource, environments: Sequence[Mapping[str, str]]) -> str:
    """Return what a resource is called: its name, or else what its ARN names, or else its key."""
    given = resource.fields.get("name")
    if isinstance(given, str | Text):
        return _names(Text.of(given), environments, str)
    arns = [arn for listed in resource.arns.values() for arn in listed]
    made = not arns or not arns[0].ground(environments[0]).startswith("arn:")
    return resource.key if made else _names(arns[0], environments, _short)


def _names(text: Text, environments: Sequence[Mapping[str, str]], shorter: Callable[[str], str]) -> str:
    """Return what something is called in each environment, made shorter for people."""
    return " or ".join(dict.fromkeys(shorter(text.ground(values)) for values in environments))


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _short(arn: str) -> str:
    """Return an ARN without its service, region and account; `*` in words."""
    return "every resource" if arn == "*" else arn.split(":", 5)[-1]
