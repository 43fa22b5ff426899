"""A mapping that never changes, and that grows without being copied."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

_Value = TypeVar("_Value")


class Additions(Mapping[str, _Value]):
    """A mapping that never changes; a copy with more keys takes only the time of the new keys.

    A mapping and its copies share their entries, and each sees those that were there when it was made.
    """

    def __init__(self, entries: Mapping[str, _Value]) -> None:
        self._entries = {key: (number, value) for number, (key, value) in enumerate(entries.items())}
        self._size = len(self._entries)

    def __getitem__(self, key: str) -> _Value:
        number, value = self._entries[key]
        if number >= self._size:
            raise KeyError(key)
        return value

    def __iter__(self) -> Iterator[str]:
        return islice(self._entries, self._size)

    def __len__(self) -> int:
        return self._size

    def adding(self, entries: Mapping[str, _Value]) -> Additions[_Value]:
        """Return the mapping with new keys, or with new values of keys that it has."""
        shared = self._entries
        if len(shared) != self._size or any(key in shared for key in entries):
            return Additions({**self, **entries})
        for key, value in entries.items():
            shared[key] = len(shared), value
        added = Additions[_Value]({})
        added._entries, added._size = shared, len(shared)
        return added
