"""What becomes of each field of a source: every one of them is accounted for, also those that nobody looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.core.finding import Location
    from rolewright.yaml.load import PathInTree, Tree

FieldFate = Literal["carried", "derived", "not carried"]
_UNKNOWN = "rolewright does not read this field"


@dataclass(frozen=True)
class FieldOutcome:
    """What became of one field: `target` is its path in the manifest, "" for none, and `note` says how or why not.

    A field is `derived` where the manifest says it in another way. `called` is what people call it, where that is not
    its path; where several are called the same, the text of a report says what became of them once.
    """

    field: str
    location: Location
    outcome: FieldFate
    target: str
    note: str
    called: str = ""


class Ledger:
    """The fields of one document of a source, and what became of those that were looked at.

    What is said of a field holds for all below it, unless something is said of a part by itself.
    """

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.called: dict[PathInTree, str] = {}
        self._told: dict[PathInTree, list[tuple[FieldFate, str, str]]] = {}

    def carried(self, path: PathInTree, target: str, note: str = "") -> None:
        """Say that a manifest's field has the value as it is."""
        self.tell(path, "carried", target, note)

    def derived(self, path: PathInTree, target: str, note: str) -> None:
        """Say that the manifest says the same in another way."""
        self.tell(path, "derived", target, note)

    def left(self, path: PathInTree, reason: str) -> None:
        """Say that the manifest does not have it, and why."""
        self.tell(path, "not carried", "", reason)

    def tell(self, path: PathInTree, outcome: FieldFate, target: str, note: str) -> None:
        """Enter what became of a field; what has been said already is not said twice."""
        told = self._told.setdefault(path, [])
        if (outcome, target, note) not in told:
            told.append((outcome, target, note))

    def take(self, other: Ledger, note: str) -> None:
        """Enter what another account of the same document says of fields that this one says nothing of."""
        for path, told in other.told():
            if not self.accounted(path):
                for outcome, target, words in told:
                    self.tell(path, outcome, target, ": ".join(filter(None, (note, words))))

    def told(self) -> list[tuple[PathInTree, list[tuple[FieldFate, str, str]]]]:
        """Return what was said of each field."""
        return list(self._told.items())

    def says(self, path: PathInTree) -> bool:
        """Return whether anything was said of a field or of a part of it."""
        return any(told[: len(path)] == path for told in self._told)

    def accounted(self, path: PathInTree) -> bool:
        """Return whether something was said of a field itself."""
        return path in self._told

    def unread(self, path: PathInTree, value: Any) -> None:  # noqa: ANN401 - YAML
        """Say of each part of a field that nothing was said of that it is not read."""
        if path in self._told:
            return
        parts: Iterable[tuple[str | int, Any]] = ()
        if any(known[: len(path)] == path for known in self._told):
            parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            for key, part in parts:
                self.unread((*path, key), part)
        else:
            self.left(path, _UNKNOWN)

    def location(self, path: PathInTree) -> Location:
        """Return where a field stands."""
        return self.tree.location(path, key=True)

    def outcomes(self) -> Iterator[FieldOutcome]:
        """Yield the fields in the order of the source; a part that nothing was said of counts as not carried."""
        above = {path[:length] for path in self._told for length in range(len(path))}
        yield from self._below((), self.tree.data, above, accounted=False)

    def _below(
        self,
        path: PathInTree,
        value: Any,  # noqa: ANN401 - YAML
        above: set[PathInTree],
        *,
        accounted: bool,
    ) -> Iterator[FieldOutcome]:
        """Yield what was said of a field and of its parts; `accounted` tells that something was said of all of it."""
        told = self._told.get(path, ())
        for outcome, target, note in told:
            yield FieldOutcome(dotted(path), self.location(path), outcome, target, note, self._called(path))
        parts: Iterable[tuple[str | int, Any]] = ()
        if isinstance(value, dict):
            parts = value.items()
        elif isinstance(value, list):
            parts = enumerate(value)
        if (path in above and value and parts) or not path:
            for key, part in parts:
                yield from self._below((*path, key), part, above, accounted=accounted or bool(told))
        elif not told and not accounted and value not in ({}, [], None):
            yield FieldOutcome(dotted(path), self.location(path), "not carried", "", _UNKNOWN, self._called(path))

    def _called(self, path: PathInTree) -> str:
        """Return what people call a field, by the nearest part of its path that has a name; "" for none."""
        for length in range(len(path), 0, -1):
            name = self.called.get(path[:length])
            if name is not None:
                rest = dotted(path[length:])
                return f"{name}.{rest}" if rest and not rest.startswith("[") else f"{name}{rest}"
        return ""


def dotted(path: PathInTree) -> str:
    """Return a path as people write it: `containerDefinitions[0].image`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
