"""Values of a foreign document in the shape that a format gives them: what has another shape counts as not there.

Nothing is lost by it: a field that nobody accounts for is reported as one that is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def mapping(value: Any) -> dict[str, Any]:  # noqa: ANN401 - YAML
    """Return a mapping; {} for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - YAML
    """Return a list; [] for anything else."""
    return value if isinstance(value, list) else []


def several(value: Any) -> list[Any]:  # noqa: ANN401 - YAML
    """Return a list, or a single value as a list of one, as many formats take either."""
    return value if isinstance(value, list) else [value]


def mappings(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:  # noqa: ANN401 - YAML
    """Yield the mappings of a list, each with its number."""
    for number, inner in enumerate(listed(value)):
        if isinstance(inner, dict):
            yield number, inner


def text(value: Any, default: str = "") -> str:  # noqa: ANN401 - YAML
    """Return a text, or a number as one; the default for anything else."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else default


def at(value: Any, path: Sequence[Any]) -> Any:  # noqa: ANN401 - YAML
    """Return what stands at a path below a value; None for nothing."""
    for step in path:
        known = step in value if isinstance(value, dict) else isinstance(value, list) and step in range(len(value))
        value = value[step] if known else None
    return value
