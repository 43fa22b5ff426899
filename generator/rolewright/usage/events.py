"""A record of CloudTrail → who called what, on what, and whether it was denied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.data.access_keys import LONG_LIVED
from rolewright.sdk.operations import Needs, is_data, needs_of, prefix_of
from rolewright.usage.errors import outcome_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rolewright.usage.errors import CallOutcome

_ASSUMED = re.compile(r"arn:[^:]*:sts::[^:]*:assumed-role/([^/]+)/.*")
_ENDPOINT = "NetworkActivity"
"""The category of what a VPC endpoint let through or not; what it let through has an event of its own besides."""


@dataclass(frozen=True)
class Event:
    """One record. `role` is the name of the role that called, `key` the id of a long-lived key; "" for none.

    `needs` is what the operation needs of IAM, None where nothing is known of it. `arns` are those that the record
    names. `message` is the text of an error, `code` its code, and `outcome` what that says of permissions. `passed` is
    whether it is only that an endpoint let a call through. `place` is the account and region that recorded it.
    """

    time: str
    role: str
    key: str
    user: str
    account: str
    prefix: str
    operation: str
    needs: Needs | None
    arns: tuple[str, ...]
    is_data: bool
    outcome: CallOutcome
    code: str
    message: str
    passed: bool
    place: tuple[str, str]
    source: str
    agent: str


def event_of(record: Mapping[str, Any]) -> Event:
    """Return the event in a record; a text that the record lacks is ""."""
    identity = _mapping(record.get("userIdentity"))
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    key = _text(identity.get("accessKeyId"))
    prefix, operation = prefix_of(_text(record.get("eventSource"))), _text(record.get("eventName"))
    code = _text(record.get("errorCode"))
    resources = record.get("resources")
    account = _text(identity.get("accountId"))
    endpoint = record.get("eventCategory") == _ENDPOINT
    arns = (
        _text(resource.get("ARN") or resource.get("arn"))
        for resource in (resources if isinstance(resources, list) else ())
        if isinstance(resource, dict)
    )
    return Event(
        time=_text(record.get("eventTime")),
        role=_role_of(identity, issuer),
        key=key if key.startswith(LONG_LIVED) else "",
        user=_text(identity.get("arn")),
        account=account,
        prefix=prefix,
        operation=operation,
        needs=needs_of(prefix, operation),
        arns=tuple(arn for arn in arns if arn),
        is_data=not endpoint and (record.get("eventCategory") == "Data" or is_data(prefix, operation)),
        outcome=outcome_of(code),
        code=code,
        message=_text(record.get("errorMessage")),
        passed=endpoint and not code,
        place=(_text(record.get("recipientAccountId")) or account, _text(record.get("awsRegion"))),
        source=_text(record.get("sourceIPAddress")),
        agent=_text(record.get("userAgent")),
    )


def _role_of(identity: Mapping[str, Any], issuer: Mapping[str, Any]) -> str:
    """Return the role whose session called; some services record it in the session's ARN only."""
    if issuer.get("type") == "Role":
        return _text(issuer.get("userName"))
    found = _ASSUMED.fullmatch(_text(identity.get("arn"))) if identity.get("type") == "AssumedRole" else None
    return found[1] if found and not issuer else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
