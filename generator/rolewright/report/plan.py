"""The outcome of modules in Terraform → text and JSON."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.core.model import Environment
    from rolewright.terraform.changes import ModuleChange
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


def changes_text(changes: Iterable[ModuleChange]) -> str:
    """Return a paragraph for each module and environment: what is changed, and because of which arguments."""
    return "".join(map(_changes_text, changes)) or "the manifests described nothing\n"


def changes_json(changes: Iterable[ModuleChange]) -> list[dict[str, Any]]:
    """Return changes for programs."""
    return [
        {
            "workload": module.workload,
            "environment": module.environment.name,
            "account": module.environment.account,
            "region": module.environment.region,
            "changes": [
                {"action": change.action, "address": change.address, "arguments": list(change.arguments)}
                for change in module.changes
            ],
            "unknown": module.unknown,
        }
        for module in changes
    ]


def _changes_text(module: ModuleChange) -> str:
    name = f"{module.workload}{_where(module.environment)}"
    if module.unknown:
        return f"{name}: not compared: {module.unknown}\n"
    if not module.changes:
        return f"{name}: nothing changes\n"
    counted = Counter(change.action for change in module.changes)
    words = ", ".join(f"{number} to {action}" for action, number in counted.items())
    lines = [
        ": ".join(filter(None, (f"  {change.action} {change.address}", ", ".join(change.arguments)))) + "\n"
        for change in module.changes
    ]
    return f"{name}: {words}\n{''.join(lines)}"


def _where(environment: Environment) -> str:
    return f" in {environment.name} ({environment.account}, {environment.region})" if environment.name else ""


def _text(module: LifecycleOutcome) -> str:
    environment = module.call.environment
    done = "; applied, a second plan changed nothing, destroyed" if module.applied else ""
    if module.missing:
        done = f"; not applied, because moto does not make {', '.join(module.missing)}"
    number = sum(module.added.values())
    counted = ", ".join(f"{name} {many}" if many > 1 else name for name, many in sorted(module.added.items()))
    return (
        f"{module.call.built.workload.name}{_where(environment)}: {number} resource{'s' * (number != 1)} to add{done}\n"
        f"  roles: {', '.join(_roles(module)) or 'none'}\n"
        f"  resources: {counted}\n"
    )


def _roles(module: LifecycleOutcome) -> list[str]:
    return [role.name.ground(module.call.environment.values) for role in module.call.built.roles]
