"""Characters that stand in a proof for what only the caller of a module knows, each for one unknown text.

Such a text has none of `:`, `*` and `?`, and is never empty: the module's own validation refuses others. Two symbols
may stand for the same text, and each for any text that is known.
"""

from __future__ import annotations

import re

_FIRST = 0xF0000  # a private use area: nobody writes these characters
SYMBOL = re.compile(r"[\U000f0000-\U000ffffd]")


def symbol(number: int) -> str:
    """Return the symbol of a number."""
    return chr(_FIRST + number)
