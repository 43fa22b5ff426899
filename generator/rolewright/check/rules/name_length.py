"""Names that AWS does not take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.statement import statements
from rolewright.check.walk import MARK, texts
from rolewright.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.syntax import ParsedModule

# The argument with the name, and its longest value in characters (each service's quotas or API reference).
_LIMITS = {
    "aws_iam_role": ("name", 64),
    "aws_iam_instance_profile": ("name", 128),
    "aws_iam_policy": ("name", 128),
    "aws_iam_role_policy": ("name", 128),
    "aws_iam_user": ("name", 64),
    "aws_lambda_function": ("function_name", 64),
    "aws_s3_bucket": ("bucket", 63),
    "aws_sqs_queue": ("name", 80),
    "aws_sns_topic": ("name", 256),
    "aws_cloudwatch_log_group": ("name", 512),
    "aws_dynamodb_table": ("name", 255),
    "aws_secretsmanager_secret": ("name", 512),
    "aws_ecs_task_definition": ("family", 255),
    "aws_kms_alias": ("name", 256),
}

# Names with a stricter form (S3 User Guide, bucket naming rules).
_FORMS = {"aws_s3_bucket": (re.compile(r"[a-z0-9][a-z0-9.-]{1,}[a-z0-9]"), "lower case letters, digits, - and .")}
_SID = re.compile(r"[A-Za-z0-9]*")  # IAM JSON policy grammar; the policies of some resources take more


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for type_, (argument, limit) in _LIMITS.items():
        for block in parsed.all("resource", type_):
            if (attribute := block.attributes.get(argument)) is None:
                continue
            # An unknown part may be empty: what is left is the shortest that the name can be.
            names = texts(parsed, attribute.expression)
            longest = max((name.replace(MARK, "") for name in names), key=len)
            if len(longest) > limit:
                text = f"{argument} of {type_} {block.labels[1]} has {len(longest)} characters: {longest}"
                yield Hit(block.file, attribute.line, text, f"Shorten it to {limit} characters.")
            form, described = _FORMS.get(type_, (None, ""))
            for name in names:
                if form and MARK not in name and not form.fullmatch(name):
                    text = f"{argument} of {type_} {block.labels[1]} is {name or 'empty'}"
                    yield Hit(block.file, attribute.line, text, f"Use at least 3 {described}.")
    for statement in statements(parsed):
        if statement.grants and MARK not in statement.sid and not _SID.fullmatch(statement.sid):
            text = f"the sid {statement.sid} has characters that IAM does not take"
            yield Hit(statement.file, statement.line, text, "Use letters and digits alone.")


RULE = Rule(
    name="name-length",
    summary="a name that AWS does not take: too long, or with other characters",
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
