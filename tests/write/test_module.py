from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import shutil
import signal
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import generated
from rolewright.core.finding import Rejected
from rolewright.core.model import Module
from rolewright.write.module import LEDGER, STAGING, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD = Module("app", {"a.tf": "old a\n", "b.tf": "old b\n", "gone/x.tfvars": "old x\n", "same.tf": "same\n"})
NEW = Module("app", {"a.tf": "new a\n" * 50, "b.tf": "new b\n", "env/dev.tfvars": "new dev\n", "same.tf": "same\n"})
OTHER = Module("app", {"a.tf": "other a\n", "c.tf": "other c\n"})
USER = {
    ".terraform/providers/lock": b"\x00\xff",
    ".terraform.lock.hcl": b"lock",
    "terraform.tfstate": b"{}",
    "extra.tf": b"# mine",
    "gone/mine.tfvars": b"mine",
}
# Every call that changes the disk, or brings a change to it.
STEPS = ("mkdir", "open", "write", "fsync", "rename", "unlink", "rmdir")


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def text(module: Module) -> dict[str, bytes]:
    return {name: content.encode() for name, content in module.files.items()}


def module_of(folder: Path) -> dict[str, bytes]:
    """All that is in a folder but the user's files and the ledger."""
    return {name: content for name, content in contents(folder).items() if name not in {*USER, LEDGER}}


def prepared(folder: Path) -> Path:
    write(OLD, folder)
    put(folder, USER)
    return folder


def refused(module: Module, target: Path, **options: bool) -> dict[str, str]:
    """The rules of a refusal by the name of the file that each is about."""
    with pytest.raises(Rejected) as caught:
        write(module, target, **options)
    assert all(f.remedy for f in caught.value.findings)
    return {os.path.relpath(f.location.file, target): f.rule for f in caught.value.findings}


