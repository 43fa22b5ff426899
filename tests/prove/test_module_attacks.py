"""Modules that were changed by hand with a purpose, in ways that no list of mutants has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.prove.test_module_mutants import HERE, NOTHING_APPLIED, Unchanged, unchanged

from rolewright.core.finding import Rejected
from rolewright.core.model import Module
from rolewright.hcl.parse import parse
from rolewright.prove.document import PolicyError, statements
from rolewright.prove.evaluate import evaluate
from rolewright.prove.proof import prove

if TYPE_CHECKING:
    from rolewright.pipeline import Pipeline


@pytest.fixture(scope="module")
def modules(pipeline: Pipeline) -> dict[str, Unchanged]:
    return {original.workload.name: original for original in unchanged(HERE / "module_manifests.yaml", pipeline)}


def proven(original: Unchanged, file: str, old: str, new: str) -> list[str]:
    """What is said of the module with a text of it replaced."""
    assert old in original.module.files[file]
    texts = {**original.module.files, file: original.module.files[file].replace(old, new, 1)}
    environment = original.workload.environments[0]
    try:
        plan = evaluate(parse(Module(original.workload.name, texts)), environment)
    except Rejected as refusal:
        return [finding.message for finding in refusal.findings]
    proof = prove(plan, NOTHING_APPLIED, original.declaration, original.workload.boundary, environment)
    return [finding.message for finding in (*plan.problems, *proof.findings)]


LITERALS = [
    ("context.tf", "account    = data.aws_caller_identity.current.account_id", 'account = "123456789012"'),
    ("context.tf", "region     = data.aws_service_principal.current.region", 'region = "us-east-1"'),
    ("context.tf", "partition  = data.aws_partition.current.partition", 'partition = "aws"'),
    ("roles.tf", "eks:${local.region}:${local.account}:cluster", "eks:us-east-1:123456789012:cluster"),
    ("roles.tf", "dynamodb:${local.region}:", "dynamodb:us-east-1:"),
    ("roles.tf", "dynamodb:${local.region}:${local.account}:", "dynamodb:${local.region}:123456789012:"),
]


@pytest.mark.parametrize(("file", "old", "new"), LITERALS)
def test_a_module_for_any_account_names_none(file: str, old: str, new: str, modules: dict[str, Unchanged]) -> None:
    original = modules["abroad"]
    assert proven(original, file, old, old) == []
    assert any(
        text.startswith("in an account, region or partition other than the tested one")
        for text in proven(original, file, old, new)
    )


CONDITIONS = [
    ("account_id", 'self.account_id != "999999999999"'),
    ("account_id", 'self.account_id == var.account || self.account_id == "555555555555"'),
    ("account_id", "substr(self.account_id, 0, 1) == substr(var.account, 0, 1)"),
    ("account_id", "true"),
    ("region", 'self.region != "xx-elsewhere-9"'),
    ("region", 'self.region == var.region || self.region == "us-west-2"'),
    ("region", "length(self.region) < 13"),
]


@pytest.mark.parametrize(("of", "condition"), CONDITIONS)
def test_an_environment_is_bound_to_one_account_and_region(
    of: str, condition: str, modules: dict[str, Unchanged]
) -> None:
    original, held = modules["shop"], f"self.{of} == var.{of.removesuffix('_id')}"
    assert proven(original, "context.tf", held, held) == []
    assert proven(original, "context.tf", held, f"{held} && true") == []
    assert proven(original, "context.tf", held, condition) != []


CONTAINER = [
    'linuxParameters = { capabilities = { add = ["SYS_ADMIN"] } }',
    'linuxParameters = { devices = [{ hostPath = "/dev/sda" }] }',
    'dockerSecurityOptions = ["apparmor:unconfined"]',
    'environmentFiles = [{ value = "arn:aws:s3:::other/x", type = "s3" }]',
    'repositoryCredentials = { credentialsParameter = "arn:aws:ssm:us-east-1:123456789012:parameter/x" }',
    'credentialSpecs = ["credentialspec:arn:aws:s3:::other"]',
    'firelensConfiguration = { type = "fluentbit", options = { config-file-value = "arn:aws:s3:::other/x" } }',
    "privileged = true",
]


@pytest.mark.parametrize("of", ["cluster", "shop"])
@pytest.mark.parametrize("argument", CONTAINER, ids=lambda argument: argument.partition(" ")[0])
def test_a_container_has_no_way_to_its_host(argument: str, of: str, modules: dict[str, Unchanged]) -> None:
    held = "    {\n      name "
    assert proven(modules[of], "ecs.tf", held, held) == []
    assert proven(modules[of], "ecs.tf", held, f"    {{\n      {argument}\n      name ") != []


def test_two_policies_of_a_role_have_two_names(modules: dict[str, Unchanged]) -> None:
    """The second to be applied takes the place of the first: the role has one of them, and not both."""
    original = modules["abroad"]
    first = 'resource "aws_iam_role_policy" "pod" {\n  name   = "abroad-pod"'
    second = first.replace('"pod"', '"less"') + (
        '\n  role   = aws_iam_role.pod.id\n  policy = jsonencode({Version = "2012-10-17", '
        'Statement = [{Effect = "Allow", Action = "kms:Decrypt", Resource = '
        '"arn:aws:kms:eu-west-1:210987654321:key/1234abcd-12ab-34cd-56ef-1234567890ab"}]})\n}\n'
    )
    messages = proven(original, "roles.tf", first, second + first)
    assert any("has the same name as another policy" in text for text in messages)
    otherwise = (second + first).replace("aws_iam_role.pod.id", '"abroad-pod"', 1)
    assert any("has the same name as another policy" in text for text in proven(original, "roles.tf", first, otherwise))
    other = second.replace("abroad-pod", "abroad-less") + first
    assert not any("has the same name as another policy" in text for text in proven(original, "roles.tf", first, other))


@pytest.mark.parametrize("part", ["Statement", "Resource", "Condition"])
def test_a_name_that_stands_twice_in_a_policy_is_no_policy(part: str, modules: dict[str, Unchanged]) -> None:
    """Whichever of two counts for AWS, the other was judged or was not."""
    original = modules["abroad"]
    plan = evaluate(original.parsed, original.workload.environments[0])
    document = plan.resources["data.aws_iam_policy_document.pod"].values["json"]
    text = json.dumps(json.loads(document))
    twice = text.replace(f'"{part}":', f'"{part}": "*", "{part}":', 1)
    assert json.loads(twice) == json.loads(text)
    held = "policy = data.aws_iam_policy_document.pod.json"
    assert not any(
        "malformed" in message for message in proven(original, "roles.tf", held, f"policy = {json.dumps(text)}")
    )
    assert any(
        "malformed" in message for message in proven(original, "roles.tf", held, f"policy = {json.dumps(twice)}")
    )


@pytest.mark.parametrize(
    "condition", [{"StringLi\u212ae": {"s3:prefix": "a"}}, {"StringLike": {"\u212ams:ViaService": "a"}}]
)
def test_letters_that_look_like_others_are_not_those(condition: dict[str, Any]) -> None:
    entry = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": condition}
    with pytest.raises(PolicyError):
        statements({"Version": "2012-10-17", "Statement": [entry]})


def test_a_tag_may_have_any_letters() -> None:
    entry: dict[str, Any] = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    entry["Condition"] = {"StringLike": {"aws:PrincipalTag/größe": "a"}}
    assert statements({"Version": "2012-10-17", "Statement": [entry]})
