"""Policies that stand alone, outside Terraform: in the form that IAM Access Analyzer's checks take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Condition, Declaration, Environment, Resource, Role, Statement, Workload

_UNKNOWN = re.compile(r"\$\{(?!aws:|\*|\?|\$)[a-z_][^{}]*\}")  # what Terraform makes; ${aws:…} is a policy variable
_FIELD = re.compile(r'\$\{(?:(?:trimprefix|lower)\()?(\w+)(?:, "[^"]*"\))?(?:\))?(?::-([^}]*))?\}')
_NAME = "made-by-terraform"
MOST = 100
"""Actions or resources of one check (CheckAccessNotGranted, API reference of Access Analyzer)."""


def identity_policy(role: Role, workload: Workload, environment: Environment, catalog: Catalog) -> dict[str, Any]:
    """All that a role may do, as one document: those of a role's policies together decide as it does."""
    values = _values(workload, environment, catalog)
    listed = [statement for policy in role.policies for statement in policy.statements]
    return {"Version": "2012-10-17", "Statement": [_statement(one, values) for one in listed]}


def trust_policy(role: Role, environment: Environment) -> dict[str, Any]:
    """Who may assume a role, as the resource policy that it is."""
    trust = role.trust
    values = environment.values
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Assume",
                "Effect": "Allow",
                "Principal": {trust.kind: [one.ground(values) for one in trust.principals]},
                "Action": list(trust.actions),
                **_condition(trust.conditions, values),
            }
        ],
    }


def not_granted(declaration: Declaration, environment: Environment) -> list[list[dict[str, list[str]]]]:
    """What `never` promises: an `access` for each call of CheckAccessNotGranted, which takes one at a time."""
    return list(_calls(declaration, environment))


def _calls(declaration: Declaration, environment: Environment) -> Iterator[list[dict[str, list[str]]]]:
    for promise in declaration.promises:
        resources = [one.ground(environment.values) for one in promise.resources]
        on = {} if "*" in resources else {"resources": resources}
        for start in range(0, len(promise.actions), MOST):
            yield [{"actions": list(promise.actions[start : start + MOST]), **on}]


def _statement(one: Statement, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Sid": one.sid,
        "Effect": one.effect,
        "Action": list(one.actions),
        "Resource": sorted({_known(text.ground(values)) for text in one.resources}),
        **_condition(one.conditions, values),
    }


def _condition(conditions: Sequence[Condition], values: Mapping[str, str]) -> dict[str, Any]:
    block: dict[str, dict[str, list[str]]] = {}
    for one in conditions:
        listed = [_known(text.ground(values)) for text in one.values]
        block.setdefault(one.operator, {})[_known(one.key.ground(values))] = listed
    return {"Condition": block} if block else {}


def _known(text: str) -> str:
    return _UNKNOWN.sub(_NAME, text)


def _values(workload: Workload, environment: Environment, catalog: Catalog) -> dict[str, str]:
    """What references stand for: an ARN that AWS makes up is one of its form, with a name that says so."""
    values = dict(environment.values)
    for resource in workload.resources.values():
        blueprint = catalog.resources[resource.type]
        if resource.created and blueprint.create is not None:
            for name in blueprint.create.arns:
                text = _filled(blueprint.arns[name], resource, environment)
                values |= dict.fromkeys(_references(resource, name), text)
    return values


def _references(resource: Resource, name: str) -> Iterable[str]:
    """The reference that a made resource's ARN is, where it is nothing else."""
    return [
        text.ground({})[2:-1] for text in resource.arns.get(name, ()) if text.literal is None and len(text.parts) == 1
    ]


def _filled(template: str, resource: Resource, environment: Environment) -> str:
    known = {"partition": environment.partition, "region": environment.region, "account": environment.account}

    def value(slot: re.Match[str]) -> str:
        name, default = slot[1], slot[2]
        given = resource.fields.get(name)
        if name in known:
            return known[name]
        if given is None:
            return f"{_NAME}-{resource.key}" if default is None else default
        return str(given.ground(environment.values) if hasattr(given, "ground") else given).removeprefix("/")

    return _FIELD.sub(value, template)
