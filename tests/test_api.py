"""`import rolewright`: its names are those that docs/python.md describes, and the page's examples are so."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

import rolewright
from rolewright import api

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "python.md"


def test_the_examples_of_the_page_are_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "services").mkdir()
    shutil.copy(ROOT / "examples" / "orders.yaml", tmp_path / "services")
    monkeypatch.chdir(tmp_path)
    results = doctest.testfile(str(PAGE), module_relative=False)
    assert results.attempted > 15
    assert results.failed == 0


def test_the_names_are_those_of_the_page() -> None:
    _, table = PAGE.read_text(encoding="utf-8").split("## The names")
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(rolewright.__all__)
    assert rolewright.__all__ == api.__all__ == dir(rolewright)


@pytest.mark.parametrize("name", rolewright.__all__)
def test_a_name_is_there_and_no_module_takes_its_place(name: str) -> None:
    """The import of a module of the package sets its name in the package, whatever was there."""
    assert getattr(rolewright, name).__name__ == name
    assert find_spec(f"rolewright.{name}") is None


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match=r"module 'rolewright' has no attribute 'builds'"):
        _ = rolewright.builds  # type: ignore[attr-defined]


def test_nothing_is_imported_before_a_name_is_used() -> None:
    code = "import sys, rolewright; print(*sorted(name for name in sys.modules if name.startswith('rolewright')))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == ["rolewright"]


def test_what_is_refused_is_not_written(tmp_path: Path) -> None:
    manifest = tmp_path / "orders.yaml"
    text = (ROOT / "examples" / "lambda.yaml").read_text(encoding="utf-8")
    manifest.write_text(f"{text}\nnever:\n  - write on *\n", encoding="utf-8")
    [built] = rolewright.build(manifest)
    assert built.refused
    with pytest.raises(rolewright.Rejected) as refusal:
        rolewright.write_module(built, tmp_path / "output")
    assert set(refusal.value.findings) == set(built.findings) == set(rolewright.validate(manifest))
    assert not (tmp_path / "output").exists()


def test_options_are_taken(tmp_path: Path) -> None:
    [orders] = rolewright.build(str(ROOT / "examples" / "orders.yaml"), environments=["dev"])
    assert [proof.environment for proof in orders.proofs] == ["dev"]
    missing = tmp_path / "missing"
    with pytest.raises(rolewright.Rejected) as refusal:
        rolewright.build(ROOT / "examples" / "orders.yaml", blueprints=[str(missing)])
    assert rolewright.validate(ROOT / "examples" / "orders.yaml", blueprints=[missing]) == [*refusal.value.findings]


def test_what_cannot_be_compared_is_wrong_use(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with pytest.raises(rolewright.MisuseError, match="contains nothing that can be compared"):
        rolewright.diff(tmp_path / "old", str(tmp_path / "new"))


def test_threads_that_build_do_not_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto and the settings of AWS are the process's own, whoever asks for them."""
    monkeypatch.setenv("AWS_PROFILE", "own")
    before = dict(os.environ)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(rolewright.build, [ROOT / "examples" / "orders.yaml"] * 4))
    finally:
        sys.setswitchinterval(interval)
    assert [(built.refused, len(built.proofs)) for modules in found for built in modules] == [(False, 2)] * 4
    assert dict(os.environ) == before


@pytest.mark.parametrize("named", ["blueprints", "environments"])
def test_one_text_is_not_taken_for_a_list_of_letters(named: str) -> None:
    with pytest.raises(rolewright.MisuseError, match=named):
        rolewright.build(ROOT / "examples" / "orders.yaml", **{named: "prod"})


def test_the_names_of_environments_may_come_one_by_one() -> None:
    found = rolewright.build(ROOT / "examples" / "orders.yaml", environments=(name for name in ("prod", "dev")))
    assert [proof.environment for built in found for proof in built.proofs] == ["dev", "prod"]
