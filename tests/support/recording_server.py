"""The moto server of `rolewright plan`, which also writes down every call: its IAM action, and all that it says."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from moto.core.responses import BaseResponse
from moto.s3.responses import S3Response

from rolewright.terraform import repairs

PREFIXES = {"awslambda": "lambda", "efs": "elasticfilesystem", "stepfunctions": "states"}
OUT = Path(os.environ["RECORDING"]).open("a", encoding="utf-8", buffering=1)  # noqa: SIM115 - as long as the process
BUCKET_ACTIONS = {  # where IAM has another name for what moto calls it
    "HeadBucket": "ListBucket",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
}

TAGGING = {"GET": "ListTagsForResource", "POST": "TagResource", "DELETE": "UntagResource"}
"""What the methods of the path /tags are, where moto has the name of an action from the path."""


def record(service: str, action: str, said: str) -> None:
    OUT.write(json.dumps([f"{service}:{action}", said]) + "\n")


def _said(response: Any) -> str:
    body = response.body.decode("utf-8", "replace") if isinstance(response.body, bytes) else str(response.body)
    return f"{response.uri}\n{dict(response.querystring or {})}\n{body}"


_call = BaseResponse.call_action


def call_action(self: Any) -> Any:
    service = PREFIXES.get(self.service_name, self.service_name)
    if service == "apigatewayv2":
        record("apigateway", self.method, _said(self))
    else:
        action = self._get_action()
        record(service, TAGGING[self.method] if action == "tags" else action, _said(self))
    return _call(self)


_authorize = S3Response._authenticate_and_authorize_s3_action


def authorize(self: Any, bucket_name: Any = None, key_name: Any = None) -> Any:
    action = self.data["Action"]
    record("s3", BUCKET_ACTIONS.get(action, action), str(bucket_name))
    return _authorize(self, bucket_name, key_name)


BaseResponse.call_action = call_action  # type: ignore[method-assign]
S3Response._authenticate_and_authorize_s3_action = authorize  # type: ignore[method-assign]

if __name__ == "__main__":
    repairs.serve()
