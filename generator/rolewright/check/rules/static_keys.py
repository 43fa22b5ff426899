"""Access keys, and other credentials that are not the role's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import all_strings, environment_variables
from rolewright.core.finding import Severity
from rolewright.data.access_keys import ID_ALONE, VARIABLES
from rolewright.hcl.syntax import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import ParsedModule

_KEY_TYPE = "aws_iam_access_key"
_PROVIDER_ARGUMENTS = ("access_key", "secret_key", "token")
_KEY_ID = re.compile(ID_ALONE)
_REMEDY = "Remove it: the workload's role gives the code credentials that renew themselves."


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for file, line, text in all_strings(parsed):
        if match := _KEY_ID.search(text):
            yield Hit(file, line, f"this text contains the access key {match[0][:8]}…", _REMEDY)
    for block in parsed.all("resource", _KEY_TYPE):
        message = f"{_KEY_TYPE} {block.labels[1]} creates an access key that never expires"
        yield Hit(block.file, block.line, message, _REMEDY)
    for block in parsed.all("provider", "aws"):
        for name in _PROVIDER_ARGUMENTS:
            attribute = block.attributes.get(name)
            if attribute is not None and attribute.expression != Literal(None):
                remedy = "Remove it: Terraform takes its credentials from the environment that it runs in."
                yield Hit(block.file, attribute.line, f"the provider sets {name}", remedy)
    for variable in environment_variables(parsed):
        if variable.name in VARIABLES:
            message = f"the environment variable {variable.name} overrides the role's credentials"
            yield Hit(variable.file, variable.line, message, _REMEDY, variable.below)


RULE = Rule(
    name="static-keys",
    summary="an access key, in a string, a resource, an environment variable or a provider argument",
    why="A key that never expires works for anybody who finds it, from anywhere.",
    severity=Severity.ERROR,
    check=_check,
    good="""
provider "aws" {
  region = "eu-west-1"
}
""",
    bad="""
provider "aws" {
  region     = "eu-west-1"
  access_key = "AKIAIOSFODNN7EXAMPLE"
}
""",
)
