"""What fuzzing found, as kinds: names that no file can have or nobody can read, and places to write nothing to."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fuzz_manifests import ROOT, SMALL, parsed
from rolewright.cli import main
from rolewright.core.printable import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cases import Cases

KEY = "AKIA" + "Q3EGRIT5" * 2
PLACES = {
    "render": ("render", "m.yaml", "-o", "PLACE"),
    "render, changed": ("render", "m.yaml", "--changed-since", "HEAD", "-o", "PLACE"),
    "validate": ("validate", "PLACE"),
    "validate, with blueprints": ("validate", "m.yaml", "--blueprints", "PLACE"),
    "validate, changed": ("validate", "PLACE", "--changed-since", "HEAD"),
    "schema": ("schema", "--blueprints", "PLACE"),
    "merge": ("merge", "PLACE"),
    "plan": ("plan", "m.yaml", "--terraform", "PLACE"),
    "deployer": ("deployer", "m.yaml", "-o", "PLACE"),
    "adopt": ("adopt", "m.yaml", "-o", "PLACE"),
    "adopt, the call": ("adopt", "m.yaml", "--module", "PLACE"),
    "retarget": ("retarget", "m.yaml", "--to", "fargate", "-o", "PLACE"),
    "diff": ("diff", "m.yaml", "PLACE"),
    "diff with a revision": ("diff", "PLACE", "--base", "HEAD"),
    "audit": ("audit", "PLACE"),
    "audit of the history": ("audit", "PLACE", "--git-history"),
    "audit of an image": ("audit", "--image", "PLACE"),
    "baseline": ("audit", "m.yaml", "--baseline", "PLACE", "--accept", "x", "--until", "2999-01-01"),
    "draft": ("audit", "a.py", "--draft", "PLACE"),
    "checklist": ("audit", "m.yaml", "--checklist", "PLACE"),
    "usage": ("usage", "PLACE", "-m", "m.yaml"),
    "last accessed": ("usage", "m.yaml", "-m", "m.yaml", "--last-accessed", "r=PLACE"),
    "report": ("report", "m.yaml", "-o", "PLACE"),
    "express": ("express", "PLACE"),
    "policies": ("policies", "m.yaml", "-o", "PLACE"),
    "why": ("why", "m.yaml", "s3:PutObject", "arn:aws:s3:::app-data/k", "--patch", "PLACE"),
    "why-not": ("why-not", "PLACE", "s3:GetObject", "*"),
    "blueprint test": ("blueprint", "test", "PLACE"),
    "blueprint new": ("blueprint", "new", "x", "--service", "sqs", "-o", "PLACE"),
    "blueprint list": ("blueprint", "list", "--blueprints", "PLACE"),
    "blueprint show": ("blueprint", "show", "PLACE"),
    "blueprint docs": ("blueprint", "docs", "-o", "PLACE"),
    "blueprints": ("blueprints", "--blueprints", "PLACE"),
    "explain": ("explain", "credentials", "PLACE"),
    "migrate init": ("migrate", "init", "a.py", "--deadline", "2999-01-01", "--file", "PLACE"),
    "migrate init in a folder": ("migrate", "init", "a.py", "--deadline", "2999-01-01", "--file", "PLACE/x"),
    "migrate check": ("migrate", "check", "--file", "PLACE"),
    "another command": ("PLACE",),
    "another option": ("validate", "m.yaml", "--PLACE"),
    "another format": ("audit", "m.yaml", "--format", "PLACE"),
}
"""Every command with a path, and what stands in the place of it."""
WHOLE = {"blueprint docs", "blueprint list", "blueprints", "schema"}
"""Those that look at every type each time: `make test` gives them one path of each kind."""
NO_PATHS = ("x" * 300, "x/" * 3_000, "m.yaml/x", "circle")
NAMES = ("\u202eabc", "a\nFORGED", "\udcff", "a\x1b[31mb", "a\rFORGED")


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all commands, as a user has it: what is built over and over is the same manifest."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def run(
    tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run a command in this process; what it says, which is no traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    (tmp_path / "m.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "a.py").write_text(
        f"import boto3\nboto3.client('s3').list_buckets()\nkey = '{KEY}'\n", encoding="utf-8"
    )
    (tmp_path / "circle").symlink_to("circle")

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["rolewright", *arguments])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        assert code in range(6), said.err[-2000:]
        return said.out + said.err

    return run


def some(cases: Cases, paths: Sequence[str], command: str) -> list[str]:
    return cases.of(paths, 0.01 if command in WHOLE else 1)


@pytest.mark.parametrize("command", PLACES)
def test_a_path_that_there_cannot_be_is_no_traceback(run: Callable[..., str], command: str, cases: Cases) -> None:
    for path in some(cases, NO_PATHS, command):
        run(*(argument.replace("PLACE", path) for argument in PLACES[command]))


@pytest.mark.parametrize("command", PLACES)
def test_a_place_that_is_the_command_s_own_input_is_no_traceback(
    run: Callable[..., str], tmp_path: Path, command: str, cases: Cases
) -> None:
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "x")
    for path in some(cases, ("m.yaml", "a.py", ".", ".git"), command):
        run(*(argument.replace("PLACE", path) for argument in PLACES[command]))


@pytest.mark.parametrize("command", PLACES)
def test_a_name_makes_no_line_and_hides_nothing(
    run: Callable[..., str], tmp_path: Path, command: str, cases: Cases
) -> None:
    for name in some(cases, NAMES, command):
        said = run(*(argument.replace("PLACE", name) for argument in PLACES[command]))
        assert HIDDEN.search(said) is None, (name, said)
        assert "\nFORGED" not in said, (name, said)


WITH_A_MANIFEST = (
    ("validate", "NAME"),
    ("render", "NAME"),
    ("diff", "NAME", "m.yaml"),
    ("diff", "NAME", "m.yaml", "--format", "markdown"),
    ("why", "NAME", "s3:PutObject", "arn:aws:s3:::app-data/k"),
    ("why-not", "NAME", "s3:DeleteObject", "*"),
    ("policies", "NAME"),
    ("deployer", "NAME"),
    ("adopt", "NAME"),
    ("report", "NAME"),
    ("retarget", "NAME", "--to", "fargate"),
    ("explain", "credentials", "NAME"),
    ("audit", "NAME"),
    ("express", "p.json", "-m", "NAME"),
)


@pytest.mark.parametrize("command", WITH_A_MANIFEST, ids=" ".join)
def test_a_manifest_s_name_makes_no_line(run: Callable[..., str], tmp_path: Path, command: tuple[str, ...]) -> None:
    """One that is there, and read: what is said of it has its name, too."""
    (tmp_path / "p.json").write_text('{"Statement": []}', encoding="utf-8")
    for name in NAMES:
        (tmp_path / f"{name}.yaml").write_text(SMALL.replace("access: get", "access: [get, put]"), encoding="utf-8")
        said = run(*(argument.replace("NAME", f"{name}.yaml") for argument in command))
        assert HIDDEN.search(said) is None, (name, said)
        assert "\nFORGED" not in said, (name, said)


@pytest.mark.parametrize(
    "command", ["blueprint new", "blueprint docs", "checklist", "draft", "retarget", "migrate init in a folder"]
)
def test_nothing_is_written_through_a_link(run: Callable[..., str], tmp_path: Path, command: str) -> None:
    (tmp_path / "other").mkdir()
    place = Path("own/resources/x") if command == "blueprint new" else Path("link")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(tmp_path / "other")
    assert "link" in run(
        *(argument.replace("PLACE", "own" if command == "blueprint new" else "link") for argument in PLACES[command])
    )
    assert list((tmp_path / "other").iterdir()) == []


def test_what_was_edited_by_hand_is_shown_in_full(run: Callable[..., str], tmp_path: Path) -> None:
    run("render", "m.yaml")
    lock = tmp_path / "output" / "app" / "access.lock"
    lock.write_text(lock.read_text(encoding="utf-8") + "\u202e\x1b[2J\n", encoding="utf-8")
    assert "\\u202e\\x1b[2J" in run("render", "m.yaml", "--check")


def test_a_file_of_an_annotation_is_shown_in_full(run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "\u202e.py").write_text(f"key = '{KEY}'\n", encoding="utf-8")
    assert "file=\\u202e.py" in run("audit", ".", "--format", "github")


MARKS: tuple[dict[str, Any], ...] = (
    {"x-resource": {"role": "schedule", "verbs": {"sqs-queue": [{"type": "integer"}]}}},
    {"x-resource": {"role": "schedule", "verbs": {"sqs-queue": ["nonsense"]}}},
    {"x-resource": {"role": "schedule", "verbs": {"nonsense": ["send"]}}},
    {"x-resource": {"role": ["schedule"], "verbs": {}}},
    {"x-resource": "schedule"},
    {"x-resource": {}},
    {"x-calls": {}},
    {"x-calls": {"role": "schedule", "key": "k", "pattern": "(", "arguments": ["a"], "of": {}}},
    {"x-calls": {"role": "schedule", "key": "k", "pattern": "a", "arguments": ["a"], "of": {}}},
    {"x-calls": {"role": "schedule", "key": "k", "pattern": "(a)", "arguments": ["a"], "of": {"": []}}},
    {"x-unique": 1},
    {"x-only-for": ["target"]},
    {"x-only-for": {"target": "sqs-queue"}},
    {"x-fixed": "("},
    {"x-fixed": 1},
    {"type": "object", "additionalProperties": {"x-resource": 1}},
    {"type": "array", "items": {"x-resource": {"verbs": {"sqs-queue": [1]}}}},
)
SCHEDULE = """\
version: 1
workload: app
compute: {type: scheduled-task, target: jobs, expression: rate(5 minutes)}
resources:
  jobs: {type: sqs-queue, name: jobs, access: send}
