"""Files whose content their bytes do not show: archives, and compressed or encrypted files."""

from __future__ import annotations

import codecs
import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rolewright.audit.finding import closed_finding
from rolewright.core.finding import Finding, Location, Severity
from rolewright.yaml.load import load

NOT_READ = "not-read"
_SAMPLE = 4_096
"""Bytes that tell whether a file is text, and whether it looks random."""
_FEWEST, _DENSE = 64, 0.88
"""Of random bytes 64 have 0.98 of the bits that there can be, and 256 have 0.89; programs and databases have 0.8."""
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class _Format:
    """A format by the bytes that tell it, with their place.

    `is_text` is for one that may be text, `is_dense` for one whose bytes look random though nothing is hidden in them.
    """

    name: str
    magic: bytes
    offset: int
    is_text: bool
    is_dense: bool


@cache
def _formats() -> tuple[_Format, ...]:
    listed = load(Path(__file__).with_name("containers.yaml")).trees[0].data
    return tuple(
        _Format(
            described["name"],
            bytes.fromhex(str(described["magic"])),
            int(described.get("offset", 0)),
            bool(described.get("text")),
            bool(described.get("dense")),
        )
        for described in listed
    )


def container(head: bytes) -> str | None:
    """Return what a file's first bytes show it to be, if its content is hidden in it; else None."""
    is_text = _is_text(head[:_SAMPLE])
    for known in _formats():
        if (known.is_text or not is_text) and head.startswith(known.magic, known.offset):
            return None if known.is_dense else known.name
    samples = (head[:_SAMPLE], head[len(head) // 2 :][:_SAMPLE])  # an archive may stand behind a script
    if any(_is_dense(sample) and not _is_text(sample) for sample in samples):
        return "neither text nor of a known format, and looks compressed or encrypted"
    return None


def _is_text(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return not _BINARY.search(sample)


def _is_dense(sample: bytes) -> bool:
    """Return whether bytes look random: they have nearly as many bits a byte as so many bytes can have."""
    size = len(sample)
    if size < _FEWEST:
        return False
    bits = -sum(n / size * math.log2(n / size) for n in Counter(sample).values())
    return bits >= _DENSE * min(8.0, math.log2(size))


def not_read(head: bytes, file: str) -> list[Finding]:
    """Return a finding that the content of a file was not read, if its first bytes show that there is more inside."""
    name = container(head)
    if name is None:
        return []
    message = f"is {name}: what is inside was not read"
    remedy = "unpack it and audit the contents, or remove it from the folder"
    return [closed_finding(NOT_READ, message, remedy, Location(file), severity=Severity.NOTE)]
