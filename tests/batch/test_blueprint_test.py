"""`rolewright blueprint test`: the built-in types pass, the documentation's example does, broken ones do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cases import Cases, shared
from command_line import rolewright
from rolewright.batch.blueprint_test import try_blueprint
from rolewright.blueprint import load_catalog
from rolewright.core.model import Workload
from rolewright.pipeline import Pipeline

ROOT = Path(__file__).parent.parent.parent
CATALOG = load_catalog()
BUILT_IN = {
    f"{kind}/{name}": file
    for kind, found in (("compute", CATALOG.computes), ("resources", CATALOG.resources))
    for name, file in found.files.items()
}
PAGE = (ROOT / "docs" / "blueprints.md").read_text(encoding="utf-8")
DOCUMENTED, *COMPUTES = re.findall(r"^```yaml\n(summary: .*?)```", PAGE, re.DOTALL | re.M)
TEMPLATES = re.findall(r"^```\n(resource .*?)```", PAGE, re.DOTALL | re.M)
MANIFEST = re.findall(r"^```yaml\n(version: .*?)```", PAGE, re.DOTALL | re.M)[0]


class Share:
    """Stands in for the pipeline: builds a share of what it is given, and finds nothing in the rest."""

    def __init__(self, pipeline: Pipeline, cases: Cases) -> None:
        self.catalog = pipeline.catalog
        self._pipeline = pipeline
        self._cases = cases
        self._asked = 0

    def build(self, workload: Workload) -> Any:
        self._asked += 1
        taken = self._cases.takes(self._asked - 1, 0.15)
        return self._pipeline.build(workload) if taken else SimpleNamespace(findings=(), proofs=())


@pytest.mark.parametrize("name", shared(BUILT_IN, 0.2))
def test_a_built_in_type_passes(name: str, pipeline: Pipeline, cases: Cases) -> None:
    trial = try_blueprint(cast("Pipeline", Share(pipeline, cases)), BUILT_IN[name])
    assert not trial.findings, "\n".join(f"{f.location} {f.rule}: {f.message}" for f in trial.findings)
    assert trial.manifests >= 1


def place(folder: Path, text: str, template: str = "") -> Path:
    file = folder / "resources" / "video-store" / "blueprint.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    if template:
        (file.parent / "create.tf.j2").write_text(template, encoding="utf-8")
    return file


def test_the_documentation_s_blueprint_passes_and_works_in_a_manifest(tmp_path: Path) -> None:
    place(tmp_path / "team", DOCUMENTED)
    tested = rolewright("blueprint", "test", "team", cwd=tmp_path)
    assert tested.returncode == 0, tested.stderr
    (tmp_path / "camera.yaml").write_text(MANIFEST, encoding="utf-8")
    done = rolewright("render", "--blueprints", "team", "camera.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lock = (tmp_path / "output" / "camera" / "access.lock").read_text(encoding="utf-8")
    assert {line for line in lock.splitlines() if "kinesisvideo" in line} == {
        f"dev instance allow kinesisvideo:{action} on arn:aws:kinesisvideo:eu-west-1:123456789012:stream/door/*"
        for action in ("GetDataEndpoint", "GetMedia")
    }


BLOCKS = (
    '  blocks:\n    aws_kinesis_video_stream.this: {arguments: {name: "${name}"}, free: [data_retention_in_hours]}\n'
)
RETENTION = "  fields: {data_retention_in_hours: {type: integer, minimum: 1, description: Hours that it is kept}}\n"
CREATED = "terraform: aws_kinesis_video_stream\ncreate:\n  attributes: {name: name, arn: arn}\n" + BLOCKS + DOCUMENTED
TEMPLATE = """resource "aws_kinesis_video_stream" {{ resource.id }} {
  name = {{ resource.name }}
  tags = local.tags
}
"""


def test_the_documentation_s_template_passes(tmp_path: Path) -> None:
    file = place(tmp_path, CREATED.replace("  attributes:", RETENTION + "  attributes:"), TEMPLATES[0])
    with Pipeline([tmp_path]) as own:
        assert not try_blueprint(own, file).findings


def test_the_documentation_s_compute_type_passes(tmp_path: Path) -> None:
    (service,) = [text for text in COMPUTES if "App Runner" in text]
    file = tmp_path / "compute" / "web-service" / "blueprint.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(service, encoding="utf-8")
    (file.parent / "web-service.tf.j2").write_text(TEMPLATES[1], encoding="utf-8")
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    assert not trial.findings
    assert trial.not_applied == {"aws_apprunner_service"}


def test_what_a_module_makes_is_tried_too(pipeline: Pipeline, tmp_path: Path) -> None:
    file = place(tmp_path, CREATED, TEMPLATE)
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    assert not trial.findings
    assert trial.not_applied == {"aws_kinesis_video_stream"}


NESTED = "".join(f"{{% for v{n} in resource.arns.stream.parts %}}" for n in range(15)) + "{% endfor %}" * 15
DOUBLED = (
    "{% macro more(text, n) %}{% if n %}{{ more(text ~ text, n - 1) }}{% endif %}{% endmacro %}{{ more('xx', 60) }}"
)
REPLACED = "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a | replace('x', a) %}" * 12


@dataclass(frozen=True)
class Broken:
    name: str
    old: str
    new: str
    rule: str
    near: str
    """Text in the line that the finding points at."""


ALLOW = "allow: {stream: [kinesisvideo:GetD"
PATTERN = '    pattern: "^[A-Za-z0-9_.-]{1,256}$"\n'
LAST = "  read-write: {of: [read, write]}\n"
SENT = "    summary: send video\n"
SCOPE = "    scope: [{actions: [kinesisvideo:PutMedia], conditions: {StringEquals: {s3:prefix: [a]}}}]\n"
COMPANION = """companions:
  created:
    - {sid: Use, verbs: [watch], actions: [kms:Decrypt], resources: ["arn:aws:kms:${region}:${account}:keys/a"],
       summary: a slip}
