"""Actions with a wildcard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import is_own_root, statements
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.statement import WrittenStatement
    from rolewright.hcl.syntax import ParsedModule


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for statement in statements(parsed):
        if not statement.allows or _delegates(parsed, statement):
            continue
        if "not_actions" in statement.inverted:
            text = f"{statement.label} allows every action except those in not_actions"
            yield Hit(statement.file, statement.line, text, "Name the actions that are needed.")
        for action in statement.actions:
            if "*" in action or "?" in action:
                text = f"{statement.label} allows {action}"
                yield Hit(statement.file, statement.line, text, "Name the actions that are needed.")


def _delegates(parsed: ParsedModule, statement: WrittenStatement) -> bool:
    """Return whether a statement only delegates to the policies of its own account, as a key policy has to."""
    identifiers = [identifier for principal in statement.principals for identifier in principal.identifiers]
    return bool(identifiers) and all(is_own_root(parsed, identifier) for identifier in identifiers)


RULE = Rule(
    name="wildcard-action",
    summary="an allowed action with `*` or `?`, or `not_actions`",
    why="A wildcard allows more than a reviewer can see, and still more whenever AWS adds an action.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["s3:GetObject", "s3:PutObject"]
    resources = ["arn:aws:s3:::uploads/*"]
  }
}
""",
    bad="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["s3:*"]
    resources = ["arn:aws:s3:::uploads/*"]
  }
}
""",
)
