"""Actions that the IAM database does not have: misspelt ones, and those that AWS has added since."""

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

_NEAR = 0.8  # of 1: new services often have names that are a little like another's
_NEWER = "If AWS has it since, accept this finding under `suppress` with the reason."


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
        close = difflib.get_close_matches(prefix.lower(), sorted(iam.services()), 1, _NEAR)
        nearest = f" (the nearest that it has is {close[0]})" if close else ""
        return f"Check the spelling of the service {prefix}{nearest}. {_NEWER}"
    by_lower_name = {full.partition(":")[2].lower(): full for full in iam.expand(f"{prefix}:*")}
    close = difflib.get_close_matches(name.lower(), sorted(by_lower_name), n=1)
    guess = f"Did you mean {by_lower_name[close[0]]}?" if close else f"Look up the actions of {prefix}."
    return f"{guess} {_NEWER}"


RULE = Rule(
    name="unknown-action",
    summary="an action that the IAM database does not have",
    why="AWS accepts a misspelt action without complaint, and the workload gets AccessDenied at run time. An action"
    " that AWS has added since the database was built is right: accept it under `suppress` with the reason.",
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
