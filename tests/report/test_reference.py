"""The page of a type lists all that a manifest may say of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Severity
from rolewright.manifest.read import read_manifest
from rolewright.report.reference import compute_page
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.pipeline import Pipeline

CATALOG = load_catalog()
PAGES = Path(__file__).parents[2] / "docs" / "types"
EC2 = {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"}


def described_fields(node: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and the description of every field in a schema, however deep it is."""
    if isinstance(node, list):
        for inner in node:
            yield from described_fields(inner)
    if isinstance(node, dict):
        properties = node.get("properties")
        for name, schema in (properties if isinstance(properties, dict) else {}).items():
            if isinstance(schema, dict) and "description" in schema:
                yield name, schema["description"]
        for inner in node.values():
            yield from described_fields(inner)


@pytest.mark.parametrize("type_", CATALOG.computes)
def test_every_field_has_a_row(type_: str) -> None:
    blueprint = CATALOG.computes[type_]
    rows = [line for line in compute_page(blueprint, (), "").splitlines() if line.startswith("| `")]
    fields = list(described_fields({"properties": dict(blueprint.fields)}))
    for name, description in fields:
        text = description.replace("|", "\\|")
        assert any(row.partition("` |")[0].endswith((f"`{name}", f".{name}")) and text in row for row in rows), name
    assert len({row.partition("` |")[0] for row in rows}) == len(rows)


@pytest.mark.parametrize("type_", [*CATALOG.computes, *CATALOG.resources])
def test_the_example_of_every_page_is_a_manifest_that_is_proven(pipeline: Pipeline, type_: str) -> None:
    """As it stands on the page; of two resources, one that exists and one that is made, each alone."""
    text = PAGES.joinpath(f"{type_}.md").read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    written = yaml.safe_load(text)
    manifests = [written]
    if type_ in CATALOG.resources:
        assert {entry["type"] for entry in written["resources"].values()} == {type_}
        created = CATALOG.resources[type_].create is not None
        assert [entry.get("create", False) for entry in written["resources"].values()] == [False, True][: 1 + created]
        host = {"version": 1, "workload": "my-service", "compute": {**EC2}}
        manifests = [{**host, "resources": {key: entry}} for key, entry in written["resources"].items()]
    for manifest in manifests:
        (workload,) = read_manifest(loads(yaml.safe_dump(manifest), "m.yaml"), pipeline.catalog)
        assert not [finding for finding in pipeline.build(workload).findings if finding.severity is Severity.ERROR]


def test_a_row_names_the_way_to_its_field_and_its_limits() -> None:
    rows = compute_page(CATALOG.computes["lambda"], (), "").splitlines()
    (batch_size,) = (row for row in rows if row.startswith("| `triggers.queues[].batch_size` |"))
    assert "| integer, from 1 up to 10000 |" in batch_size
    assert "default `10`" in batch_size
