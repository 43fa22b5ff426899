"""What did not change is not built again, and whatever did change is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rolewright.batch import cache
from rolewright.blueprint import builtin_root
from rolewright.cli import main
from rolewright.core.cache_folder import cache_folder
from rolewright.pipeline import Pipeline
from rolewright.prove.proof import Proof

MANIFEST: dict[str, Any] = {
    "version": 1,
    "workload": "scanner",
    "compute": {"type": "lambda", "runtime": "python3.12", "handler": "a.b", "package": "a.zip"},
    "resources": {"table": {"type": "dynamodb-table", "name": "first", "access": "get"}},
    "environments": {
        "dev": {"account": "111111111111", "region": "us-east-1"},
        "prod": {"account": "222222222222", "region": "us-east-1"},
    },
}
STAR = {
    "statements": [{"actions": ["s3:ListBucket"], "resources": ["*"], "reason": "an inventory of all buckets"}],
    "suppress": [{"rule": "wildcard-resource", "at": "statements.0", "reason": "looked at", "until": "2999-12-31"}],
}
MODULE = Path("output/scanner")


class Runner:
    """Runs commands in this process; `built` are the manifests that a run did build."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        self.built: list[str] = []

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        self.built.clear()
        self.monkeypatch.setattr(sys, "argv", ["rolewright", *arguments])
        try:
            main()
            code: Any = 0
        except SystemExit as end:
            code = end.code or 0
        said = self.capsys.readouterr()
        return code, said.out, said.err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Runner:
    """A runner in an empty folder with an empty cache; the proof is left out, which takes longest."""
    runner = Runner(monkeypatch, capsys)
    work, original = tmp_path / "work", Pipeline.run

    def counted(self: Pipeline, path: Path) -> Any:
        runner.built.append(str(path))
        return original(self, path)

    def proven(self: Pipeline, parsed: Any, declaration: Any, workload: Any) -> Iterator[Proof]:
        for environment in workload.environments:
            yield Proof(environment.name, 1, len(declaration.grants), 0, 3, (), ())

    monkeypatch.setattr(Pipeline, "run", counted)
    monkeypatch.setattr(Pipeline, "_prove", proven)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    work.mkdir()
    monkeypatch.chdir(work)
    write("m.yaml")
    return runner


def write(name: str, **changes: Any) -> None:
    Path(name).write_text(json.dumps(MANIFEST | changes, indent=1))


def rewrite(path: Path, old: str, new: str) -> None:
    """Change a file, keep its size, and set its time back."""
    before = path.stat()
    text = path.read_text()
    assert text.count(old) == 1
    assert len(old) == len(new)
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns


