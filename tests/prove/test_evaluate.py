"""The evaluator against the real `terraform plan`, and what it refuses to guess."""

# ruff: noqa: E501 - the HCL has one output a line

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evaluation_oracle import differences
from real_terraform import Terraform
from rolewright.core.finding import Rejected
from rolewright.core.model import Environment, Module
from rolewright.hcl.parse import parse
from rolewright.prove.evaluate import EvaluatedModule, evaluate
from rolewright.terraform.server import moto_server

ENVIRONMENT = Environment("", "123456789012", "eu-central-1", "aws", {}, {})
DEV = Environment("dev", "123456789012", "eu-central-1", "aws", {}, {})


def plan_of(text: str, environment: Environment = ENVIRONMENT, **tfvars: str) -> EvaluatedModule:
    files = {"main.tf": text, **{f"environments/{name}.tfvars": value for name, value in tfvars.items()}}
    return evaluate(parse(Module("m", files)), environment)


def value(expression: str) -> Any:
    return plan_of(f'output "o" {{\n  value = {expression}\n}}\n').outputs["o"]


def refusal(text: str, environment: Environment = ENVIRONMENT, **tfvars: str) -> list[tuple[str, str, int]]:
    with pytest.raises(Rejected) as caught:
        plan_of(text, environment, **tfvars)
    return [(found.rule, found.message, found.location.line) for found in caught.value.findings]


