"""The rules about what AWS refuses and nobody else looks at."""

from __future__ import annotations

import pytest

from rolewright.core.model import Environment, Module
from rolewright.hcl.parse import parse
from rolewright.prove.evaluate import evaluate
from rule_text import CODE, OWN_ROOT, ROLE, find, found, function, policy, principals, task


def minified(text: str) -> int:
    """The length of the only policy document of a module, as the evaluator of the proof writes it."""
    environment = Environment("", "123456789012", "us-east-1", "aws", {}, {})
    document = evaluate(parse(Module("m", {"main.tf": text})), environment).resources["data.aws_iam_policy_document.p"]
    return len("".join(str(document.values["minified_json"]).split()))


FULL_POLICY = (
    'sid = "Some"\neffect = "Deny"\nactions = ["s3:GetObject", "s3:PutObject", "s3:GetObject"]\n'
    f'resources = ["arn:aws:s3:::b/*"]\n{principals("111111111111")}\n'
    'condition {\ntest = "StringEquals"\nvariable = "aws:username"\nvalues = ["a b", "c"]\n}\n'
    'condition {\ntest = "Null"\nvariable = "aws:PrincipalTag/x"\nvalues = ["true"]\n}'
)


@pytest.mark.parametrize("statement", [FULL_POLICY, f'not_actions = ["iam:*"]\nnot_{ROLE}', ""])
@pytest.mark.parametrize(
    ("holder", "argument", "limit"),
    [
        ("aws_iam_role_policy", "policy", 10_240),
        ("aws_iam_policy", "policy", 6_144),
        ("aws_iam_role", "assume_role_policy", 2_048),
    ],
)
def test_policy_size_is_that_of_compact_json(statement: str, holder: str, argument: str, limit: int) -> None:
    def text(more: int) -> str:
        padded = policy(*[statement] * bool(statement), f'actions = ["s3:{"a" * more}"]\nresources = ["*"]')
        given = f"{argument} = data.aws_iam_policy_document.p.json"
        return f'{padded}resource "{holder}" "r" {{\nrole = "r"\n{given}\n}}\n'

    room = limit - minified(text(0))
    assert minified(text(room)) == limit
    assert "policy-size" not in found(text(room))
    assert "policy-size" in found(text(room + 1))


def inline(label: str, role: str, length: int) -> str:
    document = f'{{"Statement": "{"a" * (length - len("{Statement:}") - 4)}"}}'.replace('"', r"\"")
    return f'resource "aws_iam_role_policy" "{label}" {{\nrole = {role}\npolicy = "{document}"\n}}\n'


def test_the_inline_policies_of_a_role_add_up() -> None:
    roles = 'resource "aws_iam_role" "x" {}\nresource "aws_iam_role" "y" {}\n'
    first = roles + inline("a", "aws_iam_role.x.id", 5_240)
    assert found(first + inline("b", "aws_iam_role.x.name", 5_000)) == set()
    assert found(first + inline("b", "aws_iam_role.x.name", 5_001)) == {"policy-size"}
    assert found(first + inline("b", "aws_iam_role.y.id", 5_001)) == set()
    assert found(first + inline("b", "aws_iam_role.x.id\ncount = 0", 5_001)) == set()


def test_a_policy_too_long_in_one_environment_only() -> None:
    text = 'resource "aws_iam_policy" "p" {\npolicy = jsonencode({ Statement = [var.a, "${var.a}", local.b] })\n}\n'
    (finding,) = find(text, dev='a = "short"', prod=f'a = "{"a" * 4_000}"')
    assert finding.rule == "policy-size"
    length = len('{"Statement":["' + "a" * 4_000 + '","' + "a" * 4_000 + '",0]}')
    assert f"at least {length} characters" in finding.message


def test_unknown_parts_of_a_policy_count_as_nothing() -> None:
    text = policy(f'actions = ["s3:GetObject"]\nresources = ["{"${aws_x.y.arn}" * 1_000}"]')
    text += 'resource "aws_iam_policy" "p" {\npolicy = data.aws_iam_policy_document.p.json\n}\n'
    assert found(text) == set()