def at_step(number: int, act: Callable[[], None], patch: pytest.MonkeyPatch) -> None:
    """Let `act` come before the step of that number; a write gets half of its data to the disk first."""
    count = 0

    def wrap(name: str) -> None:
        real: Callable[..., object] = getattr(os, name)

        def step(*args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                if name == "write":
                    descriptor, data = args
                    assert isinstance(data, memoryview)
                    real(descriptor, data[: len(data) // 2])
                act()
            return real(*args, **kwargs)

        patch.setattr(os, name, step)

    for name in STEPS:
        wrap(name)


def killed(module: Module, target: Path, number: int) -> bool:
    """Write in a process that is killed at a step; False if it was done before."""
    child = os.fork()
    if child == 0:
        at_step(number, lambda: os.kill(os.getpid(), signal.SIGKILL), pytest.MonkeyPatch())
        write(module, target)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


def test_a_module_is_written_once(tmp_path: Path) -> None:
    target = tmp_path / "output" / "app"
    result = write(OLD, target)
    assert (result.status, result.changed) == ("written", tuple(sorted({*OLD.files, LEDGER})))
    assert module_of(target) == text(OLD)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*")}
    assert write(OLD, target).status == "unchanged"
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*")} == before


def test_a_module_replaces_the_one_before_and_leaves_the_rest(tmp_path: Path) -> None:
    target = prepared(tmp_path / "app")
    result = write(NEW, target)
    assert result.changed == (LEDGER, "a.tf", "b.tf", "env/dev.tfvars")
    assert result.removed == ("gone/x.tfvars",)
    assert module_of(target) == text(NEW)
    assert {name: contents(target)[name] for name in USER} == USER
    (target / "gone/mine.tfvars").unlink()
    write(OLD, target)
    write(NEW, target)
    assert not (target / "gone").exists()


def test_what_is_written_depends_on_the_module_alone(tmp_path: Path) -> None:
    write(OLD, tmp_path / "a")
    write(NEW, tmp_path / "a")
    write(Module("app", dict(reversed(list(NEW.files.items())))), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_files_have_the_usual_mode(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write(OLD, tmp_path / "app")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "app/a.tf").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "app/gone").stat().st_mode) == 0o750


@pytest.mark.parametrize("exists", [True, False])
def test_check_compares_and_touches_nothing(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "output" / "app"
    if exists:
        prepared(target)
        (target / "b.tf").write_text("by hand")
        target.chmod(0o555)
    before = {p: (p.stat().st_mtime_ns, p.stat().st_atime_ns > 0) for p in tmp_path.rglob("*")}
    result = write(NEW, target, check_only=True)
    assert {p: (p.stat().st_mtime_ns, p.stat().st_atime_ns > 0) for p in tmp_path.rglob("*")} == before
    assert result.status == "stale"
    if exists:
        target.chmod(0o755)
        assert result.removed == ("gone/x.tfvars",)
        assert "--- b.tf\n+++ b.tf\n@@ -1 +1 @@\n-by hand\n\\ No newline at end of file\n+new b\n" in result.diff
        assert "--- gone/x.tfvars\n+++ /dev/null\n@@ -1 +0,0 @@\n-old x\n" in result.diff
        assert "same.tf" not in result.diff.replace('"same.tf"', "")
    assert "--- /dev/null\n+++ env/dev.tfvars\n@@ -0,0 +1 @@\n+new dev\n" in result.diff
    write(NEW, target, force=True)
    assert write(NEW, target, check_only=True).status == "unchanged"


def test_hand_edits_and_foreign_files_are_never_lost_unasked(tmp_path: Path) -> None:
    target = prepared(tmp_path / "app")
    put(target, {"a.tf": b"edited", "gone/x.tfvars": b"edited", "env/dev.tfvars": b"mine"})
    before = contents(target)
    assert refused(NEW, target) == {
        "a.tf": "write-edited",
        "gone/x.tfvars": "write-edited",
        "env/dev.tfvars": "write-foreign",
    }
    assert contents(target) == before
    write(NEW, target, force=True)
    assert module_of(target) == text(NEW)
    assert {name: contents(target)[name] for name in USER} == USER


def test_a_file_that_is_already_right_is_adopted_and_a_missing_one_comes_back(tmp_path: Path) -> None:
    target = tmp_path / "app"
    put(target, {"a.tf": text(NEW)["a.tf"]})
    assert write(NEW, target).changed == (LEDGER, "b.tf", "env/dev.tfvars", "same.tf")
    (target / "a.tf").unlink()
    assert write(NEW, target).changed == ("a.tf",)
    (target / "a.tf").unlink()
    assert write(Module("app", {"b.tf": "new b\n"}), target).removed == ("env/dev.tfvars", "same.tf")


@pytest.mark.parametrize(
    "ledger", [b"", b"[]", b"\xff", b'{"format": 2, "files": {}}', b'{"format": 1, "files": {"../x": "0"}}']
)
def test_a_broken_ledger_is_refused(tmp_path: Path, ledger: bytes) -> None:
    target = prepared(tmp_path / "app")
    put(tmp_path, {"x": b"outside"})
    (target / LEDGER).write_bytes(ledger)
    assert refused(NEW, target) == {LEDGER: "write-ledger"}
    assert write(OLD, target, check_only=True).changed == (LEDGER,)
    write(NEW, target, force=True)
    assert text(NEW).items() <= contents(target).items()
    assert (tmp_path / "x").read_bytes() == b"outside"


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a//b", "./a", "a/..", "", "a/", "a\\b", "a\0b", "a\nb", LEDGER, f"{STAGING}/0"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "output" / "app"
    assert refused(Module("app", {"fine.tf": "", name: "x"}), target) == {".": "write-name"}
    assert not target.parent.exists()


def test_a_name_that_is_also_a_folder_is_refused(tmp_path: Path) -> None:
    assert refused(Module("app", {"a": "", "a/b": ""}), tmp_path / "app") == {".": "write-name"}


@pytest.mark.parametrize("name", ["a.tf", "env", "env/dev.tfvars", LEDGER, "same.tf"])
@pytest.mark.parametrize("force", [True, False])
def test_a_link_is_neither_followed_nor_replaced(tmp_path: Path, name: str, force: bool) -> None:
    target = prepared(tmp_path / "app")
    outside = tmp_path / "outside"
    put(outside, {"dev.tfvars": b"theirs", "file": b"theirs"})
    link = target / name
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(outside if name == "env" else outside / "file")
    before = contents(tmp_path)
    for check_only in (True, False):
        assert refused(NEW, target, force=force, check_only=check_only) == {name: "write-link"}
    assert contents(tmp_path) == before
    assert link.is_symlink()


@pytest.mark.parametrize("force", [True, False])
def test_a_linked_staging_folder_is_not_followed(tmp_path: Path, force: bool) -> None:
    target = prepared(tmp_path / "app")
    put(tmp_path / "outside", {"0": b"theirs", "journal.json": b"{}"})
    (target / STAGING).symlink_to(tmp_path / "outside")
    assert refused(NEW, target, force=force) == {STAGING: "write-link"}
    assert contents(tmp_path / "outside") == {"0": b"theirs", "journal.json": b"{}"}


def test_a_linked_target_is_refused_and_a_linked_output_is_the_users_choice(tmp_path: Path) -> None:
    real = prepared(tmp_path / "real" / "app")
    before = contents(real)
    (tmp_path / "link").symlink_to(real)
    assert refused(NEW, tmp_path / "link", force=True) == {".": "write-link"}
    assert contents(real) == before
    (tmp_path / "output").symlink_to(real.parent)
    assert write(NEW, tmp_path / "output" / "app").status == "written"


def test_what_is_no_plain_file_or_folder_is_refused(tmp_path: Path) -> None:
    target = prepared(tmp_path / "app")
    (target / "a.tf").unlink()
    os.mkfifo(target / "a.tf")
    (target / "b.tf").unlink()
    (target / "b.tf").mkdir()
    put(target, {"env": b"a file"})
    expected = {"a.tf": "write-not-a-file", "b.tf": "write-not-a-file", "env": "write-not-a-file"}
    assert refused(NEW, target, force=True) == expected
    assert refused(NEW, target / "extra.tf") == {".": "write-not-a-file"}
    assert refused(NEW, target / "extra.tf" / "below") == {"..": "write-not-a-file"}


def test_a_kill_at_any_step_loses_nothing(tmp_path: Path) -> None:
    number = 1
    while True:
        target = prepared(tmp_path / str(number))
        if not killed(NEW, target, number):
            break
        found = contents(target)
        assert {name: found[name] for name in USER} == USER
        for name in {*OLD.files, *NEW.files}:
            assert found.get(name) in (text(OLD).get(name), text(NEW).get(name)), (number, name)
        if f"{STAGING}/journal.json" not in found and LEDGER in found:
            module = {name: found[name] for name in found if name in {*OLD.files, *NEW.files}}
            assert module in (text(OLD), text(NEW)), number
        if write(NEW, target, check_only=True).status == "unchanged":
            assert {n: c for n, c in module_of(target).items() if not n.startswith(STAGING)} == text(NEW), number
        # The next run may have another module to write; it completes this one and goes on.
        following = (NEW, OTHER)[number % 2]
        write(following, target)
        assert module_of(target) == text(following), number
        assert {name: contents(target)[name] for name in USER} == USER
        assert write(following, target).status == "unchanged"
        number += 1
    assert number > 30


def test_a_kill_of_the_first_run_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    number = 1
    while killed(NEW, tmp_path / str(number) / "app", number):
        write(NEW, tmp_path / str(number) / "app")
        assert module_of(tmp_path / str(number) / "app") == text(NEW)
        number += 1
    assert number > 20


@generated(10, 40)
@given(kills=st.lists(st.tuples(st.sampled_from([NEW, OTHER, OLD]), st.integers(1, 60)), max_size=6))
def test_kills_may_follow_each_other(tmp_path_factory: pytest.TempPathFactory, kills: list[tuple[Module, int]]) -> None:
    target = prepared(tmp_path_factory.mktemp("kills") / "app")
    for module, number in kills:
        killed(module, target, number)
    write(NEW, target)
    assert module_of(target) == text(NEW)
    assert {name: contents(target)[name] for name in USER} == USER


def interrupted_then_killed(module: Module, target: Path, number: int) -> bool:
    """Write with Ctrl-C right after the journal got its name, and a kill so many steps later."""
    child = os.fork()
    if child == 0:
        rename = os.rename

        def interrupt(source: str, name: str, *, rename: Any = rename, number: int = number, **options: int) -> None:
            rename(source, name, **options)
            at_step(number, lambda: os.kill(os.getpid(), signal.SIGKILL), pytest.MonkeyPatch())
            raise KeyboardInterrupt

        os.rename = interrupt  # type: ignore[assignment]
        try:
            write(module, target)
        except KeyboardInterrupt:
            os._exit(0)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


def test_a_kill_while_an_interrupted_run_cleans_up_loses_nothing(tmp_path: Path) -> None:
    following = Module("app", {"a.tf": OLD.files["a.tf"]})
    number = 1
    cut_off = True
    while cut_off:
        target = prepared(tmp_path / str(number))
        cut_off = interrupted_then_killed(NEW, target, number)
        write(following, target)
        assert module_of(target) == text(following), number
        assert {name: contents(target)[name] for name in USER} == USER
        number += 1
    assert number > 6


def test_a_file_of_the_user_in_the_staging_folder_stays(tmp_path: Path) -> None:
    target = prepared(tmp_path / "app")
    put(target, {f"{STAGING}/notes": b"mine"})
    write(NEW, target)
    assert contents(target)[f"{STAGING}/notes"] == b"mine"


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a kill leaves it between the journal and the first file."""
    target = prepared(tmp_path_factory.mktemp("cut-off") / "app")
    number = 1
    while killed(NEW, target, number):
        if f"{STAGING}/journal.json" in contents(target) and (target / "a.tf").read_text() == "old a\n":
            return target
        number += 1
    pytest.fail("no kill left a journal")


def test_an_edit_after_a_kill_is_not_overwritten_unasked(tmp_path: Path, cut_off: Path) -> None:
    target = shutil.copytree(cut_off, tmp_path / "app", symlinks=True)
    put(target, {"b.tf": b"edited", "gone/x.tfvars": b"edited"})
    assert refused(NEW, target) == {"b.tf": "write-edited", "gone/x.tfvars": "write-edited"}
    assert contents(target)["b.tf"] == b"edited"
    write(NEW, target, force=True)
    assert module_of(target) == text(NEW)


@pytest.mark.parametrize(
    "change",
    [
        {"staged": {"a.tf": "../outside"}},
        {"staged": {"../outside": f"{STAGING}/0"}},
        {"remove": ["../outside"]},
        {"remove": ["terraform.tfstate"]},
        {"staged": None},
        {"format": 2},
    ],
)
def test_a_journal_that_leads_elsewhere_is_refused(tmp_path: Path, cut_off: Path, change: dict[str, object]) -> None:
    target = shutil.copytree(cut_off, tmp_path / "app", symlinks=True)
    put(tmp_path, {"outside": b"theirs"})
    path = target / STAGING / "journal.json"
    journal = json.loads(path.read_bytes())
    path.write_text(json.dumps({**journal, **change}))
    before = contents(tmp_path)
    assert refused(NEW, target, force=True) == {f"{STAGING}/journal.json": "write-journal"}
    assert contents(tmp_path) == before


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    target = prepared(tmp_path / "app")
    before = contents(target)
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            write(NEW, target)
        except Rejected as error:
            os._exit(10 if [f.rule for f in error.findings] == ["write-disk-full"] else 11)
        os._exit(12)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 10
    assert contents(target) == before
    assert sorted(p.name for p in target.iterdir() if p.is_dir()) == [".terraform", "gone"]


@pytest.mark.parametrize(
    ("code", "rule"),
    [(errno.ENOSPC, "write-disk-full"), (errno.EACCES, "write-permission"), (errno.EIO, "write-failed")],
)
def test_an_error_at_any_step_is_told_and_loses_nothing(tmp_path: Path, code: int, rule: str) -> None:
    reached: list[int] = []
    told: list[list[str]] = []

    def fail() -> None:
        reached.append(number)
        raise OSError(code, os.strerror(code))

    number = 1
    while True:
        target = prepared(tmp_path / str(number))
        before = contents(target)
        with pytest.MonkeyPatch.context() as patch:
            at_step(number, fail, patch)
            try:
                write(NEW, target)
            except Rejected as error:
                told.append([f.rule for f in error.findings])
        if number not in reached:
            break
        found = contents(target)
        if found != before and not any(name.startswith(STAGING) for name in found):
            assert {n: found[n] for n in found if n not in {*USER, LEDGER}} in (text(OLD), text(NEW))
        write(NEW, target)
        assert module_of(target) == text(NEW)
        assert {name: contents(target)[name] for name in USER} == USER
        number += 1
    assert len(told) > 30
    assert all(rules == [rule] for rules in told)


def test_an_error_of_the_first_run_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    assert refused(NEW, tmp_path / "app") == {".": "write-disk-full"}
    assert not (tmp_path / "app").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("folder", [".", "gone", "env"])
def test_a_folder_without_permission_is_told_before_anything_changes(tmp_path: Path, folder: str) -> None:
    target = prepared(tmp_path / "app")
    before = contents(target)
    (target / "env").mkdir()
    (target / folder).chmod(0o555)
    try:
        assert refused(NEW, target) == {".": "write-permission"}
    finally:
        (target / folder).chmod(0o755)
    assert contents(target) == before


def test_everything_is_on_the_disk_before_what_depends_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = prepared(tmp_path / "app")
    events: list[tuple[str, object]] = []

    def record(name: str, what: Callable[..., object]) -> None:
        real: Callable[..., object] = getattr(os, name)

        def call(*args: object, **kwargs: object) -> object:
            events.append((name, what(*args)))
            return real(*args, **kwargs)

        monkeypatch.setattr(os, name, call)

    record("fsync", lambda descriptor: os.fstat(descriptor).st_ino)
    record("rename", lambda _, new: new)
    record("unlink", lambda name: name)
    write(NEW, target)
    inode = {name: (target / name).stat().st_ino for name in (*NEW.files, LEDGER, ".", "env")}
    commit = events.index(("rename", "journal.json"))
    for name in ("a.tf", "b.tf", "env/dev.tfvars", LEDGER, "."):
        assert ("fsync", inode[name]) in events[:commit], name
    last = max(i for i, (kind, _) in enumerate(events) if kind == "rename")
    assert events[last] == ("rename", LEDGER)
    end = events.index(("unlink", "journal.json"))
    for name in (".", "env"):
        assert ("fsync", inode[name]) in events[last:end], name


def test_a_folder_that_was_removed_while_it_was_waited_for_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "app"
    flock = fcntl.flock

    def removed_meanwhile(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        target.rmdir()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removed_meanwhile)
    write(NEW, target)
    assert module_of(target) == text(NEW)


def test_writers_take_turns_and_readers_see_one_module(tmp_path: Path) -> None:
    target = prepared(tmp_path / "app")
    write(OTHER, target)
    modules = (NEW, OTHER)
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            try:
                for turn in range(40):
                    if number < 2:
                        write(modules[(number + turn) % 2], target)
                    else:
                        # What is there now may be either, but never a mixture of both.
                        diff = write(Module("app", {}), target, check_only=True).removed
                        assert diff in (tuple(sorted(NEW.files)), tuple(sorted(OTHER.files))), diff
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]
    assert module_of(target) in (text(NEW), text(OTHER))
    assert {name: contents(target)[name] for name in USER} == USER


def test_folders_made_in_vain_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "mine").mkdir()
    monkeypatch.setattr(os, "write", full)
    assert refused(NEW, tmp_path / "mine" / "new" / "output" / "app") == {".": "write-disk-full"}
    assert list((tmp_path / "mine").iterdir()) == []
