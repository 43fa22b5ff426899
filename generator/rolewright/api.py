"""The names behind `import rolewright`: docs/python.md describes each, and tests/test_api.py runs its examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Finding, Location, MisuseError, Rejected, Severity
from rolewright.pipeline import Built, Pipeline
from rolewright.prove.proof import Proof
from rolewright.review.comparison import compare_paths
from rolewright.review.diff import WorkloadDifference
from rolewright.write.module import WriteResult, write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

__all__ = [
    "Built",
    "Finding",
    "Location",
    "MisuseError",
    "Pipeline",
    "Proof",
    "Rejected",
    "Severity",
    "WorkloadDifference",
    "WriteResult",
    "build",
    "diff",
    "validate",
    "write_module",
]


def build(
    manifest: str | PathLike[str],
    *,
    blueprints: Iterable[str | PathLike[str]] = (),
    environments: Iterable[str] = (),
) -> list[Built]:
    """Render, check and prove each workload of a manifest file; nothing is written.

    `blueprints` are folders that add to the built-in types or replace them. With `environments` only those are
    judged; all of them are rendered. A module that must not be written is `refused`, and says why in `findings`.
    Raises Rejected with all findings where a manifest or a blueprint is wrong, so that nothing can be rendered.
    """
    with _pipeline(blueprints, environments) as pipeline:
        return list(pipeline.run(Path(manifest)))


def validate(
    manifest: str | PathLike[str],
    *,
    blueprints: Iterable[str | PathLike[str]] = (),
    environments: Iterable[str] = (),
) -> list[Finding]:
    """Return all that is found about a manifest file, as `rolewright validate` shows it; the options as for `build`.

    Where none of them has the severity ERROR, each module of the file is proven. Nothing is raised for what is wrong.
    """
    try:
        with _pipeline(blueprints, environments) as pipeline:
            return pipeline.modules([Path(manifest)])[1]
    except Rejected as refusal:  # a blueprint is wrong
        return list(refusal.findings)


def diff(
    old: str | PathLike[str], new: str | PathLike[str], *, blueprints: Iterable[str | PathLike[str]] = ()
) -> list[WorkloadDifference]:
    """Compare what roles may do in two manifests, two folders of them, or two rendered modules, as `rolewright diff`.

    There is one difference for each workload, also where it has not `changed`; `widened` tells that anybody may do
    more. Raises Rejected where one of the two is wrong, and MisuseError where they have nothing that can be compared.
    """
    return list(compare_paths(Path(old), Path(new), load_catalog([*map(Path, blueprints)])).differences)


def write_module(built: Built, folder: str | PathLike[str], *, check: bool = False, force: bool = False) -> WriteResult:
    """Write a module to `folder/WORKLOAD`, all of its files or none, as `rolewright render --output` does.

    With `check` nothing is written: the status is "stale" where the folder differs, and `diff` has the difference.
    With `force` files are overwritten that were edited by hand or are not rolewright's. Raises Rejected where the
    module is refused, where a file stands in the way, and where the folder cannot be written.
    """
    if built.refused:
        raise Rejected(built.findings)
    return write(built.module, Path(folder, built.workload.name), check_only=check, force=force)


def _pipeline(blueprints: Iterable[str | PathLike[str]], environments: Iterable[str]) -> Pipeline:
    """Open a pipeline. Raises MisuseError where one text is given in place of several."""
    for name, given in (("blueprints", blueprints), ("environments", environments)):
        if isinstance(given, str):
            raise MisuseError(f'{name} is a list: write {name}=["{given}"]')
    return Pipeline(map(Path, blueprints), tuple(environments))
