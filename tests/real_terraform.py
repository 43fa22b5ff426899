"""The real terraform, as tests call it: an unexpected end fails the test, with all that was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rolewright.plan.terraform import Terraform as Program
from rolewright.plan.terraform import TerraformError, loopback_environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Terraform(Program):
    """The program, with credentials that are none and, where given, a moto server as endpoint."""

    def __init__(self, program: str, endpoint: str = "") -> None:
        super().__init__(program, loopback_environment(endpoint))

    def run(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> str:
        """Standard output of a call. Fails the test, with all output, on an unexpected exit code."""
        try:
            return super().run(folder, *arguments, accept=accept)
        except TerraformError as error:
            pytest.fail(f"terraform {error}")

    def json(self, folder: Path, *arguments: str, accept: Sequence[int] = (0,)) -> Any:
        """Standard output as JSON."""
        return super().json(folder, *arguments, accept=accept)
