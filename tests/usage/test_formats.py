"""`usage` says of nothing that it was not used beside records that were not read, and reads what services print."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest
from tests.usage.test_records import FOREIGN, LISTED, MANIFEST, ROLE, states, told, write

from cloudtrail_records import FORMS, record
from command_line import rolewright

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(MANIFEST, encoding="utf-8")
    return tmp_path


HALF = FORMS["s3.json"](LISTED[:2])[:-60]
TOKEN = {"NextToken": "abc", "Events": [{"EventId": "1", "CloudTrailEvent": json.dumps(LISTED[0])}]}
GAPS = {
    "half.json": HALF,
    "cut.json.gz": FORMS["s3.json.gz"](LISTED * 9)[:-30],
    "page.json": json.dumps(TOKEN).encode(),
    "page-of-logs.json": json.dumps(
        {"events": [{"message": json.dumps(LISTED[0])}], "searchedLogStreams": [], "nextToken": "Bx"}
    ).encode(),
    "x.parquet": b"PAR1\x00",
    "x.zst": b"\x28\xb5\x2f\xfd\x00",
    "x.7z": b"7z\xbc\xaf\x27\x1c",
    "twice.json.gz": gzip.compress(FORMS["s3.json.gz"](LISTED)),
    "unknown.bin": b"\x01\x02\x03",
    "lake.json": FOREIGN["lake.json"][0].encode(),
}


@pytest.mark.parametrize("name", GAPS)
def test_nothing_is_unused_beside_records_that_were_not_read(folder: Path, name: str) -> None:
    (folder / name).write_bytes(GAPS[name])
    answer = told(folder, name, write(folder, LISTED[:2]), code=1)
    assert "unused" not in states(answer).values()
    assert name in answer["broken"] or name in answer["unread"]
    ran = rolewright("usage", name, write(folder, LISTED[:2]), "-m", "m.yaml", "--patch", "o.yaml", cwd=folder)
    assert ran.returncode == 1
    assert "1 file was not read, or not to the end" in ran.stdout
    assert "not used" not in (folder / "o.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["policy.json", "empty.json", "accessed.json", "findings.json", "config.json"])
def test_what_holds_no_record_of_a_call_hides_none(folder: Path, name: str) -> None:
    (folder / name).write_text(FOREIGN[name][0], encoding="utf-8")
    assert "unused" in states(told(folder, name, write(folder, LISTED[:2]), code=1)).values()


READ = {
    "export.txt": lambda listed: "".join(f"2026-11-01T00:00:00.000Z {json.dumps(one)}\n" for one in listed).encode(),
    "tail.txt": lambda listed: "".join(
        f"2026-11-01T00:00:00.000000+00:00 {'x' * 300}_CloudTrail_us-east-1 {json.dumps(one)}\n" for one in listed
    ).encode(),
    "subscription.json": lambda listed: json.dumps(
        {
            "messageType": "DATA_MESSAGE",
            "logGroup": "x",
            "logEvents": [{"id": "1", "timestamp": 1, "message": json.dumps(one)} for one in listed],
        }
    ).encode(),
    "powershell.json": lambda listed: json.dumps({"Records": listed}).encode("utf-16"),
    "big-endian.json": lambda listed: b"\xfe\xff" + json.dumps({"Records": listed}).encode("utf-16-be"),
    "lake.jsonl": lambda listed: "".join(json.dumps({"eventJson": json.dumps(one)}) + "\n" for one in listed).encode(),
    "splunk.jsonl": lambda listed: "".join(
        json.dumps({"preview": False, "result": {"_raw": json.dumps(one)}}) + "\n" for one in listed
    ).encode(),
}


@pytest.mark.parametrize("name", READ)
def test_other_forms_say_the_same(folder: Path, name: str) -> None:
    (folder / name).write_bytes(READ[name](LISTED * 400))  # more than one block
    answer = told(folder, name, code=1)
    once = told(folder, write(folder, LISTED), code=1)
    for part in ("roles", "keys", "records", "places", "broken", "unread"):
        assert answer[part] == once[part]


def test_a_session_is_known_by_its_arn_alone(folder: Path) -> None:
    one = record("secretsmanager", "GetSecretValue", ROLE)
    del one["userIdentity"]["sessionContext"]
    assert states(told(folder, write(folder, [one])))["secretsmanager:GetSecretValue"] == "used"


@pytest.mark.parametrize("more", [{"eventCategory": "Insight"}, {"eventType": "AwsCloudTrailInsight"}])
def test_an_insight_is_no_call(folder: Path, more: dict[str, str]) -> None:
    events = [record("logs", "CreateLogStream", ROLE), {**record("secretsmanager", "GetSecretValue", ROLE), **more}]
    assert states(told(folder, write(folder, events)))["secretsmanager:GetSecretValue"] == "unused"
