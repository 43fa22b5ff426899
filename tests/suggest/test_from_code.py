"""From code to a manifest: `audit --draft` and `--checklist`."""

from __future__ import annotations

import random
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import generated
from command_line import rolewright
from planted_keys import new_key
from rolewright.blueprint import Catalog
from rolewright.core.finding import Severity
from rolewright.data import iam
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.pipeline import Pipeline
from rolewright.prove.table import Declared, changes, ground
from rolewright.sdk import languages, models
from rolewright.suggest.compute_type import recognised
from rolewright.suggest.from_code import manifest_of, read_code
from rolewright.yaml.load import load, loads
from sdk_programs import PROGRAMS

KEY, SECRET, ACCOUNT = new_key(random.Random(11))
APP = """\
import os

import boto3

s3 = boto3.client("s3")
table = boto3.resource("dynamodb").Table(os.environ["ORDERS_TABLE"])


def handler(event, client):
    s3.upload_file("x", "orders-data", "k")
    table.put_item(Item=event)
    boto3.client("service-quotas").list_services()
    boto3.client("dynamodb").execute_statement(Statement="x")
    client.get_secret_value(SecretId="x")
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "app.py").write_text(APP, encoding="utf-8")
    (tmp_path / "orders" / ".env").write_text(
        f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\n", encoding="utf-8"
    )
    return tmp_path


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_draft_allows_what_the_calls_need(name: str, tmp_path: Path, catalog: Catalog) -> None:
    """And beyond that only what the verbs bring that fit best; the manifest is one that is taken."""
    file = tmp_path / "app.py"
    file.write_text("import boto3\n" + textwrap.dedent(PROGRAMS[name]), encoding="utf-8")
    code = read_code(file, [str(file)])
    (workload,) = read_manifest(loads(manifest_of(code, catalog, is_tried=True), "m.yaml"), catalog)
    (environment,) = workload.environments
    own = [one for one in derive_grants(workload, catalog).grants if one.side == "workload"]
    said = ground(own, environment.values)
    asked = [
        Declared("Allow", (one.action,), (one.resource.replace("arn:*:", "arn:${local.partition}:"),), (), "code")
        for one in code.permissions
    ]
    wanted = {one.actions[0] for one in asked}
    allowed = {action for one in said for pattern in one.actions for action in iam.expand(pattern)}
    assert wanted <= allowed
    beyond = {one.action for one in changes(asked, said, iam.expand)[0]} - wanted
    assert not beyond, beyond
    assert code.unmapped == ()


def test_the_draft_validates_and_says_what_it_cannot_tell(app: Path) -> None:
    run = rolewright("audit", "orders", "--draft", "orders.yaml", cwd=app)
    assert run.returncode == 1  # the key
    text = (app / "orders.yaml").read_text(encoding="utf-8")
    assert "  # dynamodb:PutItem: orders/app.py:11:5\n  fill-in-orders-table:\n" in text
    assert 'name: "<fill in: what ORDERS_TABLE is>"' in text
    assert 'workload: orders\ncompute:\n  type: lambda\n  image: "<fill in: Container image' in text
    assert "# Incomplete." in text
    assert "#   orders/app.py:13:5: dynamodb ExecuteStatement: it needs dynamodb:PartiQLDelete or " in text
    assert "#   orders/app.py:14:5: client.get_secret_value: it is not known what `client` is" in text
    assert '  # servicequotas:ListServices: orders/app.py:12:5\n  - actions: ["servicequotas:ListServices"]' in text
    assert "orders.yaml: orders: 4 permissions found, 2 places unclear: incomplete" in run.stderr
    assert "warning[not-told]: client.get_secret_value: it is not known what `client` is" in run.stderr
    refused = rolewright("validate", "orders.yaml", cwd=app)
    assert refused.returncode == 1
    assert refused.stderr.count("error[manifest-unfilled]") == text.count("<fill in")
    (app / "orders.yaml").write_text(
        text.replace("<fill in: what ORDERS_TABLE is>", "orders").replace(
            text[text.index("<fill in: Con") : text.index(">", text.index("<fill in: Con")) + 1],
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:1",
        ),
        encoding="utf-8",
    )
    assert rolewright("validate", "orders.yaml", cwd=app).returncode == 0
    assert SECRET not in text + run.stdout + run.stderr


def test_two_paths_are_two_workloads_in_one_file(app: Path) -> None:
    (app / "mail").mkdir()
    (app / "mail" / "send.js").write_text(
        'import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";\n'
        'c.send(new SendEmailCommand({ FromEmailAddress: "shop@example.com" }));\n',
        encoding="utf-8",
    )
    rolewright("audit", "orders", "mail", "--draft", "all.yaml", cwd=app)
    text = (app / "all.yaml").read_text(encoding="utf-8")
    assert text.count("\n---\n") == 1
    assert "# ses:SendEmail (by pattern): mail/send.js:2:8" in text
    run = rolewright("validate", "all.yaml", cwd=app)
    assert "compute.type is not filled in: <fill in: the compute type, " in run.stderr


def test_folders_of_one_name_are_two_workloads(tmp_path: Path) -> None:
    for name in ("orders", "mail"):
        (tmp_path / name / "src").mkdir(parents=True)
        (tmp_path / name / "src" / "a.py").write_text(
            "import boto3\nboto3.client('sqs').list_queues()\n", encoding="utf-8"
        )
    rolewright("audit", "orders/src", "mail/src", "--draft", "all.yaml", cwd=tmp_path)
    text = (tmp_path / "all.yaml").read_text(encoding="utf-8")
    assert [tree.data["workload"] for tree in loads(text, "all.yaml").trees] == ["src", "mail-src"]


def test_names_of_folders_and_files_stay_in_their_comments(tmp_path: Path) -> None:
    folder = tmp_path / "a\nstatements: []"
    folder.mkdir()
    text = "import boto3\nboto3.client('sqs').list_queues()\nboto3.client('x')\n"
    (folder / "b\nnever: [].py").write_text(text + "'\\d'\n", encoding="utf-8")
    run = rolewright("audit", folder.name, "--draft", "all.yaml", cwd=tmp_path)
    assert "Warning" not in run.stderr  # of Python, on an escape in a text that it does not know
    (tree,) = loads((tmp_path / "all.yaml").read_text(encoding="utf-8"), "all.yaml").trees
    assert tree.data.keys() == {"version", "workload", "compute", "statements"}
    assert tree.data["statements"][0]["actions"] == ["sqs:ListQueues"]


def test_the_checklist(app: Path) -> None:
    rolewright("audit", "orders", "--checklist", "todo.md", cwd=app)
    text = (app / "todo.md").read_text(encoding="utf-8")
    assert f"## {KEY}\n\n- account: {ACCOUNT}\n- found in: `orders/.env:1:19`\n- workload: orders (`orders`)\n" in text
    assert "  - needs `s3:AbortMultipartUpload`, `s3:PutObject` on `arn:*:s3:::orders-data/*`\n" in text
    assert "  - unclear from the code: `orders/app.py:13:5`: dynamodb ExecuteStatement: " in text
    assert f"aws iam update-access-key --access-key-id {KEY} --status Inactive" in text
    assert SECRET not in text


def test_the_key_of_another_path_is_not_this_workloads(app: Path) -> None:
    (app / "mail").mkdir()
    (app / "mail" / "app.py").write_text("import boto3\nboto3.client('sqs').list_queues()\n", encoding="utf-8")
    other, secret, _ = new_key(random.Random(12))
    (app / "elsewhere.env").write_text(f"AWS_ACCESS_KEY_ID={other}\nAWS_SECRET_ACCESS_KEY={secret}\n", encoding="utf-8")
    rolewright("audit", "orders", "mail", "elsewhere.env", "--checklist", "todo.md", cwd=app)
    parts = dict(
        zip(
            [KEY, other] if other > KEY else [other, KEY], (app / "todo.md").read_text().split("\n## ")[1:], strict=True
        )
    )
    assert "workload: orders (`orders`)" in parts[KEY]
    assert "workload: mail" not in parts[KEY] + parts[other]
    assert "no AWS call was found in its code" in parts[other]


def test_a_name_that_is_not_known_stays_where_no_type_is_for_the_action(tmp_path: Path, catalog: Catalog) -> None:
    file = tmp_path / "app.py"
    file.write_text(
        "import boto3\ndef f(name):\n    boto3.client('sqs').create_queue(QueueName=name)\n"
        "    boto3.client('kms').decrypt(KeyId=name, CiphertextBlob=b'')\n",
        encoding="utf-8",
    )
    text = manifest_of(read_code(file, [str(file)]), catalog)
    arn = "arn:${partition}:sqs:${region}:${account}:fill-in-name"
    assert f'    resources: ["{arn}"]\n'.replace("fill-in-name", "<fill in: what name is>") in text
    assert "    type: kms-key\n" in text
    assert '"<fill in: it is not clear which one is meant>"\n' in text


def test_an_arn_of_the_code_stays_what_it_is(tmp_path: Path, catalog: Catalog) -> None:
    """A secret of another account is not one of that name in the workload's own."""
    arn = "arn:aws:secretsmanager:us-east-1:999999999999:secret:db-AbCdEf"
    file = tmp_path / "app.py"
    file.write_text(
        f"import boto3\nboto3.client('secretsmanager').get_secret_value(SecretId='{arn}')\n", encoding="utf-8"
    )
    text = manifest_of(read_code(file, [str(file)]), catalog, is_tried=True)
    assert f'    arn: "{arn}"\n    access: [get]\n' in text
    (workload,) = read_manifest(loads(text, "m.yaml"), catalog)
    (environment,) = workload.environments
    declared = [one for one in derive_grants(workload, catalog).grants if one.side == "workload"]
    assert {resource for one in ground(declared, environment.values) for resource in one.resources} == {arn}


