"""Tell from the ARN formats in the IAM database whether an action can apply to a resource at all."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.prove.match import UndecidedError, compile_glob, widened, witness
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def is_idle(action: str, resource: str) -> bool:
    """Return whether a pattern matches no ARN of any resource type of an action, so that it allows nothing.

    False where that is not known: for an action that the database lacks, for one that needs `*`, since AWS
    matches even those against patterns such as `arn:aws:s3:::*`, and for a pattern that takes too long to compare.
    """
    formats = _formats(action)
    return bool(formats) and all(_is_apart(resource, arn, excluded) for arn, excluded in formats)


@lru_cache(maxsize=65536)
def _is_apart(resource: str, arn: str, excluded: tuple[str, ...]) -> bool:
    """Return whether no ARN of a format is one that a resource stands for; false where that is not known."""
    try:
        found = witness([compile_glob(widened(resource)), compile_glob(arn)], [compile_glob(one) for one in excluded])
    except UndecidedError:
        return False
    return found is None


@cache
def _formats(action: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return a pattern for the ARNs of each resource type of an action, with patterns for what it wrongly includes."""
    facts = iam.action(action)
    service = iam.service(action.partition(":")[0].lower())
    if facts is None or service is None or facts.also_star:
        return ()
    formats = []
    for arn in (arn for kind in facts.resource_types for arn in service.resources[kind].arns):
        variable = arn.rpartition("${")[2].removesuffix("}")
        wrong = () if variable not in _names().get(service.prefix, ()) else (f"{_VARIABLE.sub('*', arn)}/*",)
        formats.append((_VARIABLE.sub("*", arn), wrong))
    return tuple(formats)


@cache
def _names() -> Mapping[str, Sequence[str]]:
    names: Mapping[str, Sequence[str]] = load(Path(__file__).parent.parent / "data" / "arn_names.yaml").trees[0].data
    return names
