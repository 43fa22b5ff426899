"""What text for people says in place of references, and the ARNs of roles and of their sessions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rolewright.core.text import Ref, Text, ground
from rolewright.hcl.literal import Expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rolewright.core.model import Environment, ResourcePolicy, Role, Workload
    from rolewright.core.text import Condition

SYMBOLS = {"local.account": "ACCOUNT", "local.region": "REGION", "local.partition": "aws"}
"""How text for people names what a module without environments leaves open."""


def symbols(workload: Workload) -> dict[str, str]:
    """The same for what differs between environments: `var.environment` is ENVIRONMENT."""
    known = {expression for environment in workload.environments for expression in environment.values}
    return {**{one: one.rpartition(".")[2].upper() for one in known}, **SYMBOLS}


def shown(conditions: tuple[Condition, ...], values: Mapping[str, str]) -> str:
    """Conditions as the end of a line: ` if StringEquals aws:SourceAccount ACCOUNT`, or "" for none."""
    parts = sorted(
        f"{c.operator} {c.key.ground(values)} {' | '.join(sorted(value.ground(values) for value in c.values))}"
        for c in conditions
    )
    return f" if {' and '.join(parts)}" if parts else ""


ANYBODY = "anybody"


def who(kind: str, identifier: str) -> str:
    """A principal as people read of it."""
    return ANYBODY if kind == "*" or (kind, identifier) == ("AWS", "*") else identifier


def policy_lines(policy: ResourcePolicy, values: Mapping[str, str]) -> Iterator[str]:
    """What a resource's own policy says, a line for each principal, action and resource."""
    for one in policy.statements:
        for kind, identifier in one.principals:
            for action in one.actions:
                for arn in one.resources:
                    yield (
                        f"{policy.subject} {one.effect.lower()} {who(kind, identifier.ground(values))} {action} on "
                        f"{arn.ground(values)}{shown(one.conditions, values)}"
                    )
    for document in policy.documents:
        yield f"{policy.subject} says {json.dumps(ground(document, values), sort_keys=True)}"


def speakers(workload: Workload, roles: tuple[Role, ...]) -> dict[str, Callable[..., Any]]:
    """What templates of text for people may call.

    `code(…)` is its arguments joined, to stand between backticks or in a block of code. `role_arns(ROLE)` and
    `assumed(ROLE, SESSION…)` are the role's ARN and that of a session of it, an entry with `environment`, `region`
    and `arn` for each environment.
    """
    names = {role.key: role.name for role in roles}
    said = symbols(workload)

    def code(*parts: object) -> Expression:
        return _code("".join(_plain(part, said) for part in parts))

    def arns(*parts: str | Ref | Text) -> list[dict[str, object]]:
        text = Text.of("arn:", Ref("local.partition"), *parts)
        return [_row(text, environment) for environment in workload.environments]

    def role_arns(role: str) -> list[dict[str, object]]:
        return arns(":iam::", Ref("local.account"), ":role/", names[role])

    def assumed(role: str, *session: str | Text) -> list[dict[str, object]]:
        return arns(":sts::", Ref("local.account"), ":assumed-role/", names[role], "/", *session)

    return {"code": code, "role_arns": role_arns, "assumed": assumed}


def _row(text: Text, environment: Environment) -> dict[str, object]:
    values = environment.values if environment.name else SYMBOLS
    return {
        "environment": environment.name,
        "region": _code(values["local.region"]),
        "arn": _code(text.ground(values)),
    }


def _plain(value: object, said: Mapping[str, str]) -> str:
    match value:
        case Text():
            return value.ground(said)
        case Ref():
            return said.get(value.expression, value.expression.rpartition(".")[2].upper())
        case list() | tuple():
            return json.dumps([_plain(one, said) for one in value])
        case _:
            return str(value)


def _code(text: str) -> Expression:
    """Text that neither ends a block of code nor begins a line of its own."""
    return Expression(" ".join(text.replace("`", "'").split()))
