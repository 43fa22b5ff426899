"""Every role of every compute type: the proof refuses any other principal, and any other condition, than its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blueprint_trials import tried_workloads
from rolewright.blueprint import load_catalog
from rolewright.core.model import Trust
from rolewright.core.text import Text
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.hcl.parse import parse
from rolewright.prove.decide import Principal
from rolewright.prove.evaluate import evaluate
from rolewright.prove.trust import TrustDifference, compare_trust
from rolewright.render.module import render
from rolewright.render.sandbox import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cases import Cases
    from rolewright.core.model import Workload

CATALOG = load_catalog()
TEMPLATES = Templates(CATALOG)
ROLES = [role for blueprint in CATALOG.computes.values() for role in blueprint.roles.values()]
PRINCIPALS = sorted({("Service", service) for role in ROLES for service in role.trusts}) + sorted(
    {("Federated", role.federated) for role in ROLES if role.federated}
)


def shape(trust: Trust) -> tuple[object, ...]:
    """What trusts have in common that are judged alike."""
    return (trust.role, trust.principals, tuple((c.operator, c.key) for c in trust.conditions))


def trusts(
    workload: Workload, seen: set[tuple[object, ...]]
) -> Iterator[tuple[Trust, dict[str, Any], Mapping[str, str]]]:
    """Each trust as declared, its policy as read back from the rendered text, and the values of the environment.

    Those of a shape that was seen are left out, and nothing is rendered for them.
    """
    declaration = derive_grants(workload, CATALOG)
    new = [trust for trust in declaration.trusts if shape(trust) not in seen]
    if not new:
        return
    module = render(workload, declaration, build_roles(workload, declaration, CATALOG), CATALOG, TEMPLATES)
    environment = workload.environments[0]
    plan = evaluate(parse(module), environment)
    for trust in new:
        seen.add(shape(trust))
        document = json.loads(plan.resources[f"aws_iam_role.{trust.role}"].values["assume_role_policy"])
        yield trust, document, environment.values


def judged(trust: Trust, document: Mapping[str, Any], values: Mapping[str, str]) -> tuple[TrustDifference, ...]:
    principals = [Principal(trust.kind, principal.ground(values)) for principal in trust.principals]
    conditions = [
        (c.operator, c.key.ground(values), tuple(v.ground(values) for v in c.values)) for c in trust.conditions
    ]
    return compare_trust(document, principals, trust.actions, conditions)


def others(trust: Trust, document: dict[str, Any], values: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The policy with another compute type's principal, and with a condition less, more or otherwise."""
    (statement,) = document["Statement"]
    own = {(trust.kind, principal.ground(values)) for principal in trust.principals}
    for kind, identifier in PRINCIPALS:
        name = identifier.replace("${partition}", "aws").replace("${account}", "123456789012")
        if (kind, name) not in own and "${" not in name:
            yield f"{name} in its place", {**statement, "Principal": {kind: name}}
            if kind == trust.kind:
                yield f"{name} as well", {**statement, "Principal": {kind: [*(service for _, service in own), name]}}
    conditions = statement.get("Condition", {})
    for operator, block in conditions.items():
        for key in block:
            less = {o: {k: v for k, v in b.items() if (o, k) != (operator, key)} for o, b in conditions.items()}
            yield f"without {key}", {**statement, "Condition": {o: b for o, b in less.items() if b}}
            yield f"another {key}", {**statement, "Condition": {**conditions, operator: {**block, key: "other"}}}
            wider = {**conditions, operator: {**block, key: [block[key], "other"]} if isinstance(block[key], str) else
                     {**block, key: [*block[key], "other"]}}  # fmt: skip
            yield f"a wider {key}", {**statement, "Condition": wider}
    more = {**conditions, "StringNotEquals": {"aws:SourceVpc": "vpc-1"}}
    yield "a condition that nobody declared", {**statement, "Condition": more}


@pytest.mark.parametrize("type_", CATALOG.computes)
def test_no_other_principal_and_no_other_condition(type_: str) -> None:
    seen: set[tuple[object, ...]] = set()
    tried = 0
    for workload in tried_workloads(CATALOG.computes.files[type_]):
        for trust, document, values in trusts(workload, seen):
            assert judged(trust, document, values) == ()
            for what, changed in others(trust, document, values):
                assert judged(trust, {**document, "Statement": [changed]}, values), f"{trust.role}: {what}"
                tried += 1
    assert tried >= 2 * len(CATALOG.computes[type_].roles)


def test_a_declared_condition_that_is_never_sent_is_found(cases: Cases) -> None:
    """What a blueprint declares the proof cannot refuse; the rule about trusts that nobody can meet does."""
    for type_ in CATALOG.computes:
        for workload in cases.of(tried_workloads(CATALOG.computes.files[type_]), 0.15):
            for trust in derive_grants(workload, CATALOG).trusts:
                sent = {c.key.ground({}).lower() for c in trust.conditions}
                if trust.kind == "Federated" or Text.of("ec2.amazonaws.com") in trust.principals:
                    assert not sent & {"aws:sourcearn", "aws:sourceaccount"}, (type_, trust.role)
