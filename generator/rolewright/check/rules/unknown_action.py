"""Actions that AWS does not have."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import statements
from rolewright.check.walk import MARK
from rolewright.core.finding import Severity
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for statement in statements(parsed):
        for action in statement.actions:
            if action == "*" or MARK in action or iam.expand(action):
                continue
            text = f"{statement.label} names {action}, which the IAM database ({iam.version()}) does not have"
            yield Hit(statement.file, statement.line, text, _remedy(action))


def _remedy(action: str) -> str:
    prefix, colon, name = action.partition(":")
    if not colon:
        return "Write service:Action."
    if prefix.lower() not in iam.services():
        close = difflib.get_close_matches(prefix.lower(), sorted(iam.services()), n=1)
        return f"Did you mean the service {close[0]}?" if close else f"Check the spelling of the service {prefix}."
    by_lower_name = {full.partition(":")[2].lower(): full for full in iam.expand(f"{prefix}:*")}
    close = difflib.get_close_matches(name.lower(), sorted(by_lower_name), n=1)
    return f"Did you mean {by_lower_name[close[0]]}?" if close else f"Look up the actions of {prefix}."


RULE = Rule(
    name="unknown-action",
    summary="an action that AWS does not have",
    why="AWS accepts the policy without complaint, and the workload gets AccessDenied at run time.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::uploads"]
  }
}
""",
    bad="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["s3:ListObjects"]
    resources = ["arn:aws:s3:::uploads"]
  }
}
""",
)
