"""`retarget`: from every compute type to every other the code may do the same, and the text stays what it was."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from cases import shared
from command_line import rolewright
from manifest_generator import generated_manifests
from rolewright.blueprint import load_catalog
from rolewright.core.finding import Rejected
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.retarget.retarget import Retargeted, retarget
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rolewright.pipeline import Pipeline

CATALOG = load_catalog()
TYPES = [
    type_
    for type_, blueprint in CATALOG.computes.items()
    if any(role.grants == "workload" and not role.when for role in blueprint.roles.values())
]
RESOURCES: dict[str, dict[str, Any]] = {
    "files": {
        "type": "s3-bucket",
        "name": "my-files",
        "prefix": "in/",
        "kms_key": "arn:aws:kms:${region}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "access": ["read", "put"],
    },
    "orders": {
        "type": "dynamodb-table",
        "name": "my-${workload}",
        "create": True,
        "hash_key": "id",
        "stream": "NEW_IMAGE",
        "access": "read",
    },
    "work": {"type": "sqs-queue", "arn": "arn:aws:sqs:us-east-1:999999999999:work", "access": "consume"},
    "password": {"type": "secretsmanager-secret", "name": "prod/db", "access": "get"},
    "traces": {"type": "xray", "access": "write"},
}
STATEMENT = {
    "actions": ["textract:DetectDocumentText"],
    "resources": ["*"],
    "reason": "Textract has no narrower resource",
    "conditions": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
}


PAIRS = [
    (source, TYPES[(index + step) % len(TYPES)]) for step in range(len(TYPES)) for index, source in enumerate(TYPES)
]
"""Every two types; in any row of as many as there are types, each is left once and reached once."""


@cache
def sources() -> Mapping[str, list[str]]:
    """Some manifests on each type, as text in block style with a comment on each line of compute."""
    found: dict[str, list[str]] = {type_: [] for type_ in TYPES}
    for text in generated_manifests(4 * len(CATALOG.computes)):
        manifest = json.loads(text)
        type_ = manifest["compute"]["type"]
        if type_ in found:
            manifest["resources"]["work"] = RESOURCES["work"]  # what a schedule can be given as its target
            if not found[type_]:
                manifest["resources"] |= RESOURCES
                manifest["statements"] = [STATEMENT]
            for environment in manifest.get("environments", {}).values():
                for key in RESOURCES:  # what an environment had otherwise was of the resource that was there before
                    environment.get("resources", {}).pop(key, None)
            found[type_].append(written(manifest))
    assert all(found.values())
    return found


def written(manifest: Mapping[str, Any]) -> str:
    lines = ["# the whole"]
    for key, value in manifest.items():
        if key == "compute":
            lines.append("compute:  # where it runs")
            lines += [f"  {name}: {json.dumps(one)}  # on {name}" for name, one in value.items()]
        else:
            lines.append(f"{key}: {json.dumps(value)}  # about {key}")
    return "\n".join(lines) + "\n"


def moved(text: str, type_: str) -> Retargeted:
    return retarget(loads(text, "m.yaml"), type_, CATALOG)


def filled(text: str) -> str:
    """The manifest after somebody took the comment signs away from what has to be filled in."""
    return re.sub(r"^(\s*)# (\w+: .*)  # fill in: .*$", r"\1\2", text, flags=re.MULTILINE)


def access(text: str) -> set[tuple[object, ...]]:
    """What the code may do, from a manifest that is valid."""
    (workload,) = read_manifest(loads(text, "m.yaml"), CATALOG)
    declaration = derive_grants(workload, CATALOG)
    build_roles(workload, declaration, CATALOG)
    roles = CATALOG.computes[workload.compute.type].roles
    return {
        (
            environment.name,
            grant.effect,
            action,
            arn.ground(environment.values),
            frozenset(
                (one.operator, one.key.ground(environment.values), value.ground(environment.values))
                for one in grant.conditions
                for value in one.values
            ),
        )
        for environment in workload.environments
        for grant in declaration.grants
        if grant.side == "workload" and roles[grant.role].grants == "workload" and not grant.entailed
        for action in grant.actions
        for arn in grant.resources
    }


@pytest.mark.parametrize(("source", "target"), shared(PAIRS, 0.1))
def test_every_pair_of_types_has_the_same_access(source: str, target: str) -> None:
    assert access(sources()[source][0])
    for text in sources()[source]:
        made = moved(text, target)
        if source == target:
            assert (made.text, made.moves) == (text, ())
            continue
        (move,) = made.moves
        assert (move.lost, move.gained) == ((), ())
        assert access(filled(made.text)) == access(text)
        fields = CATALOG.computes[target].fields
        assert set(move.carried) <= fields.keys()
        assert set(move.missing) <= fields.keys() - set(move.carried)
        data = json.loads(json.dumps(loads(text, "m.yaml").trees[0].data["compute"]))
        dropped = {path.split(".")[1] for path in move.dropped if path.startswith("compute.")}
        assert set(move.carried) | dropped | {"type", "names"} >= data.keys()
        stays = [line for line in text.splitlines() if not line.startswith(("  ", "environments:"))]
        assert [one for one in made.text.splitlines() if not one.startswith(("  ", "environments:"))] == stays
        for name in move.carried:
            assert f"  {name}: {json.dumps(data[name])}  # on {name}\n" in made.text


@pytest.mark.parametrize("target", TYPES)
def test_the_result_is_rendered_and_proven(target: str, pipeline: Pipeline, tmp_path: Path) -> None:
    source = next(type_ for type_ in TYPES if type_ != target)
    file = tmp_path / "m.yaml"
    file.write_text(filled(moved(sources()[source][0], target).text), encoding="utf-8")
    (built,) = pipeline.run(file)
    assert built.proofs
    assert not built.refused, built.findings


BEFORE = """\
# Orders API
version: 1
workload: orders-api
compute:                # runs on Fargate
  # pinned
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:1.10   # the image
  type: fargate   # for now
  cpu: 256
  memory: 512

  # what it talks to
  environment:
    VERSION: 1.10       # not a number
    TABLE: ${resources.table.name}
  # read by ECS
  secrets:
    PASSWORD: db
  names: {task_role: orders-task, execution_role: orders-run}
  port: 8080

