"""How Terraform imports each resource type: the table imports.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ImportRule:
    """How resources of one type are imported; the fields are described in imports.yaml."""

    id: str = ""
    find: str = ""
    known_by: tuple[str, ...] = ()
    setting: bool = False
    none: str = ""
    role: bool = False


@cache
def import_rules() -> Mapping[str, ImportRule]:
    """Load the rule of each Terraform type."""
    table = load(Path(__file__).with_name("imports.yaml")).trees[0].data
    return {
        type_: ImportRule(**{**fields, "known_by": tuple(fields.get("known_by", ()))})
        for type_, fields in table.items()
    }
