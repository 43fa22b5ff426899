"""One reading of a manifest: as it stands, or as it is for one of its environments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rolewright.importer.ledger import Ledger
from rolewright.yaml.load import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.importer.copilot.application import Application, CopilotEnvironment
    from rolewright.importer.workload import SourceResource, SourceWorkload
    from rolewright.yaml.load import PathInTree

_EITHER = (("image", ("build", "location")), ("count", ("spot", "range")))
"""Mappings of which one field takes the place of another (Copilot's "exclusive" fields, from memory)."""


@dataclass(frozen=True)
class SecretUse:
    """A secret that a container gets: the resource, what stands behind its key for a part of it, and the place.

    The path is () for one that is not in the manifest.
    """

    entry: Mapping[str, Any]
    part: str
    path: PathInTree


@dataclass
class ManifestReading:
    """A manifest while it is read; `environment` is None for what it says beside its environments.

    `secrets` are by container ("" for the code's own) and variable. `described` are resources by names of their own.
    `shell` says that every environment has one. `beside` are resources that the code may use today, and the manifest
    leaves out.
    """

    application: Application
    environment: CopilotEnvironment | None
    ledger: Ledger
    workload: SourceWorkload
    described: dict[str, SourceResource]
    shell: bool = False
    secrets: dict[tuple[str, str], SecretUse] = field(default_factory=dict)
    beside: list[Mapping[str, Any]] = field(default_factory=list)

    @property
    def data(self) -> dict[str, Any]:
        """Return the manifest."""
        found: dict[str, Any] = self.ledger.tree.data
        return found

    @property
    def stack(self) -> str:
        """Return the name of the workload's stack, for people."""
        return self.application.stack(self.workload.name, self.environment.name if self.environment else "")

    def written(self, value: Any, *path: str | int) -> Any:  # noqa: ANN401 - YAML
        """Return a value as Copilot takes it for a text: a number, true or false as it is written, such as `False`."""
        place = self.ledger.tree.places.get(path)
        return place.text if isinstance(value, bool | int | float) and place is not None else value

    def set(self, target: str, value: Any, *path: str) -> None:  # noqa: ANN401 - YAML
        """Set a field of `compute`, with expressions in place of shell variables; it comes from a path."""
        self.workload.set(target, self.application.resolved(value), self.ledger.location(path))


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

    def hand_over(self, to: Ledger, refused: Mapping[str, str]) -> None:
        """Tell the manifest's ledger of the fields under the environment.

        `refused` are the fields of `compute` and `resources` that the environment cannot have, each with the reason.
        """
        for path, told in self._told.items():
            own = self._own(path)
            for outcome, target, note in told if own else ():
                reason = next((why for field_, why in refused.items() if _one_is_inside(target, field_)), None)
                if reason is not None and outcome != "not carried":
                    to.left(own, reason)
                elif outcome == "not carried":
                    to.left(own, note)
                elif outcome == "derived":
                    to.derived(own, self._placed(target), note)
                else:
                    to.carried(own, self._placed(target), note)

    def _placed(self, target: str) -> str:
        in_environment = target.startswith(("compute.", "resources."))
        return ".".join((*map(str, self._above), target)) if in_environment else target


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


def _one_is_inside(target: str, other: str) -> bool:
    return f"{target}.".startswith(f"{other}.") or (bool(target) and f"{other}.".startswith(f"{target}."))
