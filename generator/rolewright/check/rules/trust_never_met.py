"""Trust policies with conditions on keys that are never in the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import document_of
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.statement import WrittenStatement
    from rolewright.hcl.syntax import ParsedModule

_SOURCE = frozenset({"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "sts:externalid"})


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for role in parsed.all("resource", "aws_iam_role"):
        for statement in document_of(parsed, role, "assume_role_policy") or ():
            keys = sorted(_SOURCE & statement.conditions)
            whom = _without(statement)
            if statement.allows and keys and whom and not _if_exists(statement):
                condition_text = f"on a condition on {' and '.join(keys)}, which is never in its requests"
                text = f"{statement.label} lets {whom} assume {role.labels[1]} {condition_text}"
                yield Hit(statement.file, statement.line, text, "Remove the condition.")


def _without(statement: WrittenStatement) -> str:
    """Return a principal of the statement whose requests lack the keys, or ""."""
    for principal in statement.principals:
        if principal.type == "Federated":
            return "an identity provider"
        if principal.type == "Service" and set(principal.identifiers) <= {"ec2.amazonaws.com", "ec2.amazonaws.com.cn"}:
            return "EC2"
    return ""


def _if_exists(statement: WrittenStatement) -> bool:
    return all(operator.endswith("IfExists") for operator in statement.operators)


RULE = Rule(
    name="trust-never-met",
    summary="a trust policy with a condition on a key that its requests never contain",
    why="EC2 and identity providers send no source account or ARN and no external id: nobody gets the role.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "role" {
  name               = "orders"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
""",
    bad="""
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = ["123456789012"]
    }
  }
}

resource "aws_iam_role" "role" {
  name               = "orders"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
""",
)
