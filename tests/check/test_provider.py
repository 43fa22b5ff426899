"""The provider check against the real thing: `terraform validate` judges the same mutated blocks."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from cases import Cases, shared
from rolewright.check.provider import check_provider
from rolewright.core.finding import Severity
from rolewright.data import provider
from rolewright.hcl.syntax import (
    Attribute,
    Block,
    List,
    Literal,
    Map,
    Opaque,
    ParsedModule,
    Template,
    Traversal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from real_terraform import Terraform
    from rolewright.core.finding import Finding
    from rolewright.hcl.syntax import Expression

FILE = "main.tf"
# The provider's own code refuses some combinations ("one of `a,b` must be specified"); no schema tells.
OUTSIDE_THE_SCHEMA = "must be specified"
SPARE = 1  # how many arguments that a base does not use are tried: all would take terraform minutes
VERSIONS = """terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "5.100.0" }
  }
}
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_requesting_account_id  = true
}
"""
POLICY = '{"Version":"2012-10-17","Statement":[]}'
LAYER = "arn:aws:lambda:eu-west-1:123456789012:layer:l:1"
ARN = "arn:aws:iam::123456789012:role/r"

# A valid block of each type: a dict is a nested block, a list of dicts several, {"=": …} a map.
BASES: dict[str, dict[str, Any]] = {
    "resource/aws_s3_bucket": {"bucket": "example", "force_destroy": True},
    "resource/aws_s3_bucket_versioning": {"bucket": "b", "versioning_configuration": {"status": "Enabled"}},
    "resource/aws_s3_bucket_lifecycle_configuration": {
        "bucket": "b",
        "rule": {"id": "x", "status": "Enabled", "filter": {"prefix": "a/"}, "expiration": {"days": 7}},
    },
    "resource/aws_s3_bucket_server_side_encryption_configuration": {
        "bucket": "b",
        "rule": {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}},
    },
    "resource/aws_s3_bucket_public_access_block": {"bucket": "b", "block_public_acls": True},
    "resource/aws_lambda_function": {
        "function_name": "f",
        "role": ARN,
        "filename": "f.zip",
        "handler": "a.b",
        "runtime": "python3.12",
        "memory_size": 256,
        "environment": {"variables": {"=": {"A": "b"}}},
        "tracing_config": {"mode": "Active"},
    },
    "resource/aws_ecs_task_definition": {
        "family": "f",
        "container_definitions": "[]",
        "requires_compatibilities": ["FARGATE"],
        "runtime_platform": {"cpu_architecture": "ARM64"},
        "volume": [{"name": "v"}],
    },
    "resource/aws_ecs_service": {
        "name": "s",
        "task_definition": "t",
        "network_configuration": {"subnets": ["subnet-1"], "assign_public_ip": False},
        "deployment_circuit_breaker": {"enable": True, "rollback": True},
    },
    "resource/aws_iam_role": {"name": "r", "assume_role_policy": POLICY, "max_session_duration": 3600},
    "resource/aws_iam_role_policy": {"name": "p", "role": "r", "policy": POLICY},
    "resource/aws_iam_role_policies_exclusive": {"role_name": "r", "policy_names": ["p"]},
    "resource/aws_iam_policy": {"name": "p", "policy": POLICY, "tags": {"=": {"a": "b"}}},
    "resource/aws_instance": {
        "ami": "ami-12345678",
        "instance_type": "t4g.micro",
        "vpc_security_group_ids": ["sg-1"],
        "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
        "root_block_device": {"encrypted": True, "volume_size": 8},
    },
    "resource/aws_dynamodb_table": {
        "name": "table",
        "billing_mode": "PAY_PER_REQUEST",
        "hash_key": "id",
        "attribute": [{"name": "id", "type": "S"}],
        "point_in_time_recovery": {"enabled": True},
        "server_side_encryption": {"enabled": True},
    },
    "resource/aws_sqs_queue": {"name": "q", "sqs_managed_sse_enabled": True, "delay_seconds": 0},
    "resource/aws_sns_topic": {"name": "t", "tags": {"=": {"a": "b"}}},
    "resource/aws_kms_key": {"description": "d", "enable_key_rotation": True},
    "resource/aws_secretsmanager_secret": {"name": "s", "recovery_window_in_days": 7},
    "resource/aws_ssm_parameter": {"name": "/a", "type": "String", "value": "v"},
    "resource/aws_cloudwatch_log_group": {"name": "g", "retention_in_days": 14},
    "resource/aws_security_group": {
        "name": "g",
        "egress": {"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]},
        "timeouts": {"create": "5m"},
    },
    "data/aws_iam_policy_document": {
        "statement": {
            "sid": "A",
            "actions": ["s3:GetObject"],
            "resources": ["*"],
            "principals": {"type": "Service", "identifiers": ["lambda.amazonaws.com"]},
            "condition": {"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]},
        }
    },
    "data/aws_service_principal": {"service_name": "s3"},
    "data/aws_caller_identity": {},
}


@dataclass(frozen=True)
class Mutant:
    """A block that is wrong in one way, or right: `what` tells."""

    what: str
    block: Block


def expression(value: Any) -> Expression:
    if isinstance(value, list):
        return List(tuple(expression(item) for item in value))
    if isinstance(value, dict):
        return Map(tuple((Literal(key), expression(item)) for key, item in value["="].items()))
    return Literal(value)


def is_block(value: Any) -> bool:
    inner = value[0] if isinstance(value, list) and value else value
    return isinstance(inner, dict) and "=" not in inner


def block(type_: str, labels: tuple[str, ...], content: Mapping[str, Any]) -> Block:
    attributes = {n: Attribute(n, expression(v), 1) for n, v in content.items() if not is_block(v)}
    nested = tuple(
        block(name, (), inner)
        for name, value in content.items()
        if is_block(value)
        for inner in (value if isinstance(value, list) else [value])
    )
    return Block(type_, labels, attributes, nested, FILE, 1)


def written(value: Expression) -> str:
    match value:
        case Literal(None):
            return "null"
        case Literal(inner):
            return json.dumps(inner)
        case List(items):
            return "[" + ", ".join(map(written, items)) + "]"
        case Map(items):
            return "{ " + ", ".join(f"{written(k)} = {written(v)}" for k, v in items) + " }"
        case Traversal(path):
            keys = ("a",)  # a traversal does not tell x["a"] from x.a; Terraform does, of an instance
            return str(path[0]) + "".join(
                f"[{json.dumps(s)}]" if isinstance(s, int) or s in keys else f".{s}" for s in path[1:]
            )
        case Template(parts):
            inner_text = "".join(p if isinstance(p, str) else "${" + written(p) + "}" for p in parts)
            return f'"{inner_text}"'
        case _:
            raise NotImplementedError(value)


def place(unplaced: Block, lines: list[str], indent: str = "") -> Block:
    """Append a block's HCL to `lines`, and return the block as read back from there."""
    labels = "".join(f' "{label}"' for label in unplaced.labels)
    lines.append(f"{indent}{unplaced.type}{labels} {{")
    line = len(lines)
    attributes = {}
    for name, attribute in unplaced.attributes.items():
        lines.append(f"{indent}  {name} = {written(attribute.expression)}")
        attributes[name] = replace(attribute, line=len(lines))
    nested = tuple(place(inner, lines, f"{indent}  ") for inner in unplaced.blocks)
    lines.append(f"{indent}}}")
    return replace(unplaced, attributes=attributes, blocks=nested, line=line)


