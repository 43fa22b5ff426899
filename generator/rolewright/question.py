"""Why a role may do something, or what is missing: from the manifest's line to the statement, and back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.prove.conditions import has_variable
from rolewright.prove.match import Kind, matches
from rolewright.spoken import SYMBOLS, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint
    from rolewright.model import Environment, Module, Role, Statement, Workload

ANYWHERE = {"local.account": "*", "local.region": "*", "local.partition": "*"}
"""What a manifest without environments leaves open may be anything that a question asks for."""

_DENIAL = re.compile(
    r"(?P<who>arn:aws[a-z-]*:(?:sts|iam)::\d{12}:\S+) is not authorized to perform: (?P<action>[A-Za-z0-9-]+:\w+)"
    r"(?: on (?:the )?resource: (?:\"(?P<quoted>[^\"]+)\"|(?P<bare>[^\s\"]+)))?(?P<rest>.*)",
    re.DOTALL,
)
_ROLE = re.compile(r":assumed-role/(?P<assumed>[^/\s]+)|:role/(?:[^\s:]*/)?(?P<role>[^/\s:]+)$")
_REFERENCE = re.compile(r"\$\{([^{}]*)\}|([*?])|([^$*?]+|\$)")


@dataclass(frozen=True)
class Question:
    """May a role do this? `role` is its name in AWS ("" for any), `because` what AWS says of a denial."""

    action: str
    resource: str
    role: str
    because: str


@dataclass(frozen=True)
class Reason:
    """A statement of a role that has a part in the answer, in one environment."""

    environment: str
    role: str
    effect: str
    resource: str
    conditions: str
    origins: tuple[tuple[str, str], ...]
    """Manifest paths, each with its file and line."""
    reasons: tuple[str, ...]
    statement: str
    hcl: str


@dataclass(frozen=True)
class Answer:
    """What allows it, what denies it all the same, what is near, and what would have to be declared.

    `perhaps` are statements on what the module makes, whose ARN is known only afterwards.
    """

    question: Question
    roles: tuple[str, ...]
    allowed: tuple[Reason, ...]
    denied: tuple[Reason, ...]
    perhaps: tuple[Reason, ...]
    near: tuple[Reason, ...]
    advice: tuple[str, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether some role that was asked for is allowed it; conditions may still have to be met."""
        stopped = {(one.environment, one.role) for one in self.denied}
        return any((one.environment, one.role) not in stopped for one in self.allowed)


def question_of(words: Sequence[str]) -> Question | None:
    """An action and a resource, or the text of an AccessDenied error; None for anything else."""
    found = _DENIAL.search(" ".join(words))
    if found is not None:
        role = _ROLE.search(found["who"])
        name = (role["assumed"] or role["role"]) if role else ""
        resource = found["quoted"] or (found["bare"] or "*").rstrip(".,")
        return Question(found["action"], resource, name, found["rest"].strip())
    if len(words) == 2 and re.fullmatch(r"[A-Za-z0-9-]+:\w+", words[0]):
        return Question(words[0], words[1], "", "")
    return None


def answer(
    question: Question, workload: Workload, roles: Sequence[Role], module: Module, catalog: Catalog, only: Sequence[str]
) -> Answer:
    """The answer for the roles and environments that are asked for; `only` are names of environments, none for all."""
    facts = iam.action(question.action)
    asked = question.action if facts is None else facts.name
    found: dict[str, list[Reason]] = {"allowed": [], "denied": [], "perhaps": [], "near": []}
    seen: list[str] = []
    for environment in workload.environments:
        if only and environment.name not in only:
            continue
        values = environment.values if environment.name else {**environment.values, **ANYWHERE}
        for role in roles:
            name = role.name.ground(environment.values)
            if question.role in ("", name):
                seen.append(name)
                for kind, reason in _reasons(asked, question.resource, environment, role, values, workload, module):
                    found[kind].append(reason)
    lists = {kind: tuple(reasons) for kind, reasons in found.items()}
    advice = () if lists["allowed"] else tuple(_advice(asked, question.resource, workload, catalog))
    return Answer(question, tuple(dict.fromkeys(seen)), advice=advice, **lists)


def _reasons(
    action: str,
    resource: str,
    environment: Environment,
    role: Role,
    values: Mapping[str, str],
    workload: Workload,
    module: Module,
) -> Iterator[tuple[str, Reason]]:
    for policy in role.policies:
        for statement in policy.statements:
            if not any(matches(one.lower(), action.lower(), Kind.TEXT) for one in statement.actions):
                continue
            for text in statement.resources:
                pattern = text.ground(values)
                kind = "near"
                if matches(pattern, resource):
                    kind = "denied" if statement.effect == "Deny" else "allowed"
                elif has_variable(pattern):
                    kind = "perhaps"
                said = text.ground(environment.values if environment.name else SYMBOLS)
                yield kind, _reason(environment, role, policy.label, statement, said, workload, module, action)