def test_a_call_that_names_no_resource_gets_the_verb_for_such_calls(tmp_path: Path, catalog: Catalog) -> None:
    """Where the same action has a verb on an ARN as well, for calls that name one."""
    file = tmp_path / "app.py"
    file.write_text(
        textwrap.dedent("""\
            import boto3
            boto3.client("comprehend").detect_entities(Text="x", LanguageCode="en")
            costs = boto3.client("ce")
            costs.get_tags(TimePeriod={})
            costs.get_cost_forecast(BillingViewArn="arn:aws:billing::123456789012:billingview/custom-1a2b3c4d")
        """),
        encoding="utf-8",
    )
    text = manifest_of(read_code(file, [str(file)]), catalog, is_tried=True)
    drafted = loads(text, "m.yaml").trees[0].data["resources"]
    assert sorted(([*one["access"]], one.get("arn", "")) for one in drafted.values()) == [
        (["entities"], ""),
        (["filters"], ""),
        (["view-costs"], "arn:aws:billing::123456789012:billingview/custom-1a2b3c4d"),
    ]


def test_nothing_that_was_filled_in_is_lost(app: Path) -> None:
    for option in ("--draft", "--checklist"):
        (app / "there").write_text("mine", encoding="utf-8")
        run = rolewright("audit", "orders", option, "there", cwd=app)
        assert run.returncode == 2
        assert "give another file name" in " ".join(run.stderr.replace("│", " ").split())
        assert (app / "there").read_text(encoding="utf-8") == "mine"


