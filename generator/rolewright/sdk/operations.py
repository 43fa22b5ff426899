"""An API's operation → the actions that IAM asks for, and whether a trail records it by default."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.data import iam
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSION = re.compile(r"20\d\d_?\d\d_?\d\d(v\d+)?$")  # Invoke20150331, CreateDistribution2015_07_27


@dataclass(frozen=True)
class Needs:
    """The actions that an operation needs: all of `all_of` or, depending on the call's contents, one of `one_of`."""

    all_of: tuple[str, ...]
    one_of: tuple[str, ...] = ()


def needs_of(prefix: str, operation: str) -> Needs | None:
    """Return the actions that an operation needs; None where they are not known, since they are never guessed.

    `prefix` is that of the service's actions. Names with a version at their end, as events of Lambda and CloudFront
    have, are taken without it.
    """
    name = _VERSION.sub("", operation)
    listed = _facts()["names"].get(prefix, {}).get(name)
    if listed is not None:
        return Needs(tuple(listed))
    several = _facts()["one_of"].get(prefix, {}).get(name)
    if several is not None:
        return Needs((), tuple(several))
    facts = iam.action(f"{prefix}:{name}")
    return None if facts is None else Needs((facts.name,))


def prefix_of(source: str) -> str:
    """Return the prefix of the actions behind the source of an event, such as `monitoring.amazonaws.com`."""
    name = source.removesuffix(".amazonaws.com")
    return str(_facts()["sources"].get(name, name))


def is_namesake(prefix: str) -> bool:
    """Return whether a service has operations of another by the same names, which are meant where none is named."""
    return prefix in _facts()["namesakes"]


def is_data(prefix: str, operation: str) -> bool:
    """Return whether a trail records an operation only if it is set to record data events."""
    return _VERSION.sub("", operation) in _facts()["data"].get(prefix, ())


@cache
def data_actions() -> frozenset[str]:
    """Return the actions that only data events show."""
    actions = set()
    for prefix, operations in _facts()["data"].items():
        for operation in operations:
            needs = needs_of(prefix, operation)
            actions |= set() if needs is None else {*needs.all_of, *needs.one_of}
    return frozenset(actions)


@cache
def silent_patterns() -> tuple[str, ...]:
    """Return the actions that leave no event of their own, as patterns in lower case."""
    return tuple(pattern.lower() for pattern in _facts()["silent"])


@cache
def _facts() -> Mapping[str, Any]:
    facts: Mapping[str, Any] = load(Path(__file__).with_name("operations.yaml")).trees[0].data
    return facts
