"""What the module's security group lets out: HTTPS, what is declared, and what the manifest lists."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from distinct_modules import distinct_modules
from rolewright.core.finding import Rejected
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.evaluate import evaluate
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

SERVICE = {"subnet_ids": ["subnet-0123456789abcdef0"], "vpc_id": "vpc-0123456789abcdef0"}
OWN_GROUPS = {**SERVICE, "security_group_ids": ["sg-0123456789abcdef0"]}
FARGATE = {"type": "fargate", "image": "public.ecr.aws/nginx/nginx:1.27", "cpu": 256, "memory": 512}
ECS_ON_EC2 = {**FARGATE, "type": "ecs-ec2", "cluster": "shop"}
DATABASE = {"type": "rds-database", "resource_id": "db-ABCDEFGHIJKL01234", "user": "my_app", "access": "connect"}
RESOURCES: dict[str, tuple[dict[str, Any], set[int]]] = {
    "files": ({"type": "efs-file-system", "name": "fs-0123456789abcdef0", "access": "mount"}, {2049}),
    "postgres": ({**DATABASE, "port": 5432}, {5432}),
    "mysql": ({**DATABASE, "port": 3306}, {3306}),
    "dsql": ({"type": "aurora-dsql-cluster", "access": "connect"}, {5432}),
    "cache": ({"type": "elasticache", "replication_group": "r", "user": "app", "access": "connect"}, {6379}),
    "serverless": ({"type": "elasticache", "serverless_cache": "s", "user": "app", "access": "connect"}, {6379, 6380}),
    "memory": ({"type": "memorydb-cluster", "access": "connect"}, {6379}),
    "kafka": ({"type": "msk-cluster", "access": "connect"}, {9098}),
    "bucket": ({"type": "s3-bucket", "name": "shop-1234", "access": ["get"]}, set()),
    "unused": ({"type": "efs-file-system", "name": "fs-0123456789abcdef0"}, set()),
}
_DESCRIPTION = re.compile(r"[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]{0,255}")


def rules(pipeline: Pipeline, compute: dict[str, Any], resources: dict[str, Any]) -> set[tuple[object, ...]]:
    """What the security group of the tasks lets out: protocol, ports, and where to."""
    manifest = {"version": 1, "workload": "shop", "compute": compute, "resources": resources}
    (workload,) = read_manifest(loads(json.dumps(manifest), "shop.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == ()
    module = evaluate(parse(built.module), workload.environments[0])
    places = ("cidr_ipv4", "referenced_security_group_id", "prefix_list_id")
    return {
        (
            block.values["ip_protocol"],
            block.values["from_port"],
            *(block.values[place] for place in places if place in block.values),
        )
        for block in module.resources.values()
        if block.type == "aws_vpc_security_group_egress_rule" and block.values["from_port"] == block.values["to_port"]
    }


def readme(pipeline: Pipeline, compute: dict[str, Any], resources: dict[str, Any]) -> str:
    manifest = {"version": 1, "workload": "shop", "compute": compute, "resources": resources}
    (workload,) = read_manifest(loads(json.dumps(manifest), "shop.yaml"), pipeline.catalog)
    return pipeline.render(workload).module.files["README.md"]


def described(pipeline: Pipeline, entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of `resources` with whatever else its type requires."""
    blueprint = pipeline.catalog.resources[entry["type"]]
    required = {name: blueprint.fields[name]["examples"][0] for name in blueprint.required}
    return {**required, **entry}


@pytest.mark.parametrize("compute", [FARGATE, ECS_ON_EC2], ids=["fargate", "ecs-ec2"])
@pytest.mark.parametrize("key", sorted(RESOURCES))
def test_what_is_declared_is_let_out(pipeline: Pipeline, compute: dict[str, Any], key: str) -> None:
    entry, ports = RESOURCES[key]
    found = rules(pipeline, {**compute, "service": SERVICE}, {key: described(pipeline, entry)})
    assert found == {("tcp", port, "0.0.0.0/0") for port in {443, *ports}}


def test_one_rule_for_each_port(pipeline: Pipeline) -> None:
    both = {key: described(pipeline, RESOURCES[key][0]) for key in ("cache", "memory", "postgres", "dsql")}
    found = rules(pipeline, {**FARGATE, "service": SERVICE}, both)
    assert found == {("tcp", port, "0.0.0.0/0") for port in (443, 5432, 6379)}


def test_egress_adds_and_narrows(pipeline: Pipeline) -> None:
    egress = [
        {"port": 5432, "security_group_id": "sg-0123456789abcdef2"},
        {"port": 53, "protocol": "udp", "cidr": "10.0.0.2/32"},
        {"port": 6379, "protocol": "udp", "prefix_list_id": "pl-0123456789abcdef0"},
    ]
    touched = {"pg": {**DATABASE, "port": 5432}, "cache": RESOURCES["cache"][0]}
    assert rules(pipeline, {**FARGATE, "service": {**SERVICE, "egress": egress}}, touched) == {
        ("tcp", 443, "0.0.0.0/0"),
        ("tcp", 5432, "sg-0123456789abcdef2"),
        ("udp", 53, "10.0.0.2/32"),
        ("tcp", 6379, "0.0.0.0/0"),
        ("udp", 6379, "pl-0123456789abcdef0"),
    }


