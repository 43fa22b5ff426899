"""Prove that exactly the declared principals may assume a role, with the declared actions and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from rolewright.prove.decide import Decision, Principal, Request, decide_trust_statements
from rolewright.prove.document import Atom, PolicyStatement, statements
from rolewright.prove.implication import contexts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_ROLE = "arn:aws:iam::123456789012:role/role"
# None of these may assume a workload's role unless it is declared.
_STRANGERS = (
    Principal("AWS", "arn:aws:iam::123456789012:root"),
    Principal("AWS", "arn:aws:iam::123456789012:role/other"),
    Principal("AWS", "arn:aws:iam::999999999999:root"),
    Principal("AWS", "arn:aws:iam::999999999999:user/other"),
    Principal("Federated", "cognito-identity.amazonaws.com"),
    Principal("Federated", "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"),
    Principal("Federated", "arn:aws:iam::123456789012:saml-provider/other"),
    Principal("Service", "cloudformation.amazonaws.com"),
    Principal("Service", "codebuild.amazonaws.com"),
    Principal("Service", "glue.amazonaws.com"),
)
_ACTIONS = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML", "sts:TagSession")

_Canonical = frozenset[tuple[str, str, frozenset[str]]]


@dataclass(frozen=True)
class TrustDifference:
    """A difference between a trust policy and what is declared.

    `missing`: a declared principal is not trusted. `extra`: an undeclared principal is trusted.
    `condition`: a declared principal is trusted under other conditions. `unknown`: it cannot be judged.
    """

    kind: Literal["missing", "extra", "condition", "unknown"]
    principal: str
    action: str
    message: str


def compare_trust(
    document: Mapping[str, Any],
    principals: Sequence[Principal],
    actions: Sequence[str],
    conditions: Sequence[tuple[str, str, tuple[str, ...]]],
) -> tuple[TrustDifference, ...]:
    """Return what is wrong with a trust policy; nothing if exactly `principals` may do exactly `actions`.

    Every principal has to meet exactly `conditions` (triples of operator, key and values), in any order of
    statements, values and conditions. If the statements show no difference, the evaluator also has to let the
    declared principals in, and to refuse other principals and requests that miss the conditions.
    Raises PolicyError for a malformed document.
    """
    atoms = tuple(Atom(*condition) for condition in conditions)
    differences = [*_structure(document, principals, actions, atoms)]
    if not differences:
        differences += _probes(document, principals, actions, atoms)
    return tuple(dict.fromkeys(differences))


def _structure(
    document: Mapping[str, Any], principals: Sequence[Principal], actions: Sequence[str], atoms: Sequence[Atom]
) -> Iterator[TrustDifference]:
    declared = {(_name(principal), action.lower()) for principal in principals for action in actions}
    spelt = {action.lower(): action for action in (*_ACTIONS, *actions)}
    trusted: dict[tuple[str, str], list[tuple[Atom, ...]]] = {}
    for statement in statements(document, trust=True):
        if reason := _unjudged(statement):
            yield TrustDifference("unknown", "", "", f"{statement.sid or 'a statement'} {reason}")
            continue
        for principal in _names(statement):
            for action in statement.actions:
                trusted.setdefault((principal, action), []).append(statement.conditions)
    for principal, action in sorted(trusted.keys() - declared):
        name = spelt.get(action, action)
        message = f"{principal} may {name}, though this is not declared"
        yield TrustDifference("extra", principal, name, message)
    for principal, action in sorted(declared):
        name = spelt[action]
        if (principal, action) not in trusted:
            message = f"{principal} may not {name}, though this is declared"
            yield TrustDifference("missing", principal, name, message)
        for written in trusted.get((principal, action), ()):
            if message := _conditions(written, atoms):
                yield TrustDifference("condition", principal, name, f"{principal} may {name} {message}")


def _unjudged(statement: PolicyStatement) -> str:
    if statement.effect == "Deny":
        return "denies, which no declared trust does"
    if statement.not_principals or statement.not_actions:
        return "uses NotPrincipal or NotAction, and so trusts all but some principals, or for all but some actions"
    return ""


def _names(statement: PolicyStatement) -> list[str]:
    assert statement.principals is not None
    return ["anybody" if kind == "*" else f"{kind} {name}" for kind, name in statement.principals.entries]


def _name(principal: Principal) -> str:
    return f"{principal.kind} {principal.identifier}"


def _conditions(written: Sequence[Atom], declared: Sequence[Atom]) -> str:
    """Describe what differs between two sets of conditions; "" if they are the same."""
    canonical_written: _Canonical = frozenset(atom.canonical for atom in written)
    canonical_declared: _Canonical = frozenset(atom.canonical for atom in declared)
    missing = [_text(atom) for atom in declared if atom.canonical not in canonical_written]
    extra = [_text(atom) for atom in written if atom.canonical not in canonical_declared]
    parts = [f"without the declared condition {text}" for text in missing]
    parts += [f"only under the undeclared condition {text}" for text in extra]
    return " and ".join(parts)


def _text(atom: Atom) -> str:
    return f"{atom.operator} {atom.key} = {', '.join(atom.values)}"


def _probes(
    document: Mapping[str, Any], principals: Sequence[Principal], actions: Sequence[str], atoms: Sequence[Atom]
) -> Iterator[TrustDifference]:
    fitting_context = next(iter(contexts(atoms, ())), None)
    if fitting_context is None:
        yield TrustDifference("unknown", "", "", "no request could be found that meets the declared conditions")
        return

    listed = statements(document, trust=True)

    def ask(principal: Principal, action: str, context: Mapping[str, tuple[str, ...]]) -> Decision:
        return decide_trust_statements(listed, Request(action, _ROLE, context), principal)

    for principal in principals:
        name = _name(principal)
        for action in actions:
            if ask(principal, action, fitting_context) is not Decision.ALLOWED:
                yield TrustDifference("missing", name, action, f"{name} is refused {action}")
            for key in fitting_context:
                less = {kept_key: value for kept_key, value in fitting_context.items() if kept_key != key}
                if ask(principal, action, less) is Decision.ALLOWED and _needs(atoms, key):
                    message = f"{name} may {action} without {key}, though a condition requires it"
                    yield TrustDifference("condition", name, action, message)
    for principal in _strangers(principals):
        for action in dict.fromkeys((*_ACTIONS, *actions)):
            if ask(principal, action, fitting_context) not in (Decision.IMPLICIT_DENY, Decision.EXPLICIT_DENY):
                name = _name(principal)
                yield TrustDifference("extra", name, action, f"{name} may {action}, though this is not declared")


def _needs(atoms: Iterable[Atom], key: str) -> bool:
    """Return whether a condition fails for every request that lacks a key."""
    own = [atom for atom in atoms if atom.key.lower() == key]
    return all(key in context for context in contexts(own, ()))


def _strangers(declared: Sequence[Principal]) -> list[Principal]:
    """Return principals that are not declared, among them the declared services as in another partition."""
    services = [principal.identifier for principal in declared if principal.kind == "Service"]
    elsewhere = [f"{s}.cn" if not s.endswith(".cn") else s.removesuffix(".cn") for s in services]
    candidates = [*_STRANGERS, *(Principal("Service", name) for name in elsewhere)]
    return [principal for principal in candidates if principal not in declared]
