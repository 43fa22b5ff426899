"""The real boto3 finds its credentials as each module's README says, and calls S3 with them: on loopback alone.

The servers stand in for AWS's fixed addresses, and moto gives out what they hand on. What the README says of the
role that is in use is held against what STS says of the credentials that boto3 found.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
import pytest

from credential_servers import Server, container_endpoint, instance_metadata, serving
from left_out import leave_out
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.manifest.read import read_manifest
from rolewright.render.module import render
from rolewright.render.sandbox import Templates
from rolewright.terraform.server import moto_server
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rolewright.blueprint import Catalog

ACCOUNT = "123456789012"
RELATIVE, FULL = "/v2/credentials/some-id", "/v1/credentials"
TOKEN = "token-of-the-pod"
SCRIPT = """
import json, os, sys
import boto3, botocore.utils
if len(sys.argv) > 1:  # AWS fixes this address, and loopback has to take its place
    botocore.utils.ContainerMetadataFetcher.IP_ADDRESS = sys.argv[1]
session = boto3.Session()
found = session.get_credentials()
if found is None:
    print(json.dumps({"method": None}))
else:
    body = session.client("s3").get_object(Bucket="my-bucket", Key="greeting")["Body"].read().decode()
    arn = session.client("sts").get_caller_identity()["Arn"]
    print(json.dumps({"method": found.method, "arn": arn, "body": body}))
"""
COMPUTE: dict[str, dict[str, Any]] = {
    "ec2": {"ami": "amazon-linux-2023", "instance_type": "t3.micro"},
    "lambda": {"runtime": "python3.12", "handler": "a.b", "package": "a.zip"},
    "fargate": {"image": "nginx", "cpu": 256, "memory": 512},
    "batch-job": {"image": "nginx", "cpu": 256, "memory": 512},
    "codebuild": {"buildspec": "version: 0.2"},
    "eks-irsa": {"issuer": "oidc.example.com/id/A", "namespace": "shop", "service_account": "orders"},
    "eks-pod-identity": {"cluster": "shop", "namespace": "shop", "service_account": "orders"},
    "github-actions": {"repository": "my-org/my-app", "branches": ["main"]},
}


@dataclass(frozen=True)
class Cloud:
    """A moto server with a bucket, and access to it that needs no role."""

    endpoint: str

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1", **keys)

    def role(self, name: str, trust: Mapping[str, Any]) -> str:
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        return str(made["Role"]["Arn"])

    def session(self, role: str, session: str) -> dict[str, str]:
        """Temporary credentials in the form in which metadata services hand them out."""
        keys = self.client("sts").assume_role(RoleArn=role, RoleSessionName=session)["Credentials"]
        return {
            "RoleArn": role,
            "AccessKeyId": keys["AccessKeyId"],
            "SecretAccessKey": keys["SecretAccessKey"],
            "Token": keys["SessionToken"],
            "Expiration": keys["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def user(self) -> dict[str, str]:
        """The keys that somebody left behind."""
        iam = self.client("iam")
        name = f"left-behind-{len(iam.list_users()['Users'])}"
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    with moto_server() as endpoint:
        made = Cloud(endpoint)
        made.client("s3").create_bucket(Bucket="my-bucket")
        made.client("s3").put_object(Bucket="my-bucket", Key="greeting", Body=b"hello")
        yield made


@dataclass(frozen=True)
class Module:
    """A module's README, and its role in moto."""

    readme: str
    role: str

    def expected(self, **placeholders: str) -> str:
        """The ARN that `aws sts get-caller-identity` has to print according to the README."""
        (arn,) = re.findall(r"`(arn:aws:sts::[^`]+)`", self.readme)
        for placeholder, value in placeholders.items():
            assert placeholder in arn
            arn = arn.replace(placeholder, value)
        return str(arn)

    def commands(self, address: str, server: Server) -> str:
        """The commands of the README that ask at an address, to ask a server in its place."""
        blocks: list[str] = re.findall(r"```sh\n(.*?)```", self.readme, re.DOTALL)
        (block,) = [candidate for candidate in blocks if address in candidate]
        return block.replace(address, server.address)


