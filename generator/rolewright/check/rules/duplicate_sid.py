"""Statements of a policy with the same Sid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import documents
from rolewright.check.walk import MARK
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for document in documents(parsed):
        seen: set[str] = set()
        for statement in document:
            if statement.sid in seen:
                text = f"two statements of one policy have the sid {statement.sid}"
                yield Hit(statement.file, statement.line, text, "Give each statement its own sid.")
            if statement.sid and MARK not in statement.sid:
                seen.add(statement.sid)


RULE = Rule(
    name="duplicate-sid",
    summary="two statements of one policy with the same `sid`",
    why="IAM refuses the policy, in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "role" {
  statement {
    sid       = "Read"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::uploads/*"]
  }
  statement {
    sid       = "Write"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::uploads/*"]
  }
}
""",
    bad="""
data "aws_iam_policy_document" "role" {
  statement {
    sid       = "Uploads"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::uploads/*"]
  }
  statement {
    sid       = "Uploads"
    actions   = ["s3:PutObject"]
    resources = ["arn:aws:s3:::uploads/*"]
  }
}
""",
)
