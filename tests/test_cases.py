"""What `make test` leaves out, `make soak` runs; both as the Makefile has them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from cases import Cases, chosen, shared

ROOT = Path(__file__).parent.parent
SUITE = """\
import pytest
from cases import shared

def test_always(): print("ran always")

@pytest.mark.soak
def test_long(): print("ran long")

@pytest.mark.parametrize("one", shared(range(10), 0.3))
def test_each(one): print(f"ran each {one}")

def test_many(cases):
    for one in cases.of(range(10), 0.3): print(f"ran many {one}")
"""
ALL = {"always", "long", *(f"{name} {number}" for name in ("each", "many") for number in range(10))}


def ran(folder: Path, target: str, **env: str) -> Counter[str]:
    """What a suite prints where its tests are chosen as a target of the Makefile chooses them."""
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe is not None
    given, chosen_ = re.findall(r'(?:ROLEWRIGHT_CASES=(\w+) )?\.venv-test/bin/pytest .*-m "(.*)"', recipe[1])[0]
    (folder / "test_suite.py").write_text(SUITE, encoding="utf-8")
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    own = {key: value for key, value in os.environ.items() if key != "ROLEWRIGHT_CASES"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", chosen_],
        cwd=folder,
        env={**own, "PYTHONPATH": os.pathsep.join(sys.path), **({"ROLEWRIGHT_CASES": given} if given else {}), **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return Counter(re.findall(r"ran (.*?)\.?$", done.stdout, re.MULTILINE))


def test_both_together_run_everything(tmp_path: Path) -> None:
    short, long = ran(tmp_path, "test"), ran(tmp_path, "soak")
    assert short.keys() == {"always", *(f"{name} {number}" for name in ("each", "many") for number in (0, 3, 6))}
    assert short.keys() | long.keys() == ALL
    assert max(short.values()) == max(long.values()) == 1
    assert "always" not in long
    assert ran(tmp_path, "test", ROLEWRIGHT_CASES="2").total() == 1 + 2 * 6


@pytest.mark.parametrize("amount", [1, 2, 9, 10, 137])
@pytest.mark.parametrize("share", [0.001, 0.1, 1 / 3, 0.5, 1])
def test_a_share_is_spread_evenly(amount: int, share: float) -> None:
    places = chosen(range(amount), share)
    assert share * amount <= len(places) < share * amount + 1
    gaps = [after - before for before, after in zip(places, [*places[1:], amount], strict=True)]
    assert max(gaps) - min(gaps) <= 1


def test_no_kind_is_left_out() -> None:
    cases = [f"{kind}{number}" for kind in "aaaaaaaaaabc" for number in range(5)]
    assert {one[0] for one in Cases(1, soak=False).of(cases, 0.1, lambda one: one[0])} == {"a", "b", "c"}
    left = [one for one in shared(cases, 0.1, lambda one: one[0]) if not isinstance(one, str)]
    assert {one.values[0][0] for one in left} == {"a", "b", "c"}
    assert len(left) >= 0.8 * len(cases)


def test_all_cases_are_taken_where_they_shall_be() -> None:
    cases = Cases(1, soak=True)
    assert cases.of(range(100), 0.1) == list(range(100))
    assert cases.number(3, 100) == 100
    assert all(cases.takes(number, 0.1) for number in range(30))
    assert Cases(2, soak=False).number(3, 100) == 6
    assert [number for number in range(30) if Cases(1, soak=False).takes(number, 0.1)] == [0, 10, 20]


def test_nothing_else_reads_how_many_cases_there_are() -> None:
    """So that no test has fewer cases without the mark by which `make soak` finds it."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if path.name not in {"cases.py", "test_cases.py"}]
    assert not [path.name for path in files if "ROLEWRIGHT_CASES" in path.read_text(encoding="utf-8")]
    importing = [path for path in files if re.search(r"import.*\b(SOAK|FACTOR)\b", path.read_text(encoding="utf-8"))]
    assert [path.name for path in importing] == ["conftest.py"]
