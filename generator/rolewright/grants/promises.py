"""`never` → Promises: the actions and ARNs that no role may be allowed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import Promise
from rolewright.core.text import Text
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint
    from rolewright.core.model import Never, Resource, Workload

    _Meaning = tuple[tuple[str, ...], tuple[Text, ...]]
    """Actions, and the ARNs on which none of them is allowed."""

_CLASSES = ("read", "write", "delete")
"""Verbs of each class do more harm than those of the classes before it."""


def promises(workload: Workload, catalog: Catalog) -> Iterator[Promise]:
    """Yield the workload's promises. Raises Rejected for a `never` without a known resource, verb or action."""
    for never in workload.never:
        target = never.target.literal
        if ":" in never.forbidden:
            meant = [_of_action(never, workload)]
        elif target == "*":
            meant = [_of_every_resource(never, workload, catalog)]
        elif target is not None and target in workload.resources:
            meant = _of_resource(never, workload.resources[target], workload, catalog)
        else:
            raise Rejected([_unknown_resource(never, workload)])
        for actions, resources in meant:
            yield Promise(never.source, actions, resources, never.origin, never.location)


def _of_action(never: Never, workload: Workload) -> _Meaning:
    """Return an action with the ARNs it is ruled out on: all of a resource, or the one that is written."""
    if not iam.expand(never.forbidden):
        raise Rejected([_unknown_action(never)])
    target = never.target.literal
    if target is not None and target in workload.resources:
        arns = tuple(arn for arns in workload.resources[target].arns.values() for arn in arns)
        return (never.forbidden,), arns
    if target != "*" and not str(never.target.parts[0]).startswith("arn:"):
        raise Rejected([_unknown_resource(never, workload)])
    return (never.forbidden,), (never.target,)


def _of_every_resource(never: Never, workload: Workload, catalog: Catalog) -> _Meaning:
    """Return the actions that a word stands for in any type of resource, on `*`."""
    of_types = [_meant(blueprint, never.forbidden) for blueprint in catalog.resources.values()]
    actions = sorted(
        {action for meant in of_types for group in meant.values() for action in group} - _looks(never, catalog)
    )
    if not actions:
        raise Rejected([_unknown_verb(never, {v for b in catalog.resources.values() for v in b.verbs})])
    _refuse_undivided(never, workload, catalog, workload.resources)
    return tuple(actions), (Text.of("*"),)


def _looks(never: Never, catalog: Catalog) -> set[str]:
    """Return the actions that only read and that a verb of a lesser class needs, in whatever type that is.

    What a verb of the class itself has nothing but stays with the class.
    """
    before = _CLASSES[: _CLASSES.index(never.forbidden)] if never.forbidden in _CLASSES else ()
    found: set[str] = set()
    kept: set[str] = set()
    for verb in (verb for blueprint in catalog.resources.values() for verb in blueprint.verbs.values()):
        actions = {action for group in verb.allow.values() for action in group}
        looks = set(filter(_only_reads, actions))
        found |= looks if verb.klass in before else set()
        kept |= actions if verb.klass == never.forbidden and looks == actions else set()
    return found - kept


def _only_reads(action: str) -> bool:
    facts = iam.action(action)
    return facts is not None and facts.level in ("Read", "List")


def _of_resource(never: Never, resource: Resource, workload: Workload, catalog: Catalog) -> list[_Meaning]:
    """Return the actions that a word stands for on a resource, for each of its ARNs."""
    blueprint = catalog.resources[resource.type]
    if never.forbidden not in {*blueprint.verbs, *(verb.klass for verb in blueprint.verbs.values())}:
        raise Rejected([_unknown_verb(never, set(blueprint.verbs))])
    _refuse_undivided(never, workload, catalog, [resource.key])
    return [
        (group, (Text.of("*"),) if arn == "*" else resource.arns.get(arn, ()))
        for arn, group in _meant(blueprint, never.forbidden).items()
    ]


