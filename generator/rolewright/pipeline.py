"""The spine: from a manifest to proven text, stage by stage.

load → read_manifest → derive_grants → build_roles → render → parse → check → evaluate → apply → prove.
Each stage returns its own frozen type or raises Rejected with all its findings; nothing here prints or writes.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Finding, Location, Rejected, Related, Severity, any_error
from rolewright.grants.granted import granted
from rolewright.manifest.read import read_manifest
from rolewright.manifest.symbolic import symbolic, without_symbols
from rolewright.render.module import Rendered, render_credentials, render_workload
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from rolewright.core.model import Declaration, Environment, Module, Suppression, Workload
    from rolewright.hcl.syntax import ParsedModule
    from rolewright.prove.proof import Proof
    from rolewright.prove.sandbox import Moto
    from rolewright.yaml.load import Document


@dataclass(frozen=True)
class Built(Rendered):
    """One workload's module, with what was found and proven about it. An error among `findings` bars writing."""

    findings: tuple[Finding, ...]
    proofs: tuple[Proof, ...]

    @property
    def refused(self) -> bool:
        """Return whether it must not be written."""
        return any_error(self.findings)


class Pipeline:
    """The stages with what they share over many manifests: the catalog, its templates, one moto."""

    def __init__(self, blueprints: Iterable[Path] = (), environments: Collection[str] = ()) -> None:
        self.catalog = load_catalog(tuple(blueprints))
        self._templates = Templates(self.catalog)
        self._only = environments
        self._stack = ExitStack()
        self.sources: dict[str, str] = {}

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @cached_property
    def _moto(self) -> Moto:
        from rolewright.prove.sandbox import open_sandbox  # noqa: PLC0415 - moto is slow to import

        return self._stack.enter_context(open_sandbox())

    def run(self, path: Path) -> Iterator[Built]:
        """Build every workload of a manifest file. Raises Rejected where it cannot be rendered."""
        document = self.read(path)
        for workload in read_manifest(document, self.catalog):
            yield self.build(workload)

    def modules(self, manifests: Iterable[Path]) -> tuple[list[Built], list[Finding]]:
        """Build the workloads of several files, each file once, and return them with all that was found.

        The findings are those of refused manifests, of the modules, and of one name for the workloads of two files.
        """
        modules: list[Built] = []
        findings: list[Finding] = []
        for manifest in dict.fromkeys(manifests):
            try:
                modules += self.run(manifest)
            except Rejected as refusal:
                findings += refusal.findings
        findings += [finding for built in modules for finding in built.findings]
        findings += duplicates((built.workload.name, built.workload.locate("workload")) for built in modules)
        return modules, findings

    def credentials(self, path: Path) -> Iterator[tuple[Workload, str]]:
        """Say how the code of each workload of a file gets its credentials; "" where its compute type does not say.

        Raises Rejected where the manifest is refused.
        """
        for workload in read_manifest(self.read(path), self.catalog):
            declaration, roles = granted(workload, self.catalog)
            yield workload, render_credentials(workload, declaration, roles, self.catalog, self._templates)

    def rendered(self, path: Path) -> Iterator[Rendered]:
        """Render every workload of a file. Raises Rejected as `run` does."""
        return map(self.render, read_manifest(self.read(path), self.catalog))

    def render(self, workload: Workload) -> Rendered:
        """Render one workload. Raises Rejected where it declares what cannot be, or a blueprint is broken."""
        return render_workload(workload, self.catalog, self._templates)

    def errors(self, document: Document, index: int) -> tuple[Finding, ...]:
        """Build and prove one workload of a document, and return what bars it from being written.

        Raises Rejected where it cannot be rendered.
        """
        built = self.build(read_manifest(document, self.catalog)[index])
        return tuple(finding for finding in built.findings if finding.severity is Severity.ERROR)

    def read(self, path: Path) -> Document:
        """Read the file as a document; its text is kept, to show lines of it."""
        document = load(path, fixes=True)
        self.sources[document.file] = document.text
        return document

    def build(self, workload: Workload) -> Built:
        """Render, check and prove one workload."""
        from rolewright.hcl.syntax import ParsedModule  # noqa: PLC0415 - a refused manifest needs none

        judged = self._limited(workload)
        rendered = self.render(workload)
        declaration, module = rendered.declaration, rendered.module
        try:
            findings, proofs = self._judge(module, declaration, judged)
        except Rejected as refusal:  # what cannot be read back has its comments all the same
            unread = ParsedModule(module.files, (), {})
            raise Rejected(locate(finding, unread, workload) for finding in refusal.findings) from None
        everywhere = not self._only and len(proofs) == len(workload.environments)
        kept = (*_open(findings, workload), *_idle(findings, workload, everywhere=everywhere))
        return Built(workload, declaration, rendered.roles, module, kept, tuple(proofs))

    def _judge(self, module: Module, declaration: Declaration, workload: Workload) -> tuple[list[Finding], list[Proof]]:
        """Return what the checks and the proof find in the text, and the proofs."""
        from rolewright.hcl.parse import parse  # noqa: PLC0415 - slow to import, as is its library

        parsed = parse(module)
        findings = [*workload.warnings, *(locate(finding, parsed, workload) for finding in _checked(parsed))]
        proofs: list[Proof] = []
        # What was accepted must not keep the proof from its work: nothing is written unproven.
        if not any_error(_open(findings, workload)):
            proofs = list(self._prove(parsed, declaration, workload))
            findings += [locate(finding, parsed, workload) for proof in proofs for finding in proof.findings]
        return list(dict.fromkeys(findings)), proofs

    def _limited(self, workload: Workload) -> Workload:
        """Return the workload with the environments that are to be judged; all of them are rendered."""
        if not self._only:
            return workload
        kept = tuple(e for e in workload.environments if e.name in self._only)
        if not kept:
            known = ", ".join(e.name for e in workload.environments if e.name) or "none"
            raise Rejected(
                [
                    Finding(
                        "environment-unknown",
                        f"{workload.name} has no environment {' or '.join(sorted(self._only))}",
                        f"its environments: {known}",
                        workload.locate("environments"),
                    )
                ]
            )
        return replace(workload, environments=kept)

    def _prove(self, parsed: ParsedModule, declaration: Declaration, workload: Workload) -> Iterator[Proof]:
        from rolewright.prove.evaluate import evaluate  # noqa: PLC0415 - a refused manifest needs no prover
        from rolewright.prove.proof import prove  # noqa: PLC0415

        for environment in workload.environments:
            evaluated = evaluate(parsed, environment)
            sandbox = self._moto.apply(evaluated, environment)
            proof = prove(evaluated, sandbox, declaration, workload.boundary, environment)
            findings = [*evaluated.problems, *proof.findings]
            if not any_error(findings):
                findings += _for_every_input(parsed, declaration, workload, environment)
            yield replace(proof, findings=tuple(findings))


