"""What is wrong with the policies that a blueprint declares is told at their place in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from pathlib import Path

BLUEPRINT = """
summary: A box
service: sqs
terraform: aws_sqs_queue
fields:
  name: {type: string, pattern: "^[a-z]+$", description: Name, examples: [box]}
  key: {type: string, pattern: "^[a-z]+$", description: Key, examples: [key]}
  admit:
    type: array
    examples: [[{service: events.amazonaws.com}]]
    description: Who may send
    items: {type: object, required: [service], properties: {service: {type: string}}}
required: [name]
arns: {queue: "arn:${partition}:sqs:${region}:${account}:${name}"}
attributes: {name: "${name}"}
create:
  policies:
    - name: box
      carrier: aws_sqs_queue_policy.policy
      refers: {url: "aws_sqs_queue.${id}.url"}
      target: ${url}
      statements:
        - sid: Admit
          each: admit
          principals: {Service: ["${each.service}"]}
          actions: [sqs:SendMessage]
          resources: ["${arns.queue}"]
          conditions: {StringEquals: {aws:SourceAccount: ["${account}"]}}
          summary: a service that sends
  blocks:
    aws_sqs_queue.this: {arguments: {name: "${name}", sqs_managed_sse_enabled: "true"}}
    aws_sqs_queue_policy.this: {when: admit, arguments: {queue_url: "${aws_sqs_queue.this.url}"}, proven: [policy]}
access:
  send: {class: write, summary: send, allow: {queue: [sqs:SendMessage]}}
"""
TEMPLATE = """resource "aws_sqs_queue" {{ resource.id }} {
  name                    = {{ resource.name }}
  sqs_managed_sse_enabled = true
  tags                    = local.tags
}

{% if resource.policies.box is defined %}
data "aws_iam_policy_document" {{ resource.id }} {
{% for statement in resource.policies.box %}
{% include "statement.tf.j2" %}
{% endfor %}
}

resource "aws_sqs_queue_policy" {{ resource.id }} {
  queue_url = {{ ref("aws_sqs_queue", resource.id, "url") }}
  policy    = {{ ref("data.aws_iam_policy_document", resource.id, "json") }}
}
{% endif %}
"""
MANIFEST = """
version: 1
workload: app
compute: {type: ec2, ami: amazon-linux-2023, instance_type: t3.micro}
resources:
  it: {type: box, name: box, create: true, access: send, admit: [{service: events.amazonaws.com}]}
"""


def written(folder: Path, blueprint: str = BLUEPRINT, template: str = TEMPLATE) -> Path:
    (folder / "resources" / "box").mkdir(parents=True)
    (folder / "resources" / "box" / "blueprint.yaml").write_text(blueprint, encoding="utf-8")
    (folder / "resources" / "box" / "create.tf.j2").write_text(template, encoding="utf-8")
    return folder


def built(folder: Path, manifest: str = MANIFEST) -> Any:
    with Pipeline([folder]) as own:
        (workload,) = read_manifest(loads(manifest, "m.yaml"), own.catalog)
        return own.build(workload)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("sqs:SendMessage]\n          resources", "sqs:SendMesage]\n          resources", "blueprint-action"),
        ("each: admit", "each: name", "blueprint-name"),
        ("each: admit", "each: nobody", "blueprint-name"),
        ("each: admit", "when: nothing", "blueprint-name"),
        ('Service: ["${each.service}"]', 'Service: ["${each.server}"]', "blueprint-reference"),
        ("target: ${url}", "target: ${uri}", "blueprint-reference"),
        ("      statements:", "      document: {a: b}\n      statements:", "blueprint-policy"),
        ("carrier: aws_sqs_queue_policy.policy", "carrier: 7", "blueprint-type"),
    ],
)
def test_what_is_wrong_is_found_in_the_yaml(old: str, new: str, rule: str, tmp_path: Path) -> None:
    assert old in BLUEPRINT
    with pytest.raises(Rejected) as refusal:
        load_catalog((written(tmp_path, BLUEPRINT.replace(old, new)),)).resources["box"]
    assert rule in {one.rule for one in refusal.value.findings}


def test_a_policy_as_declared_is_proven_and_another_is_refused(tmp_path: Path) -> None:
    assert built(written(tmp_path / "good")).findings == ()
    wide = TEMPLATE.replace(
        '{% include "statement.tf.j2" %}',
        """
  statement {
    actions   = ["sqs:DeleteQueue"]
    resources = [{{ resource.arns.queue }}]
    principals {
      type        = "AWS"
      identifiers = ["999999999999"]
    }
  }
""",
    )
    found = built(written(tmp_path / "wide", template=wide))
    assert found.refused
    assert {one.rule for one in found.findings} >= {"proof-policy-of-resource"}
    without = TEMPLATE.partition("{% if")[0]
    assert built(written(tmp_path / "without", template=without)).refused


def test_a_field_that_is_left_out_is_no_traceback(tmp_path: Path) -> None:
    text = BLUEPRINT.replace('aws:SourceAccount: ["${account}"]', 'aws:SourceAccount: ["${key}"]')
    with pytest.raises(Rejected) as refusal:
        built(written(tmp_path, text))
    (one,) = refusal.value.findings
    assert (one.rule, one.path) == ("blueprint-policy", "resources.it")
    assert "key is left out" in one.message


def test_a_policy_without_a_statement_is_none(tmp_path: Path) -> None:
    folder = written(tmp_path)
    manifest = MANIFEST.replace(", admit: [{service: events.amazonaws.com}]", "")
    found = built(folder, manifest)
    assert found.findings == ()
    assert found.declaration.policies == ()
