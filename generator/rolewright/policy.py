"""Grants → Roles and their policies: merged, sorted, with stable Sids, within AWS's limits."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from rolewright.finding import Finding, Rejected
from rolewright.model import Policy, Role, Statement, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rolewright.blueprint import Catalog
    from rolewright.model import Condition, Declaration, Environment, Grant, Workload

# IAM and STS quotas, in characters without white space.
INLINE_LIMIT = 10_240
MANAGED_LIMIT = 6_144
TRUST_LIMIT = 2_048
ATTACHED_LIMIT = 10


def build_roles(workload: Workload, declaration: Declaration, catalog: Catalog) -> tuple[Role, ...]:
    """Each role of the workload with its policies. Raises Rejected where AWS's limits cannot be kept."""
    roles: list[Role] = []
    findings: list[Finding] = []
    for trust in declaration.trusts:
        grants = [grant for grant in declaration.grants if grant.role == trust.role]
        statements = merge(grants)
        name = workload.compute.names[f"{trust.role}_role"]
        policies = _policies(trust.role, name, statements, workload.environments)
        findings += _limit_findings(workload, trust.role, policies)
        summary = catalog.computes[workload.compute.type].roles[trust.role].summary
        roles.append(Role(trust.role, name, summary, trust, policies))
    if findings:
        raise Rejected(findings)
    return tuple(roles)


def merge(grants: Iterable[Grant]) -> tuple[Statement, ...]:
    """Grants on the same resources under the same conditions become one statement, in the manifest's order."""
    groups: dict[tuple[object, ...], list[Grant]] = {}
    for grant in grants:
        key = (grant.sid, grant.effect, grant.resources, _canonical(grant.conditions))
        groups.setdefault(key, []).append(grant)
    taken = Counter(str(key[0]) for key in groups)
    seen: Counter[str] = Counter()
    statements = []
    for members in groups.values():
        first = members[0]
        seen[first.sid] += 1
        suffix = str(seen[first.sid]) if taken[first.sid] > 1 else ""
        statements.append(
            Statement(
                first.sid + suffix,
                first.effect,
                tuple(sorted({action for grant in members for action in grant.actions})),
                first.resources,
                first.conditions,
                tuple(members),
            )
        )
    return tuple(statements)


def _canonical(conditions: tuple[Condition, ...]) -> frozenset[tuple[str, str, frozenset[Text]]]:
    return frozenset((c.operator, c.key, frozenset(c.values)) for c in conditions)


def size(statements: Sequence[Statement], environment: Environment) -> int:
    """Characters of the policy document as IAM counts them: compact JSON."""
    return len(json.dumps(_document(statements, environment), separators=(",", ":"), ensure_ascii=False))


def _document(statements: Sequence[Statement], environment: Environment) -> dict[str, object]:
    def shorten(values: list[str]) -> object:
        return values[0] if len(values) == 1 else values

    def block(statement: Statement) -> dict[str, object]:
        conditions: dict[str, dict[str, object]] = {}
        for one in statement.conditions:
            values = [value.ground(_widest(environment)) for value in one.values]
            conditions.setdefault(one.operator, {})[one.key] = shorten(values)
        return {
            "Sid": statement.sid,
            "Effect": statement.effect,
            "Action": shorten(list(statement.actions)),
            "Resource": shorten([arn.ground(_widest(environment)) for arn in statement.resources]),
            **({"Condition": conditions} if conditions else {}),
        }

    return {"Version": "2012-10-17", "Statement": [block(statement) for statement in statements]}


def _widest(environment: Environment) -> dict[str, str]:
    """The values of an environment; where any region will do, the longest there is, so that size never lies."""
    values = dict(environment.values)
    if not environment.name:
        values |= {"local.region": "ap-northeast-1", "local.partition": "aws-us-gov"}
    return values


def _policies(
    role: str, name: Text, statements: tuple[Statement, ...], environments: tuple[Environment, ...]
) -> tuple[Policy, ...]:
    if not statements:
        return ()
    if all(size(statements, environment) <= INLINE_LIMIT for environment in environments):
        return (Policy(role, name, managed=False, statements=statements),)
    parts: list[list[Statement]] = [[]]
    for statement in statements:
        if parts[-1] and any(size([*parts[-1], statement], e) > MANAGED_LIMIT for e in environments):
            parts.append([])
        parts[-1].append(statement)
    return tuple(
        Policy(f"{role}_{number}", name + f"-{number}", managed=True, statements=tuple(part))
        for number, part in enumerate(parts, 1)
    )


def _limit_findings(workload: Workload, role: str, policies: tuple[Policy, ...]) -> Iterable[Finding]:
    place = workload.locate("resources")
    if len(policies) > ATTACHED_LIMIT:
        yield Finding(
            "policy-size",
            f"the role {role} needs {len(policies)} managed policies; AWS attaches {ATTACHED_LIMIT}",
            "split the workload",
            place,
            "resources",
        )
    for policy in policies:
        for environment in workload.environments:
            characters = size(policy.statements, environment)
            if policy.managed and characters > MANAGED_LIMIT:
                origin = policy.statements[0].grants[0]
                yield Finding(
                    "policy-size",
                    f"one statement of the role {role} has {characters} characters; a policy takes {MANAGED_LIMIT}",
                    "split the entry",
                    origin.location,
                    origin.origin,
                )
