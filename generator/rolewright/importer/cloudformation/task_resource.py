"""A task definition of a template, with the service that runs it, as a workload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.function_fields import DATA
from rolewright.importer.cloudformation.links import linked_resource, plain_name, resources_in
from rolewright.importer.cloudformation.resolved import ResolvedLedger, small
from rolewright.importer.cloudformation.roles import role_of
from rolewright.importer.expression import SourceText
from rolewright.importer.field_table import carry, format_data
from rolewright.importer.formats.ecs_task_definition import read_definition
from rolewright.importer.shapes import mapping, mappings

if TYPE_CHECKING:
    from rolewright.importer.cloudformation.template import StackTemplate
    from rolewright.importer.ledger import Ledger
    from rolewright.importer.workload import OldRole, SourceWorkload


def read_task(template: StackTemplate, logical: str, ledger: Ledger) -> SourceWorkload:
    """Read a task definition, and the first service that runs it."""
    task = small(mapping(template.value(template.properties(logical))))
    account = ResolvedLedger(ledger, ("Resources", logical, "Properties"), task)
    boundaries: dict[str, Any] = {}

    def role(value: Any, role: str) -> OldRole:  # noqa: ANN401 - YAML
        found = role_of(template, value, role)
        boundaries[role] = found.boundary
        return found.old

    workload = read_definition(task, account, (), plain_name(task.get("family"), logical), role)
    given = [found for found in boundaries.values() if found is not None]
    if given:
        workload.top["boundary"] = given[0]
    if given and any(found != given[0] for found in boundaries.values()):
        which = next(role for role, found in boundaries.items() if found is not None)
        note = f"`boundary` is that of the {which} role, for every role of the module; today they differ"
        for field in ("taskRoleArn", "executionRoleArn"):
            account.left((field,), note)
    origin = account.location(("containerDefinitions",))
    for part in [*resources_in(workload.compute)]:
        linked_resource(template, workload, SourceText((part,)), "", origin)
    _retention(template, task, workload, ledger)
    _service(template, logical, workload, ledger)
    return workload


def _retention(template: StackTemplate, task: Any, workload: SourceWorkload, ledger: Ledger) -> None:  # noqa: ANN401
    """Carry for how long the log group of the first container that has one in the template keeps its entries."""
    for _, container in mappings(task.get("containerDefinitions")):
        options = mapping(mapping(container.get("logConfiguration")).get("options"))
        for part in resources_in(options.get("awslogs-group")):
            path = ("Resources", part.logical, "Properties", "RetentionInDays")
            days = template.value(template.properties(part.logical).get("RetentionInDays"))
            key = template.value(template.properties(part.logical).get("KmsKeyId"))
            if key is not None:
                workload.set("log_kms_key", key, ledger.location((*path[:-1], "KmsKeyId")))
                ledger.carried((*path[:-1], "KmsKeyId"), "compute.log_kms_key")
            if days is not None and "log_retention_days" not in workload.compute:
                workload.set("log_retention_days", days, ledger.location(path))
                ledger.carried(path, "compute.log_retention_days")


def _service(template: StackTemplate, logical: str, workload: SourceWorkload, ledger: Ledger) -> None:
    for name, resource in template.of_type(format_data(DATA).facts["service"]):
        properties = mapping(template.value(mapping(resource.get("Properties"))))
        definition = properties.get("TaskDefinition")
        path = ("Resources", name)
        if template.reference(logical) != definition or ledger.accounted((*path, "Type")):
            continue
        account = ResolvedLedger(ledger, (*path, "Properties"), properties)
        ledger.carried((*path, "Type"), "compute.service")
        account.derived(("TaskDefinition",), "", "the workload")
        carry(format_data(DATA).fields["service"], account, (), workload)
        workload.compute.setdefault("service", {}).setdefault("desired", 1)
        return