def without(source: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in source.items() if name not in names}


def wrong_values(type_: Any) -> Iterator[Any]:
    kind = type_ if isinstance(type_, str) else type_[0]
    wrong: dict[str, list[Any]] = {
        "string": [["a"], {"=": {"a": "b"}}],
        "number": ["many", True, [1]],
        "bool": ["maybe", 3, [True]],
        "list": ["a", 1],
        "set": ["a", 1],
        "map": ["a", ["b"], {"=": {"a": ["b"]}}],
    }
    yield from wrong.get(kind, [])


def mutations(base: Mapping[str, Any], schema: provider.TypeSchema) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "as it is", dict(base)
    yield "an unknown argument", {**base, "no_such_argument": "x"}
    yield "an unknown block", {**base, "no_such_block": {"a": "b"}}
    for name, value in base.items():
        yield f"{name} renamed", {**without(base, name), f"{name}x": value}
        yield f"{name} dropped", without(base, name)
        yield f"{name} null", {**base, name: None}
    some = {*sorted(schema.attributes.keys() - base.keys())[:SPARE], *base}
    for name in sorted(some & schema.attributes.keys()):
        attribute = schema.attributes[name]
        if not attribute.settable:
            yield f"computed {name} set", {**base, name: "x"}
            continue
        if name not in base:
            yield f"{name} written as a block", {**base, name: {"a": "b"}}
            yield f"{name} null", {**base, name: None}
        for wrong in list(wrong_values(attribute.type))[: None if name in base else 1]:
            yield f"{name} = {wrong}", {**base, name: wrong}
    spare_blocks = {*sorted(schema.blocks.keys() - base.keys())[:SPARE], *base}
    for name in sorted(spare_blocks & schema.blocks.keys()):
        nested = schema.blocks[name]
        yield f"{name} written as an argument", {**without(base, name), name: "x"}
        yield f"{name} written as a list", {**without(base, name), name: [{"=": {"a": "b"}}]}
        yield f"{name} with an unknown argument", {**base, name: {"no_such": 1}}
        if name in base and nested.at_most == 1:
            yield f"{name} twice", {**base, name: [base[name], base[name]]}
    for name, value in base.items():
        if isinstance(value, dict) and "=" not in value and name in schema.blocks:
            for what, changed in mutations(value, schema.blocks[name].content):
                yield f"{name}: {what}", {**base, name: changed}


