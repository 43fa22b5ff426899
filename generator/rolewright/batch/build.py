"""Building several manifests, as `render` and `validate` do: in this process, or in several, or from the cache."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING

from rolewright.batch.cache import Cache, Known, Options
from rolewright.batch.cpus import cpus
from rolewright.batch.select import workloads
from rolewright.core.finding import Finding, Location, Rejected, any_error
from rolewright.pipeline import Pipeline, duplicates
from rolewright.write.module import contents

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from pathlib import Path

    from rolewright.batch.select import Selection
    from rolewright.core.model import Module
    from rolewright.pipeline import Built

_EACH = 5
"""The manifests that are worth a process of their own, which has to import everything anew."""


@dataclass(frozen=True)
class Product:
    """What a run needs of a built workload. It can go from one process to another.

    `place` is that of its name in the manifest, `summary` one line of what was proven, `until` the last day
    on which all that was accepted is accepted, or "". `module` is None if its folder is known to be current.
    """

    workload: str
    place: Location
    module: Module | None
    summary: str
    until: str = ""


@dataclass(frozen=True)
class Part:
    """The outcome of one manifest. `workloads` are all that it names, `sources` has its text if there are findings.

    `seconds` is how long it took to build and prove, or None if that is known from an earlier run.
    """

    products: tuple[Product, ...]
    workloads: tuple[tuple[str, Location], ...]
    findings: tuple[Finding, ...]
    sources: Mapping[str, str]
    seconds: float | None = field(default=None, compare=False)


@dataclass
class Outcome:
    """What became of the manifests of a run: the part of each, and the sums of the parts."""

    parts: list[Part] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Return whether anything bars writing."""
        return any_error(self.findings)


@dataclass(frozen=True)
class _Options:
    """What every process has to know, beside its manifests."""

    blueprints: tuple[Path, ...]
    environments: tuple[str, ...]


def build_all(
    selection: Selection,
    blueprints: Iterable[Path] | None,
    environments: Iterable[str] | None,
    jobs: int | None = None,
    cache: Cache | None = None,
    progress: Callable[[int, Path, Part], None] | None = None,
) -> Outcome:
    """Build every manifest that the cache does not know, with the same outcome for any number of `jobs`.

    `progress` is told after each manifest its number, from 1, and what became of it.
    All findings are collected; one name for two workloads is one of them. Where no manifest can be built, or
    a process did not live to the end, that is a finding and the parts end there.
    """
    options = _Options(tuple(blueprints or ()), tuple(environments or ()))
    manifests = selection.manifests
    outcome = Outcome()
    known = {} if cache is None else _known(cache, manifests)
    rest = [manifest for manifest in manifests if manifest not in known]
    try:
        with closing(_parts(options, rest, _processes(jobs, len(rest)))) as built:
            for number, manifest in enumerate(manifests, 1):
                part = known[manifest] if manifest in known else next(built)
                outcome.parts.append(part)
                outcome.products.extend(part.products)
                outcome.findings.extend(part.findings)
                outcome.sources.update(part.sources)
                if progress is not None:
                    progress(number, manifest, part)
    except Rejected as refusal:
        outcome.findings.extend(refusal.findings)
    own = {str(manifest) for manifest in manifests}
    named = selection.others or [workload for part in outcome.parts for workload in part.workloads]
    outcome.findings.extend(finding for finding in duplicates(named) if finding.location.file in own)
    return outcome


def _known(cache: Cache, manifests: Iterable[Path]) -> dict[Path, Part]:
    """Return the parts of manifests for which there is nothing to do."""
    found = {manifest: cache.find(str(manifest)) for manifest in manifests}
    return {manifest: _part_of(manifest, all_) for manifest, all_ in found.items() if all_ is not None}


def _part_of(manifest: Path, known: Iterable[Known]) -> Part:
    products = tuple(
        Product(module.name, Location(str(manifest), *module.place), None, module.summary) for module in known
    )
    return Part(products, tuple((product.workload, product.place) for product in products), (), {})


def open_cache(output: Path | None, blueprints: Iterable[Path] | None, environments: Iterable[str] | None) -> Cache:
    """Return the cache for a command's options; without an `output` nothing is written."""
    return Cache(
        Options("" if output is None else str(output), tuple(map(str, blueprints or ())), tuple(environments or ()))
    )


