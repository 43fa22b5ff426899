"""IAM's decision on one request, from policy documents alone: the evaluation logic of the IAM User Guide."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from rolewright.prove.conditions import Truth, every, holds, negate, resource_matches, some
from rolewright.prove.document import PolicyStatement, Principals, statements
from rolewright.prove.match import Kind, matches, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    _Target = Callable[[PolicyStatement], Truth]


class Decision(Enum):
    """IAM's answer. UNKNOWN means that rolewright cannot tell, and never counts as proof."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Request:
    """A call: `action` as `service:Name`, the ARN of the resource, and the context keys that AWS sends.

    `principal` is the caller's ARN: the value of the key `aws:PrincipalArn` and of the policy variable of that name.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]]
    principal: str = ""


@dataclass(frozen=True)
class Principal:
    """A caller that wants to assume a role: `kind` is Service, AWS or Federated.

    `identifier` is the service's name, the ARN of a user, role or account root, or that of the provider.
    """

    kind: str
    identifier: str


def _context(request: Request) -> Mapping[str, tuple[str, ...]]:
    context = {key.lower(): tuple(values) for key, values in request.context.items()}
    if request.principal:
        context.setdefault("aws:principalarn", (request.principal,))
    return context


def _action(statement: PolicyStatement, action: str) -> bool:
    return statement.not_actions != any(matches(p, action.lower(), Kind.TEXT) for p in statement.actions)


def _resource(statement: PolicyStatement, resource: str, context: Mapping[str, tuple[str, ...]]) -> Truth:
    """Return whether the statement applies to the resource, by Resource or NotResource.

    A policy variable that the request lacks matches nothing. Under NotResource that would widen the
    statement; the IAM User Guide only says that it may then be invalid, so that is unknown.
    """
    absent = None if statement.not_resources else False
    matched = some(
        resource_matches(p, resource, context, variables=statement.variables, absent=absent)
        for p in statement.resources
    )
    return negate(matched) if statement.not_resources else matched


def _principal(entries: Principals, caller: Principal) -> Truth:
    """Return whether a Principal element names the caller; an account stands for every principal in it."""
    truths: list[Truth] = []
    for kind, identifier in entries.entries:
        if kind == "*":
            truths.append(True)
        elif kind != caller.kind:
            truths.append(False)
        elif kind == "AWS":
            truths.append(identifier == caller.identifier or _account(identifier) == _home(caller.identifier))
        else:
            # AWS does not document what a wildcard for services or providers would match.
            truths.append(None if "*" in identifier else identifier == caller.identifier)
    return some(truths)


def _home(arn: str) -> str:
    parts = segments(arn)
    return parts[4] if len(parts) == 6 else arn


def _account(identifier: str) -> str | None:
    """Return the account that an identifier stands for if it is an account number or root ARN, else None."""
    if identifier.isdigit():
        return identifier
    parts = segments(identifier)
    return parts[4] if len(parts) == 6 and parts[5] == "root" else None


def _verdict(
    listed: Iterable[PolicyStatement], action: str, context: Mapping[str, tuple[str, ...]], target: _Target
) -> tuple[Truth, Truth]:
    """Return whether a statement denies and whether one allows; `target` judges the Resource or Principal element."""
    verdicts = []
    for statement in listed:
        conditions = (holds(atom, context, variables=statement.variables) for atom in statement.conditions)
        applies = every([_action(statement, action), target(statement), *conditions])
        verdicts.append((statement.effect, applies))
    return (
        some(applies for effect, applies in verdicts if effect == "Deny"),
        some(applies for effect, applies in verdicts if effect == "Allow"),
    )


def _decision(denied: Truth, allowed: Truth) -> Decision:
    if denied is True:
        return Decision.EXPLICIT_DENY
    if denied is None or allowed is None:
        return Decision.UNKNOWN
    return Decision.ALLOWED if allowed else Decision.IMPLICIT_DENY


def decide(
    identity: Sequence[Mapping[str, Any]],
    request: Request,
    *,
    boundary: Sequence[Mapping[str, Any]] | None = None,
) -> Decision:
    """Decide a request by a principal's identity policies and, if it has one, its permissions boundary.

    A deny in either wins; otherwise both have to allow. Resource policies and an organization's policies are
    not considered. Raises PolicyError for a malformed document.
    """
    limits = None if boundary is None else _all(boundary)
    return decide_statements(_all(identity), request, boundary=limits)


def _all(documents: Sequence[Mapping[str, Any]]) -> tuple[PolicyStatement, ...]:
    return tuple(statement for document in documents for statement in statements(document))


def decide_statements(
    identity: Sequence[PolicyStatement],
    request: Request,
    *,
    boundary: Sequence[PolicyStatement] | None = None,
) -> Decision:
    """Decide as `decide` does, from parsed documents."""
    context = _context(request)

    def judge(listed: Sequence[PolicyStatement]) -> tuple[Truth, Truth]:
        return _verdict(listed, request.action, context, lambda s: _resource(s, request.resource, context))

    denied, allowed = judge(identity)
    if boundary is not None:
        denied_there, allowed_there = judge(boundary)
        denied, allowed = some([denied, denied_there]), every([allowed, allowed_there])
    return _decision(denied, allowed)


def decide_trust(document: Mapping[str, Any], request: Request, principal: Principal) -> Decision:
    """Decide by a role's trust policy alone whether a principal may assume the role.

    A user or role of another account also needs a permission of its own, which is not considered. Raises
    PolicyError for a malformed document.
    """
    return decide_trust_statements(statements(document, trust=True), request, principal)


def decide_trust_statements(listed: Sequence[PolicyStatement], request: Request, principal: Principal) -> Decision:
    """Decide as `decide_trust` does, from a parsed document."""
    return _decision(*_verdict(listed, request.action, _context(request), lambda s: _named(s, principal)))


def _named(statement: PolicyStatement, principal: Principal) -> Truth:
    assert statement.principals is not None
    matched = _principal(statement.principals, principal)
    return negate(matched) if statement.not_principals else matched
