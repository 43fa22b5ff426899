"""Functions that Lambda cannot start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import functions, texts
from rolewright.core.finding import Severity
from rolewright.hcl.syntax import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Block, ParsedModule

# What a function needs: the argument, and the package type that needs it.
_NEEDED = (("runtime", "Zip"), ("handler", "Zip"), ("image_uri", "Image"))


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block, _ in functions(parsed):
        for argument, kind in _NEEDED:
            if _kinds(parsed, block) == {kind} and not _given(block, argument):
                text = f"the function {block.labels[1]} has the package type {kind} and no {argument}"
                yield Hit(block.file, block.line, text, f"Set {argument}, or another package_type.")


def _kinds(parsed: ParsedModule, block: Block) -> set[str]:
    attribute = block.attributes.get("package_type")
    return {text or "Zip" for text in texts(parsed, attribute.expression)} if attribute else {"Zip"}


def _given(block: Block, argument: str) -> bool:
    attribute = block.attributes.get(argument)
    return attribute is not None and attribute.expression != Literal(None)


RULE = Rule(
    name="function-code",
    summary="a zip function without `runtime` or `handler`, or an image function without `image_uri`",
    why="Lambda refuses the function in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_lambda_function" "function" {
  function_name = "orders"
  role          = "arn:aws:iam::111111111111:role/orders"
  filename      = "orders.zip"
  runtime       = "python3.12"
  handler       = "index.handler"
}
""",
    bad="""
resource "aws_lambda_function" "function" {
  function_name = "orders"
  role          = "arn:aws:iam::111111111111:role/orders"
  filename      = "orders.zip"
  runtime       = "python3.12"
}
""",
)
