"""`rolewright diff --base` where a path is a link, now or at the revision: each side follows its own."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = """\
version: 1
workload: aaa
compute: {{type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}}
resources:
  table: {{type: dynamodb-table, name: orders, access: [{verbs}]}}
"""


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def put(path: Path, verbs: str | None = None, link: str = "") -> None:
    """Write a manifest, or make a link, in place of what is there."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if verbs is None:
        path.symlink_to(link)
    else:
        path.write_text(MANIFEST.format(verbs=verbs), encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    put(folder / "other" / "a.yaml", "get, put")
    put(folder / "same" / "a.yaml", "get")
    put(folder / "services" / "a.yaml", "get")
    put(folder / "linked" / "a.yaml", link="../same/a.yaml")
    put(folder / "folder", link="same")
    put(folder / "away" / "a.yaml", link="../../outside.yaml")
    put(folder / "twice" / "a.yaml", link="../folder/a.yaml")
    put(folder / "ring" / "a.yaml", link="a.yaml")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.mark.parametrize("path", ["services", "services/a.yaml", "linked", "linked/a.yaml", "twice/a.yaml"])
def test_a_link_that_leads_elsewhere_now_is_a_difference(path: str, repository: Path) -> None:
    assert rolewright("diff", "--base", "HEAD", path, cwd=repository).returncode == 0
    put(repository / path.partition("/")[0] / "a.yaml", link="../other/a.yaml")
    run = rolewright("diff", "--base", "HEAD", path, cwd=repository)
    assert (run.returncode, "PutItem" in run.stdout) == (3, True), run.stdout + run.stderr


@pytest.mark.parametrize("path", ["folder", "folder/a.yaml", "twice"])
def test_so_is_a_folder_that_leads_elsewhere(path: str, repository: Path) -> None:
    assert rolewright("diff", "--base", "HEAD", path, cwd=repository).returncode == 0
    put(repository / "folder", link="other")
    run = rolewright("diff", "--base", "HEAD", path, cwd=repository)
    assert (run.returncode, "PutItem" in run.stdout) == (3, True), run.stdout + run.stderr


def test_a_link_to_a_repository_is_followed(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "there").symlink_to("repository/services")
    put(repository / "services" / "a.yaml", "get, put")
    assert rolewright("diff", "--base", "HEAD", "there/a.yaml", cwd=tmp_path).returncode == 3
    assert rolewright("diff", "--base", "HEAD", "a.yaml", cwd=tmp_path / "there").returncode == 3


@pytest.mark.parametrize(("path", "words"), [("away", "is a link to a place that git"), ("ring", "leads to itself")])
def test_a_link_that_cannot_be_followed_is_a_finding(path: str, words: str, repository: Path) -> None:
    put(repository / path / "a.yaml", "get")
    run = rolewright("diff", "--base", "HEAD", f"{path}/a.yaml", cwd=repository)
    assert (run.returncode, words in run.stderr) == (1, True), run.stderr


@pytest.mark.parametrize("path", ["services", "services/a.yaml"])
def test_a_link_to_nothing_is_a_finding(path: str, repository: Path) -> None:
    put(repository / "services" / "a.yaml", link="nothing.yaml")
    run = rolewright("diff", "--base", "HEAD", path, cwd=repository)
    assert (run.returncode, "does not exist" in run.stderr) == (1, True), run.stdout + run.stderr


@pytest.mark.parametrize("target", [b"same\0a.yaml", b"a/" * 5000])
def test_a_link_that_no_file_system_has_is_a_finding(target: bytes, repository: Path) -> None:
    """Git keeps any bytes as the target of a link."""
    made = subprocess.run(
        ["git", "hash-object", "-w", "--stdin"], input=target, cwd=repository, check=True, capture_output=True
    )
    git(repository, "update-index", "--cacheinfo", f"120000,{made.stdout.decode().strip()},services/a.yaml")
    git(repository, "commit", "-q", "-m", "second")
    ran = rolewright("diff", "--base", "HEAD", "services/a.yaml", cwd=repository)
    assert (ran.returncode, "is a link to a place that git does not know" in ran.stderr) == (1, True)
