"""What became of modules in Terraform → text and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.terraform.lifecycle import Lived


def plan_text(lived: Iterable[Lived]) -> str:
    """A paragraph for each module and environment."""
    return "".join(map(_text, lived))


def plan_json(lived: Iterable[Lived]) -> list[dict[str, Any]]:
    """The same for programs."""
    return [
        {
            "workload": one.call.built.workload.name,
            "environment": one.call.environment.name,
            "account": one.call.environment.account,
            "region": one.call.environment.region,
            "roles": _roles(one),
            "add": dict(sorted(one.added.items())),
            "applied": one.applied,
            "not_in_moto": list(one.missing),
        }
        for one in lived
    ]


def _text(one: Lived) -> str:
    environment = one.call.environment
    where = f" in {environment.name} ({environment.account}, {environment.region})" if environment.name else ""
    done = "; applied, a second plan changed nothing, destroyed" if one.applied else ""
    if one.missing:
        done = f"; not applied, because moto does not make {', '.join(one.missing)}"
    number = sum(one.added.values())
    counted = ", ".join(f"{name} {many}" if many > 1 else name for name, many in sorted(one.added.items()))
    return (
        f"{one.call.built.workload.name}{where}: {number} resource{'s' * (number != 1)} to add{done}\n"
        f"  roles: {', '.join(_roles(one)) or 'none'}\n"
        f"  resources: {counted}\n"
    )


def _roles(one: Lived) -> list[str]:
    return [role.name.ground(one.call.environment.values) for role in one.call.built.roles]
