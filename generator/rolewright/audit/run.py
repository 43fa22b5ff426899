"""One run of the audit: what is asked for → findings, a draft, a checklist, a baseline. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rolewright.audit.baseline import baseline_text, beyond, read_baseline
from rolewright.audit.checklist import checklist
from rolewright.audit.containers import NOT_READ
from rolewright.audit.files import files_in
from rolewright.audit.scan import scan
from rolewright.core.files import is_there
from rolewright.core.finding import MisuseError, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from rolewright.audit.baseline import Acceptance
    from rolewright.core.finding import Finding
    from rolewright.suggest.from_code import WorkloadCode


@dataclass(frozen=True)
class AuditRequest:
    """The paths and images to look at, and the results that are asked for.

    `compute` is what the drafted code runs on, or None where its files have to tell. With an `acceptance` what is
    found goes to the baseline. With `strict` what was not read counts as a warning.
    """

    paths: tuple[Path, ...]
    images: tuple[Path, ...] = ()
    git_history: bool = False
    strict: bool = False
    baseline: Path | None = None
    acceptance: Acceptance | None = None
    blueprints: tuple[Path, ...] = ()
    drafts: bool = False
    compute: str | None = None
    lists: bool = False


@dataclass(frozen=True)
class CodeDraft:
    """A manifest for the code of each path: of those that call AWS, and those in which no call was found."""

    text: str
    calling: tuple[WorkloadCode, ...]
    silent: tuple[WorkloadCode, ...]


@dataclass(frozen=True)
class AuditResult:
    """The results of an audit; None for one not asked for. Given a `baseline`, the findings are those it accepts."""

    findings: tuple[Finding, ...]
    looked_at: int
    draft: CodeDraft | None = None
    checklist: str | None = None
    baseline: str | None = None

    @property
    def unread(self) -> int:
        """Return the number of files that were not read."""
        return len({finding.location.file for finding in self.findings if finding.rule in ("unreadable", NOT_READ)})


def run_audit(request: AuditRequest, today: date) -> AuditResult:
    """Look at everything that a request names. Raises Rejected, and MisuseError for a type that is no compute type."""
    accepted = {}
    if request.baseline is not None and (request.acceptance is None or is_there(request.baseline)):
        accepted = read_baseline(request.baseline)
    scanned = scan(request.paths, request.images, git_history=request.git_history)
    found = list(scanned.findings)
    workloads = _workloads(request.paths) if request.drafts or request.lists else []
    draft = _draft(workloads, request) if request.drafts else None
    listed = checklist(found, workloads) if request.lists else None
    if draft is not None:
        from rolewright.suggest.from_code import not_told  # noqa: PLC0415 - as below

        found += (finding for workload in workloads for finding in not_told(workload))
    if request.acceptance is not None:
        text = baseline_text(found, accepted, request.acceptance)
        return AuditResult(tuple(found), scanned.looked_at, draft, listed, text)
    if request.strict:
        found = [replace(f, severity=Severity.WARNING) if f.rule == NOT_READ else f for f in found]
    if request.baseline is not None:
        found = beyond(found, accepted, request.baseline, today)
    return AuditResult(tuple(found), scanned.looked_at, draft, listed)


def _workloads(paths: Sequence[Path]) -> list[WorkloadCode]:
    """Read the code of each path, each for a workload with a name of its own."""
    from rolewright.suggest.from_code import read_code  # noqa: PLC0415 - reads code, which few runs ask for

    workloads: list[WorkloadCode] = []
    for path in dict.fromkeys(paths):
        workloads.append(read_code(path, files_in(path), [workload.name for workload in workloads]))
    return workloads


def _draft(workloads: Sequence[WorkloadCode], request: AuditRequest) -> CodeDraft:
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - as above
    from rolewright.suggest.compute_type import require_compute  # noqa: PLC0415 - as above
    from rolewright.suggest.from_code import manifest_of  # noqa: PLC0415 - as above

    catalog, compute = load_catalog(request.blueprints), request.compute
    if compute is not None:
        require_compute(compute, catalog)
        if not catalog.computes[compute].has_code:
            raise MisuseError(f"a {compute} has no code of its own: give the type that the code runs on")
    calling = tuple(workload for workload in workloads if workload.permissions or workload.unmapped)
    text = "---\n".join(manifest_of(workload, catalog, compute) for workload in calling)
    return CodeDraft(text, calling, tuple(workload for workload in workloads if workload not in calling))
