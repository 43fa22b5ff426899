"""What a condition can still let through counts as more, whatever else stands beside it on the same key."""

from __future__ import annotations

from pathlib import Path

import pytest

from command_line import rolewright

CASES = Path(__file__).parents[1] / "cases" / "judge"


@pytest.mark.parametrize("name", ["variable-beside-value", "two-tags", "if-exists-and-null"])
def test_a_condition_that_some_request_meets_widens(name: str) -> None:
    done = rolewright("diff", CASES / "base.yaml", CASES / f"{name}.yaml")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "+ s3:DeleteObject on arn:aws:s3:::reports-acme/*" in done.stdout
