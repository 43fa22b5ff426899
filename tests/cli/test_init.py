"""`init`: from what a folder shows, options and answers to a manifest that is valid."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from cases import Cases
from command_line import COMMAND, rolewright
from rolewright.blueprint import load_catalog
from rolewright.core.finding import MisuseError, Rejected
from rolewright.grants.derive import derive_grants
from rolewright.manifest.read import read_manifest
from rolewright.manifest.samples import sample
from rolewright.suggest.from_code import WorkloadCode, slug
from rolewright.suggest.start import Started, Wanted, read_wanted, start
from rolewright.yaml.load import loads

CATALOG = load_catalog()
NO_CODE = WorkloadCode("shop", Path("shop"), (), (), {})
LAMBDA = """\
import boto3

table = boto3.resource("dynamodb").Table("orders")


def lambda_handler(event, context):
    return table.get_item(Key={"id": event["id"]})
"""


def made(text: str) -> dict[str, object]:
    """What a manifest says, which is valid and leads to roles."""
    (workload,) = read_manifest(loads(text, "rolewright.yaml"), CATALOG)
    derive_grants(workload, CATALOG)
    data = yaml.safe_load(text)
    assert isinstance(data, dict)
    return data


@pytest.mark.parametrize("type_", CATALOG.computes)
def test_every_compute_type_is_started_with_nothing_else_known(type_: str) -> None:
    started = start(CATALOG, "shop", type_, {}, [], NO_CODE)
    data = made(started.text)
    compute = data["compute"]
    assert isinstance(compute, dict)
    assert compute["type"] == type_
    resources = data.get("resources") or {}
    assert isinstance(resources, dict)
    named = {f"resources.{key}": entry for key, entry in resources.items()}
    places = {"compute": compute, **named}.items()
    fields = {f"{place}.{name}" for place, entry in places for name in entry if name != "type"}
    assert {one.path for one in started.examples} == fields


@pytest.mark.parametrize("type_", CATALOG.resources)
def test_every_resource_type_is_taken_by_its_name(type_: str, cases: Cases) -> None:
    """With each narrow verb that its name is enough for, and no value that nobody gave but said to be an example."""
    blueprint = CATALOG.resources[type_]
    named = blueprint.required[0] if blueprint.required else "name" if "name" in blueprint.fields else ""
    schema = blueprint.fields.get(named, {})
    names = [str(name) for name in schema.get("examples", [sample(schema)] if named else [""])]
    excluded = {verb for one in blueprint.exclusions.get(named, ()) for verb in one.verbs}
    for verb in cases.of([verb for verb in blueprint.verbs if verb not in excluded], 0.05):
        fitting = [started for name in names if (started := with_resource(type_, name, verb)) is not None]
        assert fitting, verb
        resources = made(fitting[0].text)["resources"]
        assert isinstance(resources, dict)
        ((key, entry),) = resources.items()
        assert (entry["type"], entry["access"]) == (type_, verb)
        examples = {one.path.removeprefix(f"resources.{key}.") for one in fitting[0].examples}
        assert entry.keys() - {"type", "access", named} <= examples


def with_resource(type_: str, name: str, verb: str) -> Started | None:
    """The start with one verb of a type, or None where the type refuses the verb for such a name."""
    wanted = read_wanted(f"{type_}:{name}:{verb}", CATALOG)
    assert wanted == Wanted(type_, name, (verb,))
    started = start(CATALOG, "shop", "fargate", {}, [wanted], NO_CODE)
    try:
        made(started.text)
    except Rejected as refusal:
        if {finding.rule for finding in refusal.findings} != {"manifest-rule"}:
            raise
        return None
    return started


def test_an_arn_stands_in_place_of_a_name() -> None:
    arn = "arn:aws:sqs:eu-west-1:222222222222:jobs"
    started = start(CATALOG, "shop", "fargate", {}, [read_wanted(f"sqs-queue:{arn}:send", CATALOG)], NO_CODE)
    assert made(started.text)["resources"] == {"jobs": {"type": "sqs-queue", "arn": arn, "access": "send"}}


def test_two_of_one_name_have_keys_of_their_own_and_one_asked_for_twice_has_all_verbs() -> None:
    asked = [
        "sqs-queue:orders:send",
        "dynamodb-table:orders:get",
        "dynamodb-table:orders:get,put",
        "sns-topic:orders:publish",
    ]
    resources = made(start(CATALOG, "shop", "fargate", {}, [read_wanted(a, CATALOG) for a in asked], NO_CODE).text)[
        "resources"
    ]
    assert isinstance(resources, dict)
    assert {key: entry["type"] for key, entry in resources.items()} == {
        "orders": "sqs-queue",
        "orders-dynamodb-table": "dynamodb-table",
        "orders-sns-topic": "sns-topic",
    }
    assert resources["orders-dynamodb-table"]["access"] == ["get", "put"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("dynamodb-tabel:orders:get", "did you mean dynamodb-table"),
        ("dynamodb-table:orders:gett", "did you mean get"),
        ("dynamodb-table:orders", "write dynamodb-table:NAME:VERB"),
        ("dynamodb-table::get", "write dynamodb-table:NAME:VERB"),
        ("dynamodb-table:orders:", "write dynamodb-table:NAME:VERB"),
        ("xray:traces:put", "xray has no names: write xray::VERB"),
        ("", "there is no resource type"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(text: str, message: str) -> None:
    with pytest.raises(MisuseError, match=message):
        read_wanted(text, CATALOG)


def test_one_line_makes_a_manifest_that_is_proven(tmp_path: Path) -> None:
    asked = ("--type", "lambda", "--name", "orders", "--resource", "dynamodb-table:orders:get,put", "--ci", "github")
    done = rolewright("init", *asked, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "rolewright.yaml: valid and proven" in done.stdout
    first, *_ = (tmp_path / "rolewright.yaml").read_text(encoding="utf-8").splitlines()
    schema = first.partition("$schema=")[2]
    assert (tmp_path / schema).read_text(encoding="utf-8").startswith('{"')
    workflow = yaml.safe_load((tmp_path / ".github/workflows/rolewright.yml").read_text(encoding="utf-8"))
    commands = [step["run"] for step in workflow["jobs"]["permissions"]["steps"] if "run" in step]
    assert [command.split()[1] for command in commands[1:]] == ["validate", "diff"]
    assert rolewright("validate", cwd=tmp_path).returncode == 0


def test_gitlab_has_a_file_to_include(tmp_path: Path) -> None:
    assert rolewright("init", "--type", "ec2", "--name", "old", "--ci", "gitlab", cwd=tmp_path).returncode == 0
    job = yaml.safe_load((tmp_path / "rolewright.gitlab-ci.yml").read_text(encoding="utf-8"))["permissions"]
    assert [command.split()[1] for command in job["script"][1:]] == ["validate", "diff"]


def test_what_does_not_go_with_the_examples_is_said_at_its_line(tmp_path: Path) -> None:
    done = rolewright("init", "--type", "fargate", "--name", "shop", "--set", "cpu=512", cwd=tmp_path)
    assert (done.returncode, "with cpu 512: memory 1024 to 4096" in done.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_a_workflow_is_for_the_folder_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "service").mkdir()
    done = rolewright("init", "service", "--type", "lambda", "--name", "shop", "--ci", "github", cwd=tmp_path)
    assert (done.returncode, "repository's own folder" in done.stderr) == (2, True)
    assert list((tmp_path / "service").iterdir()) == []


@pytest.mark.parametrize("name", ["1-orders-fn", "orders_fn", "Orders FN", "2026/orders-fn"])
def test_a_folder_gives_the_workload_its_name(name: str) -> None:
    assert slug(name) == "orders-fn"
    assert (slug("s1"), slug("42")) == ("s1-service", "workload")


def test_what_the_code_shows_is_taken(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LAMBDA, encoding="utf-8")
    done = rolewright("init", "--name", "shop", "--set", "memory=512", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    data = made((tmp_path / "rolewright.yaml").read_text(encoding="utf-8"))
    shown = {"type": "lambda", "runtime": "python3.13", "handler": "app.lambda_handler", "memory": 512}
    assert data["compute"] == {**shown, "package": "function.zip"}
    assert data["resources"] == {"orders": {"type": "dynamodb-table", "name": "orders", "access": ["get"]}}
    assert "compute.package is an example" in done.stdout


def test_an_example_in_a_resource_is_marked_where_it_stands(tmp_path: Path) -> None:
    given = ("--type", "github-actions", "--name", "deploys", "--set", "repository=acme/web")
    done = rolewright("init", *given, "--resource", "ecs-service:web:deploy", cwd=tmp_path)
    assert "resources.web.roles is an example" in done.stdout
    lines = (tmp_path / "rolewright.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[lines.index("  web:") - 1].endswith("; examples to replace: cluster, family, roles")


def test_an_example_that_a_field_refers_to_is_marked_as_one(tmp_path: Path) -> None:
    done = rolewright("init", "--type", "scheduled-task", "--name", "nightly", cwd=tmp_path)
    assert "resources.lambda-function.name is an example" in done.stdout
    assert "# named above; examples to replace: name\n" in (tmp_path / "rolewright.yaml").read_text(encoding="utf-8")


def test_what_the_code_does_not_show_is_marked_and_said(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(LAMBDA.replace('"orders"', "NAME"), encoding="utf-8")
    done = rolewright("init", "--name", "shop", cwd=tmp_path)
    assert (done.returncode, "is not filled in" in done.stderr) == (0, True)
    assert "<fill in" in (tmp_path / "rolewright.yaml").read_text(encoding="utf-8")
    assert "proven" not in done.stdout


@pytest.mark.parametrize("name", ["rolewright.yaml", ".github/workflows/rolewright.yml"])
def test_nothing_that_is_there_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine", encoding="utf-8")
    done = rolewright("init", "--type", "lambda", "--name", "shop", "--ci", "github", cwd=tmp_path)
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()] == ["mine"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "nothing in . shows what it runs on: give --type"),
        (("--type", "fargat"), 2, "did you mean fargate"),
        (("--type", "fargate", "--set", "memroy=512"), 2, "did you mean memory"),
        (("--type", "fargate", "--set", "memory"), 2, "write FIELD=VALUE"),
        (("--type", "fargate", "--name", "A_b"), 2, "A_b is no name"),
        (("--type", "fargate", "--set", "cpu=many"), 1, '`compute.cpu` is "many"'),
        (("nowhere", "--type", "fargate"), 2, "nowhere does not exist"),
    ],
)
def test_a_refusal_writes_nothing(tmp_path: Path, arguments: tuple[str, ...], code: int, message: str) -> None:
    done = rolewright("init", *arguments, cwd=tmp_path, env={"COLUMNS": "200"})
    assert done.returncode == code
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("link", [True, False])
def test_what_stands_in_place_of_a_folder_is_left(tmp_path: Path, link: bool) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "here").mkdir()
    place = tmp_path / "here" / ".github"
    place.symlink_to(tmp_path / "real") if link else place.write_text("mine", encoding="utf-8")
    done = rolewright("init", "--type", "lambda", "--name", "shop", "--ci", "github", cwd=tmp_path / "here")
    assert done.returncode == 2
    assert [path.name for path in (tmp_path / "here").iterdir()] == [".github"]
    assert list((tmp_path / "real").iterdir()) == []


def test_calls_that_no_manifest_can_allow_are_said(tmp_path: Path) -> None:
    """A stream has no such name: the call fails whatever the role may do."""
    call = 'boto3.client("kinesis").put_record(StreamName="prod/orders", Data=b"", PartitionKey="1")'
    (tmp_path / "app.py").write_text(f"{LAMBDA}\n\ndef more():\n    {call}\n", encoding="utf-8")
    done = rolewright("init", "--name", "shop", cwd=tmp_path)
    assert (done.returncode, "not in it: kinesis:PutRecord on" in done.stdout) == (0, True)
    assert "as no manifest can allow it" in (tmp_path / "rolewright.yaml").read_text(encoding="utf-8")


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / ".rolewright").symlink_to(tmp_path / "real")
    done = rolewright("init", "--type", "lambda", "--name", "shop", cwd=tmp_path / "here")
    assert (done.returncode, "symbolic link" in done.stderr) == (2, True)
    assert list((tmp_path / "real").iterdir()) == []


def on_a_terminal(folder: Path, answers: list[str], *arguments: str) -> tuple[str, int]:
    """What a run on a terminal shows, and its exit code; each answer is given when something is asked."""
    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(
        [*COMMAND, "init", *arguments], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "COLUMNS": "200", "TERM": "dumb"},
    ) as running:  # fmt: skip
        os.close(theirs)
        waiting, end = list(answers), time.monotonic() + 300
        while time.monotonic() < end:
            if select.select([ours], [], [], 1)[0]:
                try:
                    read = os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
                shown += read
                if shown.endswith(b": ") and waiting:
                    os.write(ours, waiting.pop(0).encode() + b"\n")
            elif running.poll() is not None:
                break
        running.kill() if running.poll() is None and time.monotonic() >= end else None
        code = running.wait()
    os.close(ours)
    assert not waiting, shown.decode()
    return shown.decode(), code


def test_on_a_terminal_it_asks_for_what_it_cannot_know(tmp_path: Path) -> None:
    """A wrong answer is asked for again; an empty one takes what is shown in brackets."""
    types = list(CATALOG.computes)
    answers = ["shop", "99", str(types.index("fargate") + 1), "", "512", "1024"]
    answers += ["dynamodb-table:orders:gett", "dynamodb-table:orders:get,put", ""]
    shown, code = on_a_terminal(tmp_path, answers)
    assert code == 0, shown
    assert "write a number from 1 to" in shown
    assert "did you mean get" in shown
    data = made((tmp_path / "rolewright.yaml").read_text(encoding="utf-8"))
    image = CATALOG.computes["fargate"].fields["image"]["examples"][0]
    assert data["compute"] == {"type": "fargate", "image": image, "cpu": 512, "memory": 1024}
    assert data["resources"] == {"orders": {"type": "dynamodb-table", "name": "orders", "access": ["get", "put"]}}


def test_what_another_tool_describes_is_named(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function'}}\n", encoding="utf-8"
    )
    (tmp_path / "broken-template.yaml").write_text("a: [", encoding="utf-8")
    run = rolewright("init", "--type", "lambda", "--name", "shop", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "template.yaml: a SAM template; `rolewright import .` makes manifests of it" in run.stderr
    assert "broken" not in run.stderr


def test_a_folder_of_many_files_is_started_and_what_was_not_looked_for_is_said(tmp_path: Path) -> None:
    for number in range(20_001):
        (tmp_path / f"{number}.txt").touch()
    run = rolewright("init", "--type", "lambda", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "rolewright.yaml").is_file()
    assert "were not looked for: . has more than 20,000 files" in run.stderr
