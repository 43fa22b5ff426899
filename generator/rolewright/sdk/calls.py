"""What code asks of AWS: a call of an operation, with what can be told of its arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.finding import Location


@dataclass(frozen=True)
class Scalar:
    """A value in code: its text where that can be told, and what the code calls it where not ("" for nothing)."""

    text: str | None
    hint: str = ""


UNKNOWN = "\0"
"""Begins a key of a mapping that the code does not tell; what the code calls it follows."""
Argument: TypeAlias = "Scalar | tuple[Argument, ...] | Mapping[str, Argument]"
"""A tuple holds the elements of a list, or all that a value may be."""


@dataclass(frozen=True)
class ApiCall:
    """A call of an operation of a service, both by the names that botocore gives them.

    `arguments` are None where the code does not tell them. `is_sure` says that the code was understood; False that
    only a pattern was found, as in languages that are not parsed.
    """

    service: str
    operation: str
    arguments: Mapping[str, Argument] | None
    location: Location
    is_sure: bool = True

    def values_at(self, path: str) -> tuple[Scalar, ...]:
        """Return what is at a path of the arguments: `Bucket`, `Entries[].Name`, `Items{}` for a mapping's keys."""
        return tuple(scalar for scalar, _ in self._found(path))

    def shows(self, path: str) -> bool:
        """Return whether the code itself has something at a path, and not only in what it gets from elsewhere."""
        return any(is_shown for _, is_shown in self._found(path))

    def _found(self, path: str) -> Iterator[tuple[Scalar, bool]]:
        if self.arguments is not None:
            yield from _at(self.arguments, path.replace("{}", ".{}").split("."))


@dataclass(frozen=True)
class Unmapped:
    """Something that calls AWS, and what keeps it from being told which operation or which permission."""

    text: str
    reason: str
    location: Location


def _at(value: object, path: list[str]) -> Iterator[tuple[Scalar, bool]]:
    """Yield what is at a path, and whether the code shows that it is there."""
    if isinstance(value, tuple):
        for element in value:
            yield from _at(element, path)
    elif not path:
        if isinstance(value, Scalar):
            yield value, True
    elif isinstance(value, dict):
        step = path[0].removesuffix("[]")
        if step == "{}":
            keys = (Scalar(None, key[1:]) if key.startswith(UNKNOWN) else Scalar(key) for key in value)
            yield from ((key, True) for key in keys)
        elif step in value:
            yield from _at(value[step], path[1:])
    elif isinstance(value, Scalar):
        yield Scalar(None, value.hint), False
