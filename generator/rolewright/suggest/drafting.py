"""Actions on ARNs → the entries of a manifest that come nearest: resources with verbs, and statements for the rest."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import CONTEXT, fields_in, filled
from rolewright.data import iam
from rolewright.manifest.samples import NoValueError
from rolewright.suggest.asked import asked_for, left_over
from rolewright.suggest.draft import Draft, Entry, escaped
from rolewright.suggest.draft_check import host, made_up, tried
from rolewright.suggest.matching import ABSENT, OPEN, Open, compatible, fitting, has_open, named, offers, pairs
from rolewright.suggest.open_names import unnamed
from rolewright.suggest.own_account import is_concrete
from rolewright.suggest.statements import unmatched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ResourceBlueprint, Verb
    from rolewright.core.model import Fields
    from rolewright.prove.document import Conditions
    from rolewright.prove.table import Declared
    from rolewright.suggest.draft import AskedAction
    from rolewright.suggest.matching import Offer
    from rolewright.suggest.own_account import Own

    Pair = tuple[str, str, Conditions]
    Place = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Fit:
    """An item as an offer with these fields; `place` is where the resource is, () for the manifest's own place."""

    item: AskedAction
    offer: Offer
    fields: Fields
    place: Place


@dataclass
class _Group:
    """The items of one entry: its fields so far, the items that it has to give, and those that may come with them."""

    blueprint: ResourceBlueprint
    place: Place
    fields: Fields = field(default_factory=dict)
    needed: list[_Fit] = field(default_factory=list)
    beside: list[_Fit] = field(default_factory=list)

    def takes(self, fit: _Fit) -> bool:
        """Return whether an item can be part of the same entry."""
        near = self.place == fit.place or fit.offer.arn == "*"
        return near and self.blueprint is fit.offer.blueprint and compatible(fit.fields, self.fields)

    def shared(self, fit: _Fit) -> int:
        """Return how many fields the entry has in common with the item."""
        return sum(1 for name, value in fit.fields.items() if value is not ABSENT and self.fields.get(name) == value)

    def add(self, fit: _Fit, to: list[_Fit]) -> None:
        """Add an item."""
        to.append(fit)
        self.fields |= fit.fields


def draft(
    allowed: Iterable[Declared], catalog: Catalog, own: Own | None = None, compute: Mapping[str, Any] | None = None
) -> Draft:
    """Draft the entries for what is allowed, in a manifest that is applied where `own` says.

    With `own` there is an entry only for a resource that is named, under the very conditions that its fields bring;
    without it nobody has said which resources are meant, and names are made up where they are needed.
    Verbs that bring nothing beyond what is asked for come first, then those that bring the least. What fits no entry
    goes to `statements` as it is. `compute` is an entry that holds grants, where one is made already.
    """
    asked = asked_for(allowed)
    items, known = asked.all, offers(catalog)
    fits = _joined({item: list(_fits(item, known.get(item.action, ()), own)) for item in items})
    taken: dict[str, None] = {}
    entries: list[Entry] = []
    for grouped in (_groups, _loose):
        covered = {item for entry in entries for item in entry.items}
        left = {item: found for item, found in fits.items() if item not in covered}
        entries += [entry for group in grouped(left) for entry in _entry(group, taken, is_policy=own is not None)]
    held = {(item.action, item.resource, item.conditions) for entry in entries for item in entry.items}
    rest, patterns = left_over(asked, held, known)
    made = Draft(tuple(entries), tuple(unmatched(rest, known)), asked.idle, (), tuple(patterns))
    return tried(made, compute or host(catalog), catalog, own)


def _fits(item: AskedAction, known: Iterable[Offer], own: Own | None) -> Iterator[_Fit]:
    """Yield the offers of the catalog that an item fits; those with something to fill in where no other does."""
    found = [(offer, fields) for offer in known if (fields := _fields(item, offer, own)) is not None]
    facts = iam.action(item.action)
    if own is None and item.resource == "*" and facts is not None and facts.also_star:
        found = [(offer, fields) for offer, fields in found if offer.arn == "*"] or found  # the call names no resource
    if own is not None:
        whole = [(offer, fields) for offer, fields in found if not has_open(fields)]
        found = whole or found
    for offer, fields in found:
        place = _place({name: value for name, value in fields.items() if name in CONTEXT}, own)
        if place is not None:
            yield _Fit(item, offer, {name: value for name, value in fields.items() if name not in CONTEXT}, place)


