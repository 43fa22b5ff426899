"""Bad manifests: each gives its finding at its place, with a remedy; good ones resolve as the contract says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Finding, Rejected
from rolewright.core.model import Workload
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog
    from rolewright.pipeline import Pipeline

GOOD = """\
version: 1
workload: my-app
compute:
  type: fargate
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/my-app:1
  cpu: 256
  memory: 512
  environment:
    BUCKET: ${resources.data.name}
  secrets:
    PASSWORD: db
resources:
  data:
    type: s3-bucket
    name: my-bucket
    access: read
  db:
    type: secretsmanager-secret
    name: prod/db
environments:
  dev: {account: "111111111111", region: us-east-1}
  prod:
    account: "222222222222"
    region: eu-west-1
    compute: {cpu: 512, memory: 1024}
"""


def read(text: str, catalog: Catalog) -> tuple[Workload, ...]:
    workloads = read_manifest(loads(text, "m.yaml"), catalog)
    for workload in workloads:
        build_roles(workload, derive_grants(workload, catalog), catalog)
    return workloads


def findings(text: str, catalog: Catalog) -> tuple[Finding, ...]:
    with pytest.raises(Rejected) as refused:
        read(text, catalog)
    return refused.value.findings


@dataclass(frozen=True)
class Bad:
    """`old` in the good manifest becomes `new`; then `rule` is found at `place` (line:column)."""

    name: str
    old: str
    new: str
    rule: str
    place: str
    remedy: str = ""


CASES = [
    Bad("unknown key", "  memory: 512", "  memroy: 512", "manifest-unknown-key", "7:3", "`memory`"),
    Bad("unknown verb", "access: read", "access: reed", "manifest-value", "16:13", "read"),
    Bad("unknown type", "type: s3-bucket", "type: s3-buckets", "manifest-value", "14:11", "s3-bucket"),
    Bad("unknown compute", "type: fargate", "type: fargat", "manifest-value", "4:9", "fargate"),
    Bad("wrong type", "  memory: 512", "  memory: lots", "manifest-type", "7:11", "whole number"),
    Bad("duplicate key", "  memory: 512", "  memory: 512\n  memory: 512", "source-duplicate-key", "8:3"),
    Bad("unknown reference", "data.name}", "data.nam}", "manifest-interpolation", "9:13", "resources.data.name"),
    Bad("open reference", "data.name}", "data.name", "manifest-interpolation", "9:13"),
    Bad("shell default", "${resources.data.name}", "${HOME:-x}", "manifest-interpolation", "9:13"),
    Bad("key id", "${resources.data.name}", "AKIAY34FZKBOKMUTVV7A", "manifest-key", "9:13", "role"),
    Bad("key variable", "BUCKET:", "AWS_ACCESS_KEY_ID:", "manifest-key", "9:5", "SDK"),
    Bad(
        "secret key",
        "${resources.data.name}",
        "wJalrXUtnFEMI/K7MDENGbPxRfiCYzq8Kx3mT0aQ",
        "manifest-key",
        "9:13",
    ),
    Bad("cpu and memory", "{cpu: 512, memory: 1024}", "{cpu: 512, memory: 512}", "manifest-rule", "25:33", "1024"),
    Bad("permission override", "{cpu: 512, memory: 1024}", "{type: lambda}", "environment-override", "25:15"),
    Bad("name of a resource", "  data:\n", "  da_ta:\n", "manifest-name", "13:3", "lower-case letters"),
    Bad("name and ARN", "name: my-bucket", "name: my-bucket\n    arn: arn:aws:s3:::my-bucket", "manifest-name", "15:5"),
    Bad("secret override", "{cpu: 512, memory: 1024}", "{secrets: {A: db}}", "environment-override", "25:25"),
    Bad("nothing to override", "{cpu: 512, memory: 1024}", "{port: 80}", "environment-override", "25:15"),
    Bad("no resource", "PASSWORD: db", "PASSWORD: data", "manifest-secret", "11:15", "db"),
    Bad("bad account", '"111111111111"', '"1111"', "manifest-value", "21:18", "12 digits"),
    Bad("star in a name", "name: my-bucket", "name: my-*", "manifest-value", "15:11"),
    Bad("star in a prefix", "access: read", "access: read\n    prefix: in*", "manifest-value", "17:13"),
    Bad("hidden star", "name: my-bucket", "name: $${a}*", "manifest-value", "15:11"),
    Bad("no access list", "access: read", "access: []", "manifest-value", "16:13"),
    Bad("bad workload", "workload: my-app", "workload: My_App", "manifest-value", "2:11"),
    Bad("missing cpu", "  cpu: 256\n", "", "manifest-missing-key", "3:1", "cpu"),
    Bad("wrong version", "version: 1", "version: 2", "manifest-value", "1:10", "1"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_manifest_is_a_finding_at_its_place(case: Bad, catalog: Catalog) -> None:
    assert case.old in GOOD
    found = findings(GOOD.replace(case.old, case.new, 1), catalog)
    at = [f for f in found if f.rule == case.rule and f"{f.location.line}:{f.location.column}" == case.place]
    assert at, [f"{f.rule} {f.location} {f.message}" for f in found]
    assert at[0].remedy
    assert case.remedy in at[0].remedy


def test_an_attribute_of_a_field_that_is_left_out_is_told_apart_from_an_unknown_one(catalog: Catalog) -> None:
    crawler = "type: glue-job-run\n    crawler: orders\n    access: start-crawler"
    text = GOOD.replace("type: s3-bucket\n    name: my-bucket\n    access: read", crawler, 1)
    (found,) = [one for one in findings(text, catalog) if one.rule == "manifest-interpolation"]
    assert "has no value" in found.message
    assert "resources.data" in found.remedy
    assert "did you mean" not in found.remedy


def test_a_manifest_without_a_version_is_told_which(catalog: Catalog) -> None:
    with pytest.raises(Rejected) as refusal:
        read_manifest(loads(GOOD.removeprefix("version: 1\n"), "m.yaml"), catalog)
    (found,) = refusal.value.findings
    assert found.remedy == "add `version`: Version of the manifest format, which is 1"


INSTANCE = "type: ec2-instance\n    arn: arn:aws:ec2:eu-west-1:111111111111:instance/"


def instance(entry: str) -> str:
    """The good manifest with an instance of EC2 in the place of its bucket."""
    text = GOOD.replace("type: s3-bucket\n    name: my-bucket\n    access: read", f"{entry}\n    access: stop", 1)
    return text.replace("${resources.data.name}", "mine").partition("environments:")[0]


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (f"{INSTANCE}i-01*", "manifest-arn"),  # one of a list, which has a pattern for its entries alone
        (f"{INSTANCE}*", "manifest-rule"),
        ("type: ec2-instance", "manifest-rule"),
    ],
)
def test_an_arn_does_not_open_every_instance(entry: str, rule: str, catalog: Catalog) -> None:
    assert rule in [one.rule for one in findings(instance(entry), catalog)]


@pytest.mark.parametrize("entry", [f"{INSTANCE}i-0123456789abcdef0", "type: ec2-instance\n    tags: {team: billing}"])
def test_an_instance_is_named_by_its_arn_or_by_tags(entry: str, catalog: Catalog) -> None:
    (workload,) = read_manifest(loads(instance(entry), "m.yaml"), catalog)
    assert workload.resources["data"].arns["instance"]


@pytest.mark.parametrize("field", ["instance", "cluster"])
def test_no_database_is_stopped_together_with_every_other_one(field: str, catalog: Catalog) -> None:
    every = instance(f'type: rds-instance-metadata\n    {field}: "*"')
    (found,) = findings(every, catalog)
    assert (found.rule, found.message) == ("manifest-rule", f"start and stop would reach every {field} of the account")
    read_manifest(loads(every.replace("access: stop", "access: describe"), "m.yaml"), catalog)
    read_manifest(loads(every.replace('"*"', "nightly*"), "m.yaml"), catalog)


def test_all_findings_are_reported_at_once(catalog: Catalog) -> None:
    text = GOOD.replace("cpu: 256", "cpux: 256").replace("access: read", "access: reed").replace("version: 1", "v: 1")
    assert len({f.location.line for f in findings(text, catalog)}) >= 3


def test_a_name_that_is_too_long_in_one_environment_names_it(catalog: Catalog) -> None:
    text = GOOD.replace("  secrets:", "  names: {task_role: '" + "r" * 58 + "-${environment}x1'}\n  secrets:")
    found = findings(text, catalog)
    assert [f.rule for f in found] == ["name-length"]
    assert "in prod" in found[0].message
    assert "65" in found[0].message


def test_values_that_differ_become_variables_and_the_rest_stays_literal(catalog: Catalog) -> None:
    (workload,) = read(GOOD, catalog)
    assert {v.name: v.type for v in workload.variables} == {"cpu": "number", "memory": "number"}
    dev, prod = workload.environments
    assert (dev.variables["memory"], prod.variables["memory"]) == (512, 1024)
    assert prod.values["local.account"] == "222222222222"
    assert workload.resources["data"].arns["object"][0].literal is None  # the partition is the provider's
    assert workload.resources["data"].arns["object"][0].ground(prod.values) == "arn:aws:s3:::my-bucket/*"


def test_the_partition_follows_the_region(catalog: Catalog) -> None:
    text = GOOD.replace("123456789012.dkr.ecr.us-east-1.amazonaws.com/my-app:1", "my-app:1")
    (workload,) = read(text.replace("eu-west-1", "cn-north-1"), catalog)
    assert workload.environments[1].partition == "aws-cn"


def test_unquoted_numbers_are_read_as_they_are_written(catalog: Catalog) -> None:
    text = GOOD.replace('"111111111111"', "012345678901").replace("${resources.data.name}", "1.10")
    (workload,) = read(text, catalog)
    assert workload.environments[0].account == "012345678901"
    assert workload.compute.fields["environment"]["BUCKET"] == "1.10"


def test_an_escaped_reference_is_literal(catalog: Catalog) -> None:
    (workload,) = read(GOOD.replace("${resources.data.name}", "$${x} %{y}"), catalog)
    assert workload.compute.fields["environment"]["BUCKET"] == "${x} %{y}"


@pytest.mark.parametrize(
    ("promise", "rule"),
    [
        ("delete on data", ""),
        ("delete on *", ""),
        ("kms:Decrypt on arn:aws:kms:*:*:key/payroll-*", ""),
        ("deleet on data", "manifest-never"),
        ("delete on date", "manifest-never"),
        ("delete on $", "manifest-never"),
    ],
)
def test_promises_name_verbs_and_resources_that_exist(promise: str, rule: str, catalog: Catalog) -> None:
    text = GOOD + f"never: ['{promise}']\n"
    if rule:
        assert [f.rule for f in findings(text, catalog)] == [rule]
    else:
        assert read(text, catalog)


def test_resources_in_a_circle_are_refused(catalog: Catalog) -> None:
    text = GOOD.replace("name: my-bucket", "name: ${resources.db.name}").replace(
        "name: prod/db", "name: ${resources.data.name}"
    )
    assert "manifest-circle" in {f.rule for f in findings(text, catalog)}


def test_an_arn_of_another_service_is_refused(catalog: Catalog) -> None:
    text = GOOD.replace("name: my-bucket", "arn: arn:aws:sqs:us-east-1:999999999999:q")
    assert [f.rule for f in findings(text, catalog)] == ["manifest-arn"]


@pytest.mark.parametrize(
    ("entry", "override", "refused"),
    [
        ({"type": "kms-key", "name": "signer", "spec": "RSA_2048"}, {"spec": "ECC_NIST_P256"}, True),
        ({"type": "kms-key", "name": "signer", "spec": "RSA_2048"}, {"name": "signer-prod"}, False),
        ({"type": "sqs-queue", "name": "jobs.fifo"}, {"name": "jobs-prod.fifo"}, True),
        ({"type": "sqs-queue", "name": "jobs"}, {"name": "jobs.fifo"}, True),
        ({"type": "sqs-queue", "name": "jobs"}, {"name": "jobs-prod"}, False),
    ],
)
def test_no_environment_changes_what_the_module_contains(
    catalog: Catalog, entry: dict[str, Any], override: dict[str, Any], refused: bool
) -> None:
    manifest = {
        "version": 1,
        "workload": "app",
        "compute": {"type": "ec2", "ami": "amazon-linux-2023", "instance_type": "t3.micro"},
        "resources": {"it": {**entry, "create": True}},
        "environments": {
            "dev": {"account": "1" * 12, "region": "us-east-1"},
            "prod": {"account": "2" * 12, "region": "us-east-1", "resources": {"it": override}},
        },
    }
    document = loads(json.dumps(manifest), "m.yaml")
    if not refused:
        assert read_manifest(document, catalog)
        return
    with pytest.raises(Rejected) as refusal:
        read_manifest(document, catalog)
    assert [(f.rule, f.path) for f in refusal.value.findings] == [
        ("environment-override", f"environments.prod.resources.it.{next(iter(override))}")
    ]


def test_a_list_of_the_compute_type_may_differ_between_environments(pipeline: Pipeline) -> None:
    text = """\
        version: 1
        workload: shop
        compute:
          type: fargate
          image: public.ecr.aws/nginx/nginx:1.27
          cpu: 256
          memory: 512
          service: {subnet_ids: [subnet-0123456789abcdef0], security_group_ids: [sg-0123456789abcdef0]}
        environments:
          dev: {account: "111111111111", region: us-east-1}
          prod:
            account: "222222222222"
            region: eu-west-1
            compute: {service: {subnet_ids: [subnet-0123456789abcdef1, subnet-0123456789abcdef2]}}
        """
    (workload,) = read_manifest(loads(dedent(text), "m.yaml"), pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == ()
    assert "var.service_subnet_ids" in built.module.files["ecs.tf"]
