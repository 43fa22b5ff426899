"""A workload on two compute types: the access of its code, who assumes its roles, the rights of the platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.render.readable import shown, symbols

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.core.model import Declaration, Workload


@dataclass(frozen=True)
class ComputeSide:
    """A workload on one compute type: who assumes its roles, and what the platform may do, a line for each."""

    type: str
    trusts: tuple[str, ...]
    platform: tuple[str, ...]


@dataclass(frozen=True)
class Move:
    """The move of one workload from one type to another.

    `environments` are their names. `carried` are fields of compute that stay, `dropped` is what cannot be carried
    over, and why, by path; `missing` what has to be filled in, and `hints` what else the other type's rules take.
    `access` is what the code may do before and after; `lost` and `gained` are where the two differ, which is
    nowhere. `agreements` are the policies of others that name the role.
    """

    workload: str
    environments: tuple[str, ...]
    before: ComputeSide
    after: ComputeSide
    carried: tuple[str, ...]
    dropped: Mapping[str, str]
    missing: Mapping[str, str]
    hints: tuple[str, ...]
    access: tuple[str, ...]
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    agreements: tuple[str, ...]


def code_role(blueprint: ComputeBlueprint) -> str:
    """Return the role that takes what the manifest grants the code, or ""."""
    return next((role.key for role in blueprint.roles.values() if role.grants == "workload"), "")


def access(workload: Workload, declaration: Declaration, blueprint: ComputeBlueprint) -> set[str]:
    """Return what the code may do in each environment, a line for each permission, whatever its role is called.

    It includes what the platform withholds from the role, where that is among the actions of the code, and leaves out
    what AWS asks sessions on this platform alone for, such as that a pod may pass its tags on.
    """
    code = code_role(blueprint)
    own = [grant for grant in declaration.grants if grant.role == code and not grant.entailed]
    asked = {action for grant in own if grant.side == "workload" for action in grant.actions}
    return {
        f"{environment.name} {grant.effect.lower()} {action} on {arn.ground(environment.values)}"
        f"{shown(grant.conditions, environment.values)}".lstrip()
        for environment in workload.environments
        for grant in own
        for action in grant.actions
        if grant.side == "workload" or (grant.effect == "Deny" and any(_meet(action, wanted) for wanted in asked))
        for arn in grant.resources
    }


def _meet(denied: str, asked: str) -> bool:
    """Return whether two patterns of actions may name the same action; where that is hard to tell, they may."""
    patterns = denied.lower(), asked.lower()
    start = [pattern.partition("*")[0].partition("?")[0] for pattern in patterns]
    exact = [pattern == begun for pattern, begun in zip(patterns, start, strict=True)]
    if all(exact):
        return patterns[0] == patterns[1]
    return start[0].startswith(start[1]) or start[1].startswith(start[0])


def side(workload: Workload, declaration: Declaration, blueprint: ComputeBlueprint) -> ComputeSide:
    """Return who assumes the roles, and what is granted beside the code's own access."""
    values = symbols(workload)
    code = code_role(blueprint)
    trusts = [
        f"{trust.role}: {', '.join(trust.actions)} by "
        f"{', '.join(principal.ground(values) for principal in trust.principals)}{shown(trust.conditions, values)}"
        for trust in declaration.trusts
    ]
    platform = {
        f"{grant.role}: {'' if grant.effect == 'Allow' else 'denied '}{action} on {arn.ground(values)}"
        f"{shown(grant.conditions, values)}"
        for grant in declaration.grants
        if grant.side == "platform" or grant.role != code or grant.entailed
        for action in grant.actions
        for arn in grant.resources
    }
    return ComputeSide(blueprint.type, tuple(trusts), tuple(sorted(platform)))
