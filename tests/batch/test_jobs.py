"""Several processes: the same outcome as one, and a clean end whatever happens to them."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rolewright.batch import processes
from rolewright.batch.build import Outcome, build_all
from rolewright.batch.processes import spread
from rolewright.batch.select import Selection
from rolewright.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterator

COMPUTES = [
    {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
    {"type": "lambda", "runtime": "python3.12", "handler": "a.b", "package": "a.zip"},
]
ROLEWRIGHT = [sys.executable, "-m", "rolewright"]


@pytest.fixture(autouse=True)
def hears_ctrl_c() -> Iterator[None]:
    """What a shell starts in the background is deaf to it, and so is all that the tests start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def manifests(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "manifests"
    folder.mkdir()
    files = [folder / f"{number:02}.yaml" for number in range(8)]
    for number, file in enumerate(files):
        described = {
            "version": 1,
            "workload": f"gen-{number}",
            "compute": COMPUTES[number % len(COMPUTES)],
            "resources": {"table": {"type": "dynamodb-table", "name": f"table{number}", "access": "get"}},
        }
        file.write_text(json.dumps(described, indent=1))
    return files


def refuse(manifest: Path, **changes: object) -> None:
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes, indent=1))


def tree(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_several_processes_write_and_print_the_same_as_one(tmp_path: Path, manifests: list[Path]) -> None:
    printed = []
    for jobs in ("1", "3"):
        folder = tmp_path / jobs
        folder.mkdir()
        command = [*ROLEWRIGHT, "render", *map(str, manifests), "--jobs", jobs]
        ran = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
        printed.append((ran.stdout, ran.stderr))
    assert printed[0] == printed[1]
    assert printed[0][0].count("written (") == len(manifests)
    assert tree(tmp_path / "1") == tree(tmp_path / "3")


def test_several_processes_find_the_same_as_one(manifests: list[Path]) -> None:
    refuse(manifests[1], workload="gen-6")
    refuse(manifests[3], colour="red")
    manifests[4].write_text("- no mapping\n")
    manifests[5].unlink()
    outcomes: list[Outcome] = [build_all(Selection(manifests), None, None, jobs) for jobs in (1, 2)]
    assert outcomes[0] == outcomes[1]
    found = [(Path(f.location.file).stem, f.rule) for f in outcomes[0].findings]
    assert found == [
        ("03", "manifest-unknown-key"),
        *[pair for pair in found if pair[0] == "04"],
        ("05", "source-missing"),
        ("06", "manifest-duplicate-workload"),
    ]
    assert outcomes[0].sources.keys() == {str(manifests[3]), str(manifests[4])}


def test_nothing_is_written_while_one_manifest_has_an_error(tmp_path: Path, manifests: list[Path]) -> None:
    refuse(manifests[-1], colour="red")
    command = [*ROLEWRIGHT, "render", *map(str, manifests), "--jobs", "2"]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 1
    assert "unknown key `colour`" in ran.stderr
    assert not (tmp_path / "output").exists()


def test_a_folder_of_blueprints_that_is_none_is_one_finding(tmp_path: Path, manifests: list[Path]) -> None:
    outcome = build_all(Selection(manifests), [tmp_path / "none"], None, 2)
    assert outcome.refused
    assert [finding.rule for finding in outcome.findings] == ["blueprint-folder"]


@pytest.mark.skipif(sys.platform != "linux", reason="the processes have to be forks, to have the changed method")
def test_a_process_that_is_killed_ends_the_run(monkeypatch: pytest.MonkeyPatch, manifests: list[Path]) -> None:
    run = Pipeline.run

    def killed(self: Pipeline, path: Path) -> object:
        if path == manifests[2]:
            os.kill(os.getpid(), signal.SIGKILL)
        return run(self, path)

    monkeypatch.setattr(Pipeline, "run", killed)
    outcome = build_all(Selection(manifests), None, None, 2)
    assert outcome.refused
    (finding,) = outcome.findings
    assert finding.rule == "process-died"
    assert Path(finding.location.file) in manifests[:3]


def fail(number: int) -> int:
    if number == 2:
        raise LookupError("the second")
    return number


def test_what_the_work_raises_is_raised_where_its_result_is_due() -> None:
    results = spread(fail, range(5), 2)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="the second"):
        next(results)


def test_spawned_processes_do_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert list(spread(abs, range(-3, 3), 2)) == [3, 2, 1, 0, 1, 2]


def running(folder: Path, manifests: list[Path]) -> tuple[subprocess.Popen[bytes], int]:
    """A run in a session of its own that is some manifests on, and the terminal that its stderr is."""
    terminal, stderr = pty.openpty()
    copies = [Path(shutil.copy(one, folder / f"{n}-{one.name}")) for n in range(20) for one in manifests]
    command = [*ROLEWRIGHT, "render", *map(str, copies), "--jobs", "2"]
    process = subprocess.Popen(command, cwd=folder, stderr=stderr, start_new_session=True)
    os.close(stderr)
    assert b"/160" in os.read(terminal, 100)
    return process, terminal


def rest(terminal: int) -> str:
    """What is said until nobody has the terminal any more: until every process has ended."""
    said = b""
    try:
        while piece := os.read(terminal, 1000):
            said += piece
    except OSError:  # how Linux says that the other side is closed
        pass
    os.close(terminal)
    return said.decode()


def test_ctrl_c_ends_all_processes_and_writes_nothing(tmp_path: Path, manifests: list[Path]) -> None:
    process, terminal = running(tmp_path, manifests)
    os.killpg(process.pid, signal.SIGINT)
    said = rest(terminal)
    assert process.wait() == 130
    assert "interrupted: nothing was written" in said
    assert "Traceback" not in said
    assert not (tmp_path / "output").exists()


SLOW = """
import time
from rolewright.cli import main
from rolewright.batch import processes
begin = processes._begin
def slow():
    time.sleep(1)
    begin()
processes._begin = slow
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the children of a process in a file")
def test_ctrl_c_that_reaches_the_processes_first_is_no_finding(tmp_path: Path, manifests: list[Path]) -> None:
    """They have not begun to leave it to the parent, which hears of it when they would be long dead."""
    command = [sys.executable, "-c", SLOW, "render", *map(str, manifests), "--jobs", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as process:
        listed = Path("/proc", str(process.pid), "task", str(process.pid), "children")
        while len(children := listed.read_text().split()) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        for child in children:
            os.kill(int(child), signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1].decode()
    assert said == "interrupted: nothing was written\n"
    assert process.returncode == 130
    assert not (tmp_path / "output").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the processes have to be forks, to have the changed function")
def test_a_process_that_is_interrupted_before_it_begins_does_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = processes._begin

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        begin()

    monkeypatch.setattr(processes, "_begin", interrupted)
    assert list(spread(abs, range(-3, 3), 2)) == [3, 2, 1, 0, 1, 2]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_no_process_outlives_a_parent_that_is_killed(tmp_path: Path, manifests: list[Path]) -> None:
    process, terminal = running(tmp_path, manifests)
    process.kill()
    process.wait()
    rest(terminal)
    assert not (tmp_path / "output").exists()
