"""What docs/blueprints.md promises of compute types: roles and who assumes them, uses of resources, extension."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rolewright.core.model import Trust
    from rolewright.pipeline import Built

DESK = """
summary: A desk
fields:
  place: {type: string, description: Where it stands, examples: [attic]}
  lamp: {type: boolean, default: false, description: Whether there is light}
  trays:
    type: array
    description: What is worked on
    examples: [[{queue: jobs}]]
    x-unique: label
    items:
      type: object
      properties:
        queue:
          type: string
          x-resource: {role: clerk, verbs: {sqs-queue: [consume], kinesis-stream: [read]}}
        carrier: {type: string}
        look: {type: string, x-resource: {verbs: {s3-bucket: []}}}
        label: {type: string}
        keep: {type: string, x-resource: {verbs: {s3-bucket: []}, created: true, needs: [kms_key]}}
        watch: {type: string, x-resource: {role: clerk, verbs: {dynamodb-table: [read-stream]}}}
  papers:
    type: array
    description: What is read out
    examples: [[{secrets: {A: letter}}]]
    items:
      type: object
      properties: {secrets: {type: object, x-injects: true, additionalProperties: {type: string}}}
required: [place]
derive: {trays.carrier: "(?P<town>[a-z]+)/(?P<street>[a-z]+)"}
names: {label: {value: "${base}", pattern: "^[a-z-]+$", maxLength: 40}}
roles:
  clerk:
    summary: what is done at the desk
    federated: arn:${partition}:iam::${account}:oidc-provider/${place}
    conditions: {StringEquals: {"${place}:sub": ["${workload}"], "${place}:aud": [desk]}}
    optional_conditions: {lamp: {StringEquals: {"${place}:amr": [light]}}}
    grants: workload
    allow:
      - sid: Carry
        each: trays
        when: each.carrier.town
        actions: [s3:GetObject]
        resources: ["arn:${partition}:s3:::${each.carrier.town}/${each.carrier.street}"]
        summary: take what is carried
  reader:
    summary: what is read out
    trusts: [ecs-tasks.amazonaws.com]
    actions: [sts:AssumeRole, sts:TagSession]
    grants: injection
  guard:
    summary: who looks after the lamp
    when: lamp
    trusts: [ec2.amazonaws.com]
templates: [desk.tf.j2]
"""
TEMPLATE = """
output "label" {
  description = "Its label"
  value       = {{ names.label }}
}
"""
STANDING = """
extends: desk
summary: A standing desk
fields:
  height: {type: integer, minimum: 1, maximum: 2, default: 1, description: How high it is}
  papers: null
