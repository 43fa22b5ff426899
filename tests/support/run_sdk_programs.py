"""Runs programs, a JSON list on standard input, against moto, and prints every call of AWS that each makes, as JSON.

In a process of its own: another moto, which other tests keep open, would keep what this one made.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

for name, value in (("DEFAULT_REGION", "us-east-1"), ("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y")):
    os.environ[f"AWS_{name}"] = value

import boto3  # noqa: E402 - the region is read when it is first used
import botocore.client  # noqa: E402
from moto import mock_aws  # noqa: E402


def set_up() -> None:
    """What the programs call."""
    for bucket in ("orders-data", "archive"):
        boto3.client("s3").create_bucket(Bucket=bucket)
    boto3.client("dynamodb").create_table(
        TableName="orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("sqs").create_queue(QueueName="jobs")
    boto3.client("sns").create_topic(Name="news")
    boto3.client("secretsmanager").create_secret(Name="db/password", SecretString="x")
    for parameter in ("/app/level", "/app/size"):
        boto3.client("ssm").put_parameter(Name=parameter, Value="x", Type="String")


def calls_of(program: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What a program calls, with a moto of its own."""
    made: list[tuple[str, str, dict[str, Any]]] = []
    real = botocore.client.BaseClient._make_api_call

    def spy(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        made.append((self.meta.service_model.service_name, operation, parameters))
        return real(self, operation, parameters)

    with mock_aws():
        boto3.setup_default_session()  # not the one that the program before has left
        set_up()
        botocore.client.BaseClient._make_api_call = spy
        try:
            space: dict[str, Any] = {}
            exec(compile(program, "app.py", "exec"), space)
            space["main"]()
        finally:
            botocore.client.BaseClient._make_api_call = real
    return made


def main() -> None:
    made = [calls_of(program) for program in json.load(sys.stdin)]
    print("\n" + json.dumps(made, default=str))


if __name__ == "__main__":
    main()
