"""The condition keys that AWS sends with an action, and whether a blueprint's is one of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rolewright.data import iam

if TYPE_CHECKING:
    from rolewright.data.iam import ActionFacts

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_VARYING = re.compile(
    r"\$\{[^}]*\}|<[^>]*>"
)  # the two forms in which the IAM database writes the variable part of a key
# Besides aws:…, these are in every request: they come with the credentials (IAM User Guide, "Condition keys of a
# role session" of Lambda, EC2 and CodeBuild).
_OF_CREDENTIALS = {"lambda:sourcefunctionarn", "ec2:sourceinstancearn", "ec2:roledelivery", "codebuild:projectarn"}


def condition_keys(facts: ActionFacts) -> list[str]:
    """Return the condition keys of an action and of the resource types that it can be granted on, sorted."""
    service = iam.service(facts.name.partition(":")[0])
    assert service is not None
    own = [key for kind in facts.resource_types for key in service.resources[kind].conditions]
    return sorted({*facts.conditions, *own})


def carries(facts: ActionFacts, key: str) -> bool:
    """Return whether a condition key, given as a template, is in every request for an action."""
    text = _PLACEHOLDER.sub("x", key).lower()
    if text.startswith("aws:") or text in _OF_CREDENTIALS:
        return True
    return any(_form(condition_key.lower()).fullmatch(text) for condition_key in condition_keys(facts))


def _form(key: str) -> re.Pattern[str]:
    return re.compile(r"\S*".join(re.escape(literal) for literal in _VARYING.split(key)))
