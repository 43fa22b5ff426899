"""`rolewright schema`: the JSON Schema of a manifest."""

from __future__ import annotations

import json

from rolewright.cli.console import Blueprints, show


def schema(blueprints: Blueprints = None) -> None:
    """Print the JSON Schema of manifests, for your editor.

    \b
    Example:
      rolewright schema > manifest.schema.json
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - slow to import, and not needed for --help
    from rolewright.manifest.schema import manifest_schema  # noqa: PLC0415

    show(json.dumps(manifest_schema(load_catalog(blueprints or ())), indent=2))
