"""Writing what a run has built, as `render` does: many modules at once, and none while one manifest has an error."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rolewright.batch.build import remember
from rolewright.core.files import is_link
from rolewright.core.finding import Finding, Location, Rejected
from rolewright.write.module import WriteResult, write

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rolewright.batch.build import Outcome, Product
    from rolewright.batch.cache import Cache

_WRITERS = 8


@dataclass(frozen=True)
class Written:
    """The modules of a run that were written or compared, and the findings on those that could not be."""

    results: tuple[tuple[Product, WriteResult], ...]
    findings: tuple[Finding, ...]
    complete: bool

    @property
    def stale(self) -> bool:
        """Return whether any module differs from its folder, and was only compared with it."""
        return any(result.status == "stale" for _, result in self.results)


def refuse_link(output: Path) -> None:
    """Raise Rejected where the folder for the modules is a link."""
    if is_link(output):
        message = f"{output} is a symbolic link, and rolewright does not write through links"
        raise Rejected([Finding("write-link", message, "give the folder that it points to", Location(str(output)))])


def write_all(
    outcome: Outcome, manifests: Sequence[Path], output: Path, cache: Cache, *, check: bool, force: bool
) -> Written:
    """Write the module of each product to its folder in `output`, or with `check` only compare the two.

    Nothing is written where the outcome is refused. What stands in the way of one module does not keep the others
    from being written. The cache gets to know the manifests of a run in which everything is current afterwards.
    """
    if outcome.refused:
        return Written((), (), complete=False)
    results: list[tuple[Product, WriteResult]] = []
    findings: list[Finding] = []
    written = partial(_write, output=output, check=check, force=force)
    # A write waits for the disk most of the time, and the disk takes many at once.
    with ThreadPoolExecutor(_WRITERS) as pool:
        for product, result in zip(outcome.products, pool.map(written, outcome.products), strict=True):
            if isinstance(result, Rejected):
                findings.extend(result.findings)
            else:
                results.append((product, result))
    complete = len(results) == len(outcome.products)
    if complete and not any(result.beside for _, result in results):  # what is beside a module is said every time
        remember(cache, manifests, outcome, output)
    return Written(tuple(results), tuple(findings), complete)


def _write(product: Product, *, output: Path, check: bool, force: bool) -> WriteResult | Rejected:
    if product.module is None:
        return WriteResult("unchanged")
    try:
        return write(product.module, output / product.workload, check_only=check, force=force)
    except Rejected as refusal:
        return refusal
