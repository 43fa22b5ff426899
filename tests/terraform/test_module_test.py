"""`terraform test` of a module passes as it is rendered, and fails where somebody widened it by hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cases import Cases, shared
from manifest_generator import compute_variants, generated_manifests
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from real_terraform import Terraform
    from rolewright.core.model import Workload
    from rolewright.pipeline import Built, Pipeline

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
TEST = "tests/access.tftest.hcl"

pytestmark = pytest.mark.terraform


def judged(terraform: Terraform, folder: Path) -> dict[str, str]:
    """What `terraform test` says of each test file of a folder: pass, fail or error."""
    lines = terraform.run(folder, "test", "-json", accept=(0, 1)).splitlines()
    files = [message["test_file"] for message in map(json.loads, lines) if message["type"] == "test_file"]
    return {Path(file["path"]).name: file["status"] for file in files if file.get("progress") == "complete"}


def tried(terraform: Terraform, folder: Path, modules: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The same for several modules in one root, by their names: the provider is found once."""
    (folder / "tests").mkdir()
    for name, files in modules.items():
        for file, text in files.items():
            path = folder / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        inner = rf'run "\1" {{\n  module {{\n    source = "./{name}"\n  }}'
        text = re.sub(r'^run "(\w+)" \{$', inner, files[TEST], flags=re.MULTILINE)
        (folder / "tests" / f"{name}.tftest.hcl").write_text(text, encoding="utf-8")
    (folder / "versions.tf").write_text(next(iter(modules.values()))["versions.tf"], encoding="utf-8")
    terraform.run(folder, "init", "-input=false")
    return {name.removesuffix(".tftest.hcl"): status for name, status in judged(terraform, folder).items()}


@pytest.mark.parametrize("path", shared(EXAMPLES, 0.1), ids=lambda path: path.stem)
def test_the_test_of_every_example_passes_where_it_was_written(
    path: Path, pipeline: Pipeline, terraform: Terraform, tmp_path: Path
) -> None:
    for built in pipeline.run(path):
        for file, text in built.module.files.items():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(text, encoding="utf-8")
    terraform.run(tmp_path, "init", "-input=false")
    assert judged(terraform, tmp_path) == {"access.tftest.hcl": "pass"}


@pytest.mark.soak
def test_the_tests_of_generated_modules_pass(
    pipeline: Pipeline, terraform: Terraform, tmp_path: Path, cases: Cases
) -> None:
    """A module with each type that can be created, and one with each compute type and each field of it."""
    seen: set[str] = set()
    chosen: list[Workload] = []
    for text in [*compute_variants(), *generated_manifests(120, created=True)]:
        for workload in read_manifest(loads(text, "m.yaml"), pipeline.catalog):
            kinds = {r.type for r in workload.resources.values() if r.created}
            kinds |= {f"{workload.compute.type}.{field}" for field in workload.compute.fields}
            if not kinds <= seen:
                seen |= kinds
                chosen.append(workload)
    assert seen >= {type_ for type_, blueprint in pipeline.catalog.resources.items() if blueprint.create is not None}
    chosen = cases.of(chosen, 0.03)
    modules = {f"m{number}": pipeline.build(text).module.files for number, text in enumerate(chosen)}
    assert tried(terraform, tmp_path, modules) == dict.fromkeys(modules, "pass")


def widened(built: Built) -> Iterator[tuple[str, str]]:
    """The roles of a module, each time with one thing that allows more than the manifest says."""
    roles = built.module.files["roles.tf"]
    edits = [
        (r'actions += \[\n?', r'\g<0>"iam:CreateUser", '),
        (r'actions += \["(\w+):.*\]', r'actions = ["\1:*"]'),
        (r'(?<! )    resources +=.*\[[^\]]*\]', '    resources = ["*"]'),
        (r'identifiers = \[', r'\g<0>"support.amazonaws.com", '),
        (r'    condition \{[^}]*\}\n', ""),
        (r'(test +=) "\w+"\n(.*\n.*values += \[")[^"]*', r'\1 "StringLike"\n\2*'),
        (r'  (policy|assume_role_policy) +=.*', r'  \1 = jsonencode({ Statement = [] })'),
        (r'policy_arns += \[', r'\g<0>"arn:aws:iam::aws:policy/AdministratorAccess"'),
        (r'policy_names += \[', r'\g<0>"mine", '),
    ]  # fmt: skip
    for pattern, replacement in edits:
        for found in re.finditer(pattern, roles):
            text = roles[: found.start()] + found.expand(replacement) + roles[found.end() :]
            if text != roles:
                yield f"{pattern} at {roles.count(chr(10), 0, found.start()) + 1}", text


@pytest.mark.soak
@pytest.mark.parametrize("name", ["carts", "github-actions", "legacy-app"])
def test_every_widening_by_hand_fails(
    name: str, pipeline: Pipeline, terraform: Terraform, tmp_path: Path, cases: Cases
) -> None:
    (built,) = pipeline.run(next(path for path in EXAMPLES if path.stem == name))
    edits = list(widened(built))
    assert len(edits) >= 10
    edits = cases.of(edits, 0.05, lambda edit: [edit[0].rpartition(" at ")[0]])
    modules = {f"m{number}": {**built.module.files, "roles.tf": text} for number, (_, text) in enumerate(edits)}
    verdicts = tried(terraform, tmp_path, modules)
    unnoticed = [edits[int(name[1:])][0] for name, verdict in verdicts.items() if verdict == "pass"]
    assert unnoticed == []
    assert len(verdicts) == len(edits)


def test_a_broken_promise_is_named(pipeline: Pipeline, terraform: Terraform, tmp_path: Path, cases: Cases) -> None:
    """Also where the action is in a pattern alone."""
    (built,) = pipeline.run(next(path for path in EXAMPLES if path.stem == "orders"))
    terraform_files = dict(built.module.files)
    for number, action in enumerate(cases.of(("dynamodb:Del*", "dynamodb:DeleteItem", "dynamodb:*"), 0.3)):
        folder = tmp_path / str(number)
        text = terraform_files["roles.tf"].replace('["dynamodb:GetItem",', f'["{action}", "dynamodb:GetItem",')
        for file, content in {**terraform_files, "roles.tf": text}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(content, encoding="utf-8")
        terraform.run(folder, "init", "-input=false")
        assert "The role task breaks the promise: never delete on *" in terraform.run(
            folder, "test", "-json", accept=(0, 1)
        )
