"""Files that are mistaken for trails, by name, and where to get the records that they lack."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ForeignFormat:
    """A kind of file; `idle` ones lie among CloudTrail's own and lack no record.

    Those that `holds` contain records in a form that is not read.
    """

    name: str
    how: str
    idle: bool
    holds: bool
    keys: frozenset[str]
    columns: frozenset[str]
    starts: tuple[str, ...]

    @property
    def description(self) -> str:
        """Return what it is, and what to do instead."""
        return f"it is {self.name}: {self.how}"


def foreign_format(head: str) -> ForeignFormat | None:
    """Return the format of a file that begins so, if it is known and is not JSON."""
    text = head.lstrip("\ufeff \t\r\n")
    if text[:1] in ("", "{", "["):
        return None
    first = text.splitlines()[0]
    line = next(csv.reader([first], delimiter="\t" if "\t" in first else ","), [])
    columns = {cell.strip().lower() for cell in line} if len(line) > 1 else set()
    return next(
        (
            known
            for known in _formats()
            if text.startswith(known.starts) or (known.columns and known.columns <= columns)
        ),
        None,
    )


def foreign_object(value: Mapping[str, Any]) -> ForeignFormat | None:
    """Return the format of an object that is no record, if it is known."""
    return next((known for known in _formats() if known.keys and known.keys <= value.keys()), None)


@cache
def _formats() -> tuple[ForeignFormat, ...]:
    listed = load(Path(__file__).with_name("formats.yaml")).trees[0].data
    return tuple(
        ForeignFormat(
            described["name"],
            described.get("how", ""),
            described.get("idle", False),
            described.get("holds", False),
            frozenset(described.get("keys", ())),
            frozenset(described.get("columns", ())),
            tuple(described.get("starts", ())),
        )
        for described in listed
    )
