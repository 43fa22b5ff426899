"""A word that is none of the known names → those that it may have been meant for."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_MEANT = {
    **dict.fromkeys(("receive", "poll", "dequeue"), "consume"),
    **dict.fromkeys(("fetch", "download", "load"), "get"),
    **dict.fromkeys(("insert", "upload", "store", "save"), "put"),
    **dict.fromkeys(("remove", "drop"), "delete"),
    **dict.fromkeys(("notify", "emit"), "publish"),
    **dict.fromkeys(("call", "run", "execute"), "invoke"),
    "push": "send",
}
"""What a verb is called elsewhere, where no name here is spelt nearly like it."""
_MOST = 3
_NEAR = 0.6


def nearest(word: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the names that a word may stand for: those that have it as a part, as `dynamodb-table` has `table`."""
    meant = _MEANT.get(word.lower(), "")
    if meant in known:
        return (meant,)
    parts = tuple(name for name in known if word.lower() in re.split("[-_]", name.lower()))
    return parts[:_MOST] or tuple(difflib.get_close_matches(word, known, 1, _NEAR))


def hint(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence that says of a word that it is none of the known names: what there is instead."""
    near = nearest(word, known)
    return f"; did you mean {' or '.join(near)}?" if near else f": there are {', '.join(known)}"