resources:
  table: {type: dynamodb-table, name: orders, access: read}
  db: {type: secretsmanager-secret, name: prod/db}  # injected
  partner: {type: sqs-queue, arn: "arn:aws:sqs:us-east-1:999999999999:partner", access: send}

statements:
  - actions: [textract:DetectDocumentText]
    resources: ["*"]
    reason: nothing narrower
    role: task

environments:
  dev: {account: "111111111111", region: us-east-1}
  prod:
    account: "222222222222"
    region: us-east-1
    compute: {cpu: 512, memory: 1024, environment: {VERSION: 1.20}}
"""
ON_LAMBDA = """\
# Orders API
version: 1
workload: orders-api
compute:                # runs on Fargate
  # pinned
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/orders:1.10   # the image
  type: lambda   # for now
  memory: 512

  # what it talks to
  environment:
    VERSION: 1.10       # not a number
    TABLE: ${resources.table.name}

resources:
  table: {type: dynamodb-table, name: orders, access: read}
  db: {type: secretsmanager-secret, name: prod/db}  # injected
  partner: {type: sqs-queue, arn: "arn:aws:sqs:us-east-1:999999999999:partner", access: send}

statements:
  - actions: [textract:DetectDocumentText]
    resources: ["*"]
    reason: nothing narrower
    role: execution

environments:
  dev: {account: "111111111111", region: us-east-1}
  prod:
    account: "222222222222"
    region: us-east-1
    compute: {memory: 1024, environment: {VERSION: 1.20}}
