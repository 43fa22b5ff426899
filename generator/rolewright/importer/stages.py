"""What an environment has other than the one that a manifest is written for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rolewright.importer.workload import SourceWorkload

_MISSING = object()


def add_environment(workload: SourceWorkload, name: str, other: SourceWorkload) -> dict[str, Any]:
    """Add an environment in which the workload is read as `other`, and return its entry.

    Whether a manifest takes each override is seen when it is read; what none could say is entered in `apart`.
    """
    entry: dict[str, Any] = {}
    apart = workload.apart.setdefault(name, {})
    for section in ("compute", "resources"):
        replaced = _replaced(getattr(workload, section), getattr(other, section), (section,), apart)
        if replaced:
            entry[section] = replaced
    for key in dict.fromkeys((*workload.top, *other.top)):
        if workload.top.get(key, _MISSING) != other.top.get(key, _MISSING):
            apart[key] = "an environment overrides values of compute and resources alone"
    workload.environments[name] = entry
    return entry


def _replaced(
    base: Mapping[str, Any], other: Mapping[str, Any], path: Sequence[str], apart: dict[str, str]
) -> dict[str, Any]:
    """Return the values of a mapping that another environment replaces."""
    found: dict[str, Any] = {}
    for key in dict.fromkeys((*base, *other)):
        here, there = base.get(key, _MISSING), other.get(key, _MISSING)
        inside = (*path, str(key))
        if here == there:
            continue
        if isinstance(here, dict) and isinstance(there, dict):
            inner = _replaced(here, there, inside, apart)
            if inner:
                found[key] = inner
        elif there is _MISSING and isinstance(here, str | int | float) and not isinstance(here, bool):
            found[key] = HeldValue(f"{key} here: the source does not say it", here)
        elif there is _MISSING or isinstance(there, dict) or isinstance(here, dict):
            apart[".".join(inside)] = "an environment neither adds nor takes away a part of the manifest"
        else:
            found[key] = there
    return found