def _fields(item: AskedAction, offer: Offer, own: Own | None) -> Fields | None:
    """Return the fields with which an offer is for an item, or None where it is not."""
    if own is not None:
        fields = fitting(offer, item.resource, item.conditions)
        return unnamed(offer, item.resource, item.conditions) if fields is None else fields
    if item.conditions:
        return None
    fields = named(offer, item.resource, exact=False)
    return _unknown(offer) if fields is None and item.resource == "*" else fields


def _unknown(offer: Offer) -> Fields:
    """Return the fields for a resource of which nothing is known."""
    found = fields_in(offer.blueprint.arns[offer.arn])
    return {name: ABSENT if piece.optional else OPEN for name, piece in found.items() if name not in CONTEXT}


def _place(context: Mapping[str, str], own: Own | None) -> Place | None:
    """Return where a resource is: () for the manifest's own account and region, None where no entry can name it."""
    if own is None:
        return tuple(context.items()) if is_concrete("account", context.get("account", "")) else ()
    if all(own.takes(name, value) for name, value in context.items()):
        return ()
    return tuple(context.items()) if all(is_concrete(name, value) for name, value in context.items()) else None


def _joined(fits: Mapping[AskedAction, Sequence[_Fit]]) -> dict[AskedAction, list[_Fit]]:
    """Join values of a list that are asked for alike: one entry has both of two indexes that are only queried."""
    alike: dict[str, dict[tuple[str, ...], set[tuple[str, Conditions]]]] = defaultdict(lambda: defaultdict(set))

    def frame(fit: _Fit, name: str) -> str:
        others = sorted((key, repr(value)) for key, value in fit.fields.items() if key != name)
        return repr((fit.offer.blueprint.type, fit.offer.arn, fit.place, name, others))

    def lists(fit: _Fit) -> list[str]:
        template = fit.offer.blueprint.arns.get(fit.offer.arn, "")
        return [name for name, value in fit.fields.items() if isinstance(value, tuple) and f"${{{name}" in template]

    for item, found in fits.items():
        for fit in found:
            for name in lists(fit):
                alike[frame(fit, name)][fit.fields[name]].add((item.action, item.conditions))

    def joined(fit: _Fit) -> _Fit:
        fields = dict(fit.fields)
        for name in lists(fit):
            asked = alike[frame(fit, name)]
            same = [entry for entry, actions in asked.items() if actions == asked[fit.fields[name]]]
            fields[name] = tuple(itertools.chain.from_iterable(same))
        return replace(fit, fields=fields)

    return {item: [joined(fit) for fit in found] for item, found in fits.items()}


def _groups(fits: Mapping[AskedAction, Sequence[_Fit]]) -> list[_Group]:
    """Group the items by the entries that they make, each with what else may come with it."""
    groups: list[_Group] = []
    for found in fits.values():
        own = [fit for fit in found if fit.offer.identifies]
        if not own:
            continue
        # an ARN that has the name in itself says more than one with a field for any name; and a type that is about the
        # resource itself, more than one that only uses it
        own.sort(
            key=lambda fit: (
                fit.place != (),
                has_open(fit.fields),
                fit.offer.blueprint.arns.get(fit.offer.arn, "") != fit.offer.blueprint.own_arn,
                -len(fit.offer.blueprint.verbs),
                len(_told(fit)),
            )
        )
        near = [candidate for candidate in own if candidate.offer.blueprint is own[0].offer.blueprint]
        fitting_ = [(group, fit) for fit in near for group in groups if group.takes(fit)]
        if fitting_:
            group, fit = max(fitting_, key=lambda pair: pair[0].shared(pair[1]))
        else:
            fit = near[0]
            group = _Group(fit.offer.blueprint, fit.place)
            groups.append(group)
        group.add(fit, group.needed)
        for other in near:  # a pattern may be that of several ARNs of one resource
            seen = {member.offer.arn for member in group.needed if member.item == other.item}
            if other.offer.arn not in seen and group.takes(other) and _told(other) == _told(fit):
                group.add(other, group.beside if has_open(other.fields) else group.needed)
    for found in fits.values():
        if not any(fit.offer.identifies for fit in found):
            _add_beside(groups, found)
    return groups


def _add_beside(groups: Iterable[_Group], fits: Iterable[_Fit]) -> None:
    """Add to each group the first of the fits of an item that it takes."""
    for group in groups:
        fitting = next((fit for fit in fits if group.takes(fit)), None)
        if fitting is not None:
            group.add(fitting, group.beside)