def test_nothing_to_draft_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n", encoding="utf-8")
    run = rolewright("audit", "a.py", "--draft", "m.yaml", cwd=tmp_path)
    assert run.returncode == 1
    assert "no AWS SDK call was found in the code" in run.stderr
    assert not (tmp_path / "m.yaml").exists()


ARGUMENTS = (
    *map(repr, ("orders", "a b*?", "/x/y", "", "é", "\x85\n", "a" * 200, "https://sqs.us-east-1.amazonaws.com/1/x")),
    *map(repr, ("arn:aws:s3:::x/y", "arn:aws:x:us-east-1:123456789012:y/z", "alias/x", "${x}", "orders:3", "a/b/c")),
    *("NAME", "[NAME, 'x']", "{}", "{'x': NAME}", "os.environ['A_B']", "f'{x}-y'", "1", "None"),
)


@generated(25, 240)
@given(data=st.data())
def test_whatever_is_passed_the_manifest_is_valid(data: st.DataObject, pipeline: Pipeline) -> None:
    """It is built, linted, proven and applied to moto, as `validate` does it."""
    service = models.service(data.draw(st.sampled_from(sorted(models.facts()["usual"]))))
    assert service is not None
    method = data.draw(st.sampled_from(sorted(service.methods.keys() - {"assume_root"})))  # moto refuses its ARN
    members = sorted(service.operations[service.methods[method]])
    passed = ", ".join(f"{name}={data.draw(st.sampled_from(ARGUMENTS))}" for name in members)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "app.py")
        file.write_text(f"import boto3\nboto3.client({service.name!r}).{method}({passed})\n", encoding="utf-8")
        code = read_code(file, [str(file)])
        if code.permissions:
            file.with_suffix(".yaml").write_text(manifest_of(code, pipeline.catalog, is_tried=True), encoding="utf-8")
            (built,) = pipeline.run(file.with_suffix(".yaml"))
            errors = [one for one in built.findings if one.severity is Severity.ERROR]
            # What lets a role become more than it is, `validate` refuses, whoever wrote it.
            assert [one for one in errors if one.rule != "privilege-escalation"] == []


