"""The generator of manifests: it leaves no type and no verb out, and draws the same every time."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from manifest_generator import Drawn, generated_manifests, refused_where_made

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog


def test_every_type_takes_its_turn(catalog: Catalog) -> None:
    drawn = [json.loads(text) for text in generated_manifests(110)]
    assert {one["compute"]["type"] for one in drawn} == set(catalog.computes)
    assert {touched["type"] for one in drawn for touched in one["resources"].values()} == set(catalog.resources)


@pytest.mark.soak
def test_every_type_and_every_verb_is_drawn(catalog: Catalog) -> None:
    computes: set[str] = set()
    verbs: dict[str, set[str]] = defaultdict(set)
    made: set[str] = set()
    for text in generated_manifests(3000):
        manifest = json.loads(text)
        computes.add(manifest["compute"]["type"])
        for resource in manifest["resources"].values():
            verbs[resource["type"]].update(resource.get("access", ()))
            if resource.get("create"):
                made.add(resource["type"])
    assert computes == set(catalog.computes)
    assert verbs == {type_: set(blueprint.verbs) for type_, blueprint in catalog.resources.items()}
    assert made == {type_ for type_, blueprint in catalog.resources.items() if blueprint.create is not None}


@pytest.mark.soak
def test_every_field_is_drawn_and_left_out(catalog: Catalog) -> None:
    """What a manifest may leave out is in one module and not in another, whether the resource is made or not."""
    given: dict[tuple[str, bool], list[set[str]]] = defaultdict(list)
    for created in (False, True):
        for text in generated_manifests(1900, created=created):
            for one in json.loads(text)["resources"].values():
                given[one["type"], one.get("create", False)].append(set(one))
    for (type_, created), drawn in given.items():
        blueprint = catalog.resources[type_]
        optional = blueprint.fields.keys() - blueprint.required
        if created and blueprint.create is not None:
            # AWS makes up the parts of an ARN that are no fields of creation
            optional = (optional | blueprint.create.fields.keys()) - {
                *blueprint.required,
                *blueprint.create.required,
                *blueprint.identified_by,
                *refused_where_made(blueprint),
            }
        for field in optional:
            assert any(field in one for one in drawn), f"{type_}.{field} is never drawn"
            assert any(field not in one for one in drawn), f"{type_}.{field} is never left out"


def test_the_same_manifests_are_drawn_every_time() -> None:
    anew = Drawn(created=False)
    anew.more(30)
    assert generated_manifests(30) == anew.made == generated_manifests(40)[:30]
