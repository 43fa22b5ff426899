"""The committed output of every example is what it renders to, on every run and with every hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rolewright.write.module import write

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_output_is_current_and_nothing_was_found(path: Path, pipeline: Pipeline) -> None:
    for built in pipeline.run(path):
        assert built.findings == ()
        assert all(not proof.not_applied for proof in built.proofs)
        result = write(built.module, ROOT / "output" / built.workload.name, check_only=True)
        assert result.status == "unchanged", result.diff


def test_output_does_not_depend_on_the_hash_seed_or_the_folder(tmp_path: Path) -> None:
    texts = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        command = [sys.executable, "-m", "rolewright", "render", str(EXAMPLES[-1]), "-o", str(folder)]
        subprocess.run(
            command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed}, cwd=tmp_path
        )
        texts.append({p.relative_to(folder): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()})
    assert texts[0] == texts[1]
    assert len(texts[0]) > 8
