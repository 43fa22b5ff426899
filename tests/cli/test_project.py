"""Commands without arguments: where a project has its manifests, and what its settings say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright

if TYPE_CHECKING:
    from collections.abc import Callable

MANIFEST = """\
version: 1
workload: {name}
compute: {{type: lambda, image: "123456789012.dkr.ecr.us-east-1.amazonaws.com/my-function:1"}}
resources:
  orders: {{type: dynamodb-table, name: orders, access: {access}}}
"""


def manifest(name: str, access: str = "get") -> str:
    return MANIFEST.format(name=name, access=access)


def written(root: Path, **files: str) -> Path:
    """A folder with files; `__` in a name is a slash, and `_yaml` at its end its suffix."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def valid(root: Path, *arguments: str) -> list[str]:
    """The workloads that `validate` looks at."""
    done = rolewright("validate", *arguments, cwd=root)
    assert done.returncode == 0, done.stderr
    return [line.partition(": ")[2].partition(" ")[0] for line in done.stdout.splitlines()]


def test_the_usual_places_are_looked_at(tmp_path: Path) -> None:
    written(
        tmp_path, rolewright_yaml=manifest("one"), services__a_yaml=manifest("two"), services__b_yml=manifest("six")
    )
    assert valid(tmp_path) == ["one", "two", "six"]


def test_other_yaml_in_a_folder_is_named_and_not_read(tmp_path: Path) -> None:
    written(tmp_path, services__a_yaml=manifest("two"), services__compose_yaml="services: {}\n")
    for arguments in ((), ("services",)):
        done = rolewright("validate", *arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "not read, as they name no workload: services/compose.yaml\n")


