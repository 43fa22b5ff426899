"""The changes that manifests make to what stands: planned by Terraform over the earlier modules, applied to moto."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.terraform.lifecycle import resource_types
from rolewright.terraform.root import Root, changed_arguments
from rolewright.terraform.server import UNMADE, moto_server
from rolewright.terraform.terraform import Terraform, loopback_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from rolewright.core.model import Environment
    from rolewright.render.module import Rendered
    from rolewright.terraform.root import Fault

_ACTIONS = {
    ("delete",): "destroy",
    ("delete", "create"): "destroy and replace",
    ("create", "delete"): "replace",
    ("update",): "change",
    ("create",): "add",
}
ACTIONS = tuple(_ACTIONS.values())
"""The actions on a resource, the most dangerous first. "replace" makes the new one before it destroys the old one."""


@dataclass(frozen=True)
class ResourceChange:
    """One of ACTIONS on the resource at an address of its module, because of the arguments."""

    action: str
    address: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class ModuleChange:
    """The changes of a workload in one environment, the most dangerous first.

    `unknown` says why there are none, where they are not known.
    """

    workload: str
    environment: Environment
    changes: tuple[ResourceChange, ...]
    unknown: str = ""


def plan_changes(
    before: Iterable[Rendered],
    after: Iterable[Rendered],
    terraform: str,
    environments: Collection[str],
    tell: Callable[[str], None],
) -> tuple[list[ModuleChange], list[Fault]]:
    """Return what each module changes in each environment, by name, and what Terraform objects to.

    Nothing of AWS is asked: the earlier modules are applied to a moto server that lives as long as the run. Raises
    TerraformError if the provider cannot be installed, or Terraform fails without saying why.
    """
    made: list[tuple[Rendered, Rendered]] = []
    earlier = {built.workload.name: built for built in before}
    later = {built.workload.name: built for built in after}
    changes = [
        ModuleChange(name, environment, (), "these manifests describe it no more; all of it goes with its module")
        for name in earlier.keys() - later.keys()
        for environment in earlier[name].workload.environments
    ]
    for new in later.values():
        known = []
        for environment in new.workload.environments:
            if not environments or environment.name in environments:
                unknown = _unknown(earlier.get(new.workload.name), new, environment)
                if unknown:
                    changes.append(ModuleChange(new.workload.name, environment, (), unknown))
                else:
                    known.append(environment.name)
        if known:
            made.append((_within(earlier[new.workload.name], known), _within(new, known)))
    if not made:
        return changes, []
    with tempfile.TemporaryDirectory(prefix="rolewright-") as folder, moto_server() as address:
        program = Terraform(terraform, loopback_environment(address))
        tell("apply the earlier modules to moto")
        standing = Root(Path(folder), program, [old for old, _ in made])
        standing.init()
        faults = standing.plan() or standing.apply()
        if faults:
            return [], faults
        faults, second_plan = standing.changes()
        tell("plan the modules over them")
        root = Root(Path(folder), program, [new for _, new in made])
        faults = faults or root.plan()
        if faults:
            return [], faults
        planned = resource_changes(root.planned()["resource_changes"], second_plan)
    for call in root.calls:
        prefix = f"module.{call.name}."
        of_call = (
            replace(change, address=change.address.removeprefix(prefix))
            for change in planned
            if change.address.startswith(prefix)
        )
        changes.append(ModuleChange(call.built.workload.name, call.environment, tuple(of_call)))
    return sorted(changes, key=lambda change: (change.workload, change.environment.name)), []


def _unknown(old: Rendered | None, new: Rendered, environment: Environment) -> str:
    """Return why a change is not known, or ""."""
    if old is None:
        return "these manifests did not describe it before"
    if environment.name not in {each.name for each in old.workload.environments}:
        return "it had no such environment before"
    types = sorted((resource_types(old) | resource_types(new)) & UNMADE.keys())
    return f"moto does not make {', '.join(types)}" if types else ""


def _within(built: Rendered, names: Collection[str]) -> Rendered:
    """Return a module with some of its environments alone."""
    environments = tuple(each for each in built.workload.environments if each.name in names)
    return replace(built, workload=replace(built.workload, environments=environments))


def resource_changes(planned: Iterable[dict[str, Any]], second_plan: Iterable[dict[str, Any]]) -> list[ResourceChange]:
    """Return what a plan does to resources, the most dangerous first; both as `terraform show -json` has them.

    The second plan of the unchanged modules shows what the server did not give back as it was set. What the plan sets
    to the same value as that one is no change; what it sets to another value is one.
    """
    drift = {change["address"]: _wanted(change) for change in second_plan}
    found = []
    for change in planned:
        action = _ACTIONS.get(tuple(change["change"]["actions"]))
        if action is None or change["mode"] != "managed":
            continue
        if action in ("add", "destroy"):
            found.append(ResourceChange(action, change["address"], ()))
            continue
        wanted, made_up = _wanted(change), drift.get(change["address"], {})
        arguments = [name for name, value in wanted.items() if name not in made_up or made_up[name] != value]
        forcing = {str(path[0]) for path in change["change"].get("replace_paths", ())}.intersection(arguments)
        if forcing:
            found.append(ResourceChange(action, change["address"], tuple(sorted(forcing))))
        elif arguments:
            found.append(ResourceChange("change", change["address"], tuple(arguments)))
    return sorted(found, key=lambda change: (ACTIONS.index(change.action), change.address))


def _wanted(change: dict[str, Any]) -> dict[str, Any]:
    """Return the value that a plan gives to each argument that it changes, and whether it is not known yet."""
    after, unknown = change["change"]["after"] or {}, change["change"].get("after_unknown") or {}
    return {name: (after.get(name), unknown.get(name)) for name in changed_arguments(change)}
