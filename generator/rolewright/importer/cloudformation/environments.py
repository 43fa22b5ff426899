"""A parameter for the stage of a template → environments of a manifest, with what differs among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.importer.common_role import common_role
from rolewright.importer.ledger import Ledger
from rolewright.importer.stages import add_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.workload import SourceWorkload

    Reader = Callable[[StackTemplate, str, Ledger], SourceWorkload]


def with_environments(template: StackTemplate, logical: str, ledger: Ledger, reader: Reader) -> SourceWorkload | None:
    """Read a workload as it is in the first environment that has it, with what is other in each of the others.

    None for a workload that a condition takes out of every environment.
    """
    declared = template.environments()
    lacking = [name for name in declared if template.within(name).exists(logical) is False]
    if lacking == [*declared] != []:
        ledger.left(("Resources", logical), "its condition takes it out of every environment")
        return None
    if lacking:
        note = f"it takes the workload out of {', '.join(lacking)}, which its manifest does not have"
        ledger.left(("Resources", logical, "Condition"), note)
    templates = {name: template.within(name) for name in declared if name not in lacking}
    if not templates:
        return reader(template, logical, ledger)
    readings: dict[str, SourceWorkload] = {}
    for name, there in templates.items():
        account = Ledger(ledger.tree) if readings else ledger
        readings[name] = reader(there, logical, account)
        if account is not ledger:
            ledger.take(account, f"in {name}")
    return joined(readings, next(iter(templates.values())))


def joined(readings: Mapping[str, SourceWorkload], template: StackTemplate) -> SourceWorkload:
    """Make one workload of what it is in each environment: the first reading, with what is other in the others.

    `template` is that of the first. Of the roles, what all environments have counts, also on a resource that has
    another name in each; what only some have is named as not read.
    """
    first, *others = readings
    workload = readings[first]
    for number in range(len(workload.roles)):
        roles = {name: reading.roles[number] for name, reading in readings.items() if number < len(reading.roles)}
        workload.roles[number], renamed = common_role(roles)
        workload.renamed += renamed
    workload.described = template.described()
    workload.environments = {first: {}}
    for name in others:
        add_environment(workload, name, readings[name])
    return workload
