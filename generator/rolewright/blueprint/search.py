"""An action of IAM → the verbs, fields and roles of the blueprints that allow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint


@dataclass(frozen=True)
class Allowing:
    """Something of a type that allows some of the actions that were asked for, and `also` the verbs that include it.

    `by` is a narrow verb, `with FIELD` for what follows from a field, or `role KEY` for what a role has by itself.
    """

    type: str
    by: str
    actions: tuple[str, ...]
    summary: str
    also: tuple[str, ...] = ()


def allowing(catalog: Catalog, actions: Collection[str]) -> Iterator[Allowing]:
    """Yield all that allows some of the actions, by type: resource types first, as they are what `access` is for."""
    for resource in catalog.resources.values():
        yield from _of_resource(resource, frozenset(actions))
    for compute in catalog.computes.values():
        yield from _of_compute(compute, frozenset(actions))


def _of_resource(blueprint: ResourceBlueprint, actions: frozenset[str]) -> Iterator[Allowing]:
    for verb in blueprint.verbs.values():
        granted = actions.intersection(action for allowed in verb.allow.values() for action in allowed)
        if granted:
            also = tuple(
                wide.name for wide in blueprint.verbs.values() if wide.of and verb in blueprint.expand([wide.name])
            )
            summary = f"{verb.summary} ({verb.klass})"
            yield Allowing(blueprint.type, verb.name, tuple(sorted(granted)), summary, also)
    for field, companions in blueprint.companions.items():
        for companion in companions:
            granted = actions.intersection(companion.actions)
            if granted and not companion.owner:
                summary = f"beside {', '.join(companion.verbs)}: {companion.summary}"
                yield Allowing(blueprint.type, f"with {field}", tuple(sorted(granted)), summary)


def _of_compute(blueprint: ComputeBlueprint, actions: frozenset[str]) -> Iterator[Allowing]:
    for role in blueprint.roles.values():
        for grant in role.allow:
            granted = actions.intersection(grant.actions)
            if granted and grant.effect == "Allow":
                yield Allowing(blueprint.type, f"role {role.key}", tuple(sorted(granted)), grant.summary)
