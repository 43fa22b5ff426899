"""`rolewright audit`: access keys and their use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rolewright.batch.build import cpus
from rolewright.cli.console import Blueprints, FindingsFormat, FindingsFormatOption, report, say
from rolewright.cli.files import require_there
from rolewright.core.files import is_folder, is_there
from rolewright.core.finding import Finding, Location, Rejected, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.suggest.from_code import WorkloadCode

_SHARE = 500
"""Files that a process takes at once; for fewer, another process takes longer to start than it saves."""


def audit(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="PATH...", help="Files and folders.", show_default=False)
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option("--image", metavar="FILE", help="An image, as docker save or OCI writes it; several times."),
    ] = None,
    git_history: Annotated[
        bool, typer.Option("--git-history", help="Also every commit of the repositories that the paths are in.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Findings that were accepted before.")
    ] = None,
    accept: Annotated[
        str | None,
        typer.Option("--accept", metavar="REASON", help="Write what is found to the baseline, for this reason."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="With --accept: the last day on which it holds.")
    ] = None,
    draft: Annotated[
        Path | None,
        typer.Option("--draft", metavar="FILE", help="Write the manifest that the code's calls of AWS ask for."),
    ] = None,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type", metavar="TYPE", help="With --draft: what the code runs on, where its files do not tell."
        ),
    ] = None,
    checklist: Annotated[
        Path | None,
        typer.Option("--checklist", metavar="FILE", help="Write what is to be done for each key, as Markdown."),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 also where something was not read: an archive, a compressed file.")
    ] = False,
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
    if not paths and not image:
        raise typer.BadParameter("give files or folders, or --image")
    end = _until(accept, until, baseline)
    unread = Severity.WARNING if strict else Severity.NOTE
    require_there([*(paths or ()), *(image or ())])
    for output in filter(None, (draft, checklist)):
        if is_there(output):
            raise typer.BadParameter(f"{output} is there, and may have been filled in: name another file")
    today = datetime.now(UTC).date()
    try:
        from rolewright.audit.baseline import beyond, read_baseline  # noqa: PLC0415 - only this command needs it
        from rolewright.audit.containers import NOT_READ  # noqa: PLC0415

        accepted = read_baseline(baseline) if baseline is not None and (accept is None or is_there(baseline)) else {}
        found, count = found_in(paths or [], image or [], git_history=git_history)
    except Rejected as refusal:
        report(refusal.findings, {}, format_)
        raise typer.Exit(1) from None
    if draft is not None or checklist is not None:
        found = [*found, *_workloads(paths or [], found, (draft, type_), checklist, blueprints or [])]
    if accept is not None and end is not None and baseline is not None:
        _accept(baseline, found, accepted, accept, end)
        return
    found = [replace(one, severity=unread) if one.rule == NOT_READ else one for one in found]
    if baseline is not None:
        found = beyond(found, accepted, baseline, today)
    report(found, {}, format_)
    if format_ is FindingsFormat.TEXT:
        if not git_history and any(is_there(path / ".git") for path in paths or []):
            say("the history of git was not looked at: --git-history does")
        say(_looked_at(count, {one.location.file for one in found if one.rule in ("unreadable", NOT_READ)}))
    if any(one.severity is not Severity.NOTE for one in found):
        raise typer.Exit(1)


def _workloads(
    paths: list[Path],
    found: list[Finding],
    asked: tuple[Path | None, str | None],
    list_: Path | None,
    blueprints: list[Path],
) -> list[Finding]:
    """Draft what the code of each path asks for, as a manifest and as a checklist, with what the code does not tell."""
    draft, type_ = asked
    from rolewright.audit.checklist import checklist  # noqa: PLC0415 - only these options need all this
    from rolewright.audit.files import files_in  # noqa: PLC0415
    from rolewright.blueprint import load_catalog  # noqa: PLC0415
    from rolewright.cli.files import write_file  # noqa: PLC0415
    from rolewright.suggest.from_code import manifest_of, not_told, read_code  # noqa: PLC0415

    workloads: list[WorkloadCode] = []
    for path in dict.fromkeys(paths):
        workloads.append(read_code(path, files_in(path), [one.name for one in workloads]))
    if draft is not None:
        catalog = load_catalog(blueprints)
        if type_ is not None and type_ not in catalog.computes:
            raise typer.BadParameter(f"{type_} is no type of compute: {', '.join(catalog.computes)}")
        told = [one for one in workloads if one.permissions or one.unmapped]
        if told:
            write_file(draft, "---\n".join(manifest_of(one, catalog, type_) for one in told))
        for one in told:
            counted = f"permissions in its calls: {len(one.permissions)}, places that do not tell: {len(one.unmapped)}"
            say(f"{draft}: {one.name}: {counted}{'' if one.is_complete else ': incomplete'}", err=True)
        for one in workloads if not told else ():
            say(f"no call of AWS's SDK was found in {one.folder}: nothing was written", err=True)
    if list_ is not None:
        write_file(list_, checklist(found, workloads))
        say(f"{list_}: written", err=True)
    return [finding for one in workloads for finding in not_told(one)] if draft is not None else []


def _looked_at(count: int, unread: set[str]) -> str:
    said = f"{count} file{'s' * (count != 1)} looked at"
    return f"{said}, {len(unread)} of them not read" if unread else said


def _until(accept: str | None, until: str | None, baseline: Path | None) -> date | None:
    if accept is None and until is None:
        return None
    if accept is None or until is None or baseline is None or not accept.strip():
        raise typer.BadParameter("--accept REASON, --until DAY and --baseline FILE go together")
    try:
        return date.fromisoformat(until)
    except ValueError:
        raise typer.BadParameter(f"{until} is no day: write it as 2027-06-30") from None


def found_in(paths: list[Path], images: list[Path], *, git_history: bool) -> tuple[list[Finding], int]:
    """Return the findings of files, folders, images and their history, and the number of files."""
    from rolewright.audit.files import files_in, left_out  # noqa: PLC0415 - only this command needs it

    files = list(dict.fromkeys(file for path in paths for file in files_in(path)))
    shares = [files[start : start + _SHARE] for start in range(0, len(files), _SHARE)]
    processes = min(cpus(), len(shares))
    if processes > 1:
        from rolewright.batch.processes import spread  # noqa: PLC0415 - multiprocessing is slow to import

        try:
            found = [one for part in spread(_share, shares, processes) for one in part]
        except ChildProcessError:
            message, remedy = "a process was killed, perhaps because memory ran out", "look at fewer files at a time"
            raise Rejected([Finding("process-died", message, remedy, Location(str(paths[0])))]) from None
    else:
        found = _share(files)
    if any(file.endswith(".tf") for file in files):
        from rolewright.audit.terraform import audit_terraform  # noqa: PLC0415 - slow to import

        found += audit_terraform(files)
    found += left_out(paths, git_history=git_history)
    found += [one for one in _beside_files(paths if git_history else [], images) if one not in found]
    return found, len(files) + len(images)


def _share(files: list[str]) -> list[Finding]:
    from rolewright.audit.files import audit_file  # noqa: PLC0415 - only this command needs it

    return [one for file in files for one in audit_file(file)]


def _beside_files(folders: list[Path], images: list[Path]) -> Iterator[Finding]:
    if folders:
        from rolewright.audit.history import audit_history  # noqa: PLC0415

        for folder in dict.fromkeys(path if is_folder(path) else path.parent for path in folders):
            yield from audit_history(folder)
    if images:
        from rolewright.audit.image import audit_image  # noqa: PLC0415

        for image in images:
            yield from audit_image(image)


def _accept(
    baseline: Path, found: list[Finding], accepted: Mapping[str, Mapping[str, Any]], reason: str, end: date
) -> None:
    from rolewright.audit.baseline import baseline_text  # noqa: PLC0415
    from rolewright.cli.files import write_file  # noqa: PLC0415

    write_file(baseline, baseline_text(found, accepted, reason, end))
    say(f"{baseline}: {len(found)} finding{'s' * (len(found) != 1)} accepted until {end}", err=True)