def test_attached_policies_are_counted_by_role() -> None:
    def attach(number: int, role: str) -> str:
        arn = f"arn:aws:iam::111111111111:policy/p{number}"
        label = f'"{role}{number}"'
        return f'resource "aws_iam_role_policy_attachment" {label} {{\nrole = "{role}"\npolicy_arn = "{arn}"\n}}\n'

    ten = "".join(attach(number, "a") for number in range(10))
    assert found(ten + attach(10, "b")) == set()
    assert found(ten + attach(9, "a")) == set()
    assert found(ten + attach(10, "a")) == {"policy-size"}


@pytest.mark.parametrize(
    ("type_", "argument", "good", "bad"),
    [
        ("aws_iam_role", "name", "a_b+c=d,e.f@g-h", "a b"),
        ("aws_iam_policy", "name", "a.b", "a/b"),
        ("aws_lambda_function", "function_name", "a_b", "a.b"),
        ("aws_sqs_queue", "name", "a.fifo", "a.b"),
        ("aws_sns_topic", "name", "a.fifo", "a.fifo.b"),
        ("aws_dynamodb_table", "name", "a.b", "ab"),
        ("aws_secretsmanager_secret", "name", "a/b", "a b"),
        ("aws_ecs_task_definition", "family", "a-b", "a.b"),
        ("aws_kms_alias", "name", "alias/a", "a"),
        ("aws_kms_alias", "name", "alias/aws-a", "alias/aws/a"),
    ],
)
def test_form_of_a_name(type_: str, argument: str, good: str, bad: str) -> None:
    for name, expected in ((good, set()), (bad, {"name-length"}), (bad + "${aws_x.y.id}", set())):
        assert found(f'resource "{type_}" "r" {{\n{argument} = "{name}"\n{CODE}}}\n') == expected


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ("", False),
        ('effect = "Allw"', True),
        ("effect = var.effect", False),
        ('condition {\ntest = "StringEqual"\nvariable = "a:b"\nvalues = ["c"]\n}', True),
        ('condition {\ntest = "ForAnyValue:StringLikeIfExists"\nvariable = "a:b"\nvalues = ["c"]\n}', False),
        ('condition {\ntest = "ForEachValue:StringLike"\nvariable = "a:b"\nvalues = ["c"]\n}', True),
        ('condition {\ntest = var.test\nvariable = "a:b"\nvalues = ["c"]\n}', False),
        (principals("111111111111"), True),
        ('dynamic "principals" {\nfor_each = []\ncontent {\ntype = "AWS"\nidentifiers = ["1"]\n}\n}', True),
    ],
)
def test_grammar_of_a_policy_that_a_role_holds(statement: str, wrong: bool) -> None:
    text = policy(f'actions = ["s3:GetObject"]\nresources = ["arn:aws:s3:::b/*"]\n{statement}')
    text += 'resource "aws_iam_policy" "p" {\npolicy = data.aws_iam_policy_document.p.json\n}\n'
    assert found(text) == ({"policy-grammar"} if wrong else set())


@pytest.mark.parametrize(
    ("statement", "wrong"),
    [
        ('actions = ["sts:AssumeRole", "sts:TagSession"]\n' + principals("lambda.amazonaws.com", "Service"), False),
        ('actions = ["s3:GetObject"]\n' + principals("lambda.amazonaws.com", "Service"), True),
        ('actions = ["sts:AssumeRole"]\n' + principals("lambda.amazonaws.com", "Servce"), True),
        ('actions = ["sts:AssumeRole"]', True),
        (principals("lambda.amazonaws.com", "Service"), True),
        (f'actions = ["sts:AssumeRole"]\n{ROLE}\n' + principals("lambda.amazonaws.com", "Service"), True),
    ],
)
def test_grammar_of_a_trust_policy(statement: str, wrong: bool) -> None:
    text = 'resource "aws_iam_role" "r" {\nassume_role_policy = data.aws_iam_policy_document.p.json\n}\n'
    assert found(policy(statement) + text) == ({"policy-grammar"} if wrong else set())


