"""Where a manifest refers to its inputs, and why an input may not stand somewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import references
from rolewright.core.inputs import ARN, IMAGE_TAG, NAME, TAGS
from rolewright.manifest.document import fields_of, strings
from rolewright.manifest.integrations import CALLS, Calls
from rolewright.manifest.rules import breaks, mentions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.manifest.document import Manifest
    from rolewright.yaml.load import PathInTree

WHOLE = re.compile(r"\$\{\s*inputs\.([\w-]+)\s*\}")
"""A value that is an input and nothing else."""

_OF_IMAGE = re.compile(r"(?:(?:(?!\$\{\s*inputs\.).)+/)?[^/:@]+:\$\{\s*inputs\.[\w-]+\s*\}", re.DOTALL)
_PREFIX = "inputs."
_LISTS = ("strings", "subnet-ids", "security-group-ids")
_KEYS = {
    "x-injects": "it names a resource of the manifest",
    "x-resource": "it names a resource of the manifest",
    "x-calls": "permissions may depend on it; arguments that name nothing of what is called take an input",
    "x-facts": "other fields depend on it",
    "x-variable": "it is a variable of the module already",
}
_SECTIONS = {
    "version": "it is the version of the format",
    "workload": "it names everything",
    "description": "it is for people who read the manifest",
    "exclusive": "it decides what the module consists of",
    "never": "a promise has to say what it is about",
    "statements": "a statement has to say what it allows",
    "suppress": "it is about findings of this manifest",
    "inputs": "no input depends on another one",
}
_RESOURCE_KEYS = {
    "type": "it decides what the module consists of",
    "create": "it decides what the module consists of",
    "access": "it decides what is allowed",
}


@dataclass(frozen=True)
class InputPlace:
    """A value of the manifest that refers to an input: `whole` where it is nothing else.

    `schemas` are those of the fields on the way to the value, the value's own last; none outside of fields.
    """

    name: str
    path: PathInTree
    text: str
    whole: bool
    schemas: tuple[Mapping[str, Any], ...]

    @property
    def schema(self) -> Mapping[str, Any]:
        """Return the schema of the value."""
        return self.schemas[-1] if self.schemas else {}


def input_places(manifest: Manifest, catalog: Catalog) -> Iterator[InputPlace]:
    """Yield each reference to an input, in the manifest's order."""
    for path, text in strings(manifest.tree.data):
        for name in references(text):
            if name.startswith(_PREFIX):
                whole = WHOLE.fullmatch(text) is not None
                schemas = tuple(_schemas(manifest, catalog, path))
                yield InputPlace(name.removeprefix(_PREFIX), path, text, whole, schemas)


def _schemas(manifest: Manifest, catalog: Catalog, path: PathInTree) -> Iterator[Mapping[str, Any]]:
    """Yield the schemas from a field down to the value at a path."""
    fields, inner = _fields(manifest, catalog, path)
    if not inner:
        return
    schema: Any = fields.get(str(inner[0]))
    for step in inner[1:]:
        if not isinstance(schema, dict):
            return
        yield schema
        rest = schema.get("additionalProperties")
        schema = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step, rest)
    if isinstance(schema, dict):
        yield schema


def _fields(manifest: Manifest, catalog: Catalog, path: PathInTree) -> tuple[Mapping[str, Any], PathInTree]:
    """Return the fields of the entry that a path leads into, and the rest of the path."""
    entry = entry_at(manifest, path)
    if path[0] == "compute" and entry.get("type") in catalog.computes:
        return catalog.computes[entry["type"]].fields, path[1:]
    if path[0] == "resources" and entry.get("type") in catalog.resources:
        fields = fields_of(catalog.resources[entry["type"]], entry)
        decided = next((kind for kind in _kinds(fields) if _is_judged(kind, str(path[1]), manifest, catalog)), None)
        own_arn = {"type": "string", "pattern": "^arn:", **({"x-fixed": decided} if decided else {})}
        return {"arn": own_arn, **fields}, path[2:]
    return {}, ()


