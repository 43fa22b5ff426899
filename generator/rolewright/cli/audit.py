"""`rolewright audit`: access keys and their use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, FindingsFormat, FindingsFormatOption, report, say
from rolewright.cli.files import require_there, write_file
from rolewright.core.day import read_day
from rolewright.core.files import is_there
from rolewright.core.finding import Severity

if TYPE_CHECKING:
    from rolewright.audit.baseline import Acceptance
    from rolewright.audit.run import AuditRequest, AuditResult, CodeDraft

Paths = Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Files and folders.", show_default=False)]
Images = Annotated[
    list[Path] | None,
    typer.Option("--image", metavar="FILE", help="An image, as docker save or OCI writes it; several times."),
]
GitHistory = Annotated[
    bool, typer.Option("--git-history", help="Also every commit of the repositories that the paths are in.")
]
Baseline = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Findings that were accepted before.")
]
Accept = Annotated[
    str | None,
    typer.Option("--accept", metavar="REASON", help="Write what is found to the baseline, for this reason."),
]
Until = Annotated[
    str | None, typer.Option("--until", metavar="DAY", help="With --accept: the last day on which it holds.")
]
Drafted = Annotated[
    Path | None,
    typer.Option("--draft", metavar="FILE", help="Write the manifest that the code's calls of AWS ask for."),
]
Compute = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="With --draft: what the code runs on, where its files do not tell."),
]
Checklist = Annotated[
    Path | None,
    typer.Option("--checklist", metavar="FILE", help="Write what is to be done for each key, as Markdown."),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit 1 also where something was not read: an archive, a compressed file.")
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
) -> None:
    """Find access keys, and what uses them: in code, settings, state, images and history.

    Nothing is sent anywhere, and no secret is shown: the account is read from the key's id, and a secret is told by the
    beginning of its SHA-256. A line with `rolewright:allow REASON` is passed over. With --draft each PATH is taken for
    a workload: the calls of AWS's SDK in its code become the resources and verbs of a manifest, and what the code does
    not tell is said, in comments and as a warning: the draft is incomplete then. Archives and compressed files are
    named, not read. Exits 1 where something is found, be it an error or a warning.
    """
    from rolewright.audit.run import AuditRequest, run_audit  # noqa: PLC0415 - only this command needs it

    looked_at, images = tuple(paths or ()), tuple(image or ())
    if not looked_at and not images:
        raise typer.BadParameter("give files or folders, or --image")
    acceptance = _acceptance(accept, until, baseline)
    require_there([*looked_at, *images])
    for output in filter(None, (draft, checklist)):
        if is_there(output):
            raise typer.BadParameter(f"{output} is there, and may have been filled in: name another file")
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
    if format_ is FindingsFormat.TEXT:
        _say_what_was_read(request, result)
    if any(finding.severity is not Severity.NOTE for finding in result.findings):
        raise typer.Exit(1)


def _say_what_was_read(request: AuditRequest, result: AuditResult) -> None:
    if not request.git_history and any(is_there(path / ".git") for path in request.paths):
        say("the history of git was not looked at: --git-history does")
    unread = f", {result.unread} of them not read" if result.unread else ""
    say(f"{_counted(result.looked_at, 'file')} looked at{unread}")


def _acceptance(accept: str | None, until: str | None, baseline: Path | None) -> Acceptance | None:
    from rolewright.audit.baseline import Acceptance  # noqa: PLC0415 - only this option needs it

    if accept is None and until is None:
        return None
    if accept is None or until is None or baseline is None or not accept.strip():
        raise typer.BadParameter("--accept REASON, --until DAY and --baseline FILE go together")
    return Acceptance(accept, read_day(until))


def _write_draft(output: Path, draft: CodeDraft) -> None:
    if draft.calling:
        write_file(output, draft.text)
    for code in draft.calling:
        counted = f"permissions in its calls: {len(code.permissions)}, places that do not tell: {len(code.unmapped)}"
        say(f"{output}: {code.name}: {counted}{'' if code.is_complete else ': incomplete'}", err=True)
    for code in draft.silent if not draft.calling else ():
        say(f"no call of AWS's SDK was found in {code.folder}: nothing was written", err=True)


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"
