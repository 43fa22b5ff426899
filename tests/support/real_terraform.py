"""The real terraform, as tests call it: where it is, where its provider is, and what it answers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from left_out import leave_out
from rolewright.data.build_provider_schema import CONFIGURATION
from rolewright.terraform.terraform import Terraform as Program
from rolewright.terraform.terraform import TerraformError, loopback_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

INIT_ARGUMENTS = "TF_CLI_ARGS_init"
CACHE = "TF_PLUGIN_CACHE_DIR"
AWS = Path("registry.terraform.io", "hashicorp", "aws")
_SECONDS = 300  # for a provider of 150 MB that comes over a line; without a line Terraform gives up by itself


class Terraform(Program):
    """The program, with credentials that are none and, where given, a moto server as endpoint."""

    def __init__(self, program: str, endpoint: str = "", region: str = "us-east-1") -> None:
        super().__init__(program, {**loopback_environment(endpoint), "AWS_REGION": region})

    def run(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> str:
        """Standard output of a call. Fails the test, with all output, on an unexpected exit code."""
        try:
            return super().run(folder, *arguments, accept=accept)
        except TerraformError as error:
            pytest.fail(f"terraform {error}")

    def json(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> Any:
        """Standard output as JSON."""
        return super().json(folder, *arguments, accept=accept)


def find_program() -> str:
    """The path of terraform. Leaves the test out without it."""
    program = shutil.which("terraform")
    if program is None:
        leave_out("terraform is not on the PATH: https://developer.hashicorp.com/terraform/install")
    return program


def plugin_folder(program: str, folder: Path) -> Path | str:
    """A folder of plugins with the AWS provider that the tests are written for, or the reason why there is none.

    Terraform looks for it as its own settings say (a registry, a mirror, `TF_CLI_ARGS_init`); where it finds
    none, the folder that TF_PLUGIN_CACHE_DIR names is looked into, which has the layout of a mirror.
    """
    (folder / "main.tf").write_text(CONFIGURATION, encoding="utf-8")
    cache = os.environ.get(CACHE, "")
    ways = [[], [f"-plugin-dir={cache}"]] if cache and (cache / AWS).is_dir() else [[]]
    answers = [_init(program, folder, way) for way in ways]
    return folder / ".terraform" / "providers" if "" in answers else answers[0]


def _init(program: str, folder: Path, arguments: Sequence[str]) -> str:
    """What terraform says where it finds no provider, or nothing."""
    command = [program, "init", "-input=false", "-no-color", *arguments]
    environment = loopback_environment("")
    if arguments or "-plugin-dir" in environment.get(INIT_ARGUMENTS, ""):
        environment.pop(CACHE, None)  # as mirror and cache at once, terraform replaces its plugins by links
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {_SECONDS} seconds"
    said = " ".join(done.stderr.split()).rpartition("Error: ")[2].partition(" To see which modules")[0]
    return said if done.returncode else ""
