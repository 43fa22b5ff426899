"""Files of code → the calls of AWS in them, each language read as well as it can be."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.bounded import UnreadableError, read_text
from rolewright.finding import Location
from rolewright.sdk.calls import Unmapped
from rolewright.sdk.pattern import pattern_calls, suffixes
from rolewright.sdk.python import Reader
from rolewright.sdk.scopes import File, read_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rolewright.sdk.calls import Call

_ELSEWHERE = re.compile(
    r"(^|/)(node_modules|site-packages|vendor|\.venv|venv|tests?|__tests__|spec|testdata)/"
    r"|(^|/)(test_[^/]*|[^/]*_test|conftest)\.(py|go)$|\.(test|spec)\.[a-z]+$|\.min\.js$|\.d\.ts$"
)
"""Other people's code, and tests: what they call is not what the workload does when it runs."""
_MAX_BYTES = 2_000_000
"""A longer file was not written by hand."""


def calls_in(files: Iterable[str], folder: str) -> list[Call | Unmapped]:
    """The calls in the files below a folder, or in one file, in the order of files and lines."""
    found: list[Call | Unmapped] = []
    texts: dict[str, str] = {}
    for file in files:
        name = Path(file).as_posix()
        suffix = Path(file).suffix
        relative = os.path.relpath(file, folder) if file != folder else Path(file).name
        if suffix not in {".py", *suffixes()} or _ELSEWHERE.search(Path(relative).as_posix()):
            continue
        try:
            text = read_text(file, _MAX_BYTES)
        except UnreadableError as error:
            found.append(Unmapped(name, f"it {error}", Location(file)))
            continue
        if suffix == ".py":
            texts[file] = text
        else:
            found += pattern_calls(text, file)
    return sorted([*found, *_python(texts, folder)], key=lambda one: one.location)


def _python(texts: dict[str, str], folder: str) -> list[Call | Unmapped]:
    if not any("boto" in text for text in texts.values()):
        return []
    found: list[Call | Unmapped] = []
    parsed: list[File] = []
    for file, text in texts.items():
        relative = Path(os.path.relpath(file, folder) if file != folder else Path(file).name)
        try:
            parsed.append(read_file(text, file, ".".join(relative.with_suffix("").parts)))
        except (SyntaxError, ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None) or 1
            if "boto" in text:
                found.append(
                    Unmapped(Path(file).name, "it is no Python that can be read", Location(file, line, 1, line))
                )
    try:
        reader = Reader(parsed)
        for one in parsed:
            found += reader.calls(one)
    except RecursionError:
        found.append(Unmapped(folder, "its Python is nested too deeply to be followed", Location(folder)))
    return found
