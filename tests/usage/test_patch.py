"""`usage --patch`, and what IAM's own reports tell beside the records."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import generated
from cloudtrail_records import ACCOUNT, FORMS, denied, on, record
from command_line import rolewright
from rolewright.blueprint import Catalog
from rolewright.manifest.read import read_manifest
from rolewright.review.why import Question
from rolewright.terraform.server import moto_server
from rolewright.usage.patch import Denial, patched
from rolewright.yaml.load import load, loads

ROLE = "orders-execution"
TABLE = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders"
HEAD = """\
# Orders.
version: 1
workload: orders
compute: {type: lambda, runtime: python3.12, handler: index.handler, package: function.zip}
"""
FLOW = HEAD + "resources:\n  table: {type: dynamodb-table, name: orders, access: [get, put]}  # the orders\n"
BLOCK = HEAD + (
    "resources:\n  table:\n    type: dynamodb-table\n    name: orders\n    access:\n      - get  # by id\n      - put\n"
    "\n  # Where the files are.\n  bucket:\n    type: s3-bucket\n    name: orders-data\n    access: read\n\n"
)
UPDATE = Denial("orders", "dynamodb:UpdateItem", TABLE, "denied 3 times")
QUEUE = Denial("orders", "sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs", "denied once")
OTHER = Denial("orders", "iot:DescribeEndpoint", "*", "denied once")


def after(text: str, *denials: Denial, unused: Any = None, catalog: Catalog) -> str:
    made = patched(loads(text, "m.yaml"), denials, unused or {}, catalog)
    assert made.left == ()
    read_manifest(loads(made.text, "m.yaml"), catalog)
    return made.text


def test_a_verb_goes_to_the_resource_that_has_it(catalog: Catalog) -> None:
    assert after(FLOW, UPDATE, catalog=catalog) == FLOW.replace("[get, put]", "[get, put, update]")
    assert after(BLOCK, UPDATE, catalog=catalog) == BLOCK.replace("      - put\n", "      - put\n      - update\n")
    one = Denial("orders", "s3:PutObject", "arn:aws:s3:::orders-data/x", "denied once")
    assert after(BLOCK, one, catalog=catalog) == BLOCK.replace("access: read", "access: [read, put]")


@pytest.mark.parametrize("resource", ["ChimeChannelID", "arn:aws:s3:::orders-data", "", "\x1b${x}'\"", "arn:aws:::"])
@pytest.mark.parametrize("action", ["secretsmanager:GetSecretValue", "sqs:SendMessage", "no:Such", "", "s3"])
def test_a_denial_that_no_entry_would_mend_is_left_and_told(catalog: Catalog, action: str, resource: str) -> None:
    made = patched(loads(FLOW, "m.yaml"), [Denial("orders", action, resource, "denied once")], {}, catalog)
    assert len(made.changes) + len(made.left) == 1
    assert (made.text == FLOW) == bool(made.left)
    read_manifest(loads(made.text, "m.yaml"), catalog)


def test_of_several_verbs_the_one_that_brings_least_is_taken(catalog: Catalog) -> None:
    text = HEAD + "resources:\n  jobs: {type: sqs-queue, name: jobs, access: send}\n"
    one = Denial("orders", "sqs:GetQueueAttributes", QUEUE.resource, "denied once")
    assert "access: [send, inspect]" in after(text, one, catalog=catalog)  # and not consume, which reads as well


@pytest.mark.parametrize("action", ["DYNAMODB:UpdateItem", "dynamodb:updateitem"])
def test_messages_spell_actions_otherwise(action: str, catalog: Catalog) -> None:
    """Such as SNS:Publish, and sqs:sendmessage."""
    one = Denial("orders", action, TABLE, "denied once")
    assert after(FLOW, one, catalog=catalog) == FLOW.replace("[get, put]", "[get, put, update]")


def test_what_is_allowed_already_changes_nothing(catalog: Catalog) -> None:
    one = Denial("orders", "dynamodb:GetItem", TABLE, "denied once")
    assert after(BLOCK, one, catalog=catalog) == BLOCK
    assert after(BLOCK, UPDATE, UPDATE, catalog=catalog) == after(BLOCK, UPDATE, catalog=catalog)


def test_what_no_resource_is_for_becomes_a_new_one(catalog: Catalog) -> None:
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    added = f'  # sqs:SendMessage: denied once\n  jobs:\n    type: sqs-queue\n    arn: "{arn}"\n    access: [send]\n'
    assert after(BLOCK, QUEUE, catalog=catalog) == BLOCK.rstrip("\n") + "\n" + added + "\n"
    assert after(FLOW, QUEUE, catalog=catalog) == FLOW + added
    assert after(HEAD, QUEUE, catalog=catalog) == HEAD + "resources:\n" + added


def test_a_new_resource_has_a_key_of_its_own(catalog: Catalog) -> None:
    text = HEAD + "resources:\n  jobs: {type: s3-bucket, name: jobs-data, access: read}\n"
    resources = loads(after(text, QUEUE, catalog=catalog), "m.yaml").trees[0].data["resources"]
    assert {key: one["type"] for key, one in resources.items()} == {"jobs": "s3-bucket", "jobs-2": "sqs-queue"}


def test_what_no_type_is_for_becomes_a_statement(catalog: Catalog) -> None:
    text = after(FLOW, OTHER, catalog=catalog)
    assert text.startswith(FLOW + "statements:\n  # iot:DescribeEndpoint: denied once\n  - actions:")
    twice = after(text, Denial("orders", "iot:ListThings", "*", "denied once"), catalog=catalog)
    assert twice.startswith(text)
    assert len(loads(twice, "m.yaml").trees[0].data["statements"]) == 2


def test_braces_all_over(catalog: Catalog) -> None:
    text = HEAD + "resources: {table: {type: dynamodb-table, name: orders, access: get}}\n"
    made = after(text, UPDATE, QUEUE, catalog=catalog)
    assert "access: [get, update]}, jobs: {" in made
    data = loads(made, "m.yaml").trees[0].data
    assert data["resources"]["jobs"]["access"] == ["send"]


def test_the_right_one_of_several_workloads(catalog: Catalog) -> None:
    second = FLOW.replace("workload: orders", "workload: mail").replace("name: orders", "name: mails")
    text = f"{FLOW}---\n{second}"
    changed = FLOW.replace("[get, put]", "[get, put, update]")
    assert after(text, UPDATE, catalog=catalog) == f"{changed}---\n{second}"
    assert after(text, OTHER, catalog=catalog).endswith(f"---\n{second}")


def test_what_was_not_used_is_a_comment_that_is_written_once(catalog: Catalog) -> None:
    unused = {"orders": {"table": ["dynamodb:PutItem"]}}
    once = after(BLOCK, unused=unused, catalog=catalog)
    comment = "    # not used in these records: dynamodb:PutItem\n"
    assert once == BLOCK.replace("      - put\n", f"      - put\n{comment}")
    assert after(once, unused=unused, catalog=catalog) == once
    assert after(once, catalog=catalog) == BLOCK


def test_only_comments_of_its_own_are_taken_back(catalog: Catalog) -> None:
    """A line of a value that reads like one is content, and somebody else's words are no list of actions."""
    note = "# not used in these records: dynamodb:PutItem"
    block = f"tags:\n  a: |\n    first\n    {note}\n    last\n  b: x\n"
    quoted = f'owner: "the shop\n  {note}\n  and the office"\n'
    remark = "  # not used in these records, but once a year\n"
    text = HEAD + block + quoted + BLOCK.removeprefix(HEAD).replace("  table:", f"{remark}  table:")
    unused = {"orders": {"table": ["dynamodb:PutItem"]}}
    once = after(text, unused=unused, catalog=catalog)
    assert once.count(note) == 3
    assert after(once, catalog=catalog) == text


