"""One reading of a manifest: as it stands, or as it is for one of its environments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import PlaceName, SourceText
from rolewright.importer.ledger import Ledger
from rolewright.yaml.load import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.importer.copilot.application import Application, CopilotEnvironment
    from rolewright.importer.ledger import FieldFate
    from rolewright.importer.workload import SourceResource, SourceWorkload
    from rolewright.yaml.load import PathInTree

_EITHER = (("image", ("build", "location")), ("count", ("spot", "range")))
"""Mappings of which one field takes the place of another (Copilot's "exclusive" fields, from memory)."""


@dataclass(frozen=True)
class SecretUse:
    """A secret that a container gets: the resource, what stands behind its key for a part of it, and the place.

    `ledger` is that of the file which the path is in. `note` says in which way the manifest has it, "" for the same.
    """

    entry: Mapping[str, Any]
    part: str
    path: PathInTree
    ledger: Ledger
    note: str = ""


@dataclass(frozen=True)
class NetworkValue:
    """A value of the network: an id or ids that an environment has, or None, and the input that asks for it.

    `what` says for people which value it is, and `purpose` what it is for. `path` is where the manifest of the
    environment has it, () for nowhere.
    """

    name: str
    type: str
    purpose: str
    what: str
    value: Any = None
    path: PathInTree = ()


@dataclass
class ManifestReading:
    """A manifest while it is read; `environment` is None for what it says beside its environments.

    `secrets` are by container ("" for the code's own) and variable. `described` are resources by names of their own.
    `shell` says that every environment has one. `beside` are resources that the code may use today, and the manifest
    leaves out, by keys that all environments have in common. `wanted` are values of the network, by their field of
    `compute`.
    """

    application: Application
    environment: CopilotEnvironment | None
    ledger: Ledger
    workload: SourceWorkload
    described: dict[str, SourceResource]
    shell: bool = False
    secrets: dict[tuple[str, str], SecretUse] = field(default_factory=dict)
    beside: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    wanted: dict[str, NetworkValue] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """Return the manifest."""
        found: dict[str, Any] = self.ledger.tree.data
        return found

    @property
    def name(self) -> str:
        """Return the name that Copilot has for the workload, of which it makes names of AWS."""
        return str(self.data["name"])

    @property
    def stack(self) -> str:
        """Return the name of the workload's stack, for people."""
        return self.application.stack(self.name, self.environment.name if self.environment else "")

    def here(self, written: str) -> str | None:
        """Return a text with the values of its shell variables, as it stands where one is not known.

        It is None for what each environment has of its own, where this is the reading for none of them.
        """
        found = self.application.resolved(written)
        parts = found.parts if isinstance(found, SourceText) else (found,)
        if self.environment is not None:
            parts = tuple(self.environment.name if isinstance(part, PlaceName) else part for part in parts)
        elif any(isinstance(part, PlaceName) for part in parts):
            return None
        return SourceText.of(*parts).literal or written

    def written(self, value: Any, *path: str | int) -> Any:  # noqa: ANN401 - YAML
        """Return a value as Copilot takes it for a text: a number, true or false as it is written, such as `False`."""
        place = self.ledger.tree.places.get(path)
        return place.text if isinstance(value, bool | int | float) and place is not None else value

    def set(self, target: str, value: Any, *path: str) -> None:  # noqa: ANN401 - YAML
        """Set a field of `compute`, with expressions in place of shell variables; it comes from a path."""
        self.workload.set(target, self.application.resolved(value), self.ledger.location(path))


class ManifestLedger(Ledger):
    """The ledger of a manifest with all its environments."""

    def refuse(self, refused: Mapping[str, str]) -> None:
        """Take back what was said of fields that the manifest is left without, each with the reason."""
        for path, told in [*self._told.items()]:
            reasons = {why: None for _, target, _ in told for why in _reasons(target, refused)}
            told[:] = [one for one in told if not _reasons(one[1], refused)]
            for reason in reasons:
                self.left(path, reason)

    def hear(self, environments: Mapping[str, EnvironmentLedger]) -> None:
        """Say why a field beside the environments is not carried in some, where that is not said of it already."""
        found: dict[tuple[PathInTree, str], list[str]] = {}
        for name, ledger in environments.items():
            for lost in dict.fromkeys(ledger.lost_beside()):
                found.setdefault(lost, []).append(name)
        for (path, reason), names in found.items():
            if all(said != reason for _, _, said in self._told.get(path, ())):
                self.left(path, reason if len(names) == len(environments) else f"in {', '.join(names)}: {reason}")


class SidecarLedger(Ledger):
    """The account of a sidecar's fields in that of the manifest: a sidecar has the fields of the code."""

    def __init__(self, whole: Ledger) -> None:
        super().__init__(whole.tree)
        self._whole = whole

    def tell(self, path: PathInTree, outcome: FieldFate, target: str, note: str) -> None:
        """Enter what became of a field."""
        inside = f"compute.sidecars.{target.removeprefix('compute.')}" if target.startswith("compute.") else target
        self._whole.tell(path, outcome, inside, note)


class EnvironmentLedger(Ledger):
    """The ledger of a manifest as it is for one environment: places are those of the text that decides."""

    def __init__(self, whole: Tree, environment: str) -> None:
        base = {name: value for name, value in whole.data.items() if name != "environments"}
        self._whole = whole
        self._above: PathInTree = ("environments", environment)
        over = _at(whole.data, self._above)
        places = {
            **whole.places,
            **{path[2:]: place for path, place in whole.places.items() if path[:2] == self._above and len(path) > 2},
        }
        super().__init__(Tree(whole.file, merged(base, over) if isinstance(over, dict) else base, places))

    def _own(self, path: PathInTree) -> PathInTree:
        own = (*self._above, *path)
        return own if _at(self._whole.data, own) is not _NOTHING else ()

    def hand_over(self, to: Ledger, refused: Mapping[str, str], own: Mapping[str, Any]) -> dict[str, str]:
        """Tell the manifest's ledger of the fields under the environment, whose entry of the manifest is `own`.

        `refused` are the fields of `compute` and `resources` that the environment cannot have, each with the reason.
        Return those that no field under the environment was told to be.
        """
        if _at(self._whole.data, self._above) in (None, {}):
            to.carried(self._above, ".".join(map(str, self._above)))
        taken: set[str] = set()
        for path, told in self._told.items():
            place = self._own(path)
            for outcome, target, note in told if place else ():
                reasons = _reasons(target, refused) if outcome != "not carried" else {}
                taken |= {field_ for fields in reasons.values() for field_ in fields}
                for reason in reasons:
                    to.left(place, reason)
                if not reasons:
                    to.tell(place, outcome, self._placed(target, own), note)
        return {field_: reason for field_, reason in refused.items() if field_ not in taken}

    def lost_beside(self) -> Iterator[tuple[PathInTree, str]]:
        """Yield the fields beside the environments that are not carried in this one, each with the reason."""
        for path, told in self._told.items():
            for outcome, _, note in told:
                if outcome == "not carried" and not self._own(path):
                    yield path, note

    def _placed(self, target: str, own: Mapping[str, Any]) -> str:
        """Return where the value is: under the environment where it has its own, else where all have the same."""
        there = _at(own, tuple(target.split("."))) is not _NOTHING
        return ".".join((*map(str, self._above), target)) if there else target


def merged(base: Any, over: Any) -> Any:  # noqa: ANN401 - YAML
    """Return a manifest's value with that of an environment on it: mappings by key, all else as a whole."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return base if over is None else over
    found = {key: merged(value, over[key]) if key in over else value for key, value in base.items()}
    found |= {key: value for key, value in over.items() if key not in base}
    for name, choices in _EITHER:
        there = over.get(name)
        if isinstance(there, dict) and any(choice in there for choice in choices):
            found[name] = {key: value for key, value in found[name].items() if key in there or key not in choices}
    return found


def _at(data: Any, path: PathInTree) -> Any:  # noqa: ANN401 - YAML
    for step in path:
        in_list = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if in_list or (isinstance(data, dict) and step in data):
            data = data[step]
        else:
            return _NOTHING
    return data


_NOTHING = object()


def _reasons(target: str, refused: Mapping[str, str]) -> dict[str, list[str]]:
    """Return why a target is refused, each reason with the fields that have it; {} for one that is not."""
    found: dict[str, list[str]] = {}
    for field_, reason in refused.items():
        if _one_is_inside(target, field_):
            found.setdefault(reason, []).append(field_)
    return found


def _one_is_inside(target: str, other: str) -> bool:
    return f"{target}.".startswith(f"{other}.") or (bool(target) and f"{other}.".startswith(f"{target}."))
