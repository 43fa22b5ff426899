"""Items that fit no entry of a manifest → statements, each with the reason: which verb is near, and what it lacks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rolewright.blueprint.arn_template import CONTEXT, filled
from rolewright.data import iam
from rolewright.prove.match import compile_glob, outside, widened, witness
from rolewright.suggest.draft import statements
from rolewright.suggest.matching import OPEN, fitting, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rolewright.suggest.draft import AskedAction, Rest
    from rolewright.suggest.matching import Offer

_SAID = {
    "pattern": "it names actions by a pattern, while a verb lists each of its actions",
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
        replace(rest, reason=_SAID[kind].format(type=type_, verbs=_verbs(rest.actions, type_, known)))
        for (kind, type_), some in kinds.items()
        for rest in statements(some, "")
    ]


def _kind(item: AskedAction, known: Mapping[str, Sequence[Offer]]) -> tuple[str, str]:
    """Return why an item fits no entry, and the nearest type."""
    if "*" in item.action or "?" in item.action:
        return "pattern", ""
    if iam.action(item.action) is None:
        return "unknown", ""
    near = [offer for offer in known.get(item.action, ()) if _meets(offer, item.resource)]
    if not near:
        return ("name", known[item.action][0].blueprint.type) if item.action in known else ("none", "")
    readings = [(offer, named(offer, item.resource, exact=True)) for offer in near]
    for offer, fields in readings:
        if fields is not None and OPEN not in [value for name, value in fields.items() if name not in CONTEXT]:
            kind = "conditions" if fitting(offer, item.resource, item.conditions) is None else ""
            return kind or ("place" if offer.identifies else "beside"), offer.blueprint.type
    offer = max(near, key=lambda candidate: (candidate.identifies, len(candidate.blueprint.verbs)))
    if not set("*?$") & set(item.resource):
        return "name", offer.blueprint.type
    if not offer.identifies:
        return "beside", offer.blueprint.type
    every = outside(_all_of(offer, item.resource), [item.resource]) is None
    return ("every" if every else "several"), offer.blueprint.type


def _meets(offer: Offer, resource: str) -> bool:
    if offer.arn == "*":
        return resource == "*"
    return witness([compile_glob(_all_of(offer, "*")), compile_glob(widened(resource))], []) is not None


def _all_of(offer: Offer, resource: str) -> str:
    """Return the pattern of all ARNs of an offer in the partition, region and account of a resource."""
    if offer.arn == "*":
        return "*"
    parts = resource.split(":", 5)
    names = ("partition", "region", "account")
    place = dict(zip(names, (parts[1], *parts[3:5]), strict=True)) if len(parts) == 6 else {}
    return filled(offer.blueprint.arns[offer.arn], place)


def _verbs(actions: Iterable[str], type_: str, known: Mapping[str, Sequence[Offer]]) -> str:
    """Return the narrow verbs of a type for some actions, for each the one with the fewest actions."""
    found: dict[str, None] = {}
    for action in actions:
        verbs = [verb for offer in known.get(action, ()) if offer.blueprint.type == type_ for verb in offer.verbs]
        if verbs:
            found[min(verbs, key=lambda verb: sum(map(len, verb.allow.values()))).name] = None
    return ", ".join(f"`{name}`" for name in found)
