"""docs/manifest.md has every key, and what it shows is valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rolewright.blueprint import load_catalog
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.manifest.schema import manifest_schema
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOG = load_catalog()
PAGE = (Path(__file__).parents[2] / "docs" / "manifest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
OF_TYPES = ("compute", "resources")
"""What the pages of types describe."""


def keys(schema: dict[str, Any]) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        yield name
        if name not in OF_TYPES:
            yield from keys(inner)
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from keys(schema[part])


def test_every_key_is_described() -> None:
    described = {*keys(manifest_schema(CATALOG)), "names", "type", "access", "create", "arn"}
    code = {word for span in re.findall(r"`([^`\n]+)`", PAGE) for word in re.findall(r"[a-z_]+", span)}
    assert described - code == set()


def test_every_key_has_a_row() -> None:
    rows = "\n".join(re.findall(r"^\| \[.*$", PAGE, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", rows)) == manifest_schema(CATALOG)["properties"].keys()


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0])
def test_what_it_shows_is_valid(block: str) -> None:
    """Alone, or as a part of the first manifest, whose promises it has to keep if it has none of its own."""
    whole = yaml.safe_load(BLOCKS[0])
    shown = yaml.safe_load(block)
    manifest = shown if "version" in shown else {**whole, **shown, "environments": whole["environments"]}
    if "compute" in shown and "version" not in shown:
        manifest = {"version": 1, "workload": "thumbnails", **shown}
    for workload in read_manifest(loads(yaml.safe_dump(manifest), "page.yaml"), CATALOG):
        derive_grants(workload, CATALOG)
