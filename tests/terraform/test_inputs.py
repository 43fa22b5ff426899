"""Modules with inputs in a root of real Terraform: one takes what another one makes, and none takes a wildcard."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cases import shared
from real_terraform import Terraform
from rolewright.manifest.read import read_manifest
from rolewright.terraform.root import Root
from rolewright.terraform.server import moto_server
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from pathlib import Path

    from rolewright.pipeline import Pipeline

PRODUCER = """\
version: 1
workload: jobs
compute: {type: ec2, ami: ami-0123456789abcdef0, instance_type: t3.micro, subnet_id: subnet-0123456789abcdef0}
resources:
  jobs: {type: sqs-queue, name: jobs, create: true, access: consume}
"""
CONSUMER = """\
version: 1
workload: shop
compute:
  type: lambda
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:${inputs.release}
  environment: {QUEUE: "${resources.jobs.name}", LEVEL: "${inputs.level}"}
  vpc: {subnet_ids: "${inputs.subnets}", security_group_ids: "${inputs.groups}"}
resources:
  jobs: {type: sqs-queue, arn: "${inputs.queue}", access: send}
  orders: {type: dynamodb-table, name: "${inputs.table}", access: get}
boundary: ${inputs.boundary}
inputs:
  release: {type: image-tag, default: stable}
  level: {type: string, default: info}
  subnets: {type: subnet-ids}
  groups: {type: security-group-ids}
  queue: {type: arn, service: sqs, resource: queue}
  table: {type: name}
  boundary: {type: boundary-arn}
  common-tags: {type: tags, default: {}}
"""
GIVEN: dict[str, Any] = {
    "subnets": ["subnet-0123456789abcdef0"],
    "groups": ["sg-0123456789abcdef0"],
    "queue": "${module.jobs.jobs_arn}",
    "table": "orders",
    "boundary": "arn:aws:iam::123456789012:policy/limit",
    "common_tags": {"team": "orders", "workload": "not-this-one"},
}
PROVIDER = {
    "region": "us-east-1",
    "access_key": "none",
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_requesting_account_id": True,
}
REFUSED = [
    ("queue", "arn:aws:sqs:us-east-1:123456789012:*"),
    ("queue", "arn:aws:sqs:*:*:jobs"),
    ("queue", "arn:aws:sqs:us-east-1:123456789012:job?"),
    ("queue", "arn:aws:sqs:us-east-1:123456789012:$${aws:username}"),
    ("queue", "arn:aws:sns:us-east-1:123456789012:jobs"),
    ("queue", "arn:aws:sqs:us-east-1:123456789012:jobs\n"),
    ("queue", "*"),
    ("table", "*"),
    ("table", "orders/index/*"),
    ("release", "stable@sha256:0"),
    ("subnets", ["subnet-0123456789abcdef0", "*"]),
    ("subnets", ['subnet-0123456789abcdef0","subnet-0123456789abcdef1']),
    ("subnets", []),
    ("groups", ["sg-0123456789abcdef0,sg-0123456789abcdef1"]),
    ("level", "a\nb"),
    ("boundary", "arn:aws:iam::123456789012:role/limit"),
    ("common_tags", {"aws:x": "y"}),
]


def root(folder: Path, pipeline: Pipeline) -> None:
    """Write a root that calls both modules, the second with the first one's queue."""
    for text in (PRODUCER, CONSUMER):
        write(folder, text, pipeline)
    call(folder)


