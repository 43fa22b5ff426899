"""Tags that AWS does not accept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, resolved, texts
from rolewright.core.finding import Severity
from rolewright.hcl.syntax import Map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Attribute, ParsedModule

_ARGUMENT = "tags"
_KEY, _VALUE, _AMOUNT = 128, 256, 50  # AWS General Reference, "Tag naming limits and requirements"
_RESERVED, _IAM = "aws:", "aws_iam_"
_OTHER = re.compile(r"[^\w \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000.:/=+@-]")


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block in parsed.blocks:
        if block.type in ("resource", "locals") and (attribute := block.attributes.get(_ARGUMENT)):
            # Only IAM refuses tags that differ only in case; the module's local tags also go to its roles.
            iam = block.type == "locals" or block.labels[0].startswith(_IAM)
            for text, remedy in _faults(parsed, attribute, iam=iam):
                yield Hit(block.file, attribute.line, text, remedy)


def _faults(parsed: ParsedModule, attribute: Attribute, *, iam: bool) -> Iterator[tuple[str, str]]:
    tags = resolved(parsed, attribute.expression)
    if not isinstance(tags, Map):
        return
    if len(tags.items) > _AMOUNT:
        yield f"there are {len(tags.items)} tags", f"Give at most {_AMOUNT}."
    seen: dict[str, str] = {}
    for name, value in tags.items:
        for key in texts(parsed, name):
            yield from _form("the tag", key, _KEY)
            if key.lower().startswith(_RESERVED):
                yield f"the tag {key} begins with {_RESERVED}", "Choose a name without this prefix, which AWS reserves."
            elif iam and (earlier := seen.setdefault(key.lower(), key)) != key:
                yield (
                    f"the tags {earlier} and {key} differ only in case",
                    "Remove one: IAM treats them as the same tag.",
                )
            for text in texts(parsed, value):
                yield from _form(f"the value of the tag {_short(key)},", text, _VALUE)


def _form(subject: str, text: str, limit: int) -> Iterator[tuple[str, str]]:
    known_text = text.replace(MARK, "")
    if len(known_text) > limit:
        yield f"{subject} {_short(known_text)} has {len(known_text)} characters", f"Shorten it to {limit}."
    if match := _OTHER.search(known_text):
        yield (
            f"{subject} {_short(known_text)} contains {match[0]!r}",
            "Use only letters, digits, white space and _.:/=+-@.",
        )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}…"


RULE = Rule(
    name="tag-form",
    summary="a tag that AWS does not accept: too long, with characters that are not allowed, "
    "with the prefix aws:, or one of too many",
    why="AWS refuses the resource in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_iam_role" "role" {
  name = "orders"
  tags = { "team:cost-center" = "42" }
}
""",
    bad="""
resource "aws_iam_role" "role" {
  name = "orders"
  tags = { "aws:cost-center" = "42" }
}
""",
)
