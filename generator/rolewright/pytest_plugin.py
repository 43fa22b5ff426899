"""The fixture `rolewright` for a team's own tests, which pytest finds by itself once rolewright is installed.

def test_permissions(rolewright):
    rolewright.golden("services/orders.yaml", "tests/golden")
    rolewright.blueprints("blueprints")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import rolewright

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option, and the setting for the blueprints of a team, which all its manifests share."""
    parser.getgroup("rolewright").addoption(
        "--update-golden", action="store_true", help="write the golden modules instead of comparing with them"
    )
    parser.addini(
        "rolewright_blueprints", "folders of your own blueprints, in addition to the built-in ones", "paths", []
    )


class Rolewright:
    """What tests may ask for. Paths are those from pytest's root folder."""

    def __init__(self, pipeline: rolewright.Pipeline, root: Path, *, update: bool) -> None:
        self._pipeline = pipeline
        self._root = root
        self._update = update

    def golden(self, manifest: str | Path, folder: str | Path) -> None:
        """Build and prove a manifest, and compare each module with `folder/WORKLOAD`.

        With --update-golden write it there instead. Fails with the findings, or with the difference.
        """
        stale = []
        try:
            for built in self._pipeline.run(self._root / manifest):
                result = rolewright.write_module(built, self._root / folder, check=not self._update, force=self._update)
                if result.status == "stale":
                    stale.append(result.diff)
        except rolewright.Rejected as refusal:
            self._fail(refusal.findings)
        if stale:
            head = (
                f"{manifest} does not render to what is in {folder}. If the change is intended: pytest --update-golden"
            )
            pytest.fail("\n\n".join((head, *stale)), pytrace=False)

    def blueprints(self, folder: str | Path) -> None:
        """Take manifests that use all of each blueprint of a folder through the whole pipeline, and fail on findings.

        The folder is one of `rolewright_blueprints` in pytest's configuration.
        """
        from rolewright.batch.blueprint_test import try_folder  # noqa: PLC0415 - pytest loads this file in every run

        trials = list(try_folder(self._pipeline, self._root / folder))
        if not trials:
            pytest.fail(
                f"no blueprint in {folder} is used: is the folder listed in `rolewright_blueprints`?", pytrace=False
            )
        self._fail([finding for _, trial in trials for finding in trial.findings])

    def _fail(self, findings: Sequence[rolewright.Finding]) -> None:
        from rolewright.report.text import findings_text  # noqa: PLC0415 - pytest loads this file in every run

        if findings:
            pytest.fail(findings_text(findings, self._pipeline.sources, color=False), pytrace=False)


@pytest.fixture(scope="session", name="rolewright")
def _rolewright(pytestconfig: pytest.Config) -> Iterator[Rolewright]:
    """Compare golden modules and test blueprints."""
    with rolewright.Pipeline(pytestconfig.getini("rolewright_blueprints")) as pipeline:
        yield Rolewright(pipeline, pytestconfig.rootpath, update=pytestconfig.getoption("--update-golden"))
