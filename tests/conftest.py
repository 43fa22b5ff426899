"""What tests share: the terraform binary, a moto server for it, and the built-in catalogue."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from real_terraform import Terraform
from rolewright.blueprint import Catalog, load_catalog
from rolewright.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    program = shutil.which("terraform")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("terraform is missing, and CI has to run these tests")
        pytest.skip("terraform is not on the PATH: nothing was tried with it")
    return Terraform(program)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Pipeline]:
    with Pipeline() as opened:
        yield opened
