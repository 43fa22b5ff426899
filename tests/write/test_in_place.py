from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rolewright.core.finding import Rejected
from rolewright.write.in_place import replace_content

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_keeps_its_mode_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_bytes(b"old")
    file.chmod(0o604)
    replace_content(file, b"old", b"new\r\n")
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new\r\n", 0o604)
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_was_changed_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_bytes(b"by somebody")
    assert refused(file) == "write-changed"
    assert file.read_bytes() == b"by somebody"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("dangling", [False, True])
def test_nothing_is_written_through_a_link(dangling: bool, tmp_path: Path) -> None:
    file, link = tmp_path / "m.yaml", tmp_path / "link.yaml"
    if not dangling:
        file.write_bytes(b"old")
    link.symlink_to(file)
    assert refused(link) == "write-link"
    assert link.is_symlink()
    assert dangling or file.read_bytes() == b"old"


@pytest.mark.parametrize("target", ["/", "..", "../beside"])
def test_nothing_is_written_through_a_link_out_of_the_folder(target: str, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (tmp_path / "beside").mkdir()
    for folder in (tmp_path, tmp_path / "beside"):
        (folder / "m.yaml").write_bytes(b"old")
    (here / "link").symlink_to(target)
    assert refused(here / "link" / (tmp_path.relative_to("/") if target == "/" else "") / "m.yaml") == "write-link"
    assert (tmp_path / "m.yaml").read_bytes() == (tmp_path / "beside" / "m.yaml").read_bytes() == b"old"


def test_a_link_within_the_folder_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "m.yaml").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    replace_content(tmp_path / "link" / "m.yaml", b"old", b"new")
    assert (tmp_path / "real" / "m.yaml").read_bytes() == b"new"


def test_what_is_no_file_or_is_gone_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder", "nowhere", "nowhere/m.yaml"):
        assert refused(tmp_path / name) == "write-failed"


def refused(file: Path) -> str:
    with pytest.raises(Rejected) as refusal:
        replace_content(file, b"old", b"new")
    (finding,) = refusal.value.findings
    return finding.rule