def _told(fit: _Fit) -> Fields:
    return {name: value for name, value in fit.fields.items() if value is not ABSENT}


def _loose(fits: Mapping[AskedAction, Sequence[_Fit]]) -> list[_Group]:
    """Group the items that concern no resource, such as a login, by types with a verb for nothing but those."""
    groups: dict[str, _Group] = {}
    for found in fits.values():
        for fit in found:
            blueprint = fit.offer.blueprint
            if fit.offer.arn == "*" and any(set(verb.allow) == {"*"} for verb in fit.offer.verbs):
                group = groups.setdefault(blueprint.type, _Group(blueprint, ()))
                if group.takes(fit):
                    group.add(fit, group.needed)
                    break
    return list(groups.values())


def _entry(group: _Group, taken: dict[str, None], *, is_policy: bool) -> Iterator[Entry]:
    """Yield the entry for a group, if its type has verbs for it."""
    blueprint = group.blueprint
    needed = {fit.offer.pair for fit in group.needed}
    wanted = needed | {fit.offer.pair for fit in group.beside}
    absent = _without_effect(group)
    narrow = [verb for verb in _narrow_verbs(group) if not pairs(verb) <= absent]
    verbs = _verbs(narrow, wanted, needed, absent, is_policy=is_policy)
    covered = {pair for verb in verbs for pair in pairs(verb)}
    fits = [fit for fit in (*group.needed, *group.beside) if fit.offer.pair in covered]
    if not verbs or not fits:
        return
    found = _given(group, fits, verbs)
    if found is None:
        return
    fields, filled_in = found
    identity = next((str(fields[name]) for name in (*blueprint.identified_by, "arn") if name in fields), "")
    base = blueprint.type if filled_in or not identity else re.split(r"[:/]", identity.rstrip(":*/"))[-1]
    items = tuple(dict.fromkeys(fit.item for fit in fits))
    yield Entry(_key(base, taken), blueprint.type, fields, _verb_names(blueprint, verbs), filled_in, items)


def _without_effect(group: _Group) -> set[Pair]:
    """Return what the verbs grant on ARNs that an entry with a group's fields does not have."""
    blueprint = group.blueprint
    given = {name for name, value in group.fields.items() if value is not ABSENT} | CONTEXT
    absent = {arn for arn in blueprint.optional if not fields_in(blueprint.arns[arn]).keys() <= given}
    if any(fit.offer.arn in absent for fit in (*group.needed, *group.beside)):
        return set()
    return {pair for verb in blueprint.verbs.values() if not verb.of for pair in pairs(verb) if pair[0] in absent}


def _narrow_verbs(group: _Group) -> list[Verb]:
    """Return the narrow verbs that go with a group's fields and with what is asked of its resource."""
    blueprint = group.blueprint
    given = {name for name, value in group.fields.items() if value is not ABSENT}
    refused = {verb for name in given for exclusion in blueprint.exclusions.get(name, ()) for verb in exclusion.verbs}
    narrow = [verb for verb in blueprint.verbs.values() if not verb.of and verb.name not in refused]
    if all(fit.offer.arn == "*" for fit in group.needed):
        return [verb for verb in narrow if set(verb.allow) == {"*"}]
    return narrow


def _is_worth(brings: set[Pair], wanted: set[Pair], got: set[Pair]) -> bool:
    """Return whether a verb brings nothing that is not wanted, or a good part of it is wanted and not there yet.

    The leases of a client library are no reason to let code change a table.
    """
    return brings <= wanted or len((brings & wanted) - got) * 3 >= len(brings)


def _verb_names(blueprint: ResourceBlueprint, verbs: Sequence[Verb]) -> tuple[str, ...]:
    """Return the names of narrow verbs, with a broad one in the place of those that it is made of."""
    names = [verb.name for verb in verbs]
    for broad in sorted((v for v in blueprint.verbs.values() if v.of), key=lambda v: -len(blueprint.expand([v.name]))):
        behind = [verb.name for verb in blueprint.expand([broad.name])]
        if len(behind) > 1 and set(behind) <= set(names):
            names = [broad.name, *(name for name in names if name not in behind)]
    return tuple(names)


