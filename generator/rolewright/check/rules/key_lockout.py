"""KMS keys whose policy nobody can change any more."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import document_of
from rolewright.check.walk import MARK
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.statement import WrittenStatement
    from rolewright.hcl.syntax import ParsedModule

_TYPES = ("aws_kms_key", "aws_kms_external_key", "aws_kms_replica_key", "aws_kms_key_policy")
_CHANGE = "kms:putkeypolicy"


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for type_ in _TYPES:
        for block in parsed.all("resource", type_):
            policy = document_of(parsed, block, "policy")
            if policy and not any(_lets_change(statement) for statement in policy):
                text = f"the policy of {type_} {block.labels[1]} allows nobody to change it again"
                remedy = "Allow kms:* to the account's root, so that the account's IAM policies decide."
                yield Hit(block.file, block.attributes["policy"].line, text, remedy)


def _lets_change(statement: WrittenStatement) -> bool:
    """Return whether a statement may allow anybody to change the policy; an unknown action might."""
    actions = [action.lower() for action in statement.actions]
    return statement.allows and (
        "not_actions" in statement.inverted
        or any(MARK in action or fnmatchcase(_CHANGE, action.replace("[", "")) for action in actions)
    )


RULE = Rule(
    name="key-lockout",
    summary="a KMS key whose policy lets nobody change the policy again",
    why="KMS refuses the key in the middle of an apply: nobody, the account's owner included, could manage it.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_kms_key" "key" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:root" }
      Action    = ["kms:PutKeyPolicy", "kms:GetKeyPolicy", "kms:ScheduleKeyDeletion"]
      Resource  = "*"
    }]
  })
}
""",
    bad="""
resource "aws_kms_key" "key" {
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::111111111111:role/orders" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "*"
    }]
  })
}
""",
)
