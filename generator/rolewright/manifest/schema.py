"""The JSON Schema of a manifest, from the blueprints: for validation, and for editors."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from rolewright.manifest.frame import CREATE, compute_frame, manifest_frame, resource_frame
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint
    from rolewright.core.finding import Finding
    from rolewright.core.words import Words
    from rolewright.yaml.load import PathInTree
    from rolewright.yaml.schema import Locate
    from rolewright.yaml.source import Source


SCHEMA_ID = "https://json.schemastore.org/rolewright.json"


@lru_cache(maxsize=4)  # each holds its catalog
def schemas_of(catalog: Catalog) -> Schemas:
    """Return the schemas of a catalog, which are made and compiled once."""
    return Schemas(catalog)


class Schemas:
    """The schemas that a manifest is checked against: the frame, and one for each type, made when it is named."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        frame = manifest_frame(compute_frame(catalog.computes), resource_frame(catalog.resources))
        self._frame = Schema(frame, catalog.words)
        self._types: dict[tuple[str, str, bool], Schema] = {}

    def findings(
        self,
        data: Any,  # noqa: ANN401 - YAML
        locate: Locate,
        *,
        skip: Collection[PathInTree] = (),
        source: Source | None = None,
    ) -> Iterator[Finding]:
        """Yield every violation in a manifest document, but for those at `skip`; with fixes, given its `source`."""
        for finding in self._violations(data, locate, skip, source):
            # A key that is known elsewhere is no slip: it may stand in the wrong place.
            yield replace(finding, fix=()) if finding.fix and finding.subject in self._words else finding

    def _violations(
        self,
        data: Any,  # noqa: ANN401 - YAML
        locate: Locate,
        skip: Collection[PathInTree],
        source: Source | None,
    ) -> Iterator[Finding]:
        yield from self._frame.findings(data, locate, "manifest", skip=skip, source=source)
        compute, resources = data.get("compute"), data.get("resources")
        if isinstance(compute, dict) and compute.get("type") in self._catalog.computes:
            schema = self._type("compute", compute["type"], created=False)
            yield from schema.findings(compute, locate, "manifest", skip=skip, at=("compute",), source=source)
        for key, described in resources.items() if isinstance(resources, dict) else ():
            if isinstance(described, dict) and described.get("type") in self._catalog.resources:
                schema = self._type("resources", described["type"], created=described.get("create") is True)
                at = ("resources", key)
                yield from schema.findings(described, locate, "manifest", skip=skip, at=at, source=source)

    @cached_property
    def _words(self) -> frozenset[str]:
        """Return all keys that a manifest can have somewhere."""
        resources = self._catalog.resources.values()
        fields = [compute.fields for compute in self._catalog.computes.values()]
        fields += [resource.fields for resource in resources]
        fields += [resource.create.fields for resource in resources if resource.create is not None]
        waiting: list[Any] = [self._frame.document, *({"properties": described} for described in fields)]
        words: set[str] = set()
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                properties = node.get("properties")
                words.update(properties if isinstance(properties, dict) else ())
                waiting += node.values()
            elif isinstance(node, list):
                waiting += node
        return frozenset(words)

    def _type(self, kind: str, type_: str, *, created: bool) -> Schema:
        name = (kind, type_, created)
        if name not in self._types:
            if kind == "compute":
                document = _compute(self._catalog.computes[type_])
            else:
                blueprint = self._catalog.resources[type_]
                document = _created(blueprint) if created else _existing(blueprint)
            places = [type_, "resource" if kind == "resources" else kind]
            self._types[name] = Schema({**document, "x-words": places}, self._catalog.words)
        return self._types[name]


def manifest_schema(catalog: Catalog) -> dict[str, Any]:
    """Return the schema of one manifest document in one piece, for editors and SchemaStore.

    It is JSON Schema draft-07, which SchemaStore asks for, without the blueprints' marks, and with sentences for
    patterns in the form that language servers show (`patternErrorMessage`).
    """
    compute, resource = compute_frame(catalog.computes), resource_frame(catalog.resources)
    compute["allOf"] = [
        {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": _open(_compute(blueprint))}
        for name, blueprint in catalog.computes.items()
    ]
    branches = (branch for blueprint in catalog.resources.values() for branch in _branches(blueprint))
    resource["allOf"] = [{**branch, "then": _open(branch["then"])} for branch in branches]
    frame = manifest_frame(compute, resource)
    frame["properties"]["tags"] = _or_input(frame["properties"]["tags"])
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "$id": SCHEMA_ID}
    return {**head, **{key: inner for key, inner in _shown(frame, catalog.words()).items() if key != "$schema"}}


