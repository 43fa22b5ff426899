"""Values that AWS does not accept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, texts
from rolewright.core.finding import Severity
from rolewright.data.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Attribute, Block, ParsedModule

_Values = range | frozenset[int] | frozenset[str] | re.Pattern[str] | Callable[[str], object]  # says what is wrong

_DIGITS = 19  # AWS takes no longer number, and Python refuses to parse very long ones
_PATH = re.compile(r"/|/[!-~]{1,510}/")
_POLICY = re.compile(r"arn:[a-z-]+:iam::(?:\d{12}|aws):policy/.+")
_RATE = re.compile(r"rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)")
# Days that CloudWatch Logs can keep entries for (PutRetentionPolicy); the provider's 0 is for ever.
_RETENTION = frozenset({0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557,
                        2922, 3288, 3653})  # fmt: skip


def _rule_schedule(text: str) -> object:
    """Return what is wrong with the schedule of a rule, whose units have to be in the number of their value."""
    is_rate = text.startswith("rate(")
    return FORMATS["recurring-schedule"](text) or (is_rate and not _RATE.fullmatch(text)) or None


# Type → argument, in a nested block with a dot → its values, and how they are described (each service's API reference).
_TABLE: dict[str, dict[str, tuple[_Values, str]]] = {
    "aws_lambda_function": {
        "timeout": (range(1, 901), "1 to 900 seconds"),
        "memory_size": (range(128, 10_241), "128 to 10240 MB"),
        "ephemeral_storage.size": (range(512, 10_241), "512 to 10240 MB"),
        "image_uri": (re.compile(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\..+"), "an image in a private ECR repository"),
    },
    "aws_cloudwatch_log_group": {
        "retention_in_days": (_RETENTION, "one of the numbers that CloudWatch has, such as 30, 90 or 365"),
    },
    "aws_iam_role": {
        "max_session_duration": (range(3_600, 43_201), "3600 to 43200 seconds"),
        "path": (_PATH, "a path that begins and ends with /"),
        "permissions_boundary": (_POLICY, "the ARN of a managed policy"),
    },
    "aws_iam_instance_profile": {"path": (_PATH, "a path that begins and ends with /")},
    "aws_iam_policy": {"path": (_PATH, "a path that begins and ends with /")},
    "aws_sqs_queue": {
        "visibility_timeout_seconds": (range(43_201), "0 to 43200 seconds"),
        "message_retention_seconds": (range(60, 1_209_601), "60 to 1209600 seconds"),
        "delay_seconds": (range(901), "0 to 900 seconds"),
        "receive_wait_time_seconds": (range(21), "0 to 20 seconds"),
        "kms_data_key_reuse_period_seconds": (range(60, 86_401), "60 to 86400 seconds"),
    },
    "aws_kms_key": {
        "deletion_window_in_days": (range(7, 31), "7 to 30 days"),
        "rotation_period_in_days": (range(90, 2_561), "90 to 2560 days"),
    },
    "aws_secretsmanager_secret": {
        "recovery_window_in_days": (frozenset({0, *range(7, 31)}), "0, or 7 to 30 days"),
    },
    "aws_dynamodb_table": {"attribute.type": (frozenset({"S", "N", "B"}), "S, N or B")},
    "aws_cloudwatch_event_rule": {
        "schedule_expression": (_rule_schedule, "such as rate(5 minutes) or cron(0 12 * * ? *)"),
    },
    "aws_scheduler_schedule": {
        "schedule_expression": (FORMATS["schedule"], "such as rate(5 minutes) or cron(0 12 * * ? *)"),
        "schedule_expression_timezone": (FORMATS["timezone"], "a name such as Europe/Berlin"),
    },
    "aws_appautoscaling_scheduled_action": {
        "schedule": (FORMATS["schedule"], "such as rate(5 minutes) or cron(0 12 * * ? *)"),
        "timezone": (FORMATS["timezone"], "a name such as Europe/Berlin"),
    },
}


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for type_, arguments in _TABLE.items():
        for block in parsed.all("resource", type_):
            for argument, (values, described) in arguments.items():
                for attribute in _attributes(block, argument.split(".")):
                    for text in texts(parsed, attribute.expression):
                        # null leaves the argument out
                        if text and MARK not in text and not _takes(values, text):
                            message = f"{argument} of {type_} {block.labels[1]} is {text}"
                            yield Hit(block.file, attribute.line, message, f"AWS accepts {described}.")


def _attributes(block: Block, path: list[str]) -> Iterator[Attribute]:
    if len(path) > 1:
        for nested in block.all(path[0]):
            yield from _attributes(nested, path[1:])
    elif path[0] in block.attributes:
        yield block.attributes[path[0]]


def _takes(values: _Values, text: str) -> bool:
    if isinstance(values, re.Pattern):
        return values.fullmatch(text) is not None
    if callable(values):
        return values(text) is None
    # Only a number is looked up in a range: for text, a range compares each of its numbers.
    if text.isdecimal() and len(text) < _DIGITS:
        return int(text) in values
    return not isinstance(values, range) and text in values


RULE = Rule(
    name="argument-value",
    summary="a value that AWS does not accept for an argument, such as a timeout or a log retention out of range",
    why="AWS refuses it in the middle of an apply; Terraform does not check some of these at all.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_cloudwatch_log_group" "logs" {
  name              = "/ecs/orders"
  retention_in_days = 14
}
""",
    bad="""
resource "aws_cloudwatch_log_group" "logs" {
  name              = "/ecs/orders"
  retention_in_days = 13
}
""",
)
