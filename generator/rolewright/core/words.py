"""Words of other tools, and sentences that say values to people: data of the blueprints that decides nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Words:
    """The content of `words.yaml`.

    `patterns` says of a regular expression what a text has to be, with an example behind `such as`. `synonyms` has,
    by the name of a place, the names that a squashed word may stand for. `forms` are regular expressions of values,
    each with what a value is that it finds, such as `an ARN`.
    """

    patterns: Mapping[str, str] = field(default_factory=dict)
    synonyms: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)

    def form(self, value: str) -> str:
        """Return what a value is, or "" where nothing is known of it."""
        return next((is_ for pattern, is_ in self.forms.items() if re.search(pattern, value)), "")

    def example(self, pattern: str) -> str:
        """Return the text with which the sentence of a pattern ends, or ""."""
        return self.patterns.get(pattern, "").rpartition("such as ")[2]

    def meant(self, *places: str) -> Mapping[str, Sequence[str]]:
        """Return the synonyms of all these places; of a word that two have, those of the first."""
        return {word: names for place in reversed(places) for word, names in self.synonyms.get(place, {}).items()}