def _for_every_input(
    parsed: ParsedModule, declaration: Declaration, workload: Workload, environment: Environment
) -> Iterator[Finding]:
    """Yield what does not hold for every value of the inputs, which moto saw one of alone."""
    from rolewright.prove.evaluate import evaluate  # noqa: PLC0415 - as above
    from rolewright.prove.proof import NOTHING_APPLIED, prove  # noqa: PLC0415

    for anywhere in symbolic(environment, workload.inputs):
        try:
            evaluated = evaluate(parsed, anywhere)
            found = prove(evaluated, NOTHING_APPLIED, declaration, workload.boundary, anywhere).findings
            found = (*evaluated.problems, *found)
        except Rejected as refusal:
            found = tuple(refusal.findings)
        for finding in found:
            message = f"for some value of an input: {finding.message}"
            yield replace(finding, message=without_symbols(message, workload.inputs))


def duplicates(workloads: Iterable[tuple[str, Location]]) -> Iterator[Finding]:
    """Find each name that workloads of two manifests have; given are the names, with the places where they stand."""
    seen: dict[str, Location] = {}
    for name, place in workloads:
        first = seen.setdefault(name, place)
        if first.file != place.file:
            yield Finding(
                "manifest-duplicate-workload",
                f"{name} is also described in {first.file}, and both would be written to the same folder",
                "give one of them another name",
                place,
                "workload",
            )


def _checked(parsed: ParsedModule) -> Iterator[Finding]:
    from rolewright.check.provider import check_provider  # noqa: PLC0415
    from rolewright.check.rule import check_rules, rules  # noqa: PLC0415

    yield from check_provider(parsed)
    yield from check_rules(parsed, rules())


def locate(finding: Finding, parsed: ParsedModule, workload: Workload) -> Finding:
    """Move a finding in the HCL to the manifest line that the text names; the HCL line stays as related."""
    place = finding.location
    related = tuple(
        replace(r, location=_in_module(r.location, workload)) if r.location.file in parsed.files else r
        for r in finding.related
    )
    if place.file not in parsed.files:
        return replace(finding, related=related)
    path = finding.path or parsed.origin(place.file, place.line)
    related = (*related, Related(_in_module(place, workload), "seen in the rendered module"))
    return replace(finding, location=workload.locate(path or "compute"), path=path, related=related)


def _in_module(place: Location, workload: Workload) -> Location:
    return replace(place, file=f"{workload.name}/{place.file}")


def _accepted(finding: Finding, suppression: Suppression) -> bool:
    """Return whether a suppression covers a finding today."""
    return _covers(suppression, finding) and not _over(suppression)


def _covers(suppression: Suppression, finding: Finding) -> bool:
    here = finding.path == suppression.at or finding.path.startswith(suppression.at + ".")
    return here and suppression.rule == finding.rule


def _over(suppression: Suppression) -> bool:
    return bool(suppression.until) and suppression.until < datetime.now(UTC).date().isoformat()


def _open(findings: Iterable[Finding], workload: Workload) -> Iterator[Finding]:
    """Return the findings that nobody accepted."""
    return (
        finding
        for finding in findings
        if not any(_accepted(finding, suppression) for suppression in workload.suppressions)
    )


def _idle(findings: Iterable[Finding], workload: Workload, *, everywhere: bool) -> Iterator[Finding]:
    """Yield each suppression that is over, or that nothing needs.

    It is certain that nothing needs one only if all was judged `everywhere`, and whoever sees that one is over
    may want to go on accepting what it is about.
    """
    known = tuple(findings)
    for suppression in workload.suppressions:
        if not any(_accepted(finding, suppression) for finding in known):
            needless = everywhere and not any(_covers(suppression, finding) for finding in known)
            yield Finding(
                "suppression-unused",
                f"this suppression of {suppression.rule} ended on {suppression.until}"
                if _over(suppression)
                else f"there is no {suppression.rule} finding here to suppress",
                "review the finding again, then remove the entry or give it a later `until`"
                if _over(suppression)
                else "remove it",
                suppression.location,
                severity=Severity.WARNING,
                fix=suppression.removal if needless else (),
            )
