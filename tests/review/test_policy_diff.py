"""What `diff` says of the policies of resources: who may do more is wider, and who may do less is not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.model import ResourcePolicy, ResourceStatement
from rolewright.core.text import Condition, Text
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.render.readable import SYMBOLS
from rolewright.report.difference import difference_json, difference_markdown, difference_text
from rolewright.review.diff import Described, compare_workloads
from rolewright.review.policy_diff import Half, compare_policies
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint import Catalog
    from rolewright.review.diff import WorkloadDifference

EVENTS = {"service": "events.amazonaws.com", "source": "arn:aws:events:us-east-1:123456789012:rule/nightly"}
SNS = {"service": "sns.amazonaws.com", "source": "arn:aws:sns:us-east-1:123456789012:news"}


def described(catalog: Catalog, resources: dict[str, Any], **compute: Any) -> Described:
    manifest = {
        "version": 1,
        "workload": "app",
        "compute": {
            "type": "lambda",
            "runtime": "python3.12",
            "handler": "index.handler",
            "package": "x.zip",
            **compute,
        },
        "resources": resources,
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), catalog)
    return Described(workload, derive_grants(workload, catalog))


def queue(**fields: Any) -> dict[str, Any]:
    return {"jobs": {"type": "sqs-queue", "name": "jobs", "create": True, "access": "send", **fields}}


@pytest.fixture(scope="module")
def whole(catalog: Catalog) -> Described:
    """One with a policy of every kind."""
    key = "${resources.own.arn}"
    return described(
        catalog,
        {
            **queue(admit=[EVENTS, SNS], kms_key=key),
            "own": {"type": "kms-key", "name": "own", "create": True, "access": "decrypt"},
            "news": {"type": "sns-topic", "name": "news", "create": True, "kms_key": key, "admit": [EVENTS]},
            "files": {"type": "s3-bucket", "name": "files", "create": True, "access": "get"},
            "found": {
                "type": "opensearch-serverless-collection", "name": "found", "create": True,
                "vpc_endpoints": ["vpce-0123456789abcdef0"], "access": ["search", "write-delete"],
            },
        },
        triggers={"topics": [{"topic": "news"}], "buckets": [{"bucket": "files", "events": ["s3:ObjectCreated:*"]}]},
    )  # fmt: skip


def test_an_admission_is_wider_and_its_end_is_not(catalog: Catalog) -> None:
    none, one, both = (
        described(catalog, queue(**more)) for more in ({}, {"admit": [EVENTS]}, {"admit": [EVENTS, SNS]})
    )
    new = compare_workloads(one, both)
    assert new.widened
    (policy,) = new.policies
    (admitted,) = policy.more
    assert (policy.resource, admitted.who, admitted.actions) == ("queue jobs", SNS["service"], ("sqs:SendMessage",))
    assert (admitted.origin, policy.less) == ("resources.jobs.admit", ())
    gone = compare_workloads(both, one)
    assert gone.changed
    assert not gone.widened
    assert [each.who for each in gone.policies[0].less] == [SNS["service"]]
    assert not compare_workloads(both, described(catalog, queue(admit=[SNS, EVENTS]))).changed
    assert compare_workloads(none, one).widened
    other = described(catalog, queue(admit=[{**EVENTS, "source": EVENTS["source"] + "-2"}]))
    assert compare_workloads(one, other).widened


def test_a_trigger_lets_somebody_call_the_function(catalog: Catalog) -> None:
    resources = {"news": {"type": "sns-topic", "name": "news"}}
    before, after = (
        described(catalog, resources),
        described(catalog, resources, triggers={"topics": [{"topic": "news"}]}),
    )
    assert compare_workloads(before, after).widened
    gone = compare_workloads(after, before)
    assert gone.changed
    assert not gone.widened


def test_all_reports_say_it(catalog: Catalog) -> None:
    before, after = (described(catalog, queue(admit=admit)) for admit in ([EVENTS], [EVENTS, SNS]))
    difference = [compare_workloads(before, after)]
    line = "sns.amazonaws.com may now sqs:SendMessage on arn:aws:sqs:REGION:ACCOUNT:jobs if ArnEquals aws:SourceArn"
    assert f"app, policy of queue jobs:\n  + {line}" in difference_text(difference, [])
    assert "sns.amazonaws.com may now sqs:SendMessage" in difference_markdown(difference, [])
    assert "**app, policy of queue jobs**" in difference_markdown(difference, [])
    ((told,),) = [one["policies"] for one in difference_json(difference, [])["workloads"]]
    assert (told["policy"], told["widened"], told["more"][0]["principal"]) == ("queue jobs", True, SNS["service"])
    assert json.loads(json.dumps(told)) == told


def with_policies(side: Described, policies: list[ResourcePolicy]) -> Described:
    return replace(side, declaration=replace(side.declaration, policies=tuple(policies)))


def half(policies: list[ResourcePolicy], *, is_new: bool = False) -> Half:
    return Half(tuple(policies), [one.resource for one in policies], SYMBOLS, is_new, str)


def wider(one: ResourceStatement) -> Iterator[tuple[str, ResourceStatement]]:
    """What matches more requests than a statement does."""
    star = Text.of("*")
    yield "another action", replace(one, actions=(*one.actions, "s3:DeleteBucket", "sqs:PurgeQueue"))
    if any(kind != "*" and name != star for kind, name in one.principals):
        yield "anybody", replace(one, principals=(("*", star),))
        yield "another account", replace(one, principals=(*one.principals, ("AWS", Text.of("999999999999"))))
    if one.resources != (star,):
        yield "every resource", replace(one, resources=(star,))
        yield "longer names", replace(one, resources=(*one.resources, *(text + "*" for text in one.resources)))
    for number, condition in enumerate(one.conditions):
        rest = [*one.conditions[:number], *one.conditions[number + 1 :]]
        yield "no condition", replace(one, conditions=tuple(rest))
        if condition.operator != "Bool":
            looser = replace(condition, values=(*condition.values, Text.of("arn:aws:sns:us-east-1:999999999999:x")))
            yield "another value", replace(one, conditions=(*rest, looser))


def narrower(one: ResourceStatement) -> Iterator[tuple[str, ResourceStatement]]:
    """What matches fewer."""
    more = Condition("StringEquals", Text.of("aws:SourceVpc"), (Text.of("vpc-1"),))
    yield "a condition", replace(one, conditions=(*one.conditions, more))
    if len(one.resources) > 1:
        yield "fewer resources", replace(one, resources=one.resources[1:])
    if len(one.actions) > 1:
        yield "fewer actions", replace(one, actions=one.actions[1:])


def test_whatever_changes_in_a_policy_is_told_for_what_it_is(whole: Described) -> None:
    """A statement that matches more is wider where it allows, and the reverse where it denies."""
    policies = list(whole.declaration.policies)
    assert {one.name for one in policies} >= {"queue", "key", "topic", "bucket", "function", "data-access-policy"}
    amount = 0
    wrong = []
    for policy in policies:
        for at, statement in enumerate(policy.statements):
            rest = [*policy.statements[:at], *policy.statements[at + 1 :]]
            allows = statement.effect == "Allow"
            tried: list[tuple[str, tuple[ResourceStatement, ...], bool]] = [("dropped", tuple(rest), not allows)]
            tried += [(name, (*rest, one), allows) for name, one in wider(statement)]
            tried += [(name, (*rest, one), not allows) for name, one in narrower(statement)]
            flipped = replace(statement, effect="Deny" if allows else "Allow")
            tried.append(("flipped", (*rest, flipped), not allows))
            for name, statements, widens in tried:
                other = [replace(policy, statements=statements)]
                for old, new, expected in (([policy], other, widens), (other, [policy], not widens)):
                    found = list(compare_policies(half(old), half(new, is_new=True), ""))
                    amount += 1
                    if not found or any(one.widened for one in found) is not expected:
                        wrong.append((policy.subject, statement.sid, name, expected, found))
    assert wrong == []
    assert amount > 100


def test_entries_of_other_policies_are_compared_one_by_one(whole: Described) -> None:
    policies = list(whole.declaration.policies)
    at = next(n for n, one in enumerate(policies) if one.name == "data-access-policy")
    assert len(policies[at].documents) == 2
    fewer = with_policies(
        whole, [*policies[:at], replace(policies[at], documents=policies[at].documents[:1]), *policies[at + 1 :]]
    )
    assert compare_workloads(fewer, whole).widened
    less = compare_workloads(whole, fewer)
    assert less.changed
    assert not less.widened
    assert "it no longer says" in difference_text([less], [])


def test_a_workload_that_comes_or_goes_brings_its_policies(whole: Described) -> None:
    assert compare_workloads(None, whole).policies
    gone: WorkloadDifference = compare_workloads(whole, None)
    assert not gone.widened
    assert {each.change for one in gone.policies for each in one.less} == {
        "may no longer", "is no longer denied", "no longer says",
    }  # fmt: skip


def test_a_denial_that_is_dropped_is_wider_unless_the_resource_goes_with_it(catalog: Catalog, whole: Described) -> None:
    without = with_policies(whole, [one for one in whole.declaration.policies if one.name != "bucket"])
    dropped = compare_workloads(whole, without)
    assert dropped.widened
    assert "anybody is no longer denied s3:* on arn:aws:s3:::files" in difference_text([dropped], [])
    made = {"files": {"type": "s3-bucket", "name": "files", "create": True, "access": "get"}}
    known = {"files": {"type": "s3-bucket", "name": "files", "access": "get"}}
    handed_over = compare_workloads(described(catalog, made), described(catalog, known))
    assert handed_over.changed
    assert not handed_over.widened
