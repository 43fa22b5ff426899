"""Run Terraform or OpenTofu: find the program, prepare its environment, read its output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROGRAMS = ("terraform", "tofu")


class TerraformError(Exception):
    """Terraform ended with an exit code that is not accepted; the text is all that it printed."""


@dataclass(frozen=True)
class Terraform:
    """A program, and the environment that it is run with."""

    program: str
    environment: Mapping[str, str]

    def run(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> str:
        """Run a command and return its standard output. Raises TerraformError on an exit code that is not accepted."""
        result = subprocess.run(  # noqa: S603 - a program that the user has named or has on the PATH, and no shell
            [self.program, *arguments],
            cwd=folder,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if result.returncode not in accept:
            ending = f"{' '.join(arguments)} ended with exit code {result.returncode}"
            raise TerraformError(f"{ending}\n{result.stdout}\n{result.stderr}")
        return result.stdout

    def json(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> Any:  # noqa: ANN401 - JSON
        """Run a command and return its standard output as JSON."""
        return json.loads(self.run(folder, *arguments, accept=accept))


def find_terraform() -> str | None:
    """Return the program on the PATH, Terraform before OpenTofu, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name)) is not None), None)


def own_environment() -> dict[str, str]:
    """Return the caller's environment with the caller's credentials."""
    return {**os.environ, **_QUIET}


def loopback_environment(endpoint: str) -> dict[str, str]:
    """Return the caller's environment without AWS settings: no credentials, no profile, one endpoint on loopback.

    Proxies stay, since the provider may be downloaded through one, but not for the endpoint.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **environment,
        **_QUIET,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": ",".join(filter(None, (environment.get("NO_PROXY"), "127.0.0.1"))),
        **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
    }


_QUIET = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
"""Settings for no hints of commands to run next, no questions, and no check for new versions of Terraform."""
