"""Fixes of manifests that are certain, applied to their files: they keep comments, layout, line ends and encoding."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.core.files import UnreadableError, read_bytes
from rolewright.core.finding import Edit, Finding, Location, Rejected
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.write.in_place import replace_content
from rolewright.yaml.edit import applied
from rolewright.yaml.load import MAX_BYTES, loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MOST = 100
"""The fixes of one manifest in one run: it is read again after each."""
_LINE_END = re.compile(r"\r\n?|\n")


@dataclass(frozen=True)
class Fixed:
    """A finding that is fixed: its message, and its place in the text as it was just before."""

    location: Location
    message: str


def fix_manifests(manifests: Iterable[Path], blueprints: Iterable[Path] = ()) -> Iterator[Fixed | Finding]:
    """Apply every fix that is certain to the files, and yield each once its file is written.

    A file that cannot be written is a finding, and does not keep the others from being fixed. One that cannot be read
    as text is left as it is. Raises Rejected where a blueprint is refused.
    """
    with Pipeline(blueprints) as pipeline:
        fixer = _Fixer(pipeline)
        for manifest in manifests:
            try:
                content = read_bytes(manifest, MAX_BYTES)
                text = content.decode("utf-8")
            except (UnreadableError, UnicodeDecodeError):
                continue
            after, fixed = fixer.fixed(text, str(manifest))
            try:
                if fixed:
                    replace_content(manifest, content, after.encode("utf-8"))
            except Rejected as refusal:
                yield from refusal.findings
                continue
            yield from fixed


class _Fixer:
    """Fixes the texts of manifests against one catalog."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def fixed(self, written: str, file: str) -> tuple[str, list[Fixed]]:
        """Return a file's text with the fixes, and what they were of."""
        done: list[Fixed] = []
        spoiling: set[tuple[str, str, str]] = set()
        findings = self._findings(written, file)
        while len(done) < _MOST:
            finding = next((found for found in findings if found.fix and _identity(found) not in spoiling), None)
            if finding is None:
                break
            text = applied(written, _edits_as_written(written, finding.fix))
            left = self._findings(text, file)
            if _spoils(finding, findings, left):
                spoiling.add(_identity(finding))
                continue
            written, findings = text, left
            done.append(Fixed(finding.location, finding.message))
        return written, done

    def _findings(self, written: str, file: str) -> tuple[Finding, ...]:
        """Return what is wrong with a manifest. It is proven only where it accepts findings, some perhaps in vain."""
        try:
            workloads = read_manifest(loads(written, file, fixes=True), self._pipeline.catalog)
            judged = [self._pipeline.build(workload) for workload in workloads if workload.suppressions]
        except Rejected as refusal:
            return refusal.findings
        return tuple(finding for built in judged for finding in built.findings)


def _identity(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.path, finding.message


def _spoils(fixed: Finding, before: Iterable[Finding], after: Iterable[Finding]) -> bool:
    """Return whether a fix did not remove its finding, or brought one that was not merely hidden behind it.

    Below the place of a fix, or once the text can be read, more may come to light. A text that could be read has to
    remain so, and what is fixed must be right itself and beside what is around it.
    """
    counted, left = Counter(map(_identity, before)), Counter(map(_identity, after))
    if left[_identity(fixed)] >= counted[_identity(fixed)]:
        return True
    unreadable = fixed.rule.startswith("source-")
    around = fixed.path.rpartition(".")[0]
    for finding in after:
        if finding.fix or left[_identity(finding)] <= counted[_identity(finding)]:
            continue
        if finding.rule.startswith("source-") and (not unreadable or finding.location <= fixed.location):
            return True
        if not unreadable and finding.path in _places(fixed, around):
            return True
    return False


def _places(fixed: Finding, around: str) -> set[str]:
    """Return the paths of what is fixed, under its old name or its new one, and of the mapping that it is in."""
    named = {".".join(filter(None, (around, edit.text))) for edit in fixed.fix}
    return {fixed.path, around, *named}


def _edits_as_written(written: str, edits: Iterable[Edit]) -> list[Edit]:
    """Return edits of a text without byte order mark and with "\\n" line ends as edits of the text as it is written."""
    mark = codecs.BOM_UTF8.decode()
    begin = len(mark) if written.startswith(mark) else 0
    found = _LINE_END.search(written)
    line_end = found[0] if found else "\n"
    characters = re.finditer(r"\r\n?|[^\r]", written[begin:], re.DOTALL)
    places = [begin, *(begin + character.end() for character in characters)]
    return [Edit(places[edit.start], places[edit.end], edit.text.replace("\n", line_end)) for edit in edits]