roles: {reader: null, guard: {summary: who holds the desk}}
"""
LOW = "extends: desk\nsummary: A low desk\nroles: {reader: null}\n"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    root = tmp_path_factory.mktemp("team")
    for name, text in (("desk", DESK), ("standing-desk", STANDING), ("low-desk", LOW)):
        write(root, name, text)
    (root / "compute" / "desk" / "desk.tf.j2").write_text(TEMPLATE, encoding="utf-8")
    with Pipeline([root]) as made:
        yield made


def write(root: Path, name: str, text: str) -> None:
    folder = root / "compute" / name
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(text, encoding="utf-8")


KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab"
RESOURCES = {
    "jobs": {"type": "sqs-queue", "name": "jobs", "kms_key": KEY},
    "letter": {"type": "secretsmanager-secret", "name": "letter"},
    "note": {"type": "ssm-parameter", "name": "/note"},
    "files": {"type": "s3-bucket", "name": "files"},
    "safe": {"type": "s3-bucket", "name": "safe", "create": True, "kms_key": KEY},
    "plain": {"type": "s3-bucket", "name": "plain", "create": True},
    "diary": {"type": "dynamodb-table", "name": "diary"},
    "still": {"type": "dynamodb-table", "name": "still", "create": True, "hash_key": "id"},
    "lively": {"type": "dynamodb-table", "name": "lively", "create": True, "hash_key": "id", "stream": "NEW_IMAGE"},
}


def build(pipeline: Pipeline, compute: dict[str, Any], keys: str = "", **more: Any) -> Built:
    manifest = {
        "version": 1,
        "workload": "writing",
        "compute": {"type": "desk", "place": "attic.example", **compute},
        "resources": {key: RESOURCES[key] for key in keys.split()},
        **more,
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == (), built.findings
    return built


def refused(pipeline: Pipeline, compute: dict[str, Any], keys: str = "", **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, compute, keys, **more)
    return [(finding.rule, finding.path) for finding in refusal.value.findings]


def allowed(built: Built) -> set[str]:
    return set(built.module.files["access.lock"].splitlines())


def trusts(built: Built) -> dict[str, Trust]:
    return {trust.role: trust for trust in built.declaration.trusts}


def test_a_provider_is_trusted_under_conditions_whose_keys_have_its_name(pipeline: Pipeline) -> None:
    provider = "arn:aws:iam::ACCOUNT:oidc-provider/attic.example"
    line = (
        f"clerk assumed-by {provider} if StringEquals attic.example:aud desk and StringEquals attic.example:sub writing"
    )
    assert line in allowed(build(pipeline, {}))
    assert trusts(build(pipeline, {}))["clerk"].actions == ("sts:AssumeRoleWithWebIdentity",)


def test_a_field_turns_conditions_and_a_role_on(pipeline: Pipeline) -> None:
    assert set(trusts(build(pipeline, {}))) == {"clerk", "reader"}
    lit = build(pipeline, {"lamp": True})
    assert set(trusts(lit)) == {"clerk", "reader", "guard"}
    assert "StringEquals attic.example:amr light" in "\n".join(allowed(lit))


def test_actions_of_a_trust_are_those_given(pipeline: Pipeline) -> None:
    assert trusts(build(pipeline, {}))["reader"].actions == ("sts:AssumeRole", "sts:TagSession")


def test_a_field_that_names_a_resource_gives_the_role_its_verbs_and_what_follows(pipeline: Pipeline) -> None:
    lines = allowed(build(pipeline, {"trays": [{"queue": "jobs"}, {"queue": "jobs"}]}, "jobs"))
    assert "clerk allow sqs:ReceiveMessage on arn:aws:sqs:REGION:ACCOUNT:jobs" in lines
    assert [line for line in lines if line.startswith("clerk allow kms:Decrypt on")]
    assert not [line for line in lines if "sqs:SendMessage" in line]


def test_a_field_that_only_refers_gives_nothing(pipeline: Pipeline) -> None:
    lines = allowed(build(pipeline, {"trays": [{"look": "files"}]}, "files"))
    assert not [line for line in lines if " allow " in line]


def test_what_is_injected_anywhere_in_a_field_is_for_the_role_that_injects(pipeline: Pipeline) -> None:
    papers = [{"secrets": {"A": "letter"}}, {"secrets": {"B": "note", "C": "letter"}}]
    lines = allowed(build(pipeline, {"papers": papers}, "letter note"))
    assert (
        "reader allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:REGION:ACCOUNT:secret:letter-??????"
        in lines
    )
    assert "reader allow ssm:GetParameters on arn:aws:ssm:REGION:ACCOUNT:parameter/note" in lines
    assert not [line for line in lines if line.startswith("clerk allow")]


def test_what_is_injected_is_for_the_code_s_role_where_no_other_injects(pipeline: Pipeline) -> None:
    built = build(pipeline, {"type": "low-desk", "papers": [{"secrets": {"A": "letter"}}]}, "letter")
    secret = "arn:aws:secretsmanager:REGION:ACCOUNT:secret:letter-??????"
    assert f"clerk allow secretsmanager:GetSecretValue on {secret}" in allowed(built)


def test_what_is_injected_needs_a_role_that_reads_it(tmp_path: Path) -> None:
    write(tmp_path, "desk", DESK.replace("    grants: workload\n", "").replace("    grants: injection\n", ""))
    (tmp_path / "compute" / "desk" / "desk.tf.j2").write_text(TEMPLATE, encoding="utf-8")
    with Pipeline([tmp_path]) as pipeline, pytest.raises(Rejected) as refusal:
        pipeline.catalog.computes["desk"]
    assert [finding.message.split()[0] for finding in refusal.value.findings] == ["`papers`"]


def test_a_grant_for_each_entry_has_what_is_derived_from_it(pipeline: Pipeline) -> None:
    trays = [{"carrier": "bonn/ring"}, {"carrier": "nowhere"}, {"carrier": "ulm/markt"}]
    found = {line for line in allowed(build(pipeline, {"trays": trays})) if " allow " in line}
    assert found == {f"clerk allow s3:GetObject on arn:aws:s3:::{town}" for town in ("bonn/ring", "ulm/markt")}


@pytest.mark.parametrize(
    ("compute", "keys", "rule", "path"),
    [
        ({"trays": [{"queue": "jobs"}]}, "", "manifest-resource", "compute.trays.0.queue"),
        ({"trays": [{"queue": "files"}]}, "files", "manifest-resource", "compute.trays.0.queue"),
        ({"papers": [{"secrets": {"A": "files"}}]}, "files", "manifest-secret", "compute.papers.0.secrets.A"),
        ({"papers": [{"secrets": {"A": "letter"}}]}, "", "manifest-secret", "compute.papers.0.secrets.A"),
        ({"trays": [{"keep": "files"}]}, "files", "manifest-resource", "compute.trays.0.keep"),
        ({"trays": [{"keep": "plain"}]}, "plain", "manifest-resource", "compute.trays.0.keep"),
        ({"trays": [{"watch": "still"}]}, "still", "access-field", "compute.trays.0.watch"),
        ({"trays": [{"label": "a"}, {}, {"label": "a"}]}, "", "manifest-twice", "compute.trays.2.label"),
    ],
)
def test_a_key_has_to_name_what_fits(
    compute: dict[str, Any], keys: str, rule: str, path: str, pipeline: Pipeline
) -> None:
    assert refused(pipeline, compute, keys) == [(rule, path)]


def test_what_is_made_has_what_a_field_that_names_it_needs(pipeline: Pipeline) -> None:
    build(
        pipeline,
        {"trays": [{"keep": "safe", "label": "a"}, {"watch": "diary", "label": "b"}, {"watch": "lively"}]},
        "safe diary lively",
    )


def test_an_environment_changes_neither_what_is_named_nor_entries_of_mappings(pipeline: Pipeline) -> None:
    compute = {"trays": [{"queue": "jobs"}], "papers": [{"secrets": {"A": "letter"}}]}
    other = {"trays": [{"queue": "files"}], "papers": []}
    environments = {"dev": {"account": "1" * 12, "region": "us-east-1", "compute": other}}
    found = refused(pipeline, compute, "jobs letter files", environments=environments)
    assert found == [("environment-override", f"environments.dev.compute.{name}") for name in ("trays", "papers")]


def test_a_type_that_extends_another_has_what_it_does_not_change(pipeline: Pipeline) -> None:
    blueprint = pipeline.catalog.computes["standing-desk"]
    assert set(blueprint.fields) == {"place", "lamp", "trays", "height"}
    assert set(blueprint.roles) == {"clerk", "guard"}
    assert blueprint.roles["guard"].trusts == ("ec2.amazonaws.com",)
    assert blueprint.roles["guard"].summary == "who holds the desk"
    assert blueprint.templates == ("compute/desk/desk.tf.j2",)
    built = build(pipeline, {"type": "standing-desk", "trays": [{"queue": "jobs"}]}, "jobs")
    assert "clerk allow sqs:ReceiveMessage on arn:aws:sqs:REGION:ACCOUNT:jobs" in allowed(built)


BROKEN = [
    (DESK.replace("each: trays", "each: place"), "each: place"),
    (DESK.replace("when: each.carrier.town", "when: each.carrier.land"), "when: each.carrier.land"),
    (DESK.replace("${each.carrier.street}", "${each.carrier.land}"), '["arn:${partition}:s3:::${each.carrier.town}'),
    (DESK.replace("        when: each.carrier.town\n", ""), '["arn:${partition}:s3:::${each.carrier.town}'),
    (DESK.replace("when: each.carrier.town", "when: each.carrier"), '["arn:${partition}:s3:::${each.carrier.town}'),
    (DESK.replace("when: lamp", "when: lantern"), "when: lantern"),
    (DESK.replace('{"${place}:sub"', '{"${spot}:sub"'), '{"${spot}:sub"'),
    (DESK.replace("federated: arn:", "federated: iam:"), "federated: iam:"),
    (DESK.replace("optional_conditions: {lamp", "optional_conditions: {light"), "optional_conditions: {light"),
    (DESK.replace('"${base}", pattern', '"${names.label}", pattern'), "label: {value"),
    (DESK.replace("s3:::${each.carrier.town}", "s4:::${each.carrier.town}"), "actions: [s3:GetObject]"),
    ("extends: chair\nsummary: A chair\n", "extends: chair"),
]


@pytest.mark.parametrize(("text", "marked"), BROKEN)
def test_a_broken_compute_type_is_a_finding_at_its_place(text: str, marked: str, tmp_path: Path) -> None:
    write(tmp_path, "desk", text)
    (tmp_path / "compute" / "desk" / "desk.tf.j2").write_text(TEMPLATE, encoding="utf-8")
    with Pipeline([tmp_path]) as pipeline, pytest.raises(Rejected) as refusal:
        pipeline.catalog.computes["desk"]
    line = text[: text.index(marked)].count("\n") + 1
    assert {finding.location.line for finding in refusal.value.findings} == {line}


def test_a_fault_of_what_is_extended_stands_where_it_is(tmp_path: Path) -> None:
    write(tmp_path, "desk", DESK.replace("each: trays", "each: place"))
    write(tmp_path, "standing-desk", STANDING)
    with Pipeline([tmp_path]) as pipeline, pytest.raises(Rejected) as refusal:
        pipeline.catalog.computes["standing-desk"]
    assert {finding.location.file for finding in refusal.value.findings} == {
        str(tmp_path / "compute" / "desk" / "blueprint.yaml")
    }


RULES = """
rules:
  - {require: {properties: {place: {minLength: 3}}}, at: place, message: short, remedy: longer}
  - {require: {properties: {lamp: {const: true}}}, at: lamp, message: dark, remedy: light it}
