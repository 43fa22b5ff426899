"""Code that is read → its uses of AWS without a client: packages that call AWS themselves, and AWS's command line."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Location
from rolewright.sdk.calls import Unmapped
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IMPORTS = {
    "Python": re.compile(
        r"^[ \t]*(?:from|import)[ \t]{1,9}([\w.]{1,200})(?:[ \t]{1,9}import[ \t]{1,9}\(?[ \t]{0,9}(\w+))?", re.MULTILINE
    ),
    "JavaScript": re.compile(r"""\b(?:from|import|require)\b[ \t]{0,9}\(?[ \t]{0,9}["'`]([^"'`\s]{1,200})["'`]()"""),
    "Go": re.compile(r"""^[^"\n/]*"([\w./-]+)"[ \t]*;?()""", re.MULTILINE),
}
_COMMAND = re.compile(
    r"""["'`](?:aws|awslocal)["'`]\s{0,9},\s{0,40}(?:\[\s{0,40})?["'`][a-z]"""
    r"""|(?:["'`]|(?:&&|[;|])[ \t]{0,9})(?:aws|awslocal)[ \t]{1,9}(?:--?[\w-]{1,40}[ \t]{1,9})?"""
    r"""(?:s3[ \t]{1,9}(?:cp|sync|mv|rm|ls|mb|rb|presign|website)\b"""
    r"""|[a-z][a-z0-9-]{1,40}[ \t]{1,9}(?:[a-z0-9]{1,40}-[a-z0-9-]{1,40}|invoke|publish|wait)\b)"""
)
"""AWS's command line as a list of words, or as the beginning of a command in a text."""
_OBJECT = re.compile(
    r"""\b(?:read_\w+|to_\w+|scan_\w+|open|load|save|csv|parquet|json|text|table)\(\s{0,40}[fr]?["']s3[an]?://"""
)
"""A function of a data library that is passed the URL of an S3 object."""


def uses_without_client(language: str, file: str, text: str) -> Iterator[Unmapped]:
    """Find the uses of AWS in a file that no client shows: each package once, and each command."""
    seen: set[str] = set()
    for match in _IMPORTS[language].finditer(text):
        package = _listed(language, match)
        if package and package not in seen:
            seen.add(package)
            reason = "this library calls AWS itself, and its calls are not read"
            yield Unmapped(f"import of {package}", reason, _place(file, text, match.start(1)))
    for match in _COMMAND.finditer(text):
        place = _place(file, text, match.start())
        yield Unmapped("AWS's command line", "the calls that a command makes are not read", place)
    for match in _OBJECT.finditer(text) if language == "Python" else ():
        place = _place(file, text, match.start())
        yield Unmapped(_shown(match[0]), "it reads or writes an S3 object without a visible call", place)


def _listed(language: str, match: re.Match[str]) -> str:
    """Return the package that is imported, if it or one that it is in is listed; "" otherwise."""
    mark = "." if language == "Python" else "/"
    for name in (f"{match[1]}{mark}{match[2]}", match[1]) if match[2] else (match[1],):
        parts = name.split(mark)
        for end in range(len(parts), 0, -1):
            if mark.join(parts[:end]) in _packages(language):
                return mark.join(parts[:end])
    return ""


def _place(file: str, text: str, at: int) -> Location:
    line = text.count("\n", 0, at) + 1
    return Location(file, line, at - text.rfind("\n", 0, at), line)


def _shown(text: str) -> str:
    return " ".join(text.split())


@cache
def _packages(language: str) -> frozenset[str]:
    return frozenset(_facts()[language]["packages"])


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = load(Path(__file__).with_name("without_client.yaml")).trees[0].data
    return facts
