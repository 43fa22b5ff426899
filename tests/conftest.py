"""What tests share: the terraform binary, a moto server for it, and the built-in catalog."""

from __future__ import annotations

import gc
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from cases import FACTOR, SOAK, Cases, mark_sampled
from left_out import leave_out
from real_terraform import CACHE, INIT_ARGUMENTS, Terraform, find_program, plugin_folder
from rolewright.blueprint import Catalog, load_catalog
from rolewright.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say once for each reason how many tests were left out for it."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"not run: {count} of the tests: {reason}")


gc.set_threshold(100_000, 50, 100)  # as the command line has it: a tenth of the time went into collecting

settings.register_profile("patient", deadline=None)  # how long a case takes is the machine's, not the code's
settings.load_profile("patient")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    mark_sampled(items)  # before the marks are what is chosen by
    yield
    items.sort(key=_order)


def _order(item: pytest.Item) -> tuple[int, str]:
    """What runs Terraform goes first, and what shares something that is slow to make goes together.

    Terraform waits for half of its time: one worker begins with it, while the others compute. What tests share is made
    once in each worker that has one of them.
    """
    if item.get_closest_marker("terraform") is not None:
        return 0, ""
    used = getattr(getattr(item, "function", None), "__globals__", {})
    if "tried_workloads" in used:
        return 1, str(getattr(getattr(item, "callspec", None), "params", {}).get("type_", ""))
    return (2, "") if "distinct_modules" in used else (3, "")


@pytest.fixture(scope="session")
def cases() -> Cases:
    return Cases(FACTOR, soak=SOAK)


@pytest.fixture(scope="session")
def terraform_program() -> Terraform:
    """The program alone, for what needs no provider."""
    return Terraform(find_program())


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """The program with the AWS provider, which is found once and then taken from where it lies."""
    program = find_program()
    plugins = plugin_folder(program, tmp_path_factory.mktemp("provider"))
    if isinstance(plugins, str):
        leave_out(
            f"terraform cannot get the AWS provider ({plugins}): name a mirror in Terraform's settings, in "
            "TF_CLI_ARGS_init=-plugin-dir=FOLDER or in TF_PLUGIN_CACHE_DIR"
        )
    with pytest.MonkeyPatch.context() as patch:
        if "-plugin-dir" not in os.environ.get(INIT_ARGUMENTS, ""):
            patch.setenv(INIT_ARGUMENTS, f"-plugin-dir={plugins}")
        patch.delenv(CACHE, raising=False)
        patch.setenv("GOGC", "400")  # a fifth of what a call takes goes into collecting garbage, for 40 MB less
        yield Terraform(program)


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def pipeline() -> Iterator[Pipeline]:
    with Pipeline() as opened:
        yield opened