def test_names_in_code_cannot_get_out_of_a_comment(tmp_path: Path, catalog: Catalog) -> None:
    file = tmp_path / "a.js"
    file.write_text(
        'require("aws-sdk"); const s3 = new AWS.S3();\n'
        's3.getObject({Bucket: `x\u2028statements: [], "\\n`});\ns3.getObject({Bucket: "b\\u0085c: {"});\n',
        encoding="utf-8",
    )
    written = manifest_of(read_code(file, [str(file)]), catalog)
    assert not {"\u2028", "\x85"} & set(written)
    text = manifest_of(read_code(file, [str(file)]), catalog, is_tried=True)
    (workload,) = read_manifest(loads(text, "m.yaml"), catalog)
    assert workload.name
    assert not {"\u2028", "\x85"} & set(text)


CASES = Path(__file__).parents[1] / "cases" / "code"
FOUND: dict[str, set[tuple[str, str]]] = {
    "js-variable": {("dynamodb:PutItem", "table/orders"), ("dynamodb:Query", "table/orders")},
    "js-v2-promise": {("rekognition:DetectLabels", "*"), ("dynamodb:PutItem", "table/labels")},
    "js-namespace": {("s3:PutObject", "reports/*")},
    "js-regex-hang": {("sqs:SendMessage", "fill-in-queueurloftheorders")},
    "go-hang": {("sqs:SendMessage", "fill-in-queueurloftheorders")},
    "go-manager": {("s3:PutObject", "reports/*"), ("s3:AbortMultipartUpload", "reports/*"), ("events:PutEvents", "*")},
    "python-threadlocal": {("s3:GetObject", "my-bucket/*")},
    "python-executor": {("s3:GetObject", "my-bucket/*"), ("s3:DeleteObject", "my-bucket/*")},
    "python-partial": {("s3:PutObject", "my-bucket/*")},
    "python-tothread": {("s3:PutObject", "my-bucket/*")},
    "python-dict": {("s3:PutObject", "my-bucket/*"), ("sqs:SendMessage", "jobs")},
    "python-prop": {("s3:PutObject", "my-bucket/*")},
}
TOLD = {
    "python-getattr": "the operation is known only at run time",
    "java": "Java is not read: it imports an AWS SDK (Orders.java:1)",
    "ruby": "Ruby is not read: it imports an AWS SDK (store.rb:1)",
    "js-v2-promise": "s3:GetObject",
}


@pytest.mark.parametrize("case", sorted({*FOUND, *TOLD}))
def test_what_code_asks_for_or_does_not_tell(case: str) -> None:
    folder = CASES / case
    code = read_code(folder, [str(file) for file in folder.iterdir()])
    found = {(one.action, one.resource.rpartition(":")[2]) for one in code.permissions}
    assert found == FOUND.get(case, set())
    told = [f"{one.text}: {one.reason}" for one in code.unmapped]
    assert bool(told) == (case in TOLD)
    assert TOLD.get(case, "") in "".join(told)
    assert code.is_complete == (case not in TOLD)


SIGNS = {
    "lambda": {"a.py": "import x\ndef handler(e, c):\n    pass\n"},
    "fargate": {"Dockerfile": "FROM python:3.13\n"},
    "eks-pod-identity": {"k8s/app.yaml": "apiVersion: apps/v1\nkind: Deployment\n", "Dockerfile": "FROM x\n"},
    "eks-irsa": {"k8s/a.yaml": "kind: ServiceAccount\nmetadata: {annotations: {eks.amazonaws.com/role-arn: x}}\n"},
    "glue-job": {"job.py": "from awsglue.context import GlueContext\ndef handler(e, c): ...\n"},
    "ecs-ec2": {"task-definition.json": '{"requiresCompatibilities": ["EC2"]}', "Dockerfile": "FROM x\n"},
    "github-actions": {".github/workflows/a.yml": "uses: aws-actions/configure-aws-credentials@v4\n"},
}


