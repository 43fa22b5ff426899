"""A moto server that asks IAM for every call while it is told to, and keeps CloudTrail's records of what was asked.

What moto lacks is put in here alone: it knows the resource of S3's calls only, so that of others whichever is in the
policy; it lets inactive keys in; and its trails record nothing.
"""

from __future__ import annotations

import json
import re
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest import mock

from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.responses import BaseResponse
from moto.iam.access_control import IAMPolicyStatement, IAMUserAccessKey
from moto.iam.models import AccessKeyLastUsed, iam_backends
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer
from moto.sts.models import sts_backends
from werkzeug.exceptions import HTTPException

from trail import ACCOUNT, WANTING, on, record, with_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CREDENTIAL = re.compile(r"Credential=(\w+)/\d+/([\w-]+)/([\w-]+)/")


class Server:
    """The server's address, and the records of calls that were made while it enforced."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.records: list[dict[str, Any]] = []

    @contextmanager
    def enforcing(self) -> Iterator[None]:
        """Every call has to be allowed by the caller's policies."""
        with mock.patch.object(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0):
            yield

    def pass_days(self, days: int) -> None:
        """Everything that was is so much longer ago."""
        for one in self.records:
            one["eventTime"] = _text(datetime.fromisoformat(one["eventTime"]) - timedelta(days))
        for key in iam_backends[ACCOUNT]["aws"].access_keys.values():
            if key.last_used is not None:
                used = key.last_used
                key.last_used = AccessKeyLastUsed(used.timestamp - timedelta(days), used.service, used.region)

    def write_trail(self, folder: Path) -> None:
        """The files as they lie in S3."""
        folder.mkdir(exist_ok=True)
        (folder / "records.json").write_text(json.dumps({"Records": self.records}), encoding="utf-8")

    def note(self, request: Any, action: str, arn: str, *, allowed: bool) -> None:
        """Keep the record of a call. The message of a denial is as AWS writes it; moto's names no resource."""
        credential = _CREDENTIAL.search(request.headers.get("Authorization", ""))
        if credential is None:
            return
        key, _, service = credential.groups()
        found = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(key)
        role = found.role_arn.rpartition("/")[2] if found else ""
        one = record(service, action, role, time=_text(datetime.now(UTC)), **(on(arn) if arn else {}))
        who = one["userIdentity"]["arn"]
        if not role:
            one = with_key(key, one)
            one["userIdentity"]["arn"] = who = f"arn:aws:iam::{ACCOUNT}:user/shop"
        if not allowed:
            name = f"{service}:{action}"
            said = f"{name} on resource: {arn} {WANTING.format(action=name)}"
            one |= {"errorCode": "AccessDenied", "errorMessage": f"User: {who} is not authorized to perform: {said}"}
        self.records.append(one)


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def enforced_server() -> Iterator[Server]:
    """The server, as long as the block lasts."""
    with ExitStack() as stack:
        moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        moto.start()
        stack.callback(moto.stop)
        host, port = moto.get_host_and_port()
        server = Server(f"http://{host}:{port}")
        for owner, name, replaced in (
            (IAMPolicyStatement, "_check_element_matches", _any_resource(IAMPolicyStatement._check_element_matches)),
            (IAMUserAccessKey, "__init__", _active(IAMUserAccessKey.__init__)),
            (
                BaseResponse,
                "_authenticate_and_authorize_normal_action",
                _noted(server, ActionAuthenticatorMixin._authenticate_and_authorize_normal_action),
            ),
            (
                S3Response,
                "_authenticate_and_authorize_s3_action",
                _noted_s3(server, ActionAuthenticatorMixin._authenticate_and_authorize_s3_action),
            ),
        ):
            stack.enter_context(mock.patch.object(owner, name, replaced))
        yield server


def _any_resource(real: Callable[..., bool]) -> Callable[..., bool]:
    def matches(self: Any, element: str, value: str) -> bool:
        return (element == "Resource" and value == "*") or real(self, element, value)

    return matches


def _active(real: Callable[..., None]) -> Callable[..., None]:
    from moto.iam.access_control import CreateAccessKeyFailure

    def made(self: Any, account_id: str, partition: str, access_key_id: str, headers: Any) -> None:
        real(self, account_id, partition, access_key_id, headers)
        if iam_backends[account_id][partition].access_keys[access_key_id].status != "Active":
            raise CreateAccessKeyFailure(reason="InvalidId")

    return made


def _noted(server: Server, real: Callable[..., None]) -> Callable[..., None]:
    def asked(self: Any, resource: str = "*") -> None:
        name = self._get_action()
        body = self.body.decode() if isinstance(self.body, bytes) else str(self.body)
        table = re.search(r'"TableName": ?"([\w.-]+)"', body)
        topic = (self.querystring or {}).get("TopicArn", [""])[0]
        arn = f"arn:aws:dynamodb:{self.region}:{ACCOUNT}:table/{table[1]}" if table else topic
        _outcome(server, self, name, arn, lambda: real(self, resource))

    return asked


def _noted_s3(server: Server, real: Callable[..., None]) -> Callable[..., None]:
    def asked(self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        arn = f"arn:aws:s3:::{bucket_name}{f'/{key_name}' if key_name else ''}" if bucket_name else ""
        _outcome(server, self, self.data["Action"], arn, lambda: real(self, bucket_name, key_name))

    return asked


def _outcome(server: Server, request: Any, action: str, arn: str, ask: Callable[[], None]) -> None:
    enforcing = settings.INITIAL_NO_AUTH_ACTION_COUNT == 0
    try:
        ask()
    except HTTPException:
        if enforcing:
            server.note(request, action, arn, allowed=False)
        raise
    if enforcing:
        server.note(request, action, arn, allowed=True)
