"""The lifecycle of modules in Terraform: validate, plan, and on request apply, a second plan, and destroy."""

from __future__ import annotations

import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.terraform.root import Root
from rolewright.terraform.server import LACKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Collection, Iterator, Sequence

    from rolewright.pipeline import Built
    from rolewright.render.module import Rendered
    from rolewright.terraform.root import Fault, ModuleCall
    from rolewright.terraform.terraform import Terraform

_TOGETHER = 40
"""The most modules in one root. Beyond that, the time that a second provider takes to start is won back."""
_RESOURCE = re.compile(r'^resource "(\w+)"[^\n]*\n((?:[^}\n][^\n]*\n|\n)*)', re.MULTILINE)
"""A resource as modules are laid out: its type, and its lines, of which the last begins with a brace."""
_WITH = [name.split(".") for name in LACKING if "." in name]


@dataclass(frozen=True)
class LifecycleOutcome:
    """The outcome for one module in one environment.

    `added` is how many resources of each type the plan makes. `applied` tells whether they were made, found unchanged
    by a second plan, and destroyed; `missing` are types that moto cannot make, for which it was only planned.
    """

    call: ModuleCall
    added: Counter[str]
    applied: bool
    missing: tuple[str, ...]


@dataclass(frozen=True)
class LifecycleSteps:
    """The steps to take. `environments` and `own` are as in Root; `tell` is called with a line as each step begins."""

    terraform: Terraform
    environments: Collection[str]
    apply: bool
    own: bool
    tell: Callable[[str], None]


def live(modules: Sequence[Built], steps: LifecycleSteps, jobs: int) -> tuple[list[LifecycleOutcome], list[Fault]]:
    """Run modules through their lifecycle, `jobs` roots at a time; the outcomes are in the order of the modules.

    Raises TerraformError if the provider cannot be installed, or Terraform fails without saying why.
    """
    lived: list[LifecycleOutcome] = []
    faults: list[Fault] = []
    with ThreadPoolExecutor(jobs) as pool:
        for outcomes, group_faults in pool.map(lambda group: _live(group, steps), _groups(modules, steps)):
            lived += outcomes
            faults += group_faults
    order = {built.workload.name: number for number, built in enumerate(modules)}
    lived.sort(key=lambda outcome: order[outcome.call.built.workload.name])
    return lived, faults


def _groups(modules: Sequence[Built], steps: LifecycleSteps) -> Iterator[list[Built]]:
    """Yield the modules of each root; those that can be applied are kept apart from those that cannot."""
    for planned in (False, True):
        selected = [module for module in modules if bool(steps.apply and lacking(module)) == planned]
        for first in range(0, len(selected), _TOGETHER):
            yield selected[first : first + _TOGETHER]


def lacking(built: Rendered) -> tuple[str, ...]:
    """Return the Terraform types of a module that moto cannot make."""
    return tuple(sorted(resource_types(built) & LACKING.keys()))


def resource_types(built: Rendered) -> set[str]:
    """Return the Terraform types of a module's resources, and of `LACKING` those with an argument that they have."""
    found = [block for text in built.module.files.values() for block in _RESOURCE.findall(text)]
    special = (
        f"{type_}.{argument}"
        for name, body in found
        for type_, argument in _WITH
        if name == type_ and re.search(rf"^  {argument}\b", body, re.MULTILINE)
    )
    return {*(name for name, _ in found), *special}


def _live(modules: Sequence[Built], steps: LifecycleSteps) -> tuple[list[LifecycleOutcome], list[Fault]]:
    applied = steps.apply and not any(map(lacking, modules))
    with tempfile.TemporaryDirectory(prefix="rolewright-") as folder:
        root = Root(Path(folder), steps.terraform, modules, steps.environments, own=steps.own)
        steps.tell(f"init, validate and plan {_counted(len(root.calls), 'module')}")
        root.init()
        faults = root.validate() or root.plan()
        if faults:
            return [], faults
        added = root.added()
        if applied:
            steps.tell(f"apply {_counted(sum(counter.total() for counter in added.values()), 'resource')}")
            faults = root.apply()
            if not faults:
                steps.tell("plan a second time")
                faults = root.drift()
            steps.tell("destroy")
            faults += root.destroy()
    missing = {} if applied or not steps.apply else {call.name: lacking(call.built) for call in root.calls}
    lived = [LifecycleOutcome(call, added[call.name], applied, missing.get(call.name, ())) for call in root.calls]
    return ([], faults) if faults else (lived, [])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