"""
MADE = "create: {arns: {strm: arn}}\n"
BROKEN = [
    Broken("unknown key", "summary: A", "sumary: A", "blueprint-unknown-key", "sumary"),
    Broken("unknown action", "kinesisvideo:GetMedia]", "kinesisvideo:GetMedea]", "blueprint-action", "GetMedea"),
    Broken("wildcard action", "kinesisvideo:GetMedia]", "kinesisvideo:Get*]", "blueprint-action", "Get*"),
    Broken("action of another ARN", "kinesisvideo:GetMedia]", "kinesisvideo:ListStreams]", "blueprint-arn", "ListS"),
    Broken("star too many", ALLOW, ALLOW.replace("stream", '"*"'), "blueprint-star", '"*"'),
    Broken("ARN that is none", ALLOW, ALLOW.replace("stream", "strm"), "blueprint-verb", "strm"),
    Broken("not IAM's class", "    because: the end", "    # the end", "blueprint-class", "GetDataEndpoint"),
    Broken("verb of nothing", "of: [record]", "of: [recrd]", "blueprint-verb", "recrd"),
    Broken("verbs in a circle", "read: {of: [watch]}", "read: {of: [read-write]}", "blueprint-verb", "read-write"),
    Broken("reference to nothing", "stream/${name}", "stream/${nam}", "blueprint-reference", "${nam}"),
    Broken("example that does not fit", "[door-camera]", '["door camera!"]', "blueprint-field", "door camera!"),
    Broken("no value to try", '    examples: ["1700000000000"]\n', "", "blueprint-field", "created:"),
    Broken("required field that is none", "required: [name]", "required: [nme]", "blueprint-name", "nme"),
    Broken("no schema", "string\n    pattern: \"^[0-9]", "strng\n    pattern: \"^[0-9]", "blueprint-field", "created:"),
    Broken("no description", "    description: Stream name\n", "", "blueprint-field", "name:"),
    Broken("field that takes a star", '{1,256}$"', '{1,255}[*]?$"', "blueprint-wildcard", "name:"),
    Broken("field that takes anything", PATTERN, "", "blueprint-wildcard", "name:"),
    Broken("ARN that ends open", "/${created:-*}", "*", "blueprint-wildcard", "stream: arn"),
    Broken("ARN of no form", ":stream/${name}", ":streams/${name}", "blueprint-arn", "stream: arn"),
    Broken("ARN of another service", "}:kinesisvideo:", "}:kinesis:", "blueprint-arn", "stream: arn"),
    Broken("companion on no ARN", LAST, LAST + COMPANION, "blueprint-arn", "kms:Decrypt"),
    Broken("ARN that is not made", LAST, LAST + MADE, "blueprint-name", "strm"),
    Broken("attribute that is not made", LAST, LAST + MADE.replace("arns", "attributes"), "blueprint-name", "strm"),
    Broken("key that AWS does not send", SENT, SENT + SCOPE, "blueprint-condition", "s3:prefix"),
    Broken("service that is none", "service: kinesisvideo ", "service: kinesisvid ", "blueprint-action", "service:"),
    Broken("two documents", LAST, LAST + "---\nmore: true\n", "blueprint-document", "more: true"),
    Broken("no YAML", "fields:    ", "fields: [", "source-syntax", ""),
]  # fmt: skip


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_a_broken_blueprint_is_a_finding_at_its_place(case: Broken, tmp_path: Path) -> None:
    assert case.old in DOCUMENTED
    file = place(tmp_path, DOCUMENTED.replace(case.old, case.new, 1))
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    found = [f for f in trial.findings if f.rule == case.rule]
    assert found, [(f.rule, f.message) for f in trial.findings]
    lines = file.read_text(encoding="utf-8").splitlines()
    assert any(case.near in lines[f.location.line - 1] for f in found)
    assert all(f.remedy and f.location.file == str(file) for f in found)


@pytest.mark.parametrize(
    ("template", "rule", "where"),
    shared(
        [
            (TEMPLATE.replace("resource.name", "resource.nam"), "blueprint-template", "create.tf.j2"),
            (TEMPLATE.replace("{{ resource.name }}", "{{ resource.name }"), "blueprint-template", "create.tf.j2"),
            (TEMPLATE.replace("  name =", "  nam ="), "provider-unknown-argument", "blueprint.yaml"),
            (TEMPLATE.replace("{{ resource.name }}", '{{ ref("aws_s3_bucket.none.id") }}'), "", "blueprint.yaml"),
            (TEMPLATE + '{% include "/etc/passwd" %}', "blueprint-template", "create.tf.j2"),
            (TEMPLATE + "{% for n in range(1000000000) %}x{% endfor %}", "blueprint-template", "create.tf.j2"),
            (TEMPLATE + NESTED, "blueprint-template", "create.tf.j2"),
            (TEMPLATE + DOUBLED, "blueprint-template", "create.tf.j2"),
            (TEMPLATE + REPLACED, "blueprint-template", "create.tf.j2"),
            (
                TEMPLATE + 'resource "aws_iam_user" "more" {\n  name = "more"\n}\n',
                "proof-role",
                "blueprint.yaml",
            ),
            (
                TEMPLATE + 'resource "aws_kms_alias" "more" {\n  target_key_id = "more"\n}\n',
                "proof-block",
                "blueprint.yaml",
            ),
            (TEMPLATE.replace("  tags", '  kms_key_id = "other"\n  tags'), "proof-block", "blueprint.yaml"),
            (TEMPLATE.replace("{{ resource.name }}", '"other"'), "proof-block", "blueprint.yaml"),
        ],
        0.6,
    ),
    ids=[
        "field",
        "syntax",
        "argument",
        "reference",
        "file",
        "loop",
        "nested",
        "doubled",
        "replaced",
        "identity",
        "block",
        "argument",
        "value",
    ],
)
def test_a_broken_template_is_a_finding(template: str, rule: str, where: str, tmp_path: Path) -> None:
    file = place(tmp_path, CREATED, template)
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    found = [f for f in trial.findings if f.rule == rule or not rule]
    assert found, [(f.rule, f.message) for f in trial.findings]
    assert all(f.location.file == str(file.parent / where) for f in found)


def test_a_block_is_found_with_what_to_write(tmp_path: Path) -> None:
    file = place(tmp_path, CREATED.replace(BLOCKS, ""), TEMPLATE)
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    (found,) = [f for f in trial.findings if f.rule == "proof-block"]
    assert '{"aws_kinesis_video_stream.this": {"free": ["name", "tags"]}}' in found.remedy


@pytest.mark.parametrize(
    ("old", "new", "near", "told"),
    [
        ("  attributes: {name: name, arn: arn}", "  arns: {stream: id_of_it}", "arns: {stream:", "It has arn, "),
        ('{name: "${name}"}', "{name: other}", "aws_kinesis_video_stream.this:", "declaration under `blocks`"),
    ],
    ids=["attribute", "value"],
)
def test_what_is_made_is_blamed_where_it_is_declared(old: str, new: str, near: str, told: str, tmp_path: Path) -> None:
    file = place(tmp_path, CREATED.replace(old, new), TEMPLATE)
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert {near in lines[found.location.line - 1] for found in trial.findings} == {True}
    assert all(told in found.remedy for found in trial.findings)


def test_quotes_around_a_label_are_told(tmp_path: Path) -> None:
    quoted = TEMPLATE.replace("{{ resource.id }}", '"{{ resource.id }}"')
    file = place(tmp_path, CREATED, quoted)
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    (found,) = [f for f in trial.findings if f.rule == "provider-block-shape"]
    assert "without quotes" in found.remedy


def test_what_is_refused_for_another_reason_breaks_no_rule(tmp_path: Path) -> None:
    key = "  kms_key: {type: string, description: Key, examples: ['arn:aws:kms:eu-west-1:123456789012:key/a']}\n"
    use = (
        "companions:\n  kms_key:\n    - {sid: Use, verbs: [watch], actions: [kms:Decrypt], "
        'resources: ["${kms_key}"], summary: it is encrypted}\n'
    )
    text = DOCUMENTED.replace("required: [name]", key + "required: [name]") + use
    text = text.replace("description: Key", 'pattern: "^arn:[a-z0-9:/-]+$", description: Key')
    file = place(tmp_path, text)
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    assert {found.rule for found in trial.findings} == {"companion-region"}


def test_a_broken_compute_type_is_not_what_a_resource_is_tried_in(tmp_path: Path) -> None:
    file = place(tmp_path, DOCUMENTED)
    broken = tmp_path / "compute" / "a-first" / "blueprint.yaml"
    broken.parent.mkdir(parents=True)
    broken.write_text("summary: Nothing that works\n", encoding="utf-8")
    with Pipeline([tmp_path]) as own:
        assert not try_blueprint(own, file).findings
        assert try_blueprint(own, broken).findings


def test_a_block_that_names_nothing_is_found(tmp_path: Path) -> None:
    file = place(tmp_path, CREATED.replace('{name: "${name}"}', '{name: "${nam}"}'), TEMPLATE)
    with Pipeline([tmp_path]) as own:
        trial = try_blueprint(own, file)
    (found,) = trial.findings
    assert found.rule == "blueprint-reference"
    assert "aws_kinesis_video_stream.this" in file.read_text(encoding="utf-8").splitlines()[found.location.line - 1]


def test_every_page_of_the_documentation_is_current(tmp_path: Path) -> None:
    rolewright("blueprint", "docs", "-o", tmp_path / "types", cwd=tmp_path)
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "types").iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "types").iterdir()}
    assert made == kept, "run: rolewright blueprint docs"


def test_only_what_a_manifest_names_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rolewright.blueprint import catalog as module
    from rolewright.manifest.read import read_manifest
    from rolewright.yaml.load import load, loads

    read: list[str] = []

    def counted(path: Path) -> object:
        read.append(path.parent.name)
        return load(path)

    monkeypatch.setattr(module, "load", counted)
    text = (
        "version: 1\nworkload: one-of-many\n"
        "compute: {type: ec2, ami: amazon-linux-2023, instance_type: t3.micro}\n"
        "resources:\n  data: {type: s3-bucket, name: some-data, access: get}\n"
    )
    read_manifest(loads(text, "m.yaml"), load_catalog([tmp_path]))  # the built-in ones alone may have been read before
    assert read == ["ec2", "s3-bucket"]


@pytest.mark.parametrize("service", shared(["sqs", "kinesisvideo", "xray", "dynamodb", "textract", "kms"], 0.5))
def test_a_new_blueprint_passes_as_it_is_and_is_never_overwritten(service: str, tmp_path: Path) -> None:
    done = rolewright("blueprint", "new", "my-type", "--service", service, "-o", "team", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    tested = rolewright("blueprint", "test", "team", cwd=tmp_path)
    assert tested.returncode == 0, tested.stderr
    again = rolewright("blueprint", "new", "my-type", "--service", "s3", "-o", "team", cwd=tmp_path)
    assert again.returncode == 2
    text = (tmp_path / "team" / "resources" / "my-type" / "blueprint.yaml").read_text(encoding="utf-8")
    assert f"service: {service}\n" in text