@pytest.fixture
def sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old however new they are: what is noticed is noticed by their times alone."""
    monkeypatch.setattr(cache, "_GRACE", -(10**15))


@pytest.mark.parametrize("command", [["render", "m.yaml"], ["validate", "m.yaml"], ["render", "./m.yaml", "-o", "out"]])
def test_the_second_run_says_the_same_and_builds_nothing(run: Runner, command: list[str]) -> None:
    run(*command)
    assert run.built
    Path(cache_folder()).rename("away")  # what a run says that finds all as it is, and knows nothing
    uncached = run(*command)
    assert run.built
    assert run(*command) == uncached
    assert not run.built
    assert uncached[0] == 0
    assert not uncached[2]


def test_checking_is_answered_too(run: Runner) -> None:
    run("render", "m.yaml")
    assert run("render", "--check", "m.yaml") == (0, run("render", "m.yaml")[1], "")
    assert not run.built


def test_other_forms_of_a_command_say_the_same(run: Runner) -> None:
    run("render", "m.yaml")
    said = run("render", "m.yaml")
    assert run("render", "m.yaml", "--output=output") == said
    assert not run.built
    code, out, _ = run("render", "m.yaml", "--format", "json")
    assert code == 0
    assert json.loads(out)["findings"] == []
    assert not run.built


def test_wrong_use_stays_wrong_use(run: Runner) -> None:
    run("validate", "m.yaml")
    for wrong in (["--jobs", "0"], ["--check"], ["-o", "output"], ["--env"], ["--nothing"]):
        assert run("validate", "m.yaml", *wrong)[0] == 2


def edit() -> None:
    rewrite(MODULE / "roles.tf", "dynamodb:GetItem", "dynamodb:PutItem")


def put_a_link() -> None:
    Path("elsewhere.tf").write_bytes((MODULE / "roles.tf").read_bytes())
    (MODULE / "roles.tf").unlink()
    (MODULE / "roles.tf").symlink_to(Path.cwd() / "elsewhere.tf")


def put_a_link_to_the_folder() -> None:
    MODULE.rename("elsewhere")
    MODULE.symlink_to(Path.cwd() / "elsewhere")


def put_a_link_to_a_subfolder() -> None:
    (MODULE / "environments").rename("elsewhere")
    (MODULE / "environments").symlink_to(Path.cwd() / "elsewhere")


def put_a_link_to_the_output() -> None:
    Path("output").rename("elsewhere")
    Path("output").symlink_to("elsewhere")


def edit_the_ledger() -> None:
    rewrite(MODULE / ".rolewright.json", '"format": 1', '"format": 2')


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (edit, "write-edited"),
        (put_a_link, "write-link"),
        (put_a_link_to_the_folder, "write-link"),
        (put_a_link_to_a_subfolder, "write-link"),
        (put_a_link_to_the_output, "write-link"),
        (edit_the_ledger, "write-ledger"),
    ],
)
@pytest.mark.usefixtures("sure")
def test_no_change_by_hand_is_passed_over(run: Runner, change: Callable[[], None], rule: str) -> None:
    run("render", "m.yaml")
    change()
    code, out, err = run("render", "m.yaml")
    assert code == 1
    assert rule in err
    assert not out


@pytest.mark.usefixtures("sure")
def test_a_hand_edit_is_not_passed_over_by_a_check(run: Runner) -> None:
    run("render", "m.yaml")
    edit()
    code, out, _ = run("render", "--check", "m.yaml")
    assert code == 3
    assert '-    actions   = ["dynamodb:PutItem"]' in out


@pytest.mark.usefixtures("sure")
def test_a_file_that_is_gone_is_written_again(run: Runner) -> None:
    run("render", "m.yaml")
    (MODULE / "environments" / "dev.tfvars").unlink()
    assert "written (1 file)" in run("render", "m.yaml")[1]
    assert (MODULE / "environments" / "dev.tfvars").exists()


@pytest.mark.usefixtures("sure")
def test_what_a_killed_run_left_is_cleared_away(run: Runner) -> None:
    run("render", "m.yaml")
    (MODULE / ".rolewright.new").mkdir()
    run("render", "m.yaml")
    assert not (MODULE / ".rolewright.new").exists()


def test_what_terraform_keeps_in_the_folder_is_looked_at_once(run: Runner) -> None:
    run("render", "m.yaml")
    (MODULE / ".terraform").mkdir()
    run("render", "m.yaml")
    run("render", "m.yaml")
    assert not run.built


def test_a_terraform_file_of_somebody_else_is_named_every_time(run: Runner) -> None:
    run("render", "m.yaml")
    (MODULE / "own.tf").write_text("# own\n")
    for _ in range(2):
        code, out, _ = run("render", "m.yaml")
        assert code == 0
        assert "unchanged; not proven: own.tf, which rolewright did not write" in out


@pytest.mark.parametrize(
    "name",
    [
        "roles_override.tf",
        "override.tf",
        "override.tf.json",
        "x_override.tofu",
        "roles.tofu",
        "roles.tofu.json",
        "terraform.tfvars",
        "terraform.tfvars.json",
        "x.auto.tfvars",
        ".auto.tfvars.json",
    ],
)
def test_a_file_that_overrides_the_module_is_refused(run: Runner, name: str) -> None:
    run("render", "m.yaml")
    (MODULE / name).write_text("# own\n")
    for more in ([], ["--check"], ["--force"]):
        code, _, err = run("render", "m.yaml", *more)
        assert code == 1
        assert "write-override" in err
        assert name in err
    assert (MODULE / name).exists()


@pytest.mark.parametrize("name", ["own.tf.json", "own.tofu"])
def test_what_terraform_or_opentofu_reads_besides_is_named(run: Runner, name: str) -> None:
    run("render", "m.yaml")
    (MODULE / name).write_text("{}\n")
    code, out, _ = run("render", "m.yaml", "--check")
    assert code == 0
    assert f"unchanged; not proven: {name}, which rolewright did not write" in out


@pytest.mark.usefixtures("sure")
def test_a_changed_manifest_is_built(run: Runner) -> None:
    run("render", "m.yaml")
    rewrite(Path("m.yaml"), '"first"', '"other"')
    assert "written" in run("render", "m.yaml")[1]
    assert "table/other" in (MODULE / "roles.tf").read_text()


@pytest.mark.usefixtures("sure")
def test_a_changed_or_added_blueprint_is_used(run: Runner) -> None:
    own = Path("own/resources/note/blueprint.yaml")
    own.parent.mkdir(parents=True)
    own.write_text(
        "summary: notes\nservice: dynamodb\n"
        "fields: {name: {type: string, pattern: '^[a-z]+$', description: name, examples: [a]}}\nrequired: [name]\n"
        "arns: {table: 'arn:${partition}:dynamodb:${region}:${account}:table/${name}'}\n"
        "attributes: {name: '${name}'}\n"
        "access:\n  look: {class: read, summary: look, allow: {table: [dynamodb:GetItem]}}\n"
    )
    write("m.yaml", resources={"note": {"type": "note", "name": "first", "access": "look"}})
    command = ["render", "m.yaml", "--blueprints", "own"]
    assert run(*command)[0] == 0
    run(*command)
    assert not run.built
    rewrite(own, "dynamodb:GetItem", "dynamodb:GetData")
    code, _, err = run(*command)
    assert code == 1
    assert "dynamodb:GetData" in err
    rewrite(own, "dynamodb:GetData", "dynamodb:GetItem")
    run(*command)
    run(*command)
    assert not run.built
    template = Path("own/module/roles.tf.j2")
    template.parent.mkdir()
    template.write_text("# own\n")
    assert run(*command)[0] == 1
    assert run.built


@pytest.mark.usefixtures("sure")
def test_other_options_are_another_run(run: Runner) -> None:
    write("m.yaml", environments={**MANIFEST["environments"], "dev": {"account": "1", "region": "us-east-1"}})
    for command in (["render", "--env", "prod"], ["render"], ["render", "--env", "prod", "--env", "dev"]):
        run(*command, "m.yaml")
        assert run.built == ["m.yaml"]
    write("m.yaml")
    run("render", "m.yaml")
    for options in (["--env", "dev"], ["--env", "prod"], ["-o", "other"], ["--blueprints", str(builtin_root())]):
        run("render", "m.yaml", *options)
        assert run.built == ["m.yaml"]
    run("validate", "m.yaml")
    assert run.built == ["m.yaml"]


@pytest.mark.usefixtures("sure")
def test_the_same_name_in_another_folder_is_another_manifest(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    run("validate", "m.yaml")
    Path("inner").mkdir()
    Path("m.yaml").rename("inner/m.yaml")
    monkeypatch.chdir("inner")
    run("validate", "m.yaml")
    assert run.built == ["m.yaml"]


@pytest.mark.usefixtures("sure")
def test_another_rolewright_builds_again(run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path / "package"
    for name in ("batch/cache.py", "data/facts.json", "blueprints/compute/vm/vm.tf.j2", "__pycache__/cache.pyc"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text("old")
    monkeypatch.setattr(cache, "__file__", str(package / "batch" / "cache.py"))
    run("validate", "m.yaml")
    for name in ("batch/cache.py", "data/facts.json", "blueprints/compute/vm/vm.tf.j2"):
        rewrite(package / name, "old", "new")
        run("validate", "m.yaml")
        assert run.built
        run("validate", "m.yaml")
        assert not run.built
    (package / "__pycache__/cache.pyc").write_text("compiled anew")
    run("validate", "m.yaml")
    assert not run.built
    (package / "more.py").touch()
    run("validate", "m.yaml")
    assert run.built


@pytest.mark.usefixtures("sure")
def test_other_libraries_or_another_python_build_again(
    run: Runner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.syspath_prepend(packages)
    run("validate", "m.yaml")
    run("validate", "m.yaml")
    assert not run.built
    (packages / "jinja2-4.dist-info").mkdir()
    run("validate", "m.yaml")
    assert run.built
    monkeypatch.setattr(sys, "version", "3.99")
    run("validate", "m.yaml")
    assert run.built


@pytest.mark.usefixtures("sure")
def test_what_is_accepted_until_a_day_is_found_after_it(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    write("m.yaml", **STAR)
    run("validate", "m.yaml")
    for day, builds in (("2999-12-31", False), ("3000-01-01", True)):
        monkeypatch.setattr(time, "strftime", lambda *_, day=day: day)
        run("validate", "m.yaml")
        assert bool(run.built) is builds


def test_what_was_found_is_found_again(run: Runner) -> None:
    write("m.yaml", suppress=STAR["suppress"], statements=[])
    found = run("validate", "m.yaml")
    assert found[0] == 0
    assert "suppression-unused" in found[2]
    assert run("validate", "m.yaml") == found
    assert run.built


def test_of_several_manifests_only_the_changed_are_built(run: Runner) -> None:
    names = ["a", "b", "c"]
    for name in names:
        write(f"{name}.yaml", workload=f"app-{name}")
    command = ["render", *(f"{name}.yaml" for name in names)]
    run(*command)
    write("b.yaml", workload="app-b", resources={})
    code, out, _ = run(*command)
    assert code == 0
    assert run.built == ["b.yaml"]
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["output/app-a:", "unchanged;"],
        ["output/app-b:", "written"],
        ["output/app-c:", "unchanged;"],
    ]
    run(*command)
    assert not run.built


def test_nothing_is_written_while_one_of_several_has_an_error(run: Runner) -> None:
    write("a.yaml", workload="app-a")
    run("render", "m.yaml", "a.yaml")
    write("m.yaml", resources={})
    write("a.yaml", workload="app-a", colour="red")
    before = (MODULE / "roles.tf").read_bytes()
    code, out, err = run("render", "m.yaml", "a.yaml")
    assert code == 1
    assert not out
    assert "unknown key" in err
    assert (MODULE / "roles.tf").read_bytes() == before


def test_one_name_for_two_workloads_is_found_though_both_are_known(run: Runner) -> None:
    Path("inner").mkdir()
    write("inner/m.yaml")
    for manifest in ("m.yaml", "inner/m.yaml"):
        run("render", manifest)
    for manifest in ("m.yaml", "inner/m.yaml"):
        assert run("render", manifest)[0] == 0
        assert not run.built
    code, _, err = run("render", "m.yaml", "inner/m.yaml")
    assert code == 1
    assert "manifest-duplicate-workload" in err
    assert "inner/m.yaml:3:2" in err


def test_force_looks_at_everything(run: Runner) -> None:
    run("render", "m.yaml")
    run("render", "m.yaml", "--force")
    assert run.built


def entries() -> list[Path]:
    return sorted(Path(cache_folder()).glob("*.json"))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: b"",
        lambda text: text[:-20],
        lambda text: text.replace(b"1 role", b"9 role"),
        lambda text: b"\xff" * 64 + text[64:],
        lambda text: b"{}",
    ],
)
def test_a_spoilt_entry_is_ignored(run: Runner, spoil: Callable[[bytes], bytes]) -> None:
    run("validate", "m.yaml")
    said = run("validate", "m.yaml")
    (entry,) = entries()
    text = entry.read_bytes()
    assert spoil(text) != text
    entry.write_bytes(spoil(text))
    assert run("validate", "m.yaml") == said
    assert run.built
    assert entry.read_bytes() == text


def a_file() -> None:
    Path(os.environ["XDG_CACHE_HOME"]).write_text("no folder")


def read_only() -> None:
    Path(os.environ["XDG_CACHE_HOME"], "rolewright").mkdir(parents=True)
    Path(os.environ["XDG_CACHE_HOME"], "rolewright").chmod(0o500)


def open_to_all() -> None:
    Path(os.environ["XDG_CACHE_HOME"], "rolewright").mkdir(parents=True)
    Path(os.environ["XDG_CACHE_HOME"], "rolewright").chmod(0o777)


@pytest.mark.parametrize("place", [a_file, open_to_all])
def test_without_a_folder_of_ones_own_there_is_no_cache(run: Runner, place: Callable[[], None]) -> None:
    place()
    for _ in range(2):
        code, out, err = run("validate", "m.yaml")
        assert (code, err) == (0, "")
        assert out.startswith("m.yaml: scanner is valid; ")
        assert run.built


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_does_not_matter(run: Runner) -> None:
    read_only()
    assert run("validate", "m.yaml")[0] == 0


def test_a_change_in_the_same_tick_of_the_clock_is_seen_in_the_content(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system whose clock stands still: the stamps stay as they are."""

    def blind(files: Any) -> Any:
        return look(list(files))._replace(stamps="the same")

    look = cache._look
    monkeypatch.setattr(cache, "_look", blind)
    run("render", "m.yaml")
    run("render", "m.yaml")
    assert not run.built
    edit()
    assert run("render", "m.yaml")[0] == 1
    run("render", "m.yaml", "--force")
    rewrite(Path("m.yaml"), '"first"', '"other"')
    assert "written" in run("render", "m.yaml")[1]


