"""Evaluated modules → the statements with which Terraform plans them, and those with which it applies them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Rejected, Severity
from rolewright.core.inputs import BOUNDARY
from rolewright.data import limits
from rolewright.data.partitions import DNS_SUFFIX
from rolewright.manifest.symbolic import for_any_value
from rolewright.prove.arn_formats import is_idle
from rolewright.prove.evaluate import texts_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rolewright.core.model import Environment, Role, Workload
    from rolewright.deployer.actions import ActionBlock
    from rolewright.prove.document import Conditions
    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule


_DEFAULT = "default"
_SLOT = re.compile(r"\$\{(/?)([a-z0-9_.]+)\}")
_MADE = re.compile(r"\$\{((?:data\.)?\w+\.\w+)[.\[][^}]*\}")  # the evaluator's token for a part that AWS generates


@dataclass(frozen=True)
class DeployerPermission:
    """An action on one set of resources under one set of conditions. `write` is true if only an apply needs it."""

    action: str
    resources: tuple[str, ...]
    conditions: Conditions
    write: bool


def permissions(
    workload: Workload,
    roles: Sequence[Role],
    evaluated: EvaluatedModule,
    environment: Environment,
    actions: Mapping[str, tuple[ActionBlock, ...]],
) -> list[DeployerPermission]:
    """Return what Terraform needs for a module in an environment.

    Raises Rejected with a finding for each resource type that `actions` knows nothing of.
    """
    unknown = sorted({_key(resource) for resource in evaluated.resources.values()} - actions.keys())
    if unknown:
        raise Rejected([_unknown(type_, workload) for type_ in unknown])
    module = _Module(workload, evaluated, environment, actions)
    needed = [permission for resource in evaluated.resources.values() for permission in module.of(resource)]
    for role in roles:
        if role.trust.kind == "Service":
            arn = f"arn:{environment.partition}:iam::{environment.account}:role/{role.name.ground(environment.values)}"
            services = tuple(sorted(principal.ground(environment.values) for principal in role.trust.principals))
            passed_to = (("StringEquals", "iam:PassedToService", services),)
            needed.append(DeployerPermission("iam:PassRole", (arn,), passed_to, write=True))
    return list(
        dict.fromkeys(needed if environment.name else (_anywhere(permission, environment) for permission in needed))
    )


def for_any_input(
    needed: Iterable[DeployerPermission], workload: Workload, environment: Environment
) -> Iterator[DeployerPermission]:
    """Yield permissions for whatever the caller of the module gives, where they have the symbols of inputs."""
    for permission in needed:
        yield _changed(permission, lambda text: for_any_value(text, workload.inputs, environment.partition))


def left_to_caller(needed: Iterable[DeployerPermission], workload: Workload) -> Iterator[Finding]:
    """Yield a warning for each input that permissions depend on: they are as wide as what the module takes for it."""
    texts = {
        text
        for permission in needed
        for text in (*permission.resources, *(value for _, _, values in permission.conditions for value in values))
    }
    for given in workload.inputs:
        if any(part.symbol in text for part in given.parts if part.symbol for text in texts):
            yield Finding(
                "deployer-input",
                f"the deployer's policies have * in the place of the input {given.name}, as its value is not known"
                + (", so that every managed policy is a boundary to them" if given.kind == BOUNDARY else ""),
                "put what your root gives in the place of it, or write the value in the manifest",
                workload.locate(f"inputs.{given.name}"),
                f"inputs.{given.name}",
                severity=Severity.WARNING,
            )


def _changed(permission: DeployerPermission, change: Callable[[str], str]) -> DeployerPermission:
    """Return the permission with another text in the place of each; a condition on a `*` takes what it matches."""
    conditions = []
    for operator, key, values in permission.conditions:
        changed = tuple(map(change, values))
        is_pattern = operator == "StringEquals" and any("*" in value for value in changed)
        conditions.append(("StringLike" if is_pattern else operator, key, changed))
    return DeployerPermission(
        permission.action, tuple(map(change, permission.resources)), tuple(conditions), permission.write
    )


def _anywhere(permission: DeployerPermission, environment: Environment) -> DeployerPermission:
    """Return the permission for any account and region, as a module without environments names neither."""

    def opened(text: str) -> str:
        return text.replace(environment.account, "*").replace(environment.region, "*")

    return _changed(permission, opened)


def documents(needed: Iterable[DeployerPermission], *, write: bool) -> list[dict[str, Any]]:
    """Return policy documents, each within a managed policy's limit: for a plan, or with `write` also for an apply."""
    grouped: dict[tuple[Conditions, tuple[str, ...]], set[str]] = defaultdict(set)
    for permission in needed:
        if write or not permission.write:
            for resource in permission.resources:
                grouped[permission.conditions, (resource,)].add(permission.action)
    merged: dict[tuple[Conditions, frozenset[str]], set[str]] = defaultdict(set)
    for (conditions, resources), actions in grouped.items():
        merged[conditions, frozenset(actions)].update(resources)
    statements = sorted(
        (
            statement
            for (conditions, actions), resources in merged.items()
            for statement in _statements(actions, sorted(resources), conditions)
        ),
        key=lambda statement: json.dumps(statement, sort_keys=True),
    )
    policies: list[dict[str, Any]] = []
    for statement in statements:
        if (
            not policies
            or len(minified({**policies[-1], "Statement": [*policies[-1]["Statement"], statement]})) > limits.MANAGED
        ):
            policies.append({"Version": "2012-10-17", "Statement": []})
        policies[-1]["Statement"].append(statement)
    return policies


