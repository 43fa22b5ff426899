"""Logs that are kept forever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_TYPE = "aws_cloudwatch_log_group"
_FOREVER = frozenset({"", "0"})  # null, and the provider's number for no limit


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block in parsed.all("resource", _TYPE):
        days = block.attributes.get("retention_in_days")
        if days is None or _FOREVER & set(texts(parsed, days.expression)):
            text = f"the log group {block.labels[1]} keeps its logs forever"
            yield Hit(block.file, days.line if days else block.line, text, "Set retention_in_days, for example to 90.")


RULE = Rule(
    name="log-retention",
    summary="a log group without `retention_in_days`",
    why="CloudWatch keeps every log line forever, and charges for it.",
    severity=Severity.WARNING,
    check=_check,
    good="""
resource "aws_cloudwatch_log_group" "logs" {
  name              = "/ecs/orders"
  retention_in_days = 365
}
""",
    bad="""
resource "aws_cloudwatch_log_group" "logs" {
  name = "/ecs/orders"
}
""",
)
