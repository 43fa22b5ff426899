"""Sizes of tasks: a source asks for at least so much, and the compute type takes certain pairs of cpu and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.blueprint.model import ComputeBlueprint


def smallest(blueprint: ComputeBlueprint, at_least: Mapping[str, int]) -> tuple[int, int] | None:
    """Return the smallest CPU units and MiB of memory that a type takes together and that are no less than asked for.

    The pairs are those of the blueprint's rules. None where it has no such pair.
    """
    fitting = (
        (cpu, memory)
        for cpu, memories in _pairs(blueprint)
        if cpu >= at_least.get("cpu", 0)
        for memory in memories
        if memory >= at_least.get("memory", 0)
    )
    return min(fitting, default=None)


def _pairs(blueprint: ComputeBlueprint) -> Iterator[tuple[int, Iterable[int]]]:
    for rule in blueprint.rules:
        asked, required = rule.when.document.get("properties", {}), rule.require.document.get("properties", {})
        if set(asked) == {"cpu"} and "const" in asked["cpu"] and set(required) == {"memory"}:
            yield asked["cpu"]["const"], _values(required["memory"])


def _values(schema: Mapping[str, Any]) -> Iterable[int]:
    if "enum" in schema:
        return sorted(schema["enum"])
    return range(schema["minimum"], schema["maximum"] + 1, schema["multipleOf"])
