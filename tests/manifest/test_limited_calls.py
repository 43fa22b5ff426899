"""What a state calls is limited by the fields of the resource, as what code may do with it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.manifest.integrations import CALLS
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import sample
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.model import Grant

CATALOG = load_catalog()
MARK: dict[str, Any] = CATALOG.computes["step-function"].fields["definition"][CALLS]


def cases() -> Iterator[tuple[str, str, str]]:
    """Each integration, a type of resource that it calls, and a field that limits what may be done with it."""
    for integration, described in MARK["of"].items():
        for type_ in described["verbs"]:
            for field in CATALOG.resources[type_].scope:
                if integration and field in CATALOG.resources[type_].fields:
                    yield integration, type_, field


def granted(manifest: dict[str, Any]) -> set[tuple[str, str, object]]:
    """The rights on the resource, each with its conditions."""
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), CATALOG)

    def shown(grant: Grant) -> Iterator[tuple[str, str, object]]:
        yield from ((action, str(grant.resources), str(sorted(map(str, grant.conditions)))) for action in grant.actions)

    grants = derive_grants(workload, CATALOG).grants
    return {
        right
        for grant in grants
        if grant.origin.startswith(("resources.it", "compute.definition"))
        for right in shown(grant)
    }


def outcome(manifest: dict[str, Any]) -> set[tuple[str, str, object]] | str:
    """The rights, or that a field cannot limit a verb."""
    try:
        return granted(manifest)
    except Rejected as refusal:
        if {finding.rule for finding in refusal.findings} != {"access-scope"}:
            raise
        return "cannot limit it"


@pytest.mark.parametrize(("integration", "type_", "field"), [*cases()])
def test_a_call_has_no_right_that_the_same_verbs_have_not(integration: str, type_: str, field: str) -> None:
    """They are those of its verbs under `access`; where the field cannot limit them, both are refused."""
    described, blueprint = MARK["of"][integration], CATALOG.resources[type_]
    verbs = described["verbs"][type_]
    needed = [name for verb in blueprint.narrow(verbs) for name in blueprint.needs(verb, ())]
    entry = {name: sample(blueprint.fields[name]) for name in dict.fromkeys([*blueprint.required, *needed, field])}
    names = {"argument": described.get("argument", MARK["key"]), **described.get("beside", {})}
    takes = [described.get("takes", ["name"])[0], *described.get("beside", {}).values()]
    end = f":{entry[described['ends']]}" if described.get("ends") in entry else ""
    arguments: dict[str, Any] = {}
    for name, take in zip([names["argument"], *described.get("beside", {})], takes, strict=True):
        outer, _, inner = name.partition(".")
        value = f"${{resources.it.{take}}}{end}"
        arguments[outer] = [{inner: value, "Source": "shop", "DetailType": "paid", "Detail": {}}] if inner else value
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{integration}", "Parameters": arguments, "End": True}
    other = {"StartAt": "It", "States": {"It": {"Type": "Succeed"}}}
    base = {"version": 1, "workload": "flow"}
    resource = {"type": type_, **entry}
    called = {**base, "compute": {"type": "step-function", "definition": {"StartAt": "It", "States": {"It": state}}}}
    said = {**base, "compute": {"type": "step-function", "definition": other}}
    wanted = outcome({**said, "resources": {"it": {**resource, "access": verbs}}})
    assert outcome({**called, "resources": {"it": resource}}) == wanted