def mutants() -> Iterator[Mutant]:
    for address, base in BASES.items():
        kind, type_ = address.split("/")
        schema = provider.schema(5, kind, type_)
        assert schema is not None
        for number, (what, content) in enumerate(mutations(base, schema)):
            yield Mutant(f"{address}: {what}", block(kind, (type_, f"m{number}"), content))
        yield Mutant(f"{address}: of an unknown type", block(kind, (f"{type_}x", "m"), base))


def module_of(blocks: list[Block]) -> tuple[ParsedModule, str]:
    lines: list[str] = []
    placed = tuple(place(unplaced, lines) for unplaced in blocks)
    text = "\n".join(lines) + "\n"
    return ParsedModule({FILE: text}, placed, {}), text


@pytest.fixture(scope="module")
def root(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root module with the provider in place: `init` refuses most of what the tests then write."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "versions.tf").write_text(VERSIONS)
    terraform.run(folder, "init", "-input=false")
    return folder


def validate(folder: Path, text: str) -> list[dict[str, Any]]:
    (folder / FILE).write_text(text)
    result = subprocess.run(["terraform", "validate", "-json"], cwd=folder, capture_output=True, check=False)
    diagnostics: list[dict[str, Any]] = json.loads(result.stdout)["diagnostics"]
    return diagnostics


def of_major_5(findings: tuple[Finding, ...]) -> list[Finding]:
    return [f for f in findings if "(AWS provider 6" not in f.message]


def change_of(mutant: Mutant) -> list[str]:
    """The block that was changed, and how: what was done to some argument, whichever it was."""
    address, _, what = mutant.what.partition(": ")
    return [address, what.split()[-1]]


@pytest.mark.terraform
def test_the_verdict_on_every_mutant_is_terraform_s(root: Path, cases: Cases) -> None:
    judged = cases.of(mutants(), 0.1, change_of)
    parsed, text = module_of([mutant.block for mutant in judged])
    refused: dict[int, list[str]] = {}
    for diagnostic in validate(root, text):
        if diagnostic["severity"] == "error" and OUTSIDE_THE_SCHEMA not in diagnostic["detail"]:
            line = diagnostic["range"]["start"]["line"] if diagnostic.get("range") else 0
            refused.setdefault(line, []).append(f"{diagnostic['summary']}: {diagnostic['detail']}")
    found: dict[int, list[str]] = {}
    for finding in of_major_5(check_provider(parsed)):
        if finding.severity is Severity.ERROR:
            found.setdefault(finding.location.line, []).append(finding.message)
    starts = [placed.line for placed in parsed.blocks] + [text.count("\n") + 1]
    assert 0 not in refused
    differences = []
    for index, mutant in enumerate(judged):
        lines = range(starts[index], starts[index + 1])
        theirs = [text for line in lines for text in refused.get(line, ())]
        ours = [text for line in lines for text in found.get(line, ())]
        if bool(theirs) != bool(ours):
            differences.append((mutant.what, theirs, ours))
    assert differences == []
    assert len(found) > len(judged) / 2


def name(text: str) -> Expression:
    """`aws_x.y[0].arn` as the parser gives it."""
    steps = [part for dotted in text.replace("[", ".[").split(".") for part in [dotted] if part]
    return Traversal(tuple(int(s[1:-1]) if s[:1] == "[" and s[1:-1].isdecimal() else s.strip('[]"') for s in steps))


def attribute(key: str, value: Expression) -> dict[str, Attribute]:
    return {key: Attribute(key, value, 1)}


def declarations() -> list[Block]:
    bucket = BASES["resource/aws_s3_bucket"]
    counted = block("resource", ("aws_s3_bucket", "counted"), {**without(bucket, "bucket"), "count": 2})
    keyed = block("resource", ("aws_s3_bucket", "keyed"), {"for_each": {"=": {"a": "x"}}, "force_destroy": True})
    return [
        block("resource", ("aws_s3_bucket", "one"), bucket),
        counted,
        keyed,
        *(
            block("resource", (type_, "one"), BASES[f"resource/{type_}"])
            for type_ in ("aws_instance", "aws_lambda_function", "aws_security_group", "aws_iam_role")
        ),
        block("data", ("aws_region", "current"), {}),
        block("data", ("aws_service_principal", "s3"), BASES["data/aws_service_principal"]),
        block("locals", (), {"text": "a", "number": 256, "texts": [LAYER], "object": {"=": {"key": "a"}}}),
        replace(block("variable", ("size",), {}), attributes=attribute("type", Traversal(("number",)))),
        block("variable", ("name",), {"default": "a"}),
    ]


# Expression → whether Terraform knows it; judged by Terraform itself below.
REFERENCES = (
    "aws_s3_bucket.one.arn",
    "aws_s3_bucket.one",
    "aws_s3_bucket.one.arm",
    "aws_s3_bucket.two.arn",
    "aws_s3_buket.one.arn",
    "aws_s3_bucket.one.arn.length",
    "aws_s3_bucket.one[0].arn",
    "aws_s3_bucket.one.tags.anything",
    "aws_s3_bucket.one.versioning[0].enabled",
    "aws_s3_bucket.one.versioning.enabled",
    "aws_s3_bucket.one.versioning[0].disabled",
    "aws_s3_bucket.counted[1].arn",
    "aws_s3_bucket.counted.arn",
    "aws_s3_bucket.counted",
    "aws_s3_bucket.counted[0].arm",
    'aws_s3_bucket.keyed["a"].arn',
    'aws_s3_bucket.keyed["a"].arm',
    "aws_s3_bucket.keyed.arn",
    "aws_instance.one.root_block_device[0].volume_id",
    "aws_instance.one.root_block_device[0].volume",
    "aws_instance.one.ebs_block_device[0].volume_id",
    "aws_lambda_function.one.environment[0].variables.A",
    "aws_lambda_function.one.environment[0].variable",
    "aws_security_group.one.timeouts.create",
    "aws_security_group.one.timeouts.update",
    "aws_iam_role.one.unique_id",
    "data.aws_region.current.name",
    "data.aws_region.current.region",
    "data.aws_region.other.name",
    "data.aws_service_principal.s3.region",
    "data.aws_iam_policy_document.none.json",
    "local.text",
    "local.texts",
    "local.object",
    "local.nothing",
    "var.size",
    "var.sizes",
    "path.module",
    "terraform.workspace",
    "each.key",
    "count.index",
    "module.none.output",
)


@pytest.mark.terraform
def test_the_verdict_on_every_reference_is_terraform_s(root: Path) -> None:
    outputs = [
        replace(block("output", (f"o{number}",), {}), attributes=attribute("value", name(text)))
        for number, text in enumerate(REFERENCES)
    ]
    parsed, text = module_of([*declarations(), *outputs])
    refused = {d["range"]["start"]["line"] for d in validate(root, text) if d["severity"] == "error"}
    findings = of_major_5(check_provider(parsed))
    found = {f.location.line for f in findings if f.severity is Severity.ERROR}
    lines = {
        placed.attributes["value"].line: r for placed, r in zip(parsed.blocks[-len(outputs) :], REFERENCES, strict=True)
    }
    assert {lines.get(line, line) for line in refused} == {lines.get(line, line) for line in found}
    assert len(found) > 15


# (block or block/nested block, argument, reference). Terraform looks at types of locals and variables when
# it validates, at those of resources when it plans.
VALIDATED_TYPES = (
    ("data/aws_iam_policy_document/statement", "resources", "local.texts"),
    ("data/aws_iam_policy_document/statement", "resources", "local.text"),
    ("data/aws_iam_policy_document/statement", "sid", "local.texts"),
    ("data/aws_iam_policy_document/statement", "sid", "local.text"),
    ("resource/aws_lambda_function", "memory_size", "local.number"),
    ("resource/aws_lambda_function", "memory_size", "var.size"),
    ("resource/aws_lambda_function", "layers", "local.texts"),
    ("resource/aws_lambda_function", "layers", "local.object"),
    ("resource/aws_lambda_function", "layers", "var.size"),
    ("resource/aws_sqs_queue", "fifo_queue", "var.size"),
    ("resource/aws_sqs_queue", "fifo_queue", "var.name"),
    ("resource/aws_sqs_queue", "tags", "local.object"),
    ("resource/aws_sqs_queue", "tags", "local.text"),
)
PLANNED_TYPES = (
    ("data/aws_iam_policy_document/statement", "resources", "aws_s3_bucket.one.arn"),
    ("data/aws_iam_policy_document/statement", "sid", "aws_s3_bucket.one.arn"),
    ("resource/aws_lambda_function", "memory_size", "aws_s3_bucket.one.force_destroy"),
    ("resource/aws_lambda_function", "layers", "aws_s3_bucket.one.arn"),
    ("resource/aws_sqs_queue", "name", "aws_s3_bucket.one.tags_all"),
    ("resource/aws_sqs_queue", "name", "aws_s3_bucket.one.bucket_domain_name"),
    ("resource/aws_sqs_queue", "kms_master_key_id", "aws_s3_bucket.one.versioning"),
    ("resource/aws_sqs_queue", "tags", "aws_s3_bucket.one.tags_all"),
    ("resource/aws_sqs_queue", "tags", "aws_s3_bucket.one.arn"),
)


def users(cases: tuple[tuple[str, str, str], ...]) -> Iterator[Block]:
    for number, (address, argument, text) in enumerate(cases):
        kind, type_, *inner = address.split("/")
        made = block(kind, (type_, f"u{number}"), BASES[f"{kind}/{type_}"])
        used = attribute(argument, name(text))
        target = made.blocks[0] if inner else made
        changed = replace(target, attributes={**target.attributes, **used})
        yield replace(made, blocks=(changed,)) if inner else changed


@pytest.mark.terraform
@pytest.mark.parametrize(
    ("command", "cases"), [("validate", VALIDATED_TYPES), ("plan", PLANNED_TYPES)], ids=["validate", "plan"]
)
def test_the_verdict_on_types_of_references_is_terraform_s(
    command: str, cases: tuple[tuple[str, str, str], ...], root: Path
) -> None:
    declared = declarations() if command == "validate" else declarations()[:1]
    parsed, text = module_of([*declared, *users(cases)])
    diagnostics = validate(root, text) if command == "validate" else plan(root, text)
    refused = {d["range"]["start"]["line"] for d in diagnostics if d["severity"] == "error"}
    findings = of_major_5(check_provider(parsed))
    found = {f.location.line for f in findings if f.severity is Severity.ERROR}
    lines = text.splitlines()
    assert sorted(lines[line - 1] for line in refused) == sorted(lines[line - 1] for line in found)
    assert len(refused) > 4


def plan(folder: Path, text: str) -> list[dict[str, Any]]:
    (folder / FILE).write_text(text)
    command = ["terraform", "plan", "-refresh=false", "-input=false", "-lock=false", "-json"]
    result = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    events = map(json.loads, result.stdout.splitlines())
    return [event["diagnostic"] for event in events if event["type"] == "diagnostic"]


def findings_of(*blocks: Block) -> list[tuple[str, str]]:
    parsed, _ = module_of(list(blocks))
    return [(finding.rule, finding.message) for finding in check_provider(parsed)]


def role(**changes: Any) -> Block:
    return block("resource", ("aws_iam_role", "r"), {**BASES["resource/aws_iam_role"], **changes})


@pytest.mark.parametrize("address", BASES)
def test_a_valid_block_has_no_finding_in_either_major(address: str) -> None:
    kind, type_ = address.split("/")
    assert findings_of(block(kind, (type_, "x"), BASES[address])) == []


def test_a_finding_says_for_which_major_it_holds() -> None:
    only_6 = findings_of(role(region="eu-west-1"), block("resource", ("aws_sqs_queue", "q"), {"region": "a"}))
    assert [rule for rule, _ in only_6] == ["provider-unknown-argument", "provider-unknown-argument"]
    assert "5.100.0 and 6." in only_6[0][1]
    assert only_6[1][1].endswith("named region (AWS provider 5.100.0)")
    instance = BASES["resource/aws_instance"] | {"cpu_core_count": 1}
    gone = findings_of(block("resource", ("aws_instance", "i"), instance))
    assert [(rule, "AWS provider 6" in text) for rule, text in gone] == [
        ("provider-deprecated", False),
        ("provider-unknown-argument", True),
    ]


def test_the_nearest_name_is_offered() -> None:
    parsed, _ = module_of([role(asume_role_policy="x"), block("data", ("aws_caller_identiy", "me"), {})])
    remedies = [finding.remedy for finding in check_provider(parsed)]
    assert remedies == ["Did you mean assume_role_policy?", "Did you mean aws_caller_identity?"]


def test_what_6_deprecates_is_a_warning() -> None:
    region = block("data", ("aws_region", "current"), {})
    output = replace(block("output", ("o",), {}), attributes=attribute("value", name("data.aws_region.current.name")))
    parsed, _ = module_of([region, output])
    (finding,) = check_provider(parsed)
    assert (finding.rule, finding.severity) == ("provider-deprecated", Severity.WARNING)
    assert "5.100.0" not in finding.message
    assert finding.location.line == output_line(parsed)


def test_what_6_deprecates_and_5_knows_no_other_way_for_is_a_note() -> None:
    index = {"name": "by-owner", "hash_key": "id", "projection_type": "ALL"}
    table = BASES["resource/aws_dynamodb_table"] | {"global_secondary_index": index}
    parsed, _ = module_of([block("resource", ("aws_dynamodb_table", "t"), table)])
    (finding,) = check_provider(parsed)
    assert (finding.rule, finding.severity) == ("provider-deprecated", Severity.NOTE)
    assert "key_schema (AWS provider 6." in finding.message


def output_line(parsed: ParsedModule) -> int:
    return parsed.blocks[-1].attributes["value"].line


def test_references_inside_unparsed_text_are_seen() -> None:
    text = '[for k, v in local.names : "data.of.no.module-${v.x}-${local.missing}" if var.gone.x != k.y]'
    output = replace(block("output", ("o",), {}), attributes=attribute("value", Opaque(text)))
    parsed, _ = module_of([block("locals", (), {"names": ["a"]})])
    parsed = replace(parsed, blocks=(*parsed.blocks, output))
    assert [f.message for f in check_provider(parsed)] == [
        "the module has no local value missing (AWS provider 5.100.0 and 6.66.0)",
        "the module has no variable gone (AWS provider 5.100.0 and 6.66.0)",
    ]


META: dict[str, tuple[dict[str, Any], bool]] = {
    "count and for_each": ({"count": 1, "for_each": {"=": {"a": "b"}}}, True),
    "count": ({"count": 1}, False),
    "depends_on a text": ({"depends_on": ["aws_s3_bucket.one"]}, True),
    "depends_on no list": ({"depends_on": "aws_s3_bucket.one"}, True),
    "empty depends_on": ({"depends_on": []}, False),
    "two lifecycles": ({"lifecycle": [{"prevent_destroy": True}, {"prevent_destroy": True}]}, True),
    "a lifecycle": ({"lifecycle": {"prevent_destroy": True, "create_before_destroy": False}}, False),
    "unknown lifecycle": ({"lifecycle": {"prevent_destruction": True}}, True),
    "unknown block in lifecycle": ({"lifecycle": {"condition": {"a": 1}}}, True),
    "prevent_destroy no bool": ({"lifecycle": {"prevent_destroy": "perhaps"}}, True),
    "ignore_changes no list": ({"lifecycle": {"ignore_changes": "tags"}}, True),
    "half a precondition": ({"lifecycle": {"precondition": {"condition": True}}}, True),
    "provisioner without type": ({"provisioner": {"command": "true"}}, True),
}


@pytest.mark.terraform
@pytest.mark.parametrize("what", shared(META, 0.2))
def test_the_verdict_on_meta_arguments_is_terraform_s(what: str, root: Path) -> None:
    changes, wrong = META[what]
    _, text = module_of([role(**changes)])
    assert any(d["severity"] == "error" for d in validate(root, text)) is wrong


@pytest.mark.parametrize("what", META)
def test_wrong_meta_arguments_are_found(what: str) -> None:
    changes, wrong = META[what]
    parsed, _ = module_of([role(**changes)])
    assert {f.rule for f in check_provider(parsed)} == ({"provider-meta-argument"} if wrong else set())


def test_ignored_changes_have_to_exist() -> None:
    for ignored, wrong in (("tags", False), ("tag", True), ("inline_policy", False)):
        made = role(lifecycle={"ignore_changes": []})
        lifecycle = replace(made.blocks[0], attributes=attribute("ignore_changes", List((name(ignored),))))
        rules = {rule for rule, _ in findings_of(replace(made, blocks=(lifecycle,)))}
        assert rules == ({"provider-meta-argument"} if wrong else set())


def test_a_dynamic_block_is_held_against_the_schema_of_its_content() -> None:
    def document(dynamic: Block) -> Block:
        return Block("data", ("aws_iam_policy_document", "d"), {}, (dynamic,), FILE, 1)

    content = block("content", (), {"actions": ["a"]})
    using = replace(content, attributes={**content.attributes, **attribute("sid", name("statement.value"))})
    good = Block("dynamic", ("statement",), attribute("for_each", expression(["a"])), (using,), FILE, 1)
    assert findings_of(document(good)) == []
    named = replace(good, attributes={**good.attributes, **attribute("iterator", name("each_one"))})
    assert [rule for rule, _ in findings_of(document(named))] == ["provider-unknown-reference"]
    misspelt = replace(good, blocks=(block("content", (), {"action": ["a"]}),))
    assert [rule for rule, _ in findings_of(document(misspelt))] == ["provider-unknown-argument"]
    unknown = replace(good, labels=("statements",))
    assert "provider-unknown-argument" in [rule for rule, _ in findings_of(document(unknown))]
    for broken in (replace(good, attributes={}), replace(good, blocks=())):
        assert "provider-block-shape" in [rule for rule, _ in findings_of(document(broken))]


def test_an_address_is_declared_once() -> None:
    twice = findings_of(role(), role(), block("locals", (), {"a": 1}), block("locals", (), {"a": 2}))
    assert [rule for rule, _ in twice] == ["provider-duplicate", "provider-duplicate"]
    assert twice[0][1] == "resource.aws_iam_role.r is declared twice"
