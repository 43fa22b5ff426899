"""Layers of one service, merged as compose merges them: what all files say of it together, and where each part stands.

Compose Specification, "Merge and override"; compose-go, override/merge.go and override/uncity.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.importer.field_table import format_data
from rolewright.importer.ledger import Ledger
from rolewright.importer.shapes import listed, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.core.finding import Location
    from rolewright.importer.ledger import FieldFate
    from rolewright.yaml.load import PathInTree

OVERRIDE, RESET = "!override", "!reset"
"""The tags of Compose 2.24: a value that takes the place of the weaker ones, and one that is to be gone."""


@dataclass(frozen=True)
class Layer:
    """The part of a service that one file describes."""

    ledger: Ledger
    path: PathInTree
    data: dict[str, Any]


class SharedLedger(Ledger):
    """The account of a service that several files describe: each file gets what is said of its own part."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__(layers[-1].ledger.tree)
        self.parts: dict[PathInTree, list[tuple[Ledger, PathInTree]]] = {
            (): [(layer.ledger, layer.path) for layer in layers]
        }

    def tell(self, path: PathInTree, outcome: FieldFate, target: str, note: str) -> None:
        """Enter what became of a field in the accounts of all files that have a part of it."""
        for ledger, inner in self._parts(path):
            ledger.tell(inner, outcome, target, note)

    def location(self, path: PathInTree) -> Location:
        """Return where the strongest file says a field."""
        ledger, inner = self._parts(path)[-1]
        return ledger.location(inner)

    def file(self, path: PathInTree) -> str:
        """Return the file in which a field stands."""
        return self._parts(path)[-1][0].tree.file

    def _parts(self, path: PathInTree) -> list[tuple[Ledger, PathInTree]]:
        """Return where a field stands; one that no file has is below the nearest that there is."""
        known = next(path[:length] for length in range(len(path), -1, -1) if path[:length] in self.parts)
        return [(ledger, (*inner, *path[len(known) :])) for ledger, inner in self.parts[known]]


@dataclass(frozen=True)
class ComposeService:
    """A service as compose starts it: `data` is what its layers say together."""

    ledger: SharedLedger
    data: dict[str, Any]

    @classmethod
    def of(cls, layers: Sequence[Layer]) -> ComposeService:
        """Merge layers, the weakest first; what a later one says instead is told to the account of the weaker file."""
        merged = _Part({}, [])
        for layer in layers:
            given = {key: value for key, value in layer.data.items() if key != "extends"}
            merged = _merged(merged, _part(layer.ledger, layer.path, given, ()), ())
        ledger = SharedLedger(layers)
        return cls(ledger, dict(_plain(merged, (), ledger)))


@dataclass
class _Part:
    """A value, of which the inner ones are parts as well, and where it stands.

    One that is `whole` takes the place of weaker ones, and after one that is `gone` nothing of the field is left.
    """

    value: Any
    places: list[tuple[Ledger, PathInTree]]
    whole: bool = False
    gone: bool = False


def _part(ledger: Ledger, place: PathInTree, value: Any, path: tuple[str, ...]) -> _Part:  # noqa: ANN401 - YAML
    """Return a value of one file in the form in which values of several files are merged."""
    places = [(ledger, place)]
    if isinstance(value, dict) and set(value) == {RESET}:
        return _Part(None, [(ledger, (*place, RESET))], gone=True)
    if isinstance(value, dict) and set(value) == {OVERRIDE}:
        inner = _part(ledger, (*place, OVERRIDE), value[OVERRIDE], path)
        inner.whole = True
        return inner
    facts = format_data("compose").facts
    name = path[-1] if path else ""
    if len(path) == 1 and name in facts["sequences"] and isinstance(value, str):
        return _Part([_Part(value, places)], places)
    if name in facts["pairs"] and isinstance(value, list):
        found: dict[str, _Part] = {}
        for step, key, inner in pairs(value):
            _instead(found.get(key), ledger, (*place, step))
            found[key] = _Part(inner, [(ledger, (*place, step))])
        return _Part(found, places)
    if isinstance(value, dict):
        inner_parts = {key: _part(ledger, (*place, key), inner, (*path, str(key))) for key, inner in value.items()}
        return _Part(inner_parts, places)
    if isinstance(value, list):
        items = [_part(ledger, (*place, number), inner, (*path, "")) for number, inner in enumerate(value)]
        return _Part(items, places)
    return _Part(value, places)


