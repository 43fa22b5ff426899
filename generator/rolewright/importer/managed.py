"""The documents of AWS's managed policies, as moto ships them: what a role that has one may do today."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def _policies() -> Mapping[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # noqa: PLC0415 - 4 MB of text

    found: Mapping[str, Any] = json.loads(aws_managed_policies_data)
    return found


def managed_document(arn: str) -> Any | None:  # noqa: ANN401 - JSON
    """Return the document of a managed policy of AWS, by its ARN or by its name; None for any other policy.

    The documents are those of the moto that is installed; AWS adds actions to them now and then.
    """
    parts = arn.split(":")
    if len(parts) > 1 and not (len(parts) == 6 and parts[4] == "aws"):
        return None
    policy = _policies().get(arn.rpartition("/")[2].rpartition(":")[2])
    return policy["Document"] if policy else None