def minified(document: Mapping[str, Any]) -> str:
    """Return a document as IAM counts its characters."""
    return json.dumps(document, separators=(",", ":"))


def _statements(actions: Iterable[str], resources: list[str], conditions: Conditions) -> Iterator[dict[str, Any]]:
    """Yield one statement; spread its resources over several if one alone would exceed the limit of a policy."""
    whole = _statement(actions, resources, conditions)
    if len(minified({"Version": "2012-10-17", "Statement": [whole]})) <= limits.MANAGED or len(resources) == 1:
        yield whole
        return
    half = len(resources) // 2
    yield from _statements(actions, resources[:half], conditions)
    yield from _statements(actions, resources[half:], conditions)


def _statement(actions: Iterable[str], resources: Iterable[str], conditions: Conditions) -> dict[str, Any]:
    condition: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in conditions:
        condition.setdefault(operator, {})[key] = list(values)
    return {
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": sorted(resources),
        **({"Condition": condition} if condition else {}),
    }


def _key(resource: EvaluatedBlock) -> str:
    return f"data.{resource.type}" if resource.mode == "data" else resource.type


def _unknown(type_: str, workload: Workload) -> Finding:
    return Finding(
        "deployer-type",
        f"rolewright does not know which AWS actions Terraform calls for {type_}, "
        "so they would be missing from the policy",
        "list them in deploy.yaml beside your own blueprints; docs/deployer.md shows the form",
        workload.locate("compute"),
        "compute",
    )


@dataclass(frozen=True)
class _Module:
    workload: Workload
    evaluated: EvaluatedModule
    environment: Environment
    actions: Mapping[str, tuple[ActionBlock, ...]]

    def of(self, resource: EvaluatedBlock) -> Iterator[DeployerPermission]:
        for block in self.actions[_key(resource)]:
            if block.given and block.given not in resource.values:
                continue
            if block.by_default and resource.values.get(block.by_default, _DEFAULT) != _DEFAULT:
                continue
            if not block.each:
                yield from self.allowed(resource, block)
            for nested in resource.values.get(block.each, ()):
                yield from self.allowed(replace(resource, values={**resource.values, block.each: [nested]}), block)

    def allowed(self, resource: EvaluatedBlock, block: ActionBlock) -> Iterator[DeployerPermission]:
        resources = self.named(resource, block.of) if block.of else [self.filled(a, resource) for a in block.arns]
        if not resources:
            return
        conditions = tuple(sorted(self.conditions(resource, block)))
        for kind, write in ((block.read, False), (block.write, True)):
            for action in kind:
                # Two resources may share a name; the action is then on the one of its own kind.
                fitting = {arn for arn in resources if not is_idle(action, arn)} or set(resources)
                yield DeployerPermission(action, tuple(sorted(fitting)), conditions, write)

    def conditions(self, resource: EvaluatedBlock, block: ActionBlock) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        for condition in block.when:
            values = condition["values"]
            if isinstance(values, str):
                values = self.named(resource, values.removeprefix("of "))
            yield (
                condition["operator"],
                condition["key"],
                tuple(sorted(self.filled(value, resource) for value in values)),
            )
        if block.bounded and self.workload.boundary is not None:
            boundary = self.workload.boundary.ground(self.environment.values)
            yield "StringEquals", "iam:PermissionsBoundary", (boundary,)

    def filled(self, pattern: str, resource: EvaluatedBlock) -> str:
        """Fill the slots of a pattern; a part that AWS generates, or that is not set, becomes `*`."""
        context = {
            "partition": self.environment.partition,
            "region": self.environment.region,
            "account": self.environment.account,
            "workload": self.workload.name,
            "suffix": DNS_SUFFIX[self.environment.partition],
        }

        def value(slot: Any) -> str:  # noqa: ANN401 - a match
            name = slot[2]
            text = context.get(name) or _MADE.sub("*", "".join(texts_at(resource.values, name.split("."))[:1]) or "*")
            return f"/{text.removeprefix('/')}" if slot[1] else text

        return _SLOT.sub(value, pattern)

    def named(self, resource: EvaluatedBlock, argument: str) -> list[str]:
        """Return the ARNs that an argument names: a resource of the module, or one by its ARN; none if it is unset."""
        arns: list[str] = []
        for value in texts_at(resource.values, argument.split(".")):
            reference = _MADE.match(value)
            if value.startswith("arn:"):
                arns.append(_MADE.sub("*", value))
            elif reference is not None and reference[1] in self.evaluated.resources:
                arns += self.own(self.evaluated.resources[reference[1]])
            else:
                arns += self.called(value, resource)
        return arns

    def called(self, name: str, resource: EvaluatedBlock) -> list[str]:
        """Return the ARNs of a resource of the module that this one depends on, known by its name."""
        dependencies = [
            self.evaluated.resources[address] for address in resource.depends if address in self.evaluated.resources
        ]
        return [
            arn for dependency in dependencies if name in dependency.values.values() for arn in self.own(dependency)
        ]

    def own(self, resource: EvaluatedBlock) -> list[str]:
        """Return the ARNs of a resource: those of the first block of its type that has any but `*`."""
        for block in self.actions[_key(resource)]:
            if block.arns and block.arns != ("*",):
                return [self.filled(arn, resource) for arn in block.arns]
            if block.of and not block.when:
                return self.named(resource, block.of)
        return []
