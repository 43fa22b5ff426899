"""`express` as sets: every verb is found in the policy that it renders to, and nothing of a policy is lost unsaid."""

from __future__ import annotations

import functools
import json
import os
import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from cases import shared, times
from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.data import iam
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import sample
from rolewright.prove.arn_formats import is_idle
from rolewright.prove.decide import Decision, Request, decide
from rolewright.prove.match import Kind, matches, widened
from rolewright.prove.table import Declared, ground
from rolewright.suggest.draft import draft_text
from rolewright.suggest.draft_check import grants, host
from rolewright.suggest.express import Beyond, Translated, translated
from rolewright.suggest.own_account import Own, named_most
from rolewright.suggest.policies import Foreign
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.model import ResourceBlueprint

CATALOG = load_catalog()
HOST = host(CATALOG)
OWN = Own("aws", "us-east-1", "123456789012")
CASES = times(8)
ANYWHERE = {"local.account": "*", "local.region": "*"}


def declared(resources: Mapping[str, Any], values: Mapping[str, str]) -> tuple[Declared, ...]:
    """What a manifest with these resources declares for the code. Raises Rejected."""
    text = f"version: 1\nworkload: draft\ncompute: {json.dumps(HOST)}\nresources: {json.dumps(resources)}\n"
    (workload,) = read_manifest(loads(text, "m.yaml"), CATALOG)
    own = [one for one in derive_grants(workload, CATALOG).grants if one.side == "workload"]
    return ground(own, {**workload.environments[0].values, **values})


def entries(blueprint: ResourceBlueprint, verb: str) -> Iterator[tuple[dict[str, Any], Mapping[str, str]]]:
    """Resources with a verb: with the fields that it needs, in any account too, and with each that limits it."""
    needs = [name for one in blueprint.expand([verb]) for name in blueprint.needs(one, ())]
    fields = {name: sample(blueprint.fields[name]) for name in dict.fromkeys((*blueprint.required, *needs))}
    frame = {"type": blueprint.type, "access": [verb], **fields}
    yield frame, {}
    yield frame, ANYWHERE
    others = blueprint.scope if blueprint.scope else blueprint.fields
    for name in others if not blueprint.verbs[verb].of else ():
        if name in blueprint.fields and name not in fields:
            yield {**frame, name: sample(blueprint.fields[name])}, {}


def behind(blueprint: ResourceBlueprint, verbs: Sequence[str]) -> set[tuple[str, str]]:
    """What verbs are for: actions by the ARN that they are on."""
    return {(arn, action) for one in blueprint.expand(verbs) for arn, all_ in one.allow.items() for action in all_}


APART = {("s3-batch-job", "start"), ("translate", "start-jobs")}
"""Verbs with a right on * and one on a role: nothing in a policy says that they belong together."""


@pytest.mark.parametrize("type_", shared(sorted(CATALOG.resources), 0.1))
def test_each_verb_is_found_in_the_policy_that_it_renders_to(type_: str) -> None:
    """Also where AWS knows several verbs by the same actions, or where the policy is about any account and region."""
    blueprint = CATALOG.resources[type_]
    tried = 0
    for verb in blueprint.verbs:
        for resource, values in entries(blueprint, verb):
            try:
                wanted = declared({"it": resource}, values)
            except Rejected:
                continue  # fields that do not go together, or cannot limit this verb
            tried += 1
            found = translated(Foreign("p.json", wanted, (), ()), CATALOG, named_most(wanted))
            text = draft_text(found.draft)
            own = [one for one in found.draft.entries if one.type == type_]
            if not own and (type_, verb) in APART:
                assert not found.draft.entries, (verb, resource, text)
                continue
            if not own:  # another type says the same
                assert found.draft.entries, (verb, resource, text)
                assert not found.draft.rest, (verb, resource, text)
                assert values or not (found.less or found.more), (verb, resource, text)
                continue
            got = set().union(*(behind(blueprint, one.access) for one in own))
            assert got >= behind(blueprint, [verb]), (verb, resource, text)
            if not values:
                assert not found.less, (verb, resource, text)
                named = tuple(f"resources.{one.key}." for one in own)  # a key beside it is another entry
                more = [one for one in found.more if one.origin.startswith(named) and "fill-in" not in one.resource]
                assert not more, (verb, resource, text)
    assert tried


# --- random policies ---------------------------------------------------------------------------------------------

