"""`rolewright diff`: exit codes, git, folders, trust, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from command_line import rolewright
from git_repository import git

if TYPE_CHECKING:
    from pathlib import Path

BASE: dict[str, Any] = {
    "version": 1,
    "workload": "app",
    "compute": {"type": "ec2", "ami": "ami-01234567", "instance_type": "t3.micro"},
    "resources": {"data": {"type": "s3-bucket", "name": "data", "prefix": "in/", "access": ["get", "put"]}},
}


def changed(**more: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(BASE)), **more}


def data(**fields: Any) -> dict[str, Any]:
    return changed(resources={"data": {"type": "s3-bucket", "name": "data", **fields}})


def ran(tmp_path: Path, old: dict[str, Any], new: dict[str, Any], *options: str) -> tuple[int, dict[str, Any]]:
    for name, manifest in (("old.yaml", old), ("new.yaml", new)):
        (tmp_path / name).write_text(json.dumps(manifest), encoding="utf-8")
    result = rolewright("diff", "old.yaml", "new.yaml", "--format", "json", *options, cwd=tmp_path)
    return result.returncode, json.loads(result.stdout)


BOUNDARY = {"boundary": "arn:aws:iam::${account}:policy/limit"}
PIPE = {"type": "github-actions", "repository": "my-org/app"}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (BASE, BASE, 0),
        (BASE, data(prefix="in/", access=["put", "get"]), 0),
        (BASE, data(prefix="in/", access=["get"]), 5),
        (BASE, data(prefix="in/", access=["get", "put", "delete"]), 3),
        (BASE, data(prefix="in/deeper/", access=["get", "put"]), 5),
        (BASE, data(prefix="i", access=["get", "put"]), 3),
        (BASE, data(prefix="other/", access=["get", "put"]), 3),
        (data(access="read"), data(access=["get", "list"]), 0),
        (BASE, changed(**BOUNDARY), 5),
        (changed(**BOUNDARY), BASE, 3),
        (BASE, changed(never=["delete on data"]), 5),
        (changed(compute={**PIPE, "branches": ["main"]}), changed(compute={**PIPE, "branches": ["main", "dev"]}), 3),
        (changed(compute={**PIPE, "branches": ["main", "dev"]}), changed(compute={**PIPE, "branches": ["main"]}), 5),
    ],
)
def test_exit_codes_tell_wider_from_changed(
    old: dict[str, Any], new: dict[str, Any], code: int, tmp_path: Path
) -> None:
    returned, told = ran(tmp_path, old, new)
    assert (returned, told["changed"], told["widened"]) == (code, code > 0, code == 3)


def test_what_is_new_names_the_line_that_declares_it(tmp_path: Path) -> None:
    _, told = ran(tmp_path, BASE, data(prefix="in/", access=["get", "put", "delete"]))
    ((role,),) = [one["roles"] for one in told["workloads"]]
    (added,) = role["added"]
    assert (added["actions"], added["resource"]) == (["s3:DeleteObject"], "arn:aws:s3:::data/in/*")
    assert (added["origin"], added["place"].split(":")[:2]) == ("resources.data.access", ["new.yaml", "1"])
    assert role["removed"] == []


def test_environments_are_compared_one_by_one(tmp_path: Path) -> None:
    places = {name: {"account": number * 12, "region": "us-east-1"} for name, number in (("dev", "1"), ("prod", "2"))}
    wide = json.loads(json.dumps(places))
    wide["prod"]["resources"] = {"data": {"prefix": "i"}}
    _, told = ran(tmp_path, changed(environments=places), changed(environments=wide))
    assert [role["environment"] for one in told["workloads"] for role in one["roles"]] == ["prod"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two services; afterwards one is wider, one is gone, and one is new."""
    services = tmp_path / "services"
    (services / "deep").mkdir(parents=True)
    git(tmp_path, "init", "-q")
    (services / "app.yaml").write_text("version: 1\nworkload: app\n" + rest(BASE), encoding="utf-8")
    (services / "deep" / "old.yaml").write_text("version: 1\nworkload: old\n" + rest(BASE), encoding="utf-8")
    (services / "values.yaml").write_text("replicas: 3\n", encoding="utf-8")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "first")
    wider = data(prefix="in/", access=["get", "put", "delete"])
    (services / "app.yaml").write_text("version: 1\nworkload: app\n" + rest(wider), encoding="utf-8")
    (services / "deep" / "old.yaml").unlink()
    (services / "deep").rmdir()  # git keeps no empty folders
    (services / "new.yaml").write_text("version: 1\nworkload: new\n" + rest(BASE), encoding="utf-8")
    return tmp_path