"""


@pytest.mark.parametrize("mark", MARKS, ids=json.dumps)
def test_a_mark_of_a_field_that_is_none_is_a_finding(run: Callable[..., str], tmp_path: Path, mark: Any) -> None:
    blueprint = parsed((ROOT / "blueprints/compute/scheduled-task/blueprint.yaml").read_text(encoding="utf-8"))
    target = {"description": "x", **mark}
    own = tmp_path / "own" / "compute" / "scheduled-task"
    own.mkdir(parents=True)
    changed = {**blueprint, "fields": {**blueprint["fields"], "target": target}}
    (own / "blueprint.yaml").write_text(json.dumps(changed), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SCHEDULE, encoding="utf-8")
    for command in (
        "validate s.yaml",
        "why-not s.yaml sqs:SendMessage *",
        "explain credentials s.yaml",
        "diff s.yaml s.yaml",
    ):
        run(*command.split(), "--blueprints", "own")
    assert "error" in run("validate", "s.yaml", "--blueprints", "own")


@pytest.mark.parametrize(
    "command",
    ["validate m.yaml", "why-not m.yaml s3:GetObject *", "usage t.json -m m.yaml", "diff m.yaml output",
     "migrate advance KEY --file k.yaml -m m.yaml"],
)  # fmt: skip
def test_a_template_that_makes_no_hcl_is_a_finding(run: Callable[..., str], tmp_path: Path, command: str) -> None:
    run("render", "m.yaml")
    run("migrate", "init", "a.py", "--deadline", "2999-01-01", "--file", "k.yaml")
    (tmp_path / "t.json").write_text('{"Records": []}', encoding="utf-8")
    shutil.copytree(ROOT / "blueprints/compute/lambda", tmp_path / "own/compute/lambda")
    template = tmp_path / "own/compute/lambda/lambda.tf.j2"
    template.write_text('resource "x\n' + template.read_text(encoding="utf-8"), encoding="utf-8")
    assert "valid HCL" in run(*command.replace("KEY", KEY).split(), "--blueprints", "own")


def test_a_template_that_is_not_there_is_a_finding(run: Callable[..., str], tmp_path: Path) -> None:
    shutil.copytree(ROOT / "blueprints/compute/lambda", tmp_path / "own/compute/lambda")
    (tmp_path / "own/compute/lambda/lambda.tf.j2").unlink()
    assert "lambda/lambda.tf.j2" in run("validate", "m.yaml", "--blueprints", "own")


def git(folder: Path, *arguments: str) -> None:
    own = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main")
    subprocess.run(("git", *own, "-C", str(folder), *arguments), check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose first commit has a key that the second one takes out."""
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init")
    for text in (KEY, "none"):
        (folder / "a.txt").write_text(f"one\n{text}\n", encoding="utf-8")
        git(folder, "add", ".")
        git(folder, "commit", "-m", "x")
    return folder


