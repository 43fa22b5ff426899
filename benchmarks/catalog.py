"""Whether reading a manifest takes longer with more types in the catalog: `python benchmarks/catalog.py`.

The same manifest is read with the whole catalog and with one of eight resource types, each in new processes.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rolewright.blueprint import builtin_root, load_catalog

RUNS = 15
KEPT = ("s3-bucket", "dynamodb-table", "sqs-queue", "sns-topic", "kms-key", "ssm-parameter", "secretsmanager-secret",
        "cloudwatch-log-group")  # fmt: skip
READ = """
import sys, time
from pathlib import Path
from rolewright.blueprint import catalog
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import load
catalog.builtin_root = lambda: Path(sys.argv[1])
start = time.perf_counter()
read_manifest(load(Path(sys.argv[2])), catalog.load_catalog())
print(time.perf_counter() - start)
"""


def median(root: Path, manifest: Path) -> float:
    """Milliseconds to load the catalog of a root and read a manifest with it."""
    command = [sys.executable, "-c", READ, str(root), str(manifest)]
    runs = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(RUNS)]
    return 1000 * statistics.median(runs)


def main() -> None:
    manifest = Path(__file__).parent.parent / "examples" / "ec2.yaml"
    with tempfile.TemporaryDirectory() as folder:
        few = Path(folder) / "blueprints"
        shutil.copytree(builtin_root(), few)
        for type_ in (few / "resources").iterdir():
            if type_.name not in KEPT:
                shutil.rmtree(type_)
        print(f"{len(KEPT)} resource types: {median(few, manifest):.1f} ms")
        print(f"{len(load_catalog().resources)} resource types: {median(builtin_root(), manifest):.1f} ms")


if __name__ == "__main__":
    main()