SERVICES = ("s3", "dynamodb", "sqs", "sns", "logs", "kms", "secretsmanager", "ssm", "lambda", "ecr", "iam", "kinesis",
            "events", "scheduler", "ecs", "states", "xray", "cloudwatch", "glue", "athena", "es", "sts", "execute-api",
            "bedrock", "rds-db", "textract", "ec2")  # fmt: skip
NAMES = ("orders", "orders-dev", "team-a", "a-b-c", "x1y2z3")
TAIL = ("orders", "in/2024", "orders/index/by-date", "stream/2024-01-01T00", "by-date")
CONDITIONS: tuple[dict[str, dict[str, Any]], ...] = (
    {},
    {},
    {},
    {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    {"StringLike": {"s3:prefix": ["team-a/*"]}},
    {"StringEquals": {"s3:prefix": ["", "team-a/"]}},
    {"Bool": {"aws:SecureTransport": True}},
    {"NumericLessThan": {"s3:max-keys": 10}},
    {"StringEquals": {"aws:PrincipalTag/team": "${aws:PrincipalTag/owner}"}},
    {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["a", "b"]}, "Null": {"dynamodb:LeadingKeys": False}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
)
CONTEXTS: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {"aws:RequestedRegion": ("us-east-1",), "aws:SecureTransport": ("true",), "s3:prefix": ("team-a/x",)},
    {"s3:prefix": ("",), "s3:max-keys": ("5",), "aws:SourceIp": ("10.1.2.3",), "dynamodb:LeadingKeys": ("a",)},
    {"aws:PrincipalTag/team": ("t",), "aws:PrincipalTag/owner": ("t",)},
    {"iam:PassedToService": ("scheduler.amazonaws.com",)},
)
_VARIABLE = re.compile(r"\$\{(\w+)\}")


def concrete(action: str, rng: random.Random) -> str:
    """An ARN that an action can really be asked for on, by the IAM database."""
    facts = iam.action(action)
    service = iam.service(action.partition(":")[0])
    kinds = [kind for kind in facts.resource_types if service and kind in service.resources] if facts else []
    if not kinds or service is None:
        return "*"
    account, region = (
        rng.choice(("123456789012", "123456789012", "999999999999")),
        rng.choice(("us-east-1", "eu-west-1")),
    )
    known = {"Partition": "aws", "Region": region, "Account": account}
    open_ends = {"ObjectName", "LogStreamName", "StreamLabel", "ParameterNameWithoutLeadingSlash", "RoleNameWithPath"}
    return _VARIABLE.sub(
        lambda found: known.get(found[1]) or rng.choice(TAIL if found[1] in open_ends else NAMES),
        rng.choice(service.resources[rng.choice(kinds)].arns),
    )


def pattern(arn: str, rng: random.Random) -> str:
    """A pattern near an ARN: wildcards in any segment, its beginning, something else, or a blank."""
    way = rng.random()
    if arn == "*" or way < 0.05:
        return "*"
    if way < 0.3:
        return arn
    parts = arn.split(":", 5)
    for number in (1, 3, 4):
        if parts[number] and rng.random() < 0.25:
            parts[number] = rng.choice(("*", f"{parts[number][:-1]}*", parts[number][:-1] + "?"))
    text = parts[5]
    cut = rng.randrange(len(text) + 1)
    ends = (f"{text[:cut]}*", f"{text}*", f"{text}/*", f"{text}:*", f"{text[:cut]}*{text[cut:]}", "*")
    others = (f"{text} ", text.replace("orders", "${aws:PrincipalTag/team}"), text[:cut] + "?" + text[cut + 1 :])
    parts[5] = rng.choice((text, text, *ends, *others))
    return ":".join(parts)


def policy(rng: random.Random) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """A policy, and requests on what it is about."""
    statements, asked = [], []
    for number in range(rng.randint(1, 4)):
        actions, resources = [], []
        for _ in range(rng.randint(1, 3)):
            action = rng.choice(_actions(rng.choice(SERVICES[:8] if rng.random() < 0.6 else SERVICES)))
            arns = [concrete(action, rng) for _ in range(2)]
            asked += [(action, arn) for arn in arns]
            prefix, name = action.split(":")
            patterns = (f"{prefix}:{name[:4]}*", f"{prefix}:{name[:-1]}?", f"{prefix}:*")
            actions.append(rng.choice((*(action,) * 4, action.upper(), *patterns)) if rng.random() < 0.97 else "*")
            resources += [pattern(arn, rng) for arn in arns]
        one: dict[str, Any] = {
            "Effect": rng.choice(("Allow",) * 5 + ("Deny",)),
            "Action": actions,
            "Resource": resources,
        }
        if rng.random() < 0.5:
            one["Sid"] = f"S{number}"
        statements.append({**one, "Condition": rng.choice(CONDITIONS)})
    return {"Version": rng.choice(("2012-10-17",) * 4 + ("2008-10-17",)), "Statement": statements}, asked


