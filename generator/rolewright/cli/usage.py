"""`rolewright usage`: what CloudTrail recorded, held against the manifest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, report
from rolewright.finding import Rejected

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog
    from rolewright.model import Module, Role, Workload
    from rolewright.usage.held import Held
    from rolewright.usage.tally import Tally


def usage(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of CloudTrail, or folders of them.")],
    manifest: Annotated[
        list[Path], typer.Option("--manifest", "-m", metavar="MANIFEST", help="Manifest; several times.")
    ],
    since: Annotated[str, typer.Option("--since", metavar="DAY", help="Leave out what was before this day.")] = "",
    env: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Show what roles used of what is declared, what they were denied, and which access keys are still in use.

    Reads CloudTrail's files as they lie in S3, the output of `aws cloudtrail lookup-events`, and lines of JSON, gzip or
    not. What these records cannot show is told apart from what was not used: data events that were off, actions that
    leave no event. Exits 1 where a role was denied something that its manifest could allow, or a key is in use.
    """
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - only this command needs all this
    from rolewright.report.usage import usage_json, usage_text  # noqa: PLC0415
    from rolewright.usage.events import event_of  # noqa: PLC0415
    from rolewright.usage.records import Reading, records  # noqa: PLC0415
    from rolewright.usage.tally import tally  # noqa: PLC0415

    if since and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", since):
        raise typer.BadParameter(f"{since} is no day: write it as 2027-06-30")
    for path in files:
        if not path.exists():
            raise typer.BadParameter(f"{path} does not exist")
    reading = Reading()
    with Pipeline(blueprints or ()) as pipeline:
        try:
            known = [one for path in dict.fromkeys(manifest) for one in pipeline.rendered(path)]
        except Rejected as refusal:
            report(refusal.findings, pipeline.sources, format_)
            raise typer.Exit(1) from None
    # Outside, where garbage is collected again: a trail may hold millions of records.
    found = tally((event_of(record) for record in records(files, reading)), since)
    roles, advice = _held(known, found, env or [], pipeline.catalog)
    if format_ is Format.JSON:
        typer.echo(json.dumps(usage_json(roles, found, reading), indent=2))
    else:
        typer.echo(usage_text(roles, found, reading, advice), nl=False)
    if found.keys or advice:
        raise typer.Exit(1)


def _held(
    known: list[tuple[Workload, tuple[Role, ...], Module]], found: Tally, only: list[str], catalog: Catalog
) -> tuple[dict[str, list[Held]], dict[str, str]]:
    """The roles of each workload, and the change of the manifest for each denial that one would mend."""
    from rolewright.grants import derive_grants  # noqa: PLC0415 - only this command needs all this
    from rolewright.question import Question, answer  # noqa: PLC0415
    from rolewright.report.usage import WANTING  # noqa: PLC0415
    from rolewright.usage.held import held  # noqa: PLC0415

    roles: dict[str, list[Held]] = {}
    advice: dict[str, str] = {}
    for workload, own, module in known:
        declaration = derive_grants(workload, catalog)
        for environment in workload.environments:
            if only and environment.name not in only:
                continue
            names = {role.key: role.name.ground(environment.values) for role in own}
            for one in held(workload, declaration, names, environment, found):
                roles.setdefault(workload.name, []).append(one)
                for action, resource, because, _ in one.denied:
                    if WANTING in because:
                        asked = Question(action, resource or "*", one.name, because)
                        told = answer(asked, workload, own, module, catalog, [environment.name])
                        allowed = ("the manifest allows it by now: apply its module",) if told.is_allowed else ()
                        advice[f"{action} {resource}"] = (
                            "; or ".join((*allowed, *told.advice)) or "see `rolewright why`"
                        )
    if not roles:
        raise typer.BadParameter(f"no manifest has the environment {' or '.join(only)}")
    return roles, advice