@pytest.fixture(scope="module")
def modules(cloud: Cloud, catalog: Catalog) -> dict[str, Module]:
    templates = Templates(catalog)
    found: dict[str, Module] = {}
    for type_, fields in COMPUTE.items():
        manifest = {
            "version": 1,
            "workload": f"app-{type_}",
            "compute": {"type": type_, **fields},
            "environments": {"test": {"account": ACCOUNT, "region": "us-east-1"}},
        }
        (workload,) = read_manifest(loads(json.dumps(manifest), "m.yaml"), catalog)
        declaration = derive_grants(workload, catalog)
        roles = build_roles(workload, declaration, catalog)
        (environment,) = workload.environments
        (key,) = [role.key for role in catalog.computes[type_].roles.values() if role.grants == "workload"]
        (role,) = [role for role in roles if role.key == key]
        trust = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {
                    role.trust.kind: [principal.ground(environment.values) for principal in role.trust.principals]
                },
                "Action": list(role.trust.actions),
            },
        }
        arn = cloud.role(role.name.ground(environment.values), trust)
        found[type_] = Module(render(workload, declaration, roles, catalog, templates).files["README.md"], arn)
    return found


class Machine:
    """A process without any credentials but those that it is given a way to."""

    def __init__(self, cloud: Cloud, home: Path) -> None:
        self.home = home
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {
            **kept,
            "HOME": str(home),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": cloud.endpoint,
            # Where no test puts a service, nothing may answer, and nothing outside loopback may be asked.
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9",
            "AWS_METADATA_SERVICE_NUM_ATTEMPTS": "1",
        }

    def boto3(self, ways: Mapping[str, str], *arguments: str) -> dict[str, Any]:
        """Where boto3 found credentials, whose they are, and what it read with them."""
        command = [sys.executable, "-c", SCRIPT, *arguments]
        environment = {**self.environment, **ways}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        found: dict[str, Any] = json.loads(ran.stdout)
        return found

    def shell(self, commands: str, ways: Mapping[str, str] = {}) -> str:
        """What commands of a README print."""
        if shutil.which("curl") is None:
            leave_out("curl is not on the PATH")
        environment = {**self.environment, **ways}
        ran = subprocess.run(["sh", "-c", commands], env=environment, capture_output=True, text=True, check=True)
        return ran.stdout

    def write(self, name: str, text: str) -> str:
        file = self.home / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return str(file)


@pytest.fixture
def machine(cloud: Cloud, tmp_path: Path) -> Machine:
    return Machine(cloud, tmp_path)


def test_on_an_instance(cloud: Cloud, machine: Machine, modules: dict[str, Module]) -> None:
    module = modules["ec2"]
    name = module.role.rpartition("/")[2]
    with serving(instance_metadata(name, cloud.session(module.role, "i-0123456789abcdef0"))) as metadata:
        found = machine.boto3({"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url})
        assert found["method"] == "iam-role"
        assert found["body"] == "hello"
        assert found["arn"] == module.expected(**{"INSTANCE-ID": "i-0123456789abcdef0"})
        assert metadata.asked[0] == ("PUT", "/latest/api/token", 200)
        assert {status for _, _, status in metadata.asked} == {200}
        with pytest.raises(HTTPError, match="401"):  # version 1 of the service, which asks for no token
            urlopen(f"{metadata.url}/latest/meta-data/iam/security-credentials/")
        printed = machine.shell(module.commands("169.254.169.254", metadata))
        assert printed.startswith(name)
        assert '"Code": "Success"' in printed
        assert '"Expiration"' in printed
        assert "SecretAccessKey" not in printed
        off = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url, "AWS_EC2_METADATA_DISABLED": "true"}
        assert machine.boto3(off) == {"method": None}


def test_on_motos_own_metadata_service(cloud: Cloud, machine: Machine) -> None:
    found = machine.boto3({"AWS_EC2_METADATA_SERVICE_ENDPOINT": cloud.endpoint})
    assert (found["method"], found["body"]) == ("iam-role", "hello")


@pytest.mark.parametrize(
    ("type_", "placeholder"), [("fargate", "TASK-ID"), ("batch-job", "TASK-ID"), ("codebuild", "UUID")]
)
def test_in_a_container(
    type_: str, placeholder: str, cloud: Cloud, machine: Machine, modules: dict[str, Module]
) -> None:
    module = modules[type_]
    session = module.expected(**{placeholder: "id-1"}).rpartition("/")[2]
    with serving(container_endpoint(RELATIVE, cloud.session(module.role, session))) as endpoint:
        ways = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": RELATIVE}
        found = machine.boto3(ways, endpoint.address)
        assert (found["method"], found["body"]) == ("container-role", "hello")
        assert found["arn"] == module.expected(**{placeholder: "id-1"})
        printed = machine.shell(module.commands("169.254.170.2", endpoint), ways)
        assert '"Expiration": "' in printed
        assert "SecretAccessKey" not in printed
        assert machine.boto3({}, endpoint.address) == {"method": None}  # a process without the variable


def test_in_a_pod_by_pod_identity(cloud: Cloud, machine: Machine, modules: dict[str, Module]) -> None:
    module = modules["eks-pod-identity"]
    with serving(container_endpoint(FULL, cloud.session(module.role, "eks-shop-orders-1-uuid"), TOKEN)) as agent:
        ways = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url + FULL,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": machine.write("token", TOKEN),
        }
        found = machine.boto3(ways)
        assert (found["method"], found["body"]) == ("container-role", "hello")
        assert found["arn"] == module.expected(POD="orders-1", UUID="uuid")
        (block,) = [
            candidate
            for candidate in re.findall(r"```sh\n(.*?)```", module.readme, re.DOTALL)
            if "TOKEN_FILE" in candidate
        ]
        printed = machine.shell(block, ways)
        assert "Expiration" in printed
        assert "SecretAccessKey" not in printed
        assert {status for _, _, status in agent.asked} == {200}
        with pytest.raises(HTTPError, match="401"):
            urlopen(agent.url + FULL)


