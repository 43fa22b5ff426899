"""Rebuild `provider_5.zip` from the AWS provider itself: `python -m rolewright.data.build_provider_schema`.

It runs `terraform init` and `terraform providers schema -json` in a temporary directory. Terraform's own settings
decide where the provider comes from (a registry, a mirror, `TF_CLI_ARGS_init=-plugin-dir=…`).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from rolewright.data import archive

VERSION = "5.100.0"
_SOURCE = "registry.terraform.io/hashicorp/aws"
CONFIGURATION = f"""terraform {{
  required_providers {{
    aws = {{ source = "{_SOURCE}", version = "{VERSION}" }}
  }}
}}
"""


def compact_block(block: dict[str, Any]) -> dict[str, Any]:
    """Convert a block of Terraform's schema to the form that `rolewright.data.provider` reads.

    `attributes` maps a name to [flags, type], where flags are letters of "rocd" (required, optional,
    computed, deprecated) and type is Terraform's own JSON type. `blocks` maps a name to
    [nesting, min, max, content], where max 0 means any number. `deprecated` is there only if true.
    """
    compact: dict[str, Any] = {
        "attributes": {name: [_flags(a), a["type"]] for name, a in block.get("attributes", {}).items()},
        "blocks": {
            name: [b["nesting_mode"], b.get("min_items", 0), b.get("max_items", 0), compact_block(b["block"])]
            for name, b in block.get("block_types", {}).items()
        },
    }
    if block.get("deprecated"):
        compact["deprecated"] = True
    return compact


def _flags(attribute: dict[str, Any]) -> str:
    words = ("required", "optional", "computed", "deprecated")
    return "".join(word[0] for word in words if attribute.get(word))


def provider_schema() -> dict[str, Any]:
    """Return Terraform's description of the provider: `resource_schemas`, `data_source_schemas` and others.

    Raises FileNotFoundError without terraform, CalledProcessError if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "versions.tf").write_text(CONFIGURATION, encoding="utf-8")
        _terraform(folder, "init", "-input=false")
        schema = _terraform(folder, "providers", "schema", "-json")
    described: dict[str, Any] = json.loads(schema)["provider_schemas"][_SOURCE]
    return described


def _terraform(folder: str, *arguments: str) -> bytes:
    command = ["terraform", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout  # noqa: S603 - constants


def entries(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of `provider_5.zip`."""
    kinds = {"resource": "resource_schemas", "data": "data_source_schemas"}
    values: dict[str, Any] = {
        f"{kind}/{type_}": compact_block(described["block"])
        for kind, key in kinds.items()
        for type_, described in schema[key].items()
    }
    return values | {"version": VERSION}


if __name__ == "__main__":
    print(archive.write("provider_5.zip", entries(provider_schema())))
