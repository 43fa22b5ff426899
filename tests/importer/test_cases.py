"""Imports of real kinds of sources, each with its manifests, its report and the comparison of its roles.

A folder of `cases/` has `source/`, beside it what AWS says (`roles.json`, `stack.json`) and `case.yaml` with more
options and the secrets that the source holds, and `expected/`: the manifests, and the report as it is printed. To make
`expected/` for a new case, run the command that `command` shows below in the case's folder, and read every line of it.
"""

from __future__ import annotations

import copy
import json
import random
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cases import shared
from command_line import rolewright
from rolewright.blueprint import load_catalog
from rolewright.core.finding import MisuseError, Rejected
from rolewright.importer.finish import imported
from rolewright.importer.functions import FOREIGN
from rolewright.importer.given import ImportAids
from rolewright.importer.ledger import dotted
from rolewright.importer.recognise import FORMATS, SourceDocument, found_in
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import Tree, load

if TYPE_CHECKING:
    from collections.abc import Iterator

CATALOG = load_catalog()
CASES = sorted(path for path in Path(__file__).with_name("cases").iterdir() if path.is_dir())
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def options(case: Path) -> dict[str, Any]:
    file = case / "case.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}


def command(case: Path) -> list[str]:
    """The command line of a case, run in its folder; the report goes to stdout."""
    given = ["import", "source"]
    for option, name in (("--roles", "roles.json"), ("--stack-resources", "stack.json")):
        if (case / name).exists():
            given += [option, str(case / name)]
    return [*given, *options(case).get("options", [])]


@each_case
def test_the_manifests_and_the_report_are_as_somebody_read_them(case: Path, tmp_path: Path) -> None:
    run = rolewright(*command(case), "--output", tmp_path / "services", cwd=case)
    assert run.returncode == options(case).get("exit", 0), run.stderr
    expected = case / "expected"
    written = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "services").glob("*")}
    wanted = {path.name: path.read_text(encoding="utf-8") for path in expected.glob("*.yaml")}
    assert written == wanted
    report = run.stdout.replace(str(tmp_path / "services"), "services")
    assert report == (expected / "report.txt").read_text(encoding="utf-8")
    for secret in options(case).get("secrets", []):
        assert secret in "".join(
            path.read_text(encoding="utf-8") for path in (case / "source").rglob("*") if path.is_file()
        )
        assert secret not in run.stdout + run.stderr + "".join(written.values())
    again = rolewright(*command(case), "--output", tmp_path / "services", cwd=case)
    assert again.returncode == 2, "what is there is not overwritten"
    again = rolewright(*command(case), "--output", tmp_path / "services", "--force", cwd=case)
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "services").glob("*")} == written


@each_case
def test_a_manifest_is_valid_but_for_what_is_to_be_filled_in(case: Path) -> None:
    for manifest in (case / "expected").glob("*.yaml"):
        assert rules_broken_by(manifest) <= {"manifest-unfilled"}


def rules_broken_by(manifest: Path) -> set[str]:
    try:
        read_manifest(load(manifest), CATALOG)
    except Rejected as refusal:
        return {finding.rule for finding in refusal.findings}
    return set()


@cache
def sources(case: Path) -> tuple[SourceDocument, ...]:
    return found_in(case / "source", options(case).get("from", ""))


@each_case
def test_every_field_is_accounted_for(case: Path) -> None:
    for found in sources(case):
        source = found.format.read(found.file, found.tree, ImportAids())
        assert str(found.file) in source.files
        for file in source.files:
            told = {outcome.field for outcome in source.outcomes if file == outcome.location.file}
            for path in leaves(
                found.tree.data if file == str(found.file) else load(file, dialect=FOREIGN).trees[0].data, ()
            ):
                above = {dotted(path[:length]) for length in range(1, len(path) + 1)}
                assert above & told, f"{file}: {dotted(path)}"


def leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    parts = list(inner)
    for key, part in parts:
        yield from leaves(part, (*path, key))
    if not parts and path and value not in ({}, []):
        yield path


ODD: list[Any] = [None, "", "x", "${", "*", 0, -1, 1.5, True, [], {}, [None], ["x"], {"x": None}, [[]], "é\n", 10**30]


@each_case
@pytest.mark.parametrize("seed", shared(range(12), 0.3))
def test_a_source_of_any_shape_is_read_or_refused(case: Path, seed: int) -> None:
    chosen = random.Random(seed)
    for found in sources(case):
        data = copy.deepcopy(found.tree.data)
        for _ in range(chosen.randrange(1, 6)):
            damage(data, chosen)
        if not found.format.recognises(found.file, data):
            continue
        tree = Tree(found.tree.file, data, found.tree.places)
        try:
            source = found.format.read(found.file, tree, ImportAids())
            for workload in source.workloads:
                for finding in imported(workload, source, CATALOG).refused:
                    assert Path(finding.location.file).is_relative_to(case)
                    assert finding.remedy
        except (Rejected, MisuseError):
            pass


def test_what_no_manifest_takes_is_refused_at_its_place_in_the_source(tmp_path: Path) -> None:
    task = {
        "family": "orders",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "1024",
        "memory": "512",
        "containerDefinitions": [{"name": "api", "image": "nginx:1.27"}],
    }
    (tmp_path / "task.json").write_text(json.dumps(task, indent=1), encoding="utf-8")
    run = rolewright("import", "task.json", cwd=tmp_path)
    assert run.returncode == 1
    assert "workload orders, compute.memory: Fargate has no task with cpu 1024 and memory 512" in run.stderr
    assert "task.json:7:2" in run.stderr
    assert not (tmp_path / "services").exists()


def damage(data: Any, chosen: random.Random) -> None:
    """Put something odd in the place of one value."""
    node = data
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = chosen.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and chosen.random() < 0.85:
            node = node[key]
        else:
            node[key] = copy.deepcopy(chosen.choice(ODD))
            return


def test_every_format_has_a_case() -> None:
    assert {found.format.name for case in CASES for found in sources(case)} == set(FORMATS)
