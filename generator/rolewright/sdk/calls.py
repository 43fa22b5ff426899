"""Calls of AWS operations in code, with as much of their arguments as the code shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.core.finding import Location


@dataclass(frozen=True)
class Scalar:
    """A value in code: its text if that is known, and otherwise the code's own name for it as `hint` ("" for none)."""

    text: str | None
    hint: str = ""


UNKNOWN = "\0"
"""The beginning of an unknown key of a mapping; the code's own name for it follows."""
Argument: TypeAlias = "Scalar | tuple[Argument, ...] | Mapping[str, Argument]"
"""A tuple holds the elements of a list, or the alternatives of one value."""


@dataclass(frozen=True)
class ApiCall:
    """A call of an operation of a service, both by the names that botocore gives them.

    `arguments` are None where they are not known. `is_sure` is true if the code was understood, and false if only a
    pattern was found, as in languages that are not parsed.
    """

    service: str
    operation: str
    arguments: Mapping[str, Argument] | None
    location: Location
    is_sure: bool = True

    def values_at(self, path: str) -> tuple[Scalar, ...]:
        """Return the values at a path of the arguments: `Bucket`, `Entries[].Name`, `Items{}` for a mapping's keys."""
        return tuple(scalar for scalar, _ in self._found(path))

    def shows(self, path: str) -> bool:
        """Return whether the code itself shows a value at a path, rather than inside a value from elsewhere."""
        return any(is_shown for _, is_shown in self._found(path))

    def _found(self, path: str) -> Iterator[tuple[Scalar, bool]]:
        if self.arguments is not None:
            yield from _at(self.arguments, path.replace("{}", ".{}").split("."))


@dataclass(frozen=True)
class Unmapped:
    """Code that calls AWS, and the reason why its operation or permission is not known."""

    text: str
    reason: str
    location: Location


def _at(value: object, path: list[str]) -> Iterator[tuple[Scalar, bool]]:
    """Yield the values at a path, each with whether the code itself shows it."""
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
