"""The outcome of modules in Terraform → text and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.terraform.lifecycle import LifecycleOutcome


def plan_text(lived: Iterable[LifecycleOutcome]) -> str:
    """Return a paragraph for each module and environment."""
    return "".join(map(_text, lived))


def plan_json(lived: Iterable[LifecycleOutcome]) -> list[dict[str, Any]]:
    """Return the outcomes for programs."""
    return [
        {
            "workload": module.call.built.workload.name,
            "environment": module.call.environment.name,
            "account": module.call.environment.account,
            "region": module.call.environment.region,
            "roles": _roles(module),
            "add": dict(sorted(module.added.items())),
            "applied": module.applied,
            "not_in_moto": list(module.missing),
        }
        for module in lived
    ]


def _text(module: LifecycleOutcome) -> str:
    environment = module.call.environment
    where = f" in {environment.name} ({environment.account}, {environment.region})" if environment.name else ""
    done = "; applied, a second plan changed nothing, destroyed" if module.applied else ""
    if module.missing:
        done = f"; not applied, because moto does not make {', '.join(module.missing)}"
    number = sum(module.added.values())
    counted = ", ".join(f"{name} {many}" if many > 1 else name for name, many in sorted(module.added.items()))
    return (
        f"{module.call.built.workload.name}{where}: {number} resource{'s' * (number != 1)} to add{done}\n"
        f"  roles: {', '.join(_roles(module)) or 'none'}\n"
        f"  resources: {counted}\n"
    )


def _roles(module: LifecycleOutcome) -> list[str]:
    return [role.name.ground(module.call.environment.values) for role in module.call.built.roles]
