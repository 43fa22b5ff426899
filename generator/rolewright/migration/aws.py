"""IAM itself, where a step is to be taken with the caller's credentials, which nothing else uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rolewright.migration.evidence import LastUse

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolewright.migration.state import Key

_CONFIG = Config(connect_timeout=10, read_timeout=20, retries={"mode": "standard"})


class AwsError(Exception):
    """AWS refused a call, or could not be reached; the text says which and why."""


class Iam:
    """A key in IAM: what it is, and the two changes that end it."""

    def __init__(self) -> None:
        self._iam = _asked(lambda: boto3.client("iam", config=_CONFIG))
        self._sts = _asked(lambda: boto3.client("sts", config=_CONFIG))

    def account(self) -> str:
        """Return the account of the caller's credentials."""
        return str(_asked(self._sts.get_caller_identity)["Account"])

    def last_use(self, key: Key) -> LastUse:
        """Return when the key was used last, and whose it is."""
        found = _asked(lambda: self._iam.get_access_key_last_used(AccessKeyId=key.id))
        used = found["AccessKeyLastUsed"].get("LastUsedDate")
        return LastUse(found.get("UserName", ""), used.date() if used is not None else None)

    def status(self, key: Key, user: str) -> str:
        """Return Active, Inactive, or "" where the user has no such key."""
        for page in _asked(lambda: list(self._iam.get_paginator("list_access_keys").paginate(UserName=user))):
            for metadata in page["AccessKeyMetadata"]:
                if metadata["AccessKeyId"] == key.id:
                    return str(metadata["Status"])
        return ""

    def bring_about(self, phase: str, key: Key, user: str) -> None:
        """Make the key what it is in a phase; it may be so already."""
        if phase == "deleted":
            _asked(lambda: self._iam.delete_access_key(UserName=user, AccessKeyId=key.id))
        else:
            status = "Inactive" if phase == "disabled" else "Active"
            _asked(lambda: self._iam.update_access_key(UserName=user, AccessKeyId=key.id, Status=status))


def _asked(call: Callable[[], Any]) -> Any:  # noqa: ANN401 - botocore's answers
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        raise AwsError(str(error)) from None