def test_nothing_is_fetched_and_no_setting_of_a_repository_is_run(
    run: Callable[..., str], tmp_path: Path, repository: Path
) -> None:
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--no-checkout", "--filter=blob:none", repository.as_uri(), "part")
    git(tmp_path / "part", "config", "remote.origin.uploadpack", f"touch {tmp_path}/ran; git-upload-pack")
    assert "git-history" in run("audit", "part", "--git-history")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("hidden", ["replace", "log.showRoot", "diff.interHunkContext", "diff.noPrefix"])
def test_no_setting_and_no_replacement_hides_a_key(run: Callable[..., str], repository: Path, hidden: str) -> None:
    if hidden == "replace":
        git(repository, "replace", "--graft", "HEAD")
    else:
        git(repository, "config", hidden, {"log.showRoot": "false", "diff.interHunkContext": "9"}.get(hidden, "true"))
    assert f"{KEY}" in run("audit", str(repository), "--git-history")
    assert f"{repository}/a.txt:2:1" in run("audit", str(repository), "--git-history")


def test_a_key_that_a_merge_alone_added_is_found(run: Callable[..., str], repository: Path) -> None:
    for branch, name in (("side", "b.txt"), ("main", "c.txt")):
        git(repository, *(("checkout", "-b", branch) if branch == "side" else ("checkout", branch)))
        (repository / name).write_text("x\n", encoding="utf-8")
        git(repository, "add", ".")
        git(repository, "commit", "-m", name)
    git(repository, "merge", "--no-commit", "side")
    (repository / "merged.txt").write_text(f"{KEY[:-1]}7\n", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-m", "merge")
    git(repository, "rm", "merged.txt")
    git(repository, "commit", "-m", "gone")
    assert f"{KEY[:-1]}7" in run("audit", str(repository), "--git-history")


def test_a_submodule_is_not_asked(run: Callable[..., str], tmp_path: Path, repository: Path) -> None:
    git(repository, "clone", str(repository), "inner")
    git(repository, "add", "inner")
    git(repository, "commit", "-m", "x")
    (repository / "inner" / "a.txt").write_text(f"{KEY}\n", encoding="utf-8")
    git(repository / "inner", "commit", "-am", "x")
    git(repository, "add", "inner")
    git(repository, "commit", "-m", "y")
    git(repository, "config", "diff.submodule", "diff")
    git(repository / "inner", "config", "diff.external", f"touch {tmp_path}/ran; true")
    run("audit", str(repository), "--git-history")
    assert not (tmp_path / "ran").exists()
