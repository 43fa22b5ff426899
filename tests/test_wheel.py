"""What is shipped is whole: a wheel, unpacked and run from elsewhere, renders what the checkout does."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_wheel_renders_what_the_checkout_does(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = tmp_path / "shipped"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(shipped)
    assert {path.name for path in shipped.iterdir()} == {"rolewright", wheel.name.rsplit("-", 3)[0] + ".dist-info"}
    assert (shipped / "rolewright" / "py.typed").exists(), "without it a type checker passes over the types"
    (entries,) = shipped.glob("*.dist-info/entry_points.txt")
    assert "[pytest11]\nrolewright = rolewright.pytest_plugin\n" in entries.read_text(encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(shipped), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    where = "import rolewright.blueprint as b; print(b.builtin_root())"
    found = subprocess.run(
        [sys.executable, "-c", where], env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert Path(found.stdout.strip()) == shipped / "rolewright" / "blueprints"
    manifest = str(ROOT / "examples" / "orders.yaml")
    command = [sys.executable, "-m", "rolewright", "render", manifest, "-o", str(tmp_path / "output")]
    subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in (tmp_path / "output" / "orders").rglob("*") if path.is_file()}
    kept = {path.name: path.read_bytes() for path in (ROOT / "output" / "orders").rglob("*") if path.is_file()}
    assert made == kept
