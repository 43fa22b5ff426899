"""Tell from the ARN formats in the IAM database whether an action can apply to a resource at all."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rolewright.data import iam
from rolewright.prove.match import compile_glob, widened, witness
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rolewright.prove.match import Glob

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def is_idle(action: str, resource: str) -> bool:
    """Return whether a pattern matches no ARN of any resource type of an action, so that it allows nothing.

    False where that is not known: for an action that the database lacks, and for one that needs `*`, since AWS
    matches even those against patterns such as `arn:aws:s3:::*`.
    """
    formats = _formats(action)
    if not formats:
        return False
    resource_glob = compile_glob(widened(resource))
    return all(witness([resource_glob, arn], list(excluded)) is None for arn, excluded in formats)


@cache
def _formats(action: str) -> tuple[tuple[Glob, tuple[Glob, ...]], ...]:
    """Return a pattern for the ARNs of each resource type of an action, with patterns for what it wrongly includes."""
    facts = iam.action(action)
    service = iam.service(action.partition(":")[0].lower())
    if facts is None or service is None or facts.also_star:
        return ()
    formats = []
    for arn in (arn for kind in facts.resource_types for arn in service.resources[kind].arns):
        variable = arn.rpartition("${")[2].removesuffix("}")
        wrong = () if variable not in _names().get(service.prefix, ()) else (f"{_VARIABLE.sub('*', arn)}/*",)
        formats.append((compile_glob(_VARIABLE.sub("*", arn)), tuple(compile_glob(pattern) for pattern in wrong)))
    return tuple(formats)


@cache
def _names() -> Mapping[str, Sequence[str]]:
    names: Mapping[str, Sequence[str]] = load(Path(__file__).parent.parent / "data" / "arn_names.yaml").trees[0].data
    return names
