"""`rolewright blueprints`: what a manifest may name, and what it grants."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated

import typer

from rolewright.blueprint import Catalog, load_catalog
from rolewright.cli.app import Command
from rolewright.cli.console import Blueprints, say, show
from rolewright.cli.files import make_folder, write_file
from rolewright.manifest.schema import name_keys
from rolewright.report.reference import compute_page, index_page, resource_page

_RESOURCE = re.compile(r'^resource "(\w+)"', re.MULTILINE)

blueprints_app = typer.Typer(name="blueprints", help="List blueprints, and show what their verbs grant.")


@blueprints_app.callback(invoke_without_command=True)
def list_all(context: typer.Context, blueprints: Blueprints = None) -> None:
    """List every compute and resource type with its fields and verbs."""
    if context.invoked_subcommand is None:
        catalog = load_catalog(blueprints or ())
        say("compute")
        for name, compute in catalog.computes.items():
            say(f"  {name}: {compute.summary}\n    fields: {', '.join(compute.fields)}")
        say("resources")
        for name, resource in catalog.resources.items():
            say(f"  {name}: {resource.summary}\n    fields: {', '.join(resource.fields)}")
            say(f"    access: {', '.join(resource.verbs)}")


@blueprints_app.command("show", cls=Command)
def show_one(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="A compute or resource type.")],
    blueprints: Blueprints = None,
) -> None:
    """Show one blueprint: its fields, and the exact actions behind each verb or role."""
    catalog = load_catalog(blueprints or ())
    if type_ not in catalog.resources and type_ not in catalog.computes:
        near = difflib.get_close_matches(type_, [*catalog.resources, *catalog.computes], 1, 0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"there is no blueprint {type_}{hint}")
    show(_page(catalog, type_), nl=False)


@blueprints_app.command(cls=Command)
def docs(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that the pages go to.")] = Path("docs/types"),
    blueprints: Blueprints = None,
) -> None:
    """Write a page for each type, and a list of them."""
    catalog = load_catalog(blueprints or ())
    pages = {f"{type_}.md": _page(catalog, type_) for type_ in (*catalog.computes, *catalog.resources)}
    pages["README.md"] = index_page(catalog.computes, catalog.resources, _not_applied(catalog))
    make_folder(output)
    for name, page in pages.items():
        write_file(output / name, page)


def _not_applied(catalog: Catalog) -> dict[str, list[str]]:
    """Return the Terraform types in each type's templates that moto cannot make."""
    from rolewright.prove.sandbox import applies  # noqa: PLC0415 - only the list of types needs it

    found: dict[str, set[str]] = {}
    for name, path in sorted(catalog.templates.items()):
        kinds = set(_RESOURCE.findall(path.read_text(encoding="utf-8")))
        found.setdefault(name.split("/")[1], set()).update(kind for kind in kinds if not applies(kind))
    return {type_: sorted(kinds) for type_, kinds in found.items() if kinds}


def _page(catalog: Catalog, type_: str) -> str:
    if type_ in catalog.resources:
        return resource_page(catalog.resources[type_])
    compute = catalog.computes[type_]
    return compute_page(compute, name_keys(compute))
