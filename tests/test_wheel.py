"""What is shipped is whole: a wheel, unpacked and run from elsewhere, renders what the checkout does."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent


BUILD = """
import os, sys
from hatchling.build import build_sdist, build_wheel
os.umask(int(sys.argv[2], 8))
print(build_sdist(sys.argv[1]), build_wheel(sys.argv[1]))
"""
"""What `python -m build` asks of the build backend, without an environment of its own for it."""


def built(source: Path, target: Path, umask: str) -> dict[str, bytes]:
    target.mkdir()
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    command = [sys.executable, "-c", BUILD, str(target), umask]
    subprocess.run(command, cwd=source, env=environment, check=True, capture_output=True)
    return {path.name: path.read_bytes() for path in target.iterdir()}


def test_two_builds_have_the_same_bytes(tmp_path: Path) -> None:
    """The second is of the first's source archive: other times of files, another folder, other modes."""
    first = built(ROOT, tmp_path / "first", "022")
    (archive,) = (tmp_path / "first").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    for path in source.rglob("*"):
        os.utime(path, (1, 2_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    second = built(source, tmp_path / "second", "077")
    assert first.keys() == second.keys()
    assert len(first) == 2
    assert [name for name in first if first[name] != second[name]] == []


@pytest.mark.soak
def test_the_wheel_alone_does_the_quickstart_on_a_bare_machine(tmp_path: Path) -> None:
    """A new environment, no checkout, no tool of the developers, no settings of this user."""
    built(ROOT, tmp_path / "dist", "022")
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    venv, service = tmp_path / "venv", tmp_path / "my-service"
    service.mkdir()
    (service / "index.py").write_text("def handler(event, context):\n    return event\n", encoding="utf-8")
    pip = {
        name: value for name, value in os.environ.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")
    }
    bare = {"HOME": str(tmp_path), "PATH": f"{venv / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8"}

    def run(*command: str | Path, env: Mapping[str, str] = bare) -> str:
        ran = subprocess.run(command, cwd=service, env=env, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    run(sys.executable, "-m", "venv", venv, env={**bare, **pip})
    run(venv / "bin" / "pip", "install", "--quiet", wheel, env={**bare, **pip})
    where = run(venv / "bin" / "python", "-c", "import rolewright; print(rolewright.__file__)")
    assert Path(where.strip()).is_relative_to(venv)
    installed = set(run(venv / "bin" / "pip", "list", "--format", "freeze").lower().replace("==", "\n").split())
    assert installed.isdisjoint({"pytest", "hypothesis", "mypy", "ruff", "hatchling"})
    given = ["--type", "lambda", "--name", "orders", "--resource", "dynamodb-table:orders:get,put"]
    run("rolewright", "init", *given)
    run("rolewright", "validate")
    run("rolewright", "render")
    lock = (service / "output" / "orders" / "access.lock").read_text(encoding="utf-8")
    assert "execution allow dynamodb:PutItem on " in lock


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