@pytest.mark.parametrize("compute", [FARGATE, ECS_ON_EC2], ids=["fargate", "ecs-ec2"])
@pytest.mark.parametrize(
    ("service", "at"),
    [
        ({**SERVICE, "egress": [{"port": 80}]}, "compute.service.egress.0.port"),
        (
            {**SERVICE, "egress": [{"port": 80, "cidr": "10.0.0.0/8", "prefix_list_id": "pl-0123456789abcdef0"}]},
            "compute.service.egress.0.port",
        ),
        ({**SERVICE, "egress": [{"port": 443, "cidr": "0.0.0.0/0"}]}, "compute.service.egress.0.port"),
        ({**OWN_GROUPS, "egress": [{"port": 80, "cidr": "10.0.0.0/8"}]}, "compute.service.egress"),
    ],
)
def test_egress_that_aws_refuses_or_nothing_takes(
    pipeline: Pipeline, compute: dict[str, Any], service: dict[str, Any], at: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        rules(pipeline, {**compute, "service": service}, {})
    assert {(finding.rule, finding.path) for finding in refusal.value.findings} == {("manifest-rule", at)}


def test_a_database_without_a_port_is_let_out_on_those_of_both_kinds(pipeline: Pipeline) -> None:
    found = rules(pipeline, {**FARGATE, "service": SERVICE}, {"pg": DATABASE})
    assert found == {("tcp", port, "0.0.0.0/0") for port in (443, 3306, 5432)}
    assert rules(pipeline, FARGATE, {"pg": DATABASE}) == set()
    assert rules(pipeline, {**FARGATE, "service": OWN_GROUPS}, {"pg": DATABASE}) == set()


def test_a_port_is_the_same_everywhere(pipeline: Pipeline) -> None:
    manifest = {
        "version": 1,
        "workload": "shop",
        "compute": {**FARGATE, "service": SERVICE},
        "resources": {"pg": {**DATABASE, "port": 5432}},
        "environments": {
            "dev": {"account": "111111111111", "region": "us-east-1"},
            "prod": {"account": "222222222222", "region": "us-east-1", "resources": {"pg": {"port": 5433}}},
        },
    }
    (workload,) = read_manifest(loads(json.dumps(manifest), "shop.yaml"), pipeline.catalog)
    with pytest.raises(Rejected) as refusal:
        pipeline.render(workload)
    assert {finding.rule for finding in refusal.value.findings} == {"network-port"}


def test_the_owner_of_a_security_group_is_told_what_it_has_to_let_out(pipeline: Pipeline) -> None:
    lambda_ = {"type": "lambda", "runtime": "python3.13", "handler": "app.handler", "package": "function.zip"}
    vpc = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
    touched = {"pg": DATABASE, "cache": RESOURCES["cache"][0], "memory": described(pipeline, RESOURCES["memory"][0])}
    text = readme(pipeline, {**lambda_, "vpc": vpc}, touched)
    assert "`vpc.security_group_ids`" in text
    assert "| 443 (tcp) |" in text
    assert "| 6379 (tcp) | cache, memory |" in text
    assert "| 3306 (tcp) | pg |\n| 5432 (tcp) | pg |" in text
    assert "## Network" not in readme(pipeline, lambda_, touched)


def test_a_build_in_a_network_has_to_reach_its_repository(pipeline: Pipeline) -> None:
    vpc = {"vpc_id": "vpc-0123456789abcdef0", "subnet_ids": ["subnet-0123456789abcdef0"]}
    build = {
        "type": "codebuild",
        "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        "buildspec": "version: 0.2",
        "vpc": {**vpc, "security_group_ids": ["sg-0123456789abcdef0"]},
    }
    connection = "arn:aws:codeconnections:us-east-1:123456789012:connection/1234abcd-12ab-34cd-56ef-1234567890ab"
    source = {"url": "https://github.com/my-org/my-app.git", "connection": connection}
    repository = "| 443 (tcp) | `https://github.com/my-org/my-app.git`, to which no endpoint in the VPC leads |\n"
    assert repository in readme(pipeline, {**build, "source": source}, {})
    assert "to which no endpoint" not in readme(pipeline, build, {})


def test_every_type_with_security_groups_says_where(pipeline: Pipeline) -> None:
    """But for instances that have none of the code's own connections, and tasks that are described elsewhere."""
    elsewhere = {"capacity.security_group_ids", "task.security_group_ids"}

    def named(fields: Any, path: str = "") -> set[str]:
        found = set()
        for name, schema in fields.items():
            if isinstance(schema, dict):
                at = f"{path}{name}"
                found |= {at} if name == "security_group_ids" else named(schema.get("properties", {}), f"{at}.")
        return found

    for type_, blueprint in pipeline.catalog.computes.items():
        given = set(blueprint.network.given) if blueprint.network else set()
        assert given == named(blueprint.fields) - elsewhere, type_


def test_the_texts_of_groups_and_rules_are_such_as_ec2_takes(pipeline: Pipeline) -> None:
    """EC2 API reference, IpRange and CreateSecurityGroup, "Description": no apostrophe among others."""
    texts = {
        block.values["description"]
        for workload, parsed in distinct_modules(pipeline)
        if any("security_group" in block.labels[0] for block in parsed.blocks if block.type == "resource")
        for block in evaluate(parsed, workload.environments[0]).resources.values()
        if "security_group" in block.type
    }
    assert len(texts) >= 5
    assert {text for text in texts if not _DESCRIPTION.fullmatch(text)} == set()
