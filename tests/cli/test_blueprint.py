"""`rolewright blueprint`: one group of commands, and its earlier name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from command_line import rolewright
from rolewright.blueprint.search import allowing

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.blueprint import Catalog

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


def test_every_action_of_a_verb_is_found_with_it(catalog: Catalog) -> None:
    """Each verb, and each wide one that stands for it, by any action that it allows."""
    for type_, resource in catalog.resources.items():
        for verb in resource.verbs.values():
            for action in {
                action for part in resource.expand([verb.name]) for a in part.allow.values() for action in a
            }:
                found = [entry for entry in allowing(catalog, [action]) if entry.type == type_]
                assert any(verb.name in (entry.by, *entry.also) for entry in found), (type_, verb.name, action)


def test_what_follows_from_a_field_and_what_a_role_has_is_found(catalog: Catalog) -> None:
    decrypting = {(entry.type, entry.by) for entry in allowing(catalog, ["kms:Decrypt"])}
    assert decrypting >= {("kms-key", "decrypt"), ("sqs-queue", "with kms_key"), ("lambda", "role execution")}
    found = {(entry.type, entry.by) for entry in allowing(catalog, ["logs:PutLogEvents"])}
    assert found >= {("cloudwatch-log-group", "put"), ("lambda", "role execution")}


def test_a_pattern_lists_the_actions_of_each_verb() -> None:
    done = rolewright("blueprint", "find", "dynamodb:*item")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("dynamodb-table batch-get: "))
    assert lines[at].endswith("(read); read, read-write too")
    assert lines[at + 1].strip() == "dynamodb:BatchGetItem"


@pytest.mark.parametrize(
    ("action", "code", "says"),
    [
        ("iam:CreateUser", 1, "`statements`"),
        ("dynamodb:Querry", 2, "no action dynamodb:Querry"),
        ("queue", 2, "SERVICE:"),
    ],
)
def test_an_action_that_no_verb_allows_says_so(action: str, code: int, says: str) -> None:
    done = rolewright("blueprint", "find", action)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr


def test_one_verb_is_shown_with_what_fields_add_to_it() -> None:
    done = rolewright("blueprint", "show", "sqs-queue", "write")
    assert (done.returncode, done.stderr) == (0, "")
    assert "The same as `send`." in done.stdout
    assert "sqs:SendMessage" in done.stdout
    assert "kms:GenerateDataKey" in done.stdout
    assert "sqs:ReceiveMessage" not in done.stdout
    limited = rolewright("blueprint", "show", "dynamodb-table", "scan").stdout
    assert "never with" in limited.partition("### With `leading_keys`")[2].partition("###")[0]
    assert "dynamodb:LeadingKeys" in rolewright("blueprint", "show", "dynamodb-table", "get").stdout
    for type_, verb in (("sqs-queue", "sends"), ("lambda", "send")):
        wrong = rolewright("blueprint", "show", type_, verb)
        assert (wrong.returncode, wrong.stdout) == (2, "")
