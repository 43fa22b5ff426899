"""Tables of what AWS's own names stand for, such as the processors of instance types: `facts/NAME.yaml` of a root."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Rejected
from rolewright.yaml.load import load
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = Schema(
    {
        "type": "object",
        "additionalProperties": False,
        "required": ["summary", "source", "facts"],
        "properties": {
            "summary": {"type": "string"},
            "source": {"type": "string"},
            "facts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["of"],
                    "properties": {"of": {"type": "array", "items": {"type": "string"}}},
                },
            },
        },
    }
)


@dataclass(frozen=True)
class FactTable:
    """The facts about names: about each alone, or about all that begin with the same word, such as `t4g.*`."""

    names: Mapping[str, Mapping[str, Any]]

    def of(self, name: str) -> Mapping[str, Any]:
        """Return all that is known of a name; what is said of it alone goes first."""
        return {**self.names.get(f"{name.partition('.')[0]}.*", {}), **self.names.get(name, {})}


class FactTables(Mapping[str, FactTable]):
    """The tables by name; each is read at its first use. Raises Rejected for one that is broken."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = dict(sorted(files.items()))
        self._known: dict[str, FactTable] = {}

    def __getitem__(self, name: str) -> FactTable:
        if name not in self._known:
            self._known[name] = _read(self._files[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def _read(path: Path) -> FactTable:
    names: dict[str, dict[str, Any]] = {}
    (tree, *more) = load(path).trees
    findings = list(_SCHEMA.findings(tree.data, tree.location, "blueprint"))
    if more:
        place = more[0].location(())
        findings.append(
            Finding("blueprint-document", "a file of facts must be one YAML document", "remove the others", place)
        )
    if findings:
        raise Rejected(findings)
    for entry in tree.data["facts"]:
        facts = {key: value for key, value in entry.items() if key != "of"}
        for name in entry["of"]:
            names.setdefault(name, {}).update(facts)
    return FactTable(names)
