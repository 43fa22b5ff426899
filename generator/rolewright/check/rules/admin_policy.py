"""AWS managed policies that allow everything, or everything of a service."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import items, target, texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Block, Expression, ParsedModule

# Types that attach managed policies, and the argument with the ARN or ARNs.
_ATTACHING = {
    "aws_iam_role_policy_attachment": "policy_arn",
    "aws_iam_user_policy_attachment": "policy_arn",
    "aws_iam_group_policy_attachment": "policy_arn",
    "aws_iam_policy_attachment": "policy_arn",
    "aws_iam_role": "managed_policy_arns",
    "aws_iam_role_policy_attachments_exclusive": "policy_arns",
    "aws_iam_user_policy_attachments_exclusive": "policy_arns",
    "aws_iam_group_policy_attachments_exclusive": "policy_arns",
    "aws_ssoadmin_managed_policy_attachment": "managed_policy_arn",
}
_LOOKED_UP = "aws_iam_policy"  # a data source that finds a policy by its name or ARN
_WIDE = re.compile(r"(?:.*/)?(AdministratorAccess(?:-\w+)?|PowerUserAccess|\w*FullAccess(?:_\w+)?)")


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for type_, argument in _ATTACHING.items():
        for block in parsed.all("resource", type_):
            if attribute := block.attributes.get(argument):
                for policy in _wide(parsed, attribute.expression):
                    text = f"{type_} {block.labels[1]} attaches {policy}"
                    remedy = "Grant the actions that the workload needs, on its own resources."
                    yield Hit(block.file, attribute.line, text, remedy)


def _wide(parsed: ParsedModule, expression: Expression) -> Iterator[str]:
    for item in items(parsed, expression):
        block = target(parsed, item)
        candidates = _named(parsed, block) if block else texts(parsed, item)
        for candidate in candidates:
            # A customer managed policy is `arn:…:iam::ACCOUNT:policy/…` and may have any name.
            if (match := _WIDE.fullmatch(candidate)) and (":iam::aws:policy/" in candidate or block):
                yield match[1]


def _named(parsed: ParsedModule, block: Block) -> tuple[str, ...]:
    if block.type != "data" or block.labels[0] != _LOOKED_UP:
        return ()
    attributes = (block.attributes.get(name) for name in ("arn", "name"))
    return tuple(text for attribute in attributes if attribute for text in texts(parsed, attribute.expression))


RULE = Rule(
    name="admin-policy",
    summary="`AdministratorAccess`, `PowerUserAccess` or a `…FullAccess` policy of AWS attached",
    why="These policies cover every resource in the account, and AWS can widen them at any time.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_iam_role_policy_attachment" "role" {
  role       = "orders"
  policy_arn = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
}
""",
    bad="""
resource "aws_iam_role_policy_attachment" "role" {
  role       = "orders"
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
}
""",
)
