"""Policies that let everybody in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import statements
from rolewright.check.walk import texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

# A resource type that is a statement of a function's policy, and the arguments that limit whom it lets in.
_PERMISSION = "aws_lambda_permission"
_LIMITS = frozenset({"source_arn", "source_account", "principal_org_id"})
# Condition keys that everybody can meet, so that they keep nobody out.
_MET_BY_ALL = frozenset(
    {
        "aws:currenttime",
        "aws:epochtime",
        "aws:referer",
        "aws:requestedregion",
        "aws:securetransport",
        "aws:useragent",
        "s3:tlsversion",
    }
)
_REMEDY = "Name the accounts, roles or services, or add a condition that only they can meet."


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for statement in statements(parsed):
        if not statement.allows or statement.conditions - _MET_BY_ALL:
            continue
        everybody = any("*" in principal.identifiers for principal in statement.principals)
        if everybody or "not_principals" in statement.inverted:
            text = f"{statement.label} allows everybody {', '.join(statement.actions) or 'nearly everything'}"
            yield Hit(statement.file, statement.line, text, _REMEDY)
    for block in parsed.all("resource", _PERMISSION):
        principal = block.attributes.get("principal")
        if principal and "*" in texts(parsed, principal.expression) and not _LIMITS & block.attributes.keys():
            text = f"{_PERMISSION} {block.labels[1]} lets everybody call the function"
            yield Hit(block.file, principal.line, text, _REMEDY)


RULE = Rule(
    name="public-principal",
    summary="the principal `*` in an Allow, without a condition that limits who it is",
    why="Anybody with an AWS account can use the resource, and attackers scan for such resources.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "queue" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111111111111:orders"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::222222222222:role/partner"]
    }
  }
}
""",
    bad="""
data "aws_iam_policy_document" "queue" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111111111111:orders"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}
""",
)
