"""Drafts put to the manifest's reader: what a manifest with one declares, and what no manifest accepts."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import NoValueError, sample
from rolewright.prove.table import ground
from rolewright.suggest.draft import Draft, Entry, Rest, Unsaid, draft_text, statements, unescaped
from rolewright.yaml.load import loads
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint
    from rolewright.prove.document import Conditions
    from rolewright.prove.table import Declared
    from rolewright.suggest.own_account import Own

_FINE = Rest(("s3:GetObject",), ("*",), (), "x")


def host(catalog: Catalog, type_: str | None = None) -> dict[str, Any]:
    """Return a compute entry that holds grants, of a type or of the first that can be made. Raises NoValueError."""
    for blueprint in [catalog.computes[type_]] if type_ else catalog.computes.values():
        if blueprint.has_code:
            found = _compute(blueprint, catalog)
            if found is not None:
                return found
    raise NoValueError


def _compute(blueprint: ComputeBlueprint, catalog: Catalog) -> dict[str, Any] | None:
    try:
        required = {name: sample(blueprint.fields[name]) for name in blueprint.required}
    except NoValueError:
        return None
    optional = [name for name in blueprint.fields if name not in required and blueprint.fields[name].get("examples")]
    for extra in ((), *((name,) for name in optional), *itertools.combinations(optional[:12], 2)):
        entry = {"type": blueprint.type, **required, **{name: sample(blueprint.fields[name]) for name in extra}}
        try:
            grants(Draft((), ()), entry, catalog)
        except Rejected:
            continue
        return entry
    return None


def grants(made: Draft, compute: Mapping[str, Any], catalog: Catalog, own: Own | None = None) -> tuple[Declared, ...]:
    """Return what a manifest with a draft declares for the code where `own` says, or in any account without it.

    A made-up name stands for itself here, not for a placeholder. Raises Rejected where the manifest is refused.
    """
    whole = replace(made, entries=tuple(replace(entry, filled_in={}) for entry in made.entries))
    place = ""
    if own is not None:
        account, region = own.environment
        place = f'environments: {{own: {{account: "{account}", region: {region}}}}}\n'
    text = f"version: 1\nworkload: draft\ncompute: {json.dumps(compute)}\n{place}{draft_text(whole)}"
    (workload,) = read_manifest(loads(text, "the draft"), catalog)
    (environment,) = workload.environments
    declared = derive_grants(workload, catalog).grants
    values = environment.values if own is None else {**environment.values, **own.values}
    return ground((grant for grant in declared if grant.side == "workload"), values)


def all_grants(made: Draft, compute: Mapping[str, Any], catalog: Catalog, own: Own | None) -> tuple[Declared, ...]:
    """Return the grants of a draft of any size: one that is too large for one manifest is read in parts."""
    try:
        return grants(made, compute, catalog, own)
    except Rejected:
        whole = (*made.entries, *made.rest)
        if len(whole) < 2:
            raise
        halves = (whole[: len(whole) // 2], whole[len(whole) // 2 :])
    return tuple(
        declared
        for half in halves
        for declared in all_grants(
            Draft(
                tuple(part for part in half if isinstance(part, Entry)),
                tuple(part for part in half if isinstance(part, Rest)),
            ),
            compute,
            catalog,
            own,
        )
    )


def made_up(schema: Mapping[str, Any], pattern: str = "") -> Any:  # noqa: ANN401 - a value of a field
    """Make a value that holds a field's place: one that says so, where the field accepts it. Raises NoValueError.

    With `pattern` it is one that the pattern matches.
    """
    text = re.sub(r"\*+", "fill-in", pattern.replace("?", "x")) or "fill-in"
    held = [text] if schema.get("type") == "array" else text
    if pattern and not Schema({key: value for key, value in schema.items() if key != "examples"}).accepts(held):
        raise NoValueError
    plain = Schema({key: value for key, value in schema.items() if key != "examples"})
    return held if plain.accepts(held) else sample(schema)


def tried(made: Draft, compute: Mapping[str, Any], catalog: Catalog, own: Own | None) -> Draft:
    """Return the draft as the manifest accepts it.

    An entry that it refuses goes to `statements`; what it refuses there is left out, and listed in `unsaid`.
    """
    entries, rest = [], list(made.rest)
    for entry in made.entries:
        taken, refusal = _taken(entry, compute, catalog, own)
        if taken is None:
            rest += statements(entry.items, f"a {entry.type} does not take it: {refusal}")
        else:
            entries.append(taken)
    unsaid = tuple(_unsaid(rest, compute, catalog))
    kept = [part for statement in rest for part in _without(statement, unsaid)]
    return replace(made, entries=tuple(entries), rest=tuple(kept), unsaid=unsaid)


def _taken(entry: Entry, compute: Mapping[str, Any], catalog: Catalog, own: Own | None) -> tuple[Entry | None, str]:
    """Return the entry as accepted, with made-up values for what its type's rules ask for; or None and the refusal."""
    blueprint = catalog.resources[entry.type]
    message = ""
    for _ in range(len(blueprint.fields) + 1):
        try:
            grants(Draft((entry,), ()), compute, catalog, own)
        except Rejected as refusal:
            message = refusal.findings[0].message
            near = (refusal.findings[0].path.rpartition(".")[2], *blueprint.identified_by)
            lacking = [name for name in near if name in blueprint.fields and name not in entry.fields]
            if not lacking or "arn" in entry.fields:
                break
            try:
                value = made_up(blueprint.fields[lacking[0]])
            except NoValueError:
                break
            filled_in = {**entry.filled_in, lacking[0]: ""}
            entry = replace(entry, fields={**entry.fields, lacking[0]: value}, filled_in=filled_in)
        else:
            return entry, ""
    return None, message


