"""The error codes in records: whether a call was let in, denied, or came from an unknown caller."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

CallOutcome = Literal["done", "denied", "unauthenticated", "behind", "unproven", "other"]
"""`done`: no error. `behind`: the call came through, and something that it needs was denied.

`unproven`: it was turned away before anybody need have looked at its permissions. `other`: another error.
"""


@cache
def outcome_of(code: str) -> CallOutcome:
    """Return the outcome that a code means; "" is the code of a call without an error."""
    if not code:
        return "done"
    for name in (code, code.rpartition(".")[2]):
        for outcome in get_args(CallOutcome):
            if name in _table().get(outcome, ()):
                return outcome  # type: ignore[no-any-return]
    plain = code.lower()
    return "denied" if any(word in plain for word in _table()["words"]) else "other"


@cache
def _table() -> Mapping[str, frozenset[str]]:
    data: dict[str, Any] = load(Path(__file__).with_name("errors.yaml")).trees[0].data
    return {name: frozenset(listed) for name, listed in data.items()}
