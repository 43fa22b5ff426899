"""The workloads that `rolewright blueprint test` makes of a type: together they use every field and every verb."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from rolewright.batch.blueprint_test import Attempt, try_blueprint
from rolewright.blueprint import load_catalog
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.blueprint import Catalog
    from rolewright.core.model import Fields, Workload


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


class _Noting(Attempt):
    """Builds nothing, and takes note of the compute type and the resources of each manifest."""

    def __init__(self, catalog: Catalog, file: Path) -> None:
        super().__init__(cast("Any", SimpleNamespace(catalog=catalog)), load(file).trees[0])
        self.made: list[tuple[Fields, Fields]] = []

    def build(self, compute: Fields, resources: Fields) -> None:
        self.made.append((compute, resources))


def tried_compute(type_: str) -> list[tuple[Fields, Fields]]:
    """The compute type's fields and the resources of each manifest that a compute type is tried with."""
    catalog = load_catalog()
    noting = _Noting(catalog, catalog.computes.files[type_])
    noting.compute(catalog.computes[type_])
    return noting.made


def tried_created(type_: str) -> list[tuple[Fields, Fields]]:
    """As `tried_compute`, for a resource type that the module makes."""
    catalog = load_catalog()
    noting = _Noting(catalog, catalog.resources.files[type_])
    noting.resource(catalog.resources[type_])
    return [(compute, resources) for compute, resources in noting.made if resources["it"].get("create")]
