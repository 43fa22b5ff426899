"""A parameter for the stage of a template → environments of a manifest, with what differs among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.function_fields import DATA
from rolewright.importer.field_table import format_data
from rolewright.importer.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.workload import OldRole, SourceWorkload

    Reader = Callable[[StackTemplate, str, Ledger], SourceWorkload]


def with_environments(template: StackTemplate, logical: str, ledger: Ledger, reader: Reader) -> SourceWorkload:
    """Read a workload as it is in the first environment, with what is other in each of the others.

    What a manifest cannot say for one environment alone is entered in the ledger. Of the roles, what all environments
    have counts; what only some have is named as not read.
    """
    first, *others = template.environments() or ("",)
    workload = reader(template.within(first), logical, ledger)
    if not first:
        return workload
    there = {name: reader(template.within(name), logical, Ledger(ledger.tree)) for name in others}
    workload.environments = {first: {}}
    for name, other in there.items():
        said, unsaid = _differences(workload.compute, other.compute, ())
        workload.environments[name] = {"compute": said} if said else {}
        for path in unsaid:
            note = f"{'.'.join(path)} is another in {name} than in {first}, and an environment cannot say that"
            ledger.left(("Resources", logical, "Type"), note)
    workload.roles = [
        _common(role, first, {name: other.roles[number] for name, other in there.items() if number < len(other.roles)})
        for number, role in enumerate(workload.roles)
    ]
    return workload


def _differences(
    first: Any,  # noqa: ANN401 - YAML
    other: Any,  # noqa: ANN401 - YAML
    path: tuple[str, ...],
) -> tuple[dict[str, Any], list[tuple[str, ...]]]:
    """Return what an environment overrides, and the paths of what it cannot."""
    said: dict[str, Any] = {}
    unsaid: list[tuple[str, ...]] = []
    for key in dict.fromkeys((*first, *other)):
        inside = (*path, str(key))
        if key in first and key in other and first[key] == other[key]:
            continue
        if isinstance(first.get(key), dict) and isinstance(other.get(key), dict):
            inner, left = _differences(first[key], other[key], inside)
            said |= {key: inner} if inner else {}
            unsaid += left
        elif key in first and key in other and inside[0] in format_data(DATA).facts["overridable"]:
            said[key] = other[key]
        else:
            unsaid.append(inside)
    return said, unsaid


def _common(role: OldRole, first: str, others: Mapping[str, OldRole]) -> OldRole:
    """Return what a role may do in all environments; what it may in some alone is named as not read."""
    kept = [policy for policy in role.policies if all(policy in other.policies for other in others.values())]
    apart = list(_apart({first: role, **others}, kept))
    return replace(role, policies=tuple(kept), unread=tuple(dict.fromkeys((*role.unread, *apart))))


def _apart(roles: Mapping[str, OldRole], kept: Sequence[Any]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for name, role in roles.items():
        for policy in role.policies:
            if policy not in kept:
                found.setdefault(policy.origin, []).append(name)
    for origin, names in found.items():
        where = ", ".join(dict.fromkeys(names))
        yield f"{origin}: differs among environments (read in {where}); a manifest gives all of them the same rights"
