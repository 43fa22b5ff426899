"""Items that fit no entry of a manifest → statements, each with the reason: which verb is near, and what it lacks."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.prove.arn_formats import is_idle
from rolewright.prove.match import UndecidedError, compile_glob, outside, widened, witness
from rolewright.suggest.asked import is_pattern
from rolewright.suggest.draft import statements, unescaped
from rolewright.suggest.matching import all_of, fitting, has_open, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rolewright.suggest.draft import AskedAction, Rest
    from rolewright.suggest.matching import Offer

_SAID = {
    "pattern": "it names actions of several services by one pattern, while a verb lists each of its actions",
    "none of them": "no blueprint has a verb for any action that it names",
    "unknown": "the IAM database does not know the action",
    "none": "no blueprint has a verb for this",
    "every": "it covers every {type}: for a single one there is {verbs}",
    "several": "it covers more than one {type}: for a single one there is {verbs}",
    "conditions": "{verbs} of {type} covers this, but under other conditions",
    "place": "it is in an account and region where a manifest cannot name a {type}: in your own there is {verbs}",
    "beside": "{verbs} of {type} covers this, but also allows more",
    "name": "{verbs} of {type} covers this, but no field of the type accepts such an ARN",
}


def unmatched(items: Iterable[AskedAction], known: Mapping[str, Sequence[Offer]]) -> list[Rest]:
    """Return the statements for items that no entry covers; `known` is what the verbs of a catalog grant."""
    kinds: dict[tuple[str, str], list[AskedAction]] = defaultdict(list)
    for item in items:
        kinds[_kind(item, known)].append(item)
    return [
        replace(rest, reason=_SAID[kind].format(type=type_, verbs=_verbs(rest, type_, known)))
        for (kind, type_), some in kinds.items()
        for rest in statements(some, "")
    ]


def _kind(item: AskedAction, known: Mapping[str, Sequence[Offer]]) -> tuple[str, str]:
    """Return why an item fits no entry, and the nearest type."""
    if is_pattern(item.action):
        return _kind_of_pattern(item, known)
    if iam.action(item.action) is None:
        return "unknown", ""
    near = [offer for offer in known.get(item.action, ()) if _meets(offer, item.resource)]
    if not near:
        return ("name", known[item.action][0].blueprint.type) if item.action in known else ("none", "")
    readings = [(offer, named(offer, item.resource, exact=True)) for offer in near]
    for offer, fields in readings:
        if fields is not None and not has_open(fields):
            kind = "conditions" if fitting(offer, item.resource, item.conditions) is None else ""
            return kind or ("place" if offer.identifies else "beside"), offer.blueprint.type
    offer = max(near, key=lambda candidate: (candidate.identifies, len(candidate.blueprint.verbs)))
    if not set("*?$") & set(item.resource):
        return "name", offer.blueprint.type
    if not offer.identifies:
        return "beside", offer.blueprint.type
    every = outside(all_of(offer, item.resource), [item.resource]) is None
    return ("every" if every else "several"), offer.blueprint.type


def _kind_of_pattern(item: AskedAction, known: Mapping[str, Sequence[Offer]]) -> tuple[str, str]:
    """Return why nothing that a pattern names fits an entry: what is true of the first that a verb is for."""
    if is_pattern(item.action.partition(":")[0]):
        return "pattern", ""
    names = iam.expand(item.action)
    offered = [name for name in names if name in known and not is_idle(name, item.resource)]
    if not offered:
        return ("none of them" if names else "unknown"), ""
    kinds = [_kind(replace(item, action=name), known) for name in offered]
    return min(kinds, key=lambda kind: kind[0] == "name")


def _meets(offer: Offer, resource: str) -> bool:
    if offer.arn == "*":
        return resource == "*"
    try:
        return witness([compile_glob(all_of(offer, "*")), compile_glob(widened(resource))], []) is not None
    except UndecidedError:
        return True


def _verbs(rest: Rest, type_: str, known: Mapping[str, Sequence[Offer]]) -> str:
    """Return the narrow verbs of a type for some actions, for each the one with the fewest actions."""
    found: dict[str, None] = {}
    for action in itertools.chain.from_iterable(map(iam.expand, rest.actions)):
        if all(is_idle(action, unescaped(resource)) for resource in rest.resources):
            continue
        verbs = [verb for offer in known.get(action, ()) if offer.blueprint.type == type_ for verb in offer.verbs]
        if verbs:
            found[min(verbs, key=lambda verb: sum(map(len, verb.allow.values()))).name] = None
    return ", ".join(f"`{name}`" for name in found)
