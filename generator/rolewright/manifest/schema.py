"""The JSON Schema of a manifest, from the blueprints: for validation, and for editors."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from rolewright.manifest.inputs import INPUT_NAME, input_types
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.blueprint.catalog import Catalog
    from rolewright.blueprint.model import ComputeBlueprint, ResourceBlueprint
    from rolewright.core.finding import Finding
    from rolewright.yaml.load import PathInTree
    from rolewright.yaml.schema import Locate
    from rolewright.yaml.source import Source

WORKLOAD = "^[a-z][a-z0-9-]{1,30}[a-z0-9]$"  # what the name of a workload may be
_TEXT = {"type": "string", "minLength": 1}
_ACCOUNT = {
    "type": ["string", "integer"],
    "pattern": r"^\d{12}$",
    "minimum": 100_000_000_000,
    "maximum": 999_999_999_999,
    "description": "AWS account id, 12 digits, such as 123456789012",
}
_REGION = {
    "type": "string",
    "pattern": r"^[a-z]{2,4}(-[a-z]+)+-\d$",
    "description": "AWS region, such as eu-west-1",
}
_TAG = {"type": ["string", "integer", "number", "boolean"], "description": "Value of a tag"}


@lru_cache(maxsize=4)  # each holds its catalog
def schemas_of(catalog: Catalog) -> Schemas:
    """Return the schemas of a catalog, which are made and compiled once."""
    return Schemas(catalog)


class Schemas:
    """The schemas that a manifest is checked against: the frame, and one for each type, made when it is named."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._frame = Schema(_frame(_type_of(catalog.computes), _resource_frame(catalog.resources)))
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
            self._types[name] = Schema(document)
        return self._types[name]


