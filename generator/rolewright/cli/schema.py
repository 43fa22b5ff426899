"""`rolewright schema`: the JSON Schema of a manifest."""

from __future__ import annotations

import json

from rolewright.blueprint import load_catalog
from rolewright.cli.console import Blueprints, show
from rolewright.manifest.schema import manifest_schema


def schema(blueprints: Blueprints = None) -> None:
    """Print the JSON Schema of manifests, for your editor."""
    show(json.dumps(manifest_schema(load_catalog(blueprints or ())), indent=2))
