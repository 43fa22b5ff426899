"""What AWS refuses, or what never works there, is refused at its line; what looks alike and is right is not."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected, Severity
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.contents import contents_findings, structure_findings
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

FOLDER = Path(__file__).parents[1] / "cases" / "limits"
CATALOG = load_catalog()
EXPECTED: dict[str, dict[str, int]] = load(FOLDER / "expected.yaml").trees[0].data
PAIRS: list[tuple[str, Any, Any]] = [
    (name, group["base"], pair)
    for name, group in load(FOLDER / "pairs.yaml").trees[0].data.items()
    for pair in group["pairs"]
]
TOLD: list[tuple[Any, Any]] = [
    (group["base"], pair)
    for group in load(FOLDER / "pairs.yaml").trees[0].data.values()
    for pair in group.get("told", ())
]


def refused(path: Path) -> dict[str, int]:
    """The paths of a manifest that are blamed, and their lines."""
    try:
        read_manifest(load(path), CATALOG)
    except Rejected as refusal:
        errors = (finding for finding in refusal.findings if finding.severity is Severity.ERROR)
        return {finding.path: finding.location.line for finding in errors}
    return {}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_manifest_of_a_review(name: str) -> None:
    assert refused(FOLDER / f"{name}.yaml") == EXPECTED[name]


def test_every_manifest_has_its_answer() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} - {"expected", "pairs"} == set(EXPECTED)


def changed(base: Any, changes: dict[str, Any]) -> str:
    manifest = {"version": 1, "workload": "my-app", **copy.deepcopy(base)}
    for path, value in changes.items():
        *above, last = path.split(".")
        node = manifest
        for step in above:
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value
    return json.dumps(manifest)


@pytest.mark.parametrize(("group", "base", "pair"), PAIRS, ids=[f"{name}-{pair['at']}" for name, _, pair in PAIRS])
def test_one_of_two_that_look_alike_is_refused(group: str, base: Any, pair: Any) -> None:
    with pytest.raises(Rejected) as refusal:
        read_manifest(loads(changed(base, pair["wrong"]), "wrong.json"), CATALOG)
    blamed = pair["at"] if isinstance(pair["at"], list) else [pair["at"]]
    assert {finding.path for finding in refusal.value.findings} == {*blamed}
    (workload,) = read_manifest(loads(changed(base, pair["right"]), "right.json"), CATALOG)
    assert workload.warnings == ()
    (before,) = read_manifest(loads(changed(base, {}), "base.json"), CATALOG)
    assert before.name == workload.name, group


def test_what_is_right_is_rendered_as_its_blueprint_says(pipeline: Pipeline) -> None:
    """What is accepted, and then cannot be rendered, or not as its blueprint declares it, is refused all the same."""
    for _, base, pair in PAIRS:
        (workload,) = read_manifest(loads(changed(base, pair["right"]), "right.json"), CATALOG)
        rendered, environment = pipeline.render(workload), workload.environments[0]
        parsed, contents = parse(rendered.module), rendered.declaration.contents
        found = [
            *structure_findings(parsed, contents),
            *contents_findings(evaluate(parsed, environment), contents, environment),
        ]
        assert found == [], pair


@pytest.mark.parametrize(("base", "pair"), TOLD, ids=[pair["at"] for _, pair in TOLD])
def test_one_of_two_that_look_alike_has_a_warning_or_note(base: Any, pair: Any) -> None:
    (workload,) = read_manifest(loads(changed(base, pair["wrong"]), "wrong.json"), CATALOG)
    (told,) = (finding for finding in workload.warnings if finding.path == pair["at"])
    assert told.severity == Severity(pair["severity"])
    (workload,) = read_manifest(loads(changed(base, pair["right"]), "right.json"), CATALOG)
    assert pair["at"] not in {finding.path for finding in workload.warnings}


@pytest.mark.parametrize("type_", ["ec2", "ec2-autoscaling"])
@pytest.mark.parametrize(("script", "fits"), [("é" * 8192, True), ("é" * 8193, False), ("e" * 16384, True)])
def test_user_data_is_counted_in_bytes(type_: str, script: str, fits: bool) -> None:
    group = {"subnet_ids": ["subnet-0123456789abcdef0"], "max": 2} if type_ == "ec2-autoscaling" else {}
    compute = {"type": type_, "ami": "amazon-linux-2023", "instance_type": "t3.micro", "user_data": script, **group}
    text = json.dumps({"version": 1, "workload": "my-app", "compute": compute})
    if fits:
        read_manifest(loads(text, "m.json"), CATALOG)
        return
    with pytest.raises(Rejected) as refusal:
        read_manifest(loads(text, "m.json"), CATALOG)
    assert [finding.path for finding in refusal.value.findings] == ["compute.user_data"]


@pytest.mark.parametrize(
    "compute",
    [
        {"type": "codebuild", "buildspec": "version: 0.2\n# ${inputs.level}"},
        {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro", "user_data": "echo ${inputs.level}"},
    ],
)
def test_an_input_stands_in_what_is_run(compute: dict[str, Any]) -> None:
    inputs = {"level": {"type": "string", "default": "info"}}
    read_manifest(
        loads(json.dumps({"version": 1, "workload": "my-app", "compute": compute, "inputs": inputs}), "m"), CATALOG
    )
