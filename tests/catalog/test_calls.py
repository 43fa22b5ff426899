"""Every verb allows the SDK calls that it is for, and none of the others; README.md says how the tables are written."""

from __future__ import annotations

import functools
import itertools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore import xform_name

from cases import shared
from rolewright.blueprint import load_catalog
from rolewright.core.model import Module
from rolewright.data import iam
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.evaluate import evaluate
from rolewright.render.module import render
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

CATALOG = load_catalog()
TEMPLATES = Templates(CATALOG)
TABLES = {path.stem: path for path in sorted((Path(__file__).parent / "calls").glob("*.yaml"))}
SESSION = botocore.session.get_session()
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

    def narrows(self, other: Need) -> bool:
        """Whether it is the same check as another of whose context less is known."""
        same = (self.action, self.arn) == (other.action, other.arn)
        return same and set(other.context) <= set(self.context)


@dataclass(frozen=True)
class Entry:
    """A manifest's entry of a type as a table has it, and what each call needs with it and each verb is for."""

    type_: str
    number: int
    fields: Mapping[str, Any]
    more: Mapping[str, Any]
    needs: Mapping[str, frozenset[Need]]
    verbs: Mapping[str, tuple[str, ...]]

    def of(self, calls: Sequence[str]) -> frozenset[Need]:
        """What these calls need together."""
        return frozenset[Need]().union(*(self.needs[call] for call in calls))

    def __repr__(self) -> str:
        return f"{self.type_}-{self.number}"


@functools.cache
def entries(type_: str) -> tuple[Entry, ...]:
    """The entry of a table, then each of `also`."""
    data = load(TABLES[type_]).trees[0].data
    verbs = dict(data["verbs"])
    for name, parts in data.get("broad", {}).items():
        verbs[name] = [call for part in parts for call in verbs[part]]
    found = []
    for number, other in enumerate([{}, *data.get("also", [])]):
        on = {**data["on"], **other.get("on", {})}
        calls = {**data["calls"], **other.get("instead", {})}
        further = other.get("calls", {})
        needs = {
            call: frozenset([*_needs(calls.get(call, {}), on), *_needs(further.get(call, {}), on)])
            for call in {**calls, **further}
        }
        added = dict(other.get("verbs", {}))
        for name, parts in data.get("broad", {}).items():
            added[name] = [call for part in parts for call in added.get(part, [])]
        own = {verb: (*named, *added.get(verb, [])) for verb, named in verbs.items()}
        fields = {**data["entry"], **other.get("with", {})}
        found.append(Entry(type_, number, fields, data.get("more", {}), needs, own))
    return tuple(found)


def _needs(actions: Mapping[str, Any], on: Mapping[str, str]) -> Iterator[Need]:
    def spread(entry: Any, context: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
        if isinstance(entry, list):
            for one in entry:
                yield from spread(one, context)
        elif isinstance(entry, dict):
            yield from spread(entry["on"], entry.get("context", {}))
        else:
            yield on[entry], context

    for action, entry in actions.items():
        for arn, context in spread(entry, {}):
            yield Need(action, arn, tuple(context.items()))


@functools.cache
def operations(client: str) -> frozenset[str]:
    """What botocore's client of that name can call."""
    return frozenset(map(xform_name, SESSION.get_service_model(client).operation_names))


@functools.cache
def policies(type_: str, number: int, verb: str) -> tuple[dict[str, Any], ...]:
    """The documents of a role with one verb, or none, as read back from the rendered text."""
    entry = entries(type_)[number]
    fields = {**entry.fields, **entry.more.get(verb, {})}
    given = {"type": type_, **{name: value for name, value in fields.items() if value is not None}}
    manifest = {
        "version": 1,
        "workload": "caller",
        "compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
        "resources": {"it": {**given, "access": verb} if verb else given},
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), CATALOG)
    declaration = derive_grants(workload, CATALOG)
    roles = build_roles(workload, declaration, CATALOG)
    files = render(workload, declaration, roles, CATALOG, TEMPLATES).files
    module = Module(workload.name, {name: files[name] for name in ("context.tf", "roles.tf")})  # the rest has no policy
    plan = evaluate(parse(module), workload.environments[0])
    kinds = ("aws_iam_role_policy", "aws_iam_policy")
    return tuple(json.loads(b.values["policy"]) for b in plan.resources.values() if b.type in kinds)


def allowed(documents: Sequence[Mapping[str, Any]], need: Need) -> bool:
    context = {key: (value,) for key, value in need.context}
    decision = decide(documents, Request(need.action, need.arn, context))
    assert decision is not Decision.UNKNOWN, need
    return decision is Decision.ALLOWED


def permissions(documents: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each statement of documents taken apart into one action on one resource."""

    def several(value: Any) -> list[Any]:
        return value if isinstance(value, list) else [value]

    for document in documents:
        for statement in document["Statement"]:
            for action in several(statement["Action"]):
                for resource in several(statement["Resource"]):
                    yield {**statement, "Action": action, "Resource": resource}


def test_every_type_has_a_table_and_every_table_a_type() -> None:
    assert set(TABLES) == set(CATALOG.resources)


@pytest.mark.parametrize("type_", TABLES)
def test_a_table_has_the_verbs_of_its_type_and_each_call_is_of_use(type_: str) -> None:
    for entry in entries(type_):
        assert set(entry.verbs) == set(CATALOG.resources[type_].verbs)
        for verb, calls in entry.verbs.items():
            assert entry.of(calls), f"no call needs {verb}"
            assert set().union(*entry.needs.values()) > entry.of(calls), f"nothing is held against {verb}"


@pytest.mark.parametrize("type_", TABLES)
def test_every_call_and_action_exists(type_: str) -> None:
    for entry in entries(type_):
        for call, wanted in entry.needs.items():
            assert all(iam.action(need.action) for need in wanted), call
            name = call.partition(" (")[0]
            if not call.startswith(WIRE) and name not in MADE_LOCALLY:
                client, _, operation = name.partition(".")
                assert operation in operations(client), call


@pytest.mark.parametrize("type_", TABLES)
def test_without_access_nothing_is_allowed(type_: str) -> None:
    for entry in entries(type_):
        documents = policies(type_, entry.number, "")
        assert not [call for call, wanted in entry.needs.items() for need in wanted if allowed(documents, need)]


@pytest.mark.parametrize("type_", shared(CATALOG.resources, 0.25))
def test_a_verb_allows_what_its_calls_need_and_nothing_else(type_: str) -> None:
    faults = []
    for entry, verb in itertools.product(entries(type_), CATALOG.resources[type_].verbs):
        documents = policies(type_, entry.number, verb)
        own = entry.of(entry.verbs[verb])
        for call, wanted in entry.needs.items():
            for need in wanted:
                if need in own:
                    faults += [] if allowed(documents, need) else [f"{entry}: {verb} has to allow {call}: {need}"]
                elif not any(need.narrows(one) for one in own):
                    faults += [f"{entry}: {verb} must not allow {call}: {need}"] if allowed(documents, need) else []
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("type_", shared(CATALOG.resources, 0.25))
def test_a_verb_grants_nothing_that_its_calls_do_without(type_: str) -> None:
    faults = []
    for entry, verb in itertools.product(entries(type_), CATALOG.resources[type_].verbs):
        own = entry.of(entry.verbs[verb])
        for one in permissions(policies(type_, entry.number, verb)):
            document = {"Version": "2012-10-17", "Statement": [one]}
            if not any(allowed([document], need) for need in own):
                faults.append(f"{entry}: no call of {verb} needs {one}")
    assert not faults, "\n".join(faults)