def remember(cache: Cache, manifests: Sequence[Path], outcome: Outcome, output: Path | None) -> None:
    """Let the cache know about manifests without findings, and what their folders have to hold."""
    for manifest, part in zip(manifests, outcome.parts, strict=True):
        if not part.findings and all(product.module for product in part.products):
            made = dict(_made(product, output) for product in part.products)
            until = min((product.until for product in part.products if product.until), default="")
            cache.remember(str(manifest), made, until)


def _made(product: Product, output: Path | None) -> tuple[Known, Mapping[str, bytes]]:
    files = contents(product.module) if product.module and output is not None else {}
    folder = "" if output is None else str(output / product.workload)
    at = product.place
    place = at.line, at.column, at.end_line, at.end_column
    return Known(product.workload, place, product.summary, folder, tuple(files)), files


def _processes(jobs: int | None, manifests: int) -> int:
    return min(cpus(), manifests // _EACH) if jobs is None else min(jobs, manifests)


def _parts(options: _Options, manifests: Sequence[Path], processes: int) -> Generator[Part]:
    """Build each manifest, and yield the results in their order."""
    if processes <= 1:
        with Pipeline(options.blueprints, options.environments) as pipeline:
            yield from (_part(pipeline, manifest) for manifest in manifests)
        return
    from rolewright.batch.processes import spread  # noqa: PLC0415 - multiprocessing is slow to import

    # Before there are several: a folder of blueprints that is none is one finding, and a process that
    # is made by a fork has what was read here.
    _pipeline(options)
    done = 0
    try:
        for part in spread(_work, [(options, manifest) for manifest in manifests], processes):
            done += 1
            yield part
    except ChildProcessError:
        raise Rejected([_died(manifests[done])]) from None


def _work(task: tuple[_Options, Path]) -> Part:
    """Build one manifest, in a process of several."""
    options, manifest = task
    return _part(_pipeline(options), manifest)


@cache
def _pipeline(options: _Options) -> Pipeline:
    """Return the pipeline of this process, which lasts as long as the process."""
    return Pipeline(options.blueprints, options.environments)


def _part(pipeline: Pipeline, manifest: Path) -> Part:
    begun = perf_counter()
    products: list[Product] = []
    findings: list[Finding] = []
    try:
        for built in pipeline.run(manifest):
            workload = built.workload
            findings += built.findings
            until = min((accepted.until for accepted in workload.suppressions if accepted.until), default="")
            products.append(Product(workload.name, workload.locate("workload"), built.module, _summary(built), until))
    except Rejected as refusal:
        findings += refusal.findings
    named = [(product.workload, product.place) for product in products] if not findings else workloads(manifest)
    shown = {finding.location.file for finding in findings}
    sources = {file: text for file, text in pipeline.sources.items() if file in shown}
    return Part(tuple(products), tuple(named), tuple(findings), sources, perf_counter() - begun)


def _died(manifest: Path) -> Finding:
    return Finding(
        "process-died",
        "a process that built manifests was killed, perhaps because memory ran out; this manifest was not built",
        "render fewer manifests at a time, or use a smaller --jobs",
        Location(str(manifest)),
    )


def _summary(built: Built) -> str:
    """Say what was proven of a workload, and what was not; "" if nothing was, because it is refused."""
    if not built.proofs:
        return ""
    proofs = built.proofs
    roles, permissions = len(built.roles), proofs[0].permissions
    where = f" in {', '.join(p.environment for p in proofs)}" if proofs[0].environment else ""
    kinds = sorted({kind for proof in proofs for kind in proof.not_applied})
    missing = f"; not applied to moto: {', '.join(kinds)}" if kinds else ""
    promised = f", {_counted(proofs[0].promises, 'promise')} kept" if proofs[0].promises else ""
    return (
        f"{_counted(roles, 'role')} proven to allow exactly {_counted(permissions, 'permission')}{where}{promised}, "
        f"{_counted(proofs[0].applied, 'resource')} applied to moto{missing}{_exclusive(built)}{_agreements(built)}"
    )


def _exclusive(built: Built) -> str:
    """Say whom an apply takes something away from, which nobody would expect of a new module."""
    owned = built.workload.exclusive and built.roles
    return "; an apply removes policies that others attach to its roles (exclusive)" if owned else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _agreements(built: Built) -> str:
    """Say what is of no use until somebody else agrees, and where to find what they have to add."""
    others = sorted({f"the {policy.to} of {policy.resource}" for policy in built.declaration.required_policies})
    return f"; needs a permission from the owner of {', '.join(others)}: see README.md" if others else ""