"""


def test_comments_and_layout_stay() -> None:
    made = moved(BEFORE, "lambda")
    assert made.text == ON_LAMBDA
    (move,) = made.moves
    assert move.carried == ("image", "memory", "environment")
    assert move.missing == {}
    assert "db itself" in move.dropped["compute.secrets"]
    assert move.dropped.keys() == {
        "compute.cpu",
        "compute.secrets",
        "compute.port",
        "compute.names.task_role",
        "compute.names.execution_role",
    }
    assert move.agreements == ("queue policy of partner",)
    assert [line.partition(" by ")[2].split(" ")[0] for line in move.before.trusts] == ["ecs-tasks.amazonaws.com"] * 2
    assert move.after.trusts == ("execution: sts:AssumeRole by lambda.amazonaws.com",)
    assert "execution: secretsmanager:GetSecretValue on" in "\n".join(move.before.platform)
    assert "secretsmanager" not in "\n".join(move.after.platform)


def test_an_environment_that_overrides_nothing_any_more_loses_compute() -> None:
    made = moved(BEFORE, "ec2")
    assert made.text.endswith('  prod:\n    account: "222222222222"\n    region: us-east-1\n')
    assert '  type: ec2   # for now\n  # ami: "amazon-linux-2023"  # fill in: ' in made.text
    assert re.search(r"# fill in: Instance type.*\n\nresources:\n", made.text)
    assert list(made.moves[0].missing) == ["ami", "instance_type"]


@pytest.mark.parametrize(
    ("compute", "to", "expected"),
    [
        (
            "{type: lambda, runtime: python3.12, handler: a.b, package: a.zip, memory: 1024}",
            "fargate",
            "{type: fargate, memory: 1024}",
        ),
        (
            "{memory: 1024, image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1, type: lambda, timeout: 9}",
            "fargate",
            "{memory: 1024, image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1, type: fargate}",
        ),
    ],
)
def test_braces_stay(compute: str, to: str, expected: str) -> None:
    text = f"version: 1\nworkload: app\ncompute: {compute} # here\nresources: {{}}\n"
    made = moved(text, to).text
    lines = [line for line in made.splitlines() if not line.startswith("  # ")]
    assert "\n".join(lines) + "\n" == text.replace(compute, expected)


@pytest.mark.parametrize(
    "text",
    [
        '{"version": 1, "workload": "app", "compute": {"type": "fargate", "image": "a", "cpu": 256, "memory": 512}}',
        "version: 1\nworkload: app\ncompute: &c\n  type: fargate\n  image: a\n  cpu: 256\n  memory: 512",
        "version: 1\nworkload: app\ncompute: !!map\n type: fargate\n image: a\n cpu: 256\n command: [a]\n memory: 512",
        "version: 1\nworkload: app\ncompute:\n  <<: {image: a, cpu: 256}\n  type: fargate\n  memory: 512\n",
        "version: 1\r\nworkload: app\r\ncompute:\r\n ? type\r\n : fargate\r\n image: a\r\n cpu: 256\r\n memory: 512",
        "version: 1\ncompute: {type: fargate,\n  image: a, # the image\n  cpu: 256,\n  memory: 512}\nworkload: app\n",
    ],
)
def test_any_way_of_writing_it_can_be_moved(text: str) -> None:
    before = loads(text, "m.yaml").trees[0].data
    after = loads(moved(text, "lambda").text, "m.yaml").trees[0].data
    assert after["compute"].pop("type") == "lambda"
    assert "cpu" not in after["compute"]
    assert {**before["compute"], **after["compute"]} == before["compute"]
    assert {**after, "compute": None} == {**before, "compute": None}


def test_an_environments_value_goes_with_the_field_that_is_left_behind() -> None:
    text = (
        "version: 1\nworkload: app\ncompute:\n  type: lambda\n"
        "  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1\n  memory: 1024\n  timeout: 9\n"
        "environments:\n  dev: {account: '111111111111', region: us-east-1}\n"
        "  prod: {account: '222222222222', region: us-east-1, compute: {memory: 1536, timeout: 10}}\n"
    )
    made = moved(text, "fargate")
    assert "memory" not in made.moves[0].carried
    assert made.text.endswith("  prod: {account: '222222222222', region: us-east-1}\n")
    assert access(filled(made.text)) == access(text)


def test_a_sample_like_what_was_dropped_is_not_taken_for_it() -> None:
    """The least memory on Fargate is what the manifest gives; its 64 in prod goes, and with it the field."""
    text = """\