def test_an_alias_is_left_as_it_is(catalog: Catalog) -> None:
    tables = "  table: &t {type: dynamodb-table, name: orders, access: [get]}\n  again:\n    <<: *t\n    name: two\n"
    text = f"{HEAD}resources:\n{tables}"
    one = Denial("orders", "dynamodb:UpdateItem", TABLE.replace("orders", "two"), "denied once")
    made = patched(loads(text, "m.yaml"), [one], {}, catalog)
    assert made.text == text
    assert "a YAML alias" in made.left[0]


ACTIONS = ("dynamodb:UpdateItem", "dynamodb:Query", "dynamodb:DeleteItem", "s3:PutObject", "s3:DeleteObject")


@generated(30, 300)
@given(data=st.data())
def test_whatever_was_denied_is_allowed_afterwards(data: st.DataObject, catalog: Catalog) -> None:
    """RoleUsage against `why`: of any denials in any order, on what the manifest has and on what it lacks."""
    from rolewright.pipeline import Pipeline
    from rolewright.review.why import answer

    names = data.draw(st.sampled_from(["orders", "others"]))
    resources = {
        "dynamodb": f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{names}",
        "s3": f"arn:aws:s3:::{names}-data/x",
    }
    chosen = data.draw(st.lists(st.sampled_from(ACTIONS), unique=True, min_size=1))
    listed = [Denial("orders", action, resources[action.split(":")[0]], "denied once") for action in chosen]
    text = after(data.draw(st.sampled_from([FLOW, BLOCK, HEAD])), *listed, catalog=catalog)
    assert read_manifest(loads(text, "m.yaml"), catalog)
    import tempfile

    with tempfile.TemporaryDirectory() as folder, Pipeline(()) as pipeline:
        file = Path(folder, "m.yaml")
        file.write_text(text, encoding="utf-8")
        (rendered,) = pipeline.rendered(file)
        for one in listed:
            question = Question(one.action, one.resource, ROLE, "")
            told = answer(question, rendered.workload, rendered.roles, rendered.module, catalog, [])
            assert told.is_allowed, (one, text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = FLOW + "  bucket: {type: s3-bucket, name: orders-data, access: [get]}\n"
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    events = [
        record("dynamodb", "GetItem", ROLE, eventCategory="Data", **on(TABLE)),
        record("dynamodb", "UpdateItem", ROLE, eventCategory="Data", **denied("dynamodb:UpdateItem", TABLE, ROLE)),
        record(
            "dynamodb", "DeleteItem", ROLE, **denied("dynamodb:DeleteItem", TABLE, ROLE, "with an explicit deny in a")
        ),
    ]
    (tmp_path / "trail.json").write_bytes(FORMS["s3.json"](events))
    return tmp_path


def test_the_command_writes_another_file(folder: Path) -> None:
    before = (folder / "m.yaml").read_text(encoding="utf-8")
    run = rolewright("usage", "trail.json", "-m", "m.yaml", "--patch", "new.yaml", cwd=folder)
    assert run.returncode == 1
    assert run.stderr == "new.yaml: add `update` to `access` of resources.table (m.yaml:6:3), for dynamodb:UpdateItem\n"
    assert (folder / "m.yaml").read_text(encoding="utf-8") == before
    text = (folder / "new.yaml").read_text(encoding="utf-8")
    assert "access: [get, put, update]}  # the orders\n  # not used in these records: dynamodb:PutItem\n" in text
    assert "DeleteItem" not in text  # an explicit deny is not for the manifest to mend
    assert rolewright("validate", "new.yaml", cwd=folder).returncode == 0
    again = rolewright("usage", "trail.json", "-m", "m.yaml", "--patch", "new.yaml", cwd=folder)
    assert again.returncode == 2
    assert (folder / "new.yaml").read_text(encoding="utf-8") == text


def test_what_one_environment_uses_is_no_comment(folder: Path) -> None:
    """A manifest declares the same in each of them."""
    one = "{account: '%s', region: us-east-1}\n"
    text = f"{FLOW}environments:\n  dev: {one % '111111111111'}  prod: {one % '222222222222'}"
    (folder / "m.yaml").write_text(text, encoding="utf-8")
    events = [
        record("dynamodb", "GetItem", f"orders-{name}-execution", account=account * 12, eventCategory="Data", **on(arn))
        for name, account in (("dev", "1"), ("prod", "2"))
        for arn in [f"arn:aws:dynamodb:us-east-1:{account * 12}:table/orders"]
    ]
    (folder / "two.json").write_bytes(FORMS["s3.json"]([*events, {**events[1], "eventName": "PutItem"}]))
    rolewright("usage", "two.json", "-m", "m.yaml", "--patch", "new.yaml", cwd=folder)
    assert (folder / "new.yaml").read_text(encoding="utf-8") == text


def test_the_credential_report_of_iam(folder: Path) -> None:
    """As moto writes it, as a file and as the command prints it."""
    with moto_server() as address:
        report = _report(address)
    (folder / "report.csv").write_bytes(report)
    printed = {"Content": base64.b64encode(report).decode(), "ReportFormat": "text/csv"}
    (folder / "report.json").write_text(json.dumps(printed), encoding="utf-8")
    told = []
    for name in ("report.csv", "report.json"):
        run = rolewright(
            "usage", "trail.json", "-m", "m.yaml", "--credential-report", name, "--format", "json", cwd=folder
        )
        assert run.returncode == 1
        told.append(json.loads(run.stdout)["active_keys"])
    assert told[0] == told[1]
    assert [(one["user"], one["number"], bool(one["used"])) for one in told[0]] == [
        (f"arn:aws:iam::{ACCOUNT}:user/ci", 1, True),
        (f"arn:aws:iam::{ACCOUNT}:user/ci", 2, False),
    ]


def _report(address: str) -> bytes:
    """Of a user with a key that is used and one that is not, and of another whose key is inactive."""

    def client(service: str, key: str, secret: str) -> Any:
        told = {"aws_access_key_id": key, "aws_secret_access_key": secret, "endpoint_url": address}
        return boto3.client(service, region_name="us-east-1", **told)

    iam = client("iam", "x", "y")
    iam.create_user(UserName="ci")
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    iam.create_access_key(UserName="ci")
    client("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_caller_identity()
    iam.create_user(UserName="old")
    old = iam.create_access_key(UserName="old")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="old", AccessKeyId=old, Status="Inactive")
    while iam.generate_credential_report()["State"] != "COMPLETE":
        pass
    return bytes(iam.get_credential_report()["Content"])


def accessed(*services: tuple[str, str | None], actions: Any = ()) -> str:
    listed = [
        {"ServiceName": prefix, "ServiceNamespace": prefix}
        | ({"LastAuthenticated": used} if used else {})
        | {
            "TrackedActionsLastAccessed": [
                {"ActionName": a, "LastAccessedTime": t} for s, a, t in actions if s == prefix
            ]
        }
        for prefix, used in services
    ]
    return json.dumps({"JobStatus": "COMPLETED", "JobType": "ACTION_LEVEL", "ServicesLastAccessed": listed})


def test_the_report_is_as_the_api_gives_it() -> None:
    """Each member that is read is one of botocore's model of the answer."""
    shapes = botocore.session.get_session().get_service_model("iam")
    answer = shapes.operation_model("GetServiceLastAccessedDetails").output_shape.members
    service = answer["ServicesLastAccessed"].member.members
    action = service["TrackedActionsLastAccessed"].member.members
    assert {"JobStatus", "IsTruncated"} <= answer.keys()
    assert {"ServiceNamespace", "LastAuthenticated"} <= service.keys()
    assert {"ActionName", "LastAccessedTime"} <= action.keys()


@pytest.mark.parametrize(
    ("report", "state", "said"),
    [
        (accessed(("s3", None)), "unused", "IAM reports that this role never used s3"),
        (
            accessed(("s3", "2026-10-01T00:00:00Z")),
            "unseen",
            "; IAM reports the last use of s3 on 2026-10-01T00:00:00Z",
        ),
        (accessed(("sqs", None)), "unseen", "these files contain no data events of s3"),
        (accessed(("s3", "2026-10-01"), actions=[("s3", "GetObject", "2026-10-01")]), "used", "IAM reports it as used"),
    ],
)
def test_what_iam_remembers_fills_in(folder: Path, report: str, state: str, said: str) -> None:
    (folder / "la.json").write_text(report, encoding="utf-8")
    run = rolewright(
        "usage", "trail.json", "-m", "m.yaml", "--last-accessed", f"{ROLE}=la.json", "--format", "json", cwd=folder
    )
    (one,) = [one for one in json.loads(run.stdout)["roles"][0]["permissions"] if one["action"] == "s3:GetObject"]
    assert one["state"] == state
    assert said in one["because"]


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--credential-report", "m.yaml", 1),
        ("--credential-report", "trail.json", 1),
        ("--last-accessed", f"{ROLE}=trail.json", 1),
        ("--last-accessed", f"{ROLE}=m.yaml", 1),
        ("--last-accessed", f"{ROLE}=running.json", 1),
        ("--last-accessed", f"{ROLE}=page.json", 1),
        ("--last-accessed", "m.yaml", 2),
        ("--last-accessed", f"{ROLE}=nothing", 2),
        ("--last-accessed", "another=la.json", 2),
    ],
)
def test_what_is_no_such_report_is_refused(folder: Path, option: str, value: str, code: int) -> None:
    (folder / "la.json").write_text(accessed(("s3", None)), encoding="utf-8")
    (folder / "running.json").write_text('{"JobStatus": "IN_PROGRESS", "ServicesLastAccessed": []}', encoding="utf-8")
    (folder / "page.json").write_text('{"ServicesLastAccessed": [], "IsTruncated": true}', encoding="utf-8")
    run = rolewright("usage", "trail.json", "-m", "m.yaml", option, value, cwd=folder)
    assert run.returncode == code
    assert "Traceback" not in run.stderr
    assert ("usage-report" in run.stdout + run.stderr) == (code == 1)


def test_the_patch_is_of_a_file_that_is_read_again(folder: Path, catalog: Catalog) -> None:
    """Line ends and a byte order mark of the manifest do no harm."""
    text = "\ufeff" + FLOW.replace("\n", "\r\n")
    (folder / "w.yaml").write_bytes(text.encode())
    made = patched(load(folder / "w.yaml"), [UPDATE], {}, catalog)
    assert made.text == FLOW.replace("[get, put]", "[get, put, update]")


def test_a_report_of_another_role_is_refused(folder: Path) -> None:
    """Each service that was used names who used it."""
    data = json.loads(accessed(("s3", "2026-10-01T00:00:00Z"), ("sqs", None)))
    data["ServicesLastAccessed"][0]["LastAuthenticatedEntity"] = f"arn:aws:iam::{ACCOUNT}:role/other"
    (folder / "la.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "t.json").write_bytes(FORMS["s3.json"]([record("sqs", "ListQueues", ROLE)]))
    arguments = ("t.json", "-m", "m.yaml", "--last-accessed", f"{ROLE}=la.json")
    ran = rolewright("usage", *arguments, cwd=folder)
    assert ran.returncode == 2
    assert "this report is about" in ran.stderr
