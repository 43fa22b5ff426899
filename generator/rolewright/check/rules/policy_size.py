"""Policies that are longer than IAM allows, or too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.size import sizes
from rolewright.check.walk import target, texts
from rolewright.core.finding import Severity
from rolewright.data import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Block, ParsedModule

# Type → argument, limit, what it is, what to do.
_SINGLE = {
    "aws_iam_policy": ("policy", limits.MANAGED, "managed policy", "Split it into several policies."),
    "aws_iam_role": ("assume_role_policy", limits.TRUST, "trust policy", "Name fewer principals and conditions."),
}
_INLINE = ("aws_iam_role_policy", "policy", limits.INLINE)
_ATTACHED = ("aws_iam_role_policy_attachment", "policy_arn", limits.ATTACHED)
_REPEATED = frozenset({"count", "for_each"})


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for type_, (argument, limit, kind, remedy) in _SINGLE.items():
        for block in parsed.all("resource", type_):
            if (longest := max(sizes(parsed, block, argument))) > limit:
                text = f"the {kind} {block.labels[1]} has at least {longest} characters; IAM allows {limit}"
                yield Hit(block.file, block.attributes[argument].line, text, remedy)
    type_, argument, limit = _INLINE
    for role, blocks in _by_role(parsed, type_).items():
        longest = max(map(sum, zip(*(sizes(parsed, block, argument) for block in blocks), strict=True)))
        if longest > limit:
            text = f"the inline policies of {role} have at least {longest} characters; IAM allows {limit}"
            yield Hit(blocks[0].file, blocks[0].line, text, "Move some statements into managed policies.")
    type_, argument, limit = _ATTACHED
    for role, blocks in _by_role(parsed, type_).items():
        if len(policies := {_named(parsed, block, argument) for block in blocks}) > limit:
            text = f"{len(policies)} managed policies are attached to {role}; IAM allows {limit}"
            yield Hit(blocks[0].file, blocks[0].line, text, "Merge some of them, or split the role.")


def _by_role(parsed: ParsedModule, type_: str) -> dict[str, list[Block]]:
    """Return the blocks of a type by their role, without those that have `count` or `for_each`."""
    by_role: dict[str, list[Block]] = {}
    for block in parsed.all("resource", type_):
        if "role" in block.attributes and not _REPEATED & block.attributes.keys():
            by_role.setdefault(_named(parsed, block, "role"), []).append(block)
    return by_role


def _named(parsed: ParsedModule, block: Block, argument: str) -> str:
    """Return the labels of the block that an argument refers to, or else the text of the argument."""
    if (attribute := block.attributes.get(argument)) is None:
        return ""
    referenced = target(parsed, attribute.expression)
    return ".".join(referenced.labels) if referenced else texts(parsed, attribute.expression)[0]


RULE = Rule(
    name="policy-size",
    summary="a policy, or all policies of a role together, over IAM's size limits",
    why=f"IAM refuses an inline policy with which those of its role have more than {limits.INLINE:,} characters, "
    f"a managed policy above {limits.MANAGED:,}, a trust policy above {limits.TRUST:,} and an eleventh attached policy"
    ": in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_iam_role_policy_attachment" "role" {
  role       = "orders"
  policy_arn = "arn:aws:iam::111111111111:policy/orders"
}
""",
    bad="\n".join(
        f"""
resource "aws_iam_role_policy_attachment" "role_{number}" {{
  role       = "orders"
  policy_arn = "arn:aws:iam::111111111111:policy/orders-{number}"
}}"""
        for number in range(1, limits.ATTACHED + 2)
    ),
)
