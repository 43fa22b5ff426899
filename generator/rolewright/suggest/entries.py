"""Changes for the code's role: a verb on a resource, a new resource, and a statement where no type has a verb."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.arn_template import pieces
from rolewright.data import iam
from rolewright.suggest.changes import ManifestChange
from rolewright.suggest.reading import entry_of, fields_of, fitting, needed_verbs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.model import ResourceBlueprint, Verb
    from rolewright.suggest.case import Case
    from rolewright.suggest.reading import FieldTexts, ResourceEntry


@dataclass(frozen=True)
class Candidate:
    """Changes that may allow what was asked; `lacking` are fields of theirs whose value is not known.

    One that is `last` is for where no other helps; one that `replaces` puts a value in place of another, and so takes
    away what that allowed.
    """

    changes: tuple[ManifestChange, ...]
    words: str = ""
    remark: str = ""
    lacking: tuple[str, ...] = ()
    last: bool = False
    replaces: bool = False

    def summary(self) -> str:
        """Return the changes in words."""
        return (self.words or "; ".join(change.words() for change in self.changes)) + self.remark


def code_candidates(case: Case) -> Iterator[Candidate]:
    """Yield the changes that may allow it to the code's role, of each kind the narrower before the wider."""
    verbs = list(_verbs(case))
    yield from verbs
    if verbs:
        return
    yield from _entries(case)
    if case.resource != "*" or not iam.supports_resource(case.action):
        reason = "taken from a denial; replace this with the reason"
        statement = {"actions": [case.action], "resources": [case.resource], "reason": reason}
        yield Candidate((ManifestChange(("statements",), statement, append=True),), last=True)


def _verbs(case: Case) -> Iterator[Candidate]:
    """Yield another verb on a resource that the manifest has."""
    for key, resource in case.workload.resources.items():
        blueprint = case.catalog.resources[resource.type]
        names = case.names_of(resource)
        anywhere = ("*",) if names or case.resource == "*" else ()
        for verb in needed_verbs(blueprint, case.action, (*names, *anywhere)):
            if verb.name in resource.access:
                continue
            place = case.workload.locate(f"resources.{key}")
            change = ManifestChange(("resources", key, "access"), verb.name, append=True)
            yield Candidate((change,), f"add `{verb.name}` to `access` of resources.{key} ({place})")


def _entries(case: Case) -> Iterator[Candidate]:
    """Yield another resource: beside one of the same name with a narrower part, or a new one."""
    seen: set[tuple[str, str, str]] = set()
    for step, resource in enumerate(parts := list(_parts(case.local, case))):
        remark = " (wider: applies to the whole resource)" if step else ""
        for blueprint, arn in fitting(case.catalog, case.action, resource):
            if (blueprint.type, arn, resource) in seen:
                continue
            seen.add((blueprint.type, arn, resource))
            for verb in needed_verbs(blueprint, case.action, (arn,)):
                for nth, fields in enumerate(_readings(case, blueprint, arn, resource)):
                    whole = case.resource if len(parts) == 1 else resource
                    entry = entry_of(blueprint, arn, fields, whole, verb)
                    for number, candidate in enumerate(_added(case, entry, blueprint, verb, remark)):
                        yield replace(candidate, last=nth > 0 or (number > 0 and case.local != case.resource))


def _parts(resource: str, case: Case) -> Iterator[str]:
    """Yield the ARN as fields are read from it: the folder of an object, then all objects; or else the ARN itself.

    A field that stands right before a `*` says how a name begins.
    """
    begun = False
    for blueprint, arn in fitting(case.catalog, case.action, resource):
        listed = pieces(blueprint.arns[arn])
        if len(listed) > 2 and listed[-1].kind == "star" and listed[-2].optional:
            fits = fields_of(blueprint, arn, resource)
            name = (fits or {}).get(listed[-2].value) or ""
            whole = resource.removesuffix(name)
            folder = name.rpartition("/")[0]
            if folder:
                yield f"{whole}{folder}/*"
            yield f"{whole}*"
            begun = True
    if not begun:
        yield resource


def _readings(case: Case, blueprint: ResourceBlueprint, arn: str, resource: str) -> Iterator[FieldTexts]:
    """Yield the fields for an ARN: by name where account and region are the workload's own, and by the ARN as asked."""
    listed = [resource] + ([case.resource] if resource == case.local != case.resource else [])
    for reading in listed:
        fields = fields_of(blueprint, arn, reading)
        if fields is not None:
            yield fields


def _added(
    case: Case, entry: ResourceEntry, blueprint: ResourceBlueprint, verb: Verb, remark: str
) -> Iterator[Candidate]:
    """Yield a new entry, with the fields that an entry for the same resource has; and one by its ARN."""
    written = _written(case)
    access = {"access": [verb.name]}
    beside = _beside(entry, blueprint, written)
    kept = {}
    if beside:
        parts = {piece.value for text in blueprint.arns.values() for piece in pieces(text) if piece.optional}
        of = written[beside]
        kept = {name: value for name, value in of.items() if name in blueprint.fields and name not in parts}
    fields = {"type": blueprint.type, **kept, **entry.fields}
    key = _free(f"{beside}-{verb.name}" if beside else entry.key, written)
    lacking = tuple(name for name in entry.lacking if name not in kept)
    yield Candidate((ManifestChange(("resources", key), {**fields, **access}),), "", remark, lacking)
    first = next(iter(blueprint.arns), "")
    if first and "arn" not in fields and fields_of(blueprint, first, case.resource) is not None:
        others = {name: value for name, value in fields.items() if name not in ("type", *blueprint.identified_by)}
        by_arn = {"type": blueprint.type, "arn": case.resource, **others, **access}
        yield Candidate((ManifestChange(("resources", key), by_arn),), "", remark, lacking)


def _beside(entry: ResourceEntry, blueprint: ResourceBlueprint, written: Mapping[str, Any]) -> str:
    """Return the key of an entry of the manifest for the same resource, or ""."""
    identity = {name: entry.fields[name] for name in blueprint.identified_by if name in entry.fields}
    for key, described in written.items():
        same = identity and isinstance(described, dict) and described.get("type") == blueprint.type
        if same and all(described.get(name) == value for name, value in identity.items()):
            return key
    return ""


def _written(case: Case) -> Mapping[str, Any]:
    found = case.data.get("resources")
    return found if isinstance(found, dict) else {}


def _free(key: str, taken: Iterable[str]) -> str:
    """Return a key that no other entry has."""
    key = key[:40].strip("-")
    numbered = (key if n == 1 else f"{key}-{n}" for n in itertools.count(1))
    return next(name for name in numbered if name not in taken)


def resource_entry(
    case: Case, blueprint: ResourceBlueprint, arn: str
) -> Iterator[tuple[str, tuple[ManifestChange, ...], tuple[str, ...]]]:
    """Yield a resource without access for the platform to use: one that the manifest has, or else a new one.

    Each comes as its key, the changes, and the fields whose value is not known.
    """
    known = [
        key
        for key, resource in case.workload.resources.items()
        if resource.type == blueprint.type and arn in case.names_of(resource)
    ]
    for key in known:
        yield key, (), ()
    if known:
        return
    for resource in dict.fromkeys((case.local, case.resource)):
        fields = fields_of(blueprint, arn, resource)
        if fields is not None:
            entry = entry_of(blueprint, arn, fields, case.resource, None)
            key = _free(entry.key, _written(case))
            yield key, (ManifestChange(("resources", key), {"type": blueprint.type, **entry.fields}),), entry.lacking
