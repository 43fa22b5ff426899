"""The languages of a workload's files: those that are read, and those that are not."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Location
from rolewright.sdk.calls import Unmapped
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROGRAM = re.compile(r"#![ \t]{0,9}[\w./-]{0,200}/([\w.-]{1,40})(?:[ \t]{1,9}(?:-S[ \t]{1,9})?([\w.-]{1,40}))?")
_COMMAND = re.compile(
    r"""(?:^|[\s;|&(`$"'])(?:aws|awslocal)(?:[ \t]+(?!_|=)[a-z]|["'],[ \t]{0,9}["'][a-z])""", re.MULTILINE
)
"""AWS's command line, where a command begins."""


@cache
def read_as(name: str) -> str | None:
    """Return the language that a file is read as; None for one that is not read."""
    return _read().get(PurePath(name).suffix)


def unread_language(name: str) -> str | None:
    """Return the language of a file that holds code, or starts programs, and is not read."""
    return _unread().get(PurePath(name).suffix) or _starts(name)


def language_of_program(head: str) -> str | None:
    """Return the language of the program that the first line of a file names, where its file name tells none."""
    match = _PROGRAM.match(head)
    name = "" if match is None else match[2] if match[1] == "env" and match[2] else match[1]
    language: str | None = _facts()["programs"].get(name.rstrip("0123456789."))
    return language


def is_read(language: str) -> bool:
    """Return whether the calls in files of a language are read."""
    return language in _facts()["read"]


def is_list_of_packages(name: str) -> bool:
    """Return whether a file lists the packages of a project in a language that is not read."""
    return _packages_of(name) is not None


def calls_unread(file: str, text: str, language: str | None) -> Unmapped | None:
    """Find the first line that uses AWS in a file of a language that is not read, or in its list of packages."""
    about: Mapping[str, Any] | None = (
        {"command": True} if _starts(PurePath(file).name) else _facts()["unread"].get(language)
    )
    listed = _packages_of(PurePath(file).name)
    if listed is not None:
        language, about = listed["language"], listed
    if language is None or about is None:
        return None
    if about.get("command"):
        match = _COMMAND.search(text)
        at, use = (-1, "") if match is None else (match.end() - 1, "it runs AWS's command line")
    else:
        at = min((start for mark in about["marks"] if (start := text.find(mark)) >= 0), default=-1)
        use = "its packages include an AWS SDK" if listed is not None else "it imports an AWS SDK"
    if at < 0:
        return None
    line = text.count("\n", 0, at) + 1
    reason = f"{use} ({PurePath(file).name}:{line})"
    return Unmapped(f"{language} is not read", reason, Location(file, line, 1, line))


def _starts(name: str) -> str | None:
    listed = ((language, pattern) for language, patterns in _facts()["starts"].items() for pattern in patterns)
    return next((language for language, pattern in listed if fnmatchcase(name, pattern)), None)


def _packages_of(name: str) -> Mapping[str, Any] | None:
    for pattern, about in _facts()["packages"].items():
        if fnmatchcase(name, pattern):
            listed: Mapping[str, Any] = about
            return listed
    return None


@cache
def _read() -> Mapping[str, str]:
    return {suffix: language for language, suffixes in _facts()["read"].items() for suffix in suffixes}


@cache
def _unread() -> Mapping[str, str]:
    return {suffix: language for language, facts in _facts()["unread"].items() for suffix in facts["files"]}


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = load(Path(__file__).with_name("languages.yaml")).trees[0].data
    return facts
