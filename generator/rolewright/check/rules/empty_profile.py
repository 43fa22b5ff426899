"""Instance profiles without a role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.core.finding import Severity
from rolewright.hcl.syntax import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_TYPE, _ROLE = "aws_iam_instance_profile", "role"


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block in parsed.all("resource", _TYPE):
        role = block.attributes.get(_ROLE)
        if role is None or role.expression in (Literal(None), Literal("")):
            text = f"the instance profile {block.labels[1]} has no role"
            yield Hit(block.file, block.line, text, "Give it the role of the code that runs on the instance.")


RULE = Rule(
    name="empty-profile",
    summary="an instance profile without a role",
    why="EC2 starts no instance with it, and code on a running instance finds no credentials.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_iam_instance_profile" "profile" {
  name = "orders"
  role = "orders"
}
""",
    bad="""
resource "aws_iam_instance_profile" "profile" {
  name = "orders"
}
""",
)
