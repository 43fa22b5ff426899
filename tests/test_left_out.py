"""What a machine lacks is left out with one line that says why, and fails where CI is set."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from left_out import leave_out
from real_terraform import AWS, CACHE, INIT_ARGUMENTS, Terraform, plugin_folder
from rolewright.data.build_provider_schema import VERSION

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT_NETWORK = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Terraform as it is on a machine that has the program alone."""
    for name in (INIT_ARGUMENTS, CACHE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", os.devnull)
    for name, value in WITHOUT_NETWORK.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_under_ci_nothing_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^no program$"):
        leave_out("no program")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no program; CI has to run these tests"):
        leave_out("no program")


@pytest.mark.terraform
def test_a_provider_that_is_not_to_be_had_is_told_in_one_line(
    terraform_program: Terraform, nowhere: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    why = plugin_folder(terraform_program.program, tmp_path)
    assert isinstance(why, str)
    assert "hashicorp/aws" in why
    assert "\n" not in why


@pytest.fixture
def mirror(terraform_program: Terraform, tmp_path: Path) -> Path:
    """A folder with a provider that is none: `terraform init` starts no provider."""
    platform = terraform_program.json(tmp_path, "version", "-json")["platform"]
    folder = tmp_path / "mirror" / AWS / VERSION / platform
    folder.mkdir(parents=True)
    program = folder / f"terraform-provider-aws_v{VERSION}_x5"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    return tmp_path / "mirror"


@pytest.mark.terraform
@pytest.mark.parametrize(
    "variables", [{CACHE: "{}"}, {INIT_ARGUMENTS: "-plugin-dir={}"}, {CACHE: "{}", INIT_ARGUMENTS: "-plugin-dir={}"}]
)
def test_the_provider_is_found_in_a_mirror_that_a_variable_names(
    variables: tuple[str, ...],
    terraform_program: Terraform,
    nowhere: pytest.MonkeyPatch,
    mirror: Path,
    tmp_path: Path,
) -> None:
    """And the mirror stays as it is, also where it is named as the cache too."""
    before = {path: path.is_symlink() for path in mirror.rglob("*")}
    for name in variables:
        nowhere.setenv(name, f"-plugin-dir={mirror}" if name == INIT_ARGUMENTS else str(mirror))
    root = tmp_path / "root"
    root.mkdir()
    found = plugin_folder(terraform_program.program, root)
    assert not isinstance(found, str), found
    assert (found / AWS / VERSION).is_dir()
    assert {path: path.is_symlink() for path in mirror.rglob("*")} == before
