"""Building several manifests, as `render` and `validate` do."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

from rolewright.finding import Finding, Rejected, Severity
from rolewright.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from rolewright.pipeline import Built


@dataclass
class Outcome:
    """What became of the manifests of a run."""

    built: list[Built] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether anything bars writing."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def build_all(
    manifests: Sequence[Path], blueprints: Iterable[Path] | None, environments: Collection[str] | None
) -> Outcome:
    """Build every manifest. All findings are collected; one name for two workloads is one of them."""
    outcome = Outcome()
    with Pipeline(blueprints or (), environments or ()) as pipeline:
        outcome.sources = pipeline.sources
        for number, manifest in enumerate(manifests, 1):
            if len(manifests) > 20 and sys.stderr.isatty():
                typer.echo(f"\r{number}/{len(manifests)}", nl=number == len(manifests), err=True)
            try:
                for built in pipeline.run(manifest):
                    outcome.built.append(built)
                    outcome.findings.extend(built.findings)
            except Rejected as refusal:
                outcome.findings.extend(refusal.findings)
    outcome.findings.extend(_duplicates(outcome.built))
    return outcome


def _duplicates(built: Sequence[Built]) -> Iterable[Finding]:
    seen: dict[str, Built] = {}
    for one in built:
        place = one.workload.locate("workload")
        if one.workload.name in seen and seen[one.workload.name].workload.file != one.workload.file:
            yield Finding(
                "manifest-duplicate-workload",
                f"{one.workload.name} is also described in {seen[one.workload.name].workload.file}, "
                "and both would be written to the same folder",
                "give one of them another name",
                place,
                "workload",
            )
        seen.setdefault(one.workload.name, one)
