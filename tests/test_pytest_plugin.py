"""The pytest plugin, in a team's repository made here: goldens pass, fail with the difference, and are updated."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import NoReturn

    from rolewright.pipeline import Pipeline

EXAMPLES = Path(__file__).parent.parent / "examples"
TESTS = """\
def test_permissions(rolewright):
    rolewright.golden("services/lambda.yaml", "tests/golden")
"""


@pytest.fixture(scope="module", autouse=True)
def warm(pipeline: Pipeline) -> None:
    """What a build imports and reads, the processes that are forked have of this one."""
    list(pipeline.run(EXAMPLES / "lambda.yaml"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "services").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "services" / "lambda.yaml").write_bytes((EXAMPLES / "lambda.yaml").read_bytes())
    (tmp_path / "tests" / "test_permissions.py").write_text(TESTS, encoding="utf-8")
    return tmp_path


def run(repository: Path, *arguments: str, folder: str = ".") -> subprocess.CompletedProcess[str]:
    """pytest in a process that is forked from this one, so that nothing is imported anew."""
    # Named here, whether or not rolewright is installed with its entry point.
    plugin = ("-p", "no:rolewright", "-p", "rolewright.pytest_plugin", "-p", "no:cacheprovider")
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if not child:
            _become_pytest(repository / folder, [*plugin, *arguments], printed.fileno())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        printed.seek(0)
        return subprocess.CompletedProcess(arguments, code, printed.read().decode())


def _become_pytest(folder: Path, arguments: list[str], printed: int) -> NoReturn:
    code = 70
    gc.freeze()  # pytest collects five times at its end: without this, all that the other tests have left too
    try:
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
        os.chdir(folder)
        code = int(pytest.main(arguments))
        print(end="", flush=True)
    finally:
        os._exit(code)


def test_a_golden_is_made_compared_and_made_anew(repository: Path) -> None:
    golden = repository / "tests" / "golden" / "my-function"
    missing = run(repository)
    assert missing.returncode == 1
    assert "pytest --update-golden" in missing.stdout
    assert not golden.exists()
    assert run(repository, "--update-golden").returncode == 0
    assert (golden / "access.lock").read_bytes() == (
        EXAMPLES.parent / "output" / "my-function" / "access.lock"
    ).read_bytes()
    assert run(repository).returncode == 0
    assert run(repository, folder="tests").returncode == 0
    manifest = repository / "services" / "lambda.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("[put, get]", "[put, delete]"), encoding="utf-8")
    changed = run(repository)
    assert changed.returncode == 1
    assert "+execution allow dynamodb:DeleteItem on" in changed.stdout
    assert "-execution allow dynamodb:GetItem on" in changed.stdout
    assert run(repository, "--update-golden").returncode == 0
    assert "dynamodb:DeleteItem" in (golden / "access.lock").read_text(encoding="utf-8")
    assert run(repository).returncode == 0


def test_a_golden_that_was_edited_by_hand_fails(repository: Path) -> None:
    assert run(repository, "--update-golden").returncode == 0
    roles = repository / "tests" / "golden" / "my-function" / "roles.tf"
    roles.write_text(roles.read_text(encoding="utf-8").replace('"dynamodb:GetItem"', '"dynamodb:*"'), encoding="utf-8")
    edited = run(repository)
    assert edited.returncode == 1
    assert '"dynamodb:*"' in edited.stdout


def test_findings_are_shown_at_their_place(repository: Path) -> None:
    manifest = repository / "services" / "lambda.yaml"
    text = manifest.read_text(encoding="utf-8").replace("[put, get]", "[puts]")
    manifest.write_text(text, encoding="utf-8")
    before = text[: text.index("[puts]") + 1]
    line, column = before.count("\n") + 1, len(before) - before.rindex("\n")
    refused = run(repository, "--update-golden")
    assert refused.returncode == 1
    assert f"services/lambda.yaml:{line}:{column}" in refused.stdout
    assert "Traceback" not in refused.stdout
    assert not (repository / "tests" / "golden").exists()


def test_blueprints_of_a_team(repository: Path) -> None:
    test = repository / "tests" / "test_permissions.py"
    test.write_text('def test_blueprints(rolewright):\n    rolewright.blueprints("blueprints")\n', encoding="utf-8")
    unknown = run(repository)
    assert unknown.returncode == 1
    assert "rolewright_blueprints" in unknown.stdout
    folder = repository / "blueprints" / "resources" / "outbox"
    folder.mkdir(parents=True)
    source = EXAMPLES.parent / "blueprints" / "resources" / "rds-database" / "blueprint.yaml"
    text = source.read_text(encoding="utf-8")
    (folder / "blueprint.yaml").write_text(text, encoding="utf-8")
    (repository / "pytest.ini").write_text("[pytest]\nrolewright_blueprints = blueprints\n", encoding="utf-8")
    taken = run(repository)
    assert taken.returncode == 0, taken.stdout
    (folder / "blueprint.yaml").write_text(text.replace("rds-db:connect", "rds-db:connects"), encoding="utf-8")
    broken = run(repository)
    assert broken.returncode == 1
    assert "blueprints/resources/outbox/blueprint.yaml:" in broken.stdout
