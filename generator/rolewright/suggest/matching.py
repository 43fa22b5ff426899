"""An action on an ARN under conditions → the fields of a resource type with which a verb grants it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import CONTEXT, fields_in, filled, pieces
from rolewright.data import iam, limits
from rolewright.data.partitions import DNS_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rolewright.blueprint.arn_template import Piece
    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint, Verb
    from rolewright.core.model import Fields
    from rolewright.prove.document import Conditions

"""Field → its value; ABSENT where it has to be left out, an Open where several values are meant."""


class Open(str):
    """A pattern of the values that a field may have: one of them has to be filled in."""

    __slots__ = ()


ABSENT = None
OPEN = Open("*")
_ARN = re.compile(r"\$\{arns\.([\w-]+)\}")
_Left = dict[tuple[str, str], tuple[str, tuple[str, ...]]]

_SUFFIXES = "|".join(sorted(map(re.escape, {*DNS_SUFFIX.values(), "*"}), key=len, reverse=True))


@dataclass(frozen=True)
class Offer:
    """An action that verbs of a type grant on one of its ARNs ("*" for none), always under `conditions` of templates.

    `optional` are those of fields, which hold where the field is given; `refused` the fields that go with none of the
    verbs.
    """

    blueprint: ResourceBlueprint
    arn: str
    action: str
    conditions: Conditions
    optional: tuple[tuple[str, str, Conditions], ...]
    refused: tuple[str, ...]
    verbs: tuple[Verb, ...]

    @property
    def pair(self) -> tuple[str, str, Conditions]:
        """Return what distinguishes it from the others of its type."""
        return self.arn, self.action, self.conditions

    @property
    def identifies(self) -> bool:
        """Return whether it is on a resource of the type, not on what goes with one, such as a role that is passed.

        A service may act on resources of another, as the Data API does on clusters and on serverless workgroups.
        """
        own = self.blueprint.own_arn
        if not own or self.arn == "*":
            return not own
        service = iam.service(self.blueprint.service)
        named_there = service is not None and self.arn in service.resources
        return named_there or _service(self.blueprint.arns[self.arn]) == _service(own)


def pairs(verb: Verb) -> set[tuple[str, str, Conditions]]:
    """Return what a narrow verb grants, in the form of `Offer.pair`."""
    return {(arn, action, always(verb, action, arn)) for arn, actions in verb.allow.items() for action in actions}


def always(verb: Verb, action: str, arn: str) -> Conditions:
    """Return the conditions under which alone a verb grants an action on an ARN, as templates."""
    return tuple(
        (operator, key, tuple(values))
        for rule in verb.scope
        if rule.covers(action, arn)
        for operator, block in rule.conditions.items()
        for key, values in block.items()
    )


def offers(catalog: Catalog) -> Mapping[str, Sequence[Offer]]:
    """Return all that the verbs of a catalog grant, by action."""
    found: dict[str, list[Offer]] = defaultdict(list)
    for blueprint in catalog.resources.values():
        granting: dict[tuple[str, str, Conditions], list[Verb]] = defaultdict(list)
        for verb in blueprint.verbs.values():
            for pair in sorted(pairs(verb)) if not verb.of else ():
                granting[pair].append(verb)
        for (arn, action, conditions), verbs in granting.items():
            optional = tuple(_optional(blueprint, action, arn))
            refused = tuple(
                name
                for name, exclusions in blueprint.exclusions.items()
                if all(any(verb.name in exclusion.verbs for exclusion in exclusions) for verb in verbs)
            )
            found[action].append(Offer(blueprint, arn, action, conditions, optional, refused, tuple(verbs)))
    return found


def _optional(blueprint: ResourceBlueprint, action: str, arn: str) -> Iterable[tuple[str, str, Conditions]]:
    for name, scopes in blueprint.scope.items():
        for rule in scopes:
            if rule.covers(action, arn):
                conditions = tuple((o, k, tuple(v)) for o, block in rule.conditions.items() for k, v in block.items())
                yield name, rule.each, conditions


def named(offer: Offer, resource: str, *, exact: bool) -> Fields | None:
    """Return the fields with which an offer is for a resource, or None where it cannot be.

    The context's names are among them where the ARN holds them. With `exact` a `*` of the template stands for nothing
    but a `*`.
    """
    if offer.arn == "*":
        return {} if resource == "*" else None
    return read_fields(offer.blueprint, offer.blueprint.arns[offer.arn], resource, exact=exact)


def fitting(offer: Offer, resource: str, conditions: Conditions) -> Fields | None:
    """Return the fields with which an offer grants an action on a resource under these very conditions, or None."""
    fields = named(offer, resource, exact=True)
    if fields is None:
        return None
    left: _Left = {(operator.lower(), key.lower()): (key, values) for operator, key, values in conditions}
    if len(left) != len(conditions) or not _take(offer.blueprint, offer.conditions, left, fields):
        return None
    taken: dict[str, bool] = {}
    for name, each, block in offer.optional:
        if each:
            taken[name] = _take_each(block, name, left, fields) or taken.get(name, False)
            continue
        tried, rest = dict(fields), dict(left)
        if _take(offer.blueprint, block, rest, tried, name):
            fields, left = tried, rest
            taken[name] = True
        else:
            taken.setdefault(name, False)
    fields |= {name: ABSENT for name, given in taken.items() if not given and fields.get(name) is None}
    fields |= {name: ABSENT for name in offer.refused if name not in fields}
    return None if left else fields


def has_open(fields: Fields) -> bool:
    """Return whether a field has a value that has to be filled in."""
    return any(isinstance(value, Open) for name, value in fields.items() if name not in CONTEXT)


def all_of(offer: Offer, resource: str) -> str:
    """Return the pattern of all ARNs of an offer in the partition, region and account of a resource."""
    if offer.arn == "*":
        return "*"
    parts = resource.split(":", 5)
    names = ("partition", "region", "account")
    place = dict(zip(names, (parts[1], *parts[3:5]), strict=True)) if len(parts) == 6 else {}
    return filled(offer.blueprint.arns[offer.arn], place)


def compatible(fields: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether two sets of fields can be those of one entry."""
    return all(other[name] == value for name, value in fields.items() if name in other)


