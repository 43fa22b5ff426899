"""Policies that stand alone, outside Terraform, in the form that IAM Access Analyzer's checks take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from rolewright.data.symbols import SYMBOL

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Declaration, Environment, Resource, Role, Statement, Workload
    from rolewright.core.text import Condition

_UNKNOWN = re.compile(r"\$\{(?!aws:|\*|\?|\$)[a-z_][^{}]*\}")  # what Terraform makes; ${aws:…} is a policy variable
_FIELD = re.compile(r'\$\{(?:(?:trimprefix|lower)\()?(\w+)(?:, "[^"]*"\))?(?:\))?(?::-([^}]*))?\}')
_NAME = "made-by-terraform"
MOST = 100
"""Actions or resources of one check (CheckAccessNotGranted, API reference of Access Analyzer)."""


class AnalyzerDocument(NamedTuple):
    """A document, the name of a file for it, and what it is given to Access Analyzer as."""

    file: str
    content: object
    purpose: str


def analyzer_documents(
    workload: Workload,
    roles: Iterable[Role],
    declaration: Declaration,
    environments: Collection[str],
    catalog: Catalog,
) -> Iterator[AnalyzerDocument]:
    """Yield all documents of a workload, in `environments` or, where that is empty, in all of its environments."""
    for environment in workload.environments:
        if environments and environment.name not in environments:
            continue
        start = "-".join(filter(None, (workload.name, environment.name)))
        for role in roles:
            policy = identity_policy(role, workload, environment, catalog)
            if policy["Statement"]:  # a role that may do nothing has no policy
                yield AnalyzerDocument(f"{start}-{role.key}.json", policy, "IDENTITY_POLICY")
            trust = trust_policy(role, environment)
            yield AnalyzerDocument(f"{start}-{role.key}-trust.json", trust, "RESOURCE_POLICY")
        for number, access in enumerate(not_granted(declaration, environment), 1):
            file = f"{start}-never-{number}.json"
            yield AnalyzerDocument(file, access, "access of check-access-not-granted")


def identity_policy(role: Role, workload: Workload, environment: Environment, catalog: Catalog) -> dict[str, Any]:
    """Return all that a role may do as one document, which decides as the role's policies together do."""
    values = _values(workload, environment, catalog)
    listed = [statement for policy in role.policies for statement in policy.statements]
    given = [_given(_statement(statement, values), workload, environment) for statement in listed]
    return {"Version": "2012-10-17", "Statement": given}


def _given(statement: Mapping[str, Any], workload: Workload, environment: Environment) -> dict[str, Any]:
    """Return a statement with a name that says so in the place of what the caller of the module gives.

    Where an ARN has its account and region, AWS takes no such name, and any may be meant.
    """
    symbols = [(part.symbol, part.label, given.name) for given in workload.inputs for part in given.parts]
    texts = {
        symbol: environment.partition if label == "partition" else f"input-{name}" for symbol, label, name in symbols
    }
    in_arns = {**texts, **{symbol: "*" for symbol, label, _ in symbols if label in ("region", "account")}}
    return {key: _replaced(node, in_arns if key == "Resource" else texts) for key, node in statement.items()}


def _replaced(node: Any, texts: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Return a part of a statement with the text of each symbol in its place."""
    if isinstance(node, dict):
        return {key: _replaced(inner, texts) for key, inner in node.items()}
    if isinstance(node, list):
        return [_replaced(inner, texts) for inner in node]
    return SYMBOL.sub(lambda match: texts[match[0]], node)


def trust_policy(role: Role, environment: Environment) -> dict[str, Any]:
    """Return the trust policy of a role: the resource policy that says who may assume it."""
    trust = role.trust
    values = environment.values
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Assume",
                "Effect": "Allow",
                "Principal": {trust.kind: [principal.ground(values) for principal in trust.principals]},
                "Action": list(trust.actions),
                **_condition(trust.conditions, values),
            }
        ],
    }


def not_granted(declaration: Declaration, environment: Environment) -> list[list[dict[str, list[str]]]]:
    """Return what `never` promises: an `access` for each call of CheckAccessNotGranted, which takes one at a time."""
    return list(_calls(declaration, environment))


def _calls(declaration: Declaration, environment: Environment) -> Iterator[list[dict[str, list[str]]]]:
    for promise in declaration.promises:
        resources = [resource.ground(environment.values) for resource in promise.resources]
        on = {} if "*" in resources else {"resources": resources}
        for start in range(0, len(promise.actions), MOST):
            yield [{"actions": list(promise.actions[start : start + MOST]), **on}]


def _statement(statement: Statement, values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "Sid": statement.sid,
        "Effect": statement.effect,
        "Action": list(statement.actions),
        "Resource": sorted({_known(text.ground(values)) for text in statement.resources}),
        **_condition(statement.conditions, values),
    }


def _condition(conditions: Sequence[Condition], values: Mapping[str, str]) -> dict[str, Any]:
    block: dict[str, dict[str, list[str]]] = {}
    for condition in conditions:
        listed = [_known(text.ground(values)) for text in condition.values]
        block.setdefault(condition.operator, {})[_known(condition.key.ground(values))] = listed
    return {"Condition": block} if block else {}


def _known(text: str) -> str:
    return _UNKNOWN.sub(_NAME, text)


def _values(workload: Workload, environment: Environment, catalog: Catalog) -> dict[str, str]:
    """Return the values of references; an ARN that AWS makes up is one of its form, with a name that says so."""
    values = {**environment.values, **environment.inputs.symbols}
    for resource in workload.resources.values():
        blueprint = catalog.resources[resource.type]
        if resource.created and blueprint.create is not None:
            for name in blueprint.create.arns:
                text = _filled(blueprint.arns[name], resource, environment, values)
                values |= dict.fromkeys(_references(resource, name), text)
    return values


def _references(resource: Resource, name: str) -> Iterable[str]:
    """Return the reference that the ARN of a resource of the module consists of, where it is nothing else."""
    return [
        text.ground({})[2:-1] for text in resource.arns.get(name, ()) if text.literal is None and len(text.parts) == 1
    ]


def _filled(template: str, resource: Resource, environment: Environment, values: Mapping[str, str]) -> str:
    known = {"partition": environment.partition, "region": environment.region, "account": environment.account}

    def value(slot: re.Match[str]) -> str:
        name, default = slot[1], slot[2]
        given = resource.fields.get(name)
        if name in known:
            return known[name]
        if given is None:
            return f"{_NAME}-{resource.key}" if default is None else default
        return str(given.ground(values) if hasattr(given, "ground") else given).removeprefix("/")

    return _FIELD.sub(value, template)
