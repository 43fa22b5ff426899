"""A parameter for the stage of a template → environments of a manifest, with what differs among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.described import described_resource
from rolewright.importer.cloudformation.links import linked_resource, resources_in
from rolewright.importer.expression import OfResource, SourceText
from rolewright.importer.ledger import Ledger
from rolewright.importer.stages import add_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.core.finding import Location
    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.expression import TextPart
    from rolewright.importer.workload import OldRole, SourceWorkload

    Reader = Callable[[StackTemplate, str, Ledger], SourceWorkload]


def with_environments(template: StackTemplate, logical: str, ledger: Ledger, reader: Reader) -> SourceWorkload:
    """Read a workload as it is in the first environment that has it, with what is other in each of the others."""
    declared = template.environments()
    lacking = [name for name in declared if template.within(name).exists(logical) is False]
    if lacking and lacking != list(declared):
        declared = tuple(name for name in declared if name not in lacking)
        note = f"it takes the workload out of {', '.join(lacking)}, which its manifest does not have"
        ledger.left(("Resources", logical, "Condition"), note)
    if not declared:
        return reader(template, logical, ledger)
    templates = {name: template.within(name) for name in declared}
    readings = {
        name: reader(there, logical, ledger if name == declared[0] else Ledger(ledger.tree))
        for name, there in templates.items()
    }
    return joined(readings, templates, ledger.location(("Resources", logical)))


def joined(
    readings: Mapping[str, SourceWorkload], templates: Mapping[str, StackTemplate], location: Location
) -> SourceWorkload:
    """Make one workload of what it is in each environment: the first reading, with what is other in the others.

    Of the roles, what all environments have counts; what only some have is named as not read. `location` is where the
    workload stands in its source.
    """
    first, *others = readings
    workload = readings[first]
    for number in range(len(workload.roles)):
        roles = {name: reading.roles[number] for name, reading in readings.items() if number < len(reading.roles)}
        workload.roles[number] = _common(templates[first], roles)
    _link_what_roles_name(templates, readings, location)
    workload.described = templates[first].described()
    workload.environments = {first: {}}
    for name in others:
        add_environment(workload, name, readings[name])
    return workload


def _link_what_roles_name(
    templates: Mapping[str, StackTemplate], readings: Mapping[str, SourceWorkload], location: Location
) -> None:
    """Add the resources that policies name by reference, where their names differ among the environments."""
    workload = next(iter(readings.values()))
    documents = [policy.document for role in workload.roles for policy in role.policies]
    for logical in dict.fromkeys(part.logical for part in resources_in(documents)):
        if len({repr(described_resource(template, logical)) for template in templates.values()}) > 1:
            part = SourceText((OfResource(logical, "", None, ""),))
            for name, reading in readings.items():
                linked_resource(templates[name], reading, part, "", location)


def _common(template: StackTemplate, roles: Mapping[str, OldRole]) -> OldRole:
    """Return what a role may do in all environments; what it may in some alone is named as not read."""
    role, *others = roles.values()
    elsewhere = [[_by_reference(template, policy.document) for policy in other.policies] for other in others]
    kept = [
        policy
        for policy in role.policies
        if all(_by_reference(template, policy.document) in there for there in elsewhere)
    ]
    found: dict[str, list[str]] = {}
    known = [_by_reference(template, policy.document) for policy in kept]
    for name, each in roles.items():
        for policy in each.policies:
            if _by_reference(template, policy.document) not in known:
                found.setdefault(policy.origin, []).append(name)
    apart = [
        f"{origin}: differs among environments (read in {', '.join(dict.fromkeys(names))}); "
        "a manifest gives all of them the same rights"
        for origin, names in found.items()
    ]
    return replace(role, policies=tuple(kept), unread=tuple(dict.fromkeys((*role.unread, *apart))))


def _by_reference(template: StackTemplate, value: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a document in which the resources that a manifest names stand by their references alone."""
    match value:
        case SourceText(parts):
            return SourceText(tuple(_reference(template, part) for part in parts))
        case dict():
            return {key: _by_reference(template, inner) for key, inner in value.items()}
        case list():
            return [_by_reference(template, inner) for inner in value]
        case _:
            return value


def _reference(template: StackTemplate, part: TextPart) -> TextPart:
    if isinstance(part, OfResource) and described_resource(template, part.logical) is not None:
        return replace(part, known=None)
    return part
