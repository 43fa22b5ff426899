"""Score: what a manifest cannot take of it is left out by itself, and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.importer.formats import score
from rolewright.importer.given import ImportAids
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from pathlib import Path

FILE = """apiVersion: score.dev/v1b1
metadata: {name: orders}
containers: {main: {image: "acme/orders:1", variables: {spring.profiles.active: prod, LEVEL: info}}}
"""


def test_a_variable_whose_name_no_manifest_takes_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "score.yaml"
    file.write_text(FILE, encoding="utf-8")
    source = score.read(file, load(file).trees[0], ImportAids())
    assert source.workloads[0].compute["environment"] == {"LEVEL": "info"}
    left = [one.field for one in source.outcomes if one.outcome == "not carried"]
    assert "containers.main.variables.spring.profiles.active" in left
