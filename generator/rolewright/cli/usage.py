"""`rolewright usage`: what CloudTrail recorded, held against the manifest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, report, say, show
from rolewright.cli.files import require_there
from rolewright.core.files import is_there
from rolewright.core.finding import Rejected

if TYPE_CHECKING:
    from rolewright.core.model import Role, Workload
    from rolewright.pipeline import Pipeline
    from rolewright.usage.compare import RoleUsage
    from rolewright.usage.patch import Denial
    from rolewright.usage.records import Reading
    from rolewright.usage.reports import LastAccessed
    from rolewright.usage.tally import Tally
    from rolewright.yaml.load import Document

_MOST = 200
"""Denials of one run that are given advice: each change is built and proven."""


def usage(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of CloudTrail, or folders of them.")],
    manifest: Annotated[
        list[Path], typer.Option("--manifest", "-m", metavar="MANIFEST", help="Manifest; several times.")
    ],
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="Leave out what was before this day.")] = "",
    credential_report: Annotated[
        Path | None, typer.Option("--credential-report", metavar="FILE", help="IAM's credential report.")
    ] = None,
    last_accessed: Annotated[
        list[str] | None,
        typer.Option(
            "--last-accessed", metavar="ROLE=FILE", help="When IAM saw a role's services used; several times."
        ),
    ] = None,
    patch: Annotated[
        Path | None,
        typer.Option("--patch", metavar="FILE", help="Write the manifest with what was denied and could be allowed."),
    ] = None,
    env: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show what roles used of what is declared, what they were denied, and which access keys are still in use.

    Reads CloudTrail's files as they lie in S3, the output of `aws cloudtrail lookup-events`, events and exports of
    CloudWatch Logs, results of its Insights, events of EventBridge, single records and lines of JSON, gzip or not; an
    event that comes again counts once. What these records cannot show is told apart from what was not used: data events
    that were off, actions that leave no event; IAM's own reports fill in some of it. With --patch the manifest is
    written to another file, with what would allow the denials that it can mend, and a comment on what was not used.
    Exits 1 where a role was denied something that its manifest could allow, a key is in use, or a file could not be
    read; 2 where no file is a trail.
    """
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - only this command needs all this
    from rolewright.report.usage import usage_json, usage_text  # noqa: PLC0415
    from rolewright.usage.events import event_of  # noqa: PLC0415
    from rolewright.usage.records import Reading, records  # noqa: PLC0415
    from rolewright.usage.reports import read_credential_report, read_last_accessed  # noqa: PLC0415
    from rolewright.usage.tally import tally  # noqa: PLC0415

    if since and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", since):
        raise typer.BadParameter(f"{since} is no day: write it as 2027-06-30")
    require_there(files)
    if patch is not None and len(set(manifest)) > 1:
        raise typer.BadParameter("--patch is for one manifest")
    if patch is not None and is_there(patch):
        raise typer.BadParameter(f"{patch} is there already: name another file")
    named = dict(_named(one) for one in last_accessed or ())
    reading = Reading()
    with Pipeline(blueprints or ()) as pipeline:
        try:
            active = read_credential_report(credential_report) if credential_report is not None else ()
            accessed = {role: read_last_accessed(path) for role, path in named.items()}
            known = [
                (pipeline.read(path), index, one.workload, one.roles)
                for path in dict.fromkeys(manifest)
                for index, one in enumerate(pipeline.rendered(path))
            ]
        except Rejected as refusal:
            report(refusal.findings, pipeline.sources, format_)
            raise typer.Exit(1) from None
    found = tally((event_of(record) for record in records(files, reading)), since, reading)
    _require_records(reading, found, since)
    with Pipeline(blueprints or ()) as judge:
        roles, advice, denials = _held(known, found, env or [], judge, accessed)
        _require_own(accessed, roles)
        if patch is not None:
            _write_patch(patch, manifest[0], denials, roles, judge)
    active = tuple(one for one in active if not one.used or one.used >= since)
    if format_ is Format.JSON:
        show(json.dumps(usage_json(roles, found, reading, active), indent=2))
    else:
        show(usage_text(roles, found, reading, advice, active), nl=False)
    if found.keys or advice or any(one.used for one in active) or reading.broken or reading.unread:
        raise typer.Exit(1)


