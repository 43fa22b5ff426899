"""What docs/blueprints.md promises of fields, ARNs, scopes and agreements, seen in what a role may do."""

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

    from rolewright.pipeline import Built

SHELF = """
summary: A shelf
service: s3
terraform: aws_s3_bucket
fields:
  name: {type: string, pattern: "^[A-Za-z0-9-]+$", description: Name, examples: [Shelf]}
  books: {type: array, items: {type: string, pattern: "^[a-z]+$"}, description: Books, examples: [[atlas, novel]]}
  reader: {type: string, pattern: "^[a-z]+$", description: Reader, examples: [ann]}
  marks: {type: array, items: {type: string}, description: Marks, examples: [[a]]}
required: [name]
arns:
  bucket: arn:${partition}:s3:::${lower(name)}
  object: arn:${partition}:s3:::${lower(name)}/${books:-*}
  accesspoint: arn:${partition}:s3:${region}:${account}:accesspoint/${reader}
optional: [accesspoint]
attributes: {name: "${name}"}
create:
  policies:
    - name: house-rules
      carrier: aws_opensearchserverless_access_policy.policy
      target: data/${id}
      agreements: true
  blocks:
    aws_s3_bucket.this: {arguments: {bucket: shelf}}
    aws_opensearchserverless_access_policy.this: {arguments: {name: "${id}", type: data}, proven: [policy]}
access:
  look:
    class: read
    summary: look
    allow: {object: [s3:GetObject], accesspoint: [s3:GetAccessPointPolicy]}
  walk:
    class: read
    summary: walk
    allow: {bucket: [s3:ListBucket]}
    scope: [{actions: [s3:ListBucket], conditions: {StringEquals: {"s3:prefix": ["${reader}"]}}}]
  all:
    class: read
    summary: everything
    allow: {bucket: [s3:ListBucketVersions]}
scope:
  marks:
    - actions: [s3:GetObject]
      arns: [object]
      conditions: {"ForAnyValue:StringEquals": {"s3:ExistingObjectTag/mark": ["${marks}"]}}
    - {excludes: [all], because: a walk shows every book}
agreements:
  - to: house rules
    verbs: [look]
    document: {Who: "${role}", What: ["${arns.object}"], Quiet: true}
"""
CREATE = """resource "aws_s3_bucket" {{ resource.id }} {
  bucket = "shelf"
  tags   = local.tags
}

resource "aws_opensearchserverless_access_policy" {{ resource.id }} {
  name   = {{ resource.id }}
  type   = "data"
  policy = jsonencode({{ resource.agreements }})
}
"""
GAUGE = """
summary: A gauge
service: cloudwatch
fields: {space: {type: string, description: Space, examples: [app]}}
required: []
access:
  put:
    class: write
    summary: put
    allow: {"*": [cloudwatch:PutMetricData]}
    scope: [{actions: [cloudwatch:PutMetricData], conditions: {StringEquals: {cloudwatch:namespace: ["${space}"]}}}]
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    folder: Path = tmp_path_factory.mktemp("team")
    for name, text in (("shelf", SHELF), ("gauge", GAUGE)):
        (folder / "resources" / name).mkdir(parents=True)
        (folder / "resources" / name / "blueprint.yaml").write_text(text, encoding="utf-8")
    (folder / "resources" / "shelf" / "create.tf.j2").write_text(CREATE, encoding="utf-8")
    with Pipeline([folder]) as opened:
        yield opened


def build(pipeline: Pipeline, entry: dict[str, Any], **more: Any) -> Built:
    manifest = {
        "version": 1,
        "workload": "library",
        "compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
        "resources": {"it": entry},
        **more,
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == ()
    return built


def allowed(built: Built) -> set[str]:
    lines = built.module.files["access.lock"].splitlines()
    return {line.replace("instance allow ", "") for line in lines if " allow " in line}


def refused(pipeline: Pipeline, entry: dict[str, Any], **more: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(Rejected) as refusal:
        build(pipeline, entry, **more)
    return [(f.rule, f.message, f.remedy) for f in refusal.value.findings]


def test_a_default_stands_for_a_field_that_is_left_out(pipeline: Pipeline) -> None:
    built = build(pipeline, {"type": "shelf", "name": "Shelf", "access": "look"})
    assert allowed(built) == {"s3:GetObject on arn:aws:s3:::shelf/*"}


def test_a_list_grants_on_each_entry_and_no_other(pipeline: Pipeline) -> None:
    built = build(pipeline, {"type": "shelf", "name": "Shelf", "books": ["atlas", "novel"], "access": "look"})
    assert allowed(built) == {"s3:GetObject on arn:aws:s3:::shelf/atlas", "s3:GetObject on arn:aws:s3:::shelf/novel"}


def test_an_optional_arn_is_granted_where_its_field_is_given(pipeline: Pipeline) -> None:
    built = build(pipeline, {"type": "shelf", "name": "Shelf", "reader": "ann", "access": "look"})
    assert "s3:GetAccessPointPolicy on arn:aws:s3:REGION:ACCOUNT:accesspoint/ann" in allowed(built)


def test_a_verb_s_own_condition_holds(pipeline: Pipeline) -> None:
    built = build(pipeline, {"type": "shelf", "name": "Shelf", "reader": "ann", "access": "walk"})
    assert allowed(built) == {"s3:ListBucket on arn:aws:s3:::shelf if StringEquals s3:prefix ann"}


def test_a_verb_whose_field_is_left_out_is_refused(pipeline: Pipeline) -> None:
    ((rule, message, remedy),) = refused(pipeline, {"type": "shelf", "name": "Shelf", "access": "walk"})
    assert rule == "access-field"
    assert "`walk` needs `reader`" in message
    assert remedy == "add `reader`: Reader"


def test_a_type_without_arns_takes_none(pipeline: Pipeline) -> None:
    built = build(pipeline, {"type": "gauge", "space": "app", "access": "put"})
    assert allowed(built) == {"cloudwatch:PutMetricData on * if StringEquals cloudwatch:namespace app"}
    assert {rule for rule, _, _ in refused(pipeline, {"type": "gauge", "access": "put"})} == {"access-field"}
    entry = {"type": "gauge", "arn": "arn:aws:cloudwatch:us-east-1:123456789012:x", "space": "a", "access": "put"}
    assert {rule for rule, _, _ in refused(pipeline, entry)} == {"manifest-unknown-key"}


def test_a_type_that_no_module_makes_is_not_created(pipeline: Pipeline) -> None:
    ((rule, _, remedy),) = refused(pipeline, {"type": "gauge", "create": True, "space": "a", "access": "put"})
    assert rule == "manifest-value"
    assert "cannot create this type" in remedy


def test_a_field_narrows_its_actions_and_excludes_what_it_cannot(pipeline: Pipeline) -> None:
    entry = {"type": "shelf", "name": "Shelf", "marks": ["red", "blue"], "reader": "ann", "access": "look"}
    assert allowed(build(pipeline, entry)) == {
        "s3:GetObject on arn:aws:s3:::shelf/* if ForAnyValue:StringEquals s3:ExistingObjectTag/mark blue | red",
        "s3:GetAccessPointPolicy on arn:aws:s3:REGION:ACCOUNT:accesspoint/ann",
    }
    ((rule, message, _),) = refused(pipeline, {**entry, "access": ["look", "all"]})
    assert rule == "access-scope"
    assert "`marks` cannot limit `all`: a walk shows every book" in message


ENVIRONMENTS = {
    "dev": {"account": "111111111111", "region": "us-east-1"},
    "prod": {
        "account": "222222222222",
        "region": "eu-west-1",
        "resources": {"it": {"books": ["atlas", "poem"], "name": "Big"}},
    },
}


def test_an_environment_changes_entries_of_a_list(pipeline: Pipeline) -> None:
    entry = {"type": "shelf", "name": "Shelf", "books": ["atlas", "novel"], "access": "look"}
    built = build(pipeline, entry, environments=ENVIRONMENTS)
    lines = built.module.files["access.lock"].splitlines()
    assert [line for line in lines if " allow " in line] == [
        "dev instance allow s3:GetObject on arn:aws:s3:::shelf/atlas",
        "dev instance allow s3:GetObject on arn:aws:s3:::shelf/novel",
        "prod instance allow s3:GetObject on arn:aws:s3:::big/atlas",
        "prod instance allow s3:GetObject on arn:aws:s3:::big/poem",
    ]
    assert '"arn:${local.partition}:s3:::${lower(var.it_name)}/atlas"' in built.module.files["roles.tf"]
    assert 'it_books_1 = "poem"' in built.module.files["environments/prod.tfvars"].replace("  ", " ")


def test_an_environment_cannot_add_an_entry(pipeline: Pipeline) -> None:
    entry = {"type": "shelf", "name": "Shelf", "books": ["atlas"], "access": "look"}
    assert {rule for rule, _, _ in refused(pipeline, entry, environments=ENVIRONMENTS)} == {"environment-override"}


def test_an_agreement_is_handed_over_or_part_of_what_the_module_makes(pipeline: Pipeline) -> None:
    handed = build(pipeline, {"type": "shelf", "name": "Shelf", "books": ["atlas", "novel"], "access": "look"})
    (one,) = handed.declaration.required_policies
    assert one.to == "house rules"
    readme = handed.module.files["README.md"]
    shown = json.loads(readme.split("```json\n")[1].split("```")[0])
    assert shown == {
        "Who": "arn:aws:iam::ACCOUNT:role/library-instance",
        "What": ["arn:aws:s3:::shelf/atlas", "arn:aws:s3:::shelf/novel"],
        "Quiet": True,
    }
    none = build(pipeline, {"type": "shelf", "name": "Shelf", "reader": "ann", "access": "walk"})
    assert none.declaration.required_policies == ()


def test_a_created_resource_takes_its_agreements(pipeline: Pipeline) -> None:
    made = build(pipeline, {"type": "shelf", "name": "Shelf", "create": True, "access": "look"})
    assert made.declaration.required_policies == ()
    assert "aws_iam_role.instance.arn" in made.module.files["resources.tf"]


def test_a_reference_to_nothing_is_the_only_finding_about_it(pipeline: Pipeline) -> None:
    entry = {"type": "shelf", "name": "${lower(workload)}", "access": "look"}
    ((rule, _, remedy),) = refused(pipeline, entry)
    assert rule == "manifest-interpolation"
    assert "did you mean ${workload}?" in remedy


def test_what_follows_from_a_field_may_need_another(tmp_path: Path) -> None:
    text = (
        GAUGE
        + 'companions: {space: [{sid: Key, verbs: [put], actions: [kms:Decrypt], resources: ["${key}"], summary: x}]}\n'
    )
    key = "key: {type: string, pattern: '^arn:aws:[a-z:]+$', description: Its key, examples: ['arn:aws:kms']}"
    text = text.replace("fields: {", f"fields: {{{key}, ")
    (tmp_path / "resources" / "gauge").mkdir(parents=True)
    (tmp_path / "resources" / "gauge" / "blueprint.yaml").write_text(text, encoding="utf-8")
    with Pipeline([tmp_path]) as own:
        ((rule, message, remedy),) = refused(own, {"type": "gauge", "space": "app", "access": "put"})
    assert (rule, remedy) == ("access-field", "add `key`: Its key")
    assert "needs `key`" in message