DENY = 'Effect = "Deny", Principal = "*", Action = "s3:*", Resource = "*"'


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ('"nonsense"', True),
        ('"{}"', False),
        ('"{broken"', True),
        ("file(local.policy)", False),
        ('"${aws_x.y.policy}"', False),
        ('jsonencode({ Version = "2012-10-17" })', True),
        ('jsonencode({ Version = "2012-10-71", Statement = [] })', True),
        (f"jsonencode({{ Statement = [{{ {DENY} }}] }})", False),
        ('jsonencode({ Statement = [{ Effect = "Deny", Action = "s3:*", Resource = "*" }] })', True),
        ('jsonencode({ Statement = [{ Effect = "Deny", Principal = "*", Action = "s3:*" }] })', True),
        (f'jsonencode({{ Statement = {{ {DENY}, Condition = {{ Boolean = {{ "a:b" = "c" }} }} }} }})', True),
    ],
)
def test_grammar_of_the_policy_of_a_resource(given: str, wrong: bool) -> None:
    text = f'resource "aws_s3_bucket_policy" "p" {{\nbucket = "abc"\npolicy = {given}\n}}\n'
    assert found(text) == ({"policy-grammar"} if wrong else set())


@pytest.mark.parametrize(
    ("type_", "argument", "good", "bad"),
    [
        ("aws_lambda_function", "timeout", ["1", "900", '"900"', "null"], ["0", "901", "-1", "1.5", '"long"']),
        ("aws_lambda_function", "memory_size", ["128", "10240"], ["127", "10241"]),
        (
            "aws_lambda_function",
            "image_uri",
            ['"111111111111.dkr.ecr.eu-west-1.amazonaws.com/app:1"', '"${aws_x.y.url}:1"'],
            ['"public.ecr.aws/lambda/python:3.12"', '"app:1"'],
        ),
        ("aws_cloudwatch_log_group", "retention_in_days", ["1", "3653"], ["2", "13", "366", "-1"]),
        ("aws_iam_role", "path", ['"/"', '"/a/b/"'], ['"a"', '"/a"', '"//b c/"']),
        ("aws_iam_role", "max_session_duration", ["3600", "43200"], ["900", "43201"]),
        ("aws_sqs_queue", "visibility_timeout_seconds", ["0", "43200"], ["43201"]),
        ("aws_secretsmanager_secret", "recovery_window_in_days", ["0", "7", "30"], ["6", "31"]),
        (
            "aws_cloudwatch_event_rule",
            "schedule_expression",
            ['"rate(1 minute)"', '"rate(10 days)"', '"cron(0 12 * * ? *)"', '"${var.schedule}"'],
            ['"rate(1 minutes)"', '"rate(2 minute)"', '"every day"', '"cron(0 12 * * *)"', '"cron(0 12 * * * *)"'],
        ),
        (
            "aws_scheduler_schedule",
            "schedule_expression",
            ['"rate(1 minute)"', '"at(2030-01-31T03:00:00)"', '"${var.schedule}"', '"rate(${var.every} minutes)"'],
            ['"rate(0 minutes)"', '"cron(0 3 30 2 ? *)"'],
        ),
        ("aws_scheduler_schedule", "schedule_expression_timezone", ['"UTC"'], ['"Europe/Berlinn"']),
        ("aws_appautoscaling_scheduled_action", "schedule", ['"cron(0 7 ? * MON *)"'], ['"cron(0 7 * * MON *)"']),
        ("aws_appautoscaling_scheduled_action", "timezone", ['"Pacific/Tahiti"'], ['"Tahiti"']),
    ],
)
def test_argument_value(type_: str, argument: str, good: list[str], bad: list[str]) -> None:
    for values, expected in ((good, set()), (bad, {"argument-value"})):
        for value in values:
            extra = CODE if type_ == "aws_lambda_function" else ""
            text = f'resource "{type_}" "r" {{\n{argument} = {value}\n{extra}}}\n'
            assert found(text) - {"log-retention"} == expected, value


