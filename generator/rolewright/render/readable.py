"""Text for people: readable names in place of references, and the ARNs of roles and of their sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rolewright.core.text import Ref, Text, ground
from rolewright.data.partitions import DNS_SUFFIX
from rolewright.hcl.literal import RawExpression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolewright.core.model import Environment, ResourcePolicy, Role, Workload
    from rolewright.core.text import Condition

SYMBOLS = {
    "local.account": "ACCOUNT",
    "local.region": "REGION",
    "local.partition": "aws",
    "local.dns_suffix": DNS_SUFFIX["aws"],
}
"""Readable names for the values that a module without environments leaves open."""


def symbols(workload: Workload) -> dict[str, str]:
    """Return readable names, also for values that differ between environments: `var.environment` is ENVIRONMENT."""
    expressions = {expression for environment in workload.environments for expression in environment.values}
    return {**{name: name.rpartition(".")[2].upper() for name in expressions}, **place_symbols(workload)}


def place_symbols(workload: Workload) -> dict[str, str]:
    """Return readable names of the place: the partition, and its domain, are the environments' where these agree."""
    shared = {
        expression: values.pop()
        for expression in ("local.partition", "local.dns_suffix")
        if len(values := {environment.values[expression] for environment in workload.environments}) == 1
    }
    inputs = {expression: name for given in workload.inputs for expression, name in given.names.items()}
    return {**SYMBOLS, **shared, **inputs}


def readable(environment: Environment) -> dict[str, str]:
    """Return what references are called in text for people: the environment's values, and the names of inputs."""
    return {**(environment.values if environment.name else SYMBOLS), **environment.inputs.names}


def shown(conditions: tuple[Condition, ...], values: Mapping[str, str]) -> str:
    """Return conditions as the end of a line: ` if StringEquals aws:SourceAccount ACCOUNT`, or "" for none."""
    parts = sorted(
        f"{c.operator} {c.key.ground(values)} {' | '.join(sorted(value.ground(values) for value in c.values))}"
        for c in conditions
    )
    return f" if {' and '.join(parts)}" if parts else ""


ANYBODY = "anybody"


def who(kind: str, identifier: str) -> str:
    """Return a principal's readable name."""
    return ANYBODY if kind == "*" or (kind, identifier) == ("AWS", "*") else identifier


def policy_lines(policy: ResourcePolicy, values: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each principal, action and resource of a resource policy."""
    for statement in policy.statements:
        effect = statement.effect.lower()
        for kind, identifier in statement.principals:
            for action in statement.actions:
                for arn in statement.resources or (Text.of("*"),):  # what has the policy
                    yield (
                        f"{policy.subject} {effect} {who(kind, identifier.ground(values))} {action} on "
                        f"{arn.ground(values)}{shown(statement.conditions, values)}"
                    )
    for document in policy.documents:
        yield f"{policy.subject} says {json.dumps(ground(document, values), sort_keys=True)}"


def text_functions(workload: Workload, roles: tuple[Role, ...]) -> dict[str, Callable[..., Any]]:
    """Return the functions that templates of text for people may call.

    `code(…)` joins its arguments, for use between backticks or in a block of code. `role_arns(ROLE)` and
    `assumed(ROLE, SESSION…)` give the ARN of the role or of a session of it, as an entry with `environment`,
    `region` and `arn` for each environment.
    """
    names = {role.key: role.name for role in roles}
    names_shown = symbols(workload)

    def code(*parts: object) -> RawExpression:
        return _code("".join(_plain(part, names_shown) for part in parts))

    def arns(*parts: str | Ref | Text) -> list[dict[str, object]]:
        text = Text.of("arn:", Ref("local.partition"), *parts)
        return [_row(text, environment) for environment in workload.environments]

    def role_arns(role: str) -> list[dict[str, object]]:
        return arns(":iam::", Ref("local.account"), ":role/", names[role])

    def assumed(role: str, *session: str | Text) -> list[dict[str, object]]:
        return arns(":sts::", Ref("local.account"), ":assumed-role/", names[role], "/", *session)

    return {"code": code, "role_arns": role_arns, "assumed": assumed}


def _row(text: Text, environment: Environment) -> dict[str, object]:
    values = readable(environment)
    return {
        "environment": environment.name,
        "region": _code(values["local.region"]),
        "arn": _code(text.ground(values)),
    }


def _plain(value: object, names: Mapping[str, str]) -> str:
    match value:
        case Text():
            return value.ground(names)
        case Ref():
            return names.get(value.expression, value.expression.rpartition(".")[2].upper())
        case list() | tuple():
            return json.dumps([_plain(item, names) for item in value])
        case _:
            return str(value)


def _code(text: str) -> RawExpression:
    """Return text that neither ends a block of code nor begins a new line."""
    return RawExpression(" ".join(text.replace("`", "'").split()))
