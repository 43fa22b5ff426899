"""The deployer's policies: they suffice for all that real Terraform calls, and allow little beside."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from cases import Cases
from command_line import rolewright
from manifest_generator import compute_variants, generated_manifests
from rolewright.blueprint import load_catalog
from rolewright.data import iam, limits
from rolewright.deployer.actions import load_actions
from rolewright.deployer.policies import DeployerPermission, documents, minified, permissions
from rolewright.hcl.parse import parse
from rolewright.prove.evaluate import evaluate
from rolewright.prove.match import matches
from rolewright.terraform.lifecycle import lacking, resource_types
from rolewright.terraform.root import Root
from rolewright.terraform.server import moto_server
from terraform_root import WAITED_FOR, build, told

if TYPE_CHECKING:
    from real_terraform import Terraform
    from rolewright.pipeline import Built, Pipeline

ROOT = Path(__file__).parents[2]
ACTIONS = load_actions([])
# The provider asks who it is with iam:GetUser where its check of credentials is turned off, as for the server here.
# Buckets: moto asks once more, under the names of old operations, for what the provider asks with one call.
NOT_TERRAFORM = {"iam:GetUser", "s3:ListBucketVersions"}


def needed(built: Built) -> list[DeployerPermission]:
    return [
        permission
        for environment in built.workload.environments
        for permission in permissions(
            built.workload, built.roles, evaluate(parse(built.module), environment), environment, ACTIONS
        )
    ]


def test_every_type_that_a_blueprint_makes_is_known() -> None:
    catalog = load_catalog()
    texts = [path.read_text(encoding="utf-8") for path in catalog.templates.values()]
    made = {name for text in texts for name in re.findall(r'^\s*resource "(\w+)"', text, re.MULTILINE)}
    read = {f"data.{name}" for text in texts for name in re.findall(r'^\s*data "(\w+)"', text, re.MULTILINE)}
    assert len(made) > 60
    assert not (made | read) - ACTIONS.keys()


def arn_shape(arn: str) -> re.Pattern[str]:
    """Any ARN that a format of the IAM database stands for."""
    return re.compile(re.sub(r"\\\$\\\{[A-Za-z]+\\\}", ".*", re.escape(arn)))


@pytest.mark.parametrize("type_", sorted(ACTIONS))
def test_each_action_is_on_what_the_iam_database_limits_it_to(type_: str) -> None:
    """On an ARN of a type that the action takes, and on * only where it takes none."""
    for block in ACTIONS[type_]:
        for action in (*block.read, *block.write):
            facts = iam.action(action)
            service = iam.service(action.partition(":")[0])
            assert facts is not None
            assert service is not None
            assert facts.name == action
            kinds = [arn for kind in facts.resource_types for arn in service.resources[kind.rstrip("*")].arns]
            for arn in block.arns:
                if arn == "*":
                    assert not kinds or block.when or action in STARS, action
                    continue
                filled = re.sub(r"\$\{/name\}", "/x", re.sub(r"\$\{[a-z_.]+\}", "x", arn))
                filled = filled.replace("kms:x:x:x", "kms:x:x:alias/x")
                fits = any(arn_shape(kind).fullmatch(filled) for kind in kinds)
                wild = "*" in filled and any(matches(filled, re.sub(r"\$\{\w+\}", "x", kind)) for kind in kinds)
                assert fits or wild or arn in OTHERWISE, (action, arn, kinds)


STARS = {
    "lambda:CreateEventSourceMapping",  # the mapping has no ARN before it is there, and the function is a condition
}
OTHERWISE = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-iam-policy-examples-for-apigateway.html
    "arn:${partition}:apigateway:${region}::/tags/*",
    "arn:${partition}:ssm:${region}::parameter${/name}",  # AWS's own parameters have no account
}


def covered(statement: dict[str, Any], request: str) -> bool:
    """Whether one of its resources is named by what a request says."""
    for resource in statement["Resource"]:
        name = re.split(r"[:/]", resource.removesuffix(":*").removesuffix("-??????"))[-1]
        if "*" in name or name in request:
            return True
    return False


def spelled(action: str) -> str:
    """An action as IAM spells it: of some services moto has the name from a path in small letters."""
    facts = iam.action(action)
    return facts.name if facts is not None else action


@pytest.mark.terraform
def test_they_suffice_for_what_terraform_calls_and_allow_little_beside(
    pipeline: Pipeline,
    terraform: Terraform,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Any,
    cases: Cases,
) -> None:
    """Plan, apply, a change of what can change in place, and destroy."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.yaml"))]
    manifests = [json.dumps(yaml.safe_load(text)) for text in texts]
    made: set[str] = set()
    for text in [*generated_manifests(80, created=True), *compute_variants()]:
        given = json.loads(text)
        new = {resource["type"] for resource in given["resources"].values() if resource.get("create")} | set(
            given["compute"]
        )
        if not new <= made:
            made |= new
            manifests.append(text)
    manifests = cases.of(manifests, 0.01)
    changed = [json.dumps({**json.loads(text), "tags": {"changed": "yes"}}) for text in manifests]
    before, after = ([built for built in build(pipeline, side) if not lacking(built)] for side in (manifests, changed))
    assert len(before) == len(after) >= 0.3 * len(manifests)
    if not cases.soak:
        before, after = (
            [built for built in side if not resource_types(built) & WAITED_FOR] for side in (before, after)
        )
        assert before
    recording = tmp_path / "calls.jsonl"
    monkeypatch.setenv("RECORDING", str(recording))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'generator'}:{ROOT / 'tests/support'}")
    folder = tmp_path / "root"
    folder.mkdir()
    with moto_server("recording_server") as address:
        loopback = type(terraform)(terraform.program, address)
        first = Root(folder, loopback, before)
        first.init()
        assert [told(fault) for fault in first.plan()] == []
        planned = recording.read_text(encoding="utf-8").splitlines()
        assert [told(fault) for fault in first.apply()] == []
        second = Root(folder, loopback, after)
        assert [told(fault) for fault in second.plan()] == []
        faults = [told(fault) for fault in second.apply()]  # moto lacks some calls that change tags; it has heard them
        assert all("deserialization failed" in fault or "not been implemented" in fault for fault in faults), faults
        assert [told(fault) for fault in second.destroy()] == []
    calls = {
        (spelled(action), request)
        for action, request in map(json.loads, recording.read_text(encoding="utf-8").splitlines())
    }
    found = [permission for built in after for permission in needed(built)]
    statements = [statement for document in documents(found, write=True) for statement in document["Statement"]]
    by_action: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for statement in statements:
        for action in statement["Action"]:
            by_action[action].append(statement)
    refused = {
        (action, request[:300])
        for action, request in calls
        if action not in NOT_TERRAFORM and not any(covered(statement, request) for statement in by_action[action])
    }
    assert refused == set()
    reading = {
        a
        for document in documents(found, write=False)
        for statement in document["Statement"]
        for a in statement["Action"]
    }
    assert {spelled(json.loads(line)[0]) for line in planned} - NOT_TERRAFORM <= reading
    used = {action for action, _ in calls}
    unused = sorted(by_action.keys() - used)
    record_property("deployer", f"{len(calls)} calls, {len(by_action)} actions allowed, {len(unused)} of them unused")
    if cases.soak:  # a few modules may be those whose changes in place this run does not make
        assert len(unused) <= 0.35 * len(by_action), unused