def test_in_a_pod_by_its_service_account(machine: Machine, modules: dict[str, Module]) -> None:
    module = modules["eks-irsa"]
    ways = {
        "AWS_ROLE_ARN": module.role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": machine.write("token", "a.signed.token"),
        "AWS_ROLE_SESSION_NAME": "orders",
    }
    found = machine.boto3(ways)
    assert (found["method"], found["body"]) == ("assume-role-with-web-identity", "hello")
    assert found["arn"] == module.expected(SESSION="orders")


@pytest.mark.parametrize(("type_", "session"), [("lambda", "app-lambda-test"), ("github-actions", "GitHubActions")])
def test_from_the_environment(
    type_: str, session: str, cloud: Cloud, machine: Machine, modules: dict[str, Module]
) -> None:
    module = modules[type_]
    keys = cloud.session(module.role, session)
    ways = {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["Token"],
    }
    found = machine.boto3(ways)
    assert (found["method"], found["body"]) == ("env", "hello")
    assert found["arn"] == module.expected()


METHODS = ["env", "assume-role-with-web-identity", "shared-credentials-file", "container-role", "iam-role"]
"""The places that the READMEs list, in their order, as boto3 calls them; what code passes itself comes before."""


def test_what_comes_first_hides_the_rest(cloud: Cloud, machine: Machine, modules: dict[str, Module]) -> None:
    """All places have credentials, each of another role or user; those on top are taken away one by one."""
    with ExitStack() as stack:
        instance, pod = modules["ec2"].role, modules["eks-pod-identity"].role
        name = instance.rpartition("/")[2]
        metadata = stack.enter_context(serving(instance_metadata(name, cloud.session(instance, "i-0"))))
        agent = stack.enter_context(serving(container_endpoint(FULL, cloud.session(pod, "pod"))))
        left, filed = cloud.user(), cloud.user()
        lines = "".join(f"{key.lower()} = {value}\n" for key, value in filed.items())
        file = machine.write(".aws/credentials", f"[default]\n{lines}")
        token = machine.write("token", "a.signed.token")
        places: list[dict[str, str]] = [
            left,
            {"AWS_ROLE_ARN": modules["eks-irsa"].role, "AWS_WEB_IDENTITY_TOKEN_FILE": token},
            {"AWS_SHARED_CREDENTIALS_FILE": file},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": agent.url + FULL},
            {"AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata.url},
        ]
        nowhere = {"AWS_SHARED_CREDENTIALS_FILE": str(machine.home / "none")}
        found = [
            machine.boto3({**nowhere, **{k: v for place in places[first:] for k, v in place.items()}})
            for first in range(len(places))
        ]
    assert [answer["method"] for answer in found] == METHODS
    owners = [answer["arn"].split(":", 5)[5] for answer in found]
    assert [owner.partition("/")[0] for owner in owners] == ["user", "assumed-role", "user", *["assumed-role"] * 2]
    assert owners[0] != owners[2]
    assert owners[4] == f"assumed-role/{name}/i-0"
    assert {answer["body"] for answer in found} == {"hello"}
    listed = modules["ec2"].readme
    marks = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "~/.aws/credentials"]
    marks += ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_EC2_METADATA_DISABLED"]
    lines_of_the_list = [line for line in listed.splitlines() if re.match(r"[2-6]\. ", line)]
    assert [mark in line for mark, line in zip(marks, lines_of_the_list, strict=True)] == [True] * len(METHODS)


def test_a_profile_that_code_names_hides_keys_in_the_environment(cloud: Cloud, machine: Machine) -> None:
    filed = cloud.user()
    lines = "".join(f"{key.lower()} = {value}\n" for key, value in filed.items())
    machine.write(".aws/credentials", f"[other]\n{lines}")
    code = "import boto3; print(boto3.Session(profile_name='other').get_credentials().access_key)"
    environment = {**machine.environment, **cloud.user()}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == filed["AWS_ACCESS_KEY_ID"]
