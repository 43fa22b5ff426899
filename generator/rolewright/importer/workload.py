"""A workload as a source describes it, in the words of a manifest as far as they go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.core.finding import Location
    from rolewright.importer.ledger import FieldOutcome


@dataclass(frozen=True)
class OldPolicy:
    """A policy document that a role has today, with expressions in place of texts, and where it stands.

    `managed` says that it is compared alone, and that no entries are made of it: AWS wrote it, so that it fits no
    workload, or the source has words for what it allows, which are verbs already.
    """

    document: Any
    origin: str
    managed: bool = False


@dataclass(frozen=True)
class OldRole:
    """A role that exists, or that the source makes: `role` is the one of the module that takes its place.

    `unread` says what it may do beside its policies that nobody gave, such as a managed policy of the account.
    `account` is the one that it is in, "" where that is not known.
    """

    role: str
    policies: tuple[OldPolicy, ...] = ()
    unread: tuple[str, ...] = ()
    account: str = ""


@dataclass(frozen=True)
class Renamed:
    """A resource of a policy that is `here` in the first environment, and `there` in another."""

    environment: str
    here: Any
    there: Any


@dataclass(frozen=True)
class SourceResource:
    """A resource that the source describes: its type here, and the fields that name it."""

    type: str
    fields: Mapping[str, Any]


@dataclass
class SourceWorkload:
    """A workload while its source is read.

    The values of `compute`, `resources`, `environments` and `top` (the other keys of a manifest) may be expressions
    and held values. `origins` are the places in the source of the manifest's paths. `roles` is empty where the source
    says nothing of them. `at_least` are the `cpu` units and MiB of `memory` that the source asks for: the manifest gets
    the next larger that its compute type takes. `apart` has, by environment, the paths of what is other there than in
    the first one and stands in no override, with the reason. `described` are the source's resources in the first one,
    where they are not the same in all, and `renamed` are those of policies that go by other names elsewhere. `left_out`
    are the paths of what the first has and the manifest does not, with the reason.
    """

    name: str
    type: str
    compute: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(default_factory=dict)
    top: dict[str, Any] = field(default_factory=dict)
    roles: list[OldRole] = field(default_factory=list)
    origins: dict[tuple[str, ...], Location] = field(default_factory=dict)
    at_least: dict[str, int] = field(default_factory=dict)
    apart: dict[str, dict[str, str]] = field(default_factory=dict)
    described: Mapping[str, SourceResource] = field(default_factory=dict)
    renamed: list[Renamed] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def set(self, target: str, value: Any, origin: Location) -> None:  # noqa: ANN401 - YAML
        """Set a field by its dotted path below `compute`."""
        *way, last = target.split(".")
        inner = self.compute
        for step in way:
            inner = inner.setdefault(step, {})
        inner[last] = value
        self.origins["compute", *way, last] = origin

    def add(self, key: str, entry: Mapping[str, Any], origin: Location) -> str:
        """Add a resource, or the access of one that is there alike, and return its key."""
        plain = {name: value for name, value in entry.items() if name != "access"}
        for known, there in self.resources.items():
            if {name: value for name, value in there.items() if name != "access"} == plain:
                merged = [*dict.fromkeys([*there.get("access", ()), *entry.get("access", ())])]
                if merged:
                    there["access"] = merged
                return known
        numbers = (f"{key}-{number}" for number in range(2, len(self.resources) + 3))
        free = next(name for name in (key, *numbers) if name not in self.resources)
        self.resources[free] = dict(entry)
        self.origins["resources", free] = origin
        return free


@dataclass(frozen=True)
class ImportSource:
    """What was read of a source: its workloads, every field and what became of it, its resources, and what to know.

    `chosen_by` is the parameter by which one environment alone can be read, "" where there is none.
    """

    format: str
    files: tuple[str, ...]
    workloads: tuple[SourceWorkload, ...]
    outcomes: tuple[FieldOutcome, ...]
    described: Mapping[str, SourceResource]
    notes: tuple[str, ...] = ()
    chosen_by: str = ""
