"""Lambda permissions that do not name the resource for which a service may call the function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_TYPE = "aws_lambda_permission"
_SERVICE = ".amazonaws.com"
# A bucket's ARN has no account: whoever reuses a deleted bucket's name could call the function.
_WITHOUT_ACCOUNT = "s3.amazonaws.com"


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block in parsed.all("resource", _TYPE):
        principal = block.attributes.get("principal")
        services = (
            [name for name in texts(parsed, principal.expression) if name.endswith(_SERVICE)] if principal else []
        )
        if principal is None or not services:
            continue
        label, whom = f"{_TYPE} {block.labels[1]}", ", ".join(services)
        if "source_arn" not in block.attributes:
            text = f"{label} lets {whom} invoke the function on behalf of anybody"
            yield Hit(
                block.file,
                principal.line,
                text,
                "Add source_arn: the ARN of the resource on whose behalf the service calls.",
            )
        elif _WITHOUT_ACCOUNT in services and "source_account" not in block.attributes:
            text = f"{label} lets {whom} invoke the function for a bucket in any account"
            yield Hit(
                block.file, principal.line, text, "Add source_account, because a bucket's ARN contains no account."
            )


RULE = Rule(
    name="open-permission",
    summary="a service that may invoke a function on behalf of anybody",
    why="The service is trusted, but anybody can point their own bucket, topic or rule at the function.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_lambda_permission" "uploads" {
  function_name  = "thumbnails"
  action         = "lambda:InvokeFunction"
  principal      = "s3.amazonaws.com"
  source_arn     = "arn:aws:s3:::uploads"
  source_account = "111111111111"
}
""",
    bad="""
resource "aws_lambda_permission" "uploads" {
  function_name = "thumbnails"
  action        = "lambda:InvokeFunction"
  principal     = "s3.amazonaws.com"
  source_arn    = "arn:aws:s3:::uploads"
}
""",
)