def _verbs(
    narrow: Sequence[Verb], wanted: set[Pair], needed: set[Pair], absent: set[Pair], *, is_policy: bool
) -> list[Verb]:
    """Return narrow verbs for the needed pairs, each with the least that is not wanted, in the blueprint's order.

    Verbs for nothing but wanted pairs are taken as well. For a policy (`is_policy`) no verb is taken that is mostly for
    something else: what it would be taken for stays a statement. `absent` is what no verb brings here.
    """
    wanted = wanted | absent
    chosen: list[Verb] = []
    open_ = set(needed)
    while open_:
        useful = [verb for verb in narrow if pairs(verb) & open_]
        if is_policy:
            got = {pair for verb in chosen for pair in pairs(verb)}
            useful = [verb for verb in useful if _is_worth(pairs(verb), wanted, got)]
        if not useful:
            break
        best = min(useful, key=lambda verb: (len(pairs(verb) - wanted), -len(pairs(verb) & open_)))
        chosen.append(best)
        open_ -= pairs(best)
    for verb in tuple(chosen):  # an earlier one may be covered by those that were taken after it
        others = {pair for other in chosen if other is not verb for pair in pairs(other)}
        if pairs(verb) & needed <= others:
            chosen.remove(verb)
    for verb in narrow if chosen else ():
        got = absent | {pair for taken in chosen for pair in pairs(taken)}
        if pairs(verb) <= wanted and not pairs(verb) <= got:
            chosen.append(verb)
    return [verb for verb in narrow if verb in chosen]


def _given(
    group: _Group, fits: Sequence[_Fit], verbs: Sequence[Verb]
) -> tuple[dict[str, Any], Mapping[str, str]] | None:
    """Return the fields of the entry, and of the made-up ones the pattern of what may be meant, "" for anything.

    None where it needs an ARN that is not known.
    """
    blueprint = group.blueprint
    values: Fields = {}
    patterns: dict[str, str] = {}
    for fit in fits:
        told = {name: value for name, value in fit.fields.items() if value is not ABSENT}
        values |= {name: value for name, value in told.items() if not isinstance(value, Open)}
        patterns |= {name: value for name, value in told.items() if isinstance(value, Open) and value != OPEN}
    fields: dict[str, Any] = {}
    own = _own_arn(group, values)
    if own is None and group.place:
        return None
    if own is not None:
        fields["arn"] = own
        values = {name: value for name, value in values.items() if name not in blueprint.identified_by}
    ordered = [name for name in (*blueprint.identified_by, *blueprint.fields) if name in values]
    fields |= {name: _written(values[name]) for name in ordered}
    needs = (name for verb in verbs for name in blueprint.needs(verb, ()))
    required = dict.fromkeys((*blueprint.required, *needs))
    made: dict[str, str] = {}
    for name in required:
        if name in fields or ("arn" in fields and name in blueprint.identified_by):
            continue
        try:
            fields[name] = made_up(blueprint.fields[name], patterns.get(name, ""))
        except NoValueError:
            continue  # the entry is then refused when it is tried
        made[name] = patterns.get(name, "")
    return fields, made


def _own_arn(group: _Group, values: Fields) -> str | None:
    """Return the ARN by which the entry has to name its resource; None where a name will do or the ARN is not known."""
    template = group.blueprint.own_arn.removesuffix(":*")
    if "?" in template:  # AWS's own characters: known only where somebody gave them
        asked = {fit.item.resource for fit in group.needed if group.blueprint.arns.get(fit.offer.arn) == template}
        return asked.pop() if len(asked) == 1 and not re.search("[*?]", next(iter(asked))) else None
    if not group.place or "*" in template:
        return None
    known = {name: value for name, value in {**values, **dict(group.place)}.items() if value and isinstance(value, str)}
    return filled(template, known) if fields_in(template).keys() <= known.keys() else None


def _written(value: Any) -> Any:  # noqa: ANN401 - a value of a field
    """Return a value as a manifest writes it."""
    match value:
        case tuple():
            return [_written(inner) for inner in value]
        case dict():
            return {key: _written(inner) for key, inner in value.items()}
        case str():
            return escaped(value)
        case _:
            return value


def _key(text: str, taken: dict[str, None]) -> str:
    """Return a key for an entry that no other entry has."""
    base = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:36].strip("-") or "resource"
    base = base if base[0].isalpha() else f"r-{base}"
    for number in itertools.count(1):
        key = base if number == 1 else f"{base}-{number}"
        if key not in taken:
            taken[key] = None
            return key
    raise AssertionError
