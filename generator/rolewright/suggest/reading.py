"""ARNs → the types that have verbs for them, and the fields by which an entry of the manifest names them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import CONTEXT, fields_in, filled, pieces, wild_pattern
from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint, Verb

FieldTexts = dict[str, "str | None"]
"""What the fields of a type are, and the context; None for one that may be anything."""


@dataclass(frozen=True)
class ResourceEntry:
    """One resource of the manifest without its access: `lacking` are fields that it needs and that are not known."""

    key: str
    fields: Mapping[str, Any]
    lacking: tuple[str, ...]


def fitting(catalog: Catalog, action: str, resource: str) -> list[tuple[ResourceBlueprint, str]]:
    """Return the types with a verb for an action on such an ARN, each with the ARN's name; the most specific first."""
    found = {
        (blueprint.type, arn): fields
        for blueprint in catalog.resources.values()
        for verb in blueprint.verbs.values()
        for arn, actions in verb.allow.items()
        if action in actions and arn != "*" and (resource != "*" or iam.supports_resource(action))
        for fields in [fields_of(blueprint, arn, resource)]
        if fields is not None
    }
    ranked = sorted(found, key=lambda pair: (None in found[pair].values(), -len(catalog.resources[pair[0]].verbs)))
    return [(catalog.resources[type_], arn) for type_, arn in ranked]


def fields_of(blueprint: ResourceBlueprint, arn: str, resource: str) -> FieldTexts | None:
    """Return the fields of a type with which its ARN of that name is the one given; None where there are none."""
    fits = wild_pattern(blueprint.arns[arn]).fullmatch(resource)
    if fits is None:
        return None
    found: FieldTexts = {}
    given = fields_in(blueprint.arns[arn])
    for name, value in fits.groupdict().items():
        schema = blueprint.fields.get(name, {})
        inner = schema.get("items", schema)
        if value == "*":
            found[name] = None
        elif name in CONTEXT or (value and blueprint.fields.get(name) and _takes(inner, value)):
            found[name] = value
        elif value and value != given[name].default:
            return None
    return found


def _takes(schema: Mapping[str, Any], value: str) -> bool:
    listed = schema.get("enum")
    return re.search(schema.get("pattern", ""), value) is not None and (not listed or value in listed)


def entry_of(
    blueprint: ResourceBlueprint, arn: str, fields: FieldTexts, resource: str, verb: Verb | None
) -> ResourceEntry:
    """Return the entry that names an ARN of a type by these fields, for a verb on it."""
    identity = {name: value for name in blueprint.identified_by if (value := fields.get(name))}
    own = _own_arn(blueprint, arn, fields, resource)
    values: dict[str, Any] = {}
    if own is not None and len(identity) == len(blueprint.identified_by):
        values["arn"] = own
    else:
        values |= identity
    for name, value in fields.items():
        if value and name not in CONTEXT and name not in blueprint.identified_by:
            values[name] = value
    values = {n: [v] if blueprint.fields.get(n, {}).get("type") == "array" else v for n, v in values.items()}
    needed = (*blueprint.required, *(blueprint.needs(verb, ()) if verb is not None else ()))
    by_arn = blueprint.identified_by if "arn" in values else ()
    lacking = tuple(name for name in dict.fromkeys(needed) if name not in values and name not in by_arn)
    return ResourceEntry(
        _key(blueprint, [*identity.values(), *(value for name, value in fields.items() if name not in CONTEXT)]),
        values,
        lacking,
    )


def _own_arn(blueprint: ResourceBlueprint, arn: str, fields: FieldTexts, resource: str) -> str | None:
    """Return the resource's own ARN where it names an account; None otherwise, and where it is not known."""
    template = blueprint.own_arn.removesuffix(":*")
    kinds = [piece.kind for piece in pieces(template)]
    if "star" in kinds or "${account}" not in template or not re.fullmatch(r"\d{12}", fields.get("account") or ""):
        return None
    if "marks" in kinds:  # AWS's own characters: known only where somebody gave them
        return resource if blueprint.arns[arn] == template and not re.search("[*?]", resource) else None
    given = {name: value for name, value in fields.items() if value}
    return filled(template, given) if fields_in(template).keys() <= given.keys() else None


def _key(blueprint: ResourceBlueprint, values: list[str | None]) -> str:
    """Return a key for an entry: from the name of the resource, if that begins as a key does, or from its type."""
    named = next((value for value in values if value), "")
    last = re.split(r"[:/]", named.rstrip(":*/"))[-1]
    text = last if last[:1].isalpha() else blueprint.type
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40].strip("-") or blueprint.type


def needed_verbs(blueprint: ResourceBlueprint, action: str, arns: tuple[str, ...]) -> Iterator[Verb]:
    """Yield the narrow verbs that allow an action on one of some ARNs, the one that brings least first.

    Those that always put it under conditions of their own are for another way to call it, and count only where there
    are no others.
    """
    found = [
        verb
        for verb in blueprint.verbs.values()
        if any(arn in arns and action in actions for arn, actions in verb.allow.items())
    ]
    found = [verb for verb in found if not _is_aside(verb, action)] or found
    yield from sorted(found, key=lambda verb: sum(map(len, verb.allow.values())))


def _is_aside(verb: Verb, action: str) -> bool:
    """Return whether a verb puts an action under conditions that depend on no field."""
    return any(action in rule.actions and "${" not in str(rule.conditions) for rule in verb.scope)