# Every function and operator, every reference, and the shapes of a policy document.
EVERYTHING = r"""
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
variable "name" {
  type    = string
  default = 7
}
variable "zones" {
  type    = set(string)
  default = ["b", "a", "b"]
}
variable "shape" {
  type    = object({ size = number, on = bool })
  default = { size = "5", on = "true", more = 1 }
}
variable "limits" {
  type    = map(list(number))
  default = { a = ["1", 2.50] }
}
data "aws_caller_identity" "c" {
  lifecycle {
    postcondition {
      condition     = self.account_id == "123456789012"
      error_message = "wrong account"
    }
  }
}
data "aws_partition" "p" {}
data "aws_region" "r" {}
data "aws_service_principal" "s" {
  service_name = "sts"
}
locals {
  base = { name = "x-${var.name}", list = ["p", "q"] }
  arn  = "arn:${data.aws_partition.p.partition}:s3:::${local.base.name}-${data.aws_region.r.name}"
}
data "aws_iam_policy_document" "wide" {
  policy_id = "pid"
  statement {
    sid       = "One"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"]
    resources = ["arn:b", "arn:a", "arn:c&{aws:username}<>", local.arn]
    principals {
      type        = "AWS"
      identifiers = ["b", "a"]
    }
    principals {
      type        = "Service"
      identifiers = [data.aws_service_principal.s.name]
    }
    condition {
      test     = "StringLike"
      variable = "aws:a"
      values   = ["z", "a", "m"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:b"
      values   = ["é&{aws:username}"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:0"
      values   = [data.aws_caller_identity.c.account_id]
    }
  }
  statement {
    effect        = "Deny"
    not_actions   = ["iam:*"]
    not_resources = ["*"]
    not_principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
  statement {
    actions = ["a:b"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
    principals {
      type        = "AWS"
      identifiers = ["c", "d"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:a"
      values   = ["z"]
    }
    condition {
      test     = "StringLike"
      variable = "aws:a"
      values   = ["b", "c"]
    }
  }
}
data "aws_iam_policy_document" "old" {
  version = "2008-10-17"
  statement {
    actions = ["a:b"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
  statement {
    resources = ["x", "x"]
    actions   = ["a:*"]
    principals {
      type        = "AWS"
      identifiers = ["c"]
    }
    principals {
      type        = "AWS"
      identifiers = ["a"]
    }
    principals {
      type        = "AWS"
      identifiers = ["b", "bb"]
    }
  }
}
data "aws_iam_policy_document" "empty" {}
data "aws_iam_policy_document" "unknown" {
  statement {
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.k.arn]
  }
}
resource "aws_kms_key" "k" {
  enable_key_rotation = true
}
resource "aws_iam_role" "r" {
  name               = local.base.name
  assume_role_policy = data.aws_iam_policy_document.wide.json
  tags               = merge({ a = 1 }, { b = true })
}
resource "aws_iam_role_policy" "p" {
  name   = "${aws_iam_role.r.name}-p"
  role   = aws_iam_role.r.id
  policy = data.aws_iam_policy_document.unknown.json
}
resource "aws_sqs_queue" "q" {
  name                      = "${aws_iam_role.r.name}-${length(var.zones)}"
  message_retention_seconds = "600"
  kms_master_key_id         = null
  redrive_policy            = jsonencode({ deadLetterTargetArn = local.arn, maxReceiveCount = 3 })
}
resource "aws_s3_bucket_lifecycle_configuration" "l" {
  bucket = aws_s3_bucket.b.bucket
  rule {
    id     = "one"
    status = var.shape.on ? "Enabled" : "Disabled"
    expiration {
      days = var.shape.size * 2
    }
    filter {
      prefix = "a/"
    }
  }
}
resource "aws_s3_bucket" "b" {
  bucket = "bucket-${var.name}"
}
resource "aws_security_group" "g" {
  name = "g"
  depends_on = [aws_s3_bucket.b]
}
# The functions, one output each.
output "variables" { value = [var.name, var.zones, var.shape, var.limits] }
output "documents" { value = [
  data.aws_iam_policy_document.wide.json, data.aws_iam_policy_document.wide.minified_json,
  data.aws_iam_policy_document.old.json, data.aws_iam_policy_document.empty.json,
] }
output "mixed" { value = { arn = aws_kms_key.k.arn, name = aws_iam_role.r.name, text = "${aws_kms_key.k.arn}/x" } }
output "index" { value = [local.base["name"], local.base.list[1], { a = [1, 2] }["a"][0], aws_s3_bucket_lifecycle_configuration.l.rule[0].id] }
output "numbers" { value = [10 / 3, 10 / 5, 7 % 3, -7 % 3, 7 % -3, 2 - 3 * 4, 0.1 + 0.2, -var.shape.size, "3" + 1] }
output "texts" { value = "${1.0}|${10 / 4}|${true}|${1e3}|${100000000000000000000}|${0.00001}|$${a}|%%{b}" }
output "compared" { value = [1 == "1", "a" == "a", true != false, 1 == 1.0, 1 < 2, 2 <= 2, 3 > "2", 1 >= 2, null == null, [] == null] }
output "logic" { value = [true && false, true || false, !true, false ? local.base.list[9] : "lazy", "true" ? 1 : 2] }
output "json" { value = jsonencode({ b = 1.0, a = "<>&é\n\"\\", n = null, l = [true, 2.5, 1e30], u = var.zones, "k e" = 1 }) }
output "decoded" { value = jsondecode("{\"a\":[1,2.5,null,true,{\"b\":1.0}]}") }
output "maps" { value = [merge({ a = 1, b = 1 }, { b = 2 }), lookup({ a = "1" }, "b", "d"), lookup({ a = "1" }, "a", "d"), keys({ b = 1, a = 2 }), values({ b = 1, a = 2 })] }
output "lists" { value = [concat(["a"], ["b"], []), compact(["", "a", null]), distinct(["b", "a", "b"]), flatten([["a"], ["b", ["c"]]]), contains(["a"], "a"), contains(["a"], "b"), tolist(["b", "a"])] }
output "set" { value = [toset(["b", "a", "b"]), toset([10, 9])] }
output "lengths" { value = [length("é"), length([1, 2]), length({ a = 1 }), length("")] }
output "strings" { value = [trimprefix("abab", "ab"), trimsuffix("abab", "ab"), replace("a.b.c", ".", "-"), lower("ÄB"), upper("äb"), startswith("ab", "a"), endswith("ab", "a"), substr("hello", 1, -1), substr("hello", -3, 2), substr("hé", 5, 2), substr("abc", 0, 0), sha1("hé")] }
output "splits" { value = [join("-", ["a", "b"]), join(",", toset(["z", "b"])), split(",", "a,,b"), split("", "ab"), split(",", "")] }
output "formats" { value = format("%s|%d|%s|%s|%v|%v|%%", "a", 3, 1.5, true, [1, "a"], 2) }
output "converted" { value = [tostring(1), tonumber("5"), tonumber("1.50"), tostring(true), coalesce("", "x"), coalesce(null, "y")] }
output "file" { value = fileexists("missing.zip") ? filebase64sha256("missing.zip") : null }
"""


