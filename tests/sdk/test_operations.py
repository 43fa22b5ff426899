"""What operations need: held against botocore's models, the IAM database and the tables of the catalog's tests."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import botocore.session
import pytest

from rolewright.blueprint import Catalog
from rolewright.data import iam
from rolewright.sdk import models
from rolewright.sdk.operations import _facts, needs_of, prefix_of, silent_patterns
from rolewright.yaml.load import load

TABLES = [
    path
    for path in sorted((Path(__file__).parents[1] / "catalog" / "calls").glob("*.yaml"))
    if path.stem != "s3-directory-bucket"  # calls on it are allowed by a session, which is an operation of its own
]
SESSION = botocore.session.get_session()
# The models of operations that another client than the service's own has.
CLIENTS = {
    "s3express": ("s3",),
    "bedrock": ("bedrock-runtime", "bedrock", "bedrock-agent-runtime"),
    "execute-api": ("apigatewaymanagementapi",),
    "cassandra": ("keyspaces", "keyspacesstreams"),
    "iot": ("iot", "iot-data"),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "neptune-db": ("neptunedata",),
    "timestream": ("timestream-query", "timestream-write"),
}


def test_every_action_exists() -> None:
    for kind in ("names", "one_of"):
        for prefix, listed in _facts()[kind].items():
            for operation, actions in listed.items():
                for action in actions:
                    assert iam.action(action) is not None, (prefix, operation, action)
    assert all(iam.expand(pattern) for pattern in silent_patterns())


def test_every_operation_exists() -> None:
    for kind in ("names", "one_of", "data"):
        for prefix, listed in _facts()[kind].items():
            known = {
                name
                for client in CLIENTS.get(prefix, (prefix,))
                for name in SESSION.get_service_model(client).operation_names
            }
            # Older names of S3 that CloudTrail still uses.
            known |= {"GetBucketLifecycle", "PutBucketLifecycle", "ListDirectoryBuckets"} if prefix == "s3" else set()
            assert not set(listed) - known, (kind, prefix)


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.stem)
def test_the_tables_of_the_catalog_agree(table: Path) -> None:
    """What each call needs of its own service there, which was written from AWS's documentation, without this table.

    What a call needs of other services leaves events of its own. A note in brackets says how a call is made: with
    several of them the actions differ, and this table has those that it always needs.
    """
    needed_by_call: dict[tuple[str, str], list[set[str]]] = {}
    for call, needed in load(table).trees[0].data["calls"].items():
        match = re.fullmatch(r"([\w-]+)\.(\w+)( \(.*\))?", call)
        if match is not None and match[1] in SESSION.get_available_services():
            needed_by_call.setdefault((match[1], match[2]), []).append(set(needed))
    for (client, method), needed_sets in needed_by_call.items():
        model = SESSION.get_service_model(client)
        operation = {botocore.xform_name(name): name for name in model.operation_names}.get(method)
        if operation is None or (client, method) in OTHERWISE:
            continue
        needs = needs_of(prefix_of(model.signing_name), operation)
        assert needs is not None, (client, method)
        actions = {*needs.all_of, *needs.one_of}
        services = {action.split(":")[0] for action in actions}
        own = [{action for action in needed if action.split(":")[0] in services} for needed in needed_sets]
        everything = set().union(*own)
        if needs.one_of:
            assert everything <= actions, (client, method, actions, own)
        else:
            assert actions in own or actions == everything, (client, method, actions, own)


OF_CHALICE = {
    ("cloudfront", "CreateDistributionWithTags"): "an action that the reference no longer has",
    ("lambda", "InvokeAsync"): "the API's reference says that it needs lambda:InvokeFunction",
    ("sts", "GetAccessKeyInfo"): "needs no permission, says the API's reference",
    ("sts", "GetCallerIdentity"): "needs no permission, says the API's reference",
    ("sts", "GetSessionToken"): "needs no permission, says the API's reference",
}


def test_chalice_has_the_same_table(catalog: Catalog) -> None:
    """For every operation of the catalog's services that chalice, AWS's own framework, knows the action of."""
    spec = importlib.util.find_spec("chalice")
    assert spec is not None
    assert spec.origin is not None
    second = json.loads(Path(spec.origin).with_name("policies.json").read_text(encoding="utf-8"))
    prefixes = {blueprint.service for blueprint in catalog.resources.values()}
    compared, otherwise = 0, set()
    for name in sorted(models.names()):
        known = models.service(name)
        assert known is not None
        if known.prefix not in prefixes:
            continue
        for operation in known.operations:
            action = second.get(name, {}).get(operation)
            if action is None:
                continue
            compared += 1
            needs = needs_of(known.prefix, operation)
            own = set() if needs is None else {*needs.all_of, *needs.one_of}
            assert all(iam.action(action_needed) is not None for action_needed in own), (name, operation)
            if {action.lower()} != {action_needed.lower() for action_needed in own}:
                otherwise.add((name, operation))
    assert compared > 1_300
    assert otherwise == OF_CHALICE.keys()


OTHERWISE = {
    ("apigateway", "delete_rest_api"),  # its actions are verbs of HTTP on paths
    ("bedrock-agent-runtime", "retrieve_and_generate"),  # the knowledge base and the model leave events of their own
    ("lambda", "create_function"),  # the table tells the role that is passed alone
}


def test_what_no_operation_is_for_is_silent(catalog: Catalog) -> None:
    """Each action that a blueprint grants is that of an operation in botocore's models, or leaves no event."""
    reached = set()
    for client in SESSION.get_available_services():
        model = SESSION.get_service_model(client)
        for prefix in {prefix_of(model.signing_name), prefix_of(model.endpoint_prefix)}:
            for operation in model.operation_names:
                needs = needs_of(prefix, operation)
                reached |= {*needs.all_of, *needs.one_of} if needs else set()
    granted = {
        action
        for blueprint in catalog.resources.values()
        for verb in blueprint.verbs.values()
        for actions in verb.allow.values()
        for action in actions
    }
    granted |= {
        action
        for compute in catalog.computes.values()
        for role in compute.roles.values()
        for grant in role.allow
        for action in grant.actions
    }
    silent = {name for pattern in silent_patterns() for name in iam.expand(pattern)}
    missing = sorted(action for action in granted if action not in reached | silent and "*" not in action)
    assert not missing, "\n".join(missing)
