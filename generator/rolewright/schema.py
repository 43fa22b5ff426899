"""The JSON Schema of a manifest, from the blueprints: for validation, and for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.blueprint import Catalog, ComputeBlueprint, ResourceBlueprint

_TEXT = {"type": "string", "minLength": 1}
_ACCOUNT = {
    "type": ["string", "integer"],
    "pattern": r"^\d{12}$",
    "minimum": 100_000_000_000,
    "maximum": 999_999_999_999,
    "description": "AWS account, twelve digits",
}
_REGION = {
    "type": "string",
    "pattern": r"^[a-z]{2,4}(-[a-z]+)+-\d$",
    "description": "AWS region, such as eu-west-1",
}
_TAG = {"type": ["string", "integer", "number", "boolean"], "description": "Value of a tag"}


def manifest_schema(catalog: Catalog) -> dict[str, Any]:
    """The schema of one manifest document (JSON Schema 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rolewright manifest",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "workload", "compute"],
        "properties": {
            "version": {"const": 1, "description": "Version of the manifest's format"},
            "workload": {
                "type": "string",
                "pattern": "^[a-z][a-z0-9-]{1,30}[a-z0-9]$",
                "description": "Names everything generated: 3 to 32 lower-case letters, digits and dashes, "
                "a letter first, no dash last",
            },
            "description": {**_TEXT, "maxLength": 500, "description": "What the workload is"},
            "owner": {**_TEXT, "maxLength": 256, "description": "Who looks after it; becomes a tag"},
            "tags": {"type": "object", "maxProperties": 45, "additionalProperties": _TAG},
            "compute": _compute(catalog.computes),
            "resources": {
                "type": "object",
                "propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,40}$"},
                "additionalProperties": _resource(catalog.resources),
                "description": "What the code touches, each under a name of the manifest's own",
            },
            "never": {
                "type": "array",
                "items": {
                    "type": "string",
                    "pattern": r"^\S+ on \S+$",
                    "description": "VERB on RESOURCE-KEY (or *), or an IAM action on an ARN pattern",
                },
            },
            "environments": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,15}$"},
                "additionalProperties": {
                    "type": "object",
                    "required": ["account", "region"],
                    "properties": {"account": _ACCOUNT, "region": _REGION},
                },
            },
            "statements": {"type": "array", "items": _STATEMENT},
            "boundary": {
                **_TEXT,
                "description": "ARN of a managed policy: the permissions boundary of every role",
            },
            "exclusive": {"type": "boolean", "default": True},
            "suppress": {"type": "array", "items": _SUPPRESSION},
        },
    }


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
        "reason": {**_TEXT, "description": "Why no blueprint covers it"},
        "conditions": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {
                    "anyOf": [_TEXT, {"type": "array", "minItems": 1, "items": _TEXT}],
                },
            },
        },
        "role": {**_TEXT, "description": "The role that gets it; the code's own if left out"},
    },
}

_SUPPRESSION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["rule", "at", "reason"],
    "properties": {
        "rule": {**_TEXT, "description": "Name of the rule, as the finding shows it"},
        "at": {**_TEXT, "description": "Place in the manifest, such as statements.0"},
        "reason": {**_TEXT, "description": "Why it is accepted"},
        "until": {
            "type": "string",
            "pattern": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$",
            "description": "Last day, as 2027-06-30",
        },
    },
}


def _compute(computes: Mapping[str, ComputeBlueprint]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(computes), "description": "What the workload runs on"}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
                "then": {
                    "additionalProperties": False,
                    "required": list(blueprint.required),
                    "properties": {
                        "type": {"description": blueprint.summary},
                        **blueprint.fields,
                        "names": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {key: {"type": "string"} for key in name_keys(blueprint)},
                            "description": "Names that override the generated ones",
                        },
                    },
                },
            }
            for name, blueprint in computes.items()
        ],
    }


def name_keys(blueprint: ComputeBlueprint) -> tuple[str, ...]:
    """What `compute.names` may hold: a key for each role, then the blueprint's own names."""
    roles = tuple(blueprint.roles)
    return (("role",) if len(roles) == 1 else tuple(f"{role}_role" for role in roles)) + tuple(blueprint.names)


def _resource(resources: Mapping[str, ResourceBlueprint]) -> dict[str, Any]:
    branches = []
    for name, blueprint in resources.items():
        made = {
            "properties": {"type": {"const": name}, "create": {"const": True}},
            "required": ["type", "create"],
        }
        exists = {
            "properties": {"type": {"const": name}, "create": {"const": False}},
            "required": ["type"],
        }
        branches.append({"if": exists, "then": _existing(blueprint)})
        if blueprint.create is not None:
            branches.append({"if": made, "then": _created(blueprint)})
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(resources)}, "create": {"type": "boolean"}},
        "allOf": branches,
    }


def _common(blueprint: ResourceBlueprint) -> dict[str, Any]:
    verb = {"enum": list(blueprint.verbs), "description": "one of " + ", ".join(blueprint.verbs)}
    return {
        "type": {"description": blueprint.summary},
        "create": {"type": "boolean", "description": "true: the module makes it; else it exists already"},
        "access": {
            "description": "What the code may do with it",
            "if": {"type": "string"},
            "then": verb,
            "else": {"type": ["array", "string"], "minItems": 1, "uniqueItems": True, "items": verb},
        },
    }


def _existing(blueprint: ResourceBlueprint) -> dict[str, Any]:
    by_name = [name for name in blueprint.required if "${" + name + "}" in "".join(blueprint.arns.values())]
    by_name += [
        name for name in blueprint.required if name not in by_name and f"trimprefix({name}" in str(blueprint.arns)
    ]
    return {
        "additionalProperties": False,
        "properties": {
            **_common(blueprint),
            **blueprint.fields,
            "arn": {"type": "string", "pattern": "^arn:", "description": "ARN, in place of the name"},
        },
        "if": {"required": ["arn"]},
        "then": {"properties": dict.fromkeys(by_name, False)},
        "else": {"required": list(blueprint.required)},
    }


def _created(blueprint: ResourceBlueprint) -> dict[str, Any]:
    assert blueprint.create is not None
    return {
        "additionalProperties": False,
        "required": [*blueprint.required, *blueprint.create.required],
        "properties": {**_common(blueprint), **blueprint.fields, **blueprint.create.fields},
    }