def _service(template: str) -> str:
    return template.split(":", 3)[2]


def _take(
    blueprint: ResourceBlueprint,
    block: Conditions,
    left: _Left,
    fields: Fields,
    field: str = "",
) -> bool:
    """Remove the conditions of a block from those that are left, and enter what they say into the fields.

    Return False where one is missing or says something else. `field` is the field that brings them.
    """
    for operator, key, templates in block:
        found = left.pop((operator.lower(), key.lower()), None)
        if found is None or not _unify(blueprint, templates, found[1], fields):
            return False
    if field and field not in fields:  # its conditions do not name it: a switch
        if blueprint.fields.get(field, {}).get("type") != "boolean":
            return False
        fields[field] = True
    return True


def _take_each(block: Conditions, name: str, left: _Left, fields: Fields) -> bool:
    """Do the same as `_take` for conditions that exist for each entry of a mapping."""
    found: dict[str, str] = {}
    for operator, key, _ in block:
        start = key.partition("${each.key}")[0].lower()
        for at in [at for at in left if at[0] == operator.lower() and at[1].startswith(start)]:
            written, values = left[at]
            if len(values) == 1:
                found[written[len(start) :]] = values[0]
                del left[at]
    if found:
        fields[name] = found
    return bool(found)


def _unify(blueprint: ResourceBlueprint, templates: Sequence[str], values: Sequence[str], fields: Fields) -> bool:
    """Return whether templates can be the values of a condition; enter the fields with which they are."""
    written = [_ARN.sub(lambda found: blueprint.arns[found[1]], text).replace("$${", "${") for text in templates]
    if len(written) == 1:
        read = [read_fields(blueprint, written[0], value, exact=True) for value in values]
        first = read[0]
        if first is None or len(read) == 1:
            return first is not None and _agree(first, fields)
        merged: Fields = dict(first)
        for more in read[1:]:
            if more is None:
                return False
            for name, value in more.items():
                if isinstance(value, tuple):
                    merged[name] += value
                elif merged[name] != value:
                    return False
        lists = [name for name, value in merged.items() if isinstance(value, tuple)]
        return len(lists) == 1 and _agree(merged, fields)
    open_ = list(values)
    for template in written:
        for value in open_:
            fitted = read_fields(blueprint, template, value, exact=True)
            if fitted is not None and _agree(fitted, fields):
                open_.remove(value)
                break
        else:
            return False
    return not open_


