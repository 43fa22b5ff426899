"""Folders of Terraform → roles that do not fit what they are given to. The rules are those for rendered modules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.audit.finding import closed_finding
from rolewright.check.rule import check_rules, rules
from rolewright.core.files import UnreadableError, read_text
from rolewright.core.finding import Finding, Location, Rejected, Severity
from rolewright.hcl.parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.hcl.syntax import ParsedModule

_RULES = ("missing-execution-role", "trust-compute-mismatch")
_MARKS = ("aws_iam_role", "aws_ecs_task_definition")


@dataclass(frozen=True)
class _Folder:
    files: Mapping[str, str]


def audit_terraform(files: Iterable[str]) -> Iterator[Finding]:
    """Run the rules on each folder whose Terraform files make roles or task definitions."""
    folders: dict[Path, dict[str, str]] = defaultdict(dict)
    for file in files:
        if file.endswith(".tf"):
            path = Path(file)
            try:
                folders[path.parent][path.name] = read_text(path)
            except UnreadableError:
                continue  # reading it for keys has said so, or it is no Terraform
    chosen = [rule for rule in rules() if rule.name in _RULES]
    for folder, texts in folders.items():
        if not any(mark in text for text in texts.values() for mark in _MARKS):
            continue
        try:
            module = parse(_Folder(texts))
            found = [replace(finding, subject=_address(module, finding)) for finding in check_rules(module, chosen)]
        except Rejected as refusal:
            message = "is not readable HCL, so the roles in its folder were not searched"
            found = [
                closed_finding("unreadable", message, "mend it", finding.location, severity=Severity.WARNING)
                for finding in refusal.findings
            ]
        for finding in found:
            place = finding.location
            where = Location(str(folder / place.file), place.line, place.column, place.end_line, place.end_column)
            yield replace(finding, location=where, related=(), shows_lines=False)


def _address(module: ParsedModule, finding: Finding) -> str:
    """Return the address of the block that a finding is in."""
    place = finding.location
    above = (block for block in module.blocks if block.file == place.file and block.line <= place.line)
    return ".".join(max(above, key=lambda block: block.line).labels)
