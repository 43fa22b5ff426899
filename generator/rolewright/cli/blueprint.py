"""`rolewright blueprint`: what a manifest may name and what it grants, and what teams do with types of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from rolewright.cli.app import Command
from rolewright.cli.console import Blueprints, FindingsFormat, FindingsFormatOption, report, say, show_markdown
from rolewright.cli.files import make_folder, write_file
from rolewright.cli.given import all_types, given, verbs
from rolewright.core.files import is_there
from rolewright.core.nearest import hint, nearest

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog
    from rolewright.core.finding import Finding


class _EarlierName(typer.core.TyperGroup):
    """The group of the earlier name, which lists all types where no command follows."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - click's signature
        """Return the arguments, with the command that they leave out."""
        names_none = not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names)
        return super().parse_args(ctx, ["list", *args] if names_none else args)


blueprint_app = typer.Typer(
    name="blueprint",
    help="""List, show, test and start blueprints, the types that a manifest can use.

    \b
    Examples:
      rolewright blueprint list
      rolewright blueprint show dynamodb-table
    """,
    no_args_is_help=True,
)
blueprints_app = typer.Typer(
    name="blueprints",
    cls=_EarlierName,
    hidden=True,
    help="""Former name of `blueprint list`, `show` and `docs`.

    \b
    Example:
      rolewright blueprint list
    """,
)


@blueprints_app.command("list", cls=Command)
@blueprint_app.command("list", cls=Command)
def list_all(blueprints: Blueprints = None) -> None:
    """List every compute and resource type with its fields and verbs.

    \b
    Example:
      rolewright blueprint list
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415 - slow to import, and not needed for --help

    catalog = load_catalog(blueprints or ())
    say("compute")
    for name, compute in catalog.computes.items():
        say(f"  {name}: {compute.summary}")
        say(f"    fields: {', '.join(compute.fields)}")
    say("resources")
    for name, resource in catalog.resources.items():
        say(f"  {name}: {resource.summary}")
        say(f"    fields: {', '.join(resource.fields)}")
        say(f"    access: {', '.join(resource.verbs)}")


@blueprints_app.command("show", cls=Command)
@blueprint_app.command("show", cls=Command)
def show_one(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="A compute or resource type.", autocompletion=all_types)],
    verb: Annotated[
        str,
        typer.Argument(metavar="VERB", help="One verb of a resource type, in place of all.", autocompletion=verbs),
    ] = "",
    blueprints: Blueprints = None,
) -> None:
    """Show one blueprint: its fields, and the exact actions behind each verb or role; or one verb of it.

    \b
    Examples:
      rolewright blueprint show dynamodb-table
      rolewright blueprint show dynamodb-table put
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415

    catalog = load_catalog(blueprints or ())
    if type_ not in catalog.resources and type_ not in catalog.computes:
        synonyms = catalog.words().meant("resource type", "compute type")
        near = nearest(type_, [*catalog.resources, *catalog.computes], synonyms)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise typer.BadParameter(f"there is no blueprint {type_}{meant}")
    if not verb:
        show_markdown(_page(catalog, type_))
        return
    from rolewright.report.reference import verb_section  # noqa: PLC0415

    known = catalog.resources[type_].verbs if type_ in catalog.resources else {}
    if verb not in known:
        instead = hint(verb, known) if known else "; a compute type has none"
        raise typer.BadParameter(f"{type_} has no verb {verb}{instead}")
    show_markdown(verb_section(catalog.resources[type_], known[verb]))


@blueprint_app.command(cls=Command)
def find(
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="An action of IAM such as dynamodb:Query, or a pattern: sqs:Send*.")
    ],
    blueprints: Blueprints = None,
) -> None:
    """Find the verbs, fields and roles that allow an action: the way from a policy to the manifest's words.

    \b
    Example:
      rolewright blueprint find sqs:Send*
    """
    from rolewright.blueprint import load_catalog  # noqa: PLC0415
    from rolewright.blueprint.search import allowing  # noqa: PLC0415
    from rolewright.data.iam import expand, version  # noqa: PLC0415 - reads the IAM database

    actions = expand(action)
    if not actions:
        raise typer.BadParameter(f"the IAM database of {version()} has no action {action}: write SERVICE:ACTION")
    found = list(allowing(load_catalog(blueprints or ()), actions))
    if not found:
        say(f"no verb allows {action}: a manifest can allow it under `statements`, with a reason", err=True)
        raise typer.Exit(1)
    for entry in found:
        also = f"; {', '.join(entry.also)} too" if entry.also else ""
        say(f"{entry.type} {entry.by}: {entry.summary}{also}")
        if len(actions) > 1:
            say(f"    {', '.join(entry.actions)}")


