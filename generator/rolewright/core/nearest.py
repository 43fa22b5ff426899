"""A word that is none of the known names → those that it may have been meant for."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_MOST = 3
_NEAR = 0.8
"""The least likeness of a word to a name; below that, two names of different things are as like as a slip of one."""
_CAPITAL = re.compile("(?<=[a-z0-9])(?=[A-Z])")
_BETWEEN = re.compile("[^a-z0-9]+")


def squashed(word: str) -> str:
    """Return a word as it is the same in all ways of writing it: `MemorySize`, `memory_size` and `memory-size`."""
    return _BETWEEN.sub("", word.lower())


def nearest(word: str, known: Collection[str], synonyms: Mapping[str, Sequence[str]] | None = None) -> tuple[str, ...]:
    """Return the names that a word may stand for, at most three, or none where no name is like it.

    That is what `synonyms` has for it, by squashed words: names that are known, paths that begin with one, and what is
    elsewhere, with a slash in front. Else it is the names that have the word as a part, as `dynamodb-table` has
    `table`, or the one that is spelt nearly like it.
    """
    words = _BETWEEN.split(_CAPITAL.sub("-", word).lower())
    plain = squashed(word.removeprefix("aws_").removeprefix("AWS::"))
    meant = [name for name in (synonyms or {}).get(plain, ()) if name.startswith("/") or name.split(".")[0] in known]
    same = [name for name in known if squashed(name) == plain]
    if same or meant:
        return tuple(same or meant)[:_MOST]
    parts = [name for name in known if "-".join(words) in re.split("[-_]", name.lower())]
    return tuple(parts[:_MOST] or difflib.get_close_matches("_".join(words), known, 1, _NEAR)) or tuple(
        difflib.get_close_matches("-".join(words), known, 1, _NEAR)
    )


def hint(word: str, known: Collection[str], synonyms: Mapping[str, Sequence[str]] | None = None) -> str:
    """Return the end of a sentence that says of a word that it is none of the known names: what there is instead."""
    near = nearest(word, known, synonyms)
    return f"; did you mean {' or '.join(near)}?" if near else f": there are {', '.join(known)}"