def _without(rest: Rest, unsaid: Sequence[Unsaid]) -> Iterator[Rest]:
    """Return a statement without the pairs that cannot be said, as products of actions and resources again."""
    lost = {
        (action, resource)
        for left_out in unsaid
        if left_out.conditions == _plain(rest.conditions)
        for action in left_out.actions
        for resource in left_out.resources
    }
    left: dict[tuple[str, ...], list[str]] = {}
    for resource in rest.resources:
        actions = tuple(action for action in rest.actions if (action, unescaped(resource)) not in lost)
        if actions:
            left.setdefault(actions, []).append(resource)
    yield from (replace(rest, actions=actions, resources=tuple(arns)) for actions, arns in left.items())


def _plain(conditions: Conditions) -> Conditions:
    return tuple((operator, key, tuple(map(unescaped, values))) for operator, key, values in conditions)


def _unsaid(rest: Sequence[Rest], compute: Mapping[str, Any], catalog: Catalog) -> Iterator[Unsaid]:
    """Find what no manifest can say of some statements, by halves, since nearly always it accepts them all."""
    if not rest or _is_taken(rest, compute, catalog):
        return
    if len(rest) > 1:
        middle = len(rest) // 2
        yield from _unsaid(rest[:middle], compute, catalog)
        yield from _unsaid(rest[middle:], compute, catalog)
        return
    (statement,) = rest
    plain = Unsaid(
        statement.actions,
        tuple(map(unescaped, statement.resources)),
        _plain(statement.conditions),
        "",
        statement.origins,
    )
    for condition in statement.conditions:
        if not _is_taken([replace(_FINE, conditions=(condition,))], compute, catalog):
            operator, key, values = condition
            shown = ", ".join(json.dumps(unescaped(value), ensure_ascii=False) for value in values)
            yield replace(plain, why=f"a manifest takes no condition {operator} {key} {shown}")
            return
    actions = [] if _is_taken([replace(_FINE, actions=statement.actions)], compute, catalog) else statement.actions
    wrong = [name for name in actions if not _is_taken([replace(_FINE, actions=(name,))], compute, catalog)]
    for action in wrong:
        yield replace(plain, actions=(action,), why=f"a manifest takes no action {json.dumps(action)}")
    resources = (
        [] if _is_taken([replace(_FINE, resources=statement.resources)], compute, catalog) else statement.resources
    )
    unfit = [arn for arn in resources if not _is_taken([replace(_FINE, resources=(arn,))], compute, catalog)]
    for arn in unfit:
        shown = json.dumps(unescaped(arn), ensure_ascii=False)
        yield replace(plain, resources=(unescaped(arn),), why=f"a manifest takes no resource {shown}")
    if not wrong and not unfit:
        yield replace(plain, why="it is too large for one manifest")


def _is_taken(rest: Sequence[Rest], compute: Mapping[str, Any], catalog: Catalog) -> bool:
    """Return whether a manifest accepts statements, and means by them what they say."""
    try:
        declared = grants(Draft((), tuple(rest)), compute, catalog)
    except Rejected:
        return False
    meant = [(grant.actions, grant.resources, set(grant.conditions)) for grant in declared]
    return meant == [
        (statement.actions, tuple(map(unescaped, statement.resources)), set(_plain(statement.conditions)))
        for statement in rest
    ]
