"""The reasons why a role may do something, or what is missing: from the manifest's line to the statement, and back."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.blueprint.interpolation import LeftOutError, fill_all, names
from rolewright.core.text import Text
from rolewright.data import iam
from rolewright.hcl.syntax import Literal
from rolewright.manifest.resources import resource_scope
from rolewright.prove.match import Kind, matches
from rolewright.render.readable import readable, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Environment, Module, Role, Statement, Workload

ANYWHERE = {"local.account": "*", "local.region": "*", "local.partition": "*", "local.dns_suffix": "*"}
"""What a manifest without environments leaves open may be anything that a question asks for."""

_ACCOUNT = re.compile(r"\d{12}")
_ROLES = "roles.tf"
_TOKEN = re.compile(r"\$\{[^{}]*\}")


@dataclass(frozen=True)
class Question:
    """The question whether a role may do an action on a resource; an empty action, resource or role was not named.

    `role` is its name in AWS and `account` where it is, as the text of a denial has them; `who` is the caller in the
    text's words, and `kind` what it is. `because` is what AWS says of a denial, `reason` the name of that. `platform`
    is whether the compute type's own service asked, and `behind` the resource that a key was wanted for.
    """

    action: str
    resource: str
    role: str = ""
    because: str = ""
    account: str = ""
    who: str = ""
    kind: str = ""
    reason: str = ""
    platform: bool = False
    behind: str = ""
    operation: str = ""
    service: str = ""


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
class Explanation:
    """The statements that allow it, that deny it all the same, and that come near.

    `perhaps` are statements on what the module makes, whose ARN is known only afterwards. `keys` and `environments`
    are the roles and environments that were asked about, and `blocked` is whether AWS says that something else than
    the role's own policies denies it.
    """

    question: Question
    roles: tuple[str, ...]
    allowed: tuple[Reason, ...]
    denied: tuple[Reason, ...]
    perhaps: tuple[Reason, ...]
    near: tuple[Reason, ...]
    keys: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    blocked: bool = False

    @property
    def is_allowed(self) -> bool:
        """Return whether a role that was asked about is allowed it; conditions may still have to be met."""
        stopped = {(reason.environment, reason.role) for reason in self.denied}
        return not self.blocked and any((reason.environment, reason.role) not in stopped for reason in self.allowed)


def answer(
    question: Question,
    workload: Workload,
    roles: Sequence[Role],
    module: Module | None,
    catalog: Catalog,
    only: Sequence[str] = (),
) -> Explanation:
    """Answer a question for the roles and environments that it is about; `only` names environments, none for all.

    Without a module, no place in its files is given.
    """
    facts = iam.action(question.action)
    asked = question.action if facts is None else facts.name
    places = {} if module is None else _statement_places(module)
    found: dict[str, list[Reason]] = {"allowed": [], "denied": [], "perhaps": [], "near": []}
    seen: dict[tuple[str, str, str], None] = {}
    for environment in workload.environments:
        if only and environment.name not in only:
            continue
        if environment.name and _ACCOUNT.fullmatch(question.account) and question.account != environment.account:
            continue
        values = judged_values(environment, workload, catalog, question.account)
        for role in roles:
            name = role.name.ground(environment.values)
            if question.role == name or not (question.role or question.kind):
                seen[name, role.key, environment.name] = None
                for kind, reason in _reasons(asked, question.resource, environment, role, values, workload, places):
                    found[kind].append(reason)
    called, keys, where = (tuple(dict.fromkeys(entry[at] for entry in seen)) for at in range(3))
    allowed, denied, perhaps, near = map(tuple, found.values())
    return Explanation(question, called, allowed, denied, perhaps, near, keys, where)


def judged_values(environment: Environment, workload: Workload, catalog: Catalog, account: str = "") -> dict[str, str]:
    """Return the values of the references in a workload's ARNs against which a request is matched.

    Without environments the account is that of the caller, or any. A part that AWS makes up in the ARN of something
    that the module makes is `?`, as far as the blueprint knows it.
    """
    values = {**environment.values, **environment.inputs.names}
    if not environment.name:
        values |= ANYWHERE | ({"local.account": account} if _ACCOUNT.fullmatch(account) else {})
    for resource in workload.resources.values():
        blueprint = catalog.resources[resource.type]
        if not resource.created or blueprint.create is None:
            continue
        for name, attribute in blueprint.create.arns.items():
            template = blueprint.arns[name]
            if "${" in attribute or set(names(template)) & blueprint.create.fields.keys():
                continue  # such as that of a key, whose id nobody knows
            with suppress(LeftOutError):
                scope = resource_scope(resource, blueprint)
                text = Text.of(*(fill_all(template, scope)[:1]))
                values[f"{blueprint.terraform}.{resource.key.replace('-', '_')}.{attribute}"] = text.ground(values)
    return values


def _reasons(
    action: str,
    resource: str,
    environment: Environment,
    role: Role,
    values: Mapping[str, str],
    workload: Workload,
    places: Mapping[tuple[str, str], str],
) -> Iterator[tuple[str, Reason]]:
    for policy in role.policies:
        for statement in policy.statements:
            if not any(matches(allowed.lower(), action.lower(), Kind.TEXT) for allowed in statement.actions):
                continue
            for text in statement.resources:
                pattern = text.ground(values)
                kind = "near"
                if matches(pattern, resource):
                    kind = "denied" if statement.effect == "Deny" else "allowed"
                elif "${" in pattern and resource and matches(_TOKEN.sub("*", pattern), resource):
                    kind = "perhaps"
                shown_resource = text.ground(readable(environment))
                yield (
                    kind,
                    _reason(environment, role, policy.label, statement, shown_resource, workload, places, action),
                )


def _reason(
    environment: Environment,
    role: Role,
    label: str,
    statement: Statement,
    pattern: str,
    workload: Workload,
    places: Mapping[tuple[str, str], str],
    action: str,
) -> Reason:
    grants = [
        g for g in statement.grants if any(matches(allowed.lower(), action.lower(), Kind.TEXT) for allowed in g.actions)
    ]
    return Reason(
        environment.name,
        role.key,
        statement.effect,
        pattern,
        shown(statement.conditions, readable(environment)),
        tuple(dict.fromkeys((grant.origin, str(workload.locate(grant.origin))) for grant in grants)),
        tuple(dict.fromkeys(reason for grant in grants for reason in grant.reasons)),
        statement.sid,
        places.get((label, statement.sid), ""),
    )


def _statement_places(module: Module) -> dict[tuple[str, str], str]:
    """Return the place of each statement in the module, by the label of its policy and its sid."""
    from rolewright.hcl.parse import parse  # noqa: PLC0415 - slow to import, as is its library

    parsed = parse(replace(module, files={_ROLES: module.files[_ROLES]}))
    return {
        (document.labels[1], str(sid.expression.value)): f"{module.workload}/{_ROLES}:{sid.line}"
        for document in parsed.all("data", "aws_iam_policy_document")
        for statement in document.all("statement")
        if (sid := statement.attributes.get("sid")) is not None and isinstance(sid.expression, Literal)
    }
