"""A definition that Step Functions refuses is refused at its line, and what its guide shows is accepted.

cfn-lint has a schema of state machines: what it refuses in a damaged definition, the judge of rolewright refuses.
"""

from __future__ import annotations

import copy
import json
import random
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from rolewright.core.finding import Location
from rolewright.manifest.states_language import machine_findings
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.finding import Finding
    from rolewright.yaml.load import PathInTree

CASES = load(Path(__file__).parents[1] / "cases" / "states.yaml").trees[0].data
RIGHT = CASES["right"]


def found(definition: Any, *, express: bool = False) -> list[Finding]:
    def locate(path: PathInTree, *, key: bool = False) -> Location:
        return Location("m.yaml", len(path), 2 if key else 1)

    return list(machine_findings(definition, (), locate, express=express))


def shown(findings: list[Finding]) -> str:
    return "\n".join(f"{finding.path}: {finding.message}" for finding in findings)


@pytest.mark.parametrize("definition", RIGHT)
def test_what_the_guide_shows_is_accepted(definition: Any) -> None:
    assert not found(definition), shown(found(definition))


@pytest.mark.parametrize("case", CASES["wrong"], ids=lambda case: case["at"])
def test_what_aws_refuses_is_refused_at_its_place(case: dict[str, Any]) -> None:
    findings = found(case["definition"])
    places = [finding.path for finding in findings]
    assert case["at"] in places, shown(findings)
    assert len(set(places)) == 1 or case.get("more"), shown(findings)


@pytest.mark.parametrize("case", CASES["express"], ids=lambda case: case["at"])
def test_an_express_machine_waits_for_nothing(case: dict[str, Any]) -> None:
    assert not found(case["definition"])
    assert [finding.path for finding in found(case["definition"], express=True)] == [case["at"]]


def test_the_items_of_a_map_may_be_express_ones() -> None:
    case = CASES["express_items"]
    assert [finding.path for finding in found(case["definition"])] == [case["at"]]


def damaged(definition: Any, chance: random.Random) -> Any:
    """A copy with one thing in its states removed, renamed or made something else."""
    copied = copy.deepcopy(definition)
    places = list(_places(copied["States"]))
    holder, key = chance.choice(places)
    match chance.randrange(4):
        case 0:
            del holder[key]
        case 1:
            holder[key] = chance.choice([5, "x", None, [], {}, True, ["x"]])
        case 2 if isinstance(holder, dict):
            holder[f"{key}s"] = holder.pop(key)
        case _:
            if isinstance(holder, dict):
                holder[chance.choice(["Next", "End", "Retry", "Output", "Parameters", "Typ", "Result"])] = "x"
    return copied


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield node, key
        yield from _places(value)


@cache
def cfn_lint() -> Any:
    """The schema of cfn-lint with its own keyword `requiredXor` in terms of others, and its own reference to itself."""
    folder = files("cfnlint.data.schemas.other.step_functions")
    schema = json.loads((folder / "statemachine.json").read_text(encoding="utf-8"))
    for node in [schema, *(holder[key] for holder, key in _places(schema))]:
        if isinstance(node, dict) and isinstance(node.get("requiredXor"), list):
            node["oneOf"] = [{"required": [name]} for name in node.pop("requiredXor")]
        if isinstance(node, dict) and node.get("$ref") == "#/":
            node["$ref"] = "#"
    return jsonschema_rs.validator_for({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})


def refused_by_cfn_lint(definition: Any) -> list[str]:
    """What it refuses, but for what may be any value by AWS's guide, and for what a call needs, which others check."""
    return [
        f"{error.instance_path}: {error.message}"
        for error in cfn_lint().iter_errors(definition)
        if error.instance_path[-1:] not in (["Output"], ["Arguments"], ["Resource"])
    ]


def test_what_cfn_lint_refuses_is_refused() -> None:
    """It knows too few fields for some of the definitions, so that only those are damaged that it takes."""
    plain = [definition for definition in RIGHT if not refused_by_cfn_lint(definition)]
    assert len(plain) > 2
    chance, refused = random.Random(7), 0
    for _ in range(3000):
        definition = damaged(chance.choice(plain), chance)
        errors = refused_by_cfn_lint(definition)
        refused += bool(errors)
        assert found(definition) or not errors, f"{json.dumps(definition)}\n{errors}"
    assert refused > 500
