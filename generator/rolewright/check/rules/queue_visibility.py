"""Queues whose messages become visible again while a function still handles them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import target, texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Block, ParsedModule

_MAPPING, _FUNCTION, _ALIAS, _QUEUE = (
    "aws_lambda_event_source_mapping",
    "aws_lambda_function",
    "aws_lambda_alias",
    "aws_sqs_queue",
)
# AWS's defaults, in seconds.
_TIMEOUT, _VISIBILITY = 3, 30


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for mapping in parsed.all("resource", _MAPPING):
        queue = _named(parsed, mapping, "event_source_arn", _QUEUE)
        function = _named(parsed, mapping, "function_name", _FUNCTION, _ALIAS)
        if function is not None and function.labels[0] == _ALIAS:
            function = _named(parsed, function, "function_name", _FUNCTION)
        if queue is None or function is None:
            continue
        timeouts = _seconds(parsed, function, "timeout", _TIMEOUT)
        hidden = _seconds(parsed, queue, "visibility_timeout_seconds", _VISIBILITY)
        if timeouts and hidden and max(timeouts) > min(hidden):
            text = (
                f"a message of {_QUEUE} {queue.labels[1]} is hidden for {min(hidden)} seconds, "
                f"and {_FUNCTION} {function.labels[1]} may take {max(timeouts)}"
            )
            remedy = "Raise visibility_timeout_seconds above the function's timeout; AWS recommends six times as long."
            yield Hit(mapping.file, mapping.attributes["event_source_arn"].line, text, remedy)


def _named(parsed: ParsedModule, block: Block, argument: str, *types: str) -> Block | None:
    attribute = block.attributes.get(argument)
    referenced = target(parsed, attribute.expression) if attribute else None
    return referenced if referenced is not None and referenced.labels[0] in types else None


def _seconds(parsed: ParsedModule, block: Block, argument: str, default: int) -> list[int]:
    """Return the values of an argument in all environments, or none if one of them is not known."""
    attribute = block.attributes.get(argument)
    values = [str(default)] if attribute is None else list(texts(parsed, attribute.expression))
    return [int(text) for text in values] if values and all(text.isdecimal() for text in values) else []


RULE = Rule(
    name="queue-visibility",
    summary="a queue whose visibility timeout is shorter than the timeout of the function that reads it",
    why="AWS refuses the event source mapping, so the apply fails.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_sqs_queue" "work" {
  name                       = "work"
  visibility_timeout_seconds = 360
}

resource "aws_lambda_function" "worker" {
  function_name = "worker"
  role          = "arn:aws:iam::111111111111:role/worker"
  package_type  = "Image"
  image_uri     = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/worker:1"
  timeout       = 60
}

resource "aws_lambda_event_source_mapping" "work" {
  event_source_arn = aws_sqs_queue.work.arn
  function_name    = aws_lambda_function.worker.arn
}
""",
    bad="""
resource "aws_sqs_queue" "work" {
  name = "work"
}

resource "aws_lambda_function" "worker" {
  function_name = "worker"
  role          = "arn:aws:iam::111111111111:role/worker"
  package_type  = "Image"
  image_uri     = "111111111111.dkr.ecr.eu-west-1.amazonaws.com/worker:1"
  timeout       = 60
}

resource "aws_lambda_event_source_mapping" "work" {
  event_source_arn = aws_sqs_queue.work.arn
  function_name    = aws_lambda_function.worker.arn
}
""",
)
