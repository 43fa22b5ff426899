"""Manifests generated from the blueprints' own schemas: deterministic, valid, and of every type and verb."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from rolewright.blueprint import load_catalog

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KNOWN: dict[str, Any] = {  # what no schema says: values that belong together, or that a pattern cannot be made from
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/app:1.4.2",
    "kms_key": KEY,
    "ami": "amazon-linux-2023",
    "instance_type": "t3.micro",
    "package": "function.zip",
    "handler": "index.handler",
    "environment": {"LOG_LEVEL": "info", "GREETING": 'say "hi" %{x}'},
    "hash_key": "id",
    "prefix": "in/",
    "dead_letter": "arn:aws:sqs:us-east-1:123456789012:failed",
    "cpu": 512,
    "memory": 1024,
}
NAMES = {"kms-key": "1234abcd-12ab-34cd-56ef-1234567890ab", "ssm-parameter": "/app/{n}"}
SKIPPED = {"vpc", "subnet_id", "security_group_ids", "ports", "secrets", "admit", "range_key", "stream", "ttl"}


def generated_manifests(amount: int, *, created: bool = False) -> list[str]:
    """`amount` manifests as JSON. With `created`, every resource that can be is made by the module."""
    chance = random.Random(20260630)
    catalog = load_catalog()
    computes, resources = list(catalog.computes), list(catalog.resources)
    made = []
    for number in range(amount):
        compute = catalog.computes[computes[number % len(computes)]]
        fields = _fields(dict(compute.fields), compute.required, chance)
        if "package" in compute.fields:
            fields |= {"runtime": "python3.12", "handler": "index.handler", "package": "function.zip"}
            fields.pop("image", None)
        touched = {}
        for index in range(chance.randint(0, 4)):
            type_ = resources[(number + index) % len(resources)]
            touched[f"r{index}"] = _resource(catalog.resources[type_], f"g{number}r{index}", chance, created=created)
        manifest: dict[str, Any] = {
            "version": 1,
            "workload": f"gen-{number}",
            "compute": {"type": compute.type, **fields},
            "resources": touched,
        }
        if chance.random() < 0.3 and not created:
            manifest["environments"] = {
                "dev": {"account": "111111111111", "region": "us-east-1"},
                "prod": {"account": "222222222222", "region": "eu-west-1"},
            }
        made.append(json.dumps(manifest, indent=1))
    return made


def _resource(blueprint: Any, name: str, chance: random.Random, *, created: bool) -> dict[str, Any]:
    create = blueprint.create is not None and (created or chance.random() < 0.4)
    schemas = {**blueprint.fields, **(blueprint.create.fields if create else {})}
    required = (*blueprint.required, *(blueprint.create.required if create else ()))
    fields = _fields({k: v for k, v in schemas.items() if k != "name"}, required, chance)
    if create:
        fields.pop("kms_key", None)
    given = name if create and blueprint.type in NAMES and "{n}" not in NAMES[blueprint.type] else None
    fields["name"] = given or NAMES.get(blueprint.type, "app-{n}").format(n=name)
    access = chance.sample(list(blueprint.verbs), chance.randint(1, min(3, len(blueprint.verbs))))
    return {"type": blueprint.type, **({"create": True} if create else {}), **fields, "access": access}


def _fields(schemas: dict[str, Any], required: tuple[str, ...], chance: random.Random) -> dict[str, Any]:
    chosen = {}
    for name, schema in schemas.items():
        if name in SKIPPED or not (name in required or (chance.random() < 0.4 and _simple(name, schema))):
            continue
        chosen[name] = KNOWN[name] if name in KNOWN else _value(schema, chance)
    return chosen


def _simple(name: str, schema: dict[str, Any]) -> bool:
    return name in KNOWN or "enum" in schema or schema.get("type") in ("integer", "boolean") or _plain(schema)


def _plain(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "string" and "pattern" not in schema


def _value(schema: dict[str, Any], chance: random.Random) -> Any:
    if "enum" in schema:
        return chance.choice(schema["enum"])
    match schema.get("type"):
        case "integer":
            low = schema.get("minimum", 0)
            return chance.randint(low, min(schema.get("maximum", low + 50), low + 50))
        case "boolean":
            return chance.random() < 0.5
        case "string":
            text = 'text ${workload} with "quotes", $${dollars} and {{ braces }}'
            return re.sub(r"\s+", " ", text)[: schema.get("maxLength", 100)]
        case _:
            raise AssertionError(schema)
