"""Host names end as the partition's services do: a module for China names nothing outside China."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from botocore.session import Session

from rolewright.blueprint.catalog import builtin_root
from rolewright.data.partitions import DNS_SUFFIX, partition_of
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline

# A host name of a region; `lambda.amazonaws.com` and its like are service principals, the same everywhere.
REGIONAL = re.compile(r"\$\{(local\.)?region\}[^\s\"']*amazonaws\.com")

CHINA = """\
version: 1
workload: my-app
compute:
  type: lambda
  runtime: python3.13
  handler: a.b
  package: a.zip
  environment:
    QUEUE: "${resources.queue.url}"
    API: "${resources.api.url}"
    IMAGES: "${resources.images.url}"
resources:
  queue:
    type: sqs-queue
    name: jobs
    kms_key: arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
    access: consume
  api: {type: apigateway-execute-api, name: a1b2c3d4e5, stage: prod, access: invoke}
  images: {type: ecr-repository, name: team/app, access: pull}
environments:
  dev: {account: "123456789012", region: cn-north-1}
"""

# The least that a manifest of each compute type says.
LEAST = {
    "batch-job": "{type: batch-job, image: IMAGE, cpu: 1024, memory: 2048}",
    "codebuild": "{type: codebuild, image: IMAGE, buildspec: 'version: 0.2'}",
    "ec2": "{type: ec2, ami: amazon-linux-2023, instance_type: t3.micro}",
    "ec2-autoscaling": "{type: ec2-autoscaling, ami: amazon-linux-2023, instance_type: t3.micro, NETWORK, max: 2}",
    "ecs-ec2": "{type: ecs-ec2, image: IMAGE, SIZE, capacity: {instance_type: t3.small, max: 2, NETWORK}}",
    "eks-irsa": "{type: eks-irsa, issuer: oidc.eks.REGION.SUFFIX/id/0A1B, namespace: a, service_account: b}",
    "eks-pod-identity": "{type: eks-pod-identity, cluster: a, namespace: a, service_account: b}",
    "fargate": "{type: fargate, image: IMAGE, SIZE}",
    "github-actions": "{type: github-actions, repository: a/b, branches: [main]}",
    "glue-job": "{type: glue-job, script: s3://my-code/a.py}",
    "lambda": "{type: lambda, runtime: python3.13, handler: a.b, package: f.zip}",
    "scheduled-task": "{type: scheduled-task, target: target, expression: rate(1 hour)}",
    "step-function": "{type: step-function, definition: {StartAt: A, States: {A: {Type: Pass, End: true}}}}",
}


def test_no_blueprint_has_a_host_name_of_one_partition() -> None:
    files = [file for file in builtin_root().rglob("*") if file.suffix in {".yaml", ".j2"}]
    assert len(files) > 50
    assert {file.name: found[0] for file in files if (found := REGIONAL.search(file.read_text(encoding="utf-8")))} == {}


def test_a_module_for_china_names_hosts_of_china(pipeline: Pipeline) -> None:
    (workload,) = read_manifest(loads(CHINA, "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert not built.refused, built.findings
    lock = built.module.files["access.lock"]
    assert "kms:ViaService sqs.cn-north-1.amazonaws.com.cn" in lock
    assert "sqs.REGION.amazonaws.com.cn" in built.module.files["README.md"]
    assert 'QUEUE  = "https://sqs.${local.region}.${local.dns_suffix}/' in built.module.files["lambda.tf"]


@pytest.mark.parametrize("region", ["us-gov-west-1", "us-gov-east-1", "cn-north-1", "cn-northwest-1"])
def test_every_compute_type_renders_in_every_partition(pipeline: Pipeline, region: str) -> None:
    suffix = DNS_SUFFIX[partition_of(region)]
    network = "subnet_ids: [subnet-0123456789abcdef0], security_group_ids: [sg-0123456789abcdef0]"
    words = {
        "IMAGE": f"123456789012.dkr.ecr.{region}.{suffix}/app:1",
        "NETWORK": network,
        "REGION": region,
        "SIZE": "cpu: 256, memory: 512",
        "SUFFIX": suffix,
    }
    target, queue = "target: {type: lambda-function, name: work}", "queue: {type: sqs-queue, name: jobs, access: send}"
    assert set(LEAST) == set(pipeline.catalog.computes)
    for type_, least in LEAST.items():
        compute = re.sub("|".join(words), lambda match: words[match[0]], least)
        place = f'environments:\n  dev: {{account: "123456789012", region: {region}}}\n'
        has_code = pipeline.catalog.computes[type_].has_code
        resources = f"{{{target}, {queue}}}" if has_code else f"{{{target}}}"
        text = f"version: 1\nworkload: my-app\ncompute: {compute}\nresources: {resources}\n{place}"
        (workload,) = read_manifest(loads(text, f"{type_}.yaml"), pipeline.catalog)
        built = pipeline.build(workload)
        assert not built.refused, built.findings


@pytest.mark.parametrize("partition", Session().get_available_partitions())
def test_partitions_are_those_of_the_sdk(partition: str) -> None:
    session = Session()
    assert {partition_of(region) for region in session.get_available_regions("sts", partition)} <= {partition}
    known = session.get_data("endpoints")["partitions"]
    assert [DNS_SUFFIX[partition]] == [data["dnsSuffix"] for data in known if data["partition"] == partition]
