"""Replace a part of moto by one that behaves as AWS does, while its server runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

Replacement = Callable[..., Any]

REPAIRS: list[tuple[Any, str, Any]] = []
"""Each with an owner, the name of an attribute, and its replacement while the server runs."""


def repair(owner: Any, name: str) -> Callable[[Replacement], Replacement]:
    """Replace a method, a property or a function by one that takes the original first."""
    original = inspect.getattr_static(owner, name)
    wrap = type(original) if isinstance(original, property | staticmethod) else None
    bare = {property: "fget", staticmethod: "__func__"}

    def register(replacement: Replacement) -> Replacement:
        inner = original if wrap is None else getattr(original, bare[wrap])

        def stand_in(*arguments: Any, **named: Any) -> Any:
            return replacement(inner, *arguments, **named)

        REPAIRS.append((owner, name, stand_in if wrap is None else wrap(stand_in)))
        return replacement

    return register


def addition(owner: Any, name: str) -> Callable[[Replacement], Replacement]:
    """Add a method, unless moto has it by now."""

    def register(added: Replacement) -> Replacement:
        if not hasattr(owner, name):
            REPAIRS.append((owner, name, added))
        return added

    return register