def _reason(
    environment: Environment,
    role: Role,
    label: str,
    statement: Statement,
    pattern: str,
    workload: Workload,
    module: Module,
    action: str,
) -> Reason:
    grants = [g for g in statement.grants if any(matches(one.lower(), action.lower(), Kind.TEXT) for one in g.actions)]
    return Reason(
        environment.name,
        role.key,
        statement.effect,
        pattern,
        shown(statement.conditions, environment.values if environment.name else SYMBOLS),
        tuple(dict.fromkeys((grant.origin, str(workload.locate(grant.origin))) for grant in grants)),
        tuple(dict.fromkeys(reason for grant in grants for reason in grant.reasons)),
        statement.sid,
        _line(module, label, statement.sid),
    )


def _line(module: Module, label: str, sid: str) -> str:
    """The place of a statement in the module."""
    inside = False
    for number, line in enumerate(module.files["roles.tf"].splitlines(), start=1):
        if line.startswith('data "aws_iam_policy_document"'):
            inside = f'"{label}"' in line
        elif inside and re.fullmatch(rf'\s+sid\s+= "{re.escape(sid)}"', line):
            return f"{module.workload}/roles.tf:{number}"
    return f"{module.workload}/roles.tf"


def _advice(action: str, resource: str, workload: Workload, catalog: Catalog) -> Iterator[str]:
    """Manifest changes that would allow it, the nearest first."""
    known = False
    for key, one in workload.resources.items():
        fits, narrow = verbs_for(action, resource, key, workload, catalog)
        for verb in narrow:
            known = True
            yield f"add `{verb}` to `access` of resources.{key} ({workload.locate(f'resources.{key}')})"
        if fits and not known:
            known = True
            yield (
                f"resources.{key} is a {one.type}, and none of its verbs allows {action}: they never let code "
                f"reconfigure what it touches. If the code really needs it, declare it under `statements`"
            )
    if known:
        return
    for type_, blueprint in catalog.resources.items():
        for name, template in blueprint.arns.items():
            fields = _parts(template, resource)
            verbs = [] if fields is None else list(_verbs(blueprint, action, {name}))
            if verbs:
                given = {field: value for field, value in (fields or {}).items() if field in blueprint.fields}
                said = ", ".join(f"{field}: {value}" for field, value in given.items())
                yield f"add a resource, `{{type: {type_}, {said}, access: {verbs[0]}}}`"
                known = True
                break
    if iam.action(action) is None:
        yield f"{action} is no action that the IAM database knows"
    elif not known:
        yield f'add to `statements`: {{actions: [{action}], resources: ["{resource}"], reason: …}}'


def verbs_for(
    action: str, resource: str, key: str, workload: Workload, catalog: Catalog
) -> tuple[bool, tuple[str, ...]]:
    """Whether an ARN is one of those of a resource of the manifest, and its narrow verbs that allow the action there,
    the one with the fewest actions first.
    """
    one = workload.resources[key]
    blueprint = catalog.resources[one.type]
    fitting = [
        name
        for name, texts in one.arns.items()
        for text in texts
        if any(matches(text.ground({**e.values, **ANYWHERE}), resource) for e in workload.environments)
    ]
    found = _verbs(blueprint, action, {*fitting, "*"} if fitting or resource == "*" else set())
    narrow = sorted(found, key=lambda verb: sum(map(len, blueprint.verbs[verb].allow.values())))
    return bool(fitting), tuple(narrow)


def _verbs(blueprint: ResourceBlueprint, action: str, arns: set[str]) -> Iterator[str]:
    """The narrow verbs that allow an action on some of the blueprint's ARNs."""
    for verb in blueprint.verbs.values():
        if any(name in arns and action in actions for name, actions in verb.allow.items()):
            yield verb.name


def _parts(template: str, resource: str) -> dict[str, str] | None:
    """The fields that a template would need to stand for an ARN, or None where it cannot."""
    pattern, names = "", []
    for reference, wildcard, literal in _REFERENCE.findall(template):
        name, default, _ = reference.partition(":-")
        if literal or wildcard:
            pattern += re.escape(literal) if literal else "[^:]*" if wildcard == "*" else "."
        elif name in ("partition", "region", "account"):
            pattern += "[^:]*"
        elif re.fullmatch(r"\w+", name) and name not in names and not default:
            names.append(name)
            pattern += f"(?P<{name}>.+?)"
        else:
            pattern += ".*"
    found = re.fullmatch(pattern, resource)
    return None if found is None else {name: found[name] for name in names}
