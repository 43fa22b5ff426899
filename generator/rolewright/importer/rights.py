"""What roles may do today → entries of a manifest, and what of it the new roles get, narrow or lose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.importer.names import resource_key
from rolewright.prove.arn_formats import is_idle
from rolewright.prove.document import PolicyError
from rolewright.render.readable import SYMBOLS
from rolewright.suggest.asked import is_pattern
from rolewright.suggest.draft import unescaped
from rolewright.suggest.drafting import draft
from rolewright.suggest.express import beyond, differences
from rolewright.suggest.own_account import named_most
from rolewright.suggest.policies import of_documents
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.importer.expression import HeldNames
    from rolewright.importer.workload import OldRole, SourceResource, SourceWorkload
    from rolewright.prove.document import Conditions
    from rolewright.prove.table import Declared
    from rolewright.suggest.draft import Draft, Entry, Rest
    from rolewright.suggest.express import Beyond
    from rolewright.suggest.own_account import Own


@dataclass(frozen=True)
class OldRights:
    """What a role may do today: `asked` is what a manifest has to say of it, `beside` what comes with managed policies.

    `unread` says what could not be read, and so is in neither.
    """

    role: str
    asked: tuple[Declared, ...]
    beside: tuple[Declared, ...]
    denied: tuple[Declared, ...]
    unread: tuple[str, ...]

    @property
    def all(self) -> tuple[Declared, ...]:
        """Return the statements that decide on a request."""
        return (*self.asked, *self.beside, *self.denied)


@dataclass(frozen=True)
class RoleComparison:
    """A role before and after: what is lost, what is left on less (`narrowed`), what is new, and what is undecided."""

    role: str
    lost: tuple[Beyond, ...]
    narrowed: tuple[Beyond, ...]
    gained: tuple[Beyond, ...]
    unknown: tuple[str, ...]


def old_rights(role: OldRole, tokens: HeldNames) -> OldRights:
    """Read the policies of a role. What cannot be read is named, and never taken for nothing."""
    asked: list[Declared] = []
    beside: list[Declared] = []
    denied: list[Declared] = []
    unread = list(role.unread)
    for policy in role.policies:
        document = tokens.judged(policy.document)
        if not isinstance(document, dict) or "Statement" not in document:
            unread.append(f"{policy.origin}: this is no policy document, and is not compared")
            continue
        try:
            foreign = of_documents([document], policy.origin)
        except PolicyError as error:
            unread.append(f"{policy.origin}: IAM would not accept this policy: {error}")
            continue
        (beside if policy.managed else asked).extend(_named(foreign.allowed, policy.origin))
        denied += _named(foreign.denied, policy.origin)
        unread += [f"{policy.origin}, {part.text}" for part in foreign.unread]
    return OldRights(role.role, tuple(asked), tuple(beside), tuple(denied), tuple(dict.fromkeys(unread)))


def _named(statements: Iterable[Declared], origin: str) -> Iterator[Declared]:
    return (replace(statement, origin=f"{origin}, {statement.origin}") for statement in statements)


def drafted(old: OldRights, platform: Sequence[Declared], catalog: Catalog, own: Own) -> tuple[Draft, tuple[str, ...]]:
    """Draft the entries for what a role may do beside what the module gives it anyway, and say what no manifest can.

    Of a pattern of actions such as `dynamodb:*`, of which entries have a part, the rest is left out: administration,
    which no verb is for. What the module makes needless (`needless.yaml`) is left out as well. The comparison of the
    roles has both.
    """
    asked = tuple(_without(old.asked, platform))
    whole = {(action, resource) for left in asked for action in left.actions for resource in left.resources}
    made = draft(asked, catalog, own)
    by_pattern = {
        (name, taken.item.resource, taken.item.conditions)
        for taken in made.patterns
        if taken.taken
        for name in (*taken.left, *taken.idle)
    } | {
        (name, resource, statement.conditions)
        for statement in old.asked
        for pattern in statement.actions
        if is_pattern(pattern)
        for resource in statement.resources
        for name in iam.expand(pattern)
        if (pattern, resource) not in whole
    }
    by_name = {
        (action.lower(), resource, statement.conditions)
        for statement in old.asked
        for action in statement.actions
        for resource in statement.resources
    }
    rest = tuple(kept for statement in made.rest for kept in _kept(statement, by_pattern, by_name))
    notes = [f"{', '.join(part.origins)}: left out: {part.why}" for part in made.unsaid]
    patterns = dict.fromkeys(action for statement in rest for action in statement.actions if is_pattern(action))
    if patterns:
        why = "no verb is for any of it, and a statement names each action: add those that the code needs"
        notes.append(f"{', '.join(patterns)}: left out: {why}")
    named = (
        replace(statement, actions=tuple(action for action in statement.actions if action not in patterns))
        for statement in rest
    )
    return replace(made, rest=tuple(statement for statement in named if statement.actions)), tuple(notes)


def _kept(
    statement: Rest, by_pattern: set[tuple[str, str, Conditions]], by_name: set[tuple[str, str, Conditions]]
) -> Iterator[Rest]:
    """Yield a statement without what is there only as the rest of a pattern."""
    conditions = tuple((operator, key, tuple(map(unescaped, values))) for operator, key, values in statement.conditions)
    left: dict[tuple[str, ...], list[str]] = {}
    for written in statement.resources:
        resource = unescaped(written)
        actions = tuple(
            action
            for action in statement.actions
            if (action.lower(), resource, conditions) in by_name
            or not all((name, resource, conditions) in by_pattern for name in iam.expand(action) or (action,))
        )
        if actions:
            left.setdefault(actions, []).append(written)
    yield from (replace(statement, actions=actions, resources=tuple(arns)) for actions, arns in left.items())


def own_place(workload: SourceWorkload, rights: Sequence[OldRights]) -> Own:
    """Return the place that the old roles are in.

    What the policies name most is it only where nothing says better: not where a role's own account is known, nor where
    a policy says "the own account" by a name, beside which an account in figures may well be another.
    """
    statements = [statement for old in rights for statement in old.all]
    account = next((role.account for role in workload.roles if role.account), "")
    own = named_most(statements, account)
    arns = (text.split(":", 5) for statement in statements for text in statement.resources)
    by_name = any(len(parts) > 5 and parts[4] == SYMBOLS["local.account"] for parts in arns)
    return replace(own, account="") if by_name and not account else own


def key_of(entry: Entry, described: Mapping[str, SourceResource], tokens: HeldNames) -> str:
    """Return a key for an entry: the source's own name of that resource, or its name without what is open in it."""
    for logical, resource in described.items():
        fields = {name: tokens.judged(value) for name, value in resource.fields.items()}
        if resource.type == entry.type and all(entry.fields.get(name) == value for name, value in fields.items()):
            return resource_key(logical)
    key = entry.key
    for token in tokens:
        key = key.replace(token, "").replace(token.rpartition("-")[0], "")  # a key may end within it
    return resource_key(key) if key.strip("-") else entry.type


