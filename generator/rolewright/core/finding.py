"""Findings: what is wrong, where, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Severity(StrEnum):
    """The severity of a finding. An ERROR stops the run before anything is written."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, order=True)
class Location:
    """A place in a text file. Lines and columns count from 1, the end is exclusive."""

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Related:
    """A second place that helps to understand a finding, such as the HCL line it was seen in."""

    location: Location
    note: str


@dataclass(frozen=True, order=True)
class Edit:
    """A change of a text: `text` replaces the characters from `start` to `end`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Finding:
    """A problem, and how to fix it.

    `rule` is a stable kebab-case name, `message` says what is wrong, `remedy` what to do about it.
    `location` is where the user can fix it: a line of the manifest or of a blueprint.
    `path` is the dotted path in the manifest (`resources.uploads.name`), for `suppress`.
    `subject` names what the finding is about where that is not its place: a key's id, a role.
    `fix` has the edits of the file it is in that remove it and allow nobody anything more, where there are such.
    `shows_lines` says whether a report may show the line that it is in: not where that could have a secret in it.
    """

    rule: str
    message: str
    remedy: str
    location: Location
    path: str = ""
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()
    subject: str = ""
    fix: tuple[Edit, ...] = ()
    shows_lines: bool = True


def any_error(findings: Iterable[Finding]) -> bool:
    """Return whether one of the findings bars what was to be done."""
    return any(finding.severity is Severity.ERROR for finding in findings)


class Rejected(Exception):
    """A stage's refusal, with all findings of that stage.

    `sources` has the texts of files that are not on the disk, such as those of an earlier revision, by their names.
    """

    def __init__(self, findings: Iterable[Finding], sources: Mapping[str, str] | None = None) -> None:
        self.sources = sources or {}
        self.findings = tuple(sorted(findings, key=lambda f: (f.location, f.rule, f.message)))
        super().__init__("; ".join(f"{f.location}: {f.message}" for f in self.findings))


class MisuseError(Exception):
    """A request that makes no sense: a file that is not there, options that exclude each other. The text says which."""
