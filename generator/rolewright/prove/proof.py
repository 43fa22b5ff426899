"""The proof of one module in one environment: its roles allow exactly what is declared, and to nobody else.

Everything is judged from the evaluated text, and once more from what moto stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Location, Rejected, Related, Severity
from rolewright.data import iam
from rolewright.data.partitions import DNS_SUFFIX
from rolewright.prove.contents import binding_findings, contents_findings, structure_findings
from rolewright.prove.decide import Principal
from rolewright.prove.document import PolicyError, read_json
from rolewright.prove.evaluate import evaluate
from rolewright.prove.inputs import input_findings
from rolewright.prove.promises import promise_broken, stars
from rolewright.prove.resource_policies import judge_policies
from rolewright.prove.sandbox import Sandbox
from rolewright.prove.table import compare, ground, trespasses
from rolewright.prove.trust import compare_trust
from rolewright.prove.undeclared import BLUEPRINT, role_names, undeclared_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.model import Declaration, Environment, Trust
    from rolewright.core.text import Text
    from rolewright.prove.evaluate import EvaluatedModule

PolicyDocument = dict[str, Any]


@dataclass(frozen=True)
class Proof:
    """The result for one environment.

    `permissions` counts the pairs of action and resource that were proven. `applied` counts the resources that moto
    created, and `not_applied` are the Terraform types that it was not asked to create.
    """

    environment: str
    roles: int
    permissions: int
    promises: int
    applied: int
    findings: tuple[Finding, ...]
    not_applied: tuple[str, ...]


@dataclass(frozen=True)
class _WrittenRole:
    """A role as written in the module's text."""

    address: str
    documents: tuple[PolicyDocument, ...]
    trust: PolicyDocument
    boundary: str
    place: Location


def prove(
    evaluated: EvaluatedModule,
    sandbox: Sandbox,
    declaration: Declaration,
    boundary: Text | None,
    environment: Environment,
) -> Proof:
    """Compare an evaluated module, and what moto stored of it, with the declaration.

    A module without environments is also evaluated and compared in another account, region and partition.
    """
    findings = _judged(evaluated, sandbox, declaration, boundary, environment)
    if not environment.name and not any(finding.severity is Severity.ERROR for finding in findings):
        findings += _elsewhere(evaluated, declaration, boundary, environment)
    return Proof(
        environment.name,
        sum(1 for _ in _written_roles(evaluated)),
        sum(len(grant.actions) * len(grant.resources) for grant in declaration.grants),
        len({promise.source for promise in declaration.promises}),
        len(sandbox.applied),
        tuple(dict.fromkeys(findings)),
        sandbox.not_applied,
    )


def _judged(
    evaluated: EvaluatedModule,
    sandbox: Sandbox,
    declaration: Declaration,
    boundary: Text | None,
    environment: Environment,
) -> list[Finding]:
    roles = {role.address.split(".", 1)[1]: role for role in _written_roles(evaluated)}
    findings = [
        *structure_findings(evaluated.parsed, declaration.contents),
        *input_findings(evaluated.parsed, declaration.inputs),
        *contents_findings(evaluated, declaration.contents, environment),
        *binding_findings(evaluated, environment),
        *_undeclared(declaration, roles),
        *undeclared_findings(evaluated),
        *judge_policies(evaluated, declaration, environment),
        *sandbox.findings,
    ]
    for trust in declaration.trusts:
        role = roles.get(trust.role)
        if role is None:
            findings.append(
                Finding("proof-role", f"the role {trust.role} is not in the module", BLUEPRINT, trust.location)
            )
            continue
        limit = "" if boundary is None else boundary.ground(environment.values)
        if role.boundary != limit:
            message = (
                f"the permissions boundary of the role {trust.role} is {role.boundary or 'none'}, not {limit or 'none'}"
            )
            findings.append(Finding("proof-boundary", message, BLUEPRINT, trust.location))
        stored = sandbox.policies.get(role.address)
        generated = {token[2:-1]: value for token, value in sandbox.tokens.items()}
        checked: list[tuple[str, tuple[PolicyDocument, ...], PolicyDocument, Mapping[str, str]]] = [
            ("the text", role.documents, role.trust, environment.values)
        ]
        if stored is not None:
            all_values = {**generated, **environment.values}
            checked.append(("what moto stored", stored, sandbox.trusts[role.address], all_values))
        for source, documents, document, values in checked:
            where = source + (f" for {environment.name}" if environment.name else "")
            findings += _exact(trust.role, where, documents, declaration, values, role.place)
            findings += _trusted(trust, where, document, values, role.place)
        if not any(finding.rule == "proof-policy" for finding in findings):  # a malformed policy cannot be judged
            findings += _apart(trust.role, role.documents, declaration, environment, role.place)
            findings += _promised(role, trust.role, stored or (), declaration, environment)
            findings += _stars(trust.role, role.documents, declaration, role.place)
    return findings


