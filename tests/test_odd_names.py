"""Names that no file can have or nobody can read, and places that nothing is written to, in every command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from in_process import KEY, git, run
from rolewright.characters import HIDDEN

__all__ = ["run"]

if TYPE_CHECKING:
    from collections.abc import Callable


PLACES = {
    "render": ("render", "m.yaml", "-o", "PLACE"),
    "validate": ("validate", "PLACE"),
    "validate, with blueprints": ("validate", "m.yaml", "--blueprints", "PLACE"),
    "validate, changed": ("validate", "PLACE", "--changed-since", "HEAD"),
    "schema": ("schema", "--blueprints", "PLACE"),
    "merge": ("merge", "PLACE"),
    "plan": ("plan", "m.yaml", "--terraform", "PLACE"),
    "deployer": ("deployer", "m.yaml", "-o", "PLACE"),
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
    "blueprints": ("blueprints", "--blueprints", "PLACE"),
    "blueprints show": ("blueprints", "show", "PLACE"),
    "blueprints docs": ("blueprints", "docs", "-o", "PLACE"),
    "explain": ("explain", "credentials", "PLACE"),
    "migrate init": ("migrate", "init", "a.py", "--deadline", "2999-01-01", "--file", "PLACE"),
    "migrate init in a folder": ("migrate", "init", "a.py", "--deadline", "2999-01-01", "--file", "PLACE/x"),
    "migrate check": ("migrate", "check", "--file", "PLACE"),
    "another command": ("PLACE",),
    "another option": ("validate", "m.yaml", "--PLACE"),
    "another format": ("audit", "m.yaml", "--format", "PLACE"),
}
"""Every command with a path, and what stands in the place of it."""
NO_PATHS = ("x" * 300, "x/" * 3_000, "m.yaml/x", "circle")
NAMES = ("\u202eabc", "a\nFORGED", "\udcff", "a\x1b[31mb", "a\rFORGED")


@pytest.mark.parametrize("command", PLACES)
def test_a_path_that_there_cannot_be_is_no_traceback(run: Callable[..., str], command: str) -> None:
    for path in NO_PATHS:
        run(*(argument.replace("PLACE", path) for argument in PLACES[command]))


@pytest.mark.parametrize("command", PLACES)
def test_a_name_makes_no_line_and_hides_nothing(run: Callable[..., str], tmp_path: Path, command: str) -> None:
    for name in NAMES:
        said = run(*(argument.replace("PLACE", name) for argument in PLACES[command]))
        assert HIDDEN.search(said) is None, (name, said)
        assert "\nFORGED" not in said, (name, said)


@pytest.mark.parametrize(
    "command", ["blueprint new", "blueprints docs", "checklist", "draft", "retarget", "migrate init in a folder"]
)
def test_nothing_is_written_through_a_link(run: Callable[..., str], tmp_path: Path, command: str) -> None:
    (tmp_path / "other").mkdir()
    if command == "blueprint new":
        (tmp_path / "link").symlink_to(tmp_path / "other")
        assert "link" in run("blueprint", "new", "x", "--service", "sqs", "-o", "link")
        (tmp_path / "link").unlink()
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


def test_an_output_that_is_itself_a_changed_file_is_refused(run: Callable[..., str], tmp_path: Path) -> None:
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "x")
    assert "m.yaml is no folder" in run("render", "m.yaml", "--changed-since", "HEAD", "-o", "m.yaml")
