"""The assertions of a module's `terraform test`, from the declaration: roles, trusts, permissions and promises."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rolewright.data import provider
from rolewright.hcl.literal import RawExpression

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.core.model import Environment, Policy, Promise, Role, Workload
    from rolewright.core.text import Condition

_CHECKED = {"aws_launch_template": {"id": "lt-0123456789abcdef0"}}
"""Attributes, besides ARNs and policy documents, whose format the provider checks where another resource uses them."""
_BLOCK = re.compile(r'^(resource|data) "(\w+)" "(\w+)"', re.MULTILINE)


def assertions(
    workload: Workload, roles: tuple[Role, ...], promises: tuple[Promise, ...], texts: Iterable[str]
) -> dict[str, Any]:
    """Return the values for the template of a module's test: the mocked provider's answers, and a run per environment.

    `texts` are the module's files.
    """
    mocked = dict(_mocked(texts))
    answers = {f"{target}.{name}": value for target, values in mocked.items() for name, value in values.items()}
    return {
        "mocked": [
            {
                "override": RawExpression("override_data" if target.startswith("data.") else "override_resource"),
                "target": RawExpression(target),
                "answers": values,
            }
            for target, values in mocked.items()
        ],
        "whole": _whole,
        "runs": [_run(environment, workload, roles, promises, answers) for environment in workload.environments],
    }


def _mocked(texts: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield answers for values whose format is checked: what Terraform makes up is neither an ARN nor a document.

    Each document is different, so that one in the place of another is noticed.
    """
    for kind, type_, name in sorted({match.groups() for text in texts for match in _BLOCK.finditer(text)}):
        schema = provider.schema(5, kind, type_)
        if schema is None:
            continue
        document = {"json": json.dumps({"Id": name})} if type_ == "aws_iam_policy_document" else {}
        answers = {**document, **_CHECKED.get(type_, {})}
        for attribute, form in sorted(schema.attributes.items()):
            if form.computed and form.type == "string" and re.search(r"(^|_)arn$", attribute):
                answers[attribute] = f"arn:aws:mock:us-east-1:123456789012:{type_}/{name}"
        if answers:
            yield f"{type_}.{name}" if kind == "resource" else f"data.{type_}.{name}", answers


def _run(
    environment: Environment,
    workload: Workload,
    roles: tuple[Role, ...],
    promises: tuple[Promise, ...],
    answers: Mapping[str, str],
) -> dict[str, Any]:
    values = {**answers, **environment.values}
    # A promise that only a deny keeps cannot be checked against what is allowed.
    seen = () if any(s.effect == "Deny" for r in roles for p in r.policies for s in p.statements) else promises
    return {
        "name": environment.name or "module",
        "variables": {**environment.variables, **environment.inputs.variables},
        "account": environment.account,
        "region": environment.region,
        "partition": environment.partition,
        "dns_suffix": environment.values["local.dns_suffix"],
        "boundary": workload.boundary and workload.boundary.ground(values),
        "roles": [_role(role, values) for role in roles],
        "promises": [
            {
                "source": promise.source,
                "actions": [action.lower() for action in promise.actions],
                "resources": [resource.ground(values) for resource in promise.resources],
            }
            for promise in seen
        ],
    }


def _role(role: Role, values: Mapping[str, str]) -> dict[str, Any]:
    trust = role.trust
    assumed = (f"Allow {a} by {trust.kind} {p.ground(values)}" for a in trust.actions for p in trust.principals)
    return {
        "key": role.key,
        "name": role.name.ground(values),
        "trusted": sorted(f"{assumption}{_limits(trust.conditions, values)}" for assumption in assumed),
        "inline": [RawExpression(f"aws_iam_role_policy.{p.label}.name") for p in role.policies if not p.managed],
        "attached": [RawExpression(f"aws_iam_policy.{p.label}.arn") for p in role.policies if p.managed],
        "policies": [
            {"label": policy.label, "managed": policy.managed, "allowed": sorted(set(_allowed(policy, values)))}
            for policy in role.policies
        ],
    }


def _allowed(policy: Policy, values: Mapping[str, str]) -> Iterator[str]:
    for statement in policy.statements:
        limits = _limits(statement.conditions, values)
        for action in statement.actions:
            for resource in statement.resources:
                yield f"{statement.effect} {action} on {resource.ground(values)}{limits}"


def _limits(conditions: tuple[Condition, ...], values: Mapping[str, str]) -> str:
    """Return conditions as the test writes them: one for each value, sorted."""
    parts = sorted(
        f"{c.operator} {c.key.ground(values)} {value.ground(values)}" for c in conditions for value in c.values
    )
    return f" if {' and '.join(parts)}" if parts else ""


def _whole(pattern: str) -> RawExpression:
    """Return an HCL expression that turns an IAM pattern into a regular expression for the whole text."""
    escaped = f'replace({pattern}, "/[[:punct:]]/", "\\\\$0")'
    return RawExpression(f'"^${{replace(replace({escaped}, "\\\\*", ".*"), "\\\\?", ".")}}$"')
