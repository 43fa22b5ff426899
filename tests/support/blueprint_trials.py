"""The workloads that `rolewright blueprint test` makes of a type: together they use every field and every verb."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from rolewright.batch.blueprint_test import try_blueprint
from rolewright.blueprint import load_catalog

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Workload


class _Recorder:
    """Stands in for the pipeline: takes note of what it is to build."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.workloads: list[Workload] = []

    def build(self, workload: Workload) -> Any:
        """Nothing is built, and nothing is found."""
        self.workloads.append(workload)
        return SimpleNamespace(findings=(), proofs=())


@cache
def tried_workloads(file: Path) -> list[Workload]:
    """What a built-in blueprint is tried with: made once for all tests that look at it."""
    recorder = _Recorder(load_catalog())
    trial = try_blueprint(cast("Any", recorder), file)
    assert not trial.findings, trial.findings
    return recorder.workloads
