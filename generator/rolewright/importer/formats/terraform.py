"""What `terraform show -json` prints of a state or of a plan: functions, services, instances, and their roles."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import MisuseError
from rolewright.importer.expression import HeldValue
from rolewright.importer.field_table import format_data
from rolewright.importer.formats.terraform_function import read_function
from rolewright.importer.formats.terraform_roles import Roles
from rolewright.importer.formats.terraform_service import read_instance, read_task
from rolewright.importer.formats.terraform_state import DATA, Estate
from rolewright.importer.ledger import Ledger
from rolewright.importer.names import workload_name
from rolewright.importer.shapes import mapping
from rolewright.importer.workload import ImportSource, SourceWorkload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rolewright.importer.formats.terraform_state import StateResource
    from rolewright.importer.given import ImportAids
    from rolewright.yaml.load import Tree

NAME = "a state or plan of Terraform"
COMMAND = (
    "`terraform show -json > state.json` (of a plan: `terraform show -json FILE > plan.json`), and import that file"
)


CODE = (".tf", ".tfplan")
"""Files that only Terraform itself can read."""


def recognises(_file: Path, data: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a document is a state or a plan as JSON, or the state file itself."""
    if not isinstance(data, dict):
        return False
    shown = "format_version" in data and bool({"values", "planned_values", "terraform_version"} & data.keys())
    return shown or _is_raw(data)


def _is_raw(data: Any) -> bool:  # noqa: ANN401 - YAML
    return "lineage" in data and "serial" in data and data.get("version") == 4


def read(_file: Path, tree: Tree, given: ImportAids) -> ImportSource:
    """Read the workloads of a state or a plan. Raises MisuseError for a state file, whose form is Terraform's own."""
    if _is_raw(tree.data):
        raise MisuseError(f"{tree.file} is a state file in Terraform's own form: run {COMMAND}")
    estate = Estate(tree)
    ledger = Ledger(estate.tree)
    roles = Roles(estate, ledger, given, set(), [])
    workloads = list(_workloads(roles))
    _rest(roles)
    for key in tree.data:
        if key != estate.section:
            ledger.derived((key,), "", format_data(DATA).facts["document"].get(key, "Terraform's own"))
    for key in mapping(tree.data.get(estate.section)).keys() - {"root_module"}:
        ledger.left((estate.section, key), "a manifest's module has outputs of its own")
    return ImportSource(
        NAME, (tree.file,), tuple(workloads), tuple(ledger.outcomes()), {}, (*_notes(roles, workloads), *roles.notes)
    )


def _workloads(roles: Roles) -> Iterator[SourceWorkload]:
    facts, taken = format_data(DATA).facts, set[str]()
    for resource in roles.estate.resources:
        kind = facts["workloads"].get(resource.type) if resource.made else None
        if kind is None or any(name not in resource.values for name in kind.get("needs", ())):
            continue
        roles.claim(resource, "compute", "a workload; what AWS says of it by itself, and what is not set, is left out")
        if "reader" in kind:
            workload = read_task(roles, resource)
        else:
            workload = SourceWorkload("", kind["type"])
            _READERS[kind["by"]](roles, resource, workload)
        wanted = _name(resource, kind["name"])
        workload.name = next(name for name in _numbered(wanted) if name not in taken)
        taken.add(workload.name)
        for attribute, target in kind.get("names", {}).items():
            if isinstance(resource.values.get(attribute), str) and resource.values[attribute] != workload.name:
                workload.set(f"names.{target}", resource.values[attribute], roles.ledger.location(resource.path))
        for name, value in mapping(resource.values.get("tags")).items():
            if not isinstance(value, HeldValue):
                workload.top.setdefault("tags", {})[str(name)] = str(value)
        yield workload


_READERS = {"function": read_function, "instance": read_instance}


def _name(resource: StateResource, attribute: str) -> str:
    """Return the name of a workload: its own, else its label with the key that Terraform has for it."""
    value: Any = resource.values
    for step in attribute.split("."):
        value = mapping(value).get(step)
    if isinstance(value, str):
        return workload_name(value)
    return workload_name(resource.address.rpartition(f"{resource.type}.")[2])


def _numbered(name: str) -> Iterator[str]:
    yield name
    for number in range(2, 10_000):
        yield f"{name[:27].rstrip('-')}-{number}"


def _rest(roles: Roles) -> None:
    """Say of what belongs to no workload, once for each type of resource, that it is not carried."""
    for path in roles.estate.modules:
        roles.ledger.carried((*path, "address"), "", "the module's address")
    others = [each for each in roles.estate.resources if each.address not in roles.claimed]
    counted = Counter((each.type, each.made) for each in others)
    reasons = format_data(DATA).facts["others"]
    for each in others:
        number = counted[each.type, each.made]
        roles.ledger.called[each.path] = f"{'' if each.made else 'data '}{each.type} ({number})"
        beginning = next((name for name in reasons if each.type.startswith(name)), "")
        reason = reasons.get(beginning, "belongs to no workload that rolewright imports")
        roles.ledger.left(each.path, reason if each.made else "Terraform reads it, and makes nothing")


def _notes(roles: Roles, workloads: list[SourceWorkload]) -> Iterator[str]:
    if not workloads:
        yield "no function, task definition, or instance with a role is in the document"
    if not roles.given.roles and any(workload.roles for workload in workloads):
        yield (
            "a role is compared by the policies that this document has: what others attached to it by hand, or from "
            "another state, only --roles tells"
        )
    if roles.estate.planned:
        yield "this is a plan: what only an apply tells is to be filled in, or not compared. A state has it all"
