"""The VPC endpoints of each type's verbs, held against where botocore's models send the calls."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import botocore.session
import pytest

from rolewright.blueprint import load_catalog
from rolewright.blueprint.facts import FactTable
from rolewright.report.endpoints import endpoint_lines, way_of
from rolewright.sdk.operations import needs_of, prefix_of

CATALOG = load_catalog()
TABLE = CATALOG.facts["endpoints"]
OTHER_NAMES = {
    "api.ecr": "ecr.api",
    "api.sagemaker": "sagemaker.api",
    "codeartifact": "codeartifact.api",
    "geo-maps": "geo.maps",
    "geo-places": "geo.places",
    "geo-routes": "geo.routes",
    "runtime.sagemaker": "sagemaker.runtime",
    "s3-control": "s3",
    "streams.dynamodb": "dynamodb-streams",
    "data-ats.iot": "iot.data",
    "iot": "iot.api",
    "kinesis": "kinesis-streams",
    "firehose": "kinesis-firehose",
}
"""What an endpoint is called for a prefix of botocore's, in the PrivateLink guide, where it is not the prefix."""

ELSEWHERE = ("states:StartSyncExecution", "s3express:CreateSession")
"""Calls that a client sends to another address than its usual one."""


def prefixes_by_action() -> dict[str, set[str]]:
    """The endpoint prefixes of all clients that have an operation for an action."""
    session = botocore.session.get_session()
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in session.get_available_services():
        model = session.get_service_model(name)
        prefix = prefix_of(model.metadata.get("signingName", model.metadata["endpointPrefix"]))
        for operation in model.operation_names:
            needs = needs_of(prefix, operation)
            usual = model.metadata["endpointPrefix"]
            host = (model.operation_model(operation).endpoint or {}).get("hostPrefix", "")
            for action in (*needs.all_of, *needs.one_of) if needs else ():
                found[action] |= {usual, f"{usual}.{host}".rstrip(".")}
    return found


def test_a_call_goes_to_the_endpoint_of_its_client() -> None:
    """Of the actions that an operation is for."""
    prefixes, compared = prefixes_by_action(), 0
    verbs = [verb for blueprint in CATALOG.resources.values() for verb in blueprint.verbs.values()]
    for action in sorted({action for verb in verbs for listed in verb.allow.values() for action in listed}):
        facts = TABLE.of(action.replace(":", ".", 1))
        named = {*facts.get("interface", ()), facts.get("gateway")} - {None, ""}
        known = {OTHER_NAMES.get(prefix, prefix) for prefix in prefixes.get(action, ())}
        if named and known and action not in ELSEWHERE:
            assert named & known, f"{action} goes to {known}"
            compared += 1
    assert compared > 300


@pytest.mark.parametrize("type_", CATALOG.resources)
def test_of_every_verb_it_is_known_how_it_reaches_the_service(type_: str) -> None:
    blueprint = CATALOG.resources[type_]
    for verb in blueprint.expand(blueprint.verbs):
        actions = {action for listed in verb.allow.values() for action in listed}
        own = TABLE.names.get(f"{type_}.{verb.name}")
        known = [own] if own else [TABLE.of(action.replace(":", ".", 1)) for action in actions]
        assert all(known), f"facts/endpoints.yaml does not have the actions of {verb.name}"
        called = any(facts.get("calls", True) for facts in known)
        assert (way_of(type_, verb, TABLE) is not None) == called


def test_nothing_is_said_of_all_where_a_verb_is_not_known() -> None:
    """Such as that of a team's own action, which the table does not have."""
    kafka = CATALOG.resources["msk-cluster"]
    (connected,) = kafka.expand(["connect"])
    own = replace(connected, name="own", allow={"cluster": ("kafka:OfOurOwn",)})
    table = FactTable({name: facts for name, facts in TABLE.names.items() if name != "kafka.*"})
    lines = endpoint_lines("msk-cluster", [own, connected], table)
    assert lines == ["- `connect`: none: brokers have addresses in the network"]


def test_verbs_with_the_same_endpoints_share_a_line() -> None:
    kafka = CATALOG.resources["msk-cluster"]
    lines = endpoint_lines("msk-cluster", kafka.expand(["describe", "connect", "poll", "consume"]), TABLE)
    assert lines == [
        "- `poll`: the interface endpoint `com.amazonaws.REGION.kafka`; none: brokers have addresses in the network",
        "- `describe`: the interface endpoint `com.amazonaws.REGION.kafka`",
        "- all others: none: brokers have addresses in the network",
    ]
