"""Policies that are not valid in IAM's grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import document_of
from rolewright.check.walk import MARK, decoded, entries, resolved, texts
from rolewright.core.finding import Severity
from rolewright.hcl.syntax import Literal, Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.statement import WrittenStatement
    from rolewright.hcl.syntax import Expression, ParsedModule

# Arguments with a policy, by kind of policy: an identity policy names no principals, and a resource policy has to;
# a trust policy names principals and no resources.
_IDENTITY = {
    "aws_iam_role_policy": "policy",
    "aws_iam_user_policy": "policy",
    "aws_iam_group_policy": "policy",
    "aws_iam_policy": "policy",
}
_TRUST = {"aws_iam_role": "assume_role_policy"}
_RESOURCE = {
    "aws_kms_key": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue_policy": "policy",
}
_VERSIONS = frozenset({"2012-10-17", "2008-10-17"})
_PRINCIPALS = frozenset({"AWS", "Service", "Federated", "CanonicalUser", "*"})
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_OPERATORS = frozenset(
    operator.lower()
    for operator in (
        *(f"String{kind}" for kind in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase")),
        *("StringLike", "StringNotLike", "ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
        *(f"{type_}{kind}" for type_ in ("Numeric", "Date") for kind in _COMPARISONS),
        *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
    )
)


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for arguments, wrong in ((_IDENTITY, _in_identity), (_TRUST, _in_trust), (_RESOURCE, _in_resource)):
        for type_, argument in arguments.items():
            for block in parsed.all("resource", type_):
                if (attribute := block.attributes.get(argument)) is None:
                    continue
                for text, remedy in _whole(parsed, attribute.expression):
                    yield Hit(block.file, attribute.line, f"{type_} {block.labels[1]} has {text}", remedy)
                for statement in document_of(parsed, block, argument) or ():
                    for text, remedy in (*_anywhere(statement), *wrong(statement)):
                        yield Hit(statement.file, statement.line, f"{statement.label} {text}", remedy)
    for block in parsed.all("data", "aws_iam_policy_document"):
        if (version := block.attributes.get("version")) is not None:
            for text in texts(parsed, version.expression):
                if MARK not in text and text not in _VERSIONS:
                    yield Hit(block.file, version.line, f"a policy has the version {text}", "Write 2012-10-17.")


def _whole(parsed: ParsedModule, expression: Expression) -> Iterator[tuple[str, str]]:
    expression = resolved(parsed, expression)
    policy = decoded(parsed, expression)
    if policy is None:
        if isinstance(expression, Literal | Template) and not any(MARK in text for text in texts(parsed, expression)):
            yield "a policy that is not JSON", "Write it with jsonencode, or as an aws_iam_policy_document."
        return
    elements = entries(policy)
    for text in texts(parsed, elements.get("Version", Literal("2012-10-17"))):
        if MARK not in text and text not in _VERSIONS:
            yield f"a policy with the version {text}", "Write 2012-10-17."
    if elements and "Statement" not in elements:
        yield "a policy without a statement", "Give it a Statement."


def _anywhere(statement: WrittenStatement) -> Iterator[tuple[str, str]]:
    if MARK not in statement.effect and statement.effect not in ("Allow", "Deny"):
        yield f"has the effect {statement.effect or 'nothing'}", "Write Allow or Deny."
    if not statement.actions and "not_actions" not in statement.inverted:
        yield "names no action", "Name the actions that it applies to."
    for principal in statement.principals:
        if MARK not in principal.type and principal.type not in _PRINCIPALS:
            remedy = f"Write {', '.join(sorted(_PRINCIPALS - {'*'}))} or *."
            yield f"has a principal of the type {principal.type}", remedy
    for operator in sorted(statement.operators):
        bare = operator.rpartition(":")[2].lower().removesuffix("ifexists")
        prefix = operator.rpartition(":")[0].lower()
        if MARK not in operator and (bare not in _OPERATORS or prefix not in ("", "forallvalues", "foranyvalue")):
            yield f"has the condition operator {operator}", "Use an operator of IAM, such as StringEquals."


def _in_identity(statement: WrittenStatement) -> Iterator[tuple[str, str]]:
    if _names_principals(statement):
        yield "names a principal in an identity policy", "Remove it: whoever has the policy is the principal."
    if not _names_resources(statement):
        yield "names no resource", "Name the resources that it applies to."


def _in_trust(statement: WrittenStatement) -> Iterator[tuple[str, str]]:
    if not _names_principals(statement):
        yield "names no principal in a trust policy", "Say who may assume the role."
    if _names_resources(statement):
        yield "names a resource in a trust policy", "Remove it: the role is the resource."
    for action in statement.actions:
        if MARK not in action and not action.lower().startswith(("sts:", "*")):
            yield f"names the action {action} in a trust policy", "Write sts:AssumeRole or another way to assume it."


def _in_resource(statement: WrittenStatement) -> Iterator[tuple[str, str]]:
    if not _names_principals(statement):
        yield "names no principal in a resource policy", "Name the principals that it applies to."
    if not _names_resources(statement):
        yield "names no resource", "Name the resources that it applies to."


def _names_principals(statement: WrittenStatement) -> bool:
    return bool(statement.principals) or "not_principals" in statement.inverted


def _names_resources(statement: WrittenStatement) -> bool:
    return bool(statement.resources) or "not_resources" in statement.inverted


RULE = Rule(
    name="policy-grammar",
    summary="a policy that breaks IAM's grammar: an unknown effect, operator, version or principal type, "
    "or an element that is missing or not allowed there",
    why="AWS refuses the policy in the middle of an apply, though Terraform and most emulators accept it.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "queue" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111111111111:orders"]
    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:aws:sns:eu-west-1:111111111111:orders"]
    }
  }
}

resource "aws_sqs_queue_policy" "queue" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111111111111/orders"
  policy    = data.aws_iam_policy_document.queue.json
}
""",
    bad="""
data "aws_iam_policy_document" "queue" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111111111111:orders"]
    principals {
      type        = "Services"
      identifiers = ["sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEqual"
      variable = "aws:SourceArn"
      values   = ["arn:aws:sns:eu-west-1:111111111111:orders"]
    }
  }
}

resource "aws_sqs_queue_policy" "queue" {
  queue_url = "https://sqs.eu-west-1.amazonaws.com/111111111111/orders"
  policy    = data.aws_iam_policy_document.queue.json
}
""",
)
