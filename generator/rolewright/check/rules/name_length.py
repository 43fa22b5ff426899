"""Names that AWS does not accept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import statements
from rolewright.check.walk import MARK, texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

# The argument with the name, its maximum length in characters, and its pattern, also in words (each service's
# quotas, API reference or naming rules).
_IAM = (r"[A-Za-z0-9_+=,.@-]+", "letters, digits and _+=,.@-")
_WORD = (r"[A-Za-z0-9_-]+", "letters, digits, _ and -")
_QUEUE = (r"[A-Za-z0-9_-]+(?:\.fifo)?", "letters, digits, _ and -; .fifo may end it")
_ALIAS = (r"alias/(?!aws/)[A-Za-z0-9/_-]+", "alias/ followed by letters, digits, /, _ and -; aws/ is AWS's own")
_KEPT = r"(?!xn--|sthree-|amzn-s3-demo-|\d+\.\d+\.\d+\.\d+$)(?!.*(?:\.\.|-s3alias$|--ol-s3$|\.mrap$|--x-s3$))"
_BUCKET = (
    _KEPT + r"[a-z0-9][a-z0-9.-]+[a-z0-9]",
    "at least 3 lower case letters, digits, - and ., and no form that S3 reserves",
)
_NAMES = {
    "aws_iam_role": ("name", 64, *_IAM),
    "aws_iam_instance_profile": ("name", 128, *_IAM),
    "aws_iam_policy": ("name", 128, *_IAM),
    "aws_iam_role_policy": ("name", 128, *_IAM),
    "aws_iam_user": ("name", 64, *_IAM),
    "aws_lambda_function": ("function_name", 64, *_WORD),
    "aws_s3_bucket": ("bucket", 63, *_BUCKET),
    "aws_sqs_queue": ("name", 80, *_QUEUE),
    "aws_sns_topic": ("name", 256, *_QUEUE),
    "aws_cloudwatch_log_group": ("name", 512, r"[A-Za-z0-9_/.#-]+", "letters, digits and _/.#-"),
    "aws_dynamodb_table": ("name", 255, r"[A-Za-z0-9_.-]{3,}", "at least 3 letters, digits, _, . and -"),
    "aws_secretsmanager_secret": ("name", 512, r"[A-Za-z0-9/_+=.@-]+", "letters, digits and /_+=.@-"),
    "aws_ecs_task_definition": ("family", 255, *_WORD),
    "aws_kms_alias": ("name", 256, *_ALIAS),
}
_SID = re.compile(r"[A-Za-z0-9]*")  # IAM JSON policy grammar; some resource policies allow more


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for type_, (argument, limit, pattern, described) in _NAMES.items():
        for block in parsed.all("resource", type_):
            if (attribute := block.attributes.get(argument)) is None:
                continue
            # An unknown part may be empty, so the rest is the shortest possible name.
            names = texts(parsed, attribute.expression)
            longest = max((name.replace(MARK, "") for name in names), key=len)
            if len(longest) > limit:
                text = f"{argument} of {type_} {block.labels[1]} has {len(longest)} characters: {longest}"
                yield Hit(block.file, attribute.line, text, f"Shorten it to {limit} characters.")
            for name in names:
                # An empty name is null: AWS or Terraform makes one up.
                if name and MARK not in name and not re.fullmatch(pattern, name):
                    text = f"{argument} of {type_} {block.labels[1]} is {name}"
                    yield Hit(block.file, attribute.line, text, f"Use {described}.")
    for statement in statements(parsed):
        if statement.grants and MARK not in statement.sid and not _SID.fullmatch(statement.sid):
            text = f"the sid {statement.sid} has characters that IAM does not allow"
            yield Hit(statement.file, statement.line, text, "Use only letters and digits.")


RULE = Rule(
    name="name-length",
    summary="a name that AWS does not accept: too long, or with characters that are not allowed",
    why="Most of these limits are only checked by AWS, in the middle of an apply.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_s3_bucket" "uploads" {
  bucket = "orders-uploads"
}
""",
    bad="""
resource "aws_s3_bucket" "uploads" {
  bucket = "orders-uploads-of-customers-that-have-not-yet-been-looked-at-by-anybody"
}
""",
)
