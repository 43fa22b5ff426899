"""The server that real Terraform is applied to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from rolewright.terraform.server import moto_server

ROOT = Path(__file__).parents[2]
CONFIG = Config(region_name="us-east-1", retries={"total_max_attempts": 1})


def faults_of_profiles(address: str, thread: int) -> list[str]:
    """Make instance profiles with their roles and remove them, as the provider does, and return what went wrong."""
    client = boto3.client(
        "iam", endpoint_url=address, config=CONFIG, aws_access_key_id="test", aws_secret_access_key="test"
    )
    role, profile = ("RoleName", "InstanceProfileName")
    making = {
        "create_role": [role],
        "create_instance_profile": [profile],
        "add_role_to_instance_profile": [profile, role],
    }
    removing = {
        "remove_role_from_instance_profile": [profile, role],
        "delete_instance_profile": [profile],
        "delete_role": [role],
    }
    faults = []
    for calls in (making, removing):  # all of them are there while the first is removed
        for number in range(25):
            name = f"orders-{thread}-{number}"
            for call, named in calls.items():
                document = {"AssumeRolePolicyDocument": "{}"} if call == "create_role" else {}
                try:
                    getattr(client, call)(**dict.fromkeys(named, name), **document)
                except (BotoCoreError, ClientError) as error:
                    faults.append(f"{call} {name}: {error}")
    return faults


def test_calls_that_arrive_together_do_not_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Terraform makes ten calls at once; one in some hundred thousand was answered with a page of HTML."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'generator'}:{ROOT / 'tests/support'}")
    threads = 12
    with moto_server("hasty_server") as address, ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(faults_of_profiles, [address] * threads, range(threads)))
    assert [fault for faults in found for fault in faults] == []