def test_a_name_that_several_resources_have_is_not_mixed_up(pipeline: Pipeline) -> None:
    """The function, its API and its rules are all named for the workload."""
    manifest = {
        "version": 1,
        "workload": "hook",
        "compute": {
            "type": "lambda",
            "runtime": "python3.12",
            "handler": "a.b",
            "package": "a.zip",
            "url": {},
            "api": {"routes": ["POST /orders"]},
            "triggers": {
                "rules": [{"name": "own", "pattern": {"source": ["a.b"]}}],
                "schedules": [{"name": "own", "expression": "rate(1 hour)"}],
            },
        },
    }
    (built,) = build(pipeline, [json.dumps(manifest)])
    for permission in needed(built):
        if "lambda:" in permission.action:
            assert not [arn for arn in permission.resources if arn.split(":")[2] not in ("lambda", "*")], permission


def test_replicas_take_rights_in_their_own_regions(pipeline: Pipeline) -> None:
    """On the table and by the key of each region, and for the secret on the one that is replicated."""
    keys = {region: f"arn:aws:kms:{region}:123456789012:key/k" for region in ("us-east-1", "eu-west-1", "eu-west-2")}
    replicas = [{"region": region, "kms_key": keys[region]} for region in ("eu-west-1", "eu-west-2")]
    table = {"type": "dynamodb-table", "name": "orders", "create": True, "hash_key": "id", "replicas": replicas}
    secret = {"type": "secretsmanager-secret", "name": "token", "create": True, "replicas": replicas[:1]}
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": {"type": "eks-irsa", "namespace": "a", "service_account": "b", "issuer": "oidc.example.com/id/A"},
        "environments": {"prod": {"account": "123456789012", "region": "us-east-1"}},
        "resources": {
            "t": {**table, "stream": "NEW_AND_OLD_IMAGES", "kms_key": keys["us-east-1"]},
            "s": {**secret, "kms_key": keys["us-east-1"]},
        },
    }
    (built,) = build(pipeline, [json.dumps(manifest)])
    reached = {
        (permission.action, resource, *(value for _, _, values in permission.conditions for value in values))
        for permission in needed(built)
        for resource in permission.resources
    }
    for region in ("eu-west-1", "eu-west-2"):
        for action in ("dynamodb:CreateTableReplica", "dynamodb:UpdateTimeToLive"):
            assert (action, f"arn:aws:dynamodb:{region}:123456789012:table/orders") in reached
        assert ("kms:CreateGrant", keys[region], f"dynamodb.{region}.amazonaws.com") in reached
    assert not [given for given in reached if given[0].endswith("Replica") and ":us-east-1:" in given[1]]
    assert ("kms:Encrypt", keys["eu-west-1"], "secretsmanager.eu-west-1.amazonaws.com") in reached
    assert not [given for given in reached if given[0] == "kms:Encrypt" and given[1] != keys["eu-west-1"]]


