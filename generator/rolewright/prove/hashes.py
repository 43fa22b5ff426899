"""Hashes of texts, also of those that only the caller of a module knows.

A hash of an unknown text is unknown too, and so is what is cut out of it. Symbols stand for both: the same for the same
text and the same part, others for others.
"""

from __future__ import annotations

import hashlib
from typing import Any

from rolewright.data.symbols import DERIVED, SYMBOL, derived

_LENGTH = 40  # of a SHA-1 in hexadecimal


def sha1(text: str) -> str:
    """Return the SHA-1 of a text."""
    if SYMBOL.search(text):
        return derived(f"sha1 {text}")
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def part_of_hash(text: Any, start: Any, size: Any) -> str:  # noqa: ANN401 - any value of HCL
    """Return a part of the hash of an unknown text; "" where it would be empty, and for anything else."""
    if not isinstance(text, str) or not isinstance(start, int) or not isinstance(size, int):
        return ""
    is_part = DERIVED.fullmatch(text) is not None and 0 <= start < _LENGTH and size > 0
    return derived(f"{text} {start} {size}") if is_part else ""
