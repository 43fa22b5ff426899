"""docs/security-hub.md says of every type that can be created what Security Hub's controls find, and that is so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blueprint_trials import tried_workloads
from rolewright.blueprint import load_catalog
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import sample
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads
from security_hub import PAGE, TYPES, page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.model import Workload
    from rolewright.pipeline import Pipeline

CATALOG = load_catalog()
HOST = {"type": "eks-irsa", "namespace": "shop", "service_account": "shop", "issuer": "oidc.example.com/id/A"}
CONTROLS = [(type_, control) for type_, controls in TYPES.items() for control in controls]
MET = [(type_, control) for type_, control in CONTROLS if "met" in TYPES[type_][control]]
DECIDED = [(t, c, by) for t, c in MET for by in ("with", "but") if by in TYPES[t][c]]
Blocks = dict[str, list[dict[str, Any]]]


def test_the_page_is_that_of_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run tests/support/security_hub.py"


def test_every_type_that_can_be_created_is_in_the_table() -> None:
    assert {*TYPES} == {type_ for type_, blueprint in CATALOG.resources.items() if blueprint.create}


@pytest.mark.parametrize(("type_", "control"), CONTROLS)
def test_a_control_has_one_verdict(type_: str, control: str) -> None:
    entry = TYPES[type_][control]
    assert len({"met", "fails", "not"} & {*entry}) == 1
    assert {*entry} <= {"title", "met", "fails", "not", "with", "but"}


@pytest.mark.parametrize(("type_", "control"), MET)
def test_what_is_met_is_in_every_module(pipeline: Pipeline, type_: str, control: str) -> None:
    entry = TYPES[type_][control]
    if "with" in entry:
        assert met(entry, blocks(pipeline, workload(type_, entry["with"])))
        return
    made = [tried for tried in tried_workloads(CATALOG.resources.files[type_]) if tried.resources["it"].created]
    assert made
    assert [tried.resources["it"].fields for tried in made if not met(entry, blocks(pipeline, tried))] == []


@pytest.mark.parametrize(("type_", "control", "by"), DECIDED)
def test_a_field_that_decides_it_does(pipeline: Pipeline, type_: str, control: str, by: str) -> None:
    entry = TYPES[type_][control]
    assert not met(entry, blocks(pipeline, workload(type_, entry["but"] if by == "but" else {})))


def workload(type_: str, fields: Mapping[str, Any]) -> Workload:
    """A manifest with a resource of the type, of no more than what it has to say and these fields."""
    blueprint = CATALOG.resources[type_]
    assert blueprint.create is not None
    schemas = {**blueprint.fields, **blueprint.create.fields}
    required = {name: sample(schemas[name]) for name in (*blueprint.required, *blueprint.create.required)}
    entry = {"type": type_, "create": True, **required, **fields}
    manifest = {"version": 1, "workload": "shop", "compute": HOST, "resources": {"it": entry}}
    return read_manifest(loads(json.dumps(manifest), "shop.yaml"), CATALOG)[0]


def blocks(pipeline: Pipeline, of: Workload) -> Blocks:
    """The arguments of the blocks that are made of the resource, by their type."""
    key = (id(of),)
    if key not in _SEEN:
        evaluated = evaluate(parse(pipeline.render(of).module), of.environments[0])
        found: Blocks = {}
        for address, block in evaluated.resources.items():
            kind, _, label = address.partition(".")
            if label == "it" or label.startswith("it_"):
                found.setdefault(kind, []).append(dict(block.values))
        _SEEN[key] = found, of
    return _SEEN[key][0]


_SEEN: dict[tuple[int], tuple[Blocks, Workload]] = {}


def met(entry: Mapping[str, Any], made: Blocks) -> bool:
    """Whether the blocks have what one of the lines says, every block of each type."""
    return any(
        all(
            made.get(type_)
            and all(
                fits([*at(block, path.split("."))], wanted)
                for block in made[type_]
                for path, wanted in arguments.items()
            )
            for type_, arguments in line.items()
        )
        for line in entry["met"]
    )


def at(value: Any, path: list[str]) -> Iterator[Any]:
    """Every value at a path, through lists of blocks."""
    if isinstance(value, list | tuple):
        for inner in value:
            yield from at(inner, path)
    elif not path:
        yield value
    elif hasattr(value, "get") and value.get(path[0]) is not None:
        yield from at(value[path[0]], path[1:])


def fits(values: list[Any], wanted: Mapping[str, Any]) -> bool:
    ((how, what),) = wanted.items()
    if not values:
        return False
    checks: dict[str, Any] = {
        "is": lambda value: value == what,
        "set": bool,
        "least": lambda value: int(value) >= what,
        "other_than": lambda value: value != what,
        "allows": lambda policy: all(PRINCIPALS[what](s["Principal"]) for s in statements(policy, "Allow")),
        "refuses": lambda policy: any(
            s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}} and s["Principal"] == "*"
            for s in statements(policy, "Deny")
        ),
    }
    return all(checks[how](value) for value in values)


def statements(policy: str, effect: str) -> list[dict[str, Any]]:
    return [statement for statement in json.loads(policy)["Statement"] if statement["Effect"] == effect]


PRINCIPALS: dict[str, Any] = {
    "named": lambda principal: principal != "*" and "*" not in json.dumps(principal),
    "services": lambda principal: {*principal} == {"Service"},
}
