"""What is known of a service → its first manifest, with comments that say how to go on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import MisuseError, Rejected
from rolewright.core.nearest import hint
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import sample
from rolewright.suggest.changes import ManifestChange, block, changed
from rolewright.suggest.examples import smallest, smallest_entry
from rolewright.suggest.from_code import Lacking, access_of, lacking, slug
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rolewright.blueprint import Catalog
    from rolewright.blueprint.model import ResourceBlueprint
    from rolewright.core.finding import Finding
    from rolewright.core.model import Fields
    from rolewright.suggest.from_code import WorkloadCode

_HEAD = """\
# What this service runs on and what its code touches: `rolewright render` makes its Terraform module.
version: 1
"""
_RESOURCES = """
# What the code may do, and nothing else.
resources:
"""
_NO_RESOURCES = """
# What the code may do, and nothing else. `rolewright blueprint list` has the types, `blueprint show TYPE` their verbs.
# resources:
#   orders:
#     type: dynamodb-table
#     name: orders
#     access: [get, put]
"""
_NO_CODE = ("# It has no code of its own. What it starts has a manifest of its own, which says what that code may do.",)
_ENVIRONMENTS = """
# One set of values for each account that the module is applied in:
# environments:
#   dev: {account: "111111111111", region: us-east-1}
#   prod: {account: "222222222222", region: eu-west-1}
"""


@dataclass(frozen=True)
class Wanted:
    """A resource that a manifest begins with: the verbs on one of a type; `name` is "" where the type has no names."""

    type: str
    name: str
    access: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A value that nobody gave: the example of a field, for a person to replace. `path` is where it stands."""

    path: str
    value: Any
    description: str


@dataclass(frozen=True)
class Started:
    """A first manifest, the values in it that are examples, and what the code calls that is not in it."""

    text: str
    examples: tuple[Example, ...]
    lacking: tuple[str, ...]


def read_wanted(text: str, catalog: Catalog) -> Wanted:
    """Return what `TYPE:NAME:VERBS` asks for, with commas between verbs. Raises MisuseError for what is not there."""
    type_, _, rest = text.partition(":")
    name, _, verbs = rest.rpartition(":")
    blueprint = catalog.resources.get(type_)
    if blueprint is None:
        raise MisuseError(
            f"there is no resource type {type_}{hint(type_, catalog.resources, catalog.words().meant('resource type'))}"
        )
    access = tuple(dict.fromkeys(verb.strip() for verb in verbs.split(",") if verb.strip()))
    form = f"write {type_}:NAME:VERB,VERB" if blueprint.required else f"write {type_}::VERB,VERB"
    if not access or (not name and blueprint.required):
        raise MisuseError(f"{text}: {form} with verbs of {', '.join(blueprint.verbs)}")
    if name and _named_by(blueprint) is None:
        raise MisuseError(f"{text}: {type_} has no names: {form}")
    for verb in access:
        if verb not in blueprint.verbs:
            raise MisuseError(f"{type_} has no verb {verb}{hint(verb, blueprint.verbs, catalog.words().meant('verb'))}")
    return Wanted(type_, name, access)


def start(
    catalog: Catalog, workload: str, type_: str, given: Fields, wanted: Iterable[Wanted], code: WorkloadCode
) -> Started:
    """Return the first manifest of a service.

    `given` are fields of its compute; what else the type needs gets the example of its field. What code needs is read
    from its calls, with placeholders for what they do not show. Raises MisuseError for a field that the type lacks.
    """
    blueprint = catalog.computes[type_]
    wanted = list(wanted)
    if wanted and not blueprint.has_code:
        raise MisuseError(f"a {type_} has no code of its own: a manifest of the code says what that touches")
    for field in given:
        if field not in blueprint.fields:
            raise MisuseError(f"{type_} has no field {field}{hint(field, blueprint.fields)}")
    manifest = smallest(catalog, type_, given) or _as_given(catalog, type_, given)
    made = {field: value for field, value in manifest["compute"].items() if field != "type" and field not in given}
    examples = [
        Example(f"compute.{field}", value, _described(blueprint.fields[field])) for field, value in made.items()
    ]
    lacks = lacking(code, catalog) if blueprint.has_code else Lacking((), ())
    lines = [*(() if blueprint.has_code else _NO_CODE), *lacks.comments(), f"workload: {workload}", ""]
    lines += [f"# `rolewright blueprint show {type_}` has all its fields.", "compute:"]
    for field, value in manifest["compute"].items():
        lines += [f"  # an example: {_described(blueprint.fields[field])}"] if field in made else []
        lines += [f"  {line}" for line in block({field: value})]
    text = _HEAD + "".join(f"{line}\n" for line in lines)
    if blueprint.has_code:
        text += f"\n{access_of(code, catalog)}" if code.permissions else ""
    named = manifest.get("resources", {})
    if named and not blueprint.has_code:
        text += "\nresources:\n"
    for key, resource in named.items():
        fields = catalog.resources[resource["type"]].fields
        shown = {name: value for name, value in resource.items() if name in fields}
        text = _added(text, key, resource, f"named above{_to_replace(shown)}")
        examples += [
            Example(f"resources.{key}.{name}", value, _described(fields[name])) for name, value in shown.items()
        ]
    for entry in wanted:
        text, more_examples = _with(text, entry, catalog)
        examples += more_examples
    if "\nresources:" not in text and blueprint.has_code:
        text += _NO_RESOURCES
    return Started(text + _ENVIRONMENTS, tuple(examples), (*lacks.unclear, *lacks.unsaid))


