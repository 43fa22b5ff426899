"""Advice that is followed allows what was asked, and brings no more than the verb that was left out.

Manifests of all types lose a verb, an entry or a field of compute; the texts that AWS would then write are asked about,
each piece of advice is followed, and the lock file of what is then rendered is held against what was asked.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from cases import times
from manifest_generator import generated_manifests
from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import sample
from rolewright.prove.match import matches
from rolewright.render.module import access_lock
from rolewright.render.readable import shown
from rolewright.suggest.changes import ManifestChange, changed
from rolewright.suggest.engine import suggest
from rolewright.suggest.messages import question_of
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Grant, Workload
    from rolewright.pipeline import Pipeline

CASES = times(20)
"""Times the few cases that `make test` has."""
WANTS = "because no identity-based policy allows the {action} action"
PLAIN = "User: {user} is not authorized to perform: {action} on resource: {arn} " + WANTS
FORMS = (
    PLAIN,
    "An error occurred (AccessDenied) when calling the X operation: User: {user} is not authorized to perform: {action}"
    ' on resource: "{arn}" ' + WANTS,
    '{{"level":"error","msg":"AccessDenied: User: {user} is not authorized to perform: {action} on resource: '
    '\\"{arn}\\" ' + WANTS + '"}}',
    "│ Error: operation error: User: {user} is not authorized to\n│ perform: {action} on resource:\n│ {arn}\n│ "
    + WANTS,
    "api error AccessDenied: User: {user} is not authorized to perform: {action} on resource: {arn}",
    "User: {user} is not authorized to perform: {action} on resource: {arn} (Service: X, Status Code: 403)",
    "{user} is not authorized to perform: {action} on resource: {arn} " + WANTS + " status code: 400, request id: 1",
)


@dataclass(frozen=True)
class Lost:
    """Something that a role could do before the manifest lost a part, with all that it lost."""

    text: str
    role: str
    user: str
    action: str
    arn: str
    all_of: frozenset[tuple[str, ...]]
    how: str


def lost(manifest: dict[str, Any], catalog: Catalog, chance: random.Random) -> Iterator[Lost]:
    """What a manifest allows no more once a verb, an entry or a field of compute is taken from it."""
    workload, before = declared(json.dumps(manifest), catalog)
    (environment, *_) = workload.environments
    for how, smaller in parts(manifest, workload, catalog):
        text = json.dumps(smaller, indent=1)
        try:
            _, after = declared(text, catalog)
        except Rejected:
            continue
        still = {
            (g.role, a, r.ground(environment.values), shown(g.conditions, environment.values))
            for g in after
            for a in g.actions
            for r in g.resources
        }
        gone = [
            (grant, action, arn, conditions)
            for grant in before
            if grant.effect == "Allow"
            for action in grant.actions
            for arn in [resource.ground(environment.values) for resource in grant.resources]
            for conditions in [shown(grant.conditions, environment.values)]
            if (grant.role, action, arn, conditions) not in still and "${" not in arn
        ]
        if not gone:
            continue
        grant, action, arn, _ = chance.choice(gone)
        mine = frozenset(one[1:] for one in gone if one[0].role == grant.role)
        name = workload.compute.names[f"{grant.role}_role"].ground(environment.values)
        user = f"arn:{environment.partition}:sts::{environment.account}:assumed-role/{name}/session"
        placed = re.sub(r"^(arn:[^:]*:[^:]*:[^:]*):\*:", r"\1:999999999999:", arn)  # as a denial has it
        concrete = placed if placed == "*" else placed.replace("*", "x").replace("?", "x")
        yield Lost(text, grant.role, user, action, concrete, mine, how)


def declared(text: str, catalog: Catalog) -> tuple[Workload, tuple[Grant, ...]]:
    (workload,) = read_manifest(loads(text, "m.yaml"), catalog)
    declaration = derive_grants(workload, catalog)
    build_roles(workload, declaration, catalog)
    return workload, declaration.grants


def parts(manifest: dict[str, Any], workload: Workload, catalog: Catalog) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, resource in workload.resources.items():
        narrow = [verb.name for verb in catalog.resources[resource.type].expand(resource.access)]
        for verb in narrow:
            less = json.loads(json.dumps(manifest))
            less["resources"][key]["access"] = [one for one in narrow if one != verb]
            yield "verb", less
        if narrow and not resource.created:
            less = json.loads(json.dumps(manifest))
            del less["resources"][key]
            yield "entry", less
    for field, value in manifest["compute"].items():
        less = json.loads(json.dumps(manifest))
        if isinstance(value, dict) and value and all(isinstance(one, str) for one in value.values()):
            less["compute"][field] = dict(list(value.items())[1:])
        else:
            del less["compute"][field]
        if field != "type":
            yield "compute", less


def may(lock: str, role: str, action: str, arn: str) -> bool:
    """Whether the lock file lets a role do it: read by itself, without the code that answers."""
    line = re.compile(rf"(?:\S+ )?{re.escape(role)} allow (\S+) on (\S.*?)(?: if .*)?")
    found = [match for one in lock.splitlines() if (match := line.fullmatch(one))]
    own = {"ACCOUNT": "123456789012", "REGION": "*"}  # the module may be applied in any
    for match in found:
        pattern = re.sub("ACCOUNT|REGION", lambda name: own[name[0]], match[2])
        if match[1] == action and (pattern == arn or matches(pattern, arn)):
            return True
    return False


@pytest.mark.sampled
def test_advice_that_is_followed_allows_it_and_little_more(catalog: Catalog) -> None:
    chance = random.Random(20261125)
    counted: Counter[str] = Counter()
    types: set[str] = set()
    for number, text in enumerate(generated_manifests(14 * CASES)):
        manifest = json.loads(text)
        listed = list(lost(manifest, catalog, chance))
        for case in chance.sample(listed, min(len(listed), 6)):
            form = FORMS[(number + counted["asked"]) % len(FORMS)]
            question = question_of([form.format(user=case.user, action=case.action, arn=case.arn)])
            assert question is not None
            assert question.action == case.action
            found = suggest(question, loads(case.text, "m.yaml"), 0, catalog)
            counted["asked"] += 1
            if found.answer.is_allowed:  # another entry, or a wildcard of the platform, has it too
                counted["allowed"] += 1
                continue
            if not found.answer.roles and case.how == "compute":
                counted["role gone"] += 1  # with the field that it was for
                continue
            if found.answer.denied:
                counted["denied"] += 1  # by a statement that the code's role has with another field as well
                continue
            assert case.role in found.answer.keys, case
            counted[f"{case.how} {'answered' if found.advice else 'not answered'}"] += 1
            assert found.advice or found.notes or found.asks, case
            assert found.advice or case.how != "verb" or found.asks, case
            for advice in found.advice:
                (workload,) = read_manifest(loads(advice.text, "m.yaml"), catalog)
                declaration = derive_grants(workload, catalog)
                lock = access_lock(workload, build_roles(workload, declaration, catalog), declaration)
                assert may(lock, case.role, case.action, case.arn), (case, advice)
                counted["followed"] += 1
            if found.advice and case.how != "compute":
                types.add(manifest["compute"]["type"])
                beyond = {one for one in case.all_of if one[0] != case.action}
                places = len(manifest.get("environments") or " ")
                # ARNs that AWS makes are in none of these, and a field of the compute type brings four actions
                assert found.advice[0].beyond <= max(len(beyond), 3) * places, (case, found.advice)
    print(dict(counted))
    # two in a hundred, and one where there are fewer: a question may name a part that has no name in a manifest, which
    # is an `x` here, so that the ARN is none of AWS's forms; it is asked for, which is right
    assert counted["verb not answered"] <= max(1, counted["verb answered"] // 50)
    assert counted["followed"] >= 40 * CASES
    assert len(types) >= 8


HOST = {
    "version": 1,
    "workload": "app",
    "compute": {"type": "ec2", "ami": "ami-01234567", "instance_type": "t3.micro"},
    "environments": {"prod": {"account": "123456789012", "region": "us-east-1"}},
}


def entries(catalog: Catalog) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """A manifest for each type and narrow verb, with what they need and nothing more."""
    for type_, blueprint in catalog.resources.items():
        for verb in (one for one in blueprint.verbs.values() if not one.of):
            fields = dict.fromkeys((*blueprint.required, *blueprint.needs(verb, ())))
            entry = {"type": type_, **{name: sample(blueprint.fields[name]) for name in fields}, "access": [verb.name]}
            yield type_, verb.name, {**HOST, "resources": {"it": entry}}


CHOSEN = {"ec2-instance", "elasticache", "emr-cluster", "rds-instance-metadata"}
"""Types for which a rule asks for one of several fields, so that the required ones alone make no entry to lose."""


@pytest.mark.sampled
def test_a_resource_of_every_type_is_added_as_it_was(catalog: Catalog) -> None:
    """By the text of the denial alone: the entry is taken, allows it, and brings no more than its verb did."""
    chance = random.Random(20261128)
    counted: Counter[str] = Counter()
    answered: set[str] = set()
    listed = list(entries(catalog))
    for type_, _, manifest in listed if CASES > 1 else chance.sample(listed, 45):
        try:
            cases = [case for case in lost(manifest, catalog, chance) if case.how == "entry"]
        except Rejected:
            counted["impossible"] += 1
            continue
        for case in cases:
            question = question_of([PLAIN.format(user=case.user, action=case.action, arn=case.arn)])
            assert question is not None
            found = suggest(question, loads(case.text, "m.yaml"), 0, catalog)
            for advice in found.advice:
                (workload,) = read_manifest(loads(advice.text, "m.yaml"), catalog)
                declaration = derive_grants(workload, catalog)
                lock = access_lock(workload, build_roles(workload, declaration, catalog), declaration)
                assert may(lock, case.role, case.action, case.arn), (case, advice)
            if found.advice:
                answered.add(type_)
                counted["followed"] += len(found.advice)
                beyond = {one for one in case.all_of if one[0] != case.action}
                assert found.advice[0].beyond <= len(beyond), (case, found.advice[0])
            else:
                assert found.asks or found.notes, case
                counted["asked back"] += 1
    print(dict(counted), len(answered), sorted({one for one, _, _ in listed} - answered))
    assert counted["followed"] > counted["asked back"]
    assert CASES == 1 or catalog.resources.keys() - answered <= CHOSEN


OTHER = "222222222222"


@pytest.mark.sampled
def test_another_accounts_resource_never_becomes_ones_own(catalog: Catalog) -> None:
    """Its account stands in every change that is advised for it, or there is none."""
    chance = random.Random(20261128)
    followed = 0
    listed = list(entries(catalog))
    for _, _, manifest in listed if CASES > 1 else chance.sample(listed, 25):
        try:
            cases = [case for case in lost(manifest, catalog, chance) if case.how == "entry" and ":1234567" in case.arn]
        except Rejected:
            continue
        for case in cases:
            arn = case.arn.replace("123456789012", OTHER)
            question = question_of([PLAIN.format(user=case.user, action=case.action, arn=arn)])
            assert question is not None
            for advice in suggest(question, loads(case.text, "m.yaml"), 0, catalog).advice:
                assert OTHER in advice.summary, (case, advice)
                followed += 1
    assert followed >= 3


def test_what_is_shown_was_built_and_proven(pipeline: Pipeline) -> None:
    """A change that a check refuses is not shown: the trial is the whole pipeline."""
    manifest = {
        "version": 1,
        "workload": "app",
        "compute": {"type": "ec2", "ami": "ami-01234567", "instance_type": "t3.micro"},
        "resources": {"jobs": {"type": "sqs-queue", "name": "jobs", "access": "send"}},
    }
    document = loads(json.dumps(manifest, indent=1), "m.yaml")
    user = "arn:aws:sts::123456789012:assumed-role/app-instance/i-1"
    good = question_of(
        [PLAIN.format(user=user, action="sqs:ReceiveMessage", arn="arn:aws:sqs:us-east-1:123456789012:jobs")]
    )
    assert good is not None
    found = suggest(good, document, 0, pipeline.catalog, build=pipeline.errors)
    assert found.advice[0].summary.startswith("add `consume` ")
    assert pipeline.errors(loads(found.advice[0].text, "m.yaml"), 0) == ()
    none = suggest(good, document, 0, pipeline.catalog, build=lambda document, index: read_refusal(document.file))
    assert none.advice == ()
    assert any("rejected: add `consume`" in one for one in none.notes)


def read_refusal(file: str) -> list[Any]:
    from rolewright.core.finding import Finding, Location

    return [Finding("x", "refused", "", Location(file))]


@pytest.mark.parametrize("layout", ["block", "flow", "empty", "absent"])
@pytest.mark.parametrize(
    "change",
    [
        ManifestChange(("resources", "jobs"), {"type": "sqs-queue", "name": "jobs", "access": ["send"]}, note="why"),
        ManifestChange(("compute", "secrets", "A_B"), "a"),
        ManifestChange(("compute", "triggers", "queues"), {"queue": "jobs"}, append=True),
        ManifestChange(("statements",), {"actions": ["a:B"], "resources": ["*"], "reason": 'x: "y"'}, append=True),
        ManifestChange(("resources", "old", "access"), "put", append=True),
        ManifestChange(("compute", "image"), "on"),
    ],
)
def test_a_change_of_the_text_is_that_of_the_values(layout: str, change: ManifestChange) -> None:
    """In every layout, and the words hold the YAML that makes it."""
    data: dict[str, Any] = {
        "version": 1,
        "compute": {"type": "x"},
        "resources": {"old": {"type": "s", "access": "get"}},
    }
    if layout == "absent":
        del data["resources"]
    if layout == "empty":
        data["resources"] = None
    block = "version: 1\n# of the type\ncompute:\n  type: x\nresources:\n  old:\n    type: s\n    access: get\n"
    text = {"block": block, "absent": block[: block.index("resources")], "empty": block[: block.index("  old")]}
    made = loads(changed(text.get(layout, json.dumps(data)), "m.yaml", 0, [change]), "m.yaml").trees[0].data
    node: Any = data
    for step in change.path[:-1]:
        node[step] = node.get(step) or {}
        node = node[step]
    before = node.get(str(change.path[-1]))
    listed = before if isinstance(before, list) else [before] if before else []
    node[str(change.path[-1])] = [*listed, change.value] if change.append else change.value
    assert made == data
    written = loads(re.findall(r"`([^`]*)`", change.words())[0 if change.append else 1], "w.yaml").trees[0].data
    assert written == (change.value if change.append else {change.path[-1]: change.value})