def test_argument_value_in_a_nested_block_and_in_one_environment() -> None:
    text = 'resource "aws_dynamodb_table" "t" {\nattribute {\nname = "id"\ntype = var.type\n}\n}\n'
    assert found(text, dev='type = "S"', prod='type = "N"') == set()
    assert found(text, dev='type = "S"', prod='type = "X"') == {"argument-value"}


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ("cpu = 256\nmemory = 512", False),
        ('cpu = "256"\nmemory = "2048"', False),
        ('cpu = ".25 vCPU"\nmemory = "0.5 GB"', False),
        ("cpu = 16384\nmemory = 122880", False),
        ("cpu = 16384\nmemory = 36864", True),
        ("cpu = 300\nmemory = 512", True),
        ("cpu = 256\nmemory = 8192", True),
        ("cpu = 256", True),
        ("memory = 512", True),
        ("cpu = aws_x.y.cpu\nmemory = 8192", False),
        ("cpu = var.cpu\nmemory = var.memory", False),
        ("cpu = var.memory\nmemory = var.cpu", True),
    ],
)
def test_cpu_and_memory_of_a_fargate_task(arguments: str, wrong: bool) -> None:
    rest = 'requires_compatibilities = ["FARGATE"]\nnetwork_mode = "awsvpc"\nexecution_role_arn = aws_x.r.arn\n'
    environments = {"dev": "cpu = 256\nmemory = 512", "prod": "cpu = 4096\nmemory = 30720"}
    assert found(task('name = "c"', rest + arguments), **environments) == ({"fargate-task"} if wrong else set())
    assert found(task('name = "c"', rest.replace("FARGATE", "EC2") + arguments), **environments) == set()


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('network_mode = "awsvpc"', False),
        ('network_mode = "bridge"', True),
        ("", True),
        ("network_mode = aws_x.y.mode", False),
    ],
)
def test_network_mode_of_a_fargate_task(text: str, wrong: bool) -> None:
    rest = 'requires_compatibilities = ["FARGATE"]\ncpu = 256\nmemory = 512\nexecution_role_arn = aws_x.r.arn\n'
    assert found(task('name = "c"', rest + text)) == ({"fargate-task"} if wrong else set())


def test_a_fargate_task_without_containers_and_a_service_without_network() -> None:
    rest = 'requires_compatibilities = ["FARGATE"]\nnetwork_mode = "awsvpc"\ncpu = 256\nmemory = 512\n'
    rest += "execution_role_arn = aws_x.r.arn\n"
    text = f'resource "aws_ecs_task_definition" "t" {{\n{rest}container_definitions = jsonencode([])\n}}\n'
    assert found(text) == {"fargate-task"}
    assert found(text.replace("[]", "local.containers")) == set()
    service = 'resource "aws_ecs_service" "s" {\nlaunch_type = "FARGATE"\n}\n'
    assert found(service) == {"fargate-task"}
    assert found(service.replace("FARGATE", "EC2")) == set()
    assert found(service.replace("\n}", "\nnetwork_configuration {\nsubnets = []\n}\n}")) == set()


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (CODE, False),
        ('handler = "a.b"', True),
        ('runtime = "python3.12"', True),
        ('runtime = "python3.12"\nhandler = null', True),
        ("package_type = var.kind", False),
        ('package_type = "Image"', True),
        ('package_type = "Image"\nimage_uri = aws_x.y.url', False),
    ],
)
def test_function_code(arguments: str, wrong: bool) -> None:
    text = f'resource "aws_lambda_function" "f" {{\n{arguments}\n}}\n'
    assert found(text) == ({"function-code"} if wrong else set())


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("AWS_REGION", True), ("LAMBDA_TASK_ROOT", True), ("_X", True), ("A", True), ("A-B", True), ("MY_REGION", False)],
)
def test_variables_that_lambda_does_not_take(name: str, wrong: bool) -> None:
    assert found(function(f'"{name}" = "x"')) == ({"function-variables"} if wrong else set())
    assert found(task(f'environment = [{{ name = "{name}", value = "x" }}]')) == set()


def test_the_variables_of_a_function_together_have_a_limit() -> None:
    room = 4_096 - len('{"AA":"","BB":"é"}'.encode())
    environments = {"dev": 'a = ""', "prod": f'a = "{"x" * room}"'}
    assert found(function("AA = var.a", 'BB = "é${aws_x.y.id}"'), **environments) == set()
    assert found(function("AA = var.a", 'BB = "é!"'), **environments) == {"function-variables"}


