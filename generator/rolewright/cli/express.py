"""`rolewright express`: a policy of another tool in the words of a manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, report
from rolewright.finding import Rejected
from rolewright.report.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.blueprint import Catalog
    from rolewright.foreign import Foreign
    from rolewright.prove.table import Declared

NARROWER, WIDER = 2, 3


def express(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="JSON file with policies.", show_default=False)],
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", "-m", metavar="MANIFEST", help="Compare with what this one lets the code do."),
    ] = None,
    env: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Say a policy of another tool in the words of a manifest: the entries of `resources` and `statements`.

    Reads plain policies, and the JSON of iam-policy-autopilot, of `aws iam get-role-policy` and `get-policy-version`,
    and of Access Analyzer's policy generation. The entries and the policy are compared as sets; what one allows beyond
    the other is listed. With --manifest the comparison is with a manifest, and exits 3 where the policy is wider than
    it, 2 where it only lacks something, 0 where both are the same.
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - only this command needs all this
    from rolewright.foreign import read_policies  # noqa: PLC0415

    catalog = load_catalog(blueprints or ())
    try:
        foreign = read_policies(policy)
        if manifest is None:
            if env:
                raise typer.BadParameter("--env is for --manifest")
            _entries(foreign, catalog, format_)
        else:
            _compared(foreign, manifest, env or [], catalog, format_)
    except Rejected as refusal:
        report(refusal.findings, {}, format_)
        raise typer.Exit(1) from None


def _entries(foreign: Foreign, catalog: Catalog, format_: Format) -> None:
    """The draft on stdout, and what has to be known of it on stderr."""
    from rolewright.data import iam  # noqa: PLC0415
    from rolewright.draft import draft, draft_text, grants, host  # noqa: PLC0415
    from rolewright.prove.table import changes  # noqa: PLC0415
    from rolewright.report.draft import beyond_json, beyond_text  # noqa: PLC0415

    made = draft(foreign.allowed, catalog)
    said = grants(made, host(catalog), catalog)
    (more, unsure), (less, doubts) = (
        changes(said, foreign.allowed, iam.expand),
        changes(foreign.allowed, said, iam.expand),
    )
    less = tuple(one for one in less if (one.action, one.resource) not in made.idle)
    notes = [
        *foreign.unread,
        *(f"{one.origin}: a Deny; what must never be allowed goes to `never`" for one in foreign.denied),
        *(
            f"{action} on {resource} has no effect: it is no action on such a resource"
            for action, resource in made.idle
        ),
        *unsure,
        *doubts,
    ]
    if format_ is Format.JSON:
        told = {
            "entries": draft_text(made),
            "entries_allow_more": beyond_json(more),
            "policy_allows_more": beyond_json(less),
        }
        typer.echo(json.dumps({**told, "notes": notes}, indent=2))
        return
    typer.echo(draft_text(made), nl=False)
    for line in (
        *beyond_text("the entries allow more than the policy", more),
        *beyond_text("the policy allows more than the entries", less),
        *(f"note: {note}" for note in notes),
    ):
        typer.echo(printable(line), err=True)


def _compared(foreign: Foreign, manifest: Path, only: list[str], catalog: Catalog, format_: Format) -> None:
    from rolewright.data import iam  # noqa: PLC0415 - only this command needs all this
    from rolewright.prove.table import changes  # noqa: PLC0415
    from rolewright.report.draft import beyond_json, beyond_text  # noqa: PLC0415

    told: list[dict[str, object]] = []
    wider = narrower = False
    for name, declared in _declared(manifest, only, catalog):
        more, unsure = changes(foreign.allowed, declared, iam.expand)
        less, doubts = changes(declared, foreign.allowed, iam.expand)
        notes = [*foreign.unread, *unsure, *doubts]
        wider |= bool(more or notes)
        narrower |= bool(less)
        told.append(
            {
                "workload": name,
                "policy_allows_more": beyond_json(more),
                "manifest_allows_more": beyond_json(less),
                "notes": notes,
            }
        )
        if format_ is Format.TEXT:
            for line in (
                *beyond_text(f"the policy allows more than {name}", more),
                *beyond_text(f"{name} allows more than the policy", less),
                *(f"note: {note}" for note in notes),
                *([] if more or less or notes else [f"the policy and {name} allow the same"]),
            ):
                typer.echo(printable(line))
    if format_ is Format.JSON:
        typer.echo(json.dumps({"workloads": told}, indent=2))
    if wider or narrower:
        raise typer.Exit(WIDER if wider else NARROWER)


def _declared(manifest: Path, only: list[str], catalog: Catalog) -> Iterable[tuple[str, tuple[Declared, ...]]]:
    """What each workload of a manifest lets the code do, in each environment that is asked for."""
    from rolewright.grants import derive_grants  # noqa: PLC0415 - only this command needs all this
    from rolewright.manifest import read_manifest  # noqa: PLC0415
    from rolewright.prove.table import ground  # noqa: PLC0415
    from rolewright.source import load  # noqa: PLC0415

    found = []
    for workload in read_manifest(load(manifest), catalog):
        own = [one for one in derive_grants(workload, catalog).grants if one.side == "workload"]
        for environment in workload.environments:
            if not only or environment.name in only:
                where = f" in {environment.name}" if environment.name else ""
                found.append((workload.name + where, ground(own, environment.values)))
    if not found:
        raise typer.BadParameter(f"{manifest} has no environment {' or '.join(only)}")
    return found
