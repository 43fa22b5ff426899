"""A key in a manifest is refused without being shown."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from command_line import rolewright
from planted_keys import new_key

if TYPE_CHECKING:
    from pathlib import Path

KEY, SECRET, _ = new_key(random.Random(41))
MANIFEST = """\
version: 1
workload: orders
compute:
  type: lambda
  runtime: python3.12
  handler: index.handler
  package: function.zip
  environment: {AWS_ACCESS_KEY_ID: %s, AWS_SECRET_ACCESS_KEY: "%s"}
"""


def test_no_report_of_a_manifest_shows_the_key_in_it(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MANIFEST % (KEY, SECRET), encoding="utf-8")
    for format_ in ("text", "json", "sarif", "github"):
        run = rolewright("validate", "m.yaml", "--format", format_, cwd=tmp_path)
        assert run.returncode == 1
        assert "manifest-key" in run.stdout + run.stderr
        assert SECRET not in run.stdout + run.stderr
