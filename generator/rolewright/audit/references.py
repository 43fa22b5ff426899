"""Lines that use a key without its value standing there, or that keep credentials from being renewed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCUMENTATION = {".md", ".rst", ".adoc", ".html"}


@dataclass(frozen=True)
class Pattern:
    """A pattern to look for in files whose name ends so (any if there are none), and the message for it.

    One of `words` is in each text that it fits. Looking for them first is what makes a large tree fast.
    """

    rule: str
    files: tuple[str, ...]
    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    message: str
    remedy: str

    @property
    def subject(self) -> str | int:
        """Return the group that the subject is in: that of this name, or all that fits."""
        return "subject" if "subject" in self.pattern.groupindex else 0


@dataclass(frozen=True)
class KeyReference:
    """A place that fits a pattern, with the variable, argument, function or policy that it is about."""

    pattern: Pattern
    start: int
    end: int
    subject: bytes


@cache
def _patterns() -> tuple[Pattern, ...]:
    """Return all patterns, in the order in which they are tried."""
    listed = load(Path(__file__).with_name("references.yaml")).trees[0].data
    return tuple(
        Pattern(
            described["rule"],
            tuple(described.get("files", ())),
            tuple(word.encode() for word in described["words"]),
            re.compile(described["pattern"].encode(), re.MULTILINE),
            described["message"],
            described["remedy"],
        )
        for described in listed
    )


@cache
def _patterns_for(suffix: str) -> tuple[Pattern, ...]:
    return (
        ()
        if suffix in _DOCUMENTATION
        else tuple(pattern for pattern in _patterns() if not pattern.files or suffix in pattern.files)
    )


def find_references(data: bytes, name: str) -> Iterator[KeyReference]:
    """Yield the references in a file of text: one for each line; none in documentation, which only mentions keys."""
    lines: set[int] = set()
    for pattern in _patterns_for(PurePath(name).suffix.lower()):
        if not any(word in data for word in pattern.words):
            continue
        for match in pattern.pattern.finditer(data):
            line = data.rfind(b"\n", 0, match.start()) + 1
            if line not in lines:
                lines.add(line)
                yield KeyReference(pattern, match.start(), match.end(), match[pattern.subject])