def _shown(node: Any, words: Words) -> Any:  # noqa: ANN401 - a schema
    """Return a schema as editors show it."""
    if isinstance(node, list):
        return [_shown(inner, words) for inner in node]
    if not isinstance(node, dict):
        return node
    shown = {key: _shown(inner, words) for key, inner in node.items() if not str(key).startswith("x-")}
    said = words.patterns.get(node["pattern"]) if isinstance(node.get("pattern"), str) else None
    return {**shown, "patternErrorMessage": f"write {said}"} if said else shown


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an entry in which an input may take the place of values that have a form of their own."""
    own = ("type", "create", "access", "names")
    fields = {name: field if name in own else _or_input(field) for name, field in schema["properties"].items()}
    if "access" in fields:  # editors complete what an alternative has, and nothing of a condition
        verbs, described = fields["access"]["then"], fields["access"]["description"]
        of_list = {**fields["access"]["else"], "type": "array"}
        fields["access"] = {"description": described, "anyOf": [verbs, of_list]}
    return {**schema, "properties": fields}


def _or_input(schema: Any) -> Any:  # noqa: ANN401 - a schema
    """Return a schema that also takes an input as the whole value: instead of a list, a number or a text of a form."""
    if not isinstance(schema, dict) or not _FIXED.isdisjoint(schema):
        return schema
    inner = {
        **schema,
        **(
            {"properties": {k: _or_input(one) for k, one in schema["properties"].items()}}
            if "properties" in schema
            else {}
        ),
        **({"items": _or_input(schema["items"])} if "items" in schema else {}),
    }
    types = {schema["type"]} if isinstance(schema.get("type"), str) else set(schema.get("type", ()))
    if (
        types & {"array", "integer", "number"} - ({"string"} & types)
        or "pattern" in schema
        or "maxProperties" in schema
    ):
        described = inner.pop("description", "")  # once: an editor shows that of each alternative too
        return {"description": described, "anyOf": [inner, _REFERENCE]}
    return inner


_REFERENCE = {"type": "string", "pattern": r"^\$\{inputs\.[a-z][a-z0-9-]*\}$"}
_FIXED = frozenset({"enum", "const", "x-injects", "x-resource", "x-calls", "x-facts", "x-variable"})


def _compute(blueprint: ComputeBlueprint) -> dict[str, Any]:
    return {
        "additionalProperties": False,
        "required": list(blueprint.required),
        "properties": {
            "type": {"description": blueprint.summary},
            **blueprint.fields,
            "names": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    key: {"type": "string", "description": f"Name of the {key.replace('_', ' ')}"}
                    for key in name_keys(blueprint)
                },
                "description": "Names to use instead of the generated ones",
            },
        },
    }


def name_keys(blueprint: ComputeBlueprint) -> tuple[str, ...]:
    """Return the keys that `compute.names` may have: one for each role, then the blueprint's own names."""
    return (*blueprint.role_name_keys.values(), *blueprint.names)


def _branches(blueprint: ResourceBlueprint) -> Iterator[dict[str, Any]]:
    """Yield the schemas of a type, each under the condition on which it applies."""
    type_ = {"type": {"const": blueprint.type}}
    exists = {"properties": {**type_, "create": {"const": False}}, "required": ["type"]}
    yield {"if": exists, "then": _existing(blueprint)}
    if blueprint.create is not None:
        created = {"properties": {**type_, "create": {"const": True}}, "required": ["type", "create"]}
        yield {"if": created, "then": _created(blueprint)}


def _common(blueprint: ResourceBlueprint) -> dict[str, Any]:
    listed = "one of " + ", ".join(blueprint.verbs)
    verb = {"enum": list(blueprint.verbs), "description": listed, "x-words": ["verb"]}
    return {
        "type": {"description": blueprint.summary},
        "create": {
            "type": "boolean",
            "description": CREATE,
        },
        "access": {
            "description": "Verbs: what the code may do with the resource",
            "if": {"type": "string"},
            "then": verb,
            "else": {"type": ["array", "string"], "minItems": 1, "uniqueItems": True, "items": verb},
        },
    }


def _existing(blueprint: ResourceBlueprint) -> dict[str, Any]:
    properties = {**_common(blueprint), **blueprint.fields}
    if not blueprint.arns:
        return {"additionalProperties": False, "required": list(blueprint.required), "properties": properties}
    by_arn = [name for name in blueprint.required if name not in blueprint.identified_by]
    return {
        "additionalProperties": False,
        "properties": {
            **properties,
            "arn": {"type": "string", "pattern": "^arn:", "description": "ARN of the resource, instead of its name"},
        },
        "if": {"required": ["arn"]},
        "then": {"required": by_arn, "properties": dict.fromkeys(blueprint.identified_by, False)},
        "else": {"required": list(blueprint.required)},
    }


def _created(blueprint: ResourceBlueprint) -> dict[str, Any]:
    if blueprint.create is None:
        refused = {"const": False, "description": "the module cannot create this type: name an existing resource"}
        return {"properties": {**_common(blueprint), "create": refused}}
    return {
        "additionalProperties": False,
        "required": [*blueprint.required, *blueprint.create.required],
        "properties": {**_common(blueprint), **blueprint.fields, **blueprint.create.fields},
    }
