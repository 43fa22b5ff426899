"""`rolewright express`: a policy of another tool in the words of a manifest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, report, say, show
from rolewright.core.finding import Rejected
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.blueprint import Catalog
    from rolewright.prove.table import Declared
    from rolewright.suggest.express import Compared
    from rolewright.suggest.own_account import Own
    from rolewright.suggest.policies import Foreign

WIDER, DIFFERS = 3, 5


def express(
    policy: Annotated[Path, typer.Argument(metavar="POLICY", help="JSON file with policies.", show_default=False)],
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", "-m", metavar="MANIFEST", help="Compare with what this one lets the code do."),
    ] = None,
    account: Annotated[
        str,
        typer.Option(
            "--account", metavar="ACCOUNT", help="The manifest's own; else the one that the policy names most."
        ),
    ] = "",
    env: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Say a policy of another tool in the words of a manifest: the entries of `resources` and `statements`.

    Reads plain policies, and the JSON of iam-policy-autopilot, of `aws iam get-role-policy` and `get-policy-version`,
    and of Access Analyzer's policy generation. The entries and the policy are compared as sets; what one allows beyond
    the other is listed. The manifest's own account and region are those that the policy names most, which is said. With
    --manifest the comparison is with a manifest, and exits 0 where both allow the same, 3 where the policy allows more,
    and 5 where they differ and the policy allows nothing more.
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - only this command needs all this
    from rolewright.suggest.own_account import named_most  # noqa: PLC0415
    from rolewright.suggest.policies import read_policies  # noqa: PLC0415

    if manifest is None and env:
        raise typer.BadParameter("--env is for --manifest")
    if account and not re.fullmatch(r"[0-9]{12}", account):
        raise typer.BadParameter("--account takes the twelve digits of an account")
    catalog = load_catalog(blueprints or ())
    try:
        foreign = read_policies(policy)
        own = named_most(foreign.all, account)
        if manifest is None:
            _entries(foreign, own, catalog, format_, given=bool(account))
        else:
            _held_against(foreign, own, manifest, env or [], catalog, format_, given=bool(account))
    except Rejected as refusal:
        report(refusal.findings, {}, format_)
        raise typer.Exit(1) from None


def _entries(foreign: Foreign, own: Own, catalog: Catalog, format_: Format, *, given: bool) -> None:
    """Print the draft on stdout, and what has to be known of it on stderr."""
    from rolewright.report.draft import beyond_json, beyond_text, own_text  # noqa: PLC0415
    from rolewright.suggest.draft import draft_text  # noqa: PLC0415 - only this command needs all this
    from rolewright.suggest.express import translated  # noqa: PLC0415

    made = translated(foreign, catalog, own)
    text = draft_text(made.draft, unknown={})
    taken = own_text(own, given=given)
    if format_ is Format.JSON:
        told = {
            "own": {"account": own.account, "region": own.region},
            "entries": text,
            "entries_allow_more": beyond_json(made.more),
            "policy_allows_more": beyond_json(made.less),
        }
        show(json.dumps({**told, "notes": made.notes}, indent=2))
        return
    show(f"# {taken}\n{text}" if taken and text else text, nl=False)
    for line in (
        *beyond_text("the entries allow more than the policy", made.more),
        *beyond_text("the policy allows more than the entries", made.less),
        *(f"note: {note}" for note in made.notes),
    ):
        say(printable(line), err=True)


def _held_against(
    foreign: Foreign, own: Own, manifest: Path, only: list[str], catalog: Catalog, format_: Format, *, given: bool
) -> None:
    from rolewright.report.draft import beyond_json, own_text  # noqa: PLC0415 - only this command needs all this
    from rolewright.suggest.express import compared  # noqa: PLC0415

    told: list[dict[str, object]] = []
    codes = {0}
    for name, is_placed, declared in _declared(manifest, only, own, catalog):
        found = compared(foreign, declared)
        codes.add(WIDER if found.wider else DIFFERS if found.differs else 0)
        placed = {} if is_placed else {"own": {"account": own.account, "region": own.region}}
        told.append(
            {
                "workload": name,
                **placed,
                "policy_allows_more": beyond_json(found.more),
                "manifest_allows_more": beyond_json(found.less),
                "notes": found.notes,
            }
        )
        if format_ is Format.TEXT:
            taken = "" if is_placed else own_text(own, given=given)
            for line in _lines(name, found, taken):
                say(printable(line))
    if format_ is Format.JSON:
        show(json.dumps({"workloads": told}, indent=2))
    if codes != {0}:
        raise typer.Exit(WIDER if WIDER in codes else DIFFERS)


def _lines(name: str, found: Compared, taken: str) -> Iterator[str]:
    from rolewright.report.draft import beyond_text  # noqa: PLC0415 - only this command needs all this

    yield from beyond_text(f"the policy allows more than {name}", found.more)
    yield from beyond_text(f"{name} allows more than the policy", found.less)
    yield from (f"note: {note}" for note in found.notes)
    if not found.differs:
        yield f"the policy and {name} allow the same"
    if taken:
        yield f"note: {taken}"


def _declared(
    manifest: Path, only: list[str], own: Own, catalog: Catalog
) -> Iterable[tuple[str, bool, tuple[Declared, ...]]]:
    """Return what each workload of a manifest allows its code, in each environment that is asked for.

    Where the manifest names no environment, nothing but the policy can say which account and region are its own.
    """
    from rolewright.grants.derive import derive_grants  # noqa: PLC0415 - only this command needs all this
    from rolewright.manifest.read import read_manifest  # noqa: PLC0415
    from rolewright.prove.table import ground  # noqa: PLC0415
    from rolewright.yaml.load import load  # noqa: PLC0415

    found = []
    for workload in read_manifest(load(manifest), catalog):
        granted = [one for one in derive_grants(workload, catalog).grants if one.side == "workload"]
        for environment in workload.environments:
            if not only or environment.name in only:
                where = f" in {environment.name}" if environment.name else ""
                values = environment.values if environment.name else {**environment.values, **own.values}
                found.append((workload.name + where, bool(environment.name), ground(granted, values)))
    if not found:
        raise typer.BadParameter(f"{manifest} has no environment {' or '.join(only)}")
    return found
