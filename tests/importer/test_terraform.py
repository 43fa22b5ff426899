"""Terraform's states and plans beyond the cases: what is refused, the round trip of what is rendered, and --adopt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright
from real_terraform import Terraform
from rolewright.adopt.table import import_rules
from rolewright.blueprint import load_catalog
from rolewright.core.finding import MisuseError
from rolewright.importer.finish import Imported, imported
from rolewright.importer.given import ImportAids
from rolewright.importer.leaving import leaving
from rolewright.importer.recognise import FORMATS, found_in
from rolewright.terraform.lifecycle import resource_types
from rolewright.terraform.server import LACKING, moto_server
from terraform_root import Root, assert_none, examples

if TYPE_CHECKING:
    from cases import Cases
    from rolewright.pipeline import Pipeline

CATALOG = load_catalog()
RENDERED = Path(__file__).parent / "terraform" / "rendered.json"
"""`terraform show -json` of what rolewright rendered, applied to moto: a function, a service and an instance."""


def imported_from(file: Path) -> list[Imported]:
    found = [(each.format.read(each.file, each.tree, ImportAids())) for each in found_in(file)]
    return [imported(workload, source, CATALOG) for source in found for workload in source.workloads]


def unlike(found: Imported) -> list[str]:
    """What the roles of an imported workload may do otherwise than today."""
    return [
        f"{found.name}: {role.role}: {change}"
        for role in found.roles
        for change in (*role.lost, *role.narrowed, *role.gained, *role.unknown)
    ]


def test_what_rolewright_rendered_is_imported_with_the_same_rights() -> None:
    made = imported_from(RENDERED)
    assert [found.name for found in made] == ["thumbs", "web-app", "batcher"]
    assert all(found.roles and not found.refused and not found.to_fill for found in made)
    assert sorted(role.role for role in made[0].roles) == ["execution", "scheduler"]
    assert [line for found in made for line in unlike(found)] == []


@pytest.mark.terraform
def test_what_is_applied_is_imported_with_the_same_rights(
    pipeline: Pipeline, terraform: Terraform, tmp_path: Path, cases: Cases
) -> None:
    """The examples that moto can apply, of the types that are imported.

    Those that make resources are left out: the roles of `orders`, which makes encrypted ones, came back otherwise.
    """
    if not cases.soak:
        return  # the test above has the state of three modules
    types = {"lambda", "fargate", "ec2"}
    modules = [
        built
        for listed in examples(pipeline).values()
        for built in listed
        if built.workload.compute.type in types
        and not resource_types(built) & LACKING.keys()
        and not any(resource.created for resource in built.workload.resources.values())
    ]
    assert len(modules) >= 3
    with moto_server() as server:
        root = Root(tmp_path, Terraform(terraform.program, server), modules)
        assert_none(root.plan())
        assert_none(root.apply())
        (tmp_path / "state.json").write_text(json.dumps(root.state()), encoding="utf-8")
    made = imported_from(tmp_path / "state.json")
    assert len(made) >= len(modules)
    assert [line for found in made for line in unlike(found)] == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("terraform.tfstate", '{"version": 4, "serial": 1, "lineage": "x", "resources": []}'),
        ("main.tf", 'resource "aws_vpc" "main" {}\n'),
    ],
)
def test_what_only_terraform_reads_is_refused_with_the_command(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    for source in (tmp_path / name, tmp_path):
        with pytest.raises(MisuseError, match="terraform show -json"):
            imported_from(source)


def test_adopt_writes_blocks_for_what_is_complete_and_none_for_a_role(tmp_path: Path) -> None:
    run = rolewright("import", RENDERED, "--adopt", "--output", tmp_path)
    assert run.returncode == 0, run.stderr
    blocks = (tmp_path / "thumbs.imports.tf").read_text(encoding="utf-8")
    assert 'to = module.thumbs.aws_lambda_function.function\n  id = "thumbs"' in blocks
    assert 'id = "thumbs-paid"' in blocks, "the rule keeps its name"
    assert not [line for line in blocks.splitlines() if "  to = " in line and "aws_iam_" in line]
    assert "removed { from" in run.stdout
    again = rolewright("import", RENDERED, "--adopt", "--output", tmp_path)
    assert again.returncode == 2
    for mine in ("thumbs.imports.tf", "thumbs.prod.imports.tf"):
        folder = tmp_path / mine.partition(".imports")[0]
        folder.mkdir()
        (folder / mine).write_text("# mine\n", encoding="utf-8")
        refused = rolewright("import", RENDERED, "--adopt", "--output", folder)
        assert refused.returncode == 2, mine
        assert [path.name for path in folder.iterdir()] == [mine]
    incomplete = Path(__file__).parent / "cases" / "terraform-plan" / "source"
    run = rolewright("import", incomplete, "--adopt", "--output", tmp_path / "plan")
    assert "rolewright adopt" in run.stdout
    assert [path.name for path in (tmp_path / "plan").glob("*.tf")] == ["resize-eu.imports.tf"]


def test_every_format_says_how_its_source_is_left_and_no_role_is_imported() -> None:
    assert all(leaving(name) for name in FORMATS)
    assert all(
        rule.role for type_, rule in import_rules().items() if type_.startswith("aws_iam_role") and not rule.none
    )