@blueprints_app.command(cls=Command)
@blueprint_app.command(cls=Command)
def docs(
    output: Annotated[Path, typer.Option("--output", "-o", help="Output folder for the pages.")] = Path("docs/types"),
    blueprints: Blueprints = None,
) -> None:
    """Write a documentation page for each type, and an index.

    \b
    Example:
      rolewright blueprint docs --blueprints blueprints -o docs/types
    """
    from rolewright.batch.blueprint_test import not_applied  # noqa: PLC0415 - only the list of types needs it
    from rolewright.blueprint import load_catalog  # noqa: PLC0415
    from rolewright.report.reference import index_page  # noqa: PLC0415

    catalog = load_catalog(blueprints or ())
    pages = {f"{type_}.md": _page(catalog, type_) for type_ in (*catalog.computes, *catalog.resources)}
    pages["README.md"] = index_page(catalog.computes, catalog.resources, not_applied(catalog))
    make_folder(output)
    for name, page in pages.items():
        write_file(output / name, page)


@blueprint_app.command("test", cls=Command)
def try_all(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="Folder with compute/ and resources/. Default: the built-in blueprints.",
            callback=given,
        ),
    ] = None,
    format_: FindingsFormatOption = FindingsFormat.TEXT,
) -> None:
    """Check every blueprint in a folder, then build and prove manifests that use every field and verb of it.

    \b
    Example:
      rolewright blueprint test blueprints
    """
    from rolewright.batch.blueprint_test import try_folder  # noqa: PLC0415
    from rolewright.blueprint import builtin_root  # noqa: PLC0415
    from rolewright.pipeline import Pipeline  # noqa: PLC0415 - slow to import, and only this command needs it

    root = folder or builtin_root()
    findings: list[Finding] = []
    tested = False
    with Pipeline([folder] if folder else []) as pipeline:
        for name, trial in try_folder(pipeline, root):
            tested = True
            findings += trial.findings
            if format_ is FindingsFormat.TEXT and not trial.findings:
                missing = f"; moto cannot make {', '.join(sorted(trial.not_applied))}" if trial.not_applied else ""
                built = f"{trial.manifests} manifest{'s' * (trial.manifests != 1)}"
                say(f"{name}: {built} built and proven{missing}")
    if not tested:
        raise typer.BadParameter(f"{root} has no compute/*/blueprint.yaml and no resources/*/blueprint.yaml")
    report(findings, {}, format_)
    if findings:
        raise typer.Exit(1)


@blueprint_app.command(cls=Command)
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new type, as in `type: NAME`.")],
    service: Annotated[str, typer.Option("--service", help="Prefix of the service's IAM actions, for example sqs.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Blueprint folder to add the new type to.")] = Path(
        "blueprints"
    ),
) -> None:
    """Start a resource blueprint with all ARNs and actions of a service, for you to cut down.

    \b
    Example:
      rolewright blueprint new my-queue --service sqs
    """
    from rolewright.blueprint.scaffold import draft  # noqa: PLC0415 - reads the IAM database

    text = draft(name, service)
    file = output / "resources" / name / "blueprint.yaml"
    if is_there(file):
        raise typer.BadParameter(f"{file} already exists: choose another NAME or --output")
    make_folder(output)
    make_folder(file.parent)
    write_file(file, text)
    say(f"{file}: written; remove what you do not need, then run: rolewright blueprint test {output}")


def _page(catalog: Catalog, type_: str) -> str:
    from rolewright.manifest.schema import name_keys  # noqa: PLC0415
    from rolewright.report.reference import compute_page, resource_page  # noqa: PLC0415
    from rolewright.suggest.examples import compute_example, resource_example  # noqa: PLC0415

    if type_ in catalog.resources:
        return resource_page(catalog.resources[type_], resource_example(catalog, type_), catalog.facts["endpoints"])
    compute = catalog.computes[type_]
    return compute_page(compute, name_keys(compute), compute_example(catalog, type_))