def _meant(blueprint: ResourceBlueprint, word: str) -> Mapping[str, tuple[str, ...]]:
    """Return the actions by ARN that a word of a promise stands for: a verb's, or those of every verb of a class.

    A class does not include actions that verbs of the classes before it also need. A verb with the name of a class
    does, unless they only read: `delete` may look up what it deletes, and looking that up is no deleting.
    """
    verbs = blueprint.expand([word]) if word in blueprint.verbs else ()
    before = _CLASSES[: _CLASSES.index(word)] if word in _CLASSES else ()
    narrow = [verb for verb in blueprint.verbs.values() if not verb.of]
    lesser = [verb for verb in narrow if verb.klass in before]
    shared = {action for verb in lesser for group in verb.allow.values() for action in group}
    actions_by_arn: dict[str, dict[str, None]] = {}
    for verb in narrow:
        for arn, group in verb.allow.items() if verb in verbs or verb.klass == word else ():
            own = [a for a in group if a not in shared or (verb in verbs and not _only_reads(a))]
            actions_by_arn.setdefault(arn, {}).update(dict.fromkeys(own))
    return {arn: tuple(actions) for arn, actions in actions_by_arn.items() if actions}


def _refuse_undivided(never: Never, workload: Workload, catalog: Catalog, keys: Iterable[str]) -> None:
    """Raise Rejected for a verb of the class all of whose actions verbs of a lesser class need as well."""
    if never.forbidden not in _CLASSES:
        return
    for key in keys:
        resource = workload.resources[key]
        blueprint = catalog.resources[resource.type]
        meant = {(arn, action) for arn, group in _meant(blueprint, never.forbidden).items() for action in group}
        for verb in blueprint.expand(resource.access):
            brought = {(arn, action) for arn, group in verb.allow.items() for action in group}
            if verb.klass == never.forbidden and not brought & meant:
                path = f"resources.{key}.access"
                ruled_out = f"which `never: {never.source}` rules out"
                message = f"`{verb.name}` of resources.{key} may also {never.forbidden}, {ruled_out}"
                remedy = "remove the verb or the promise: IAM has no separate action for each"
                raise Rejected([Finding("manifest-never", message, remedy, workload.locate(path), path)])


def _unknown_resource(never: Never, workload: Workload) -> Finding:
    near = difflib.get_close_matches(never.target.literal or "", workload.resources, 1, 0.4)
    return Finding(
        "manifest-never",
        f"`{never.source}` does not name a resource of the manifest" + (" or an ARN" if ":" in never.forbidden else ""),
        (f"did you mean {near[0]}? " if near else "")
        + "write VERB on KEY, VERB on * or ACTION on ARN, such as `delete on *`",
        never.location,
        never.origin,
    )


def _unknown_action(never: Never) -> Finding:
    """Return the finding for an action that AWS does not have: a promise about it would protect nothing."""
    service, _, name = never.forbidden.partition(":")
    candidates = iam.actions(service.lower()) if service.lower() in iam.services() else sorted(iam.services())
    near = difflib.get_close_matches(never.forbidden if service.lower() in iam.services() else service, candidates, 1)
    return Finding(
        "manifest-never",
        f"AWS has no action {never.forbidden}",
        (f"did you mean {near[0] if ':' in near[0] else f'{near[0]}:{name}'}? " if near else "")
        + "write it as in the Service Authorization Reference, for example s3:GetObject",
        never.location,
        never.origin,
    )


def _unknown_verb(never: Never, verbs: set[str]) -> Finding:
    near = difflib.get_close_matches(never.forbidden, sorted(verbs), 1, 0.4)
    return Finding(
        "manifest-never",
        f"`{never.forbidden}` in `{never.source}` is not a verb of the resources that it names",
        (f"did you mean {near[0]}? " if near else "") + "use one of: " + ", ".join(sorted(verbs)),
        never.location,
        never.origin,
    )