@pytest.mark.parametrize(
    ("bus", "rules"),
    [
        (None, {"rule/shop-prod-paid"}),
        ({"type": "eventbridge-bus"}, {"rule/shop-prod-paid", "rule/default/shop-prod-paid"}),
        ({"type": "eventbridge-bus", "name": "orders"}, {"rule/orders/shop-prod-paid"}),
    ],
)
def test_a_rule_is_that_of_its_own_bus(pipeline: Pipeline, bus: dict[str, str] | None, rules: set[str]) -> None:
    rule = {"name": "paid", "pattern": {"source": ["shop"]}, **({"bus": "bus"} if bus else {})}
    function = {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "a.zip"}
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": {**function, "triggers": {"rules": [rule]}},
        "environments": {"prod": {"account": "123456789012", "region": "us-east-1"}},
        "resources": {"bus": bus} if bus else {},
    }
    (built,) = build(pipeline, [json.dumps(manifest)])
    reached = {
        resource.split(":", 5)[5]
        for permission in needed(built)
        if permission.action in ("events:PutRule", "events:PutTargets")
        for resource in permission.resources
    }
    assert reached == rules


def test_a_role_that_a_manifest_names_is_passed_to_its_service(pipeline: Pipeline) -> None:
    roles = {
        service: f"arn:aws:iam::123456789012:role/for-{service}" for service in ("firehose", "s3", "sns", "states")
    }
    stream = {"type": "firehose-stream", "name": "clicks", "bucket": "arn:aws:s3:::my-lake", "role": roles["firehose"]}
    topic = {"type": "sns-topic", "name": "news", "delivery_log": {"role": roles["sns"]}}
    copies = {"role": roles["s3"], "to": [{"name": "all", "bucket": "arn:aws:s3:::my-copies"}]}
    bucket = {"type": "s3-bucket", "name": "my-files", "replication": copies}
    definition = {"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    machine = {"type": "stepfunctions-state-machine", "name": "m", "definition": definition, "role": roles["states"]}
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": {"type": "eks-irsa", "namespace": "a", "service_account": "b", "issuer": "oidc.example.com/id/A"},
        "environments": {"prod": {"account": "123456789012", "region": "us-east-1"}},
        "resources": {
            key: {**entry, "create": True}
            for key, entry in (("f", stream), ("t", topic), ("m", machine), ("b", bucket))
        },
    }
    (built,) = build(pipeline, [json.dumps(manifest)])
    passed = [permission for permission in needed(built) if permission.action == "iam:PassRole"]
    assert {(permission.resources, permission.conditions) for permission in passed} == {
        ((arn,), (("StringEquals", "iam:PassedToService", (f"{service}.amazonaws.com",)),))
        for service, arn in roles.items()
    }


