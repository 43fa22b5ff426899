"""`never` → Promises: the actions and ARNs that no role may be allowed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import Promise, Text
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint
    from rolewright.core.model import Vow, Workload

_CLASSES = ("read", "write", "delete")
"""Each does more harm than those before it."""


def promises(workload: Workload, catalog: Catalog) -> Iterator[Promise]:
    """What the workload promises. Raises Rejected where a `never` names nothing."""
    for vow in workload.never:
        target = vow.target.literal
        if ":" in vow.what:
            if not iam.expand(vow.what):
                raise Rejected([_unknown_action(vow)])
            resources: tuple[Text, ...] = (vow.target,)
            if target is not None and target in workload.resources:
                resources = tuple(arn for arns in workload.resources[target].arns.values() for arn in arns)
            elif target != "*" and not str(vow.target.parts[0]).startswith("arn:"):
                raise Rejected([_unknown_resource(vow, workload)])
            yield Promise(vow.source, (vow.what,), resources, vow.origin, vow.location)
        elif target == "*":
            of_types = [_meant(blueprint, vow.what) for blueprint in catalog.resources.values()]
            actions = sorted({action for meant in of_types for group in meant.values() for action in group})
            if not actions:
                raise Rejected([_unknown_verb(vow, {v for b in catalog.resources.values() for v in b.verbs})])
            _refuse_undivided(vow, workload, catalog, workload.resources)
            yield Promise(vow.source, tuple(actions), (Text.of("*"),), vow.origin, vow.location)
        elif target is not None and target in workload.resources:
            resource = workload.resources[target]
            blueprint = catalog.resources[resource.type]
            if vow.what not in {*blueprint.verbs, *(verb.klass for verb in blueprint.verbs.values())}:
                raise Rejected([_unknown_verb(vow, set(blueprint.verbs))])
            _refuse_undivided(vow, workload, catalog, [target])
            for arn, group in _meant(blueprint, vow.what).items():
                arns = (Text.of("*"),) if arn == "*" else resource.arns.get(arn, ())
                yield Promise(vow.source, group, arns, vow.origin, vow.location)
        else:
            raise Rejected([_unknown_resource(vow, workload)])


def _meant(blueprint: ResourceBlueprint, what: str) -> Mapping[str, tuple[str, ...]]:
    """The actions by ARN that a word of a promise stands for: a verb's, or those of every verb of a class.

    What a verb of a class before it brings as well is none of a class's own.
    """
    verbs = blueprint.expand([what]) if what in blueprint.verbs else ()
    before = _CLASSES[: _CLASSES.index(what)] if what in _CLASSES else ()
    narrow = [verb for verb in blueprint.verbs.values() if not verb.of]
    lesser = [verb for verb in narrow if verb.klass in before]
    shared = {action for verb in lesser for group in verb.allow.values() for action in group}
    found: dict[str, dict[str, None]] = {}
    for verb in narrow:
        for arn, group in verb.allow.items() if verb in verbs or verb.klass == what else ():
            own = [action for action in group if verb in verbs or action not in shared]
            found.setdefault(arn, {}).update(dict.fromkeys(own))
    return {arn: tuple(actions) for arn, actions in found.items() if actions}


def _refuse_undivided(vow: Vow, workload: Workload, catalog: Catalog, keys: Iterable[str]) -> None:
    """Refuse verbs of the class that IAM cannot tell from those of another: their actions are the same."""
    if vow.what not in _CLASSES:
        return
    for key in keys:
        resource = workload.resources[key]
        blueprint = catalog.resources[resource.type]
        meant = {(arn, action) for arn, group in _meant(blueprint, vow.what).items() for action in group}
        for verb in blueprint.expand(resource.access):
            brought = {(arn, action) for arn, group in verb.allow.items() for action in group}
            if verb.klass == vow.what and not brought & meant:
                path = f"resources.{key}.access"
                message = f"`{verb.name}` of resources.{key} may also {vow.what}, which `never: {vow.source}` rules out"
                remedy = "take the verb away, or the promise; IAM has no action that would tell the two apart"
                raise Rejected([Finding("manifest-never", message, remedy, workload.locate(path), path)])


def _unknown_resource(vow: Vow, workload: Workload) -> Finding:
    near = difflib.get_close_matches(vow.target.literal or "", workload.resources, 1, 0.4)
    return Finding(
        "manifest-never",
        f"`{vow.source}` names no resource of the manifest" + (" and no ARN" if ":" in vow.what else ""),
        (f"did you mean {near[0]}? " if near else "") + "write VERB on KEY, VERB on *, or ACTION on ARN",
        vow.location,
        vow.origin,
    )


def _unknown_action(vow: Vow) -> Finding:
    """A promise about an action that AWS does not have would always hold, and protect nothing."""
    service, _, name = vow.what.partition(":")
    known = iam.actions(service.lower()) if service.lower() in iam.services() else sorted(iam.services())
    near = difflib.get_close_matches(vow.what if service.lower() in iam.services() else service, known, 1)
    return Finding(
        "manifest-never",
        f"AWS has no action {vow.what}",
        (f"did you mean {near[0] if ':' in near[0] else f'{near[0]}:{name}'}? " if near else "")
        + "write it as the service authorization reference spells it",
        vow.location,
        vow.origin,
    )


def _unknown_verb(vow: Vow, known: set[str]) -> Finding:
    near = difflib.get_close_matches(vow.what, sorted(known), 1, 0.4)
    return Finding(
        "manifest-never",
        f"`{vow.what}` is no verb of what `{vow.source}` names",
        (f"did you mean {near[0]}? " if near else "") + "verbs: " + ", ".join(sorted(known)),
        vow.location,
        vow.origin,
    )
