"""`rolewright express`: a policy of another tool in the words of a manifest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rolewright.cli.console import Blueprints, Environments, Format, FormatOption, say, show
from rolewright.cli.given import given, manifest_names
from rolewright.core.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rolewright.suggest.express import Compared, Translated
    from rolewright.suggest.own_account import Own

WIDER, DIFFERS = 3, 5


def express(
    policy: Annotated[
        Path,
        typer.Argument(
            metavar="POLICY",
            help="JSON file with one or more IAM policies.",
            show_default=False,
            callback=given,
        ),
    ],
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            "-m",
            metavar="MANIFEST",
            help="Compare the policy with what this manifest lets the code do.",
            callback=given,
            autocompletion=manifest_names,
        ),
    ] = None,
    account: Annotated[
        str,
        typer.Option(
            "--account", metavar="ACCOUNT", help="Your own account. Default: the one that the policy names most often."
        ),
    ] = "",
    env: Environments = None,
    blueprints: Blueprints = None,
    format_: FormatOption = Format.TEXT,
) -> None:
    """Translate an IAM policy into manifest entries for `resources` and `statements`.

    Reads plain policies, and the JSON output of iam-policy-autopilot, `aws iam get-role-policy`,
    `aws iam get-policy-version` and Access Analyzer's policy generation. The entries and the policy are compared as
    sets, and what only one of them allows is listed. The account and region that the policy names most often are taken
    as the manifest's own, and the output says which.

    With --manifest it compares the policy with a manifest: exits 0 if both allow the same, 3 if the policy allows more,
    and 5 if they differ but the policy allows nothing more.

    \b
    Examples:
      rolewright express policy.json
      rolewright express policy.json --manifest rolewright.yaml
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - only this command needs all this
    from rolewright.suggest.express import compare_manifest, translated  # noqa: PLC0415
    from rolewright.suggest.own_account import named_most  # noqa: PLC0415
    from rolewright.suggest.policies import read_policies  # noqa: PLC0415

    if manifest is None and env:
        raise typer.BadParameter("--env needs --manifest")
    if account and not re.fullmatch(r"[0-9]{12}", account):
        raise typer.BadParameter("--account takes the 12 digits of an AWS account id, for example 123456789012")
    catalog = load_catalog(blueprints or ())
    foreign = read_policies(policy)
    own = named_most(foreign.all, account)
    if manifest is None:
        _show_draft(translated(foreign, catalog, own), own, format_, given=bool(account))
        return
    found = compare_manifest(foreign, own, manifest, env or (), catalog)
    _show_comparison(found, own, format_, given=bool(account))
    if any(compared.wider for compared in found):
        raise typer.Exit(WIDER)
    if any(compared.differs for compared in found):
        raise typer.Exit(DIFFERS)


def _show_draft(made: Translated, own: Own, format_: Format, *, given: bool) -> None:
    """Print the draft on stdout, and what has to be known of it on stderr."""
    from rolewright.report.draft import draft_json, draft_notes, own_text  # noqa: PLC0415 - only this command needs it
    from rolewright.suggest.draft import draft_text  # noqa: PLC0415

    text = draft_text(made.draft, unknown={})
    if format_ is Format.JSON:
        show(json.dumps(draft_json(made, text, own), indent=2))
        return
    taken = own_text(own, given=given)
    show(f"# {taken}\n{text}" if taken and text else text, nl=False)
    for line in draft_notes(made):
        say(printable(line), err=True)


def _show_comparison(found: Sequence[Compared], own: Own, format_: Format, *, given: bool) -> None:
    from rolewright.report.draft import comparison_json, comparison_text  # noqa: PLC0415 - only this command needs it

    if format_ is Format.JSON:
        show(json.dumps(comparison_json(found, own), indent=2))
        return
    for line in comparison_text(found, own, given=given):
        say(printable(line))
