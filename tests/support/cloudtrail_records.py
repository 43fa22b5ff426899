"""Records as CloudTrail writes them, made up for tests."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"
WANTING = "because no identity-based policy allows the {action} action"


def record(
    source: str, name: str, role: str, *, time: str = "2026-11-01T00:00:00Z", account: str = ACCOUNT, **more: Any
) -> dict[str, Any]:
    """A successful call of a role's session."""
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLEEXA:session",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/session",
            "accountId": account,
            "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "arn": f"arn:aws:iam::{account}:role/{role}",
                    "accountId": account,
                    "userName": role,
                }
            },
        },
        "eventTime": time,
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "10.0.0.1",
        "userAgent": "Boto3/1.40",
        "eventCategory": "Management",
        **more,
    }


def on(*arns: str) -> dict[str, Any]:
    """What names the resources."""
    return {"resources": [{"ARN": arn, "accountId": ACCOUNT} for arn in arns]}


def denied(action: str, resource: str, role: str, because: str = WANTING) -> dict[str, Any]:
    """What a call that was denied has besides."""
    said = because.format(action=action)
    return {
        "errorCode": "AccessDenied",
        "errorMessage": f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session is not authorized to perform: "
        f"{action} on resource: {resource} {said}".strip(),
    }


def with_key(key: str, one: dict[str, Any]) -> dict[str, Any]:
    """The same call of a user with a long-lived key."""
    user = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/ci", "accountId": ACCOUNT, "accessKeyId": key}
    return {**one, "userIdentity": user}


FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "s3.json": lambda listed: json.dumps({"Records": listed}).encode(),
    "s3.json.gz": lambda listed: gzip.compress(json.dumps({"Records": listed}).encode()),
    "indented.json": lambda listed: json.dumps({"Records": listed}, indent=2).encode(),
    "lookup-events.json": lambda listed: json.dumps(
        {
            "Events": [
                {"EventId": "1", "EventName": one["eventName"], "CloudTrailEvent": json.dumps(one)} for one in listed
            ]
        },
        indent=4,
    ).encode(),
    "lines.jsonl": lambda listed: "".join(json.dumps(one) + "\n" for one in listed).encode(),
    "lines.jsonl.gz": lambda listed: gzip.compress("".join(json.dumps(one) + "\n" for one in listed).encode()),
    "files-as-lines.jsonl": lambda listed: "".join(json.dumps({"Records": [one]}) + "\n" for one in listed).encode(),
    "filter-log-events.json": lambda listed: json.dumps(
        {
            "events": [{"logStreamName": "x", "timestamp": 1, "message": json.dumps(one)} for one in listed],
            "searched": [],
        }
    ).encode(),
    "get-log-events.json": lambda listed: json.dumps(
        {"nextForwardToken": "f/1", "events": [{"timestamp": 1, "message": json.dumps(one)} for one in listed]}
    ).encode(),
    "insights-export.json": lambda listed: json.dumps(
        [{"@timestamp": "2026-11-01 00:00:00", "@message": one} for one in listed]
    ).encode(),
    "get-query-results.json": lambda listed: json.dumps(
        {
            "results": [
                [{"field": "@message", "value": json.dumps(one)}, {"field": "@ptr", "value": "x"}] for one in listed
            ],
            "status": "Complete",
        }
    ).encode(),
    "eventbridge.jsonl": lambda listed: "".join(
        json.dumps({"version": "0", "detail-type": "AWS API Call via CloudTrail", "detail": one}) + "\n"
        for one in listed
    ).encode(),
    "list.json": lambda listed: json.dumps(listed).encode(),
}