_ELSEWHERE = ("999999999999", "cn-north-1", "aws-cn")
NOTHING_APPLIED = Sandbox((), (), (), {}, {}, {})


def _elsewhere(
    evaluated: EvaluatedModule, declaration: Declaration, boundary: Text | None, environment: Environment
) -> Iterator[Finding]:
    """Yield the findings for a module without environments, which may be applied anywhere, in another place."""
    account, region, partition = _ELSEWHERE
    foreign_place = {
        "local.account": account,
        "local.region": region,
        "local.partition": partition,
        "local.dns_suffix": DNS_SUFFIX[partition],
    }
    there = replace(
        environment, account=account, region=region, partition=partition, values={**environment.values, **foreign_place}
    )
    try:
        findings = _judged(evaluate(evaluated.parsed, there), NOTHING_APPLIED, declaration, boundary, there)
    except Rejected as refusal:
        findings = list(refusal.findings)
    for finding in findings:
        yield replace(
            finding, message=f"in an account, region or partition other than the tested one: {finding.message}"
        )


def _written_roles(evaluated: EvaluatedModule) -> Iterator[_WrittenRole]:
    """Yield every role of the evaluated module with the documents of its inline and attached policies."""
    for block in evaluated.resources.values():
        if block.type == "aws_iam_role" and block.mode == "resource":
            yield _WrittenRole(
                block.address,
                tuple(_document(text) for text in _policies(evaluated, role_names(block))),
                _document(block.values.get("assume_role_policy", "")),
                block.values.get("permissions_boundary") or "",
                Location(block.file, block.line, 1, block.line, 2),
            )