def test_policies_keep_within_the_limit_and_lose_nothing() -> None:
    many = [
        DeployerPermission(
            f"sqs:{action}", (f"arn:aws:sqs:us-east-1:123456789012:queue-number-{number}",), (), write=True
        )
        for number in range(400)
        for action in ("CreateQueue", "DeleteQueue")
    ]
    made = documents(many, write=True)
    assert len(made) > 1
    assert all(len(minified(document)) <= limits.MANAGED for document in made)
    allowed = {(a, r) for d in made for s in d["Statement"] for a in s["Action"] for r in s["Resource"]}
    assert allowed == {(permission.action, permission.resources[0]) for permission in many}
    assert documents(many, write=False) == []


def test_roles_are_passed_to_their_own_service_and_made_with_the_boundary_alone(tmp_path: Path) -> None:
    text = (ROOT / "examples" / "orders.yaml").read_text(encoding="utf-8")
    manifest = tmp_path / "orders.yaml"
    boundary = "arn:aws:iam::111111111111:policy/boundary"
    manifest.write_text(text.replace("owner:", f"boundary: {boundary}\nowner:"), encoding="utf-8")
    done = rolewright("deployer", "--env", "dev", manifest, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "deployer").glob("dev-*")) == ["dev-apply.json", "dev-plan.json"]
    apply = json.loads((tmp_path / "deployer" / "dev-apply.json").read_text(encoding="utf-8"))
    statements = apply["Statement"]
    roles = [f"arn:aws:iam::111111111111:role/orders-dev-{key}" for key in ("execution", "task")]
    (passing,) = [statement for statement in statements if "iam:PassRole" in statement["Action"]]
    assert passing["Resource"] == roles
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": ["ecs-tasks.amazonaws.com"]}}
    for action in ("iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"):
        for statement in statements:
            if action in statement["Action"]:
                assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": [boundary]}}
                assert statement["Resource"] == roles
    assert not any("iam:DeleteRolePermissionsBoundary" in statement["Action"] for statement in statements)
    for action in ("iam:CreateUser", "iam:CreateAccessKey", "iam:*", "*"):
        assert not any(matches(allowed, action) for statement in statements for allowed in statement["Action"])
    plan = json.loads((tmp_path / "deployer" / "dev-plan.json").read_text(encoding="utf-8"))
    facts = [iam.action(action) for statement in plan["Statement"] for action in statement["Action"]]
    assert {action_facts.level for action_facts in facts if action_facts is not None} <= {"Read", "List"}


INPUTS = """\
version: 1
workload: shop
compute: {type: lambda, runtime: python3.13, handler: a.b, package: function.zip}
resources:
  jobs: {type: sqs-queue, arn: "${inputs.jobs}", access: send}
  made:
    {type: dynamodb-table, name: "${inputs.made}", create: true, hash_key: id, access: get, kms_key: "${inputs.key}"}
boundary: ${inputs.boundary}
inputs:
  jobs: {type: arn, service: sqs, resource: queue}
  made: {type: name, default: made-by-default}
  key: {type: arn, service: kms, resource: key}
  boundary: {type: boundary-arn}
"""


