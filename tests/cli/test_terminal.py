"""What people see while a command runs and when it is done, and what a pipe gets of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from command_line import rolewright

EXAMPLE = Path(__file__).parents[2] / "examples" / "lambda.yaml"
BROKEN = "version: 1\nworkload: broken\ncompute: {type: lambdas}\n"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLE, tmp_path / "m.yaml")
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    return tmp_path


def test_a_run_says_how_far_it_is_and_what_to_do_next_on_a_terminal_alone(here: Path) -> None:
    env = {"XDG_CACHE_HOME": str(here / "cache"), "NO_COLOR": "1"}
    seen = rolewright("render", "m.yaml", cwd=here, env=env, terminal=True)
    built, following = seen.stderr.splitlines()
    assert re.fullmatch(r"1/1 m\.yaml: built, \d+\.\d s", built)
    assert following.startswith("next: ")
    assert "access.lock" in following
    assert (here / "output" / "my-function" / "access.lock").exists(), "where it says to look"
    shutil.rmtree(here / "output")
    piped = rolewright("render", "m.yaml", cwd=here, env=env)
    assert (piped.stdout, piped.stderr) == (seen.stdout, "")
    known = rolewright("validate", "m.yaml", cwd=here, env=env)
    assert rolewright("validate", "m.yaml", "-q", cwd=here, env=env).stdout == ""
    told = rolewright("validate", "m.yaml", "-v", cwd=here, env=env)
    assert (told.stdout, told.stderr) == (known.stdout, "1/1 m.yaml: known from an earlier run\n")


def test_verbose_names_each_manifest_and_file_without_the_time(here: Path) -> None:
    ran = rolewright("render", "m.yaml", "broken.yaml", "-v", cwd=here)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[:2] == ["1/2 m.yaml: built", "2/2 broken.yaml: refused"]
    ran = rolewright("render", "m.yaml", "--verbose", cwd=here)
    listed = {line.removesuffix(": written") for line in ran.stderr.splitlines()[1:]}
    assert listed == {str(path.relative_to(here)) for path in (here / "output").rglob("*") if path.is_file()}


def test_quiet_leaves_findings_and_the_exit_code(here: Path) -> None:
    for line in ("render m.yaml", "validate m.yaml", "policies m.yaml", "deployer m.yaml", "report m.yaml"):
        ran = rolewright(*line.split(), "--quiet", cwd=here, terminal=True)
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", ""), line
    for folder in ("output", "policies", "deployer"):
        assert (here / folder).is_dir()
    (here / "app").mkdir()
    assert rolewright("audit", "app", "-q", cwd=here, terminal=True).stdout == ""
    assert "error[" in rolewright("validate", "broken.yaml", "-q", cwd=here).stderr
    assert rolewright("validate", "m.yaml", "-q", "-v", cwd=here).returncode == 2


PAGES = ["rule access-code", "blueprint show sqs-queue", "blueprint show sqs-queue send", "explain credentials m.yaml"]


@pytest.mark.parametrize("line", PAGES)
def test_a_page_is_set_on_a_terminal_and_markdown_in_a_pipe(line: str, here: Path) -> None:
    shown = rolewright(*line.split(), cwd=here, terminal=True).stdout
    assert "\x1b[" in shown
    shown = re.sub(r"\x1b\[[\d;]*m", "", shown)
    piped = rolewright(*line.split(), cwd=here).stdout
    assert "\x1b" not in piped
    assert re.search(r"^#|```|`", piped, re.MULTILINE)
    assert not re.search(r"^#{1,6} |```|`\w", shown, re.MULTILINE)
    assert set(re.findall(r"[a-z]{4,12}", shown)) >= set(re.findall(r"\b[a-z]{4,6}\b", re.sub(r"```\w*", "", piped)))
