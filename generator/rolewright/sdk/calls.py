"""What code asks of AWS: a call of an operation, with what can be told of its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.finding import Location


@dataclass(frozen=True)
class Said:
    """A value in code: its text where that can be told, and what the code calls it where not ("" for nothing)."""

    text: str | None
    hint: str = ""


UNKNOWN = "\0"
"""Begins a key of a mapping that the code does not tell; what the code calls it follows."""
Argument: TypeAlias = "Said | tuple[Argument, ...] | Mapping[str, Argument]"
"""A tuple holds the elements of a list, or all that a value may be."""


@dataclass(frozen=True)
class Call:
    """A call of an operation of a service, both by the names that botocore gives them.

    `arguments` are None where the code does not tell them. `is_sure` says that the code was understood; False that
    only a pattern was found, as in languages that are not parsed.
    """

    service: str
    operation: str
    arguments: Mapping[str, Argument] | None
    location: Location
    is_sure: bool = True

    def given(self, path: str) -> tuple[Said, ...]:
        """What stands at a path of the arguments: `Bucket`, `Entries[].Name`, `Items{}` for the keys of a mapping."""
        return () if self.arguments is None else tuple(_at(self.arguments, path.replace("{}", ".{}").split(".")))


@dataclass(frozen=True)
class Unmapped:
    """Something that calls AWS, and what keeps it from being told which operation or which permission."""

    text: str
    reason: str
    location: Location


def _at(value: object, path: list[str]) -> Iterator[Said]:
    if isinstance(value, tuple):
        for one in value:
            yield from _at(one, path)
    elif not path:
        if isinstance(value, Said):
            yield value
    elif isinstance(value, dict):
        step = path[0].removesuffix("[]")
        if step == "{}":
            yield from (Said(None, key[1:]) if key.startswith(UNKNOWN) else Said(key) for key in value)
        elif step in value:
            yield from _at(value[step], path[1:])
    elif isinstance(value, Said):
        yield Said(None, value.hint)
