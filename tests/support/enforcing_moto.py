"""A moto server that asks IAM for every call while it is told to, and keeps CloudTrail's records of what was asked.

What moto lacks is put in here alone: it knows the resource of S3's calls only, so that of others whichever is in the
policy; it lets inactive keys in; and its trails record nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import urllib3
from moto import settings
from moto.core.authorization import ActionAuthenticatorMixin
from moto.core.responses import BaseResponse
from moto.iam.access_control import IAMPolicyStatement, IAMUserAccessKey
from moto.iam.models import AccessKeyLastUsed, iam_backends
from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer
from moto.sts.models import sts_backends
from werkzeug.exceptions import HTTPException

from cloudtrail_records import ACCOUNT, WANTING, on, record, with_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CREDENTIAL = re.compile(r"Credential=(\w+)/\d+/([\w-]+)/([\w-]+)/")


class Server:
    """The server's address, and the records of calls that were made while it enforced."""

    def __init__(self, process: subprocess.Popen[str], trail: Path) -> None:
        self._process = process
        self.trail = trail
        self.address = self._answer()

    def enforce(self, *, on: bool) -> None:
        """From now on every call has to be allowed by the caller's policies, or none has."""
        count = b"0" if on else b"inf"
        assert urllib3.request("POST", f"{self.address}/moto-api/reset-auth", body=count).status == 200

    def pass_days(self, days: int) -> None:
        """Everything that was is so much longer ago."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{days}\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def records(self) -> list[dict[str, Any]]:
        """What CloudTrail would have, as of now."""
        return list(json.loads(self.trail.read_text(encoding="utf-8"))["Records"])

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def enforced_server(trail: Path) -> Iterator[Server]:
    """A server in a process of its own, as long as the block lasts. It writes its records to a file."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MOTO_"))}
    with subprocess.Popen(
        [sys.executable, "-m", "enforcing_moto", str(trail)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**own, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            yield Server(process, trail)
        finally:
            process.terminate()


class _Trail:
    """The records, and the file that they are written to."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._records: list[dict[str, Any]] = []
        self.write()

    def write(self) -> None:
        self._file.write_text(json.dumps({"Records": self._records}), encoding="utf-8")

    def pass_days(self, days: int) -> None:
        for one in self._records:
            one["eventTime"] = _text(datetime.fromisoformat(one["eventTime"]) - timedelta(days))
        for user in iam_backends[ACCOUNT]["aws"].users.values():
            for key in user.access_keys:
                if key.last_used is not None:
                    used = key.last_used
                    key.last_used = AccessKeyLastUsed(used.timestamp - timedelta(days), used.service, used.region)
        self.write()

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
        self._records.append(one)
        self.write()


def _text(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def serve(file: Path) -> None:
    """Serve until standard input ends; each line of it is a number of days that pass."""
    trail = _Trail(file)
    for owner, name, replaced in (
        (IAMPolicyStatement, "_check_element_matches", _any_resource(IAMPolicyStatement._check_element_matches)),
        (IAMUserAccessKey, "__init__", _active(IAMUserAccessKey.__init__)),
        (
            BaseResponse,
            "_authenticate_and_authorize_normal_action",
            _noted(trail, ActionAuthenticatorMixin._authenticate_and_authorize_normal_action),
        ),
        (
            S3Response,
            "_authenticate_and_authorize_s3_action",
            _noted_s3(trail, ActionAuthenticatorMixin._authenticate_and_authorize_s3_action),
        ),
    ):
        mock.patch.object(owner, name, replaced).start()
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    for line in sys.stdin:
        trail.pass_days(int(line))
        print("done", flush=True)
    moto.stop()


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


def _noted(trail: _Trail, real: Callable[..., None]) -> Callable[..., None]:
    def asked(self: Any, resource: str = "*") -> None:
        name = self._get_action()
        body = self.body.decode() if isinstance(self.body, bytes) else str(self.body)
        table = re.search(r'"TableName": ?"([\w.-]+)"', body)
        topic = (self.querystring or {}).get("TopicArn", [""])[0]
        arn = f"arn:aws:dynamodb:{self.region}:{ACCOUNT}:table/{table[1]}" if table else topic
        _outcome(trail, self, name, arn, lambda: real(self, resource))

    return asked


def _noted_s3(trail: _Trail, real: Callable[..., None]) -> Callable[..., None]:
    def asked(self: Any, bucket_name: str | None = None, key_name: str | None = None) -> None:
        arn = f"arn:aws:s3:::{bucket_name}{f'/{key_name}' if key_name else ''}" if bucket_name else ""
        _outcome(trail, self, self.data["Action"], arn, lambda: real(self, bucket_name, key_name))

    return asked


def _outcome(trail: _Trail, request: Any, action: str, arn: str, ask: Callable[[], None]) -> None:
    enforcing = settings.INITIAL_NO_AUTH_ACTION_COUNT == 0
    try:
        ask()
    except HTTPException:
        if enforcing:
            trail.note(request, action, arn, allowed=False)
        raise
    if enforcing:
        trail.note(request, action, arn, allowed=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
