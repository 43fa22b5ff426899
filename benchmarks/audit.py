"""How fast `rolewright audit` is, and what it finds where other scanners look.

    python benchmarks/audit.py [SCANNERS]

Makes a tree of 10,000 files (80 MB) with keys in thirty forms among decoys, times the command on it, and counts what
was found. `SCANNERS` is a folder that `pip install --target SCANNERS/python detect-secrets` and
`npm install --prefix SCANNERS/node secretlint @secretlint/secretlint-rule-preset-recommend` have filled: with it the
two look at the planted files and at 200 of decoys. An image archive of 5 GB is read last; memory is the peak of the
process.
"""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from planted_keys import Planted, decoy_tree, plant


def audit(*arguments: str) -> tuple[float, list[dict[str, str]]]:
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "rolewright", "audit", "--format", "json", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return time.perf_counter() - start, json.loads(run.stdout)["findings"]


def detect_secrets(folder: Path, scanners: Path) -> set[str]:
    """The files in which it finds any AWS key."""
    run = subprocess.run(
        [sys.executable, "-m", "detect_secrets", "scan", "--all-files", "--no-verify", str(folder)],
        env={**os.environ, "PYTHONPATH": str(scanners / "python")},
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    )
    results = json.loads(run.stdout)["results"]
    return {file for file, found in results.items() if any(one["type"] == "AWS Access Key" for one in found)}


def secretlint(folder: Path, scanners: Path) -> set[str]:
    """The same; it takes files below its own folder alone."""
    node = scanners / "node"
    (node / ".secretlintrc.json").write_text('{"rules": [{"id": "@secretlint/secretlint-rule-preset-recommend"}]}')
    inner = node / "tree"
    shutil.rmtree(inner, ignore_errors=True)
    shutil.copytree(folder, inner)
    subprocess.run(
        [
            str(node / "node_modules/.bin/secretlint"),
            "--format",
            "json",
            "tree/**/*",
            "tree/**/.*",
            "--output",
            "out.json",
        ],
        capture_output=True,
        check=False,
        cwd=node,
    )
    return {
        str(folder / Path(one["filePath"]).relative_to(inner.resolve()))
        for one in json.loads((node / "out.json").read_text(encoding="utf-8"))
        if any("AWS" in message["message"] for message in one["messages"])
    }


def compare(planted: list[Planted], folder: Path, scanners: Path) -> None:
    names = {str(Path(one.file)) for one in planted}
    ours = {one["file"] for one in audit(str(folder))[1] if one["rule"] == "access-key"}
    print(f"rolewright: {len(ours & names)} of {len(names)} files with keys, {len(ours - names)} others")
    for name, found in (("detect-secrets", detect_secrets), ("secretlint", secretlint)):
        start = time.perf_counter()
        theirs = {str(folder / file) if not file.startswith("/") else file for file in found(folder, scanners)}
        took = time.perf_counter() - start
        print(f"{name}: {len(theirs & names)} of {len(names)}, {len(theirs - names)} others, {took:.1f} s")
        decoys = sum("part-" in one for one in theirs - ours)
        print(f"  only there: {decoys} decoys,", sorted(Path(one).name for one in theirs - ours if "part-" not in one))
        print("  only ours:", sorted(Path(one).name for one in ours - theirs))


def large_image(path: Path) -> None:
    """A layer of 5 GB that nothing is in, and one with a key."""
    block = bytes(range(1, 256)) * 4112
    with tarfile.open(path, "w") as archive:
        size = 5 * 1024**3 // len(block)

        class Layer(io.RawIOBase):
            def __init__(self) -> None:
                self.left = size * len(block)
                self.head = tarfile.TarInfo("data.bin")
                self.head.size = self.left
                self.start = self.head.tobuf()

            def readable(self) -> bool:
                return True

            def read(self, amount: int = -1) -> bytes:
                """As much as is asked for, as `addfile` wants it: the header, the file, and zeros."""
                begun, self.start = self.start[:amount], self.start[amount:]
                wanted = min(amount - len(begun), self.left)
                self.left -= wanted
                part = begun + (block * (wanted // len(block) + 1))[:wanted]
                return part + bytes(amount - len(part))

        layer = Layer()
        info = tarfile.TarInfo("blobs/sha256/" + "a" * 64)
        info.size = 512 + -(-layer.left // 512) * 512 + 1024  # a header, the file, and two empty blocks at the end
        archive.addfile(info, layer)
        info = tarfile.TarInfo("manifest.json")
        archive.addfile(info, io.BytesIO())


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        small = folder / "small"
        decoy_tree(small, 11, 200, 100)
        planted = plant(small, 12)
        if len(sys.argv) > 1:
            compare(planted, small, Path(sys.argv[1]))
        tree = folder / "tree"
        decoy_tree(tree, 11, 10_000, 145)
        planted = plant(tree, 12)
        size = sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())
        audit(str(tree))
        for _ in range(3):
            took, found = audit(str(tree))
            keys = {one["file"] for one in found if one["rule"] == "access-key"}
            false = len(keys - {one.file for one in planted}) + sum("part-" in one["file"] for one in found)
            print(f"{size / 1e6:.0f} MB: {took:.2f} s, {len(keys)} of {len(planted)} keys, {false} wrong")
        image = folder / "image.tar"
        large_image(image)
        took, found = audit("--image", str(image))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"image of {image.stat().st_size / 1e9:.1f} GB: {took:.1f} s, peak {peak:.0f} MB, {len(found)} findings")


if __name__ == "__main__":
    main()