@pytest.mark.parametrize("type_", SIGNS)
def test_what_it_runs_on_is_what_its_files_show(type_: str, tmp_path: Path, catalog: Catalog) -> None:
    for name, text in SIGNS[type_].items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = [str(file) for file in sorted(tmp_path.rglob("*")) if file.is_file()]
    assert recognised(files, str(tmp_path), catalog) == (type_,)


def test_of_two_that_are_as_likely_none_is_taken(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "a.py").write_text("import boto3\nboto3.client('sqs').list_queues()\n", encoding="utf-8")
    (tmp_path / "template.yaml").write_text("Transform: AWS::Serverless-2016-10-31\n", encoding="utf-8")
    (tmp_path / "task-definition.json").write_text('{"cpu": "FARGATE"}', encoding="utf-8")
    code = read_code(tmp_path, [str(file) for file in sorted(tmp_path.iterdir())])
    assert '  type: "<fill in: the compute type, fargate or lambda; or give it with --type>"\n' in manifest_of(
        code, catalog
    )
    assert "  type: ec2\n" in manifest_of(code, catalog, "ec2")


def test_languages_that_nobody_looked_at_are_named(tmp_path: Path) -> None:
    """Also where nothing in them says that they call AWS."""
    (tmp_path / "a.py").write_text("print(1)\n", encoding="utf-8")
    (tmp_path / "A.java").write_text("class A {}\n", encoding="utf-8")
    run = rolewright("audit", ".", "--draft", "m.yaml", cwd=tmp_path)
    assert run.returncode == 1
    assert (
        "warning[not-told]: Java is not read: 1 file; no AWS call was found in the files that were read" in run.stderr
    )


UNREAD = load(Path(languages.__file__).with_name("languages.yaml")).trees[0].data


@pytest.mark.parametrize("language", UNREAD["unread"])
def test_each_language_that_is_not_read_is_told_by_each_mark(language: str, tmp_path: Path) -> None:
    for number, mark in enumerate(UNREAD["unread"][language]["marks"]):
        for suffix in UNREAD["unread"][language]["files"]:
            file = tmp_path / f"a{number}{suffix}"
            file.write_text(f"one\n  {mark}s3 x\n", encoding="utf-8")
            (told,) = read_code(file, [str(file)]).unmapped
            assert (told.text, told.location.line) == (f"{language} is not read", 2)


@pytest.mark.parametrize("name", UNREAD["packages"])
def test_each_list_of_packages_is_told(name: str, tmp_path: Path) -> None:
    for mark in UNREAD["packages"][name]["marks"]:
        file = tmp_path / name.replace("*", "x")
        file.write_text(f"one\n  {mark}\n", encoding="utf-8")
        (told,) = read_code(tmp_path, [str(file)]).unmapped
        assert told.text == f"{UNREAD['packages'][name]['language']} is not read"


def test_the_command_line_in_a_script_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.sh"
    for text, is_told in (("x=$(aws s3 ls)", True), ("aws  sts get-caller-identity", True), ("cd ~/.aws", False)):
        file.write_text(f"one\n{text}\n", encoding="utf-8")
        assert bool(read_code(file, [str(file)]).unmapped) == is_told
    assert read_code(file, [str(file)]).unread == {"shell": 1}


def test_no_literal_that_may_hold_a_secret_gets_into_a_draft(tmp_path: Path, catalog: Catalog) -> None:
    key = "AKIA" + "IOSFODNN7ABCDEFG"
    (tmp_path / "index.py").write_text(
        "import boto3\n"
        f'boto3.client("sqs").send_message(QueueUrl="https://x.example/q?X-Amz-Signature=abcdef&k={key}")\n'
        f'boto3.client("ssm").get_parameter(Name="/prod/password=Hunter2")\n'
        f'boto3.client("s3").get_object(Bucket=made("{key}", "Hunter3"), Key="a")\n'
        'boto3.client("dynamodb").get_item(TableName=settings["orders"], Key={})\n',
        encoding="utf-8",
    )
    text = manifest_of(read_code(tmp_path, [str(tmp_path / "index.py")]), catalog)
    lowered = text.lower()
    for secret in (key, "abcdef", "hunter", "password", "signature"):
        assert secret.lower() not in lowered, text
    assert "settings['orders']" in text
    assert "index.py line 2" in text
