"""Every verb allows the SDK calls that it is for, and none of the others; README.md says how the tables are written."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore import xform_name

from rolewright.blueprint import load_catalog
from rolewright.check.parse import parse
from rolewright.data import iam
from rolewright.grants import derive_grants
from rolewright.manifest import read_manifest
from rolewright.policy import build_roles
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.evaluate import evaluate
from rolewright.render import render
from rolewright.source import load, loads
from rolewright.template import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOG = load_catalog()
TEMPLATES = Templates(CATALOG)
TABLES = {path.stem: path for path in sorted((Path(__file__).parent / "calls").glob("*.yaml"))}
WIRE = "wire:"

# Made by the SDK itself, out of no service's model.
MADE_LOCALLY = {
    "rds.generate_db_auth_token",
    "dsql.generate_db_connect_auth_token",
    "dsql.generate_db_connect_admin_auth_token",
}


@dataclass(frozen=True)
class Need:
    """One check that AWS makes for a call."""

    action: str
    arn: str
    context: tuple[tuple[str, str], ...]


@functools.cache
def table(type_: str) -> dict[str, Any]:
    found: dict[str, Any] = load(TABLES[type_]).trees[0].data
    return found


@functools.cache
def needs(type_: str) -> dict[str, frozenset[Need]]:
    """What each call of a table needs."""
    on = table(type_)["on"]

    def spread(entry: Any, context: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
        if isinstance(entry, list):
            for one in entry:
                yield from spread(one, context)
        elif isinstance(entry, dict):
            yield from spread(entry["on"], entry.get("context", {}))
        else:
            yield on[entry], context

    return {
        call: frozenset(
            Need(action, arn, tuple(context.items()))
            for action, entry in actions.items()
            for arn, context in spread(entry, {})
        )
        for call, actions in table(type_)["calls"].items()
    }


@functools.cache
def policies(type_: str, verb: str) -> tuple[dict[str, Any], ...]:
    """The documents of a role with one verb, or none, as read back from the rendered text."""
    more = table(type_).get("more", {}).get(verb, {})
    fields = {name: value for name, value in {**table(type_)["entry"], **more}.items() if value is not None}
    entry = {"type": type_, **fields, **({"access": verb} if verb else {})}
    manifest = {
        "version": 1,
        "workload": "caller",
        "compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
        "resources": {"it": entry},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), CATALOG)
    declaration = derive_grants(workload, CATALOG)
    roles = build_roles(workload, declaration, CATALOG)
    plan = evaluate(parse(render(workload, declaration, roles, CATALOG, TEMPLATES)), workload.environments[0])
    kinds = ("aws_iam_role_policy", "aws_iam_policy")
    return tuple(json.loads(b.values["policy"]) for b in plan.resources.values() if b.type in kinds)


def allowed(type_: str, verb: str, need: Need) -> bool:
    context = {key: (value,) for key, value in need.context}
    decision = decide(policies(type_, verb), Request(need.action, need.arn, context))
    assert decision is not Decision.UNKNOWN, need
    return decision is Decision.ALLOWED


def narrow_verbs() -> list[tuple[str, str]]:
    return [(t, v.name) for t, blueprint in CATALOG.resources.items() for v in blueprint.verbs.values() if not v.of]


def test_every_type_has_a_table_and_every_table_a_type() -> None:
    assert set(TABLES) == set(CATALOG.resources)


@pytest.mark.parametrize("type_", TABLES)
def test_every_call_and_action_exists(type_: str) -> None:
    for call, wanted in needs(type_).items():
        assert all(iam.action(need.action) for need in wanted), call
        name = call.partition(" (")[0]
        if not call.startswith(WIRE) and name not in MADE_LOCALLY:
            client, _, operation = name.partition(".")
            known = botocore.session.get_session().get_service_model(client).operation_names
            assert operation in {xform_name(each) for each in known}, call


@pytest.mark.parametrize("type_", TABLES)
def test_without_access_nothing_is_allowed(type_: str) -> None:
    assert not [call for call, wanted in needs(type_).items() for need in wanted if allowed(type_, "", need)]


@pytest.mark.parametrize(("type_", "verb"), narrow_verbs())
def test_a_verb_allows_its_calls_and_no_others(type_: str, verb: str) -> None:
    own = set(table(type_)["verbs"][verb])
    found = needs(type_)
    assert own, "a verb that no call needs"
    covered = set().union(*(found[call] for call in own))
    for call, wanted in found.items():
        if wanted <= covered:
            assert all(allowed(type_, verb, need) for need in wanted), f"{verb} has to allow {call}"
        else:
            assert not all(allowed(type_, verb, need) for need in wanted), f"{verb} must not allow {call}"


@pytest.mark.parametrize(("type_", "verb"), narrow_verbs())
def test_a_verb_grants_no_action_that_its_calls_do_without(type_: str, verb: str) -> None:
    used = {need.action.lower() for call in table(type_)["verbs"][verb] for need in needs(type_)[call]}
    granted = {action.lower() for group in CATALOG.resources[type_].verbs[verb].allow.values() for action in group}
    assert granted <= used
