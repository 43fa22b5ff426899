"""Templates of CloudFormation, and of SAM: functions and tasks, with what they touch and may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.described import types
from rolewright.importer.cloudformation.environments import with_environments
from rolewright.importer.cloudformation.function_resource import read_function
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.task_resource import read_task
from rolewright.importer.cloudformation.template import StackTemplate
from rolewright.importer.field_table import format_data
from rolewright.importer.ledger import Ledger
from rolewright.importer.names import workload_name
from rolewright.importer.shapes import mapping, several, text
from rolewright.importer.workload import ImportSource

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rolewright.importer.given import ImportAids
    from rolewright.importer.workload import SourceWorkload
    from rolewright.yaml.load import Tree

SAM = "a SAM template"
NAME = "a CloudFormation template"
_DATA = "cloudformation"
_TRANSFORM = "AWS::Serverless-2016-10-31"


def recognises_sam(_file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is a template of SAM."""
    transform = mapping(data).get("Transform")
    return _TRANSFORM in several(transform) and bool(_types(data))


def recognises(_file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is a template of CloudFormation."""
    return any(type_.startswith("AWS::") for type_ in _types(data))


def _types(data: Any) -> list[str]:  # noqa: ANN401 - YAML
    resources = mapping(mapping(data).get("Resources")).values()
    return [text(mapping(resource).get("Type")) for resource in resources]


def read(_file: Path, tree: Tree, given: ImportAids) -> ImportSource:
    """Read a template: each function and each task definition is a workload."""
    facts = format_data(_DATA).facts
    ledger = Ledger(tree)
    template = StackTemplate(tree.data, given)
    workloads: list[SourceWorkload] = []
    readers: list[tuple[list[str], Callable[[StackTemplate, str, Ledger], SourceWorkload]]] = [
        (facts["functions"], read_function),
        ([facts["task_definition"]], read_task),
    ]
    for types_, reader in readers:
        for logical, _ in template.of_type(*types_):
            workload = with_environments(template, logical, ledger, reader)
            if workload is None:
                continue
            if workload.name in {other.name for other in workloads}:
                workload.name = workload_name(logical)
            workloads.append(workload)
            ledger.carried(("Resources", logical, "Type"), "compute.type")
    _account(template, ledger)
    title = SAM if recognises_sam(_file, tree.data) else NAME
    notes = tuple(
        note.format(workload.name)
        for workload in workloads
        for field, note in facts["notes"].get(workload.type, {}).items()
        if field not in workload.compute and field not in mapping(workload.compute.get("names"))
    )
    chosen = next(
        (str(name) for name in mapping(template.data.get("Parameters")) if template.is_environment(str(name))), ""
    )
    return ImportSource(
        title, (tree.file,), tuple(workloads), tuple(ledger.outcomes()), template.described(), notes, chosen
    )


def _account(template: StackTemplate, ledger: Ledger) -> None:
    """Enter what becomes of the rest of a template."""
    for name in mapping(template.data.get("Parameters")):
        value = template.reference(text(name))
        what = "the environments" if text(name) and template.is_environment(text(name)) else shown(value)
        ledger.derived(("Parameters", name), "", f"where it is referred to: {what}")
    for section in ("Conditions", "Mappings"):
        for name in mapping(template.data.get(section)):
            ledger.derived((section, name), "", "where it is referred to")
    for name in mapping(template.data.get("Outputs")):
        ledger.left(("Outputs", name), "the module has outputs of its own")
    for section, why in format_data(_DATA).facts["sections"].items():
        ledger.left((section,), why)
    for section in mapping(template.data.get("Globals")):
        if section not in format_data(_DATA).facts["globals"].values():
            ledger.left(("Globals", section), format_data(_DATA).facts["not_globals"])
    for logical, resource in mapping(template.data.get("Resources")).items():
        _resource(template, ledger, text(logical), mapping(resource))


def _resource(template: StackTemplate, ledger: Ledger, logical: str, resource: dict[str, Any]) -> None:
    facts = format_data(_DATA).facts
    type_ = text(resource.get("Type"))
    path = ("Resources", logical)
    for field, why in facts["attributes"].items():
        if field in resource:
            ledger.derived((*path, field), "", why)
    if type_ in facts["workloads"]:
        if logical in template.resources and template.exists(logical) is False:
            ledger.left(path, f"the condition {shown(resource.get('Condition'))} takes it out")
        return
    _inside(template, ledger, logical, type_)
    if ledger.accounted(path) or ledger.accounted((*path, "Type")):
        return
    if logical.startswith("Fn::"):
        ledger.left(path, facts["loop"])
    elif type_ in facts["roles"]:
        ledger.derived(path, "", facts["read_for_roles"])
    elif type_ in facts["followed"]:
        ledger.derived(path, "", facts["followed"][type_])
    elif type_ in facts["others"]:
        ledger.left(path, facts["others"][type_])
    elif "type" in types().get(type_, {}):
        ledger.derived(path, "", facts["kept"])
    else:
        ledger.left(path, f"a manifest neither makes nor names a resource of the type {type_ or '(none)'}")


def _inside(template: StackTemplate, ledger: Ledger, logical: str, type_: str) -> None:
    """Enter what a resource that stays has of the workloads: their triggers, and what names their roles."""
    for field, why in format_data(_DATA).facts["inside_kept"].get(type_, {}).items():
        value = template.value(template.properties(logical).get(field))
        if value is not None and not _trusts_the_service(value):
            ledger.left(("Resources", logical, "Properties", field), why)


def _trusts_the_service(value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a trust policy lets in nobody but the services that run workloads."""
    principals = [mapping(each).get("Principal") for each in several(mapping(value).get("Statement"))]
    services = [mapping(principal).get("Service") for principal in principals]
    named = [name for each in services for name in several(each)]
    only = all(isinstance(principal, dict) and set(principal) == {"Service"} for principal in principals)
    return bool(principals) and only and all(name in format_data(_DATA).facts["trusted"] for name in named)
