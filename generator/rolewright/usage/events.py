"""A record of CloudTrail → who called what, on what, and whether it was denied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.sdk.operations import Needs, is_data, needs_of, prefix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Client.UnauthorizedOperation",
    "UnauthorizedOperation",
    "AccessDeniedFault",
    "KMSAccessDeniedException",
)
"""Codes of errors with which services deny; each may stand with a service's own prefix before a dot."""


@dataclass(frozen=True)
class Event:
    """One record. `role` is the name of the role that called, `key` the id of a long-lived key; "" for none.

    `needs` is what the operation needs of IAM, None where nothing is known of it. `arns` are those that the record
    names. `message` is the text of an error, `denied` whether it is one of permissions.
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
    denied: bool
    failed: bool
    message: str
    source: str
    agent: str


def event_of(record: Mapping[str, Any]) -> Event:
    """The event in a record; what a record lacks is ""."""
    identity = _mapping(record.get("userIdentity"))
    issuer = _mapping(_mapping(identity.get("sessionContext")).get("sessionIssuer"))
    key = _text(identity.get("accessKeyId"))
    prefix, operation = prefix_of(_text(record.get("eventSource"))), _text(record.get("eventName"))
    code = _text(record.get("errorCode"))
    resources = record.get("resources")
    arns = (
        _text(one.get("ARN") or one.get("arn"))
        for one in (resources if isinstance(resources, list) else ())
        if isinstance(one, dict)
    )
    return Event(
        time=_text(record.get("eventTime")),
        role=_text(issuer.get("userName")) if issuer.get("type") == "Role" else "",
        key=key if key.startswith("AKIA") else "",
        user=_text(identity.get("arn")),
        account=_text(identity.get("accountId")),
        prefix=prefix,
        operation=operation,
        needs=needs_of(prefix, operation),
        arns=tuple(arn for arn in arns if arn),
        is_data=record.get("eventCategory") == "Data" or is_data(prefix, operation),
        denied=code in _DENIED or code.rpartition(".")[2] in _DENIED,
        failed=bool(code),
        message=_text(record.get("errorMessage")),
        source=_text(record.get("sourceIPAddress")),
        agent=_text(record.get("userAgent")),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
