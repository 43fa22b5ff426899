"""The rules: each finds its own bad example, none finds anything in a good one, and where each one ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolewright.check.rule import Rule, check_rules, rules
from rolewright.check.rules.plaintext_secret import suggests_secret
from rolewright.core.finding import Location, Severity
from rolewright.hcl.parse import parse
from rolewright.pipeline import Pipeline
from rule_text import CODE, OWN_ROOT, ROLE, find, found, function, policy, principals, task

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
NAMES = [rule.name for rule in rules()]


def test_every_rule_is_found_by_its_file_name() -> None:
    folder = ROOT / "generator" / "rolewright" / "check" / "rules"
    files = {file.stem.replace("_", "-") for file in folder.glob("*.py")} - {"--init--"}
    assert sorted(files) == NAMES
    assert len(NAMES) >= 14


@pytest.mark.parametrize("rule", rules(), ids=NAMES)
def test_bad_example_breaks_its_rule(rule: Rule) -> None:
    hits = [finding for finding in find(rule.bad) if finding.rule == rule.name]
    assert hits
    assert all(hit.severity is rule.severity and hit.message and hit.remedy for hit in hits)


@pytest.mark.parametrize("rule", rules(), ids=NAMES)
def test_good_example_breaks_none(rule: Rule) -> None:
    assert find(rule.good) == ()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_no_rule_speaks_about_the_examples(example: Path) -> None:
    with Pipeline() as pipeline:
        built = list(pipeline.run(example))
    assert built
    for module in built:
        assert check_rules(parse(module.module), rules()) == ()


def test_finding_carries_the_line_and_the_manifest_path() -> None:
    text = '# manifest: compute\nresource "aws_cloudwatch_log_group" "l" {\n  retention_in_days = 0\n}\n'
    (finding,) = find(text)
    assert finding.location == Location("main.tf", 3, 1, 3, 2)
    assert finding.path == "compute"
    assert finding.severity is Severity.WARNING


ACCOUNT = 'account = "111111111111"'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (policy('actions = ["kms:*"]\nresources = ["*"]\n' + OWN_ROOT), set()),
        (policy('actions = ["kms:*"]\nresources = ["*"]\n' + principals("arn:aws:iam::111111111111:root")), set()),
        (
            policy('actions = ["kms:*"]\nresources = ["*"]\n' + principals("arn:aws:iam::222222222222:root")),
            {"wildcard-action"},
        ),
        (policy('effect = "Deny"\nactions = ["s3:*"]\nresources = ["*"]\n' + principals("*", "*")), set()),
        (policy('actions = ["s3:Get?bject"]\nresources = ["arn:aws:s3:::b/*"]'), {"wildcard-action"}),
        (policy('not_actions = ["s3:GetObject"]\nresources = ["arn:aws:s3:::b/*"]'), {"wildcard-action"}),
        (policy('actions = ["dynamodb:*"]\nresources = ["arn:aws:s3:::b/*"]'), {"wildcard-action"}),
    ],
)
def test_wildcard_action(text: str, expected: set[str]) -> None:
    assert found(text, dev=ACCOUNT) == expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("*", {"wildcard-resource"}),
        ("arn:aws:s3:::*", {"wildcard-resource"}),
        ("arn:aws:s3:::*/*", {"wildcard-resource"}),
        ("arn:${local.partition}:s3:::*", {"wildcard-resource"}),
        ("arn:aws:s3:::b/*", set()),
        ("arn:aws:s3:::${local.name}", set()),
    ],
)
def test_wildcard_resource(resource: str, expected: set[str]) -> None:
    assert found(policy(f'actions = ["s3:GetObject"]\nresources = ["{resource}"]')) == expected


def test_wildcard_resource_through_a_local_value_and_concat() -> None:
    text = 'locals {\nall = ["*"]\n}\n' + policy(
        'actions = ["s3:GetObject"]\nresources = concat(local.all, ["arn:aws:s3:::b/*"])'
    )
    assert found(text) == {"wildcard-resource"}


def test_platform_statement_may_be_wide_but_not_its_neighbour() -> None:
    wide = 'statement {\nactions = ["sqs:SendMessage"]\nresources = ["*"]\n}\n'
    start = 'data "aws_iam_policy_document" "p" {\n'
    assert found(f"{start}# manifest: compute.image\n{wide}}}\n") == set()
    assert found(f"{start}# manifest: resources.q.access\n{wide}}}\n") == {"wildcard-resource"}
    assert found(f"{start}# manifest: compute.image\n{wide}{wide}}}\n") == {"wildcard-resource"}


def test_a_reason_that_looks_like_an_origin_makes_no_statement_the_platforms() -> None:
    marks = "# manifest: statements.0\n# manifest: compute.image\n"
    wide = 'statement {\nactions = ["sqs:SendMessage"]\nresources = ["*"]\n}\n'
    assert found(f'data "aws_iam_policy_document" "p" {{\n{marks}{wide}}}\n') == {"wildcard-resource"}


NEWER = "If AWS has it since, accept this finding under `suppress` with the reason."


@pytest.mark.parametrize(
    ("action", "remedy"),
    [
        ("s3:GetObjects", f"Did you mean s3:GetObject? {NEWER}"),
        ("sqqs:SendMessage", f"Check the spelling of the service sqqs (the nearest that it has is sqs). {NEWER}"),
        # A service that AWS may have added since is not taken for one with a similar name.
        ("s3filings:Do", f"Check the spelling of the service s3filings. {NEWER}"),
        ("SendMessage", "Write service:Action."),
    ],
)
def test_unknown_action_names_the_nearest_and_the_way_out(action: str, remedy: str) -> None:
    findings = find(policy(f'actions = ["{action}"]\nresources = ["arn:aws:s3:::b/*"]'))
    assert [(f.rule, f.remedy) for f in findings] == [("unknown-action", remedy)]
    assert "IAM database" in findings[0].message


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3files:ClientMount", "arn:aws:s3files:us-east-1:123456789012:file-system/fs-1"),
        ("cloudwatch:PutMetricData", "arn:aws:cloudwatch:us-east-1:123456789012:dataset/abc"),
        ("cloudwatch:PutMetricData", "*"),
        ("events:PutEvents", "arn:aws:events:us-east-1:123456789012:event-busv2/orders/abcdef"),
    ],
)
def test_what_aws_has_since_is_not_denied(action: str, resource: str) -> None:
    assert found(policy(f'actions = ["{action}"]\nresources = ["{resource}"]')) == set()


def test_action_in_any_case_is_known() -> None:
    assert found(policy('actions = ["S3:getobject"]\nresources = ["arn:aws:s3:::b/*"]')) == set()


def sending(resource: str) -> str:
    return policy(f'actions = ["ssm:SendCommand"]\nresources = ["arn:aws:{resource}"]')


@pytest.mark.parametrize(
    ("text", "escalates"),
    [
        (policy(f'actions = ["iam:PassRole"]\n{ROLE}'), False),
        (policy('actions = ["iam:PassRole"]\nresources = ["*"]'), True),
        (policy('actions = ["sts:AssumeRole"]\nresources = ["*"]'), True),
        (policy('actions = ["sts:AssumeRole"]\nresources = ["arn:aws:iam::*:role/*"]'), True),
        (policy('actions = ["iam:PassRole"]\nresources = ["arn:aws:iam::111111111111:role/*"]'), True),
        (policy('actions = ["iam:PassRole"]\nresources = ["arn:aws:iam::111111111111:role/app/*"]'), False),
        (policy(f'actions = ["iam:PassRole", "ec2:RunInstances"]\n{ROLE}'), True),
        (policy(f'actions = ["iam:PassRole"]\n{ROLE}', f'effect = "Deny"\nactions = ["ec2:*"]\n{ROLE}'), False),
        (policy(f'actions = ["iam:putrolepolicy"]\n{ROLE}'), True),
        (policy(f'actions = ["iam:Put*"]\n{ROLE}'), True),
        (policy(f'actions = ["iam:GetRole"]\n{ROLE}'), False),
        (policy('actions = ["sts:AssumeRole"]\n' + principals("lambda.amazonaws.com", "Service")), False),
        (sending("ssm:us-east-1:111111111111:document/deploy"), False),
        (sending("ssm:${local.region}:${local.account}:document/deploy"), False),
        (sending("ec2:us-east-1:111111111111:instance/*"), False),
        (sending("ssm:us-east-1::document/AWS-RunShellScript"), True),
        (sending("ssm:us-east-1:111111111111:document/AWS-RunShellScript"), True),
        (sending("ssm:us-east-1:111111111111:document/*"), True),
        (sending("ssm:us-east-1:*:document/deploy"), True),
        (sending("ssm:us-east-1:111111111111:document/${var.document}"), True),
        (sending("ssm:us-east-1:111111111111:document/deploy").replace("resources", "not_resources"), True),
        (policy('actions = ["ssm:SendCommand"]\nresources = ["*"]'), True),
    ],
)
def test_privilege_escalation(text: str, escalates: bool) -> None:
    assert ("privilege-escalation" in found(text)) is escalates


@pytest.mark.parametrize(("other", "escalates"), [("a", True), ("b", False)])
def test_rights_of_one_role_add_up_over_its_policies(other: str, escalates: bool) -> None:
    passing = policy(f'actions = ["iam:PassRole"]\n{ROLE}')
    starting = policy('actions = ["lambda:CreateFunction"]\nresources = ["arn:aws:lambda:e:1:function:f"]')
    text = passing + starting.replace('"p"', '"q"')
    text += 'resource "aws_iam_role" "a" {}\nresource "aws_iam_role" "b" {}\n'
    text += 'resource "aws_iam_policy" "p" {\npolicy = data.aws_iam_policy_document.p.json\n}\n'
    text += 'resource "aws_iam_role_policy_attachment" "p" {\nrole = aws_iam_role.a.name\n'
    text += "policy_arn = aws_iam_policy.p.arn\n}\n"
    text += f'resource "aws_iam_role_policy" "q" {{\nrole = aws_iam_role.{other}.id\n'
    text += "policy = data.aws_iam_policy_document.q.json\n}\n"
    assert ("privilege-escalation" in found(text)) is escalates


@pytest.mark.parametrize(
    "policy_text",
    [
        'jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "arn:aws:s3:::b/*" }] })',
        'jsonencode({ Statement = { Effect = "Allow", Action = ["s3:*"], Resource = "arn:aws:s3:::b/*" } })',
        r'"{\"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::b/*\"}]}"',
    ],
)
def test_policies_written_as_json_are_read_too(policy_text: str) -> None:
    assert found(f'resource "aws_iam_role_policy" "p" {{\npolicy = {policy_text}\n}}\n') == {"wildcard-action"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('policy_arn = "arn:${local.partition}:iam::aws:policy/AdministratorAccess"', {"admin-policy"}),
        ('policy_arn = "arn:aws:iam::aws:policy/IAMFullAccess"', {"admin-policy"}),
        ('policy_arn = "arn:aws:iam::aws:policy/PowerUserAccess"', {"admin-policy"}),
        ('policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"', set()),
        ('policy_arn = "arn:aws:iam::111111111111:policy/QueueFullAccess"', set()),
        ("policy_arn = data.aws_iam_policy.wide.arn", {"admin-policy"}),
    ],
)
def test_admin_policy(text: str, expected: set[str]) -> None:
    looked_up = 'data "aws_iam_policy" "wide" {\nname = "AmazonSQSFullAccess"\n}\n'
    assert found(f'{looked_up}resource "aws_iam_role_policy_attachment" "a" {{\n{text}\n}}\n') == expected


@pytest.mark.parametrize(
    ("container", "arguments", "missing"),
    [
        ('name = "c"', 'requires_compatibilities = ["EC2"]', False),
        ('name = "c"', 'requires_compatibilities = ["EC2", "FARGATE"]', True),
        ('secrets = [{ name = "A", valueFrom = "arn" }]', "", True),
        ('logConfiguration = { logDriver = "awslogs" }', "", True),
        ('logConfiguration = { logDriver = "json-file" }', "", False),
        ('logConfiguration = { logDriver = "awslogs" }', "execution_role_arn = aws_iam_role.r.arn", False),
    ],
)
def test_missing_execution_role(container: str, arguments: str, missing: bool) -> None:
    assert ("missing-execution-role" in found(task(container, arguments))) is missing


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("ecs-tasks.amazonaws.com", set()),
        ("ecs-tasks.amazonaws.com.cn", set()),
        ("ecs.amazonaws.com", {"trust-compute-mismatch"}),
        ("${local.service}", set()),
    ],
)
def test_trust_of_a_task_role(principal: str, expected: set[str]) -> None:
    role = (
        'resource "aws_iam_role" "r" {\nassume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",\n'
        f'Principal = {{ Service = "{principal}" }}, Action = "sts:AssumeRole" }}] }})\n}}\n'
    )
    assert found(role + task('name = "c"', "task_role_arn = aws_iam_role.r.arn")) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('metadata_options {\nhttp_tokens = "optional"\n}', {"imdsv1"}),
        ('metadata_options {\nhttp_endpoint = "enabled"\n}', {"imdsv1"}),
        ('metadata_options {\nhttp_endpoint = "disabled"\n}', set()),
        ('launch_template {\nid = "lt-1"\n}', set()),
        ('metadata_options {\nhttp_tokens = "required"\nhttp_put_response_hop_limit = 2\n}', set()),
        ('metadata_options {\nhttp_tokens = "required"\nhttp_put_response_hop_limit = 3\n}', {"imdsv1"}),
    ],
)
def test_imdsv1(options: str, expected: set[str]) -> None:
    assert found(f'resource "aws_instance" "i" {{\n{options}\n}}\n') == expected


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DB_PASSWORD", True),
        ("dbPassword", True),
        ("GITHUB_TOKEN", True),
        ("STRIPE_API_KEY", True),
        ("APIKEY", True),
        ("TLS_PRIVATE_KEY", True),
        ("PASSWORD_1", True),
        ("DB_PASSWORD_ARN", False),
        ("SECRET_NAME", False),
        ("AWS_ACCESS_KEY_ID", False),
        ("TOKEN_URL", False),
        ("PRIVATE_KEY_PATH", False),
        ("PASSWORD_FILE", False),
        ("SECRETARY", False),
        ("MAX_TOKENS", False),
        ("SORT_KEY", False),
    ],
)
def test_names_that_suggest_a_secret(name: str, secret: bool) -> None:
    assert suggests_secret(name) is secret


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"correct horse"', {"plaintext-secret"}),
        ("var.password", {"plaintext-secret"}),
        ("local.password", {"plaintext-secret"}),
        ("aws_secretsmanager_secret.s.arn", set()),
        ('"arn:aws:secretsmanager:eu-west-1:1:secret:x"', set()),
        ('""', set()),
    ],
)
def test_value_of_a_secret_variable(value: str, expected: set[str]) -> None:
    local = 'locals {\npassword = "hunter2"\n}\n'
    container = f'environment = [{{ name = "DB_PASSWORD", value = {value} }}]'
    tfvars = 'password = "hunter2"'
    assert found(local + function(f"DB_PASSWORD = {value}"), dev=tfvars) == expected
    assert found(local + task(container), dev=tfvars) == expected


def test_a_password_of_one_environment_is_enough() -> None:
    text = function("DB_PASSWORD = var.password")
    assert found(text, dev='password = ""', prod='password = "hunter2"') == {"plaintext-secret"}


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("-----BEGIN RSA " + "PRIVATE KEY-----", True),
        ("ghp_" + "a1" * 18, True),
        ("xoxb-" + "1234567890-abc", True),
        ("sk_live_" + "a1" * 12, True),
        ("eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "c2lnbmF0dXJlcw", True),
        ("postgres://app:" + "hunter2@db:5432/app", True),
        ("postgres://app@db:5432/app", False),
        ("postgres://app:$${PASSWORD}@db:5432/app", False),
        ("https://example.com:8080/a@b", False),
        ("-----BEGIN PUBLIC KEY-----", False),
    ],
)
def test_values_in_the_shape_of_a_secret(value: str, secret: bool) -> None:
    assert ("plaintext-secret" in found(function(f'CONFIG = "{value}"'))) is secret
    assert ("plaintext-secret" in found("", dev=f'config = "{value}"')) is secret


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('locals {\nkey = "AKIAIOSFODNN7EXAMPLE"\n}', {"static-keys"}),
        ('locals {\nkey = "key=ASIAIOSFODNN7EXAMPLE;"\n}', {"static-keys"}),
        ('locals {\nkey = "XAKIAIOSFODNN7EXAMPLE"\n}', set()),
        ('resource "aws_iam_access_key" "k" {\nuser = "u"\n}', {"static-keys"}),
        (function("AWS_SECRET_ACCESS_KEY = var.key"), {"static-keys"}),
        (task('environment = [{ name = "AWS_ACCESS_KEY_ID", value = var.key }]'), {"static-keys"}),
        (function("AWS_SECURITY_TOKEN = var.token"), {"static-keys"}),
    ],
)
def test_static_keys(text: str, expected: set[str]) -> None:
    assert found(text + "\n") == expected


def test_value_like_the_secret_part_of_an_access_key() -> None:
    assert found(function('SALT = "wJalrXUtnFEMI/K7MDENG/' + 'bPxRfiCYEXAMPLEKEY"')) == {"plaintext-secret"}
    assert found(function(f'COMMIT = "{"0a" * 20}"')) == set()


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ("my-bucket.1", set()),
        ("My-bucket", {"name-length"}),
        ("my_bucket", {"name-length"}),
        ("ab", {"name-length"}),
        ("a..b", {"name-length"}),
        ("10.0.0.1", {"name-length"}),
        ("10.0.0.1x", set()),
        ("xn--bucket", {"name-length"}),
        ("bucket-s3alias", {"name-length"}),
        ("null", set()),
        ("${aws_x.y.id}", set()),
    ],
)
def test_form_of_a_bucket_name(bucket: str, expected: set[str]) -> None:
    text = f'resource "aws_s3_bucket" "b" {{\nbucket = "{bucket}"\n}}\n'
    assert found(text.replace('"null"', "null")) == expected


@pytest.mark.parametrize(
    ("sid", "expected"), [("Read1", set()), ("read-it", {"name-length"}), ("a b", {"name-length"})]
)
def test_form_of_a_sid(sid: str, expected: set[str]) -> None:
    allowed = f'sid = "{sid}"\nactions = ["s3:GetObject"]\nresources = ["arn:aws:s3:::b/*"]\n'
    assert found(policy(allowed)) == expected
    assert found(policy(allowed + principals("arn:aws:iam::222222222222:role/r"))) == set()


@pytest.mark.parametrize(
    ("type_", "argument", "limit"),
    [
        ("aws_iam_role", "name", 64),
        ("aws_iam_instance_profile", "name", 128),
        ("aws_iam_policy", "name", 128),
        ("aws_lambda_function", "function_name", 64),
        ("aws_s3_bucket", "bucket", 63),
        ("aws_sqs_queue", "name", 80),
        ("aws_sns_topic", "name", 256),
        ("aws_cloudwatch_log_group", "name", 512),
    ],
)
def test_name_length(type_: str, argument: str, limit: int) -> None:
    def block(name: str) -> str:
        return f'resource "{type_}" "r" {{\n{argument} = "{name}"\nretention_in_days = 1\nrole = "r"\n{CODE}}}\n'

    assert found(block("a" * limit)) == set()
    assert found(block("a" * (limit + 1))) == {"name-length"}
    environments = {"dev": 'environment = "dev"', "prod": 'environment = "production"'}
    assert found(block("a" * (limit - 10) + "${var.environment}"), **environments) == set()
    assert found(block("a" * (limit - 9) + "${var.environment}"), **environments) == {"name-length"}
    assert found(block("a" * limit + "${aws_x.y.id}")) == set()


def test_the_same_sid_in_two_policies_is_fine() -> None:
    first = policy('sid = "Read"\nactions = ["s3:GetObject"]\nresources = ["arn:aws:s3:::b/*"]')
    assert found(first + first.replace('"p"', '"q"')) == set()


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (principals("*", "*"), {"public-principal"}),
        (principals("*"), {"public-principal"}),
        (principals("*").replace("principals", "not_principals"), {"public-principal"}),
        ('effect = "Deny"\n' + principals("*", "*"), set()),
        (
            principals("*")
            + '\ncondition {\ntest = "StringEquals"\nvariable = "aws:PrincipalOrgID"\nvalues = ["o"]\n}',
            set(),
        ),
        (
            principals("*") + '\ncondition {\ntest = "Bool"\nvariable = "aws:SecureTransport"\nvalues = ["true"]\n}',
            {"public-principal"},
        ),
    ],
)
def test_public_principal(extra: str, expected: set[str]) -> None:
    assert found(policy(f'actions = ["sqs:SendMessage"]\nresources = ["arn:aws:sqs:e:1:q"]\n{extra}')) == expected


def test_json_principal_star_is_public() -> None:
    text = (
        'resource "aws_sqs_queue_policy" "p" {\npolicy = jsonencode({ Statement = [{ Effect = "Allow",\n'
        'Principal = "*", Action = "sqs:SendMessage", Resource = "arn:aws:sqs:e:1:q" }] })\n}\n'
    )
    assert found(text) == {"public-principal"}
    for key, expected in (("AWS:SecureTransport", {"public-principal"}), ("aws:SourceVpc", set())):
        condition = f'Condition = {{ StringEquals = {{ "{key}" = "true" }} }}'
        assert found(text.replace('Action = "sqs', condition + ', Action = "sqs')) == expected
