"""`rolewright blueprint`: one group of commands, and its earlier name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command_line import rolewright

if TYPE_CHECKING:
    from pathlib import Path

LISTINGS = [("blueprint", "list"), ("blueprints",), ("blueprints", "list")]


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A folder of blueprints with one type of a team's own."""
    done = rolewright("blueprint", "new", "own-queue", "--service", "sqs", "-o", "team", cwd=tmp_path)
    assert done.returncode == 0
    return tmp_path / "team"


@pytest.mark.parametrize("command", LISTINGS)
def test_a_teams_types_are_listed_with_the_built_in_ones(team: Path, command: tuple[str, ...]) -> None:
    done = rolewright(*command, "--blueprints", team)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert any(line.startswith("  own-queue: ") for line in lines)
    at = next(number for number, line in enumerate(lines) if line.startswith("  lambda: "))
    assert lines[at + 1].startswith("    fields: runtime, ")
    assert "  own-queue: " not in rolewright(*command).stdout


@pytest.mark.parametrize("group", ["blueprint", "blueprints"])
def test_a_type_of_a_team_is_shown(team: Path, group: str) -> None:
    done = rolewright(group, "show", "own-queue", "--blueprints", team)
    assert done.returncode == 0
    assert "sqs:SendMessage" in done.stdout
    assert rolewright(group, "show", "own-queue").returncode == 2


@pytest.mark.parametrize("group", ["blueprint", "blueprints"])
def test_a_folder_in_front_of_the_command_is_not_passed_over(team: Path, group: str) -> None:
    done = rolewright(group, "--blueprints", team, "show", "own-queue")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("command", LISTINGS)
def test_a_broken_blueprint_is_a_finding(team: Path, command: tuple[str, ...]) -> None:
    file = team / "resources" / "own-queue" / "blueprint.yaml"
    file.write_text("summary: 1\n", encoding="utf-8")
    done = rolewright(*command, "--blueprints", team)
    assert done.returncode == 1
    assert f" --> {file}:1:" in done.stderr


def test_the_help_names_one_group() -> None:
    listed = rolewright("--help").stdout
    assert "│ blueprint " in listed
    assert "│ blueprints " not in listed
    assert rolewright("blueprints", "--help").returncode == 0
    assert {" list ", " show ", " docs ", " test ", " new "} <= {
        f" {word} " for word in rolewright("blueprint", "--help").stdout.split()
    }
