"""What `audit` did not look at is named, so that "clean" is never said of it."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import TYPE_CHECKING

import pytest

from command_line import rolewright

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "AKIA" + "Q3EGRIT5" * 2
RANDOM = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(64))


def empty(folder: Path) -> None:
    (folder / "inner").mkdir()


def linked(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    (folder.parent / "elsewhere" / "key.txt").write_text(KEY, encoding="utf-8")
    (folder / "a.txt").write_text("plain", encoding="utf-8")
    (folder / "link").symlink_to(folder.parent / "elsewhere")


def submodule(folder: Path) -> None:
    (folder / ".gitmodules").write_text('[submodule "x"]\n\tpath = libs/x\n\turl = https://x\n', encoding="utf-8")
    (folder / "libs" / "x").mkdir(parents=True)


def packed(folder: Path) -> None:
    (folder / "data.z").write_bytes(zlib.compress(KEY.encode() + RANDOM))


def dumped(folder: Path) -> None:
    (folder / "db.dump").write_bytes(b"PGDMP" + gzip.compress(KEY.encode()))


def unpacks_itself(folder: Path) -> None:
    (folder / "install.run").write_bytes(b"#!/bin/sh\ntail -n +3 $0 | tar xz\nexit\n" * 200 + RANDOM * 8)


def encrypted(folder: Path) -> None:
    (folder / "blob").write_bytes(RANDOM)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (empty, "contains no files, so nothing was searched"),
        (linked, "links are not followed, so it was not read"),
        (submodule, "is a git submodule that is not checked out"),
        (packed, "zlib"),
        (dumped, "a dump of PostgreSQL"),
        (encrypted, "looks compressed or encrypted"),
        (unpacks_itself, "looks compressed or encrypted"),
    ],
)
def test_what_was_not_looked_at_is_named(make: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    make(folder)
    ran = rolewright("audit", "project", "--strict", cwd=tmp_path)
    assert said in ran.stdout + ran.stderr
    assert ran.returncode == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_a_key_in_wide_letters_is_found(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "settings.bin").write_bytes(b"\x01\x02" + f"key={KEY};".encode(encoding))
    ran = rolewright("audit", "settings.bin", cwd=tmp_path)
    assert ran.returncode == 1
    assert KEY in ran.stdout + ran.stderr


def test_what_looks_random_and_is_known_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + RANDOM)
    (tmp_path / "PDF.txt").write_text("BZh is how a file of bzip2 begins, and this is text\n", encoding="utf-8")
    ran = rolewright("audit", ".", "--strict", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_history_that_was_not_asked_for_is_said(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.txt").write_text("plain", encoding="utf-8")
    assert "git history was not searched" in rolewright("audit", ".", cwd=tmp_path).stdout
