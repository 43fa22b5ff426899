"""Measure the length of a policy from its text: compact JSON, as IAM counts it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rolewright.check.walk import MARK, decoded, environments, resolved, target, texts
from rolewright.hcl.syntax import List, Literal, Map, Template, Traversal

if TYPE_CHECKING:
    from rolewright.hcl.syntax import Block, Expression, ParsedModule

_DOCUMENT = "aws_iam_policy_document"
_LISTS = {"Action": "actions", "NotAction": "not_actions", "Resource": "resources", "NotResource": "not_resources"}
_PRINCIPALS = {"Principal": "principals", "NotPrincipal": "not_principals"}
_SPACE = re.compile(r"\s")
_UNKNOWN = 0  # no JSON value is shorter


def sizes(parsed: ParsedModule, block: Block, argument: str) -> tuple[int, ...]:
    """Return the length of the policy in an argument, in characters without white space, for each environment.

    Parts that only Terraform or AWS knows do not count, so that no policy is shorter than this.
    """
    return tuple(_size(module, block, argument) for module in environments(parsed))


def _size(parsed: ParsedModule, block: Block, argument: str) -> int:
    attribute = block.attributes.get(argument)
    if attribute is None:
        return 0
    document = target(parsed, attribute.expression)
    if document is not None and document.type == "data" and document.labels[0] == _DOCUMENT:
        policy = _document(parsed, document)
    else:
        policy = _value(parsed, decoded(parsed, attribute.expression) or Literal(_UNKNOWN))
    return len(_SPACE.sub("", json.dumps(policy, separators=(",", ":"), ensure_ascii=False)))


def _document(parsed: ParsedModule, document: Block) -> object:
    statements = [_statement(parsed, block) for block in document.all("statement")]
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(parsed: ParsedModule, block: Block) -> object:
    """Write a statement as the provider does: a list of one item as the item, and without empty elements."""
    lists = {name: _argument(parsed, block, argument) for name, argument in _LISTS.items()}
    principals = {name: _principals(parsed, block, nested) for name, nested in _PRINCIPALS.items()}
    elements = {
        "Sid": _argument(parsed, block, "sid"),
        "Effect": _argument(parsed, block, "effect") or "Allow",
        **lists,
        **principals,
        "Condition": _conditions(parsed, block),
    }
    return {name: value for name, value in elements.items() if value}


def _argument(parsed: ParsedModule, block: Block, name: str) -> object:
    attribute = block.attributes.get(name)
    value = _UNKNOWN if attribute is None else _value(parsed, attribute.expression)
    return _short(value) if isinstance(value, list) else value


def _short(values: list[object]) -> object:
    """Return the distinct values, since those that differ only in unknown parts may be the same, or the only one."""
    distinct = list({repr(value): value for value in values}.values())
    return distinct[0] if len(distinct) == 1 else distinct


def _principals(parsed: ParsedModule, block: Block, nested: str) -> object:
    return {
        str(_argument(parsed, principal_block, "type")): _argument(parsed, principal_block, "identifiers")
        for principal_block in block.all(nested)
    }


def _conditions(parsed: ParsedModule, block: Block) -> object:
    by_operator: dict[str, dict[str, object]] = {}
    for condition in block.all("condition"):
        keys = by_operator.setdefault(str(_argument(parsed, condition, "test")), {})
        keys[str(_argument(parsed, condition, "variable"))] = _argument(parsed, condition, "values")
    return by_operator


def _value(parsed: ParsedModule, expression: Expression) -> object:
    match resolved(parsed, expression):
        case Map(pairs):
            return {str(_value(parsed, key)): _value(parsed, value) for key, value in pairs}
        case List(items):
            return [_value(parsed, item) for item in items]
        case Literal(value) if not isinstance(value, str):
            return value
        case (Literal() | Template() | Traversal()) as text:
            first_text = texts(parsed, text)[0]
            return _UNKNOWN if first_text == MARK else first_text.replace(MARK, "")
        case _:
            return _UNKNOWN