@cache
def _needless() -> frozenset[str]:
    """Return the actions, in small letters, that no code needs on a module of rolewright's."""
    listed = load(Path(__file__).with_name("needless.yaml")).trees[0].data
    return frozenset(action.lower() for action in listed)


def compared(old: OldRights, new: Sequence[Declared]) -> RoleComparison:
    """Compare what a role may do before and after, but for what AWS allows nothing by."""
    less, unsure = differences(old.all, new)
    more, doubts = differences(new, old.all)
    less = tuple(change for change in less if not is_idle(change.action, change.resource))
    kept = {name.lower() for statement in new if statement.effect == "Allow" for name in statement.actions}
    lost = [change for change in less if change.action.lower() not in kept]
    narrowed = [change for change in less if change.action.lower() in kept]
    before = (*old.asked, *old.beside)
    return RoleComparison(
        old.role,
        beyond(lost, before),
        beyond(narrowed, before),
        beyond(more, new),
        tuple(dict.fromkeys((*old.unread, *unsure, *doubts))),
    )


def readable(role: RoleComparison, tokens: HeldNames) -> RoleComparison:
    """Return a comparison for people: what is open is described where names held its place."""

    def shown(changes: Iterable[Beyond]) -> tuple[Beyond, ...]:
        return tuple(
            replace(
                change,
                resource=tokens.readable(change.resource),
                conditions=tuple(
                    (operator, key, tuple(map(tokens.readable, values))) for operator, key, values in change.conditions
                ),
            )
            for change in changes
        )

    unknown = tuple(map(tokens.readable, role.unknown))
    return RoleComparison(role.role, shown(role.lost), shown(role.narrowed), shown(role.gained), unknown)


def _without(asked: Sequence[Declared], platform: Sequence[Declared]) -> Iterator[Declared]:
    """Yield statements without what the module gives the role anyway, on the resources that it needs it on."""
    for statement in asked:
        if any(is_pattern(action.partition(":")[0]) for action in statement.actions):
            yield statement  # actions of all services: nothing of it is taken for what the module gives
            continue
        for resource in statement.resources:
            brought = {
                action.lower()
                for given in platform
                if given.effect == "Allow"
                for action in given.actions
                if _includes(replace(statement, resources=(resource,)), replace(given, actions=(action,)), action)
            }
            actions = tuple(left for pattern in statement.actions for left in _left(pattern, brought))
            if actions:
                yield replace(statement, actions=actions, resources=(resource,))


def _includes(statement: Declared, given: Declared, action: str) -> bool:
    if action.lower() not in {name.lower() for pattern in statement.actions for name in iam.expand(pattern)}:
        return False
    more, unsure = differences([given], [statement])
    return not more and not unsure


def _left(pattern: str, brought: set[str]) -> Iterator[str]:
    names = iam.expand(pattern) or (pattern,)
    left = [name for name in names if name.lower() not in brought and name.lower() not in _needless()]
    if len(left) == len(names):
        yield pattern
    else:
        yield from left
