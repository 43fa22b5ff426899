"""The part of a manifest's JSON Schema that does not depend on the types that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.manifest.inputs import INPUT_NAME, input_types

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

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
CREATE = "true if the module creates the resource; otherwise it must exist already"
_TAG = {"type": ["string", "integer", "number", "boolean"], "description": "Value of a tag"}


def compute_frame(computes: Collection[str]) -> dict[str, Any]:
    """Return the part of the schema of `compute` that all types share."""
    return {
        "type": "object",
        "required": ["type"],
        "description": "What the workload runs on, with the fields of that type",
        "properties": {
            "type": {
                "enum": list(computes),
                "description": "Type of the compute; `rolewright blueprint list` shows all",
                "x-words": ["compute type"],
            },
        },
    }


def resource_frame(resources: Collection[str]) -> dict[str, Any]:
    """Return the part of the schema of a resource that all types share."""
    return {
        "type": "object",
        "required": ["type"],
        "description": "A resource that the code uses, with the fields of its type",
        "properties": {
            "type": {
                "enum": list(resources),
                "description": "Type of the resource; `rolewright blueprint list` shows all",
                "x-words": ["resource type"],
            },
            "create": {"type": "boolean", "description": CREATE},
        },
    }


def manifest_frame(compute: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a manifest, given those of its compute and of a resource."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rolewright manifest",
        "description": "What one workload runs on and what its code touches",
        "x-words": ["manifest"],
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
            "tags": {
                "type": "object",
                "maxProperties": 45,
                "additionalProperties": _TAG,
                "description": "Tags of everything that can have tags",
                "examples": [{"cost-center": "42"}],
            },
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
            "statements": {
                "type": "array",
                "items": _STATEMENT,
                "description": "Access that no verb has, as actions on ARNs, each with a reason",
            },
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
            "suppress": {
                "type": "array",
                "items": _SUPPRESSION,
                "description": "Findings that are accepted, each with a reason",
            },
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


_STATEMENT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["actions", "resources", "reason"],
    "properties": {
        "actions": {
            "type": "array",
            "description": "Actions of IAM, such as sqs:SendMessage",
            "minItems": 1,
            "items": {
                "type": "string",
                "pattern": "^[a-z0-9-]+:[A-Za-z0-9*?]+$",
                "description": "service:Action",
            },
        },
        "resources": {
            "type": "array",
            "description": "What they may be done on, as patterns of ARNs",
            "minItems": 1,
            "items": {"type": "string", "pattern": r"^(\*|arn:\S+)$", "description": "an ARN pattern, or *"},
        },
        "reason": {**_TEXT, "description": "Reason why no blueprint covers this access"},
        "conditions": {
            "type": "object",
            "description": "Conditions as IAM has them: operators, each with keys and values",
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
    "description": "What no role may ever be allowed, proven at each render",
    "items": {
        "type": "string",
        "pattern": r"^\S+ on \S+$",
        "description": "VERB on RESOURCE-KEY, VERB on *, or ACTION on ARN-PATTERN, such as delete on *; "
        "the verbs read, write and delete each mean every verb of that class",
    },
}
_ENVIRONMENTS = {
    "type": "object",
    "description": "The accounts and regions that the workload is in, each by a name, with what differs there",
    "minProperties": 1,
    "propertyNames": {"pattern": "^[a-z][a-z0-9-]{0,15}$"},
    "additionalProperties": {
        "type": "object",
        "required": ["account", "region"],
        "properties": {"account": _ACCOUNT, "region": _REGION},
    },
}