def _agree(found: Fields, fields: Fields) -> bool:
    if has_open(found) or not compatible(found, fields):
        return False
    fields |= found
    return True


def read_fields(blueprint: ResourceBlueprint, template: str, text: str, *, exact: bool) -> Fields | None:
    """Return the fields with which a template gives a text, or None where it cannot."""
    if len(text) > limits.ARN:
        return None
    known = fields_in(template)
    kinds = tuple((name, characters(blueprint.fields.get(name, {}))) for name in known if name not in CONTEXT)
    found = _pattern(template, kinds, exact=exact).fullmatch(text)
    if found is None:
        return None
    fields: Fields = {}
    for name, value in found.groupdict().items():
        schema = blueprint.fields.get(name, {})
        if name in CONTEXT:
            fields[name] = value
        elif value in (None, "", known[name].default):
            fields[name] = ABSENT
        elif value == "*":
            fields[name] = OPEN
        elif name not in blueprint.fields or not takes(schema.get("items", schema), value):
            return None
        else:
            fields[name] = (value,) if schema.get("type") == "array" else value
    return fields


def takes(schema: Mapping[str, Any], value: str) -> bool:
    """Return whether a field accepts a text, or an entry of a list does."""
    return bool(re.search(schema.get("pattern", ""), value)) and value in schema.get("enum", [value])


def characters(schema: Mapping[str, Any]) -> str:
    """Return the class of characters that a field accepts: without those that its pattern refuses anywhere."""
    schema = schema.get("items", schema)
    return _class(schema.get("pattern", ""), str((schema.get("examples") or ["aa"])[0]))


@cache
def _class(pattern: str, example: str) -> str:
    never = [
        character
        for character in "/:*?"
        if character not in example
        and not any(re.search(pattern, example[:n] + character + example[n:]) for n in range(len(example) + 1))
    ]
    return f"[^{''.join(never)}]" if never else "."


@cache
def _pattern(template: str, kinds: tuple[tuple[str, str], ...], *, exact: bool) -> re.Pattern[str]:
    """Return the pattern of the texts that a template may stand for, also with `*` in place of a field.

    After all that has to be given, one `*` may also stand for the rest, so that `table/orders/*` is read as its index;
    not where the rest is one fixed name, which is less than all that the `*` stands for.
    """
    listed = pieces(template)
    seen: set[str] = set()
    parts = [part_pattern(piece, dict(kinds), seen, exact=exact) for piece in listed]
    given = [n for n, piece in enumerate(listed) if piece.kind == "field" and not piece.optional]
    last = max(given, default=len(listed))
    rest_is_open = len(listed) > last + 2
    after = next((piece.value for piece in listed[last + 1 : last + 2] if piece.kind == "text" and rest_is_open), "")
    cuts = [re.escape(after[:length]) + r"\*" for length in range(1, len(after) + 1)]
    rest = "|".join(["".join(parts[last + 1 :]), *cuts])
    return re.compile("".join(parts[: last + 1]) + f"(?:{rest})", re.DOTALL)


def part_pattern(piece: Piece, classes: Mapping[str, str], seen: set[str], *, exact: bool) -> str:
    """Return the pattern of what one piece of a template may stand for."""
    name = piece.value
    if piece.kind == "text":
        return re.escape(name)
    if piece.kind == "star":
        return r"\*" if exact else r"(?:\*?|[^*?:]*)"
    if piece.kind == "marks":
        return rf"(?:\?{{{len(name)}}}|\*|[^*?:/]{{{len(name)}}})"
    if name in seen:
        return f"(?P={name})"
    seen.add(name)
    if name == "dns_suffix":  # it has dots, as what stands before it
        return f"(?P<{name}>{_SUFFIXES})"
    if name in CONTEXT:
        return f"(?P<{name}>[^:]*)"
    return f"(?P<{name}>{classes[name]}*)" if piece.default == "" else rf"(?P<{name}>\*|{classes[name]}+?)"
