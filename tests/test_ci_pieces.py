"""The pieces for CI, run as their platforms run them, in a repository of their own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cases import shared
from command_line import rolewright
from command_server import program

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
MANIFEST = """\
version: 1
workload: app
compute: {type: ec2, ami: ami-01234567, instance_type: t3.micro}
resources:
  data: {type: s3-bucket, name: data, access: [list, get]}
"""


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """That of a job: a command on the PATH, no git settings of this machine."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    command = folder / "rolewright"
    # With DIFF_ENDS nothing is run: `diff` ends with that code, all else well.
    stub = 'case "$DIFF_ENDS:$1" in :*) ;; *:diff) exit "$DIFF_ENDS" ;; *) exit 0 ;; esac'
    command.write_text(f'#!/bin/sh\n{stub}\nexec {program()} "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {**kept, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **more}


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture(scope="session")
def first_commit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a service and its module, committed."""
    folder = tmp_path_factory.mktemp("first") / "repository"
    (folder / "services").mkdir(parents=True)
    (folder / "services" / "app.yaml").write_text(MANIFEST, encoding="utf-8")
    git(folder, "init", "-q")
    rendered(folder)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    git(folder, "tag", "base")
    return folder


@pytest.fixture
def repository(first_commit: Path, tmp_path: Path) -> Path:
    """The same for one test to change."""
    return Path(shutil.copytree(first_commit, tmp_path / "repository"))


def rendered(folder: Path) -> None:
    assert rolewright("render", "services/app.yaml", cwd=folder).returncode == 0


def change(folder: Path, old: str, new: str, *, render: bool = True) -> None:
    path = folder / "services" / "app.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    if render:
        rendered(folder)


def github(folder: Path, tmp_path: Path, **given: str) -> tuple[int, str, str]:
    """The steps of the action one after the other, but the installation: exit code, output, summary."""
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    inputs = {name: given.get(name.replace("-", "_"), one.get("default")) for name, one in action["inputs"].items()}
    summary, output = tmp_path / "summary", tmp_path / "output"
    said, code = "", 0
    for step in action["runs"]["steps"][1:]:
        known = {**{f"inputs.{name}": value for name, value in inputs.items()}, "runner.temp": str(tmp_path)}
        if step.get("if") == "${{ inputs.base != '' }}" and not inputs["base"]:
            continue
        values = {
            name: re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: str(known[found[1]]), text)  # noqa: B023 - used at once
            for name, text in step["env"].items()
        }
        own = environment(tmp_path, GITHUB_STEP_SUMMARY=str(summary), GITHUB_OUTPUT=str(output), **values)
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        ran = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)
        said, code = said + ran.stdout + ran.stderr, ran.returncode
        if code:
            break
    return code, said, summary.read_text(encoding="utf-8") if summary.exists() else ""


def gitlab(folder: Path, tmp_path: Path, **_: str) -> tuple[int, str, str]:
    """The script of the job in docs/ci.md, line by line, but the installation."""
    texts = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "ci.md").read_text(encoding="utf-8"), re.DOTALL)
    (job,) = [
        parsed["permissions"] for text in texts if "image" in (parsed := yaml.safe_load(text)).get("permissions", {})
    ]
    said, code = "", 0
    for line in job["script"][1:]:
        own = environment(tmp_path, CI_MERGE_REQUEST_DIFF_BASE_SHA=git(folder, "rev-parse", "base"))
        ran = subprocess.run(["bash", "-c", line], cwd=folder, env=own, capture_output=True, text=True, check=False)
        said, code = said + ran.stdout + ran.stderr, ran.returncode
        if code:
            break
    return (0 if code in job["allow_failure"]["exit_codes"] else code), said, said


PLATFORMS = pytest.mark.parametrize("platform", shared([github, gitlab], 0.5))
BOTH = pytest.mark.parametrize("platform", [github, gitlab])
GIVEN = {"manifests": "services/*.yaml", "base": "base"}


@PLATFORMS
def test_nothing_changed_passes(platform: Callable[..., Any], repository: Path, tmp_path: Path) -> None:
    code, _, summary = platform(repository, tmp_path, **GIVEN)
    assert code == 0
    assert "obody may do anything more" in summary


@PLATFORMS
def test_less_access_passes(platform: Callable[..., Any], repository: Path, tmp_path: Path) -> None:
    change(repository, "[list, get]", "[get]")
    code, _, summary = platform(repository, tmp_path, **GIVEN)
    assert code == 0
    assert "s3:ListBucket" in summary


@BOTH
def test_more_access_fails_and_says_why(platform: Callable[..., Any], repository: Path, tmp_path: Path) -> None:
    change(repository, "[list, get]", "[list, get, delete]")
    code, said, summary = platform(repository, tmp_path, **GIVEN)
    assert code == 3
    assert "s3:DeleteObject" in summary
    assert "services/app.yaml:5" in said


@PLATFORMS
def test_a_stale_output_fails(platform: Callable[..., Any], repository: Path, tmp_path: Path) -> None:
    change(repository, "[list, get]", "[get]", render=False)
    code, said, _ = platform(repository, tmp_path, **GIVEN)
    assert code == 3
    assert "s3:ListBucket" in said


@PLATFORMS
def test_a_hand_edit_fails(platform: Callable[..., Any], repository: Path, tmp_path: Path) -> None:
    path = repository / "output" / "app" / "roles.tf"
    path.write_text(path.read_text(encoding="utf-8").replace("s3:GetObject", "s3:*"), encoding="utf-8")
    code, said, _ = platform(repository, tmp_path, **GIVEN)
    assert code == 3
    assert "roles.tf" in said


@PLATFORMS
def test_a_broken_manifest_fails_at_its_line(platform: Callable[..., Any], repository: Path, tmp_path: Path) -> None:
    change(repository, "s3-bucket", "s3-buckets", render=False)
    code, said, _ = platform(repository, tmp_path, **GIVEN)
    assert code == 1
    assert "services/app.yaml,line=5" in said or "services/app.yaml:5:" in said


@pytest.mark.parametrize(("fail_on", "code"), shared([("changed", 5), ("widened", 0), ("never", 0)], 0.3))
def test_what_fails_the_action_can_be_chosen(fail_on: str, code: int, repository: Path, tmp_path: Path) -> None:
    change(repository, "[list, get]", "[get]")
    assert github(repository, tmp_path, **GIVEN, fail_on=fail_on)[0] == code


@pytest.mark.parametrize("ends", range(8))
@pytest.mark.parametrize(
    ("platform", "fail_on", "passing"),
    [(gitlab, "", {0, 5}), (github, "widened", {0, 5}), (github, "changed", {0}), (github, "never", {0, 3, 5})],
)
def test_only_a_comparison_that_was_made_can_pass(
    platform: Callable[..., Any], fail_on: str, passing: set[int], ends: int, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Wrong use, findings, a program that is missing and a bug fail the job, whatever it tolerates."""
    (tmp_path / "app.yaml").touch()
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    git(tmp_path, "tag", "base")
    monkeypatch.setenv("DIFF_ENDS", str(ends))
    code, said, _ = platform(tmp_path, tmp_path, manifests="*.yaml", base="base", fail_on=fail_on)
    assert code == (0 if ends in passing else ends)
    assert ("permissions differ" in said) == (platform is github and ends in {3, 5} - passing)


@pytest.mark.parametrize("manifests", ["none/*.yaml", "services/*.yaml none/*.yaml", " \n "])
def test_no_manifest_is_an_error_of_the_action(manifests: str, repository: Path, tmp_path: Path) -> None:
    assert github(repository, tmp_path, manifests=manifests)[0] == 2


def test_a_choice_that_there_is_not_fails_the_action(repository: Path, tmp_path: Path) -> None:
    assert github(repository, tmp_path, **GIVEN, fail_on="wider")[0] == 2


def test_inputs_are_never_code(repository: Path, tmp_path: Path) -> None:
    given = {"manifests": "services/*.yaml $(touch${IFS}owned)", "base": "--output=owned"}
    assert github(repository, tmp_path, **given)[0] != 0
    assert not (repository / "owned").exists()


@pytest.mark.soak
def test_the_hooks_run(repository: Path, tmp_path: Path) -> None:
    """As pre-commit runs them, with the tool installed from this repository."""
    program = shutil.which("pre-commit", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert program is not None
    source = tmp_path / "source"
    git(tmp_path, "clone", "-q", str(ROOT), str(source))
    own = environment(tmp_path, PRE_COMMIT_HOME=str(tmp_path / "home"))

    def run(hook: str) -> subprocess.CompletedProcess[str]:
        command = [program, "try-repo", str(source), hook, "--files", "services/app.yaml"]
        return subprocess.run(command, cwd=repository, env=own, capture_output=True, text=True, check=False)

    assert run("rolewright-validate").returncode == 0
    assert run("rolewright-check").returncode == 0
    change(repository, "[list, get]", "[get]", render=False)
    assert run("rolewright-validate").returncode == 0
    stale = run("rolewright-check")
    assert stale.returncode == 1
    assert "s3:ListBucket" in stale.stdout
