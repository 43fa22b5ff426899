"""State machines that Step Functions does not accept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, decoded, entries, resolved, texts
from rolewright.core.finding import Severity
from rolewright.hcl.syntax import Literal, Map, Template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Expression, ParsedModule

_TYPE, _DEFINITION = "aws_sfn_state_machine", "definition"


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block in parsed.all("resource", _TYPE):
        if definition := block.attributes.get(_DEFINITION):
            for text in _faults(parsed, definition.expression):
                message = f"the definition of the state machine {block.labels[1]} {text}"
                yield Hit(block.file, definition.line, message, "Write it in the Amazon States Language.")


def _faults(parsed: ParsedModule, expression: Expression) -> Iterator[str]:
    content = decoded(parsed, expression)
    if not isinstance(content, Map):
        value = resolved(parsed, expression)
        if isinstance(value, Literal | Template) and not any(MARK in text for text in texts(parsed, value)):
            yield "is not a JSON object"
        return
    fields = entries(content)
    for name in ("StartAt", "States"):
        if name not in fields:
            yield f"has no {name}"
    states = resolved(parsed, fields.get("States", Literal(None)))
    if isinstance(states, Map) and all(isinstance(name, Literal) for name, _ in states.items):
        for start in texts(parsed, fields.get("StartAt", Literal(MARK))):
            if MARK not in start and start not in entries(states):
                yield f"starts at {start}, which is not one of its states"


RULE = Rule(
    name="state-machine",
    summary="a definition that is not JSON, has no states, or starts at a state that it does not have",
    why="Step Functions refuses the state machine in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_sfn_state_machine" "machine" {
  name       = "orders"
  role_arn   = "arn:aws:iam::111111111111:role/orders"
  definition = jsonencode({ StartAt = "Done", States = { Done = { Type = "Succeed" } } })
}
""",
    bad="""
resource "aws_sfn_state_machine" "machine" {
  name       = "orders"
  role_arn   = "arn:aws:iam::111111111111:role/orders"
  definition = jsonencode({ StartAt = "Begin", States = { Done = { Type = "Succeed" } } })
}
""",
)