@pytest.mark.parametrize("environments", ["", 'environments: {dev: {account: "111111111111", region: us-east-1}}\n'])
def test_what_the_caller_gives_may_be_anything_of_its_kind(environments: str, tmp_path: Path) -> None:
    """Neither the default nor an example is what the root gives: the deployer would lack the right to make it."""
    (tmp_path / "m.yaml").write_text(INPUTS + environments, encoding="utf-8")
    done = rolewright("deployer", "m.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    place = "us-east-1:111111111111" if environments else "*:*"
    (file,) = (tmp_path / "deployer").glob("*apply.json")
    statements = json.loads(file.read_text(encoding="utf-8"))["Statement"]
    by_action = {action: one for one in statements for action in one["Action"]}
    assert by_action["dynamodb:CreateTable"]["Resource"] == [f"arn:aws:dynamodb:{place}:table/*"]
    assert by_action["kms:CreateGrant"]["Resource"] == ["arn:aws:kms:*:*:key/*"]
    assert by_action["iam:CreateRole"]["Condition"] == {"StringLike": {"iam:PermissionsBoundary": ["*"]}}
    warned = {name for name in ("jobs", "made", "key", "boundary") if f"the input {name}," in done.stderr}
    assert warned == {"made", "key", "boundary"}
    assert "every managed policy is a boundary" in done.stderr


def test_a_boundary_of_any_account_is_matched_as_a_pattern(tmp_path: Path) -> None:
    """A module without environments has `*` for its account, which `StringEquals` would take as a text."""
    text = INPUTS.replace("${inputs.boundary}", '"arn:aws:iam::123456789012:policy/limit"')
    (tmp_path / "m.yaml").write_text(text.replace("  boundary: {type: boundary-arn}\n", ""), encoding="utf-8")
    assert rolewright("deployer", "m.yaml", cwd=tmp_path).returncode == 0
    statements = json.loads((tmp_path / "deployer" / "apply.json").read_text(encoding="utf-8"))["Statement"]
    (making,) = [statement for statement in statements if "iam:CreateRole" in statement["Action"]]
    assert making["Condition"] == {"StringLike": {"iam:PermissionsBoundary": ["arn:aws:iam::*:policy/limit"]}}


def test_the_files_are_kept_current_and_not_overwritten(tmp_path: Path) -> None:
    manifest = ROOT / "examples" / "lambda.yaml"
    stale = rolewright("deployer", "--check", manifest, cwd=tmp_path)
    assert (stale.returncode, (tmp_path / "deployer").exists()) == (3, False)
    assert rolewright("deployer", manifest, cwd=tmp_path).returncode == 0
    assert rolewright("deployer", "--check", manifest, cwd=tmp_path).returncode == 0
    file = tmp_path / "deployer" / "apply.json"
    file.write_text("{}", encoding="utf-8")
    edited = rolewright("deployer", manifest, cwd=tmp_path)
    assert (edited.returncode, file.read_text(encoding="utf-8")) == (1, "{}")


def test_a_type_that_nobody_described_is_a_finding_and_can_be_described(tmp_path: Path) -> None:
    blueprints = tmp_path / "blueprints"
    folder = blueprints / "resources" / "sqs-queue"
    folder.mkdir(parents=True)
    for path in (ROOT / "blueprints" / "resources" / "sqs-queue").iterdir():
        extra = '\nresource "aws_sqs_queue_redrive_policy" {{ resource.id + "_extra" }} {\n}\n' * path.name.endswith(
            ".j2"
        )
        (folder / path.name).write_text(path.read_text(encoding="utf-8") + extra * 0, encoding="utf-8")
    (blueprints / "deploy.yaml").write_text("aws_sqs_queue:\n  - {arns: ['*'], write: [sqs:CreateQueues]}\n")
    wrong = rolewright("deployer", "--blueprints", blueprints, ROOT / "examples" / "orders.yaml", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "deploy.yaml:2:27: " in wrong.stderr or "deploy.yaml:2:2" in wrong.stderr
    assert "AWS has no action sqs:CreateQueues" in wrong.stderr
    (blueprints / "deploy.yaml").write_text("aws_sqs_queue:\n  - {arn: ['*'], write: [sqs:CreateQueue]}\n")
    unknown = rolewright("deployer", "--blueprints", blueprints, ROOT / "examples" / "orders.yaml", cwd=tmp_path)
    assert (unknown.returncode, "unknown key `arn`" in unknown.stderr) == (1, True)
    assert not (tmp_path / "deployer").exists()
