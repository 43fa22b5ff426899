"""The guide from a key to a role: every command in it is run, in order, against moto with its enforcement on."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from cloudtrail_records import ACCOUNT
from console_blocks import assert_says, commands_of
from enforcing_moto import Server, enforced_server
from rolewright.migration.state import migration_text, read_migration
from rolewright.yaml.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real_terraform import Terraform

GUIDE = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
KEY = "AKIARZPUZDIKJX6T72Z4"
DAY = 24 * 3600
BLOCK = re.compile(r"```(?P<language>\w+)\n(?P<text>.*?)```|<!-- (?P<days>\d+) days later -->", re.DOTALL)

pytestmark = pytest.mark.terraform


def admin(server: Server, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.address,
        region_name="us-east-1",
        aws_access_key_id="admin",
        aws_secret_access_key="admin",
    )


def environment(server: Server, folder: Path) -> dict[str, str]:
    """A shell with rolewright, terraform and as much of AWS's command line as the guide needs."""
    programs = folder / ".bin"
    programs.mkdir()
    for name, target in (
        ("rolewright", "-m rolewright"),
        ("aws", str(Path(__file__).parents[1] / "support" / "aws_command.py")),
    ):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {target} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "PATH": os.pathsep.join([str(programs), kept["PATH"]]),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TRAIL": str(server.trail),
        "AWS_ENDPOINT_URL": server.address,
        "AWS_ACCESS_KEY_ID": "admin",
        "AWS_SECRET_ACCESS_KEY": "admin",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "NO_COLOR": "1",
        "CHECKPOINT_DISABLE": "1",
    }


def shell(command: str, folder: Path, env: dict[str, str]) -> str:
    ran = subprocess.run(
        command, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return ran.stdout + ran.stderr


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with enforced_server(tmp_path_factory.mktemp("trail") / "records.json") as found:
        yield found


def set_up(server: Server, folder: Path) -> str:
    """What is there before: the table, the bucket, the topic, and the user whose key the service runs on."""
    admin(server, "dynamodb").create_table(
        TableName="shop-orders",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    admin(server, "s3").create_bucket(Bucket="shop-reports")
    admin(server, "sns").create_topic(Name="shop-news")
    iam = admin(server, "iam")
    iam.create_user(UserName="shop")
    allowed = {"Effect": "Allow", "Action": ["dynamodb:Scan", "s3:PutObject", "sns:Publish"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="shop", PolicyName="shop", PolicyDocument=document)
    key = iam.create_access_key(UserName="shop")["AccessKey"]
    (folder / "shop").mkdir()
    python, settings = (block["text"] for block in BLOCK.finditer(GUIDE) if block["language"] in ("python", "ini"))
    (folder / "shop" / "report.py").write_text(python, encoding="utf-8")
    settings = settings.replace("KEY_ID=…", f"KEY_ID={key['AccessKeyId']}").replace("=…", f"={key['SecretAccessKey']}")
    (folder / "shop" / ".env").write_text(settings, encoding="utf-8")
    return str(key["AccessKeyId"])


def run_on_the_key(server: Server, folder: Path, env: dict[str, str]) -> str:
    """The service as it was: with what is in its `.env`."""
    command = "set -a; . shop/.env; cd shop; python3 -c 'import report; print(report.handler({}, None))'"
    server.enforce(on=True)
    said = shell(command.replace("python3", sys.executable), folder, {**env, "AWS_ACCESS_KEY_ID": ""})
    server.enforce(on=False)
    return said


def let_pass(days: int, server: Server, folder: Path, env: dict[str, str]) -> None:
    """Everything that was is so much longer ago; and the function has run today."""
    server.pass_days(days)
    file = folder / ".rolewright" / "migration.yaml"
    text = re.sub(
        r'(since: )"([\d-]+)"',
        lambda match: f'{match[1]}"{date.fromisoformat(match[2]) - timedelta(days)}"',
        file.read_text(encoding="utf-8"),
    )
    file.write_text(text, encoding="utf-8")
    assert migration_text(read_migration(file, datetime.now(UTC).date())) == text
    assert '"StatusCode": 200}' in shell("aws lambda invoke --function-name shop out.json", folder, env)


@pytest.fixture
def one_day() -> None:
    """Begin after midnight where it is near: the guide counts days, by moto's clock and by the product's."""
    left = DAY - time.time() % DAY
    if left < 300:
        time.sleep(left)


@pytest.mark.soak
@pytest.mark.usefixtures("one_day")
def test_every_command_of_the_guide(server: Server, terraform: Terraform, tmp_path: Path) -> None:
    """And the key works before, and opens nothing afterwards."""
    assert terraform.program
    env = environment(server, tmp_path)
    key = set_up(server, tmp_path)
    assert run_on_the_key(server, tmp_path, env) == "0\n"
    old = (tmp_path / "shop" / ".env").read_text(encoding="utf-8")
    deadline = (datetime.now(UTC) + timedelta(300)).date().isoformat()
    commands = 0
    for block in BLOCK.finditer(GUIDE):
        if block["days"]:
            let_pass(int(block["days"]), server, tmp_path, env)
        elif block["language"] == "yaml":
            (tmp_path / "shop.yaml").write_text(block["text"], encoding="utf-8")
            assert_as_drafted(tmp_path)
        elif block["language"] == "console":
            for command, expected in commands_of(block["text"].replace(KEY, key).replace("2027-06-30", deadline)):
                said = shell(command, tmp_path, env)
                assert_says(said, expected, command)
                commands += 1
    assert commands == GUIDE.count("\n$ ") >= 30
    denied = [one["errorMessage"] for one in server.records() if "errorMessage" in one]
    assert len(denied) == 1
    assert "sns:Publish" in denied[0]
    (tmp_path / "shop" / ".env").write_text(old, encoding="utf-8")
    assert "InvalidClientTokenId" in run_on_the_key(server, tmp_path, env)
    assert admin(server, "iam").list_access_keys(UserName="shop")["AccessKeyMetadata"] == []


def assert_as_drafted(folder: Path) -> None:
    """The manifest that the guide shows is the draft with its names filled in, on another compute type."""
    drafted = load(folder / "draft.yaml").trees[0].data["resources"].values()
    shown = load(folder / "shop.yaml").trees[0].data["resources"].values()
    filled = [{**one, "name": one["name"].replace("<fill in: what ORDERS_TABLE is>", "shop-orders")} for one in drafted]
    assert filled == list(shown)


def test_the_account_of_the_key_is_motos() -> None:
    """What the guide says of the key's account is of moto's own keys, too."""
    from rolewright.audit.keys import account_of

    assert account_of(KEY) == ACCOUNT
