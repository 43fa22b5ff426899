"""Data sources whose values are known without AWS: the context, and policy documents as the provider renders them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.model import Environment

Values = dict[str, Any]


def _identity(_values: Values, environment: Environment) -> Values:
    return {"account_id": environment.account}


def _partition(_values: Values, environment: Environment) -> Values:
    return {"partition": environment.partition}


def _principal(values: Values, environment: Environment) -> Values:
    return {"region": environment.region, "name": f"{values['service_name']}.amazonaws.com"}


def _policy_document(values: Values, _environment: Environment) -> Values:
    """The provider's aws_iam_policy_document (its data source `iam_policy_document`): indented JSON."""
    document = {"Version": values.get("version", "2012-10-17")}
    if values.get("policy_id"):
        document["Id"] = values["policy_id"]
    statements = [_statement(statement) for statement in values.get("statement", [])]
    if statements:
        document["Statement"] = statements
    return {"json": _go_json(document, 2), "minified_json": _go_json(document, None)}


def _go_json(document: Values, indent: int | None) -> str:
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _statement(values: Values) -> Values:
    """Keys in the provider's order; it sorts sets in reverse, and writes a single value as a string."""
    found: Values = {}
    if values.get("sid"):
        found["Sid"] = values["sid"]
    found["Effect"] = values.get("effect", "Allow")
    for key, name in (("Action", "actions"), ("NotAction", "not_actions")):
        if values.get(name):
            found[key] = _several(values[name])
    for key, name in (("Resource", "resources"), ("NotResource", "not_resources")):
        if values.get(name):
            found[key] = _several([_variables(one) for one in values[name]])
    for key, name in (("Principal", "principals"), ("NotPrincipal", "not_principals")):
        if values.get(name):
            found[key] = _principals(values[name])
    if values.get("condition"):
        found["Condition"] = _conditions(values["condition"])
    return found


def _variables(text: str) -> str:
    """The provider's own way to write a policy variable: `&{aws:username}`."""
    return text.replace("&{", "${")


def _several(values: list[str]) -> Any:  # noqa: ANN401 - a string or a list
    ordered = sorted(set(values), reverse=True)
    return ordered[0] if len(ordered) == 1 else ordered


def _principals(blocks: list[Values]) -> Any:  # noqa: ANN401 - "*" or a mapping
    found: dict[str, list[str]] = {}
    for block in blocks:
        found.setdefault(block["type"], []).extend(_variables(one) for one in block["identifiers"])
    if found == {"*": ["*"]}:
        return "*"
    return {kind: _several(names) for kind, names in sorted(found.items())}


def _conditions(blocks: list[Values]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, list[str]]] = {}
    for block in blocks:
        values = found.setdefault(block["test"], {}).setdefault(block["variable"], [])
        values.extend(_variables(one) for one in block["values"])
    return {
        test: {key: values[0] if len(values) == 1 else values for key, values in sorted(keys.items())}
        for test, keys in sorted(found.items())
    }


DATA_SOURCES: Mapping[str, Callable[[Values, Environment], Values]] = {
    "aws_caller_identity": _identity,
    "aws_iam_policy_document": _policy_document,
    "aws_partition": _partition,
    "aws_service_principal": _principal,
}
