"""Files of code → the calls of AWS in them, each language read as well as it can be."""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.core.files import UnreadableError, open_plain, read_text
from rolewright.core.finding import Location
from rolewright.sdk.calls import Unmapped
from rolewright.sdk.go.reader import GoReader
from rolewright.sdk.javascript.reader import ScriptReader
from rolewright.sdk.javascript_and_go.parser import TooLongError
from rolewright.sdk.languages import (
    calls_unread,
    is_list_of_packages,
    is_read,
    language_of_program,
    read_as,
    unread_language,
)
from rolewright.sdk.models import facts as models_facts
from rolewright.sdk.packages import facts
from rolewright.sdk.python.reader import PythonReader
from rolewright.sdk.python.scopes import PythonFile, PythonImport, read_file
from rolewright.sdk.source_files import read_source
from rolewright.sdk.without_client import uses_without_client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.sdk.calls import ApiCall
    from rolewright.sdk.javascript_and_go.bindings import SourceFile

_ELSEWHERE = re.compile(
    r"(^|/)(node_modules|site-packages|vendor|\.venv|venv|tests?|__tests__|spec|testdata)/"
    r"|(^|/)(test_[^/]*|[^/]*_test|conftest)\.(py|go)$|\.(test|spec)\.[a-z]+$|\.min\.js$|\.d\.ts$"
)
"""Third-party code, and tests: the workload does not make their calls when it runs."""
_MAX_BYTES = 2_000_000
"""A longer file was not written by hand."""

_HEAD = 300
"""Bytes at the start of a file in which to look for a first line that names its program (`#!`)."""


@dataclass(frozen=True)
class CodeScan:
    """The result of reading files: calls, uses of AWS that could not be followed, and languages that were not read."""

    calls: tuple[ApiCall | Unmapped, ...]
    unread: Mapping[str, int]
    """Languages that were not read, each with its number of files."""


def read_files(files: Iterable[str], folder: str) -> CodeScan:
    """Find the calls in the files below a folder, or in one file, and the languages that were not read."""
    reports: list[ApiCall | Unmapped] = []
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    unread: Counter[str] = Counter()
    for file in files:
        relative = Path(os.path.relpath(file, folder) if file != folder else Path(file).name)
        language, unread_as = read_as(relative.name), unread_language(relative.name)
        if _ELSEWHERE.search(relative.as_posix()):
            continue
        if not (language or unread_as or relative.suffix):
            run_by = language_of_program(_head(file))
            language, unread_as = (run_by, None) if run_by and is_read(run_by) else (None, run_by)
        if not (language or unread_as or is_list_of_packages(relative.name)):
            continue
        unread.update([unread_as] if unread_as else [])
        try:
            text = read_text(file, _MAX_BYTES)
        except UnreadableError as error:
            reports.append(Unmapped(relative.name, f"it {error}", Location(file)))
            continue
        if language:
            texts[language][file] = text
            reports += uses_without_client(language, file, text)
        if (use := calls_unread(file, text, unread_as)) is not None:
            reports.append(use)
    reports += _python(texts["Python"], folder)
    reports += _sources(texts["JavaScript"], folder, ScriptReader, facts()["javascript"]["marks"])
    reports += _sources(texts["Go"], folder, GoReader, facts()["go"]["marks"])
    return CodeScan(tuple(sorted(_once(reports), key=lambda call: call.location)), dict(unread))


def _head(file: str) -> str:
    """Read the first characters of a file; "" for a binary file or one that cannot be read."""
    try:
        with open_plain(file) as opened:
            return opened.read(_HEAD).decode("utf-8", "replace")
    except (UnreadableError, OSError):
        return ""


def _once(reports: list[ApiCall | Unmapped]) -> Iterator[ApiCall | Unmapped]:
    """Report a language that is not read only once, though a project may have hundreds of files in it."""
    seen: set[str] = set()
    for report in reports:
        if isinstance(report, Unmapped) and report.text.endswith(" is not read"):
            if report.text in seen:
                continue
            seen.add(report.text)
        yield report


def _sources(
    texts: dict[str, str], folder: str, reader: type[ScriptReader | GoReader], marks: Iterable[str]
) -> list[ApiCall | Unmapped]:
    """Find the calls in JavaScript or Go; none where no file names the SDK."""
    if not any(mark in text for text in texts.values() for mark in marks):
        return []
    reports: list[ApiCall | Unmapped] = []
    sources: list[SourceFile] = []
    for file, text in texts.items():
        try:
            sources.append(read_source(text, file))
        except (TooLongError, RecursionError):
            reports.append(Unmapped(Path(file).name, "it is too long or too deeply nested to be read", Location(file)))
    try:
        reports += reader(sources).calls()
    except (TooLongError, RecursionError):
        reports.append(Unmapped(folder, "its code is too long or too deeply nested to be followed", Location(folder)))
    return reports


def _idle(files: Iterable[PythonFile], reports: Iterable[ApiCall | Unmapped]) -> list[ApiCall | Unmapped]:
    """Report imports of boto3 in code in which nothing else was found."""
    if any(True for _ in reports):
        return []
    return [
        Unmapped(f"import of {binding.module}", "it is imported, but no call of it was found", Location(file.path))
        for file in files
        for bindings in file.scope.names.values()
        for binding in bindings
        if isinstance(binding, PythonImport) and binding.module in models_facts()["modules"]
    ]


def _python(texts: dict[str, str], folder: str) -> list[ApiCall | Unmapped]:
    if not any("boto" in text for text in texts.values()):
        return []
    reports: list[ApiCall | Unmapped] = []
    parsed: list[PythonFile] = []
    for file, text in texts.items():
        relative = Path(os.path.relpath(file, folder) if file != folder else Path(file).name)
        try:
            parsed.append(read_file(text, file, ".".join(relative.with_suffix("").parts)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # the last for ten thousand brackets
            line = getattr(error, "lineno", None) or 1
            if "boto" in text:
                reports.append(Unmapped(Path(file).name, "it is not valid Python", Location(file, line, 1, line)))
    try:
        reader = PythonReader(parsed)
        for source in parsed:
            reports += reader.calls(source)
        reported = tuple(reports)
        for source in parsed:
            reports += reader.unaccounted(source, reported)
        reports += _idle(parsed, reports)
    except RecursionError:
        reports.append(Unmapped(folder, "its Python is nested too deeply to be followed", Location(folder)))
    return reports
