"""Manifests of AWS Copilot, read as `rolewright import` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.importer.formats.copilot import read
from rolewright.importer.functions import FOREIGN
from rolewright.importer.given import ImportAids
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.importer.workload import ImportSource, SourceWorkload

_START = "name: {}\ntype: Load Balanced Web Service\nimage: {{location: 'public.ecr.aws/shop/api:1', port: 80}}\n"


def imported(folder: Path, text: str, name: str = "api") -> ImportSource:
    """Read a manifest of the application `shop` that has these fields beside its image."""
    copilot = folder / "copilot"
    (copilot / name).mkdir(parents=True, exist_ok=True)
    (copilot / ".workspace").write_text("application: shop\n")
    file = copilot / name / "manifest.yml"
    file.write_text(_START.format(name) + text)
    return read(file, load(file, dialect=FOREIGN).trees[0], ImportAids())


def workload(folder: Path, text: str, name: str = "api") -> SourceWorkload:
    """Return the first workload of a manifest."""
    return imported(folder, text, name).workloads[0]


def reason(source: ImportSource, field: str) -> str:
    """Return why a field is not carried."""
    return next(o.note for o in source.outcomes if o.field == field and o.outcome == "not carried")


def targets(source: ImportSource, field: str) -> list[str]:
    """Return where a field is in the manifest, as the report says."""
    return [o.target for o in source.outcomes if o.field == field and o.outcome != "not carried"]
