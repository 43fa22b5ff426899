"""A resource that stands for several → the fields of an entry for one of them, with what has to be filled in."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from rolewright.blueprint.arn_template import CONTEXT, beginnings, fields_in, filled, pieces
from rolewright.data import limits
from rolewright.prove.match import outside
from rolewright.suggest.matching import (
    ABSENT,
    OPEN,
    Open,
    all_of,
    characters,
    has_open,
    part_pattern,
    read_fields,
    takes,
)

if TYPE_CHECKING:
    from rolewright.core.model import Fields
    from rolewright.prove.document import Conditions
    from rolewright.suggest.matching import Offer


def unnamed(offer: Offer, resource: str, conditions: Conditions) -> Fields | None:
    """Return the fields of an offer that allows part of what is asked for, OPEN where a value has to be filled in.

    That is so where a resource is every one of the type, or a condition that the type demands is missing. None where
    nothing is open, or where the offer is for something else.
    """
    if conditions:
        return None
    fields: Fields = {}
    for template in (template for _, _, values in offer.conditions for template in values):
        found = _open_fields(template)
        if not found:  # a condition that says the same for all
            return None
        fields |= found
    if offer.arn == "*":
        return fields if resource == "*" and has_open(fields) else None
    if not offer.identifies:
        return None
    if outside(all_of(offer, resource), [resource]) is None:
        return {**_open_fields(offer.blueprint.arns[offer.arn]), **_place_in(offer, resource), **fields}
    part = _begun(offer, resource) or _patterned(offer, resource)
    return None if part is None else {**part, **fields}


def _open_fields(template: str) -> Fields:
    """Return the fields of a template: OPEN, or ABSENT where it can do without."""
    found = fields_in(template)
    return {name: ABSENT if piece.optional else OPEN for name, piece in found.items() if name not in CONTEXT}


def _place_in(offer: Offer, resource: str) -> Fields:
    """Return the partition, region and account of a resource, as far as the offer's ARN has them."""
    parts = resource.split(":", 5)
    place = {"partition": parts[1], "region": parts[3], "account": parts[4]} if len(parts) > 5 else {}
    return {name: value for name, value in place.items() if name in fields_in(offer.blueprint.arns[offer.arn])}


def _begun(offer: Offer, resource: str) -> Fields | None:
    """Return the fields where a `*` stands for all that comes after some of them, such as the stages of an API."""
    template = offer.blueprint.arns[offer.arn]
    for start in beginnings(template) if resource.endswith("*") else ():
        fields = read_fields(offer.blueprint, f"{start}*", resource, exact=True)
        if fields is None or not fields.keys() - {*CONTEXT}:
            continue
        known = {name: value for name, value in fields.items() if isinstance(value, str)}
        if outside(filled(template, known), [resource]) is None:
            return {**_open_fields(template), **fields}
    return None


def _patterned(offer: Offer, resource: str) -> Fields | None:
    """Return the fields where a pattern stands for several names, such as `orders-*`; what comes after may be in it."""
    template = offer.blueprint.arns[offer.arn]
    known = fields_in(template)
    kinds = tuple((name, characters(offer.blueprint.fields.get(name, {}))) for name in known if name not in CONTEXT)
    found = _names_pattern(template, kinds).fullmatch(resource) if len(resource) <= limits.ARN else None
    if found is None:
        return None
    fields: Fields = {}
    for name, value in found.groupdict().items():
        schema = offer.blueprint.fields.get(name, {})
        if name in CONTEXT:
            fields[name] = value
        elif value in (None, "", known[name].default):
            fields[name] = ABSENT
        elif re.search("[*?]", value) and not known[name].optional:
            fields[name] = Open(value)
        elif name not in offer.blueprint.fields or not takes(schema.get("items", schema), value):
            return None
        else:
            fields[name] = (value,) if schema.get("type") == "array" else value
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    return fields if has_open(fields) and outside(filled(template, texts), [resource]) is None else None


@cache
def _names_pattern(template: str, kinds: tuple[tuple[str, str], ...]) -> re.Pattern[str]:
    """Return the pattern of the texts that a template may stand for with patterns in place of fields that it needs."""
    classes = {name: letters.replace("*?", "").replace("[^]", ".") for name, letters in kinds}
    listed = pieces(template)
    seen: set[str] = set()
    parts = []
    for piece in listed:
        if piece.kind == "field" and not piece.optional and piece.value not in {*CONTEXT, *seen}:
            seen.add(piece.value)
            parts.append(f"(?P<{piece.value}>{classes[piece.value]}+?)")
        else:
            parts.append(part_pattern(piece, classes, seen, exact=True))
    last = max((n for n, piece in enumerate(listed) if piece.kind == "field" and not piece.optional), default=0)
    return re.compile("".join(parts[: last + 1]) + f"(?:{''.join(parts[last + 1 :])})?", re.DOTALL)