"""
HIGH = """
rules: [{require: {properties: {height: {const: 1}}}, at: height, message: high, remedy: lower it}]
"""


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ("", ["place", "lamp"]),
        (HIGH, ["height", "place", "lamp"]),
        (HIGH + "without_rules: [place]", ["height", "lamp"]),
    ],
)
def test_a_type_has_the_rules_of_what_it_extends(change: str, kept: list[str], tmp_path: Path) -> None:
    write(tmp_path, "desk", DESK + RULES)
    write(tmp_path, "standing-desk", STANDING + change)
    write(tmp_path, "tall-desk", "extends: standing-desk\n")
    (tmp_path / "compute" / "desk" / "desk.tf.j2").write_text(TEMPLATE, encoding="utf-8")
    with Pipeline([tmp_path]) as pipeline:
        for name in ("standing-desk", "tall-desk"):
            assert [rule.at for rule in pipeline.catalog.computes[name].rules] == kept


@pytest.mark.parametrize("own", ["", HIGH, HIGH + "without_rules: [place]"])
def test_a_fault_of_an_inherited_rule_stands_where_it_is(own: str, tmp_path: Path) -> None:
    text = DESK + RULES.replace("{const: true}", "{type: light}")
    for name, content in (("desk", text), ("standing-desk", STANDING + own), ("tall-desk", "extends: standing-desk\n")):
        write(tmp_path, name, content)
    with Pipeline([tmp_path]) as pipeline, pytest.raises(Rejected) as refusal:
        pipeline.catalog.computes["tall-desk"]
    line = text[: text.index("{type: light}")].count("\n") + 1
    places = {(finding.location.file, finding.location.line) for finding in refusal.value.findings}
    assert places == {(str(tmp_path / "compute" / "desk" / "blueprint.yaml"), line)}


@pytest.mark.parametrize("left_out", ["without_rules: [roof]", "without_rules: [[place]]"])
def test_a_rule_that_is_left_out_has_to_be_there(left_out: str, tmp_path: Path) -> None:
    write(tmp_path, "desk", DESK + RULES)
    write(tmp_path, "standing-desk", STANDING + left_out)
    with Pipeline([tmp_path]) as pipeline, pytest.raises(Rejected) as refusal:
        pipeline.catalog.computes["standing-desk"]
    assert [finding.path for finding in refusal.value.findings] == ["without_rules.0"]


def test_types_cannot_extend_each_other_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path, "desk", "extends: standing-desk\n")
    write(tmp_path, "standing-desk", STANDING)
    with Pipeline([tmp_path]) as pipeline, pytest.raises(Rejected) as refusal:
        pipeline.catalog.computes["desk"]
    assert [finding.rule for finding in refusal.value.findings] == ["blueprint-name"]