def rest(manifest: dict[str, Any]) -> str:
    return "".join(f"{key}: {json.dumps(manifest[key])}\n" for key in ("compute", "resources"))


def test_a_folder_since_a_revision_of_git(repository: Path) -> None:
    result = rolewright("diff", "--base", "HEAD", "services", "--format", "json", cwd=repository)
    told = json.loads(result.stdout)
    assert result.returncode == 3
    sides = {
        one["workload"]: (bool(one["roles"][0]["added"]), bool(one["roles"][0]["removed"])) for one in told["workloads"]
    }
    assert sides == {"app": (True, False), "new": (True, False), "old": (False, True)}


def test_one_file_since_a_revision_of_git(repository: Path) -> None:
    result = rolewright("diff", "--base", "HEAD", "services/app.yaml", cwd=repository)
    assert result.returncode == 3
    assert "+ s3:DeleteObject on arn:aws:s3:::data/in/*" in result.stdout
    assert result.stdout.endswith("wider: app\n")
    gone = rolewright("diff", "--base", "HEAD", "services/deep/old.yaml", cwd=repository)
    assert gone.returncode == 5
    assert "+" not in gone.stdout


def test_one_name_for_two_workloads_is_a_finding(repository: Path) -> None:
    (repository / "services" / "second.yaml").write_text("version: 1\nworkload: app\n" + rest(BASE), encoding="utf-8")
    result = rolewright("diff", "--base", "HEAD", "services", cwd=repository)
    assert (result.returncode, result.stdout) == (1, "")
    assert "app is already described at services/app.yaml:2:" in result.stderr


def test_a_file_that_never_was_is_wrong_use(repository: Path) -> None:
    result = rolewright("diff", "--base", "HEAD", "services/none.yaml", cwd=repository)
    assert (result.returncode, result.stdout) == (2, "")


@pytest.mark.parametrize("revision", ["nowhere", "--output=x", "HEAD:services", "", "HEAD^{tree}"])
def test_a_revision_that_is_none_is_a_finding(revision: str, repository: Path) -> None:
    result = rolewright("diff", f"--base={revision}", "services", cwd=repository)
    assert (result.returncode, result.stdout) == (1, "")
    assert "git-revision" in result.stderr
    assert not (repository / "x").exists()


def test_without_a_repository_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(json.dumps(BASE), encoding="utf-8")
    result = rolewright("diff", "--base", "HEAD", "m.yaml", cwd=tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert "git-revision" in result.stderr


@pytest.mark.parametrize("command", ["diff", "report"])
def test_a_broken_manifest_at_the_base_is_a_finding_there(repository: Path, command: str) -> None:
    """With its line, which stands in no file any more."""
    (repository / "services" / "app.yaml").write_text("version: 1\nworkload: app\ncompute: {}\n", encoding="utf-8")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "broken")
    (repository / "services" / "app.yaml").write_text("version: 1\nworkload: app\n" + rest(BASE), encoding="utf-8")
    result = rolewright(command, "--base", "HEAD", "services/app.yaml", cwd=repository)
    assert result.returncode == 1
    assert result.stdout == "" or command == "report"
    assert "HEAD:services/app.yaml:3:" in result.stderr
    assert "3 | compute: {}" in result.stderr


def test_markdown_shows_what_a_manifest_says_as_text(tmp_path: Path) -> None:
    """Nothing that a manifest says can become a link, a table cell or a tag of the comment."""
    statement = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::a|b/[x](y)<img>"], "reason": "r"}
    for name, manifest in (("old.yaml", BASE), ("new.yaml", changed(statements=[statement]))):
        (tmp_path / name).write_text(json.dumps(manifest), encoding="utf-8")
    result = rolewright("diff", "old.yaml", "new.yaml", "--format", "markdown", cwd=tmp_path)
    (row,) = [line for line in result.stdout.splitlines() if "GetObject" in line]
    assert r"a\|b/\[x\](y)\<img\>" in row
    assert row.replace("\\|", "").count("|") == 5