def manifest_schema(catalog: Catalog) -> dict[str, Any]:
    """Return the schema of one manifest document in one piece (JSON Schema 2020-12), for editors."""
    compute, resource = _type_of(catalog.computes), _resource_frame(catalog.resources)
    compute["allOf"] = [
        {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": _open(_compute(blueprint))}
        for name, blueprint in catalog.computes.items()
    ]
    branches = (branch for blueprint in catalog.resources.values() for branch in _branches(blueprint))
    resource["allOf"] = [{**branch, "then": _open(branch["then"])} for branch in branches]
    frame = _frame(compute, resource)
    frame["properties"]["tags"] = _or_input(frame["properties"]["tags"])
    return frame


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an entry in which an input may take the place of values that have a form of their own."""
    own = ("type", "create", "access", "names")
    fields = {name: field if name in own else _or_input(field) for name, field in schema["properties"].items()}
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
        return {"description": schema.get("description", ""), "anyOf": [inner, _REFERENCE]}
    return inner


def _type_of(computes: Collection[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(computes), "description": "What the workload runs on"}},
    }


def _resource_frame(resources: Collection[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(resources)}, "create": {"type": "boolean"}},
    }


def _frame(compute: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the schema that does not depend on the types."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rolewright manifest",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "workload", "compute"],
        "properties": {
            "version": {"const": 1, "description": "Version of the manifest format, which is 1"},
            "workload": {
                "type": "string",
                "pattern": WORKLOAD,
                "description": "Name of the workload, used in all generated names: 3 to 32 lower-case letters, "
                "digits and dashes, beginning with a letter and not ending with a dash",
            },
            "description": {**_TEXT, "maxLength": 500, "description": "Short description of the workload"},
            "owner": {
                **_TEXT,
                "maxLength": 256,
                "description": "Team or person responsible for the workload; becomes a tag",
            },
            "tags": {"type": "object", "maxProperties": 45, "additionalProperties": _TAG},
            "compute": compute,
            "resources": {
                "type": "object",
                "propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,40}$"},
                "additionalProperties": resource,
                "description": "Resources that the code uses, each under a key of your choice",
            },
            "never": _NEVER,
            "environments": _ENVIRONMENTS,
            "inputs": {
                "type": "object",
                "propertyNames": {"pattern": f"^{INPUT_NAME.pattern}$"},
                "additionalProperties": _input(),
                "description": "What only the calling Terraform knows: each becomes a variable of the module, "
                "and is ${inputs.NAME} in a value",
            },
            "statements": {"type": "array", "items": _STATEMENT},
            "boundary": {
                **_TEXT,
                "description": "ARN of a managed policy: the permissions boundary of every role",
            },
            "exclusive": {
                "type": "boolean",
                "default": True,
                "description": "Whether the module owns what its roles may do: an apply removes every policy that is "
                "attached to them from outside. `false` leaves such policies alone, and they are not proven",
            },
            "suppress": {"type": "array", "items": _SUPPRESSION},
        },
    }


def _input() -> dict[str, Any]:
    """Return the schema of an entry of `inputs`."""
    summaries = "; ".join(f"{name}: {type_['is']}" for name, type_ in input_types().items())
    of_arn = {
        "service": {**_TEXT, "description": "Of an ARN: the service, as in its actions, such as dynamodb"},
        "resource": {**_TEXT, "description": "Of an ARN: the type of resource, as IAM names it, such as table"},
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["type"],
        "properties": {
            "type": {"enum": list(input_types()), "description": summaries},
            "description": {**_TEXT, "maxLength": 500, "description": "What the caller is to give"},
            "default": {"description": "What the module takes where the caller gives nothing"},
            **of_arn,
        },
        "if": {"properties": {"type": {"const": "arn"}}, "required": ["type"]},
        "then": {"required": list(of_arn)},
        "else": {"properties": dict.fromkeys(of_arn, False)},
    }


_REFERENCE = {"type": "string", "pattern": r"^\$\{inputs\.[a-z][a-z0-9-]*\}$"}
_FIXED = frozenset({"enum", "const", "x-injects", "x-resource", "x-calls", "x-facts", "x-variable"})


_STATEMENT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["actions", "resources", "reason"],
    "properties": {
        "actions": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "string",
                "pattern": "^[a-z0-9-]+:[A-Za-z0-9*?]+$",
                "description": "service:Action",
            },
        },
        "resources": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": r"^(\*|arn:\S+)$", "description": "an ARN pattern, or *"},
        },
        "reason": {**_TEXT, "description": "Reason why no blueprint covers this access"},
        "conditions": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [_TEXT, {"type": "array", "minItems": 1, "items": _TEXT}],
                },
            },
        },
        "role": {**_TEXT, "description": "Role that gets the statement; default: the role of the code"},
    },
}

_SUPPRESSION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["rule", "at", "reason"],
    "properties": {
        "rule": {**_TEXT, "description": "Name of the rule, as shown in the finding"},
        "at": {**_TEXT, "description": "Place in the manifest, such as statements.0"},
        "reason": {**_TEXT, "description": "Reason why the finding is accepted"},
        "until": {
            "type": "string",
            "pattern": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
            "description": "Last day of the suppression, such as 2027-06-30",
        },
    },
}
_NEVER = {
    "type": "array",
    "items": {
        "type": "string",
        "pattern": r"^\S+ on \S+$",
        "description": "VERB on RESOURCE-KEY, VERB on *, or ACTION on ARN-PATTERN, such as delete on *; "
        "the verbs read, write and delete each mean every verb of that class",
    },
}
_ENVIRONMENTS = {
    "type": "object",
    "minProperties": 1,
    "propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,15}$"},
    "additionalProperties": {
        "type": "object",
        "required": ["account", "region"],
        "properties": {"account": _ACCOUNT, "region": _REGION},
    },
}


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
                "properties": {key: {"type": "string"} for key in name_keys(blueprint)},
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
    verb = {"enum": list(blueprint.verbs), "description": "one of " + ", ".join(blueprint.verbs)}
    return {
        "type": {"description": blueprint.summary},
        "create": {
            "type": "boolean",
            "description": "true if the module creates the resource; otherwise it must exist already",
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
