"""Roles apart: a statement that stands in another role than the one it was declared for is a finding of its own."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.prove.test_role_mutants import NOTHING_APPLIED

from rolewright.core.model import Module
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.prove.proof import prove
from rolewright.yaml.load import load, loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rolewright.core.finding import Finding
    from rolewright.pipeline import Built, Pipeline

EXAMPLES = Path(__file__).parents[2] / "examples"
ROLES = ("task", "execution")
_STATEMENT = re.compile(r"^  statement \{\n.*?^  \}\n", re.MULTILINE | re.DOTALL)

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/app:1"
MANIFEST: dict[str, Any] = {
    "version": 1,
    "workload": "app",
    "compute": {"type": "fargate", "image": IMAGE, "cpu": 256, "memory": 512, "secrets": {"TOKEN": "token"}},
    "resources": {
        "token": {"type": "secretsmanager-secret", "name": "app/token"},
        "data": {"type": "s3-bucket", "name": "app-data", "access": "get"},
    },
}


def build(pipeline: Pipeline, manifest: dict[str, Any]) -> Built:
    (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), pipeline.catalog)
    return pipeline.build(workload)


def findings(built: Built, text: str) -> tuple[Finding, ...]:
    module = Module(built.module.workload, {**built.module.files, "roles.tf": text})
    environment = built.workload.environments[0]
    plan = evaluate(parse(module), environment)
    return prove(plan, NOTHING_APPLIED, built.declaration, built.workload.boundary, environment).findings


def body(text: str, role: str) -> re.Match[str]:
    found = re.search(rf'^data "aws_iam_policy_document" "{role}" \{{\n(.*?)^\}}\n', text, re.MULTILINE | re.DOTALL)
    assert found
    return found


def moved(text: str, *, keep: bool = False) -> Iterator[tuple[str, str, str]]:
    """Sid, the role that it goes to, and the text in which it stands there; with `keep`, in its own as well."""
    for source, destination in (ROLES, ROLES[::-1]):
        for statement in _STATEMENT.finditer(body(text, source)[1]):
            sid = re.search(r'sid += "(\w+)"', statement[0])
            assert sid
            without = text if keep else text.replace(statement[0], "", 1)
            start = body(without, destination).start(1)
            added = statement[0].replace(sid[1], sid[1] + "Moved")
            yield sid[1], destination, without[:start] + added + without[start:]


@pytest.mark.parametrize("example", ["fargate", "orders"])
@pytest.mark.parametrize("keep", [False, True])
def test_a_statement_in_the_other_role_is_found(pipeline: Pipeline, example: str, keep: bool) -> None:
    (workload,) = read_manifest(load(EXAMPLES / f"{example}.yaml"), pipeline.catalog)
    built = pipeline.build(replace(workload, environments=workload.environments[:1], never=()))
    text = built.module.files["roles.tf"]
    assert findings(built, text) == ()
    mutants = list(moved(text, keep=keep))
    assert {other for _, other, _ in mutants} == set(ROLES)
    for sid, other, mutant in mutants:
        apart = [f for f in findings(built, mutant) if f.rule == "proof-apart"]
        assert apart, f"{sid} in {other}"
        assert all(f.message.startswith(f"{other} may ") for f in apart)
        (role,) = set(ROLES) - {other}
        assert all(f"declares for {role} alone" in f.message for f in apart)


def test_it_stands_at_the_line_that_declared_it(pipeline: Pipeline) -> None:
    built = build(pipeline, MANIFEST)
    mutants = {sid: mutant for sid, _, mutant in moved(built.module.files["roles.tf"])}
    found = {f.path: f for f in findings(built, mutants["TokenSecret"]) if f.rule == "proof-apart"}
    assert set(found) == {"compute.secrets.TOKEN"}
    assert found["compute.secrets.TOKEN"].location == built.workload.locate("compute.secrets.TOKEN")
    assert "task may secretsmanager:GetSecretValue" in found["compute.secrets.TOKEN"].message


def test_what_is_declared_for_both_is_no_fault(pipeline: Pipeline) -> None:
    token = {"type": "secretsmanager-secret", "name": "app/token", "access": "get"}
    built = build(pipeline, {**MANIFEST, "resources": {"token": token}})
    text = built.module.files["roles.tf"]
    assert findings(built, text) == ()
    execution = body(text, "execution")
    (secret,) = (s[0] for s in _STATEMENT.finditer(execution[1]) if "GetSecretValue" in s[0])
    gone = text[: execution.start()] + text[execution.start() :].replace(secret, "", 1)
    assert {f.rule for f in findings(built, gone)} == {"proof-access"}
    start = body(gone, "task").start(1)
    moved_there = gone[:start] + secret.replace("TokenSecret", "Moved") + gone[start:]
    assert {f.rule for f in findings(built, moved_there)} == {"proof-access"}


def test_only_the_part_that_goes_beyond_is_a_fault(pipeline: Pipeline) -> None:
    wide = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::app-data/*"], "reason": "x", "role": "execution"}
    narrow = {"type": "s3-bucket", "name": "app-data", "prefix": "in/", "access": "get"}
    resources = {**MANIFEST["resources"], "data": narrow}
    built = build(pipeline, {**MANIFEST, "resources": resources, "statements": [wide]})
    text = built.module.files["roles.tf"]
    assert findings(built, text) == ()
    task = body(text, "task")
    widened = text[: task.start()] + task[0].replace("app-data/in/*", "app-data/*") + text[task.end() :]
    apart = [f for f in findings(built, widened) if f.rule == "proof-apart"]
    assert [f.path for f in apart] == ["statements.0"]
    assert "app-data/in/" not in apart[0].message
