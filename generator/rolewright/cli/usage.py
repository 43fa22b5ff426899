"""`rolewright usage`: what CloudTrail recorded, held against the manifest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, say, show
from rolewright.cli.files import write_file
from rolewright.cli.given import given, manifest_names, require_there
from rolewright.core.files import is_there
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from rolewright.usage.manifests import Usage
    from rolewright.usage.patch import Patched

_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="CloudTrail log files, or folders of them.")]
_Manifests = Annotated[
    list[Path],
    typer.Option(
        "--manifest",
        "-m",
        metavar="MANIFEST",
        help="Manifest file; repeatable.",
        callback=given,
        autocompletion=manifest_names,
    ),
]
_Since = Annotated[
    str, typer.Option("--since", metavar="DAY", help="Ignore records before this day, for example 2027-06-30.")
]
_CredentialReport = Annotated[
    Path | None,
    typer.Option("--credential-report", metavar="FILE", help="IAM credential report (CSV).", callback=given),
]
_LastAccessed = Annotated[
    list[str] | None,
    typer.Option(
        "--last-accessed", metavar="ROLE=FILE", help="IAM's service last accessed details of a role; repeatable."
    ),
]
_Patch = Annotated[
    Path | None,
    typer.Option("--patch", metavar="FILE", help="Write a manifest that also allows what was denied, where it can."),
]


def usage(
    files: _Files,
    manifest: _Manifests,
    since: _Since = "",
    credential_report: _CredentialReport = None,
    last_accessed: _LastAccessed = None,
    patch: _Patch = None,
    env: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Compare CloudTrail logs with manifests: permissions used and unused, denials, access keys still in use.

    Reads CloudTrail files as stored in S3, the output of `aws cloudtrail lookup-events`, events and exports from
    CloudWatch Logs, Logs Insights results, EventBridge events, single records and JSON lines, plain or gzip. An event
    that occurs twice counts once.

    "Unused" is never claimed where the logs cannot show the use, for example where data events were off or an action
    leaves no event. IAM's own reports fill some of these gaps.

    --patch writes a copy of the manifest that allows each denied action that it can allow, with comments on what was
    not used.

    Exits 1 if a role was denied something that its manifest could allow, a key is in use, or a file could not be read;
    2 if no file contains CloudTrail records.

    \b
    Example:
      rolewright usage trail.json --manifest rolewright.yaml
    """
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - only this command needs all this
    from rolewright.report.usage import usage_json, usage_text  # noqa: PLC0415
    from rolewright.usage.manifests import UsageSources, read_usage  # noqa: PLC0415
    from rolewright.usage.patch import patched  # noqa: PLC0415

    if since and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", since):
        raise typer.BadParameter(f"--since {since} is not a date: write it like 2027-06-30")
    require_there(files)
    if patch is not None and len(set(manifest)) > 1:
        raise typer.BadParameter("--patch works on one manifest: give --manifest once")
    if patch is not None and is_there(patch):
        raise typer.BadParameter(f"{patch} already exists: give another file name")
    sources = UsageSources(files, since, credential_report, dict(map(_role_and_file, last_accessed or ())))
    with Pipeline(blueprints or ()) as pipeline:
        found = read_usage(sources, manifest, pipeline, env or ())
        _require_records(found, since)
        if patch is not None:
            document = pipeline.read(manifest[0])
            _write(patch, patched(document, found.denials, found.unused, pipeline.catalog, pipeline.errors))
    if format_ is Format.JSON:
        show(json.dumps(usage_json(found), indent=2))
    else:
        show(usage_text(found), nl=False)
    if found.needs_work:
        raise typer.Exit(1)


def _require_records(found: Usage, since: str) -> None:
    """Exit where there is no record: 2 where no file is a trail, 1 where the trails have none."""
    from rolewright.report.usage import unread_lines  # noqa: PLC0415 - only this command needs it

    if found.tally.events:
        return
    for line in unread_lines(found.reading):
        say(printable(line), err=True)
    if not found.reading.is_trail:
        raise typer.BadParameter("no file contains CloudTrail records, so no permission can be judged")
    asked = f" since {since} ({found.tally.early} before)" if since else ""
    say(f"there are no records{asked}, so no permission can be judged", err=True)
    raise typer.Exit(1)


def _role_and_file(text: str) -> tuple[str, Path]:
    role, equals, file = text.partition("=")
    if not equals or not is_there(Path(file)):
        raise typer.BadParameter(f"--last-accessed takes ROLE=FILE, and there is no file {file or text}")
    return role, Path(file)


def _write(patch: Path, made: Patched) -> None:
    write_file(patch, made.text)
    for line in (*made.changes, *(f"left as it is: {denial}" for denial in made.left)):
        say(printable(f"{patch}: {line}"), err=True)
