"""`rolewright audit`: access keys and their use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, FindingsFormat, FindingsFormatOption, Quiet, report, say, say_next
from rolewright.cli.files import write_file
from rolewright.cli.given import compute_types, require_there
from rolewright.core.day import read_day
from rolewright.core.files import is_there
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from rolewright.audit.baseline import Acceptance
    from rolewright.audit.run import AuditRequest, AuditResult, CodeDraft

Paths = Annotated[
    list[Path] | None, typer.Argument(metavar="PATH...", help="Files and folders to search.", show_default=False)
]
Images = Annotated[
    list[Path] | None,
    typer.Option("--image", metavar="FILE", help="Container image as a file (docker save or OCI layout); repeatable."),
]
GitHistory = Annotated[
    bool, typer.Option("--git-history", help="Also search every commit of the git repositories that the paths are in.")
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="File of accepted findings, which are not reported again."),
]
Accept = Annotated[
    str | None,
    typer.Option(
        "--accept", metavar="REASON", help="Accept everything found: write it to the baseline with this reason."
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DAY", help="With --accept: last day of the acceptance, for example 2027-06-30."),
]
Drafted = Annotated[
    Path | None,
    typer.Option("--draft", metavar="FILE", help="Write a manifest with the access that the code's AWS calls need."),
]
Compute = Annotated[
    str | None,
    typer.Option(
        "--type",
        metavar="TYPE",
        help="With --draft: compute type, where the code's files do not show it.",
        autocompletion=compute_types,
    ),
]
Checklist = Annotated[
    Path | None,
    typer.Option("--checklist", metavar="FILE", help="Write a Markdown checklist of what to do about each key."),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Also exit 1 if something was not read, such as an archive or a compressed file."),
]


def audit(
    paths: Paths = None,
    image: Images = None,
    git_history: GitHistory = False,
    baseline: Baseline = None,
    accept: Accept = None,
    until: Until = None,
    draft: Drafted = None,
    type_: Compute = None,
    checklist: Checklist = None,
    strict: Strict = False,
    blueprints: Blueprints = None,
    format_: FindingsFormatOption = FindingsFormat.TEXT,
    quiet: Quiet = False,
) -> None:
    """Find access keys and the code that uses them: in code, settings, state, images and git history.

    Nothing is sent anywhere, and no secret is shown: the account comes from the key's id, and a secret is identified by
    the first characters of its SHA-256. Lines with `rolewright:allow REASON` are skipped. Archives and compressed files
    are listed, not read.

    With --draft each PATH is treated as one workload: its AWS SDK calls become the resources and verbs of a manifest.
    Where the code does not show enough, the draft is incomplete: a comment and a warning say what is missing.

    Exits 1 for any error or warning.

    \b
    Examples:
      rolewright audit .
      rolewright audit . --git-history --checklist keys.md
    """
    from rolewright.audit.run import AuditRequest, run_audit  # noqa: PLC0415 - only this command needs it

    looked_at, images = tuple(paths or ()), tuple(image or ())
    if not looked_at and not images:
        raise typer.BadParameter("give at least one PATH or --image FILE")
    acceptance = _acceptance(accept, until, baseline)
    require_there([*looked_at, *images])
    for output in filter(None, (draft, checklist)):
        if is_there(output):
            raise typer.BadParameter(f"{output} already exists and may hold your edits: give another file name")
    request = AuditRequest(
        looked_at, images, git_history, strict, baseline, acceptance, tuple(blueprints or ()),
        drafts=draft is not None, compute=type_, lists=checklist is not None,
    )  # fmt: skip
    result = run_audit(request, datetime.now(UTC).date())
    if draft is not None and result.draft is not None:
        _write_draft(draft, result.draft)
    if checklist is not None and result.checklist is not None:
        write_file(checklist, result.checklist)
        say(f"{checklist}: written", err=True)
    if baseline is not None and acceptance is not None and result.baseline is not None:
        write_file(baseline, result.baseline)
        say(f"{baseline}: {_counted(len(result.findings), 'finding')} accepted until {acceptance.until}", err=True)
        return
    report(result.findings, {}, format_)
    if format_ is FindingsFormat.TEXT and not quiet:
        _say_what_was_read(request, result)
    if any(finding.severity is not Severity.NOTE for finding in result.findings):
        raise typer.Exit(1)


def _say_what_was_read(request: AuditRequest, result: AuditResult) -> None:
    if not request.git_history and any(is_there(path / ".git") for path in request.paths):
        say("git history was not searched: add --git-history")
    unread = f", {result.unread} not read" if result.unread else ""
    say(f"{_counted(result.looked_at, 'file')} searched{unread}")
    if result.findings:
        say_next("`rolewright audit … --checklist FILE` lists what to do about each; `rolewright migrate` tracks it")


def _acceptance(accept: str | None, until: str | None, baseline: Path | None) -> Acceptance | None:
    from rolewright.audit.baseline import Acceptance  # noqa: PLC0415 - only this option needs it

    if accept is None and until is None:
        return None
    if accept is None or until is None or baseline is None or not accept.strip():
        raise typer.BadParameter("--accept REASON and --until DAY need each other and --baseline FILE")
    return Acceptance(accept, read_day(until))


def _write_draft(output: Path, draft: CodeDraft) -> None:
    if draft.calling:
        write_file(output, draft.text)
    for code in draft.calling:
        counted = (
            f"{_counted(len(code.permissions), 'permission')} found, {_counted(len(code.unmapped), 'place')} unclear"
        )
        say(f"{output}: {code.name}: {counted}{'' if code.is_complete else ': incomplete'}", err=True)
    for code in draft.silent if not draft.calling else ():
        say(f"no AWS SDK call was found in {code.folder}: nothing was written", err=True)


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"
