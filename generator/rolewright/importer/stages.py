"""What an environment has other than the one that a manifest is written for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.importer.expression import HeldValue
from rolewright.importer.shapes import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def overrides_of(base: Mapping[str, Any], other: Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """Return the values of some fields of `compute` that another environment replaces; only what `base` has."""
    found = {name: _changed(base[name], other.get(name), name) for name in fields if name in base}
    return {name: value for name, value in found.items() if value is not None}


def _changed(base: Any, other: Any, name: str) -> Any:  # noqa: ANN401 - YAML
    """Return what another environment has in the place of a value; None for the same."""
    if base == other:
        return None
    if isinstance(base, dict):
        inner = {key: _changed(value, mapping(other).get(key), str(key)) for key, value in base.items()}
        return {key: value for key, value in inner.items() if value is not None} or None
    return HeldValue(f"{name} here: the source does not say it", base) if other is None else other
