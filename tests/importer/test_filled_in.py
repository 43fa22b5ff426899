"""What an import writes is accepted as a whole once a person has filled it in: no rule waits behind the marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cases import shared
from rolewright.core.finding import Severity
from rolewright.importer import finish, held_manifest
from rolewright.importer.given import ImportAids
from rolewright.importer.recognise import found_in
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

CASES = sorted(path for path in Path(__file__).with_name("cases").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", shared(CASES, 0.3), ids=lambda case: case.name)
def test_with_the_values_that_it_is_judged_with_it_is_proven(
    case: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import reads its manifest with a value that fits in the place of each mark; here all other rules see that."""
    seen: list[Any] = []

    def read(document: Any, catalog: Any) -> Any:
        made = list(read_manifest(document, catalog))
        seen.append(document.trees[0].data)
        return made

    monkeypatch.setattr(held_manifest, "read_manifest", read)
    for found in found_in(case / "source"):
        source = found.format.read(found.file, found.tree, ImportAids())
        for workload in source.workloads:
            seen.clear()
            finish.imported(workload, source, pipeline.catalog)
            whole = max(seen, key=lambda manifest: (len(manifest), len(json.dumps(manifest))))
            (given,) = read_manifest(loads(json.dumps(whole), "m.yaml"), pipeline.catalog)
            errors = [found for found in pipeline.build(given).findings if found.severity is Severity.ERROR]
            assert [f"{workload.name}: {error.path}: {error.message}" for error in errors] == []
