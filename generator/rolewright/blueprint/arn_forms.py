"""Whether an ARN in a blueprint can be that of what an action takes: a slip in one would grant nothing."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from rolewright.data import iam

if TYPE_CHECKING:
    from collections.abc import Iterable

_OPEN = re.compile(r"(?:\$\{[^{}]*\}|[*?])+")
_PARTS = 5
"""The colons before the last part of an ARN, which may have more of them."""
_UNKNOWN = re.compile(r"\$\{(?!(?:partition|region|account)\})[^{}]*\}")
"""A field at the beginning of a resource is a whole ARN, whose form its own pattern decides."""


def misses(action: str, resources: Iterable[str]) -> tuple[str, ...]:
    """Return the forms of the ARNs that an action takes if none of the resources can be one of them.

    Nothing where that is not known: for an action that the database lacks, one that needs `*` or is usual without an
    ARN, and where a resource is a field's value as it is.
    """
    facts = iam.action(action)
    service = iam.service(action.partition(":")[0].lower())
    texts = tuple(resources)
    if facts is None or service is None or not facts.narrowable or any(map(_UNKNOWN.match, texts)):
        return ()
    forms = tuple(dict.fromkeys(arn for kind in facts.resource_types for arn in service.resources[kind].arns))
    return () if any(_may_be(text, form) for text in texts for form in forms) else forms


def _may_be(resource: str, form: str) -> bool:
    """Return whether a resource can be an ARN of a form: part by part, as no field before the last part has a colon.

    A region or an account may be empty: what AWS itself owns has none, which the database does not always say.
    """
    parts, others = (_OPEN.sub("*", text).split(":", _PARTS) for text in (resource, form))
    return len(parts) <= _PARTS or all(map(_meet, parts, others))


@cache
def _meet(left: str, right: str) -> bool:
    """Return whether some text matches both patterns, whose only wildcard is `*`."""
    row = _emptied(right)
    for char in left:
        following = [row[0] and char == "*"]
        for index, other in enumerate(right):
            if "*" in (char, other):
                following.append(following[index] or row[index + 1] or row[index])
            else:
                following.append(row[index] and char == other)
        row = following
    return row[-1]


def _emptied(pattern: str) -> list[bool]:
    """Return for each length of a pattern's beginning whether that matches nothing at all."""
    length = len(pattern) - len(pattern.lstrip("*"))
    return [index <= length for index in range(len(pattern) + 1)]
