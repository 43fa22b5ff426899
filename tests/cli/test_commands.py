"""Every command ends in the same way where something is refused."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

import rolewright.cli.commands  # noqa: F401 - which adds the commands to the application
from command_line import rolewright as run
from rolewright.cli.app import Command, app

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[2] / "examples" / "lambda.yaml"


def commands(command: Any, name: str = "rolewright") -> Iterator[tuple[str, Any]]:
    yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{name} {word}")


EVERY = dict(commands(typer.main.get_command(app)))
ENDS = {name: command for name, command in EVERY.items() if not hasattr(command, "commands")}


def test_a_refusal_of_any_command_is_a_report_and_not_a_traceback() -> None:
    assert len(ENDS) >= 20
    assert [name for name, command in ENDS.items() if not isinstance(command, Command)] == []


def test_the_help_of_every_command_ends_with_an_example_that_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each example is read as the command line would be, without running the command."""
    monkeypatch.chdir(tmp_path)
    for name in (
        "rolewright.yaml",
        "services/orders.yaml",
        "policy.json",
        "roles.json",
        "blueprints/x",
        "old.yaml",
        "new.yaml",
    ):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    for name in EVERY:
        shown = run(*name.split()[1:], "--help", env={"COLUMNS": "80"}).stdout
        examples = re.findall(r"^ {3}(rolewright .*\S)", shown, re.MULTILINE)
        assert examples, f"{name} --help has no example"
        begins = name.replace("blueprints", "blueprint")
        for example in examples:
            assert example.startswith(begins), f"{name} --help has an example of something else: {example}"
            words = shlex.split(re.split(r" {2,}| > ", example)[0])
            ending = max((known for known in ENDS if example.startswith(known)), key=len)
            ENDS[ending].make_context(ending, words[len(ending.split()) :])


def test_every_command_has_both_names_of_help() -> None:
    for name in EVERY:
        words = name.split()[1:]
        assert run(*words, "-h").stdout == run(*words, "--help").stdout


def test_help_comes_in_a_line_of_the_list_whatever_its_examples() -> None:
    assert "Example" not in run("--help").stdout.partition("Commands")[2]


def test_a_file_that_is_not_there_is_wrong_use_of_every_command(tmp_path: Path) -> None:
    """Whatever reads it: whoever calls the command need not know whether it is a manifest, a policy or a log."""
    (tmp_path / "m.yaml").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    lines = {
        **{name: f"{name} none.yaml" for name in ("render", "validate", "plan", "deployer", "report", "policies")},
        **{name: f"{name} none.yaml" for name in ("adopt", "audit", "express", "import", "merge", "init")},
        "blueprint test": "blueprint test none.yaml",
        **{name: f"{name} none.yaml s3:GetObject arn:aws:s3:::a/b" for name in ("why", "why-not")},
        "explain credentials": "explain credentials none.yaml",
        "retarget": "retarget none.yaml --to lambda",
        "diff": "diff m.yaml none.yaml",
        "usage": "usage m.yaml --manifest none.yaml",
        "migrate init": "migrate init none.yaml --deadline 2027-06-30",
        "migrate check": "migrate check none.yaml",
        **{f"migrate {word}": f"migrate {word} --file none.yaml" for word in ("status", "advance KEY")},
        "migrate extend": "migrate extend 2027-06-30 --reason late --file none.yaml",
        **{f"blueprint {word}": f"blueprint {word} --blueprints none.yaml" for word in ("list", "docs")},
        "blueprint show": "blueprint show lambda --blueprints none.yaml",
        "blueprint find": "blueprint find sqs:SendMessage --blueprints none.yaml",
    }
    reads_none = {"schema", "rule", "blueprint new"}
    names = {name.removeprefix("rolewright ") for name in ENDS if " blueprints " not in name}
    assert names - {name.removesuffix(" KEY") for name in lines} == reads_none
    for line in (*lines.values(), "render --blueprints none.yaml m.yaml", "express m.yaml -m none.yaml"):
        ran = run(*line.split(), cwd=tmp_path)
        said = " ".join(ran.stderr.replace("│", " ").split())
        assert (ran.returncode, "none.yaml does not exist" in said) == (2, True), f"{line}: {ran.stderr}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.yaml"]


@pytest.mark.parametrize(
    "line",
    [
        "diff --base HEAD m.yaml",
        "report --base HEAD m.yaml",
        "render --changed-since HEAD m.yaml",
        "audit --git-history .",
        "validate empty",
    ],
)
def test_what_has_no_line_to_show_is_said_without_a_frame(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a folder outside git: a frame around nothing looks as if something were wrong with a line."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "m.yaml").write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "empty").touch()
    ran = run(*line.split(), cwd=tmp_path)
    assert (ran.returncode, " --> " in ran.stderr, "1 |" in ran.stderr) == (1, True, False)


COMPLETED = {
    "validate ": "rolewright.yaml services/app.yaml",
    "validate s": "services/app.yaml",
    "why other": "other/",
    "diff other/": "other/app.yaml",
    "usage trail.json -m ro": "rolewright.yaml",
    "init --type lam": "lambda",
    "audit --type lam": "lambda",
    "retarget rolewright.yaml --to eks-": "eks-irsa eks-pod-identity",
    "init --resource dynamodb-t": "dynamodb-table",
    "blueprint show lam": "lambda lambda-function",
    "blueprint show dynamodb-table batch-": "batch-get batch-write-delete",
    "blueprint show nothing g": "",
    "rule access-c": "access-code",
}


@pytest.mark.parametrize("words", COMPLETED)
def test_types_verbs_rules_and_manifests_are_completed(words: str, tmp_path: Path) -> None:
    for name in ("rolewright.yaml", "services/app.yaml", "other/app.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "other" / "values.yaml").write_text("a: 1\n", encoding="utf-8")
    given = ["rolewright", *words.split(" ")]
    asked = {"_ROLEWRIGHT_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(given), "COMP_CWORD": str(len(given) - 1)}
    ran = run(cwd=tmp_path, env=asked)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert set(COMPLETED[words].split()) == set(ran.stdout.split())


def test_nothing_is_completed_and_nothing_said_where_the_settings_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "rolewright.toml").write_text("manifests = 1\n", encoding="utf-8")
    asked = {"_ROLEWRIGHT_COMPLETE": "complete_bash", "COMP_WORDS": "rolewright validate ", "COMP_CWORD": "2"}
    ran = run(cwd=tmp_path, env=asked)
    assert (ran.returncode, ran.stdout.strip(), ran.stderr) == (0, "", "")