version: 1
workload: orders-api
compute: {type: ecs-ec2, image: "nginx:1.27", cpu: 16384, memory: 512, cluster: shop}
environments:
  dev: {account: "111111111111", region: us-east-1}
  prod: {account: "222222222222", region: us-east-1, compute: {memory: 64}}
"""
    (move,) = moved(text, "fargate").moves
    assert {"compute.cpu", "compute.memory"} <= move.dropped.keys()
    assert {"cpu", "memory"} <= move.missing.keys()


def test_a_number_stays_as_it_is_written_where_all_is_written_anew() -> None:
    text = (
        "version: 1\nworkload: app\ncompute:\n  <<: {image: a, environment: {VERSION: 1.10, MASK: 0x1F}}\n"
        "  type: fargate\n  cpu: 256\n  memory: 512\n"
    )
    made = moved(text, "lambda")
    assert '"VERSION": 1.10, "MASK": 0x1F' in made.text


def test_what_others_share_by_an_anchor_is_not_torn_apart() -> None:
    text = (
        "version: 1\nworkload: app\ncompute:\n  type: fargate\n  image: a\n  cpu: 256\n  memory: &n 512\n"
        "tags: {megabytes: *n}\n"
    )
    with pytest.raises(Rejected) as refused:
        moved(text, "ec2")
    assert {one.rule for one in refused.value.findings} == {"retarget"}


def test_all_workloads_of_a_file_are_moved() -> None:
    one = "version: 1\nworkload: {}\ncompute: {{type: fargate, image: a, cpu: 256, memory: 512}}\n"
    other = "version: 1\nworkload: three\ncompute: {type: ec2, ami: amazon-linux-2023, instance_type: t3.micro}\n"
    text = "---\n".join([one.format("one"), one.format("two"), other])
    made = moved(text, "ec2")
    assert [move.workload for move in made.moves] == ["one", "two"]
    assert made.text.count("type: ec2") == 3
    assert made.text.endswith("---\n" + other)


def test_a_field_that_breaks_a_rule_there_is_left_behind() -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1"
    text = f"version: 1\nworkload: app\ncompute: {{type: lambda, image: {image}, memory: 1536}}\n"
    (move,) = moved(text, "fargate").moves
    assert "memory" not in move.carried
    assert "memory 512" in move.dropped["compute.memory"]


VAULT = """\
summary: A vault
fields: {}
required: []
names: {}
roles: {guard: {summary: who watches it, trusts: [ec2.amazonaws.com]}}
templates: []
"""


def test_a_type_without_code_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "team" / "compute" / "vault"
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(VAULT, encoding="utf-8")
    (tmp_path / "m.yaml").write_text(BEFORE.replace("    role: task\n", ""), encoding="utf-8")
    options = ("retarget", "m.yaml", "--to", "vault", "--blueprints", "team")
    ran = rolewright(*options, "-o", "new.yaml", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "error[access-code]: a vault has no code of its own that could use this" in ran.stderr
    assert not (tmp_path / "new.yaml").exists()
    told = json.loads(rolewright(*options, "--format", "json", cwd=tmp_path).stdout)
    assert {finding["rule"] for finding in told["findings"]} == {"access-code"}


DENIED = """\
summary: A vault with a lid
fields: {}
required: []
names: {}
roles:
  guard:
    summary: who watches it
    trusts: [ec2.amazonaws.com]
    grants: workload
    allow:
      - {sid: Open, actions: [s3:GetObject], resources: ["arn:${partition}:s3:::locks/open"], summary: open it}
      - {sid: Lid, effect: Deny, actions: ["ACTION"], resources: ["*"], summary: keep it shut}
