"""Characters that stand in a proof for what only the caller of a module knows, each for one unknown text.

Such a text has none of `:`, `*` and `?`, and is never empty: the module's own validation refuses others. Two symbols
may stand for the same text, and each for any text that is known.
"""

from __future__ import annotations

import hashlib
import re

_FIRST = 0xF0000  # a private use area: nobody writes these characters
SYMBOL = re.compile(r"[\U000f0000-\U000ffffd]")
_FIRST_DERIVED, _DERIVED = 0xF8000, 0x7FFE
_COUNT = 6
DERIVED = re.compile(rf"[\U000f8000-\U000ffffd]{{{_COUNT}}}")
"""What `derived` returns."""


def symbol(number: int) -> str:
    """Return the symbol of a number."""
    return chr(_FIRST + number)


def derived(text: str) -> str:
    """Return symbols that stand for what follows from an unknown text: no other text has the same."""
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    return "".join(chr(_FIRST_DERIVED + number // _DERIVED**place % _DERIVED) for place in range(_COUNT))
