"""What `diff` calls new is allowed after and not before, by an independent evaluator too; and nothing is missed."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from iam_oracle import ask_oracle, simulated
from manifest_generator import generated_manifests
from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.data import iam
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.document import Atom
from rolewright.prove.implication import contexts
from rolewright.prove.match import matches, neighbours
from rolewright.prove.table import Declared, PermissionChange, changes, ground
from rolewright.review.diff import Described, compare_workloads
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOG = load_catalog()
ACCOUNT = "123456789012"  # that of manifests without environments
CALLER = f"arn:aws:iam::{ACCOUNT}:role/caller"


def described(manifest: dict[str, Any]) -> Described:
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), CATALOG)
    return Described(workload, derive_grants(workload, CATALOG))


def mutated(manifest: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A manifest in which one resource may be more, less or otherwise used, or is not there."""
    other: dict[str, Any] = json.loads(json.dumps(manifest))
    resources = other["resources"]
    key = chance.choice(sorted(key for key in resources if resources[key].get("access")))
    verbs = sorted(CATALOG.resources[resources[key]["type"]].verbs)
    given = resources[key]["access"]
    match chance.randint(0, 4):
        case 0:
            resources[key]["access"] = [*given, chance.choice(verbs)]
        case 1 if len(given) > 1:
            resources[key]["access"] = given[1:]
        case 2 if "prefix" in resources[key]:
            resources[key]["prefix"] += "deeper/"
        case 3 if "kms_key" in resources[key]:
            del resources[key]["kms_key"]
        case _:
            resources[key]["access"] = [chance.choice(verbs)]
    return other


def pairs() -> Iterator[tuple[Described, Described]]:
    chance = random.Random(20261125)
    for text in generated_manifests(120):
        manifest = json.loads(text)
        manifest.pop("environments", None)
        if not any(resource.get("access") for resource in manifest["resources"].values()) or "${environment" in text:
            continue
        try:
            yield described(manifest), described(mutated(manifest, chance))
        except Rejected:
            continue  # verbs that do not go together


def declared(side: Described, role: str) -> tuple[Declared, ...]:
    (environment,) = side.workload.environments
    return ground([grant for grant in side.declaration.grants if grant.role == role], environment.values)


def document(grants: tuple[Declared, ...]) -> dict[str, Any]:
    statements = []
    for grant in grants:
        conditions: dict[str, dict[str, list[str]]] = {}
        for operator, key, values in grant.conditions:
            conditions.setdefault(operator, {})[key] = list(values)
        statements.append(
            {
                "Effect": grant.effect,
                "Action": list(grant.actions),
                "Resource": list(grant.resources),
                **({"Condition": conditions} if conditions else {}),
            }
        )
    return {"Version": "2012-10-17", "Statement": statements}


def requests(grants: tuple[Declared, ...]) -> Iterator[Request]:
    """Requests that are allowed by some declaration, and some near them."""
    for grant in grants:
        atoms = [Atom(*condition) for condition in grant.conditions]
        for resource in grant.resources:
            for name in (resource, *neighbours(resource))[:4]:
                for context in list(contexts(atoms, atoms))[:2]:
                    yield Request(grant.actions[0], name.replace("*", "x").replace("?", "a"), context)


@cache
def cases_of_pairs() -> list[tuple[Described, Described, str]]:
    return [(before, after, trust.role) for before, after in pairs() for trust in before.declaration.trusts]


def asked(change: PermissionChange) -> bool:
    """Whether the other evaluator can be asked: it knows no token, one value of a key, and its own account.

    It takes `events:source` and `events:detail-type` for lists and lets only ForAnyValue and ForAllValues ask a list;
    the EventBridge guide asks them with StringEquals, as we do.
    """
    lists = {"events:source", "events:detail-type"}
    plain = not any(operator.startswith("For") or key in lists for operator, key, _ in change.conditions)
    return plain and "${" not in change.resource and ":999999999999:" not in change.resource


@pytest.mark.iam_oracle
def test_an_independent_evaluator_says_the_same() -> None:
    cases: list[dict[str, Any]] = []
    for before, after, role in cases_of_pairs():
        old, new = declared(before, role), declared(after, role)
        for left, right in ((new, old), (old, new)):
            found, _ = changes(left, right, iam.expand)
            for change in found:
                if asked(change) and "${" not in json.dumps(document(left)):
                    request = replace(change.witness, resource="*") if change.resource == "*" else change.witness
                    sides = (document(left), document(right))
                    cases += [simulated(request, [side], CALLER, ACCOUNT) for side in sides]
    assert len(cases) >= 200
    answers = ask_oracle(cases)
    assert sum(isinstance(answer, str) for answer in answers) >= 0.8 * len(cases)  # what it knows of these services
    wrong = [
        (case["request"], answer)
        for index, (case, answer) in enumerate(zip(cases, answers, strict=True))
        if isinstance(answer, str) and (answer == "Allowed") != (index % 2 == 0)
    ]
    assert wrong == []


def test_nothing_is_missed() -> None:
    seen = 0
    for before, after, role in cases_of_pairs():
        old, new = declared(before, role), declared(after, role)
        found, unknown = changes(new, old, iam.expand)
        assert unknown == ()
        for request in requests(new):
            allowed, was = (decide((document(side),), request) for side in (new, old))
            if allowed is Decision.ALLOWED and was is not Decision.ALLOWED:
                seen += 1
                assert any(
                    change.action == request.action and matches(change.resource, request.resource) for change in found
                ), request
    assert seen >= 100


def test_what_is_the_same_set_is_no_difference() -> None:
    """Keys renamed, verbs and resources in another order, a broad verb written out."""
    checked = 0
    for text in generated_manifests(60):
        manifest = json.loads(text)
        manifest.pop("environments", None)
        other = json.loads(json.dumps(manifest))
        if (
            "${environment" in text
            or "${resources." in text
            or any(key not in ("r0", "r1", "r2", "r3") for key in manifest["resources"])
        ):
            continue
        other["resources"] = {f"{key}x": resource for key, resource in reversed(manifest["resources"].items())}
        for resource in other["resources"].values():
            blueprint = CATALOG.resources[resource["type"]]
            resource["access"] = [verb.name for verb in reversed(blueprint.expand(resource.get("access", [])))]
        found = compare_workloads(described(manifest), described(other))
        created = any(resource.get("create") for resource in manifest["resources"].values())
        assert created or not found.changed, found
        checked += not created
    assert checked >= 10
