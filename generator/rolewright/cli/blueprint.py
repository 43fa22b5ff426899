"""`rolewright blueprint`: what platform teams do with blueprints of their own."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

import typer

from rolewright.blueprint import builtin_root
from rolewright.cli.app import Command
from rolewright.cli.console import FindingsFormat, FindingsFormatOption, report, say
from rolewright.cli.files import make_folder, write_file
from rolewright.core.files import is_there
from rolewright.core.finding import Finding

blueprint_app = typer.Typer(name="blueprint", help="Test blueprints, and start new ones.", no_args_is_help=True)


@blueprint_app.command("test", cls=Command)
def try_all(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Folder with compute/ and resources/; the built-in ones if left out."),
    ] = None,
    format_: FindingsFormatOption = FindingsFormat.TEXT,
) -> None:
    """Check every blueprint of a folder, and take manifests that use all of each through the whole pipeline."""
    from rolewright.build.blueprint_test import try_folder  # noqa: PLC0415
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import, and only this command needs it

    root = folder or builtin_root()
    findings: list[Finding] = []
    tested = False
    with Pipeline([folder] if folder else []) as pipeline:
        for name, trial in try_folder(pipeline, root):
            tested = True
            findings += trial.findings
            if format_ is FindingsFormat.TEXT and not trial.findings:
                missing = f"; moto lacks {', '.join(sorted(trial.not_applied))}" if trial.not_applied else ""
                built = f"{trial.manifests} manifest{'s' * (trial.manifests != 1)}"
                say(f"{name}: {built} built and proven{missing}")
    if not tested:
        raise typer.BadParameter(f"{root} has no compute/*/blueprint.yaml and no resources/*/blueprint.yaml")
    report(findings, {}, format_)
    if findings:
        raise typer.Exit(1)


@blueprint_app.command(cls=Command)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the type, as manifests will call it.")],
    service: Annotated[str, typer.Option("--service", help="Prefix of the service's IAM actions, such as sqs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of blueprints that it is added to.")] = Path(
        "blueprints"
    ),
) -> None:
    """Start a resource blueprint from the IAM database: ARNs and actions by class, ready to be cut down."""
    from rolewright.blueprint.scaffold import draft  # noqa: PLC0415 - reads the IAM database
    from rolewright.data import iam  # noqa: PLC0415

    if not name.replace("-", "").isalnum() or not name.islower() or not name.isascii():
        raise typer.BadParameter(f"{name} is no name of a type: use small letters, digits and dashes")
    facts = iam.service(service)
    if facts is None:
        near = difflib.get_close_matches(service, sorted(iam.services()), 3, 0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise typer.BadParameter(f"the IAM database has no service {service}{hint}")
    file = output / "resources" / name / "blueprint.yaml"
    if is_there(file):
        raise typer.BadParameter(f"{file} is there already")
    make_folder(output)
    make_folder(file.parent)
    write_file(file, draft(name, facts))
    say(f"{file}: cut it down, then run: rolewright blueprint test {output}")
