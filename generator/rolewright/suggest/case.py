"""The case that advice is about: a question, the workload that it concerns, and the ARNs that its names stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from rolewright.blueprint.arn_template import CONTEXT, fields_in, pieces
from rolewright.core.text import Text
from rolewright.data import iam
from rolewright.prove.match import matches
from rolewright.review.why import judged_values
from rolewright.sdk.operations import is_namesake, needs_of
from rolewright.suggest.messages import readable_account
from rolewright.suggest.reading import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, RoleBlueprint
    from rolewright.core.model import Environment, Resource, Workload
    from rolewright.review.why import Question

_SUFFIXES = re.compile(r"(:\*|(?<!\?)-?\?+)$")


@dataclass(frozen=True)
class Case:
    """A question about a workload. `keys` are the roles that it concerns, `data` is the manifest as it is written."""

    question: Question
    workload: Workload
    catalog: Catalog
    keys: tuple[str, ...]
    environments: tuple[Environment, ...]
    data: Mapping[str, object]

    @property
    def action(self) -> str:
        """Return the action that is asked for, as IAM spells it."""
        return self.question.action

    @property
    def resource(self) -> str:
        """Return the ARN that the action is asked for on."""
        return self.question.resource

    @property
    def blueprint(self) -> ComputeBlueprint:
        """Return the blueprint of the compute type."""
        return self.catalog.computes[self.workload.compute.type]

    @cached_property
    def asking(self) -> tuple[RoleBlueprint, ...]:
        """Return the roles that may have asked: those that the text names, or that it shows to have asked."""
        named = [self.blueprint.roles[key] for key in self.keys]
        if self.question.role:
            return tuple(named)
        if self.question.platform:
            return tuple([role for role in named if role.grants == "injection"] or named)
        return tuple([role for role in named if role.grants == "workload"] or named)

    @cached_property
    def values(self) -> tuple[dict[str, str], ...]:
        """Return the values of references in each environment."""
        return tuple(judged_values(e, self.workload, self.catalog, self.question.account) for e in self.environments)

    @cached_property
    def elsewhere(self) -> str:
        """Return the ARN's partition where it is none of those that the workload is applied in, or ""."""
        partition = self.resource.split(":", 2)[1] if self.resource.startswith("arn:") else ""
        own = {e.partition for e in self.environments if e.name}
        return partition if own and partition not in {*own, "", "*"} else ""

    @cached_property
    def local(self) -> str:
        """Return the ARN with `*` for an account and a region that are the workload's own."""
        parts = self.resource.split(":", 5)
        if len(parts) < 6 or not parts[4]:
            return self.resource
        own = {readable_account(self.question.account)} - {""} if not self.environments[0].name else set()
        own |= {e.account for e in self.environments if e.name}
        regions = {e.region for e in self.environments if e.name} or {parts[3]}
        if parts[4] in own and parts[3] in {*regions, ""}:
            return ":".join([*parts[:3], "*" if parts[3] else "", "*", parts[5]])
        return self.resource

    def values_of(self, resource: Resource, field: str) -> set[object]:
        """Return the values that a field of a resource has in the environments."""
        value = resource.fields.get(field)
        return {value.ground(values) if isinstance(value, Text) else value for values in self.values}

    def names_of(self, resource: Resource) -> tuple[str, ...]:
        """Return the names of those ARNs of a resource of the manifest that match the ARN asked for."""
        return self.names_in(resource, self.resource)

    def names_in(self, resource: Resource, arn: str) -> tuple[str, ...]:
        """Return the names of those ARNs of a resource of the manifest that match an ARN."""
        return tuple(
            name
            for name, texts in resource.arns.items()
            if any(matches(text.ground(values), arn) for text in texts for values in self.values)
        )


def spelled(question: Question, catalog: Catalog, environments: tuple[Environment, ...]) -> Question:
    """Return the question with its action as IAM spells it, its resource as an ARN, and an account that can be read.

    An account that is masked is taken for the workload's; a name becomes the ARN that its action is for. An action that
    takes no resource is asked for on `*`.
    """
    facts = iam.action(question.action or next(iter(possible(question, catalog)), ""))
    if facts is None or (not question.action and len(possible(question, catalog)) > 1):
        return question
    action, resource = facts.name, question.resource
    if not facts.resource_types or (facts.also_star and not resource.startswith("arn:")):
        resource = "*"
    elif resource == "*":
        resource = ""
    own = own_values(question, environments[0])
    if resource.startswith("arn:"):
        parts = resource.split(":", 5)
        if len(parts) == 6 and parts[4] and parts[4] != "aws" and not re.fullmatch(r"\d{12}|\*", parts[4]):
            parts[4] = own["account"]
            resource = ":".join(parts)
    elif resource not in ("", "*"):
        resource = next(_arns(action, resource, own, catalog), "")
    return replace(question, action=action, resource=resource)


def possible(question: Question, catalog: Catalog) -> tuple[str, ...]:
    """Return the actions that the operation which a text names may need."""
    if not question.operation:
        return ()
    own = (
        [question.service]
        if question.service
        else sorted({blueprint.service for blueprint in catalog.resources.values()})
    )
    usual = [prefix for prefix in own if not is_namesake(prefix)]
    return next(filter(None, (_needed(each, question.operation) for each in (usual, own, sorted(iam.services())))), ())


def _needed(services: Iterable[str], operation: str) -> tuple[str, ...]:
    listed = [needs_of(prefix, operation) for prefix in services]
    return tuple(dict.fromkeys(action for needs in listed if needs for action in (*needs.all_of, *needs.one_of)))


def own_values(question: Question, environment: Environment) -> dict[str, str]:
    """Return partition, region and account of the workload, as far as they are known."""
    account = environment.account if environment.name else readable_account(question.account) or environment.account
    return {"partition": environment.partition, "region": environment.region, "account": account}


def _arns(action: str, name: str, own: Mapping[str, str], catalog: Catalog) -> Iterator[str]:
    """Yield the ARNs that a name may stand for, by the types with a verb for the action, then by the IAM database.

    Types of the action's own service come first: what others need it for, such as a connection for the secret that
    EventBridge made for it, is seldom what a text names.
    """
    own_service = action.partition(":")[0]
    for blueprint in sorted(catalog.resources.values(), key=lambda blueprint: blueprint.service != own_service):
        for verb in blueprint.verbs.values():
            for arn, actions in verb.allow.items():
                if action in actions and arn != "*":
                    for named in _named(blueprint.arns[arn], name, own):
                        if fields_of(blueprint, arn, named) is not None:
                            yield named
    facts, service = iam.action(action), iam.service(action.partition(":")[0])
    for kind in facts.resource_types if facts and service else ():
        for template in service.resources[kind].arns if service else ():
            if len([name for name in fields_in(template) if name.lower() not in CONTEXT]) == 1:
                yield from _named(template, name, {**own, **{key.capitalize(): value for key, value in own.items()}})


def _named(template: str, name: str, own: Mapping[str, str]) -> Iterator[str]:
    """Fill a name into a template, from its first field on."""
    listed = pieces(template)
    at = next((n for n, p in enumerate(listed) if p.kind == "field" and p.value.lower() not in CONTEXT), None)
    if at is None:
        return
    start = "".join(own.get(piece.value, "*") if piece.kind == "field" else piece.value for piece in listed[:at])
    end = _SUFFIXES.search(template)
    if len([piece for piece in listed[at:] if piece.kind == "field"]) == 1:
        yield f"{start}{name}{end[0] if end else ''}"
    yield f"{start}{name}"
