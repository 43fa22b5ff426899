"""Environment variables that Lambda does not accept."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, environments, functions, texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.check.walk import EnvironmentVariable
    from rolewright.hcl.syntax import ParsedModule

# Lambda Developer Guide, "Defined runtime environment variables"; those with access keys are in static_keys.py.
_RESERVED = frozenset(
    {
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_LIMIT = 4_096  # bytes of all variables of a function together (Lambda quotas)


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for block, variables in functions(parsed):
        for variable in variables:
            if variable.name in _RESERVED:
                text = f"the environment variable {variable.name} is reserved by Lambda"
                yield Hit(variable.file, variable.line, text, "Remove it, or rename it.", variable.below)
            elif not _NAME.fullmatch(variable.name):
                text = f"{variable.name} is not a valid name of a Lambda environment variable"
                remedy = "Begin with a letter, and use letters, digits and _."
                yield Hit(variable.file, variable.line, text, remedy, variable.below)
        if (size := max(_size(module, variables) for module in environments(parsed))) > _LIMIT:
            text = f"the environment variables of {block.labels[1]} have at least {size} bytes; Lambda allows {_LIMIT}"
            yield Hit(variables[0].file, variables[0].line, text, "Keep long values in a parameter or a bucket.")


def _size(parsed: ParsedModule, variables: tuple[EnvironmentVariable, ...]) -> int:
    """Return the bytes of all variables as JSON, which is what Lambda measures; unknown parts do not count."""
    values = {variable.name: texts(parsed, variable.value)[0].replace(MARK, "") for variable in variables}
    return len(json.dumps(values, separators=(",", ":"), ensure_ascii=False).encode())


RULE = Rule(
    name="function-variables",
    summary="an environment variable that Lambda reserves or whose name it refuses, or more than 4 KB of them",
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
  environment {
    variables = { TABLE_REGION = "eu-west-1" }
  }
}
""",
    bad="""
resource "aws_lambda_function" "function" {
  function_name = "orders"
  role          = "arn:aws:iam::111111111111:role/orders"
  filename      = "orders.zip"
  runtime       = "python3.12"
  handler       = "index.handler"
  environment {
    variables = { AWS_REGION = "eu-west-1" }
  }
}
""",
)
