"""The definitions that others install from name what there is: the image, the formula, the action and the hooks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import typer.main
import yaml

import rolewright.cli.commands  # noqa: F401 - which adds the commands to the application
from rolewright.cli.app import app

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
LINES = [line.split() for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]


def test_the_image_copies_what_there_is_and_all_that_the_build_needs() -> None:
    copied = [name for word, *names in LINES if word == "COPY" and "--from=build" not in names for name in names[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in let_in if line.startswith("!")} == set(copied)
    assert "*" in let_in
    build = PROJECT["tool"]["hatch"]["build"]["targets"]
    needed = {*build["sdist"]["include"], *build["wheel"]["force-include"], *PROJECT["project"]["license-files"]}
    assert needed | {"pyproject.toml", PROJECT["project"]["readme"]} == set(copied)


def test_the_image_runs_a_tagged_base_as_nobody_special() -> None:
    bases = [words[1] for words in LINES if words[0] == "FROM"]
    assert len(bases) == 2
    for base in bases:
        found = re.fullmatch(r"python:(\d\.\d+)-slim", base)
        assert found, f"{base} is no small image with a version"
        assert f"Programming Language :: Python :: {found[1]}" in PROJECT["project"]["classifiers"]
    last = LINES[max(number for number, words in enumerate(LINES) if words[0] == "FROM") :]
    (user,) = [words[1] for words in last if words[0] == "USER"]
    assert int(user) > 0
    assert f"useradd --uid {user} " in DOCKERFILE
    assert [words[1] for words in last if words[0] == "ENTRYPOINT"] == [
        f'["{next(iter(PROJECT["project"]["scripts"]))}"]'
    ]
    assert [words for words in LINES if words[0] == "ADD"] == []


def test_the_formula_and_the_hooks_say_what_the_project_does() -> None:
    formula = (ROOT / "packaging" / "rolewright.rb").read_text(encoding="utf-8")
    assert f'desc "{PROJECT["project"]["description"]}"' in formula
    assert f'license "{PROJECT["project"]["license"]}"' in formula
    (python,) = re.findall(r'"python@([\d.]+)"', formula)
    assert f"Programming Language :: Python :: {python}" in PROJECT["project"]["classifiers"]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    group: Any = typer.main.get_command(app)
    assert {hook["entry"].split()[0] for hook in hooks} == {app.info.name}
    assert {hook["entry"].split()[1] for hook in hooks} <= set(group.commands)
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    install = action["runs"]["steps"][0]
    assert install["env"] == {"SOURCE": "${{ github.action_path }}"}, "what is installed is what the workflow pins"
    assert '"$SOURCE"' in install["run"]