@pytest.fixture(scope="module")
def shown(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`terraform show -json` of the plan of it."""
    folder = tmp_path_factory.mktemp("module")
    (folder / "main.tf").write_text(EVERYTHING, encoding="utf-8")
    with moto_server() as address:
        program = Terraform(terraform.program, address, "eu-central-1")
        program.run(folder, "init", "-input=false")
        program.run(folder, "plan", "-input=false", "-out=plan.bin")
        return program.json(folder, "show", "-json", "plan.bin")


@pytest.mark.terraform
def test_terraform_plans_the_same(shown: Any) -> None:
    plan = plan_of(EVERYTHING)
    assert differences(plan, shown) == []
    assert plan.problems == ()


@pytest.mark.terraform
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"s3:GetObject"', '"s3:GetObjects"'),
        ('effect        = "Deny"', 'effect        = "Allow"'),
        ("aws_kms_key.k.arn]", '"arn:known"]'),
        ("var.shape.size * 2", "var.shape.size * 3"),
        ('prefix = "a/"', 'prefix = "b/"'),
        ('resource "aws_kms_key" "k" {', 'data "aws_partition" "more" {}\nresource "aws_kms_key" "k" {'),
        ("lower(", "upper("),
    ],
)
def test_the_oracle_sees_a_difference(shown: Any, old: str, new: str) -> None:
    assert EVERYTHING.count(old) >= 1
    assert differences(plan_of(EVERYTHING.replace(old, new, 1)), shown)


def test_resources_stand_after_what_they_depend_on() -> None:
    plan = plan_of(EVERYTHING)
    addresses = list(plan.resources)
    for address, resource in plan.resources.items():
        assert all(addresses.index(other) < addresses.index(address) for other in resource.depends)
    assert "data.aws_partition.p" in plan.resources["aws_sqs_queue.q"].depends  # by way of local.arn
    assert plan.resources["aws_security_group.g"].depends == ("aws_s3_bucket.b",)
    assert not {"depends_on", "lifecycle", "kms_master_key_id"} & {
        key for resource in plan.resources.values() for key in resource.values
    }


@pytest.mark.parametrize(
    "expression",
    [
        "upper(aws_kms_key.k.arn)",
        'aws_kms_key.k.arn == ""',
        'startswith(aws_kms_key.k.arn, "arn:")',
        'aws_kms_key.k.arn == "" ? 1 : 2',
        "length(aws_kms_key.k.arn)",
        'split(":", "x${aws_kms_key.k.arn}")',
        'coalesce(aws_kms_key.k.arn, "x")',
        'contains([aws_kms_key.k.arn], "x")',
        'replace(aws_kms_key.k.arn, "a", "b")',
        "distinct([aws_kms_key.k.arn])",
        "{ (aws_kms_key.k.arn) = 1 }",
    ],
)
def test_what_depends_on_an_unknown_value_is_not_guessed(expression: str) -> None:
    text = f'resource "aws_kms_key" "k" {{}}\noutput "o" {{\n  value = {expression}\n}}\n'
    assert [(rule, line) for rule, _, line in refusal(text)] == [("evaluate-unknown", 3)]


@pytest.mark.parametrize(
    "expression",
    [
        "[for x in [1] : x]",
        "local.nothing",
        "var.nothing",
        "each.key",
        'cidrsubnet("10.0.0.0/8", 8, 1)',
        'replace("abc", "/b/", "x")',
        "[] == []",
        'format("%q", "a")',
        'format("%s")',
        "1 / 0",
        'tonumber("x")',
        '"x${null}"',
        "[1][1]",
        "null ? 1 : 2",
        "upper()",
        "merge([1])",
        'toset(["a", 1])',
    ],
)
def test_what_is_not_evaluated_is_a_finding(expression: str) -> None:
    ((rule, message, line),) = refusal(f'\noutput "o" {{\n  value = {expression}\n}}\n')
    assert (rule, line) == ("evaluate-expression", 3)
    assert "cannot be evaluated" in message


def test_count_for_each_dynamic_and_modules_are_findings() -> None:
    text = """
resource "aws_kms_key" "a" {
  count = 1
}
resource "aws_kms_key" "b" {
  for_each = toset(["x"])
}
resource "aws_security_group" "g" {
  dynamic "ingress" {
    for_each = []
    content {}
  }
}
module "m" {
  source = "./m"
}
"""
    found = {(rule, line) for rule, _, line in refusal(text)}
    assert {("evaluate-meta", 3), ("evaluate-meta", 6), ("evaluate-block", 9), ("evaluate-block", 14)} <= found


def test_a_circle_is_a_finding() -> None:
    text = """
resource "aws_sqs_queue" "a" {
  name = local.b
}
locals {
  b = aws_sqs_queue.b.name
}
resource "aws_sqs_queue" "b" {
  name = aws_sqs_queue.a.name
}
"""
    assert ("evaluate-cycle", "these depend on each other in a cycle: aws_sqs_queue.a, aws_sqs_queue.b", 2) in (
        refusal(text)
    )
    assert {rule for rule, _, _ in refusal("locals {\n  a = local.b\n  b = local.a\n}\n")} == {"evaluate-expression"}


VARIABLE = """
# manifest: compute.memory
variable "size" {
  type = number
  validation {
    condition     = contains([1, 2], var.size)
    error_message = "One of 1, 2; not ${var.size}."
  }
}
output "size" {
  value = var.size
}
"""


def test_variables_come_from_the_environment() -> None:
    plan = plan_of(VARIABLE, DEV, dev='size = "2"\n', prod="size = 3\n")
    assert (plan.variables["size"], plan.outputs["size"], plan.problems) == (2, 2, ())
    (problem,) = plan_of(VARIABLE, replace(DEV, name="prod"), dev="size = 2\n", prod="size = 3\n").problems
    assert (problem.rule, problem.location.line) == ("evaluate-validation", 6)
    assert "One of 1, 2; not 3." in problem.message
    assert refusal(VARIABLE)[0][0] == "evaluate-variable"
    assert refusal(VARIABLE, DEV, dev='size = "x"\n')[0][0] == "evaluate-expression"


@pytest.mark.parametrize("kind", ["precondition", "postcondition"])
def test_a_false_condition_is_a_problem(kind: str) -> None:
    text = f"""
data "aws_caller_identity" "c" {{
  lifecycle {{
    {kind} {{
      condition     = {"self" if kind == "postcondition" else "data.aws_caller_identity.d"}.account_id == "1"
      error_message = "another account"
    }}
  }}
}}
data "aws_caller_identity" "d" {{}}
"""
    (problem,) = plan_of(text).problems
    assert (problem.rule, problem.location.line) == (f"evaluate-{kind}", 5)
    assert "another account" in problem.message
    assert plan_of(text, replace(ENVIRONMENT, account="1")).problems == ()


def test_a_condition_on_what_only_an_apply_knows_is_left_to_terraform() -> None:
    text = """
resource "aws_kms_key" "k" {
  lifecycle {
    postcondition {
      condition     = self.key_id == "x"
      error_message = "no"
    }
  }
}
"""
    assert plan_of(text).problems == ()


def test_tokens_name_what_is_not_known() -> None:
    text = """
resource "aws_kms_key" "k" {}
data "aws_ssm_parameter" "ami" {
  name = "/x"
}
output "o" {
  value = [aws_kms_key.k.arn, "a/${data.aws_ssm_parameter.ami.insecure_value}", data.aws_ssm_parameter.ami.name]
}
"""
    assert plan_of(text).outputs["o"] == [
        "${aws_kms_key.k.arn}",
        "a/${data.aws_ssm_parameter.ami.insecure_value}",
        "/x",
    ]


def test_partitions_have_their_own_suffix() -> None:
    text = 'data "aws_partition" "p" {}\noutput "o" {\n  value = data.aws_partition.p.dns_suffix\n}\n'
    china = replace(ENVIRONMENT, partition="aws-cn", region="cn-north-1")
    assert plan_of(text, china).outputs["o"] == "amazonaws.com.cn"


def test_a_policy_document_with_two_equal_sids_is_refused() -> None:
    statement = '  statement {\n    sid     = "A"\n    actions = ["a:b"]\n  }\n'
    text = f'data "aws_iam_policy_document" "d" {{\n{statement}{statement}}}\n'
    assert refusal(text)[0][0] == "evaluate-data"


def test_a_value_keeps_its_type() -> None:
    assert value('"${["a"]}"') == ["a"]
    assert value("[true, 1, 1.0, 2.5]") == [True, 1, 1, 2.5]
    assert isinstance(value("1.0"), int)
