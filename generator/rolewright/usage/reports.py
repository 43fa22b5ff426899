"""IAM's own reports: the credential report of an account, and when a role's services were last used."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rolewright.core.files import UnreadableError, parse_json, read_text
from rolewright.core.finding import Finding, Location, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NEVER = {"", "N/A", "no_information"}


@dataclass(frozen=True)
class ActiveKey:
    """A key that opens something, as the credential report has it: it numbers keys and names no ids.

    `made` and `used` are times, `used` is "" for a key that never was; `where` is the service and region of that use.
    """

    user: str
    number: int
    made: str
    used: str
    where: str


@dataclass(frozen=True)
class LastAccessed:
    """The times at which services and single actions were last asked for, by prefix and by action; "" for never.

    IAM's memory is meant. `entities` are the ARNs that the report names: of whom it is, where anything was used.
    """

    services: Mapping[str, str]
    actions: Mapping[str, str]
    entities: frozenset[str]


def read_credential_report(path: Path) -> tuple[ActiveKey, ...]:
    """Read the active keys: from the CSV, or from what `aws iam get-credential-report` prints. Raises Rejected."""
    text = _text(path)
    try:
        if text.lstrip().startswith("{"):
            text = base64.b64decode(parse_json(text)["Content"], validate=True).decode()
        found = tuple(
            ActiveKey(row["arn"], number, row[f"{key}_last_rotated"], "" if used in _NEVER else used, where)
            for row in csv.DictReader(io.StringIO(text), strict=True)
            for number in (1, 2)
            for key in [f"access_key_{number}"]
            if row[f"{key}_active"] == "true"
            for used in [row[f"{key}_last_used_date"]]
            for where in [f"{row[f'{key}_last_used_service']} in {row[f'{key}_last_used_region']}"]
        )
        known = {"arn", "access_key_1_active"} <= set(next(csv.reader(io.StringIO(text)), ()))
    except (ValueError, KeyError, TypeError, csv.Error, binascii.Error):
        known, found = False, ()
    if not known:
        raise _refused(
            path, "is not an IAM credential report", "write the output of `aws iam get-credential-report` to a file"
        )
    return found


def read_last_accessed(path: Path) -> LastAccessed:
    """Read what `aws iam get-service-last-accessed-details` prints. Raises Rejected."""
    services: dict[str, str] = {}
    actions: dict[str, str] = {}
    entities: set[str] = set()
    try:
        report: dict[str, Any] = parse_json(_text(path))
        complete = report.get("JobStatus", "COMPLETED") == "COMPLETED" and not report.get("IsTruncated")
        for service in report["ServicesLastAccessed"]:
            prefix = service["ServiceNamespace"]
            entities |= {str(service["LastAuthenticatedEntity"])} if service.get("LastAuthenticatedEntity") else set()
            services[prefix] = _time(service.get("LastAuthenticated"))
            for action in service.get("TrackedActionsLastAccessed", ()):
                actions[f"{prefix}:{action['ActionName']}"] = _time(action.get("LastAccessedTime"))
    except (ValueError, KeyError, TypeError, AttributeError):
        remedy = "write the output of `aws iam get-service-last-accessed-details` to a file"
        raise _refused(path, "is not a report of service last accessed details", remedy) from None
    if not complete:
        raise _refused(path, "is not complete", "wait until its JobStatus is COMPLETED, and fetch all pages")
    return LastAccessed(services, actions, frozenset(entities))


def _time(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise TypeError(value)


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except UnreadableError as error:
        raise _refused(path, str(error), "") from None


def _refused(path: Path, what: str, remedy: str) -> Rejected:
    return Rejected([Finding("usage-report", f"{path} {what}", remedy or "give another file", Location(str(path)))])
