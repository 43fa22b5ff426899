"""What an import did, as text and as JSON: every field, what is to be filled in, and the roles before and after."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rolewright.importer.finish import Imported
    from rolewright.importer.ledger import FieldOutcome
    from rolewright.importer.rights import RoleComparison
    from rolewright.importer.workload import ImportSource
    from rolewright.suggest.express import Beyond


_MOST = 8
"""As many actions as a line of text names; JSON has them all."""


def source_text(source: ImportSource) -> Iterator[str]:
    """Yield the lines on the fields of a source: how many are carried, and each that is not, with the reason."""
    counted = Counter(outcome.outcome for outcome in source.outcomes)
    figures = ", ".join(f"{counted[name]} {name}" for name in ("carried", "derived", "not carried"))
    yield f"{', '.join(source.files)}: {source.format}; of its fields {figures}"
    for outcome in _once(source.outcomes):
        if outcome.outcome == "derived":
            target = f" -> {outcome.target}" if outcome.target else ""
            yield f"  {outcome.location}: {outcome.called or outcome.field}{target}: {outcome.note}"
    for outcome in _once(source.outcomes):
        if outcome.outcome == "not carried":
            yield f"  {outcome.location}: {outcome.called or outcome.field} is not carried: {outcome.note}"
    yield from (f"  {note}" for note in source.notes)


def _once(outcomes: Iterable[FieldOutcome]) -> Iterator[FieldOutcome]:
    """Yield the outcomes, but of those that people call the same, and that became the same, the first alone."""
    said = set()
    for outcome in outcomes:
        named = outcome.called or (outcome.location, outcome.field)
        alike = (named, outcome.outcome, outcome.target, outcome.note)
        if alike not in said:
            said.add(alike)
            yield outcome


def workload_text(found: Imported) -> Iterator[str]:
    """Yield the lines on a workload: what has to be filled in, and what its roles may do before and after."""
    yield from (f"  to fill in: {path}" for path in found.to_fill)
    yield from (f"  {note}" for note in found.notes)
    for role in found.roles:
        yield from _role_text(role)
    if not found.roles:
        yield "  the source says nothing of what its role may do today, so nothing is compared"


def _role_text(role: RoleComparison) -> Iterator[str]:
    kinds = (
        ("may today, and may not with the manifest", role.lost),
        ("may with the manifest on less than today", role.narrowed),
        ("may with the manifest, and may not today", role.gained),
    )
    for title, listed in kinds:
        if listed:
            yield f"  role {role.role} {title}:"
            yield from (f"    {_beyond_text(beyond)}" for beyond in listed)
    if role.unknown:
        yield f"  role {role.role}, not compared:"
        yield from (f"    {text}" for text in role.unknown)
    elif not (role.lost or role.narrowed or role.gained):
        yield f"  role {role.role}: may do the same as today"


def _beyond_text(beyond: Beyond) -> str:
    conditions = "".join(f" if {operator} {key} {' | '.join(values)}" for operator, key, values in beyond.conditions)
    actions = ", ".join(beyond.actions[:_MOST])
    actions += f" and {len(beyond.actions) - _MOST} more" if len(beyond.actions) > _MOST else ""
    return f"{actions} on {beyond.resource}{conditions} ({beyond.origin})"


def imported_json(results: Sequence[tuple[ImportSource, Sequence[Imported]]]) -> dict[str, Any]:
    """Return all of it as JSON."""
    return {
        "sources": [
            {
                "format": source.format,
                "files": list(source.files),
                "fields": [_field_json(outcome) for outcome in source.outcomes],
                "notes": list(source.notes),
                "workloads": [_workload_json(found) for found in workloads],
            }
            for source, workloads in results
        ]
    }


def _field_json(outcome: FieldOutcome) -> dict[str, Any]:
    return {
        "field": outcome.field,
        "called": outcome.called,
        "place": str(outcome.location),
        "outcome": outcome.outcome,
        "target": outcome.target,
        "note": outcome.note,
    }


def _workload_json(found: Imported) -> dict[str, Any]:
    return {
        "workload": found.name,
        "manifest": found.text,
        "to_fill": list(found.to_fill),
        "notes": list(found.notes),
        "roles": [
            {
                "role": role.role,
                "lost": [_beyond_json(beyond) for beyond in role.lost],
                "narrowed": [_beyond_json(beyond) for beyond in role.narrowed],
                "gained": [_beyond_json(beyond) for beyond in role.gained],
                "unknown": list(role.unknown),
            }
            for role in found.roles
        ],
    }


def _beyond_json(beyond: Beyond) -> dict[str, Any]:
    return {
        "actions": list(beyond.actions),
        "resource": beyond.resource,
        "conditions": [list(condition) for condition in beyond.conditions],
        "origin": beyond.origin,
    }
