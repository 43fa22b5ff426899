"""The real terraform, as tests call it."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Terraform:
    """The real terraform, with credentials that are none and, where given, a moto server as endpoint."""

    def __init__(self, program: str, endpoint: str = "") -> None:
        self.program = program
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self.environment = {
            **kept,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}),
        }

    def run(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> str:
        """Standard output of a call. Fails the test, with all output, on an unexpected exit code."""
        done = subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in accept:
            pytest.fail(f"terraform {' '.join(arguments)} → {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def json(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> Any:
        """Standard output as JSON."""
        return json.loads(self.run(folder, *arguments, accept=accept))
