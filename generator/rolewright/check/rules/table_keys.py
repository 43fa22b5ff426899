"""Tables and indexes whose sort key is their partition key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, environments, texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_TYPE = "aws_dynamodb_table"
_INDEXES = "global_secondary_index"


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for module in environments(parsed):
        for table in module.all("resource", _TYPE):
            for block in (table, *table.all(_INDEXES)):
                hash_key, range_key = (block.attributes.get(name) for name in ("hash_key", "range_key"))
                if hash_key and range_key:
                    (partition_key,), (sort_key,) = (
                        texts(module, hash_key.expression),
                        texts(module, range_key.expression),
                    )
                    if partition_key == sort_key and MARK not in partition_key:
                        text = f"hash_key and range_key of {_TYPE} {table.labels[1]} are both {partition_key}"
                        yield Hit(table.file, range_key.line, text, "Leave range_key out, or name another attribute.")


RULE = Rule(
    name="table-keys",
    summary="a table or index whose partition key is also its sort key",
    why="DynamoDB refuses it in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_dynamodb_table" "orders" {
  name      = "orders"
  hash_key  = "customer"
  range_key = "number"
}
""",
    bad="""
resource "aws_dynamodb_table" "orders" {
  name      = "orders"
  hash_key  = "customer"
  range_key = "customer"
}
""",
)