def write(folder: Path, manifest: str, pipeline: Pipeline) -> None:
    """Write the module of a manifest into a folder of its name."""
    (workload,) = read_manifest(loads(manifest, "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == ()
    for name, content in built.module.files.items():
        path = folder / workload.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def call(folder: Path, **others: Any) -> None:
    main = {
        "provider": {"aws": [PROVIDER]},
        "module": {"jobs": {"source": "./jobs"}, "shop": {"source": "./shop", **GIVEN}, **others},
    }
    (folder / "main.tf.json").write_text(json.dumps(main, indent=1), encoding="utf-8")


def test_one_module_takes_the_queue_that_another_makes_and_nothing_that_is_wider(
    tmp_path: Path, terraform: Terraform, pipeline: Pipeline
) -> None:
    root(tmp_path, pipeline)
    terraform.run(tmp_path, "init", "-input=false", "-no-color")
    assert terraform.json(tmp_path, "validate", "-json")["diagnostics"] == []
    bad = {f"bad_{number}": {"source": "./shop", **GIVEN, name: value} for number, (name, value) in enumerate(REFUSED)}
    call(tmp_path, **bad)
    terraform.run(tmp_path, "init", "-input=false", "-no-color")
    output = terraform.run(tmp_path, "plan", "-input=false", "-refresh=false", "-json", accept=(1,))
    said = [json.loads(line).get("diagnostic", {}) for line in output.splitlines()]
    invalid = [one for one in said if one.get("summary") == "Invalid value for variable"]
    lines = (tmp_path / "main.tf.json").read_text(encoding="utf-8").splitlines()
    calls = {name: number for number, line in enumerate(lines, 1) for name in bad if f'"{name}": {{' in line}
    hit = {one["range"]["start"]["line"] for one in invalid if "range" in one}
    ends = sorted([*calls.values(), len(lines)])
    taken = [name for name, at in calls.items() if not any(at <= line < ends[ends.index(at) + 1] for line in hit)]
    assert [bad[name] for name in taken] == []


BALANCED = """\
version: 1
workload: shop
compute:
  type: fargate
  image: nginx:1.27
  cpu: 256
  memory: 512
  port: 8080
  service:
    subnet_ids: ${inputs.subnets}
    vpc_id: ${inputs.vpc}
    load_balancer:
      listener: ${inputs.listener}
      security_group_id: ${inputs.group}
      priority: 10
      paths: ["/*"]
inputs:
  subnets: {type: subnet-ids}
  vpc: {type: vpc-id}
  listener: {type: listener-arn}
  group: {type: security-group-id}
environments:
  prod: {account: "111122223333", region: eu-west-1}
"""
GROUP = "  group: {type: security-group-id}\n"
OWN = BALANCED[: BALANCED.index("      listener:")] + """\
      create: {subnet_ids: [subnet-0123456789abcdef0, subnet-0123456789abcdef1], allow: [10.0.0.0/8],
               certificate: "${inputs.listener}"}
""" + BALANCED[BALANCED.index("inputs:") :].replace("listener-arn", "certificate-arn").replace(GROUP, "")  # fmt: skip


@pytest.mark.parametrize("manifest", shared([BALANCED, OWN], 0.5), ids=["shared", "own"])
def test_a_service_behind_a_load_balancer_takes_the_vpc_of_its_caller(
    manifest: str, tmp_path: Path, terraform: Terraform, pipeline: Pipeline
) -> None:
    """The target group's name follows from the VPC, which the proof does not know."""
    (workload,) = read_manifest(loads(manifest, "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    for name, content in built.module.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    assert "var.vpc" in (tmp_path / "ecs.tf").read_text(encoding="utf-8")
    terraform.run(tmp_path, "init", "-input=false", "-no-color", "-backend=false")
    assert terraform.json(tmp_path, "validate", "-json")["diagnostics"] == []


@pytest.mark.parametrize("release", shared(["1.4.2", "sha256:" + "0a" * 32], 0.5))
def test_a_root_of_two_modules_is_planned_on_moto(
    release: str, tmp_path: Path, terraform: Terraform, pipeline: Pipeline
) -> None:
    """Where the second is given what the first one makes, the plan of `rolewright` has an example in its place."""
    text = CONSUMER.replace("default: stable", f"default: '{release}'")
    (workload,) = read_manifest(loads(text, "m.yaml"), pipeline.catalog)
    planned = Root(tmp_path, terraform, [pipeline.build(workload)])
    planned.init()
    assert planned.validate() == []


WORKER = """\
version: 1
workload: jobs
compute: {type: ec2, ami: ami-0123456789abcdef0, instance_type: t3.micro, subnet_id: subnet-0123456789abcdef0}
resources:
  jobs: {type: sqs-queue, name: "${inputs.queue}", create: true, access: consume}
inputs:
  queue: {type: name}
"""
SHOP = """\
version: 1
workload: shop
compute:
  type: lambda
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:${inputs.release}
  vpc: {subnet_ids: "${inputs.subnets}", security_group_ids: "${inputs.groups}"}
resources:
  jobs: {type: sqs-queue, arn: "${inputs.queue}", access: send}
inputs:
  release: {type: image-tag}
  subnets: {type: subnet-ids}
  groups: {type: security-group-ids}
  queue: {type: arn, service: sqs, resource: queue}
"""
SERVICES = """\
provider "aws" {
  region                      = "us-east-1"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "private" {
  for_each   = toset(["10.0.1.0/24", "10.0.2.0/24"])
  vpc_id     = aws_vpc.main.id
  cidr_block = each.key
}

resource "aws_security_group" "shop" {
  name   = "shop"
  vpc_id = aws_vpc.main.id
}

module "jobs" {
  source = "./jobs"
  queue  = "orders-to-pack"
}

module "shop" {
  source  = "./shop"
  release = "1.4.2"
  subnets = [for subnet in aws_subnet.private : subnet.id]
  groups  = [aws_security_group.shop.id]
  queue   = module.jobs.jobs_arn
}

output "queue" {
  value = module.jobs.jobs_arn
}
"""


@pytest.mark.soak
def test_one_service_sends_to_the_queue_of_another_and_a_second_plan_is_empty(
    tmp_path: Path, terraform: Terraform, pipeline: Pipeline
) -> None:
    """Written as the README of each module says, in a network of the root's own."""
    for text in (WORKER, SHOP):
        write(tmp_path, text, pipeline)
    (tmp_path / "main.tf").write_text(SERVICES, encoding="utf-8")
    with moto_server() as address:
        program = Terraform(terraform.program, address)
        program.run(tmp_path, "init", "-input=false", "-no-color")
        program.run(tmp_path, "apply", "-input=false", "-no-color", "-auto-approve")
        program.run(tmp_path, "plan", "-input=false", "-no-color", "-detailed-exitcode")  # 2 where anything changes
        state = program.json(tmp_path, "show", "-json")["values"]
    arn = state["outputs"]["queue"]["value"]
    assert arn.endswith(":orders-to-pack")
    (shop,) = [module for module in state["root_module"]["child_modules"] if module["address"] == "module.shop"]
    (policy,) = [one for one in shop["resources"] if one["address"] == "module.shop.aws_iam_role_policy.execution"]
    statements = json.loads(policy["values"]["policy"])["Statement"]
    assert [one["Resource"] for one in statements if "sqs:SendMessage" in one["Action"]] == [arn]