@pytest.mark.parametrize(
    ("bucket", "resource", "wrong"),
    [
        ('"abc"', "arn:aws:s3:::abc", False),
        ('"abc"', "arn:aws:s3:::abc/*", False),
        ('"abc"', "arn:aws:s3:::abcd/*", True),
        ('"abc"', "arn:aws:s3:::ab*", False),
        ('"abc"', "*", False),
        ("aws_s3_bucket.b.id", "arn:aws:s3:::abc/x", False),
        ("aws_s3_bucket.b.id", "arn:aws:s3:::cba/x", True),
        ("aws_s3_bucket.b.id", "${aws_s3_bucket.b.arn}/*", False),
        ("aws_s3_bucket.other.id", "arn:aws:s3:::cba/x", False),
        ("aws_x.y.id", "arn:aws:s3:::cba/x", False),
    ],
)
def test_bucket_policy_of_another_bucket(bucket: str, resource: str, wrong: bool) -> None:
    text = 'resource "aws_s3_bucket" "b" {\nbucket = "abc"\n}\nresource "aws_s3_bucket" "other" {}\n'
    text += policy(f'effect = "Deny"\nactions = ["s3:GetObject"]\nresources = ["{resource}"]\n' + principals("*", "*"))
    text += f'resource "aws_s3_bucket_policy" "b" {{\nbucket = {bucket}\n'
    text += "policy = data.aws_iam_policy_document.p.json\n}\n"
    assert found(text) == ({"bucket-policy"} if wrong else set())


@pytest.mark.parametrize(
    ("statement", "locked"),
    [
        ('actions = ["kms:*"]', False),
        ('actions = ["kms:Put*"]', False),
        ('actions = ["KMS:putkeypolicy"]', False),
        ('actions = ["kms:Decrypt"]', True),
        ('effect = "Deny"\nactions = ["kms:*"]', True),
        ('not_actions = ["kms:Decrypt"]', False),
        ("actions = local.actions", False),
    ],
)
def test_a_key_that_locks_everybody_out(statement: str, locked: bool) -> None:
    text = policy(f'{statement}\nresources = ["*"]\n{OWN_ROOT}')
    text += 'resource "aws_kms_key" "k" {\npolicy = data.aws_iam_policy_document.p.json\n}\n'
    assert found(text) == ({"key-lockout"} if locked else set())


@pytest.mark.parametrize(
    ("keys", "wrong"),
    [
        ('hash_key = "id"', False),
        ('hash_key = "id"\nrange_key = "at"', False),
        ('hash_key = "id"\nrange_key = "id"', True),
        ('global_secondary_index {\nhash_key = "id"\nrange_key = "id"\n}', True),
        ("hash_key = aws_x.y.id\nrange_key = aws_x.z.id", False),
        ('hash_key = "id"\nrange_key = var.key', True),
    ],
)
def test_table_keys(keys: str, wrong: bool) -> None:
    text = f'resource "aws_dynamodb_table" "t" {{\n{keys}\n}}\n'
    assert found(text, dev='key = "at"', prod='key = "id"') == ({"table-keys"} if wrong else set())


@pytest.mark.parametrize(
    ("definition", "wrong"),
    [
        ('"nonsense"', True),
        ('jsonencode({ StartAt = "A", States = { A = {} } })', False),
        ('jsonencode({ StartAt = "B", States = { A = {} } })', True),
        ("jsonencode({ StartAt = local.first, States = { A = {} } })", False),
        ("jsonencode({ States = { A = {} } })", True),
        ('jsonencode({ StartAt = "A" })', True),
        ('jsonencode({ StartAt = "A", States = local.states })', False),
        ("file(local.path)", False),
        ('"${aws_x.y.json}"', False),
    ],
)
def test_state_machine(definition: str, wrong: bool) -> None:
    text = f'resource "aws_sfn_state_machine" "m" {{\ndefinition = {definition}\n}}\n'
    assert found(text) == ({"state-machine"} if wrong else set())


