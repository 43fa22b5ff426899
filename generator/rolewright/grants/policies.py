"""Grants → Roles and their policies: merged, sorted, with stable Sids, within AWS's limits."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import Policy, Role, Statement
from rolewright.data import limits
from rolewright.data.partitions import DNS_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Declaration, Environment, Grant, Trust, Workload
    from rolewright.core.text import Condition, Text

    _Conditions = frozenset[tuple[str, Text, frozenset[Text]]]

# Stands for a value that AWS generates, an ARN with a random part; it is longer than any such ARN.
_GENERATED = "x" * 120


def build_roles(workload: Workload, declaration: Declaration, catalog: Catalog) -> tuple[Role, ...]:
    """Build each role of the workload with its policies. Raises Rejected where AWS's limits cannot be kept."""
    roles: list[Role] = []
    findings: list[Finding] = []
    for trust in declaration.trusts:
        grants = [grant for grant in declaration.grants if grant.role == trust.role]
        statements = merge(grants)
        name = workload.compute.names[f"{trust.role}_role"]
        policies = _policies(trust.role, name, statements, workload.environments)
        findings += _limit_findings(workload, trust.role, policies)
        findings += _trust_findings(workload, trust)
        summary = catalog.computes[workload.compute.type].roles[trust.role].summary
        roles.append(Role(trust.role, name, summary, trust, policies))
    if findings:
        raise Rejected(findings)
    return tuple(roles)


def merge(grants: Iterable[Grant]) -> tuple[Statement, ...]:
    """Merge grants on the same resources under the same conditions into one statement, in the manifest's order.

    Grants with different Sids stay apart, for the reader, except where they allow the same to the same side, as a verb
    and a companion may. The manifest's own `statements` stay apart always: each is accepted or suppressed by itself.
    """
    groups: dict[tuple[str, str, tuple[Text, ...], _Conditions], list[Grant]] = {}
    for grant in grants:
        key = (grant.sid, grant.effect, grant.resources, _canonical(grant.conditions))
        groups.setdefault(key, []).append(grant)
    alike: dict[tuple[object, ...], list[Grant]] = {}
    for (_, effect, resources, conditions), members in groups.items():
        actions = frozenset(action for grant in members for action in grant.actions)
        sides = frozenset(grant.side for grant in members)
        own = members[0].origin if members[0].origin.startswith("statements.") else ""
        alike.setdefault((effect, actions, frozenset(resources), conditions, sides, own), []).extend(members)
    taken = Counter(members[0].sid for members in alike.values())
    seen: Counter[str] = Counter()
    statements = []
    for members in alike.values():
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


def _canonical(conditions: tuple[Condition, ...]) -> _Conditions:
    return frozenset((c.operator, c.key, frozenset(c.values)) for c in conditions)


def size(statements: Sequence[Statement], environment: Environment) -> int:
    """Return the characters of the policy document as IAM counts them: compact JSON."""
    values = _widest(environment)

    def block(statement: Statement) -> dict[str, object]:
        return {
            "Sid": statement.sid,
            "Effect": statement.effect,
            "Action": _shorten(statement.actions),
            "Resource": _shorten([_longest(arn, values) for arn in statement.resources]),
            **_conditions(statement.conditions, values),
        }

    return _characters([block(statement) for statement in statements])


def trust_size(trust: Trust, environment: Environment) -> int:
    """Return the characters of the trust policy as IAM counts them."""
    block = {
        "Sid": "Assume",
        "Effect": "Allow",
        "Principal": {
            trust.kind: _shorten([_longest(principal, _widest(environment)) for principal in trust.principals])
        },
        "Action": _shorten(trust.actions),
        **_conditions(trust.conditions, _widest(environment)),
    }
    return _characters([block])


def _characters(statements: list[dict[str, object]]) -> int:
    document = {"Version": "2012-10-17", "Statement": statements}
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def _longest(text: Text, values: Mapping[str, str]) -> str:
    return "".join(part if isinstance(part, str) else values.get(part.expression, _GENERATED) for part in text.parts)


def _shorten(values: Sequence[str]) -> object:
    return values[0] if len(values) == 1 else list(values)


def _conditions(conditions: Iterable[Condition], values: Mapping[str, str]) -> dict[str, object]:
    by_operator: dict[str, dict[str, object]] = {}
    for condition in conditions:
        by_operator.setdefault(condition.operator, {})[_longest(condition.key, values)] = _shorten(
            [_longest(value, values) for value in condition.values]
        )
    return {"Condition": by_operator} if by_operator else {}


def _widest(environment: Environment) -> dict[str, str]:
    """Return the values of an environment; where the region is open, the longest one, so that no size is too low."""
    values = {**environment.values, **environment.inputs.widest}
    if not environment.name:
        values |= {
            "local.region": "ap-northeast-1",
            "local.partition": "aws-us-gov",
            "local.dns_suffix": DNS_SUFFIX["aws-cn"],
        }
    return values


def _policies(
    role: str, name: Text, statements: tuple[Statement, ...], environments: tuple[Environment, ...]
) -> tuple[Policy, ...]:
    if not statements:
        return ()
    if all(size(statements, environment) <= limits.INLINE for environment in environments):
        return (Policy(role, name, managed=False, statements=statements),)
    parts: list[list[Statement]] = [[]]
    for statement in statements:
        if parts[-1] and any(size([*parts[-1], statement], e) > limits.MANAGED for e in environments):
            parts.append([])
        parts[-1].append(statement)
    return tuple(
        Policy(f"{role}_{number}", name + f"-{number}", managed=True, statements=tuple(part))
        for number, part in enumerate(parts, 1)
    )


def _limit_findings(workload: Workload, role: str, policies: tuple[Policy, ...]) -> Iterable[Finding]:
    place = workload.locate("resources")
    if len(policies) > limits.ATTACHED:
        yield Finding(
            "policy-size",
            f"the role {role} needs {len(policies)} managed policies; AWS allows {limits.ATTACHED}",
            "split the workload",
            place,
            "resources",
        )
    for policy in policies:
        for environment in workload.environments:
            characters = size(policy.statements, environment)
            if policy.managed and characters > limits.MANAGED:
                origin = policy.statements[0].grants[0]
                yield Finding(
                    "policy-size",
                    f"one statement of the role {role} has {characters} characters; AWS allows {limits.MANAGED}",
                    "split the entry of the manifest that it comes from",
                    origin.location,
                    origin.origin,
                )


def _trust_findings(workload: Workload, trust: Trust) -> Iterable[Finding]:
    longest = max(trust_size(trust, environment) for environment in workload.environments)
    if longest > limits.TRUST:
        yield Finding(
            "policy-size",
            f"the trust policy of the role {trust.role} has {longest} characters; AWS allows {limits.TRUST}",
            "shorten the values of the manifest that its conditions name, or the blueprint's conditions",
            trust.location,
            trust.origin,
        )