def _merged(weak: _Part, strong: _Part, path: tuple[str, ...]) -> _Part:
    """Return what two values are together."""
    ledger, place = strong.places[0]
    if strong.value is None and not strong.gone and path[-2:-1] != ("environment",):
        return _Part(weak.value, [*weak.places, *strong.places])
    if strong.whole or strong.gone:
        _instead(weak, ledger, place)
        return strong
    facts = format_data("compose").facts
    if isinstance(weak.value, dict) and isinstance(strong.value, dict):
        both = dict(weak.value)
        for key, inner in strong.value.items():
            both[key] = _merged(both[key], inner, (*path, str(key))) if key in both else inner
        return _Part(both, [*weak.places, *strong.places])
    if isinstance(weak.value, list) and isinstance(strong.value, list) and path[-1] not in facts["replaced"]:
        return _Part(_appended(weak.value, strong.value, path[-1]), [*weak.places, *strong.places])
    _instead(weak, ledger, place)
    return strong


def _appended(weak: list[_Part], strong: list[_Part], name: str) -> list[_Part]:
    """Return the items of two lists; of those that say the same place in the container, the later one counts."""
    found: dict[Any, _Part] = {}
    for item in (*weak, *strong):
        key = _key(item, name)
        _instead(found.get(key), *item.places[0])
        found[key] = item
    return list(found.values())


def _key(item: _Part, name: str) -> Any:  # noqa: ANN401 - a key of a mapping
    """Return by what an item of a list is known, which no two of it share."""
    value = item.value
    inner = {key: part.value for key, part in value.items()} if isinstance(value, dict) else {}
    if name == "volumes":
        parts = text(value).split(":")
        return text(inner.get("target")) or parts[min(1, len(parts) - 1)] or id(item)
    if name == "secrets":
        return text(inner.get("target")) or text(inner.get("source")) or text(value) or id(item)
    return text(value) or id(item)


def _instead(weak: _Part | None, ledger: Ledger, place: PathInTree) -> None:
    """Say in the account of a weaker file that another place counts."""
    for weaker, at in weak.places if weak is not None else ():
        weaker.left(at, f"{ledger.location(place)} says it instead")


def _plain(part: _Part, path: PathInTree, ledger: SharedLedger) -> Any:  # noqa: ANN401 - YAML
    """Return a merged value as YAML has it, and enter where each part of it stands."""
    if path:
        ledger.parts[path] = part.places
    if isinstance(part.value, dict):
        for gone in (inner for inner in part.value.values() if inner.gone):
            _reset(gone)
        return {key: _plain(inner, (*path, key), ledger) for key, inner in part.value.items() if not inner.gone}
    if isinstance(part.value, list):
        return [_plain(inner, (*path, number), ledger) for number, inner in enumerate(part.value)]
    return part.value


def _reset(part: _Part) -> None:
    for ledger, place in part.places:
        ledger.carried(place, "", "the field is gone, and what happens without it is the same here")


def pairs(value: Any) -> Iterator[tuple[Any, str, Any]]:  # noqa: ANN401 - YAML
    """Yield the names and values of a mapping, or of a list of `NAME=VALUE`; with each the step that leads to it.

    A name alone has the value None: compose takes it from the shell.
    """
    yield from ((name, str(name), inner) for name, inner in mapping(value).items())
    for number, line in enumerate(listed(value)):
        if isinstance(line, str):
            name, sign, rest = line.partition("=")
            yield number, name.strip(), rest if sign else None