templates: []
"""


@pytest.mark.parametrize(
    ("action", "differs"), [("dynamodb:GetItem", True), ("textract:DetectDocumentText", True), ("s3:PutObject", False)]
)
def test_what_the_other_platform_withholds_from_the_code_counts(action: str, differs: bool, tmp_path: Path) -> None:
    folder = tmp_path / "compute" / "vault"
    folder.mkdir(parents=True)
    (folder / "blueprint.yaml").write_text(DENIED.replace("ACTION", action), encoding="utf-8")
    catalog = load_catalog([tmp_path])
    text = BEFORE.replace("textract:DetectDocumentText", '"textract:Detect*"')
    (move,) = retarget(loads(text, "m.yaml"), "vault", catalog).moves
    assert move.lost == ()
    assert bool(move.gained) is differs
    assert all(line.split(" ")[1:3] == ["deny", action] for line in move.gained)
    assert any("s3:GetObject on arn:aws:s3:::locks/open" in line for line in move.after.platform)


def test_what_only_one_platform_asks_a_session_for_is_no_access_of_the_code() -> None:
    text = (
        "version: 1\nworkload: app\ncompute:\n  type: fargate\n  image: a\n  cpu: 256\n  memory: 512\nresources:\n"
        "  partner: {type: sts-assume-role, arn: 'arn:aws:iam::999999999999:role/partner', access: VERB}\n"
    )
    tags = "pod: sts:TagSession on arn:aws:iam::999999999999:role/partner"
    pod = moved(text.replace("VERB", "assume"), "eks-pod-identity")
    (there,) = pod.moves
    (back,) = moved(filled(pod.text), "fargate").moves
    for move in (there, back):
        assert (move.lost, move.gained) == ((), ())
        assert not any("TagSession" in line for line in move.access)
    assert tags in there.after.platform
    assert tags in back.before.platform
    (move,) = moved(text.replace("VERB", "assume-tagged"), "eks-pod-identity").moves
    assert (move.lost, move.gained) == ((), ())
    assert any("sts:TagSession" in line for line in move.access)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(BEFORE, encoding="utf-8")
    ran = rolewright("retarget", "m.yaml", "--to", "lambda", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (0, ON_LAMBDA)
    assert "the code's own access is exactly the same" in ran.stderr
    assert re.search(r"^trust on fargate +\| trust on lambda$", ran.stderr, re.MULTILINE)
    told = json.loads(rolewright("retarget", "m.yaml", "--to", "lambda", "--format", "json", cwd=tmp_path).stdout)
    assert told["manifest"] == ON_LAMBDA
    assert (told["moves"][0]["lost"], told["summary"]["errors"]) == ([], 0)
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8") == BEFORE


def test_no_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(BEFORE, encoding="utf-8")
    to = ("retarget", "m.yaml", "--to", "lambda", "-o")
    assert rolewright(*to, "new.yaml", cwd=tmp_path).returncode == 0
    assert (tmp_path / "new.yaml").read_text(encoding="utf-8") == ON_LAMBDA
    again = rolewright(*to, "m.yaml", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8") == BEFORE
    (tmp_path / "link.yaml").symlink_to("new.yaml")
    assert rolewright(*to, "link.yaml", "--force", cwd=tmp_path).returncode == 2
    assert rolewright(*to, "m.yaml", "--force", cwd=tmp_path).returncode == 0
    assert (tmp_path / "m.yaml").read_text(encoding="utf-8") == ON_LAMBDA


@pytest.mark.parametrize(
    ("to", "code", "said"),
    [("lamda", 2, "did you mean lambda"), ("fargate", 2, "already has the compute type fargate")],
)
def test_wrong_use(to: str, code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(BEFORE, encoding="utf-8")
    ran = rolewright("retarget", "m.yaml", "--to", to, cwd=tmp_path)
    assert ran.returncode == code
    assert said in " ".join(re.sub(r"[│╭╮╰╯─]", " ", ran.stderr).split())


def test_a_refused_manifest_is_shown_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(BEFORE.replace("cpu: 256", "cpu: 300"), encoding="utf-8")
    ran = rolewright("retarget", "m.yaml", "--to", "lambda", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "m.yaml:8:" in ran.stderr
    assert "cpu: 300" in ran.stderr
