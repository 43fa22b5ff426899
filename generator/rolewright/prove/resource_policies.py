"""Prove that the policies of the resources that a module makes say what is declared, and nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Location, Related
from rolewright.data import iam
from rolewright.prove.carriers import UnreadError, as_policy, carried, carriers
from rolewright.prove.conditions import has_variable
from rolewright.prove.document import Atom, PolicyError, PolicyStatement, read_json, resource_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.core.model import Declaration, Environment, ResourcePolicy
    from rolewright.prove.carriers import Carried
    from rolewright.prove.evaluate import EvaluatedModule

_REMEDY = "fix the blueprint: its template has to write exactly what it declares under `policies`"


@dataclass(frozen=True)
class _Line:
    """A principal, action and resource of a statement. They are compared as written, not by what they match."""

    effect: str
    principal: tuple[str, str]
    action: str
    resource: str
    conditions: frozenset[tuple[str, str, frozenset[str]]]

    def text(self) -> str:
        """Return the line as the finding shows it."""
        actions = iam.expand(self.action)
        action = next(iter(actions)) if len(actions) == 1 else self.action
        verb = "may" if self.effect == "Allow" else "is denied"
        conditions = " and ".join(
            sorted(f"{operator} {key} {' | '.join(sorted(values))}" for operator, key, values in self.conditions)
        )
        where = f" on {self.resource}" if self.resource else ""
        name = "anybody" if self.principal[0] == "*" else self.principal[1]
        return f"{name} {verb} {action}{where}{f' if {conditions}' if conditions else ''}"


def judge_policies(evaluated: EvaluatedModule, declaration: Declaration, environment: Environment) -> Iterator[Finding]:
    """Compare every policy of the module with its declaration, in both directions.

    A policy that cannot be read proves nothing, and is a finding. So is a policy that is not declared.
    """
    where = f" for {environment.name}" if environment.name else ""
    declared = {(policy.carrier, policy.target.ground(environment.values)): policy for policy in declaration.policies}
    by_target: dict[tuple[str, str], list[Carried]] = {}
    for block in evaluated.resources.values():
        for carried_policy in carried(block) if block.mode == "resource" else ():
            by_target.setdefault((carried_policy.carrier, carried_policy.target), []).append(carried_policy)
    for key, blocks in by_target.items():
        if key not in declared:
            for carried_policy in blocks:
                yield _undeclared(carried_policy, where)
    for key, policy in declared.items():
        yield from _judge(policy, by_target.get(key, []), environment, where)


def _undeclared(carried: Carried, where: str) -> Finding:
    subject = f"{carried.carrier} of {carried.target}{where}"
    message = f"{carried.block.address} has a policy ({subject}) that is not declared"
    return Finding("proof-policy-of-resource", message, _REMEDY, _place(carried))


def _judge(
    policy: ResourcePolicy, blocks: Sequence[Carried], environment: Environment, where: str
) -> Iterator[Finding]:
    origin = f"{blocks[0].block.address}{where}" if blocks else f"the module{where}"
    related = (Related(_place(blocks[0]), "the policy in the rendered module"),) if blocks else ()

    def finding(rule: str, text: str, at: ResourcePolicy | Any = policy) -> Finding:  # noqa: ANN401
        return Finding(rule, f"{policy.subject}: {text}", _REMEDY, at.location, at.origin, related=related)

    if not blocks:
        yield finding("proof-policy-of-resource", f"its policy ({policy.carrier}) is not in {origin}")
        return
    if len(blocks) > 1 and policy.carrier not in carriers().statements:
        names = ", ".join(carried_policy.block.address for carried_policy in blocks)
        yield finding("proof-policy-of-resource", f"it can have one policy, but {names} each write one{where}")
        return
    try:
        if policy.documents:
            written_documents = {
                _canonical(entry) for carried_policy in blocks for entry in _several(_json(carried_policy.value))
            }
            declared_documents = {_canonical(entry) for entry in policy.ground_documents(environment.values)}
            extra, missing = (
                [f"says {text}" for text in sorted(difference)]
                for difference in (written_documents - declared_documents, declared_documents - written_documents)
            )
        else:
            lines = {line for carried_policy in blocks for line in _written(carried_policy, environment)}
            declared = set(_declared(policy, environment.values))
            extra, missing = (
                sorted(line.text() for line in difference) for difference in (lines - declared, declared - lines)
            )
    except (PolicyError, UnreadError) as error:
        yield finding("proof-unknown", f"its policy cannot be proven: {error} ({origin})")
        return
    for text in extra:
        yield finding("proof-policy-of-resource", f"{text}, which is not declared ({origin})")
    for text in missing:
        yield finding("proof-policy-of-resource", f"{text}: this is declared, but missing ({origin})")


def _written(carried: Carried, environment: Environment) -> Iterator[_Line]:
    """Yield the lines of a policy as the text has them. Raises PolicyError and UnreadError."""
    document = as_policy(carried, environment) if carried.carrier in carriers().statements else _json(carried.value)
    for number, statement in enumerate(resource_statements(document), 1):
        if reason := _unread(statement):
            raise PolicyError(f"{statement.sid or f'statement {number}'} {reason}")
        assert statement.principals is not None
        yield from _lines(
            statement.effect,
            statement.principals.entries,
            statement.actions,
            statement.resources,
            statement.conditions,
        )


def _unread(statement: PolicyStatement) -> str:
    """Return why a statement cannot be compared with the declaration, or ""."""
    for is_used, name in (
        (statement.not_principals, "NotPrincipal"),
        (statement.not_actions, "NotAction"),
        (statement.not_resources, "NotResource"),
    ):
        if is_used:
            return f"has {name}, which is not compared with what is declared"
    texts = (*statement.resources, *(value for atom in statement.conditions for value in atom.values))
    if not statement.variables and any(map(has_variable, texts)):
        return "is in a document whose version does not support ${…}"
    return ""


def _declared(policy: ResourcePolicy, values: Mapping[str, str]) -> Iterator[_Line]:
    for statement in policy.statements:
        yield from _lines(
            statement.effect,
            [(kind, identifier.ground(values)) for kind, identifier in statement.principals],
            [action.lower() for action in statement.actions],
            [arn.ground(values) for arn in statement.resources],
            [
                Atom(c.operator, c.key.ground(values), tuple(value.ground(values) for value in c.values))
                for c in statement.conditions
            ],
        )


def _lines(
    effect: str,
    principals: Iterable[tuple[str, str]],
    actions: Iterable[str],
    resources: Sequence[str],
    conditions: Iterable[Atom],
) -> Iterator[_Line]:
    canonical_conditions = frozenset(atom.canonical for atom in conditions)
    for kind, identifier in principals:
        anybody = kind == "*" or (kind, identifier) == ("AWS", "*")
        for action in actions:
            for resource in resources or ("",):
                yield _Line(
                    effect, ("*", "*") if anybody else (kind, identifier), action, resource, canonical_conditions
                )


def _json(text: object) -> Any:  # noqa: ANN401 - JSON
    """Parse a policy. Raises PolicyError for what is not JSON, such as a value that is known only after an apply."""
    try:
        return read_json(str(text))
    except ValueError as error:
        raise PolicyError(f"it is not valid JSON: {error}") from None


def _several(value: Any) -> list[Any]:  # noqa: ANN401 - JSON
    return value if isinstance(value, list) else [value]


def _canonical(value: Any) -> str:  # noqa: ANN401 - JSON
    """Write JSON in a form that does not depend on the order of keys or of lists."""

    def sort(node: Any) -> Any:  # noqa: ANN401
        match node:
            case dict():
                return {name: sort(inner) for name, inner in node.items()}
            case list():
                return sorted((sort(item) for item in node), key=lambda item: json.dumps(item, sort_keys=True))
            case _:
                return node

    return json.dumps(sort(value), sort_keys=True)


def _place(carried: Carried) -> Location:
    return Location(carried.block.file, carried.block.line, 1, carried.block.line, 2)
