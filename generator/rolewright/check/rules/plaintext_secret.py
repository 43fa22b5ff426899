"""Secrets in the module's text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, all_strings, environment_variables, texts
from rolewright.core.finding import Severity
from rolewright.data.access_keys import SECRET_CHARACTER, SECRET_LENGTH, is_mixed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_NAMES = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PWD|SECRETS?|TOKEN|API_?KEY|PRIVATE_KEY|SECRET_KEY|CREDENTIALS?)(?:_|$|\d)"
)
# A name that ends like this says where the secret is, or something about it.
_ABOUT = re.compile(
    r"_(?:ARN|NAME|ID|URL|URI|PATH|FILE|DIR|VERSION|TTL|EXPIRY|TIMEOUT|SECONDS|LENGTH|HEADER|TYPE|ENABLED|ISSUER|"
    r"AUDIENCE|ALGORITHM|ENDPOINT|REGION|PREFIX|LIMIT)$"
)
# Values that are not a secret, whatever the name.
_HARMLESS = re.compile(r"|true|false|\d{1,5}|(?:arn:|/|\./|https?://)\S*", re.IGNORECASE)
_SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Slack token": re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}"),
    "a Stripe key": re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s:/@$]*:[^\s:/@${}]+@"),
}
# As long as an AWS secret access key; only matched against whole values, because it is so loose.
_AWS_SECRET = re.compile(f"{SECRET_CHARACTER}{{{SECRET_LENGTH}}}")
_REMEDY = "Keep it in a secret, and give the workload the secret's name or let ECS inject it."


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for variable in environment_variables(parsed):
        for value in texts(parsed, variable.value):
            if _is_secret_value(variable.name, value):
                text = f"the environment variable {variable.name} holds its value in plain text"
                yield Hit(variable.file, variable.line, text, _REMEDY, variable.below)
    for file, line, value in all_strings(parsed):
        for kind, shape in _SHAPES.items():
            if shape.search(value):
                yield Hit(file, line, f"this text contains {kind}", _REMEDY)


def _is_secret_value(name: str, value: str) -> bool:
    is_named_secret = suggests_secret(name) and MARK not in value and not _HARMLESS.fullmatch(value)
    return is_named_secret or bool(_AWS_SECRET.fullmatch(value) and is_mixed(value))


def looks_secret(name: str, value: str) -> bool:
    """Return whether an environment variable holds a secret in plain text, as this rule would find."""
    return _is_secret_value(name, value) or any(shape.search(value) for shape in _SHAPES.values())


def suggests_secret(name: str) -> bool:
    """Return whether an environment variable's name says that its value is a secret."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[-.]", "_", name).upper()
    return bool(_NAMES.search(separated)) and not _ABOUT.search(separated)


RULE = Rule(
    name="plaintext-secret",
    summary="a secret in an environment variable, or a string that looks like one",
    why="Everybody who can read the repository, the state or the configuration in AWS can read it.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_lambda_function" "function" {
  function_name = "orders"
  role          = "arn:aws:iam::111111111111:role/orders"
  runtime       = "python3.12"
  handler       = "index.handler"
  environment {
    variables = {
      DB_PASSWORD_ARN = "arn:aws:secretsmanager:eu-west-1:111111111111:secret:orders/db"
    }
  }
}
""",
    bad="""
resource "aws_lambda_function" "function" {
  function_name = "orders"
  role          = "arn:aws:iam::111111111111:role/orders"
  runtime       = "python3.12"
  handler       = "index.handler"
  environment {
    variables = {
      DB_PASSWORD = "correct horse"
    }
  }
}
""",
)
