"""Every mutant of an example's rendered policies that changes what is allowed is rejected by the proof."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from blueprint_trials import tried_workloads
from cases import Cases, shared
from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.core.model import Module
from rolewright.data import iam
from rolewright.grants.derive import derive_grants
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.prove.proof import prove
from rolewright.prove.sandbox import Sandbox
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.model import Workload
    from rolewright.pipeline import Built, Pipeline

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
NOTHING_APPLIED = Sandbox((), (), (), {}, {}, {})

_STATEMENT = re.compile(r"^  statement \{\n.*?^  \}\n", re.MULTILINE | re.DOTALL)
_CONDITION = re.compile(r"^    condition \{\n.*?^    \}\n", re.MULTILINE | re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')


class Changed(Protocol):
    """What `said` needs to know of what was built."""

    @property
    def workload(self) -> Workload:
        """What was rendered."""

    @property
    def module(self) -> Module:
        """Its module as it was rendered."""


def mutants(text: str) -> Iterator[tuple[str, str]]:
    """What was done, and roles.tf with one statement, condition, action, resource or principal changed."""
    for statement in _STATEMENT.finditer(text):
        start, end = statement.span()
        body = statement.group()
        name = (re.search(r'sid += "(\w+)"', body) or [None, "?"])[1]
        yield f"drop {name}", text[:start] + text[end:]
        yield f"deny {name}", text[:start] + body.replace("{\n", '{\n    effect = "Deny"\n', 1) + text[end:]
        for condition in _CONDITION.finditer(body):
            shorter = body[: condition.start()] + body[condition.end() :]
            yield f"drop a condition of {name}", text[:start] + shorter + text[end:]
            other = condition.group().replace("values   = [", 'values   = ["other", ')
            changed = body[: condition.start()] + other + body[condition.end() :]
            yield f"widen a condition of {name}", text[:start] + changed + text[end:]
        for line in re.finditer(r"^ +(actions|resources|identifiers) += \[(.*?)\]\n", body, re.MULTILINE | re.DOTALL):
            for item in _STRING.finditer(line[2]):
                for new in _changed(line[1], item.group()):
                    at = start + line.start(2)
                    changed = text[: at + item.start()] + new + text[at + item.end() :]
                    yield f"{line[1]} of {name}: {item.group()} → {new or 'nothing'}", changed


def _changed(kind: str, item: str) -> Iterator[str]:
    if kind == "actions":
        yield '"s3:DeleteBucket"'
        yield item[:-1].rsplit(":", 1)[0] + ':*"'
    elif kind == "identifiers":
        yield '"codebuild.amazonaws.com"'
        yield item + ', "codebuild.amazonaws.com"'
    elif item != '"*"':
        yield '"*"'
        yield item[:-1] + '-other"'
        if item.endswith('/*"'):
            yield item[:-3] + '*"'


def proven(built: Built, pipeline: Pipeline, text: str) -> bool:
    """Whether the text passes evaluation and proof in every environment, moto left aside."""
    module = Module(built.module.workload, {**built.module.files, "roles.tf": text})
    try:
        parsed = parse(module)
        for environment in built.workload.environments:
            plan = evaluate(parsed, environment)
            result = prove(plan, NOTHING_APPLIED, built.declaration, built.workload.boundary, environment)
            if [f for f in result.findings if f.rule != "promise-broken"]:
                return False
    except Rejected:
        return False
    return True


def kind(mutant: tuple[str, str]) -> list[str]:
    """What was done, without what it was done to."""
    done, _, new = mutant[0].partition(" → ")
    what = re.sub(r" of .*| \w+$", "", done)
    return [f"{what} {new[-4:]}"]


def rejected(built: Built, pipeline: Pipeline, cases: Cases) -> tuple[int, list[str]]:
    """How many mutants there are, and those that the proof lets pass though they change what is said."""
    text = built.module.files["roles.tf"]
    assert proven(built, pipeline, text)
    made = list(mutants(text))
    tried = cases.of(made, 0.05, kind)
    passed = [(name, mutant) for name, mutant in tried if proven(built, pipeline, mutant)]
    before = said(built, built.module.files)
    changed = ((name, {**built.module.files, "roles.tf": mutant}) for name, mutant in passed)
    return len(made), [name for name, files in changed if said(built, files) != before]


def said(built: Changed, files: Mapping[str, str]) -> set[tuple[str, str, frozenset[str]]]:
    """What the documents allow and deny, and under which conditions.

    What is allowed under some conditions says nothing new where it is allowed under fewer of them.
    """
    plan = evaluate(parse(Module(built.module.workload, files)), built.workload.environments[0])
    found = set()
    for block in plan.resources.values():
        for name in ("policy", "assume_role_policy"):
            if block.type.startswith("aws_iam_role") and name in block.values:
                for statement in json.loads(block.values[name])["Statement"]:
                    kind = json.dumps([statement["Effect"], statement.get("Principal")])
                    conditions = frozenset(
                        f"{operator} {key} {sorted(_several(values))}"
                        for operator, keys in statement.get("Condition", {}).items()
                        for key, values in keys.items()
                    )
                    for pattern in _several(statement["Action"]):
                        for action in iam.expand(pattern):
                            for arn in _several(statement.get("Resource")):
                                found.add((f"{block.address} {action} {arn}", kind, conditions))
    weakest = {
        (what, kind, conditions)
        for what, kind, conditions in found
        if not any(w == what and k == kind and c < conditions for w, k, c in found)
    }
    return weakest | {entry for entry in found if '"Deny"' in entry[1]}


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_mutant_is_rejected(path: Path, pipeline: Pipeline, cases: Cases) -> None:
    (workload,) = read_manifest(load(path), pipeline.catalog)
    built = pipeline.build(replace(workload, environments=workload.environments[:1]))
    amount, survivors = rejected(built, pipeline, cases)
    print(f"{path.stem}: {amount - len(survivors)} of {amount} mutants rejected")
    assert survivors == []
    assert amount >= 15


WITHIN = {"comprehend": "ItEntityRecognizerEndpoint", "dynamodb-table": "ItLeaseIndex"}
"""Statements that allow nothing which another verb of the same manifest does not: an index by name, and every index."""


@pytest.mark.parametrize("type_", shared(load_catalog().resources, 0.12))
def test_every_mutant_of_a_type_s_grants_is_rejected(type_: str, pipeline: Pipeline, cases: Cases) -> None:
    """The manifest with the most permissions of those that a type is tried with."""
    tried = tried_workloads(pipeline.catalog.resources.files[type_])
    workload = max(tried, key=lambda candidate: len(derive_grants(candidate, pipeline.catalog).grants))
    amount, survivors = rejected(pipeline.build(workload), pipeline, cases)
    print(f"{type_}: {amount - len(survivors)} of {amount} mutants rejected")
    assert [survivor for survivor in survivors if WITHIN.get(type_, "no statement") not in survivor] == []
    assert amount >= 5
