"""What a change of manifests does to what stands: planned by Terraform over the earlier modules, applied to moto."""

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
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

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
"""What is done to a resource, the most dangerous first. "replace" makes the new one before the old one is destroyed."""


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

    Nothing of AWS is asked: the earlier modules are applied to a moto server that lives as long as the run. Arguments
    that this server does not give back as they were set are no changes. Raises TerraformError if the provider cannot be
    installed, or Terraform fails without saying why.
    """
    made: list[tuple[Rendered, Rendered]] = []
    earlier = {built.workload.name: built for built in before}
    later = {built.workload.name: built for built in after}
    changes = [
        ModuleChange(name, environment, (), "no manifest describes it any more; without its module all of it goes")
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
        faults, seen = standing.changes()
        made_up = {change["address"]: set(changed_arguments(change)) for change in seen}
        tell("plan the modules over them")
        root = Root(Path(folder), program, [new for _, new in made])
        faults = faults or root.plan()
        if faults:
            return [], faults
        planned = list(_changes(root.planned()["resource_changes"], made_up))
    planned.sort(key=lambda change: (ACTIONS.index(change.action), change.address))
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
        return "nothing of it stood before"
    if environment.name not in {each.name for each in old.workload.environments}:
        return "it had no such environment before"
    types = sorted((resource_types(old) | resource_types(new)) & UNMADE.keys())
    return f"moto does not make {', '.join(types)}" if types else ""


def _within(built: Rendered, names: Collection[str]) -> Rendered:
    """Return a module with some of its environments alone."""
    environments = tuple(each for each in built.workload.environments if each.name in names)
    return replace(built, workload=replace(built.workload, environments=environments))


def _changes(planned: Iterable[dict[str, Any]], made_up: Mapping[str, set[str]]) -> Iterator[ResourceChange]:
    """Yield what a plan does to resources, without the arguments that moto alone has changed."""
    for change in planned:
        action = _ACTIONS.get(tuple(change["change"]["actions"]))
        if action is None or change["mode"] != "managed":
            continue
        if action in ("add", "destroy"):
            yield ResourceChange(action, change["address"], ())
            continue
        ignored = made_up.get(change["address"], set())
        arguments = [name for name in changed_arguments(change) if name not in ignored]
        forcing = sorted({str(path[0]) for path in change["change"].get("replace_paths", ())} - ignored)
        if forcing:
            yield ResourceChange(action, change["address"], tuple(forcing))
        elif arguments:
            yield ResourceChange("change", change["address"], tuple(arguments))
