"""Blueprints that are broken in what their fields are marked with, or in their templates: a finding says so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fuzz_manifests import ROOT, parsed
from in_process import KEY, run

__all__ = ["run"]

if TYPE_CHECKING:
    from collections.abc import Callable


MARKS: tuple[dict[str, Any], ...] = (
    {"x-resource": {"role": "schedule", "verbs": {"sqs-queue": [{"type": "integer"}]}}},
    {"x-resource": {"role": "schedule", "verbs": {"sqs-queue": ["nonsense"]}}},
    {"x-resource": {"role": "schedule", "verbs": {"nonsense": ["send"]}}},
    {"x-resource": {"role": ["schedule"], "verbs": {}}},
    {"x-resource": "schedule"},
    {"x-resource": {}},
    {"x-calls": {}},
    {"x-calls": {"role": "schedule", "key": "k", "pattern": "(", "arguments": ["a"], "of": {}}},
    {"x-calls": {"role": "schedule", "key": "k", "pattern": "a", "arguments": ["a"], "of": {}}},
    {"x-calls": {"role": "schedule", "key": "k", "pattern": "(a)", "arguments": ["a"], "of": {"": []}}},
    {"x-unique": 1},
    {"x-only-for": ["target"]},
    {"x-only-for": {"target": "sqs-queue"}},
    {"x-fixed": "("},
    {"x-fixed": 1},
    {"type": "object", "additionalProperties": {"x-resource": 1}},
    {"type": "array", "items": {"x-resource": {"verbs": {"sqs-queue": [1]}}}},
)
SCHEDULE = """\
version: 1
workload: app
compute: {type: scheduled-task, target: jobs, expression: rate(5 minutes)}
resources:
  jobs: {type: sqs-queue, name: jobs, access: send}
"""


@pytest.mark.parametrize("mark", MARKS, ids=json.dumps)
def test_a_mark_of_a_field_that_is_none_is_a_finding(run: Callable[..., str], tmp_path: Path, mark: Any) -> None:
    blueprint = parsed((ROOT / "blueprints/compute/scheduled-task/blueprint.yaml").read_text(encoding="utf-8"))
    target = {"description": "x", **mark}
    own = tmp_path / "own" / "compute" / "scheduled-task"
    own.mkdir(parents=True)
    changed = {**blueprint, "fields": {**blueprint["fields"], "target": target}}
    (own / "blueprint.yaml").write_text(json.dumps(changed), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SCHEDULE, encoding="utf-8")
    for command in (
        "validate s.yaml",
        "why-not s.yaml sqs:SendMessage *",
        "explain credentials s.yaml",
        "diff s.yaml s.yaml",
    ):
        run(*command.split(), "--blueprints", "own")
    assert "error" in run("validate", "s.yaml", "--blueprints", "own")


@pytest.mark.parametrize(
    "odd", [{"items": "x"}, {"items": [1]}, {"properties": {"a": 1}}, {"properties": []}], ids=json.dumps
)
def test_a_field_that_goes_into_an_arn_and_is_no_schema_is_a_finding(
    run: Callable[..., str], tmp_path: Path, odd: Any
) -> None:
    blueprint = parsed((ROOT / "blueprints/resources/kinesis-stream/blueprint.yaml").read_text(encoding="utf-8"))
    name = {"type": "string", "pattern": "^a$", "description": "x", **odd}
    own = tmp_path / "own" / "resources" / "kinesis-stream"
    shutil.copytree(ROOT / "blueprints/resources/kinesis-stream", own)
    arns = {key: arn.replace("${name}", "${name}-${name.a}") for key, arn in blueprint["arns"].items()}
    changed = {**blueprint, "arns": arns, "fields": {**blueprint["fields"], "name": name}}
    (own / "blueprint.yaml").write_text(json.dumps(changed), encoding="utf-8")
    assert "error" in run("blueprints", "show", "kinesis-stream", "--blueprints", "own")


@pytest.mark.parametrize(
    "command",
    ["validate m.yaml", "why-not m.yaml s3:GetObject *", "usage t.json -m m.yaml", "diff m.yaml output",
     "migrate advance KEY --file k.yaml -m m.yaml"],
)  # fmt: skip
def test_a_template_that_makes_no_hcl_is_a_finding(run: Callable[..., str], tmp_path: Path, command: str) -> None:
    run("render", "m.yaml")
    run("migrate", "init", "a.py", "--deadline", "2999-01-01", "--file", "k.yaml")
    (tmp_path / "t.json").write_text('{"Records": []}', encoding="utf-8")
    shutil.copytree(ROOT / "blueprints/compute/lambda", tmp_path / "own/compute/lambda")
    template = tmp_path / "own/compute/lambda/lambda.tf.j2"
    template.write_text('resource "x\n' + template.read_text(encoding="utf-8"), encoding="utf-8")
    assert "no HCL" in run(*command.replace("KEY", KEY).split(), "--blueprints", "own")


def test_a_template_that_is_not_there_is_a_finding(run: Callable[..., str], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "blueprints/compute/lambda", tmp_path / "own/compute/lambda")
    (tmp_path / "own/compute/lambda/lambda.tf.j2").unlink()
    assert "lambda/lambda.tf.j2" in run("validate", "m.yaml", "--blueprints", "own")