def test_content_is_not_read_once_files_are_older_than_the_look_at_them(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("render", "m.yaml")
    now, read = time.time_ns, cache._content
    reads: list[int] = []

    def counted(paths: Any) -> str:
        reads.append(1)
        return read(paths)

    monkeypatch.setattr(cache, "_content", counted)
    run("render", "m.yaml")
    assert reads
    monkeypatch.setattr(time, "time_ns", lambda: now() + 10**10)
    run("render", "m.yaml")
    reads.clear()
    run("render", "m.yaml")
    assert not run.built
    assert not reads


def test_a_change_while_a_run_is_under_way_is_not_remembered(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    remember = cache.Cache.remember

    def late(self: cache.Cache, *arguments: Any) -> None:
        edit()
        remember(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(cache.Cache, "remember", late)
        run("render", "m.yaml")
    assert run("render", "m.yaml")[0] == 1


def test_the_answer_needs_no_library(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(json.dumps(MANIFEST))
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    program = (
        "import sys; sys.argv[1:] = ['validate', 'm.yaml']; from rolewright.cli import main; main(); "
        "print('modules', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd=tmp_path, check=True, capture_output=True, text=True
        )
        for _ in range(2)
    ]
    assert runs[1].stdout.startswith("m.yaml: scanner is valid; ")
    loaded = set(runs[1].stdout.partition("modules ")[2].split())
    assert not loaded & {"typer", "rich", "jinja2", "yaml", "jsonschema_rs", "hcl2", "moto", "boto3", "dataclasses"}