def _document(text: str) -> PolicyDocument:
    """Parse a policy; return {} for one that is not JSON, or is known only after an apply, as it cannot be judged."""
    try:
        document = read_json(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _policies(evaluated: EvaluatedModule, role: set[object]) -> Iterator[str]:
    managed = {
        "${" + block.address + ".arn}": block.values.get("policy", "")
        for block in evaluated.resources.values()
        if block.type == "aws_iam_policy"
    }
    for block in evaluated.resources.values():
        if block.type == "aws_iam_role_policy" and block.values.get("role") in role:
            yield block.values.get("policy", "")
        if block.type == "aws_iam_role_policy_attachment" and block.values.get("role") in role:
            yield managed.get(block.values.get("policy_arn", ""), '{"Statement": []}')


def _undeclared(declaration: Declaration, roles: Mapping[str, _WrittenRole]) -> Iterator[Finding]:
    declared = {trust.role for trust in declaration.trusts}
    for name, role in roles.items():
        if name not in declared:
            yield Finding("proof-role", f"the role {name} is not declared", BLUEPRINT, role.place)


def _exact(
    role: str,
    where: str,
    documents: tuple[PolicyDocument, ...],
    declaration: Declaration,
    values: Mapping[str, str],
    place: Location,
) -> Iterator[Finding]:
    grants = [grant for grant in declaration.grants if grant.role == role]
    origins = {grant.origin: grant.location for grant in grants}
    try:
        result = compare(documents, ground(grants, values), iam.expand)
    except PolicyError as error:
        yield Finding("proof-policy", f"a policy of {role} is malformed: {error}", BLUEPRINT, place)
        return
    for difference in result.differences:
        context = "".join(f", if {key} is {' or '.join(values)}" for key, values in difference.context)
        if difference.kind == "undeclared":
            verb, reason = "may", f"which is not declared ({difference.origin}, {where})"
        else:
            verb, reason = "is denied", f"though {difference.origin} declares it ({where})"
        message = f"{role} {verb} {difference.action} on {difference.resource}{context}, {reason}"
        yield Finding("proof-access", message, BLUEPRINT, origins.get(difference.origin, place), difference.origin)
    for text in result.unknown:
        yield Finding(
            "proof-unknown",
            f"it cannot be proven what {role} may do: {text} ({where})",
            "use conditions that rolewright can evaluate",
            place,
        )


def _apart(
    role: str,
    documents: tuple[PolicyDocument, ...],
    declaration: Declaration,
    environment: Environment,
    place: Location,
) -> Iterator[Finding]:
    """Check that the role may do nothing that is declared for another role alone, so that code and platform are apart.

    Raises PolicyError for a malformed document.
    """
    own = ground([grant for grant in declaration.grants if grant.role == role], environment.values)
    where = f" for {environment.name}" if environment.name else ""
    for other_role in dict.fromkeys(grant.role for grant in declaration.grants if grant.role != role):
        grants = [grant for grant in declaration.grants if grant.role == other_role]
        places = {grant.origin: grant.location for grant in grants}
        result = trespasses(documents, own, ground(grants, environment.values), iam.expand)
        for difference in result.differences:
            owner = f"which {difference.origin} declares for {other_role} alone{where}"
            message = f"{role} may {difference.action} on {difference.resource}, {owner}"
            yield Finding(
                "proof-apart", message, BLUEPRINT, places[difference.origin], difference.origin, related=(_hcl(place),)
            )
        for text in result.unknown:
            message = f"it cannot be proven that {role} has no permission of {other_role}: {text}"
            yield Finding("proof-unknown", message, "use conditions that rolewright can evaluate", place)


def _trusted(
    trust: Trust, where: str, document: PolicyDocument, values: Mapping[str, str], place: Location
) -> Iterator[Finding]:
    conditions = [
        (c.operator, c.key.ground(values), tuple(value.ground(values) for value in c.values)) for c in trust.conditions
    ]
    principals = [Principal(trust.kind, principal.ground(values)) for principal in trust.principals]
    try:
        differences = compare_trust(document, principals, trust.actions, conditions)
    except PolicyError as error:
        yield Finding("proof-policy", f"the trust policy of {trust.role} is malformed: {error}", BLUEPRINT, place)
        return
    for difference in differences:
        message = f"the trust of {trust.role}: {difference.message} ({where})"
        yield Finding("proof-trust", message, BLUEPRINT, trust.location, trust.origin, related=(_hcl(place),))


def _hcl(place: Location) -> Related:
    return Related(place, "the role in the rendered module")


def _promised(
    role: _WrittenRole,
    name: str,
    stored: tuple[PolicyDocument, ...],
    declaration: Declaration,
    environment: Environment,
) -> Iterator[Finding]:
    """Check the promises; one that only a generated value could break is judged with moto's values instead."""
    where = f" in {environment.name}" if environment.name else ""
    for promise in declaration.promises:
        resources = [arn.ground(environment.values) for arn in promise.resources]
        breach = promise_broken(role.documents, promise.actions, resources, iam.expand)
        if breach is not None and not breach.certain and stored:
            breach = promise_broken(stored, promise.actions, resources, iam.expand)
        if breach is not None:
            yield Finding(
                "promise-broken",
                f"`never: {promise.source}` does not hold: {name} may {breach.action} on {breach.resource}{where}",
                "narrow the access that allows it, or remove the entry under `never`",
                promise.location,
                promise.origin,
                related=(_hcl(role.place),),
            )


def _narrowable(action: str) -> bool:
    """Return whether an action takes a narrower resource than `*`; one that the database lacks might."""
    facts = iam.action(action)
    return facts is None or facts.narrowable


def _stars(
    role: str, documents: tuple[PolicyDocument, ...], declaration: Declaration, place: Location
) -> Iterator[Finding]:
    """Check that `*` stands only where nothing narrower works, unless the manifest itself asks for it."""
    manual = {
        action.lower()
        for grant in declaration.grants
        if grant.role == role and grant.origin.startswith("statements.")
        for action in grant.actions
    }
    platform = {
        action.lower()
        for grant in declaration.grants
        if grant.role == role and grant.side == "platform"
        for action in grant.actions
    }
    for star in stars(documents, _narrowable):
        actions = [action for action in star.actions if action.lower() not in manual | platform]
        if actions:
            yield Finding(
                "proof-star",
                f"{role} is allowed {', '.join(actions)} on every resource, though that could be narrowed ({star.sid})",
                BLUEPRINT,
                place,
                related=(_hcl(place),),
            )