def _require_own(accessed: dict[str, LastAccessed], roles: dict[str, list[RoleUsage]]) -> None:
    """Exit 2 where a report of last use is of no role of the manifests, or of another one."""
    names = {one.name for listed in roles.values() for one in listed}
    for role, report_ in accessed.items():
        if role not in names:
            raise typer.BadParameter(f"--last-accessed: no manifest has a role {role}")
        others = sorted(arn for arn in report_.entities if arn.rpartition("/")[2] != role)
        if others:
            raise typer.BadParameter(f"--last-accessed: this report is of {others[0]}, and not of the role {role}")


def _require_records(reading: Reading, found: Tally, since: str) -> None:
    """Exit where nothing was read: 2 where files are no trails, 1 where these have nothing."""
    from rolewright.core.printable import printable  # noqa: PLC0415 - only for this
    from rolewright.report.usage import unread_lines  # noqa: PLC0415

    if found.events:
        return
    for line in unread_lines(reading):
        say(printable(line), err=True)
    if reading.unread and not reading.records:
        raise typer.BadParameter("no file has a record of CloudTrail, so that nothing can be said of any permission")
    asked = f" since {since}; {found.early} were before" if since else ""
    say(f"there is no record{asked}, so that nothing can be said of any permission", err=True)
    raise typer.Exit(1)


def _named(text: str) -> tuple[str, Path]:
    role, equals, file = text.partition("=")
    if not equals or not is_there(Path(file)):
        raise typer.BadParameter(f"--last-accessed takes ROLE=FILE, and {file or text} is no file that is there")
    return role, Path(file)


def _write_patch(
    output: Path, manifest: Path, denials: list[Denial], roles: dict[str, list[RoleUsage]], judge: Pipeline
) -> None:
    from rolewright.cli.files import write_file  # noqa: PLC0415 - only this option needs it
    from rolewright.core.printable import printable  # noqa: PLC0415
    from rolewright.usage.compare import unused_of  # noqa: PLC0415
    from rolewright.usage.patch import patched  # noqa: PLC0415
    from rolewright.yaml.load import load  # noqa: PLC0415

    unused = {name: unused_of(listed) for name, listed in roles.items()}
    made = patched(load(manifest), denials, unused, judge.catalog, judge.errors)
    write_file(output, made.text)
    for line in (*made.changes, *(f"left as it is: {one}" for one in made.left)):
        say(printable(f"{output}: {line}"), err=True)


def _held(
    known: list[tuple[Document, int, Workload, tuple[Role, ...]]],
    found: Tally,
    only: list[str],
    judge: Pipeline,
    accessed: dict[str, LastAccessed],
) -> tuple[dict[str, list[RoleUsage]], dict[str, list[str]], list[Denial]]:
    """Return the roles of each workload, and the advice on each denial that a change of the manifest may mend."""
    from rolewright.grants.derive import derive_grants  # noqa: PLC0415 - only this command needs all this
    from rolewright.report.question import advice_lines  # noqa: PLC0415
    from rolewright.review.why import Question  # noqa: PLC0415
    from rolewright.suggest.engine import suggest  # noqa: PLC0415
    from rolewright.suggest.messages import reason_of, why  # noqa: PLC0415
    from rolewright.usage.compare import compare_usage  # noqa: PLC0415
    from rolewright.usage.patch import Denial  # noqa: PLC0415

    roles: dict[str, list[RoleUsage]] = {}
    advice: dict[str, list[str]] = {}
    denials: list[Denial] = []
    for document, index, workload, own in known:
        declaration = derive_grants(workload, judge.catalog)
        for environment in workload.environments:
            if only and environment.name not in only:
                continue
            names = {role.key: role.name.ground(environment.values) for role in own}
            for one in compare_usage(workload, declaration, names, environment, found, accessed):
                roles.setdefault(workload.name, []).append(one)
                for action, resource, because, seen in one.denied:
                    where = f" in {environment.name}" if environment.name else ""
                    said = f"denied {seen.count} times{where}, last {seen.last}"
                    account = environment.account if environment.name else ""
                    asked = Question(action, resource, one.name, because, account, reason=reason_of(because))
                    if len(denials) >= _MOST:
                        advice[f"{action} {resource}"] = ["see `rolewright why`, with the text of the denial"]
                        continue
                    told = suggest(asked, document, index, judge.catalog, build=judge.errors, only=[environment.name])
                    if told.advice or why(asked.reason).mends:
                        denials.append(Denial(workload.name, action, resource, said, one.name, account))
                        advice[f"{action} {resource}"] = list(advice_lines(told))
    if not roles:
        raise typer.BadParameter(f"no manifest has the environment {' or '.join(only)}")
    return roles, advice, denials
