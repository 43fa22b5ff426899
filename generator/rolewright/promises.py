"""`never` → Promises: the actions and ARNs that no role may be allowed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.finding import Finding, Rejected
from rolewright.model import Promise, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.blueprint.catalog import Catalog
    from rolewright.model import Vow, Workload


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
            actions = sorted(
                {
                    action
                    for blueprint in catalog.resources.values()
                    if vow.what in blueprint.verbs
                    for verb in blueprint.expand([vow.what])
                    for group in verb.allow.values()
                    for action in group
                }
            )
            if not actions:
                raise Rejected([_unknown_verb(vow, {v for b in catalog.resources.values() for v in b.verbs})])
            yield Promise(vow.source, tuple(actions), (Text.of("*"),), vow.origin, vow.location)
        elif target is not None and target in workload.resources:
            resource = workload.resources[target]
            blueprint = catalog.resources[resource.type]
            if vow.what not in blueprint.verbs:
                raise Rejected([_unknown_verb(vow, set(blueprint.verbs))])
            for verb in blueprint.expand([vow.what]):
                for arn, group in verb.allow.items():
                    arns = (Text.of("*"),) if arn == "*" else resource.arns.get(arn, ())
                    yield Promise(vow.source, group, arns, vow.origin, vow.location)
        else:
            raise Rejected([_unknown_resource(vow, workload)])


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
