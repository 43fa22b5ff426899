"""Actions on every resource that could be narrowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import is_everything, statements
from rolewright.check.walk import MARK
from rolewright.core.finding import Severity
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_SHOWN = 3  # actions in one message


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for statement in statements(parsed):
        if not statement.grants or statement.platform:
            continue
        wide = [resource for resource in statement.resources if is_everything(resource)]
        wide += ["every resource except those in not_resources"] if "not_resources" in statement.inverted else []
        narrowable = [action for action in statement.actions if _narrowable(action)]
        if wide and narrowable:
            names = ", ".join(narrowable[:_SHOWN]) + (" …" if len(narrowable) > _SHOWN else "")
            yield Hit(
                statement.file,
                statement.line,
                f"{statement.label} allows {names} on {wide[0]}",
                "Name the resources that are needed; if all of them are, accept it under `suppress` with a reason.",
            )


def _narrowable(action: str) -> bool:
    if action == "*":
        return True
    return MARK not in action and any(iam.supports_resource(name) for name in iam.expand(action))


RULE = Rule(
    name="wildcard-resource",
    summary="`*`, or every resource of a service, for an action that can be limited to an ARN",
    why="The role can reach the data of every other workload in the account.",
    severity=Severity.ERROR,
    check=_check,
    good="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["sqs:SendMessage"]
    resources = ["arn:aws:sqs:eu-west-1:111111111111:orders"]
  }
  statement {
    actions   = ["ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
}
""",
    bad="""
data "aws_iam_policy_document" "role" {
  statement {
    actions   = ["sqs:SendMessage", "ecr:GetAuthorizationToken"]
    resources = ["*"]
  }
}
""",
)
