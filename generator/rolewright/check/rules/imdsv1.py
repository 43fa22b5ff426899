"""Instances whose credentials can be read without a token, or over too many network hops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.check.rule import Hit, Rule
from rolewright.check.walk import MARK, texts
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.hcl.syntax import Block, ParsedModule

_TYPES = ("aws_instance", "aws_launch_template", "aws_launch_configuration", "aws_spot_instance_request")
_HOPS = 2  # one for the instance, one for a container's own network
_TEMPLATE = "launch_template"  # an instance takes the options of its template


def _check(parsed: ParsedModule) -> Iterator[Hit]:
    for type_ in _TYPES:
        for block in parsed.all("resource", type_):
            options = list(block.all("metadata_options"))
            for option in options:
                yield from _far(parsed, block, option)
            if any(_safe(parsed, option) for option in options) or (not options and any(block.all(_TEMPLATE))):
                continue
            line = options[0].line if options else block.line
            text = f"{type_} {block.labels[1]} gives out the role's credentials without an IMDSv2 token"
            yield Hit(block.file, line, text, 'Set http_tokens = "required" in metadata_options.')


def _far(parsed: ParsedModule, block: Block, options: Block) -> Iterator[Hit]:
    limit = options.attributes.get("http_put_response_hop_limit")
    if limit is None:
        return
    for hops in texts(parsed, limit.expression):
        if hops.isdecimal() and int(hops) > _HOPS:
            text = f"{block.labels[0]} {block.labels[1]} allows {hops} network hops to the instance metadata"
            yield Hit(block.file, limit.line, text, f"Set http_put_response_hop_limit to 1, or {_HOPS} for containers.")


def _safe(parsed: ParsedModule, options: Block) -> bool:
    tokens, endpoint = options.attributes.get("http_tokens"), options.attributes.get("http_endpoint")
    if endpoint and set(texts(parsed, endpoint.expression)) == {"disabled"}:
        return True
    return tokens is not None and set(texts(parsed, tokens.expression)) <= {"required", MARK}


RULE = Rule(
    name="imdsv1",
    summary="an instance or launch template that does not require IMDSv2 tokens, or allows more than 2 hops",
    why="Any request that the code can be tricked into making can then return the role's credentials.",
    severity=Severity.ERROR,
    check=_check,
    good="""
resource "aws_instance" "instance" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.micro"
  metadata_options {
    http_tokens = "required"
  }
}
""",
    bad="""
resource "aws_instance" "instance" {
  ami           = "ami-0123456789abcdef0"
  instance_type = "t3.micro"
}
""",
)