def _kinds(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield each pattern by which the end of a name tells one kind of the resource from the other."""
    marks = (schema.get("x-fixed") for schema in fields.values() if isinstance(schema, dict))
    yield from (mark for mark in marks if isinstance(mark, str))


def _is_judged(kind: str, key: str, manifest: Manifest, catalog: Catalog) -> bool:
    """Return whether a rule of the compute type takes only one kind of a resource that is given by its ARN."""
    blueprint = catalog.computes.get(entry_at(manifest, ("compute",)).get("type", ""))
    ending = re.sub(r"\\(.)|\$$", r"\1", kind)
    entry = entry_at(manifest, ("resources", key))
    entries = [{key: {**entry, "arn": f"arn:a{end}"}} for end in ("", ending)]
    return any(
        len({breaks(manifest.in_environment(name)["compute"], rule, resources) for resources in entries}) > 1
        for rule in (blueprint.rules if blueprint is not None else ())
        for name in manifest.replaced
    )


def entry_at(manifest: Manifest, path: PathInTree) -> Mapping[str, Any]:
    """Return the entry that a path leads into: `compute`, or one of `resources`."""
    node: Any = manifest.data.get(path[0])
    if path[0] == "resources" and isinstance(node, dict) and len(path) > 1:
        node = node.get(path[1])
    return node if isinstance(node, dict) else {}


def has_type(place: InputPlace, manifest: Manifest, catalog: Catalog) -> bool:
    """Return whether a place is in an entry of a type that there is; the schema says what is wrong with others."""
    type_ = entry_at(manifest, place.path).get("type")
    return isinstance(type_, str) and type_ in (catalog.computes if place.path[0] == "compute" else catalog.resources)


def misplaced(place: InputPlace, kind: str, manifest: Manifest, catalog: Catalog) -> str:
    """Return why an input of a type may not stand at a place, or "" where it may."""
    top, *_ = path = place.path
    if top in _SECTIONS:
        return _SECTIONS[str(top)]
    if top == "environments":
        account_or_region = len(path) > 2 and path[2] in ("account", "region")
        return (
            "it decides where the module may be applied"
            if account_or_region
            else "a file of variables, which an environment has, refers to nothing"
        )
    if top in ("tags", "owner"):
        return _tag_fault(place, kind)
    if top == "boundary":
        return "" if kind == "boundary-arn" and place.whole else "it takes an input of type boundary-arn alone"
    if path[:2] == ("compute", "names"):
        return "the names of roles, and of what their permissions name, have to be known"
    if path[:2] == ("compute", "type") or (top == "resources" and path[2:3] and path[2] in _RESOURCE_KEYS):
        return _RESOURCE_KEYS[str(path[-1] if top == "compute" else path[2])]
    if manifest.varies(path):
        return "an environment replaces this value"
    return _field_fault(place, kind, manifest, catalog) if has_type(place, manifest, catalog) else ""


def _tag_fault(place: InputPlace, kind: str) -> str:
    if place.path == ("tags",):
        return "" if kind == TAGS and place.whole else "it takes an input of type tags alone"
    return "" if kind in ("string", "number", "bool") else f"a tag takes no input of type {kind}"


def _field_fault(place: InputPlace, kind: str, manifest: Manifest, catalog: Catalog) -> str:
    """Return why an input may not stand in a field of a type, or ""."""
    for depth, schema in enumerate(place.schemas, 2):
        if CALLS in schema and is_open(manifest, place.path, depth, schema[CALLS]):
            return _type_fault(place, kind, {"string", "number", "array"})
        for mark, reason in _KEYS.items():
            if schema.get(mark):
                return reason
        if schema.get("x-fixed") is True:
            return "it decides what the module consists of"
    if kind == IMAGE_TAG and _OF_IMAGE.fullmatch(place.text):
        return ""
    if derived(place, manifest, catalog):
        return "permissions depend on it; of an image, the part after `:` may be an input of type image-tag"
    if "enum" in place.schema or "const" in place.schema:
        return "it takes one of a few values, on which other fields may depend"
    types = place.schema.get("type", "string" if place.schema else ())
    accepted = {types} if isinstance(types, str) else set(types)
    return _type_fault(place, kind, accepted) or _rule_fault(place, kind, manifest, catalog)


def is_open(manifest: Manifest, path: PathInTree, depth: int, calls: Mapping[str, Any]) -> bool:
    """Return whether no permission depends on a value that is in a definition at the first steps of its path."""
    definition: Any = manifest.data
    for step in path[:depth]:
        definition = definition[step]
    return Calls.of(calls).is_open(definition, path[depth:])


def _type_fault(place: InputPlace, kind: str, accepted: set[str]) -> str:
    if kind in (TAGS, "boundary-arn"):
        return f"an input of type {kind} is for `{'tags' if kind == TAGS else 'boundary'}` alone"
    if kind in _LISTS:
        return "" if place.whole and "array" in accepted else "this takes no list, or more than this one"
    if kind == "number" and place.whole and accepted & {"integer", "number"}:
        return ""
    if "string" not in accepted:
        return "true and false decide what the module consists of" if "boolean" in accepted else f"it takes no {kind}"
    if kind == NAME and not (place.whole and "pattern" in place.schema):
        return "an input of type name stands for the whole of a field that names something"
    if kind == ARN and place.path[2:] == ("arn",) and not place.whole:
        return "it takes the whole ARN"
    if "pattern" in place.schema and not place.whole:
        return "its form can be checked only where the input is all of it"
    return ""


def _rule_fault(place: InputPlace, kind: str, manifest: Manifest, catalog: Catalog) -> str:
    """Return that a rule of the type compares the field with others, which takes a known value, or ""."""
    if kind not in ("number", "string", "bool") or not place.schemas or isinstance(place.path[-1], int):
        return ""
    entry = entry_at(manifest, place.path)
    types: Mapping[str, Any] = catalog.computes if place.path[0] == "compute" else catalog.resources
    rules = (rule for rule in types[entry["type"]].rules if rule.severity != "warning")
    inner = len(place.path) > (2 if place.path[0] == "compute" else 3)
    compared = any(mentions(rule, str(place.path[-1]), inner=inner) for rule in rules)
    return "a rule of the type compares it with other fields" if compared else ""


def derived(place: InputPlace, manifest: Manifest, catalog: Catalog) -> bool:
    """Return whether a compute type reads parts of a field, such as the account in the name of an image."""
    if place.path[0] != "compute":
        return False
    blueprint = catalog.computes[entry_at(manifest, place.path)["type"]]
    return ".".join(step for step in place.path[1:] if isinstance(step, str)) in blueprint.derive
