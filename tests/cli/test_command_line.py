"""What the command prints and how it ends is the same in a process of its own."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from command_line import rolewright, rolewright_process

EXAMPLE = Path(__file__).parents[2] / "examples" / "lambda.yaml"
BROKEN = "version: 1\nworkload: é\ncompute: {type: lambdas}\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--help",), 0),
        (("validate", EXAMPLE), 0),
        (("render", "--check", EXAMPLE), 3),
        (("validate", "broken.yaml"), 1),
        (("validate", "broken.yaml", "--format", "json"), 1),
        (("validate", "none.yaml"), 2),
        (("rendre",), 2),
        (("plan", "--terraform", "no-such-program", EXAMPLE), 4),
    ],
    ids=lambda one: " ".join(Path(word).name for word in one) if isinstance(one, tuple) else "",
)
def test_both_ways_are_one(arguments: tuple[str | Path, ...], code: int, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "80"}
    here = rolewright(*arguments, cwd=tmp_path, env=env)
    there = rolewright_process(*arguments, cwd=tmp_path, env=env)
    assert (here.returncode, here.stdout, here.stderr) == (there.returncode, there.stdout, there.stderr)
    assert here.returncode == code


def test_nothing_is_left_changed(tmp_path: Path) -> None:
    before = Path.cwd(), dict(os.environ), sys.argv, sys.stdout, sys.stderr, sys.stdin, gc.isenabled()
    assert rolewright("validate", EXAMPLE, cwd=tmp_path, env={"AWS_REGION": "eu-west-1"}).returncode == 0
    after = Path.cwd(), dict(os.environ), sys.argv, sys.stdout, sys.stderr, sys.stdin, gc.isenabled()
    assert after == before
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("env", [{"PYTHONHASHSEED": "1"}, {"LC_ALL": "C"}], ids=str)
def test_what_only_a_process_has_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(AssertionError, match="process"):
        rolewright("--help", env=env)
    with pytest.raises(AssertionError, match="process"):
        rolewright("render", "--jobs", "2", EXAMPLE)
