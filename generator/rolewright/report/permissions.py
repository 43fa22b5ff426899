"""What each permission of a workload is: what it does, whether it is on everything, and whose resource it is on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rolewright.core.text import Ref, Text
from rolewright.grants.classes import CLASSES, Classes, strongest
from rolewright.render.readable import ANYBODY, readable, who

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.blueprint.catalog import Catalog
    from rolewright.core.model import Environment, ResourcePolicy, ResourceStatement, Statement, Trust, Workload
    from rolewright.core.text import Condition
    from rolewright.grants.classes import Class
    from rolewright.pipeline import Built

Whose = Literal["own", "unknown", "other"]
"""Whether something is the account's own; `other` is another's, or that of any account."""

_WORST: tuple[Whose, ...] = ("own", "unknown", "other")
_ACCOUNT = re.compile(r"[0-9]{12}")
_IN_JSON = re.compile(r"arn:[a-z-]{1,20}:[a-z0-9-]{0,40}:[a-z0-9-]{0,40}:([0-9]{12}):")
_LIMITS = ("aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "aws:sourcearn", "aws:principalarn")
"""Condition keys that leave a policy open to the accounts that they name."""


@dataclass(frozen=True)
class Permission:
    """One action on one resource, as the page shows both; `pattern` and ARN are as written, `*` included."""

    action: str
    resource: str
    does: Class
    whose: Whose

    @property
    def star(self) -> bool:
        """Return whether it is on every resource."""
        return self.resource == "*"


class Judge:
    """Says of the permissions of one workload in one environment what they are."""

    def __init__(self, built: Built, environment: Environment, catalog: Catalog, classes: Classes) -> None:
        self._workload = built.workload
        self.environment = environment
        self.values = readable(environment)
        self._catalog = catalog
        self._classes = classes

    def permissions(self, statement: Statement) -> tuple[Permission, ...]:
        """Return the permissions that a statement of a role's policy gives, or withholds."""
        does: dict[str, list[Class]] = {}
        for grant in statement.grants:
            for action, class_ in self._classes.of_grant(grant, self._workload).items():
                does.setdefault(action, []).append(class_)
        return tuple(
            Permission(
                action,
                arn.ground(self.values),
                strongest(does.get(action, [self._classes.of(action)])),
                self._owner(arn),
            )
            for action in statement.actions
            for arn in statement.resources
        )

    def trusted(self, trust: Trust) -> Whose:
        """Return whose principals a trust policy lets in: a service is the account's own if no condition says else."""
        return worst([*map(self._of_text, trust.principals), *self._limit(trust.conditions)])

    def let_in(self, statement: ResourceStatement) -> Whose:
        """Return whose principals one statement of a resource's policy lets in."""
        if statement.effect == "Deny":
            return "own"
        limit = self._limit(statement.conditions)
        if any(who(kind, text.ground(self.values)) == ANYBODY for kind, text in statement.principals):
            return worst(limit) if limit else "other"
        return worst([*(self._of_text(text) for _, text in statement.principals), *limit])

    def documents(self, policy: ResourcePolicy) -> list[str]:
        """Return the entries of a policy that is not IAM's as JSON."""
        return [json.dumps(document, sort_keys=True) for document in policy.ground_documents(self.values)]

    def named_in(self, document: str) -> Whose:
        """Return whose ARNs an entry of a policy that is not IAM's names."""
        return worst(map(self._of_account, _IN_JSON.findall(document)))

    def _owner(self, arn: Text) -> Whose:
        shown = arn.ground(self.values)
        parts = shown.split(":", 5)
        if shown == "*":
            return "own"
        if len(parts) < 6:  # what nobody but AWS or the caller knows yet
            return "unknown" if self._is_given(arn) else "own"
        if parts[4]:
            return self._of_account(parts[4])
        resource = self._workload.resources.get(having(self._workload, arn))
        if resource is None:
            return "unknown"
        shared = self._catalog.resources[resource.type].cross_account
        owner = resource.fields.get(shared.owner) if shared.owner else None
        if owner:
            return self._of_account(Text.of(owner).ground(self.values))
        return "own" if resource.created or not shared.policy else "unknown"

    def _is_given(self, arn: Text) -> bool:
        """Return whether a value that the module's caller gives is part of it."""
        return any(isinstance(part, Ref) and part.expression in self.environment.inputs.names for part in arn.parts)

    def _of_text(self, named: Text) -> Whose:
        """Return whose an ARN or account is; a name of something else, such as a service, is nobody else's."""
        text = named.ground(self.values)
        parts = text.split(":", 5)
        if len(parts) == 6:
            return self._of_account(parts[4])
        if any(sign in text for sign in "*?"):
            return "other"
        if self._is_given(named):
            return "unknown"
        return self._of_account(text) if _ACCOUNT.fullmatch(text) else "own"

    def _of_account(self, account: str) -> Whose:
        if account in (self.values["local.account"], "aws"):
            return "own"
        if any(sign in account for sign in "*?"):
            return "other"
        return "other" if _ACCOUNT.fullmatch(account) and self.environment.name else "unknown"

    def _limit(self, conditions: Iterable[Condition]) -> list[Whose]:
        """Return whom conditions on the account leave, as all of them have to hold; nothing where there are none."""
        found = [
            worst(map(self._of_text, condition.values))
            for condition in conditions
            if condition.key.ground(self.values).lower() in _LIMITS
            and not any(word in condition.operator for word in ("Not", "IfExists"))
        ]
        return [min(found, key=_WORST.index)] if found else []


def having(workload: Workload, arn: Text) -> str:
    """Return the manifest's key of the resource that has an ARN, "" if none has."""
    return next((key for key, r in workload.resources.items() if any(arn in arns for arns in r.arns.values())), "")


def by_class(permissions: Iterable[Permission]) -> dict[Class, list[str]]:
    """Return the actions of some permissions by what they do, the mildest first."""
    found: dict[Class, dict[str, None]] = {class_: {} for class_ in CLASSES}
    for permission in permissions:
        found[permission.does][permission.action] = None
    return {class_: list(actions) for class_, actions in found.items() if actions}


def worst(found: Iterable[Whose]) -> Whose:
    """Return the last in the order own, unknown, other; "own" for none."""
    return max(found, key=_WORST.index, default="own")