@pytest.mark.parametrize(("role", "wrong"), [("role = aws_x.y.name", False), ("role = null", True), ("", True)])
def test_empty_profile(role: str, wrong: bool) -> None:
    text = f'resource "aws_iam_instance_profile" "p" {{\n{role}\n}}\n'
    assert found(text) == ({"empty-profile"} if wrong else set())


@pytest.mark.parametrize(
    ("action", "resource", "wrong"),
    [
        ("s3:GetObject", "arn:aws:s3:::b/*", False),
        ("s3:GetObject", "arn:aws:sqs:eu-west-1:111111111111:q", True),
        ("s3:GetObject", "arn:aws:s*:::b/*", False),
        ("s3:GetObject", "${aws_x.y.arn}", False),
        ("s3:GetObject", "arn:aws:${local.service}:::b/*", False),
        ("sqs:ListQueues", "arn:aws:sqs:eu-west-1:111111111111:q", True),
        ("sqs:ListQueues", "*", False),
        ("elasticloadbalancing:DescribeTags", "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/b", True),
        ("ssmmessages:OpenDataChannel", "*", False),
        ("apigateway:GET", "arn:aws:apigateway:eu-west-1::/restapis/a", False),
        ("backup:DescribeRecoveryPoint", "arn:aws:ec2:eu-west-1::snapshot/s", False),
    ],
)
def test_resource_of_another_service(action: str, resource: str, wrong: bool) -> None:
    text = policy(f'actions = ["{action}"]\nresources = ["{resource}"]')
    assert ("resource-mismatch" in found(text)) is wrong
    assert "resource-mismatch" not in found(text.replace("actions", 'effect = "Deny"\nactions'))


def test_one_resource_that_fits_is_enough() -> None:
    both = '"arn:aws:s3:::b/*", "arn:aws:sqs:eu-west-1:111111111111:q"'
    assert found(policy(f'actions = ["s3:GetObject", "sqs:SendMessage"]\nresources = [{both}]')) == set()


@pytest.mark.parametrize(
    ("tags", "wrong"),
    [
        ('a = "b"', False),
        ('"team:cost center" = "ä/b=c+d@e_f-g.h"', False),
        (f'"{"k" * 128}" = "{"v" * 256}"', False),
        (f'"{"k" * 129}" = "v"', True),
        (f'k = "{"v" * 257}"', True),
        (f'k = "{"v" * 256}${{aws_x.y.id}}"', False),
        ('"AWS:k" = "v"', True),
        ('"a*" = "v"', True),
        ('a = "%{x}"', True),
        (r'a = "b\nc"', True),
        ('a = "v"\nA = "w"', True),
        ("\n".join(f'k{number} = "v"' for number in range(50)), False),
        ("\n".join(f'k{number} = "v"' for number in range(51)), True),
        ("k = var.value", True),
    ],
)
def test_form_of_tags(tags: str, wrong: bool) -> None:
    for text in (
        f'resource "aws_iam_role" "r" {{\ntags = {{\n{tags}\n}}\n}}\n',
        f"locals {{\ntags = {{\n{tags}\n}}\n}}\n",
    ):
        written = text.replace("%{", "%%{")
        assert found(written, dev='value = "v"', prod='value = "<"') == ({"tag-form"} if wrong else set())


def test_tags_that_differ_in_case_are_two_outside_of_iam() -> None:
    text = 'resource "aws_sqs_queue" "q" {\ntags = { a = "v", A = "w" }\n}\n'
    assert found(text) == set()
    assert found(text.replace("aws_sqs_queue", "aws_iam_role")) == {"tag-form"}


@pytest.mark.parametrize(
    ("boundary", "wrong"),
    [
        ('"arn:aws:iam::111111111111:policy/team"', False),
        ('"arn:aws:iam::aws:policy/ViewOnlyAccess"', False),
        ('"arn:${local.partition}:iam::${local.account}:policy/team"', False),
        ('"arn:aws:iam::111111111111:role/team"', True),
        ('"team"', True),
    ],
)
def test_boundary_is_a_policy(boundary: str, wrong: bool) -> None:
    text = f'resource "aws_iam_role" "r" {{\npermissions_boundary = {boundary}\n}}\n'
    assert found(text) == ({"argument-value"} if wrong else set())