def test_a_folder_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    """Its folders nest deeper than a path can say."""
    written(tmp_path, services__a_yaml=manifest("two"))
    inner = os.open(tmp_path / "services", os.O_RDONLY)
    for _ in range(17):
        os.mkdir("d" * 250, dir_fd=inner)
        outer, inner = inner, os.open("d" * 250, os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(inner)
    for command in ("validate", "render", "policies", "report"):
        done = rolewright(command, "services", cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert "services/ddd" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "output").exists()


def test_a_manifest_that_cannot_be_read_is_among_them(tmp_path: Path) -> None:
    written(tmp_path, services__a_yaml=manifest("two"), services__b_yaml="workload: [")
    done = rolewright("validate", cwd=tmp_path)
    assert done.returncode == 1
    assert "services/b.yaml:1" in done.stderr


@pytest.mark.parametrize("argument", [".", "services", "services/*.yaml", "**/*.yaml", "services/deep/../*.yaml"])
def test_folders_and_patterns_are_taken(tmp_path: Path, argument: str) -> None:
    written(tmp_path, services__a_yaml=manifest("two"), services__b_yaml=manifest("six"))
    (tmp_path / "services" / "deep").mkdir()
    assert valid(tmp_path, argument) == ["two", "six"]


def test_a_manifest_that_is_named_twice_is_built_once(tmp_path: Path) -> None:
    written(tmp_path, services__a_yaml=manifest("two"))
    assert valid(tmp_path, "services", "services/a.yaml", "services/*.yaml") == ["two"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no manifest was given"),
        (("services",), "services has no manifest"),
        (("*.json",), "no file fits *.json"),
        (("a**b/*.yaml",), "no file fits"),
    ],
)
def test_no_manifest_is_wrong_use(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    written(tmp_path, services__compose_yaml="services: {}\n")
    done = rolewright("validate", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr


SETTINGS = 'manifests = ["apps/*.yaml"]\noutput = "modules"\nenvironments = ["test"]\n'
DEV = 'environments: {dev: {account: "111111111111", region: us-east-1}}\n'


@pytest.mark.parametrize(
    ("file", "text"),
    [("rolewright.toml", SETTINGS), ("pyproject.toml", f"[project]\nname = 'x'\n[tool.rolewright]\n{SETTINGS}")],
)
@pytest.mark.parametrize("inside", [".", "apps"])
def test_settings_say_what_no_option_says(tmp_path: Path, file: str, text: str, inside: str) -> None:
    """Also from a folder below, of a git repository; and what an option says replaces them."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    written(tmp_path, apps__a_yaml=manifest("two") + DEV)
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert "two has no environment test" in rolewright("render", cwd=tmp_path / inside).stderr
    for what in ("written", "unchanged"):
        done = rolewright("render", "--env", "dev", cwd=tmp_path / inside)
        assert (done.returncode, what in done.stdout) == (0, True)
    assert [path.name for path in (tmp_path / "modules").iterdir()] == ["two"]
    done = rolewright("render", "--env", "dev", "--output", "other", cwd=tmp_path / inside)
    assert done.stdout.startswith("other/two: written")


def test_settings_that_come_later_are_not_overlooked(tmp_path: Path) -> None:
    """What is remembered of the folder that was written before says nothing of the one that a setting names."""
    written(tmp_path, rolewright_yaml=manifest("one"))
    assert rolewright("render", cwd=tmp_path).returncode == 0
    (tmp_path / "rolewright.toml").write_text('output = "modules"\n', encoding="utf-8")
    assert rolewright("render", cwd=tmp_path).stdout.startswith("modules/one: written")


def test_a_folder_above_counts_within_a_repository_alone(tmp_path: Path) -> None:
    written(tmp_path, rolewright_toml='output = "modules"\n', deep__rolewright_yaml=manifest("one"))
    assert rolewright("render", cwd=tmp_path / "deep").stdout.startswith("output/one: written")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('manifest = ["a.yaml"]\n', "unknown setting manifest"),
        ('manifests = "a.yaml"\n', "write manifests as a list"),
        ("manifests = [1]\n", "write manifests as a list"),
        ("output = 1\n", "write output as a text"),
        ('manifests = ["a\\u0000b"]\n', "write manifests as a list"),
        ("manifests = [\n", "is no TOML"),
        ("a" + ".a" * 100_000 + " = 1\n", "more than 200 parts"),
        ("output = " + "[" * 100_000, "is no TOML"),
    ],
)
def test_a_wrong_setting_is_wrong_use(tmp_path: Path, text: str, message: str) -> None:
    written(tmp_path, rolewright_toml=text, rolewright_yaml=manifest("one"))
    done = rolewright("validate", cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())


def in_git(root: Path, *arguments: str) -> None:
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", "-C", root, *author, *arguments], check=True, capture_output=True)


@pytest.mark.parametrize("settings", ["", 'manifests = ["services/*.yaml"]\n', 'manifests = ["services"]\n'])
def test_diff_sees_what_a_project_has_no_longer(tmp_path: Path, settings: str) -> None:
    written(tmp_path, services__a_yaml=manifest("two"), services__b_yaml=manifest("six"), rolewright_toml=settings)
    in_git(tmp_path, "init", "-q")
    in_git(tmp_path, "add", ".")
    in_git(tmp_path, "commit", "-qm", "first")
    assert rolewright("diff", "--base", "HEAD", cwd=tmp_path).returncode == 0
    written(tmp_path, services__a_yaml=manifest("two", "[get, put]"))
    assert rolewright("diff", "--base", "HEAD", cwd=tmp_path).returncode == 3
    (tmp_path / "services" / "a.yaml").unlink()
    done = rolewright("diff", "--base", "HEAD", cwd=tmp_path)
    assert (done.returncode, "two" in done.stdout.splitlines()[-1]) == (5, True)
    (tmp_path / "services" / "b.yaml").unlink()
    (tmp_path / "services").rmdir()
    done = rolewright("diff", "--base", "HEAD", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (5, "changed, and nowhere wider: six, two")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffworkload: iii\nbad: [",
        '--- {"workload": "iii", "bad": [',
        "# a comment\n{workload: iii, bad: [",
        "  version: 1\n  workload: iii\n  bad: [",
        "!!map {workload: iii, bad: [",
    ],
)
def test_a_manifest_that_is_broken_is_no_other_yaml(tmp_path: Path, text: str) -> None:
    written(tmp_path, services__a_yaml=manifest("two"), services__b_yaml=text)
    done = rolewright("validate", "services", cwd=tmp_path)
    assert (done.returncode, "services/b.yaml:" in done.stderr) == (1, True)


@pytest.mark.parametrize("key", ["? workload\n: six", '"work\\u006coad": six', "'workload': six"])
def test_a_manifest_may_write_its_keys_otherwise(tmp_path: Path, key: str) -> None:
    text = manifest("six").replace("workload: six", key)
    written(tmp_path, services__a_yaml=manifest("two"), services__b_yaml=text)
    assert valid(tmp_path, "services") == ["two", "six"]


def test_what_is_no_plain_file_is_named(tmp_path: Path) -> None:
    written(tmp_path, services__a_yaml=manifest("two"), other__b_yaml=manifest("six"))
    (tmp_path / "services" / "linked").symlink_to(tmp_path / "other")
    (tmp_path / "services" / "gone.yaml").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "services" / "pipe.YAML")
    done = rolewright("validate", "services", cwd=tmp_path)
    named = "services/gone.yaml, services/linked, services/pipe.YAML"
    assert (done.returncode, done.stderr) == (0, f"not read, as they are linked folders or no plain files: {named}\n")


def test_a_deep_folder_ends_in_no_traceback(tmp_path: Path) -> None:
    here = tmp_path
    for _ in range(300):
        here /= "a"
    here.mkdir(parents=True)
    written(tmp_path, a__b_yaml=manifest("two"))
    assert valid(tmp_path, ".") == ["two"]


@pytest.mark.parametrize("table", ["[tool . rolewright]", '[tool."rolewright"]', "[tool]\nrolewright"])
def test_a_table_of_pyproject_may_be_written_in_each_way(tmp_path: Path, table: str) -> None:
    text = f"{table}.output = 'modules'\n" if table.endswith("t") else f"{table}\noutput = 'modules'\n"
    written(tmp_path, pyproject_toml=text, rolewright_yaml=manifest("one"))
    assert rolewright("render", cwd=tmp_path).stdout.startswith("modules/one: written")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")])
def test_settings_that_are_no_file_are_wrong_use(tmp_path: Path, make: Callable[[Path], None]) -> None:
    written(tmp_path, rolewright_yaml=manifest("one"))
    make(tmp_path / "rolewright.toml")
    done = rolewright("validate", cwd=tmp_path)
    assert (done.returncode, "rolewright.toml is no plain file" in done.stderr) == (2, True)
