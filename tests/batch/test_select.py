"""`--changed-since` and `--shard`: a change builds what it touches, and the shares together are the whole."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from command_line import rolewright

MANIFEST = """\
version: 1
workload: {name}
compute: {{type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}}
resources:
  table: {{type: dynamodb-table, name: {name}-table, access: [{verb}]}}
"""


def write(folder: Path, name: str, verb: str = "get", file: str = "") -> Path:
    path = folder / f"{file or name}.yaml"
    path.write_text(MANIFEST.format(name=name, verb=verb), encoding="utf-8")
    return path


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("shares", [1, 2, 3, 5, 9])
def test_the_shares_together_are_the_whole(shares: int, tmp_path: Path) -> None:
    """Good manifests, bad ones, a warning, one name twice and three times over, and no YAML at all."""
    for number in range(4):
        write(tmp_path, f"good-{number}")
    write(tmp_path, "bad", verb="gets")
    write(tmp_path, "good-1", file="a-second")
    write(tmp_path, "good-1", file="z-third")
    write(tmp_path, "bad", verb="put", file="bad-again")
    (tmp_path / "broken.yaml").write_text("workload: [", encoding="utf-8")
    accepted = "suppress:\n  - {rule: star-action, at: compute, reason: none}\n"
    file = write(tmp_path, "warned")
    file.write_text(file.read_text(encoding="utf-8") + accepted, encoding="utf-8")
    manifests = sorted(path.name for path in tmp_path.glob("*.yaml"))
    whole = rolewright("validate", "--format", "json", *manifests, cwd=tmp_path)
    reports = []
    for share in range(1, shares + 1):
        run = rolewright("validate", "--format", "json", "--shard", f"{share}/{shares}", *manifests, cwd=tmp_path)
        assert run.returncode in (0, 1), run.stderr
        reports.append(f"share-{share}.json")
        (tmp_path / reports[-1]).write_text(run.stdout, encoding="utf-8")
    merged = rolewright("merge", "--format", "json", *reports, cwd=tmp_path)
    assert merged.returncode == whole.returncode == 1
    assert json.loads(merged.stdout) == json.loads(whole.stdout)
    rules = [one["rule"] for one in json.loads(whole.stdout)["findings"]]
    assert rules.count("manifest-duplicate-workload") == 3
    text = rolewright("merge", *reports, cwd=tmp_path)
    assert "bad.yaml:5:" in text.stderr


def test_no_share_and_no_report_are_wrong_use(tmp_path: Path) -> None:
    write(tmp_path, "aaa")
    for shard in ("0/2", "3/2", "2", "a/b", "1/0", "-1/2"):
        assert rolewright("validate", f"--shard={shard}", "aaa.yaml", cwd=tmp_path).returncode == 2
    for text in ("", "[]", "{}", '{"findings": [1]}', '{"findings": [{"rule": "x"}]}', "\xff"):
        (tmp_path / "report.json").write_bytes(text.encode("latin-1"))
        run = rolewright("merge", "report.json", cwd=tmp_path)
        assert (run.returncode, "Traceback" in run.stderr) == (2, False)
    assert rolewright("merge", "nowhere.json", cwd=tmp_path).returncode == 2
    (tmp_path / "report.json").write_text('{"findings": []}', encoding="utf-8")
    assert rolewright("merge", "report.json", cwd=tmp_path).returncode == 0


def names(output: str) -> list[str]:
    return [
        line.partition(":")[0].removeprefix("output/") for line in output.splitlines() if line.startswith("output/")
    ]


def test_what_a_change_touches_is_built(tmp_path: Path) -> None:
    manifests = [write(tmp_path, name).name for name in ("aaa", "bbb", "ccc", "ddd")]
    blueprints = tmp_path / "own" / "resources" / "note"
    blueprints.mkdir(parents=True)
    git(tmp_path, "init", "-q")
    assert rolewright("render", *manifests, cwd=tmp_path).returncode == 0
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")

    def touched(*more: str) -> list[str]:
        run = rolewright("render", "--changed-since", "HEAD", *more, *manifests, cwd=tmp_path)
        assert run.returncode in (0, 3), run.stderr
        return names(run.stdout)

    assert touched() == []
    write(tmp_path, "bbb", verb="put")
    assert touched("--check") == ["bbb"]
    edited = tmp_path / "output" / "ddd" / "roles.tf"
    edited.write_text(edited.read_text(encoding="utf-8").replace("dynamodb:GetItem", "dynamodb:*"), encoding="utf-8")
    assert touched("--check") == ["bbb", "ddd"]
    manifests.append(write(tmp_path, "new").name)
    assert touched("--check", "--shard", "1/2") == ["bbb", "new"]
    assert touched("--check", "--shard", "2/2") == ["ddd"]
    source = Path(__file__).parents[2] / "blueprints" / "resources" / "rds-database" / "blueprint.yaml"
    (blueprints / "blueprint.yaml").write_bytes(source.read_bytes())
    assert touched("--check", "--blueprints", "own") == ["aaa", "bbb", "ccc", "ddd", "new"]
    unknown = rolewright("validate", "--changed-since", "no-such", *manifests, cwd=tmp_path)
    assert (unknown.returncode, "no revision no-such" in unknown.stderr) == (1, True)


def test_outside_of_a_repository_it_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, "aaa")
    run = rolewright(
        "validate", "--changed-since", "HEAD", "aaa.yaml", cwd=tmp_path, env={"GIT_CEILING_DIRECTORIES": "/"}
    )
    assert (run.returncode, "git-revision" in run.stderr) == (1, True)


def linked(folder: Path) -> None:
    """Make a repository in which services/a.yaml is a link to narrow.yaml, beside which there is wide.yaml."""
    for name in ("services", "old", "kept"):
        (folder / name).mkdir()
    write(folder / "kept", "aaa", file="narrow")
    write(folder / "kept", "aaa", verb="put", file="wide")
    write(folder / "old", "bbb")
    (folder / "services" / "a.yaml").symlink_to("../kept/narrow.yaml")
    (folder / "more").symlink_to("old")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")


def counted(folder: Path, *paths: str) -> str:
    run = rolewright("validate", "--changed-since", "HEAD", *paths, cwd=folder)
    return run.stdout + run.stderr


def test_a_link_to_another_text_is_a_change(tmp_path: Path) -> None:
    linked(tmp_path)
    none = "no manifest differs from HEAD"
    assert none in counted(tmp_path, "services", "more/bbb.yaml")
    write(tmp_path / "kept", "aaa", verb="delete", file="narrow")
    assert none not in counted(tmp_path, "services")
    git(tmp_path, "checkout", "-q", ".")
    link = tmp_path / "services" / "a.yaml"
    link.unlink()
    link.symlink_to("../kept/wide.yaml")
    assert none not in counted(tmp_path, "services")
    assert none in counted(tmp_path, "more/bbb.yaml")
    (tmp_path / "more").unlink()
    (tmp_path / "more").symlink_to("kept")
    assert none not in counted(tmp_path, "more/narrow.yaml")


def test_a_text_that_git_does_not_see_counts_as_changed(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    write(tmp_path, "ccc")
    (inside / "c.yaml").symlink_to("../ccc.yaml")
    git(inside, "init", "-q")
    git(inside, "add", ".")
    git(inside, "commit", "-q", "-m", "first")
    assert "no manifest differs" not in counted(inside, "c.yaml")
