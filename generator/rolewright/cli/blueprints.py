"""`rolewright blueprints`: what a manifest may name."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rolewright.blueprint import Catalog, load_catalog
from rolewright.cli.console import Blueprints
from rolewright.schema import name_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.model import ComputeBlueprint, Conditions, ResourceBlueprint

blueprints_app = typer.Typer(name="blueprints", help="List blueprints, and show what their verbs grant.")


@blueprints_app.callback(invoke_without_command=True)
def list_all(context: typer.Context, blueprints: Blueprints = None) -> None:
    """List every compute and resource type with its fields and verbs."""
    if context.invoked_subcommand is None:
        catalog = load_catalog(blueprints or ())
        typer.echo("compute")
        for name, compute in catalog.computes.items():
            typer.echo(f"  {name}: {compute.summary}\n    fields: {', '.join(compute.fields)}")
        typer.echo("resources")
        for name, resource in catalog.resources.items():
            typer.echo(f"  {name}: {resource.summary}\n    fields: {', '.join(resource.fields)}")
            typer.echo(f"    access: {', '.join(resource.verbs)}")


@blueprints_app.command()
def show(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="A compute or resource type.")],
    blueprints: Blueprints = None,
) -> None:
    """Show one blueprint: its fields, and the exact actions behind each verb or role."""
    catalog = load_catalog(blueprints or ())
    for line in _lines(catalog, type_):
        typer.echo(line)


def _lines(catalog: Catalog, type_: str) -> Iterator[str]:
    if type_ in catalog.resources:
        yield from _resource(type_, catalog.resources[type_])
    elif type_ in catalog.computes:
        yield from _compute(type_, catalog.computes[type_])
    else:
        near = difflib.get_close_matches(type_, [*catalog.resources, *catalog.computes], 1, 0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(f"there is no blueprint {type_}{hint}")


def _fields(fields: Mapping[str, Any], required: tuple[str, ...]) -> Iterator[str]:
    for name, schema in fields.items():
        notes = ["required"] * (name in required)
        notes += [f"default {schema['default']}"] if "default" in schema else []
        yield f"    {name}: {schema['description']}" + (f" ({', '.join(notes)})" if notes else "")


def _conditions(conditions: Conditions) -> str:
    parts = [
        f"{operator} {key} {' | '.join(values)}"
        for operator, block in conditions.items()
        for key, values in block.items()
    ]
    return f" if {' and '.join(parts)}" if parts else ""


def _resource(name: str, blueprint: ResourceBlueprint) -> Iterator[str]:
    yield f"{name}: {blueprint.summary}"
    yield "  fields"
    yield from _fields(blueprint.fields, blueprint.required)
    if blueprint.create is not None:
        yield "  fields with create: true"
        yield from _fields(blueprint.create.fields, blueprint.create.required)
    yield "  access"
    for verb in blueprint.verbs.values():
        if verb.of:
            yield f"    {verb.name} = {' + '.join(verb.of)}"
            continue
        yield f"    {verb.name} ({verb.klass}): {verb.summary}"
        for arn, actions in verb.allow.items():
            yield f"      {', '.join(actions)} on {blueprint.arns.get(arn, '*')}"
    for field, companions in blueprint.companions.items():
        for companion in companions:
            who = "its policy has to allow" if companion.owner else f"with {', '.join(companion.verbs)}"
            yield f"  {field}, {who}"
            yield f"      {', '.join(companion.actions)}{_conditions(companion.conditions)}"
    for pitfall in blueprint.pitfalls:
        yield f"  note: {pitfall}"


def _compute(name: str, blueprint: ComputeBlueprint) -> Iterator[str]:
    yield f"{name}: {blueprint.summary}"
    yield "  fields"
    yield from _fields(blueprint.fields, blueprint.required)
    yield f"  names: {', '.join(name_keys(blueprint))}"
    for role in blueprint.roles.values():
        yield f"  role {role.key}: {role.summary}"
        yield f"    assumed by {', '.join(role.trusts)}{_conditions(role.conditions)}"
        for grant in role.allow:
            when = f", with {grant.when}" if grant.when else ""
            yield f"    {grant.effect.lower()} {', '.join(grant.actions)} on {', '.join(grant.resources)}{when}"
            yield f"      {grant.summary}"
