"""Outputs: a module gives everything that it makes and another module wires, under names that stay the same."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from blueprint_trials import tried_workloads
from rolewright.blueprint import load_catalog
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.render.module import render_workload
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.model import Workload

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases" / "outputs.yaml").read_text(encoding="utf-8"))
CATALOG = load_catalog()
TYPES = {**CATALOG.computes.files, **CATALOG.resources.files}
MADE = [name for name in TYPES if name in CATALOG.computes or CATALOG.resources[name].create]
_RESOURCE = re.compile(r'^ *resource "(\w+)"', re.MULTILINE)
_LABELLED = re.compile(r'^resource "(\w+)" "(\w+)"', re.MULTILINE)
_OUTPUT = re.compile(r'^output "(\w+)" {\n  description = "(.+)"\n  value       = (\S+)\n', re.MULTILINE)
_ALL = re.compile(r'^output "(\w+)"', re.MULTILINE)


def rendered(workload: Workload) -> Mapping[str, str]:
    return render_workload(workload, CATALOG, Templates(CATALOG)).module.files


@cache
def variants(type_: str) -> list[Mapping[str, str]]:
    """The least modules that a built-in blueprint is tried with, and as few others as together give all there is.

    A field can take a block away: the least module that makes a resource has what the field stands in for.
    """
    workloads = sorted(tried_workloads(TYPES[type_]), key=lambda workload: len(_given(workload)))
    makes = (workload for workload in workloads if any(r.created for r in workload.resources.values()))
    kept, given = [workloads[0], *itertools.islice(makes, 1)], set[str]()
    for workload in reversed(workloads):
        if not _given(workload) <= given:
            kept.append(workload)
            given |= _given(workload)
    return [rendered(workload) for workload in kept]


def _given(workload: Workload) -> frozenset[str]:
    """The paths of all that is given: what they say decides over no block."""
    created = {resource.key: resource.fields for resource in workload.resources.values() if resource.created}
    return frozenset(_paths({"compute": workload.compute.fields, "created": created}, ""))


def _paths(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths(inner, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _paths(inner, path)
    elif value not in (None, False):
        yield path


def outputs(files: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return _OUTPUT.findall(files["outputs.tf"])


def test_every_type_that_a_template_makes_gives_outputs_or_says_why_it_gives_none() -> None:
    made = {name for file in CATALOG.templates.values() for name in _RESOURCE.findall(file.read_text(encoding="utf-8"))}
    table = CATALOG.facts["outputs"].names
    assert made - {*table} == {*CASES["unwired"]}
    assert {*table} <= made


@pytest.mark.parametrize("type_", MADE)
def test_every_block_gives_all_that_is_wired_of_it_once_and_in_order(type_: str) -> None:
    table = CATALOG.facts["outputs"].names
    blueprint = CATALOG.computes.get(type_)
    silent = {block.address for block in blueprint.blocks if not block.outputs} if blueprint else set()
    for files in variants(type_):
        found = outputs(files)
        names = [name for name, _, _ in found]
        assert names == sorted(set(names))
        written = [name for text in files.values() for name in _ALL.findall(text)]
        assert len(written) == len(set(written)) >= len(names)
        expected = {
            f"{kind}.{label}.{facts.get('from', {}).get(suffix, suffix)}"
            for text in files.values()
            for kind, label in _LABELLED.findall(text)
            if (facts := table.get(kind)) and f"{kind}.{label}" not in silent
            for suffix in facts["outputs"]
        }
        roles = set(re.findall(r'resource "aws_iam_role" "(\w+)"', files["roles.tf"]))
        expected |= {f"aws_iam_role.{role}.{attribute}" for role in roles for attribute in ("arn", "name")}
        assert sorted(value for _, _, value in found) == sorted(expected)


@pytest.mark.parametrize("type_", MADE)
def test_a_name_means_the_same_in_every_variant_of_a_type(type_: str) -> None:
    meant: dict[str, set[tuple[str, str]]] = {}
    for files in variants(type_):
        for name, description, value in outputs(files):
            meant.setdefault(name, set()).add((description, value))
    assert not {name: values for name, values in meant.items() if len(values) > 1}


@pytest.mark.parametrize("type_", MADE)
def test_what_is_known_to_be_wired_has_the_name_that_one_looks_for(type_: str) -> None:
    names = {name for files in variants(type_) for text in files.values() for name in _ALL.findall(text)}
    assert {*CASES["wired"][type_]} <= names


def test_every_type_that_is_made_is_among_what_is_known_to_be_wired() -> None:
    assert {*CASES["wired"]} == {*MADE}


def built(pipeline: Pipeline, compute: dict[str, Any], **resources: Any) -> dict[str, str]:
    """The outputs of a module by name, which the whole pipeline has accepted."""
    manifest = {"version": 1, "workload": "my-app", "compute": compute, "resources": resources}
    (workload,) = read_manifest(loads(yaml.safe_dump(manifest), "m.yaml"), pipeline.catalog)
    result = pipeline.build(workload)
    assert result.findings == ()
    return {name: value for name, _, value in outputs(result.module.files)}


FUNCTION = {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "a.zip"}
QUEUE = {"type": "sqs-queue", "create": True}


@pytest.mark.parametrize("key", ["function", "execution-role", "alias", "function-log-group"])
def test_a_resource_whose_key_would_give_the_name_of_another_output_gives_a_name_of_its_own(
    key: str, pipeline: Pipeline
) -> None:
    label = key.replace("-", "_")
    found = built(pipeline, FUNCTION, **{key: {**QUEUE, "name": "jobs"}})
    assert found[f"created_{label}_arn"] == f"aws_sqs_queue.{label}.arn"
    assert found["function_arn"] == "aws_lambda_function.function.arn"
    assert found["execution_role_arn"] == "aws_iam_role.execution.arn"


def test_resources_whose_outputs_would_have_one_name_both_have_theirs(pipeline: Pipeline) -> None:
    table = {"type": "dynamodb-table", "create": True, "name": "jobs", "hash_key": "id"}
    found = built(pipeline, FUNCTION, jobs=table, **{"jobs-stream": {**QUEUE, "name": "jobs"}})
    assert found["jobs_stream_arn"] == "aws_dynamodb_table.jobs.stream_arn"
    assert found["created_jobs_stream_arn"] == "aws_sqs_queue.jobs_stream.arn"


DESK = """
summary: A desk
fields: {place: {type: string, default: attic, description: Where it stands}}
required: []
names: {}
roles: {clerk: {summary: what is done at the desk, trusts: [ec2.amazonaws.com], grants: workload}}
blocks: {aws_sns_topic.desk: {free: [name]}}
templates: [desk.tf.j2]
"""
TEMPLATE = """
resource "aws_sns_topic" "desk" {
  #checkov:skip=CKV_AWS_26:a test
  name = "desk"
  tags = local.tags
}

output "topic_arn" {
  description = "Its own"
  value       = "arn:own"
}
"""


def test_an_output_that_a_team_s_template_writes_is_not_written_twice(tmp_path: Path) -> None:
    folder = tmp_path / "compute" / "desk"
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(DESK, encoding="utf-8")
    (folder / "desk.tf.j2").write_text(TEMPLATE, encoding="utf-8")
    with Pipeline([tmp_path]) as pipeline:
        found = built(pipeline, {"type": "desk"})
    assert "topic_arn" not in found
    assert found["topic_name"] == "aws_sns_topic.desk.name"