@functools.cache
def _actions(service: str) -> tuple[str, ...]:
    offered = [
        a for b in CATALOG.resources.values() for v in b.verbs.values() for all_ in v.allow.values() for a in all_
    ]
    own = [action for action in offered if action.startswith(f"{service}:")]
    return (*own, *own, *tuple(iam.actions(service))[:: max(1, len(iam.actions(service)) // 12)])


def listed(found: Sequence[Beyond], request: Request) -> bool:
    """Whether a request is among what is listed; under a condition that cannot be told it is."""
    for one in found:
        if any(matches(action.lower(), request.action.lower(), Kind.TEXT) for action in one.actions):
            conditions: dict[str, dict[str, list[str]]] = {}
            for operator, key, values in one.conditions:
                conditions.setdefault(operator, {})[key] = list(values)
            row = {"Effect": "Allow", "Action": "*", "Resource": one.resource, "Condition": conditions}
            if decide([{"Version": "2012-10-17", "Statement": [row]}], request) is not Decision.IMPLICIT_DENY:
                return True
    return False


_DOUBT = re.compile(r"cannot tell whether (\S+)( and \d+ more actions)? on (\S+)")


def doubted(found: Translated, request: Request, origins: Sequence[str]) -> bool:
    """Whether a note says that the request cannot be told, or names a statement that is not compared."""
    for note in found.notes:
        told = _DOUBT.search(note)
        if told and (told[1].lower() == request.action.lower() or told[2]):
            if matches(widened(told[3]), request.resource):
                return True
        elif "cannot be judged" in note and note.startswith(tuple(origins)):
            return True
    return False


def check(document: dict[str, Any], asked: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """How many requests were held against policy, entries and lists, and on how many the first two differ."""
    from rolewright.suggest.policies import of_documents

    foreign = of_documents([document], "p.json")
    own = named_most(foreign.all)
    found = translated(foreign, CATALOG, own)
    said = grants(found.draft, HOST, CATALOG, own)
    drafted = {"Version": "2012-10-17", "Statement": [as_json(one) for one in said]}
    count = differ = 0
    for action, resource in asked:
        for context in CONTEXTS:
            request = Request(action, resource, context)
            before = decide([document], request)
            after = decide([drafted], request) if said else Decision.IMPLICIT_DENY
            count += 1
            if before is after or {before, after} == {Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY}:
                continue
            differ += 1
            origins = [one.origin for one in foreign.all]
            rows = found.more if after is Decision.ALLOWED else found.less
            told = listed(rows, request) or doubted(found, request, origins)
            assert told, (document, request, before, after, draft_text(found.draft), rows, found.notes)
    for action, resource in found.draft.idle:
        for asked_action, arn in asked:
            assert asked_action != action or not matches(resource, arn), (action, resource, arn)
    return count, differ


def as_json(one: Declared) -> dict[str, Any]:
    conditions: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in one.conditions:
        conditions.setdefault(operator, {})[key] = list(values)
    return {"Effect": one.effect, "Action": list(one.actions), "Resource": list(one.resources), "Condition": conditions}


@pytest.mark.sampled
def test_the_lists_have_every_difference_between_a_policy_and_its_entries() -> None:
    """Random policies: what policy and entries decide on real requests is the same, or it is listed."""
    seed = int(os.environ.get("ROLEWRIGHT_SEED", "15"))
    total = differ = 0
    for number in range(int(16 * CASES)):
        document, asked = policy(random.Random(f"{seed}-{number}"))
        count, different = check(document, asked)
        total, differ = total + count, differ + different
    print(f"{int(16 * CASES)} policies of seed {seed}: {total} requests, on {differ} they differ, all of them listed")
    assert 0 < differ < total


@pytest.mark.sampled
def test_a_pattern_that_meets_a_real_arn_is_not_idle() -> None:
    rng = random.Random(15)
    for _ in range(int(600 * CASES)):
        action = rng.choice(_actions(rng.choice(SERVICES)))
        arn = concrete(action, rng)
        asked = pattern(arn, rng)
        if "${" not in asked and matches(asked, arn):
            assert not is_idle(action, asked), (action, asked, arn)