def _as_given(catalog: Catalog, type_: str, given: Fields) -> Fields:
    """Return a manifest with fields that go together with no examples: reading it says what is wrong with them."""
    blueprint = catalog.computes[type_]
    examples = {name: sample(blueprint.fields[name]) for name in blueprint.required if name not in given}
    return {"version": 1, "workload": "my-service", "compute": {"type": type_, **examples, **given}}


def _with(text: str, wanted: Wanted, catalog: Catalog) -> tuple[str, list[Example]]:
    """Return a manifest with a resource more, or with more verbs on one that it has; and the examples in it."""
    blueprint = catalog.resources[wanted.type]
    fields, examples = _fields(catalog, wanted)
    resources = loads(text, "init").trees[0].data.get("resources") or {}
    for key, entry in resources.items():
        if all(entry.get(name) == value for name, value in {"type": wanted.type, **fields}.items()):
            had = [entry["access"]] if isinstance(entry["access"], str) else entry["access"]
            more = [
                ManifestChange(("resources", key, "access"), verb, append=True)
                for verb in wanted.access
                if verb not in had
            ]
            return changed(text, "init", 0, more), []
    key = _key(wanted, resources)
    note = f"`rolewright blueprint show {wanted.type}` has all its verbs"
    note += "; with `create: true` the module makes it" if blueprint.create is not None else ""
    note += _to_replace(name for name, _, _ in examples)
    access: Any = wanted.access[0] if len(wanted.access) == 1 else list(wanted.access)
    value = {"type": wanted.type, **fields, "access": access}
    placed = [Example(f"resources.{key}.{name}", value, description) for name, value, description in examples]
    return _added(text, key, value, note), placed


def _added(text: str, key: str, entry: Fields, note: str) -> str:
    if "\nresources:\n  " in text:
        return changed(text, "init", 0, [ManifestChange(("resources", key), entry, note=note)])
    head = "" if text.endswith("\nresources:\n") else _RESOURCES
    return text + head + "".join(f"  {line}\n" for line in (f"# {note}", *block({key: entry})))


def _fields(catalog: Catalog, wanted: Wanted) -> tuple[Fields, list[tuple[str, Any, str]]]:
    """Return the fields of a resource by its name or ARN, and those among them that are examples."""
    blueprint = catalog.resources[wanted.type]
    field = "arn" if wanted.name.startswith("arn:") else _named_by(blueprint)
    said = {field: wanted.name} if field and wanted.name else {}
    fields = smallest_entry(catalog, wanted.type, wanted.access, said) or said
    made = {name: value for name, value in fields.items() if name not in said}
    return fields, [(name, value, _described(blueprint.fields[name])) for name, value in made.items()]


def _to_replace(examples: Iterable[str]) -> str:
    names = ", ".join(examples)
    return f"; examples to replace: {names}" if names else ""


def _named_by(blueprint: ResourceBlueprint) -> str | None:
    """Return the field that has the name of a resource: the first that is required, or `name`."""
    return blueprint.required[0] if blueprint.required else "name" if "name" in blueprint.fields else None


def _key(wanted: Wanted, taken: Collection[str]) -> str:
    base = slug(wanted.name.rpartition(":")[2].rpartition("/")[2]) if wanted.name else wanted.type
    numbers = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return next(key for key in (base, f"{base}-{wanted.type}", *numbers) if key not in taken)


def _described(schema: Mapping[str, Any]) -> str:
    return " ".join(str(schema.get("description", "see its page")).split())


def unfilled_in(text: str, file: str, catalog: Catalog) -> tuple[Finding, ...]:
    """Return what is to be filled in. Raises Rejected where the manifest has any other fault."""
    try:
        read_manifest(loads(text, file), catalog)
    except Rejected as refusal:
        if any(finding.rule != "manifest-unfilled" for finding in refusal.findings):
            raise Rejected(refusal.findings, {file: text}) from None
        return tuple(refusal.findings)
    return ()


def value_of(text: str) -> Any:  # noqa: ANN401 - YAML
    """Return the value that a text on the command line stands for, as YAML has it; a text that is no YAML is a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
