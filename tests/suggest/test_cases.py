"""Texts of denials as they stand in logs: who asked for what, and the right answer to each."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rolewright.blueprint.arn_template import wild_pattern
from rolewright.core.finding import Rejected
from rolewright.manifest.read import read_manifest
from rolewright.suggest.case import possible
from rolewright.suggest.engine import Suggestion, suggest
from rolewright.suggest.messages import question_of, questions_of, reason_of, why
from rolewright.yaml.load import Document, load, loads

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog

CASES = Path(__file__).parents[1] / "cases" / "why"
FARGATE, LAMBDA = "fargate.yaml", "lambda.yaml"
KEY = "arn:aws:kms:eu-west-2:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def asked(text: str, manifest: str, catalog: Catalog) -> tuple[Suggestion, Document]:
    question = question_of([text])
    assert question is not None
    document = load(CASES / manifest)
    return suggest(question, document, 0, catalog), document


def after(suggestion: Suggestion) -> list[dict[str, object]]:
    """The manifests that following each piece of advice makes."""
    return [loads(one.text, "m.yaml").trees[0].data for one in suggestion.advice]


@pytest.mark.parametrize(
    ("case", "manifest", "path", "value"),
    [
        ("ecs-ssm-execution", FARGATE, "resources.client-id", {"type": "ssm-parameter", "name": "CLIENT_ID"}),
        ("ecs-ssm-execution", FARGATE, "compute.secrets.CLIENT_ID", "client-id"),
        ("ecs-ssm-execution", "fargate-after-advice.yaml", "compute.secrets.CLIENT_ID", "client-id"),
        (
            "cross-account-ecr",
            FARGATE,
            "resources.runner-test",
            {
                "type": "ecr-repository",
                "arn": "arn:aws:ecr:us-west-2:222222222222:repository/runner-test",
                "access": ["push"],
            },
        ),
        ("lambda-kms-wrapped", LAMBDA, "compute.kms_key", KEY),
        ("redacted", FARGATE, "resources.uploads.access", ["get", "put"]),
        ("json-log-line", FARGATE, "resources.uploads.access", ["get", "put"]),
        ("go-sdk", FARGATE, "resources.uploads.access", ["get", "put"]),
        (
            "s3-prefix",
            FARGATE,
            "resources.uploads-get",
            {"type": "s3-bucket", "name": "demo-uploads", "prefix": "out/", "access": ["get"]},
        ),
        (
            "ddb-index",
            FARGATE,
            "resources.orders",
            {"type": "dynamodb-table", "name": "Orders", "indexes": ["by-date"], "access": ["query"]},
        ),
        (
            "secret-by-name",
            FARGATE,
            "resources.db-2",
            {"type": "secretsmanager-secret", "name": "my-app/db", "access": ["get"]},
        ),
    ],
)
def test_the_first_advice_is_the_least(case: str, manifest: str, path: str, value: object, catalog: Catalog) -> None:
    found, document = asked((CASES / f"{case}.txt").read_text(encoding="utf-8"), manifest, catalog)
    node: object = after(found)[0]
    for step in path.split("."):
        assert isinstance(node, dict)
        node = node[step]
    assert node == value
    assert not found.answer.is_allowed
    assert "statements" not in after(found)[0]
    (tree,) = document.trees
    assert all(one["compute"]["type"] == tree.data["compute"]["type"] for one in after(found))  # type: ignore[index]


@pytest.mark.parametrize(
    ("case", "manifest", "role", "said"),
    [
        (
            "ecs-secret-kms",
            FARGATE,
            "execution",
            "the execution role decrypts resources.db, and its `kms_key` is not set",
        ),
        ("explicit-deny-scp", FARGATE, "task", "no change to this manifest can help"),
        ("explicit-deny-scp", FARGATE, "task", "this manifest does not allow it either"),
        ("lambda-esm", LAMBDA, "execution", "`compute.triggers.queues.queue` names by its key brings it"),
        ("s3-plain", LAMBDA, "execution", "without s3:ListBucket on the bucket"),
        ("s3-plain", LAMBDA, "execution", "allowed is s3:GetObject on arn:aws:s3:::demo-uploads/*"),
        ("terraform-apply-as-user", FARGATE, "", "user/ci is not a role of this manifest"),
        ("terraform-apply-as-user", FARGATE, "", "`rolewright deployer`"),
        ("kms-ciphertext", FARGATE, "task", "it may be in another region, or its key policy may not allow the role"),
        ("kms-ciphertext", FARGATE, "task", "the text does not say which key"),
        ("ecs-log-group", FARGATE, "execution", "the module makes the log group /ecs/demo-api-prod: apply the module"),
    ],
)
def test_what_no_change_mends_says_why(case: str, manifest: str, role: str, said: str, catalog: Catalog) -> None:
    found, _ = asked((CASES / f"{case}.txt").read_text(encoding="utf-8"), manifest, catalog)
    assert found.advice == ()
    assert said in "\n".join((*found.notes, *found.asks))
    assert found.answer.keys == ((role,) if role else ())
    assert not found.answer.is_allowed


def test_a_key_is_named_and_never_a_star(catalog: Catalog) -> None:
    found, _ = asked((CASES / "lambda-kms-wrapped.txt").read_text(encoding="utf-8"), LAMBDA, catalog)
    assert found.answer.question.resource == KEY
    assert found.advice
    assert all("*" not in one.summary for one in found.advice)


def test_another_accounts_owner_is_told_the_statement(catalog: Catalog) -> None:
    found, _ = asked((CASES / "cross-account-ecr.txt").read_text(encoding="utf-8"), FARGATE, catalog)
    (said,) = found.advice[0].owners
    assert "repository policy" in said
    assert '"AWS": "arn:aws:iam::111111111111:role/demo-api-prod-task"' in said
    assert "ecr:InitiateLayerUpload" in said


def test_the_wider_one_is_a_choice(catalog: Catalog) -> None:
    found, _ = asked((CASES / "s3-prefix.txt").read_text(encoding="utf-8"), FARGATE, catalog)
    assert [("(wider" in one.summary) for one in found.advice] == [False, True]


USER = "arn:aws:sts::111111111111:assumed-role/demo-api-prod-task/x"
DENIED = f"User: {USER} is not authorized to perform: sqs:SendMessage on resource: {{}}"
QUEUE = "arn:aws:sqs:eu-west-2:111111111111:demo-jobs"


@pytest.mark.parametrize(
    ("said", "reason", "mends"),
    [
        ("because no identity-based policy allows the sqs:SendMessage action", "identity", True),
        ("because no resource-based policy allows the sqs:SendMessage action", "resource", False),
        ("because no permissions boundary allows the sqs:SendMessage action", "boundary", False),
        ("because no service control policy allows the sqs:SendMessage action", "scp", False),
        ("because no resource control policy allows the sqs:SendMessage action", "rcp", False),
        ("because no session policy allows the sqs:SendMessage action", "session", False),
        ("because no VPC endpoint policy allows the sqs:SendMessage action", "endpoint", False),
        ("with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-x/p", "deny-scp", False),
        ("with an explicit deny in a resource control policy", "deny-rcp", False),
        ("with an explicit deny in a permissions boundary", "deny-boundary", False),
        ("with an explicit deny in a session policy", "deny-session", False),
        ("with an explicit deny in a VPC endpoint policy", "deny-endpoint", False),
        ("with an explicit deny in a resource-based policy", "deny-resource", False),
        ("with an explicit deny in an identity-based policy", "deny-identity", False),
        ("with an explicit deny", "deny", False),
        ("", "", True),
    ],
)
def test_every_reason_has_its_words(said: str, reason: str, mends: bool, catalog: Catalog) -> None:
    """In one table for all commands; only where a permission of the role is what lacks is there advice."""
    text = f"{DENIED.format(QUEUE)} {said}"
    assert reason_of(text) == reason
    assert why(reason).mends == mends
    found, _ = asked(text, FARGATE, catalog)
    assert bool(found.advice) == mends
    assert found.answer.question.resource == QUEUE
    if mends:
        assert after(found)[0]["resources"]["jobs"]["access"] == ["consume", "send"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "action", "resource", "role"),
    [
        (f'"{QUEUE}" because no', "sqs:SendMessage", QUEUE, "demo-api-prod-task"),
        (f"{QUEUE}.", "sqs:SendMessage", QUEUE, "demo-api-prod-task"),
        (f"{QUEUE}\n    at throwDefaultError (/app/index.js)", "sqs:SendMessage", QUEUE, "demo-api-prod-task"),
        (
            "arn:aws:s3:::demo-uploads/my file.txt because no identity-based policy",
            "sqs:SendMessage",
            "arn:aws:s3:::demo-uploads/my file.txt",
            "demo-api-prod-task",
        ),
        (
            f"{QUEUE[:-4]}\n{QUEUE[-4:]} because no identity-based policy",
            "sqs:SendMessage",
            QUEUE,
            "demo-api-prod-task",
        ),
        (f"{QUEUE} (Service: Sqs, Status Code: 403)", "sqs:SendMessage", QUEUE, "demo-api-prod-task"),
    ],
)
def test_resources_are_read_whole(text: str, action: str, resource: str, role: str) -> None:
    question = question_of([DENIED.format(text)])
    assert question is not None
    assert (question.action, question.resource, question.role) == (action, resource, role)
    wrapped = DENIED.format(text).replace(" is not", "\n│ is not").replace(" perform", "\n│   perform")
    again = question_of([wrapped])
    assert again is not None
    assert (again.action, again.resource, again.role) == (action, resource, role)


@pytest.mark.parametrize(
    ("text", "action", "resource", "platform"),
    [
        ("You are not authorized to perform: sqs:SendMessage on the resource", "sqs:SendMessage", "", False),
        ("An error occurred (AccessDenied) when calling the PutItem operation: denied", "", "", False),
        ("operation error SQS: SendMessage, api error AccessDenied: Access Denied", "sqs:SendMessage", "", False),
        ("operation error Secrets Manager: GetSecretValue: AccessDenied", "secretsmanager:GetSecretValue", "", False),
        ("operation error SFN: StartExecution, api error AccessDenied", "states:StartExecution", "", False),
        (
            (
                'CannotPullContainerError: inspect image has been retried: failed to resolve ref "111111111111.dkr.ecr.'
                'eu-west-2.amazonaws.com/other/app:1.0": unexpected status 403 Forbidden'
            ),
            "ecr:BatchGetImage",
            "arn:aws:ecr:eu-west-2:111111111111:repository/other/app",
            True,
        ),
        (
            (
                "ResourceInitializationError: unable to retrieve secret from asm: failed to fetch secret "
                "arn:aws:secretsmanager:eu-west-2:111111111111:secret:x-AbCdEf from secrets manager: AccessDenied"
            ),
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:eu-west-2:111111111111:secret:x-AbCdEf",
            True,
        ),
        (
            (
                "Access to the resource https://sqs.eu-west-2.amazonaws.com/111111111111/jobs is denied. when calling "
                "the SendMessage operation (Service: Sqs; "
            ),
            "sqs:SendMessage",
            "arn:aws:sqs:eu-west-2:111111111111:jobs",
            False,
        ),
        ("An error occurred (UnauthorizedOperation) when calling the RunInstances operation", "", "", False),
    ],
)
def test_texts_without_a_caller_are_read(text: str, action: str, resource: str, platform: bool) -> None:
    question = question_of([text])
    assert question is not None
    assert (question.action, question.resource, question.platform) == (action, resource, platform)


def test_the_image_that_the_platform_pulls_is_a_field_of_compute(catalog: Catalog) -> None:
    text = "CannotPullContainerError: failed to resolve ref 111111111111.dkr.ecr.eu-west-2.amazonaws.com/other:2: 403"
    found, _ = asked(text, FARGATE, catalog)
    assert found.answer.keys == ("execution",)
    (one,) = after(found)
    assert one["compute"]["image"] == "111111111111.dkr.ecr.eu-west-2.amazonaws.com/other:1.0"  # type: ignore[index]


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("arn:aws:iam::111111111111:user/ci", "user/ci is not a role of this manifest"),
        ("arn:aws:iam::111111111111:root", "root is not a role of this manifest"),
        ("arn:aws:sts::111111111111:federated-user/x", "federated-user/x is not a role of this manifest"),
        (
            "arn:aws:sts::111111111111:assumed-role/ci/x",
            "the role ci in account 111111111111 is not a role of this manifest",
        ),
        (
            "arn:aws:sts::222222222222:assumed-role/demo-api-prod-task/x",
            "in account 222222222222 is not a role of this",
        ),
    ],
)
def test_who_is_no_role_of_the_manifest_gets_no_right_of_it(who: str, said: str, catalog: Catalog) -> None:
    found, _ = asked(DENIED.format(QUEUE).replace(USER, who), FARGATE, catalog)
    assert (found.advice, found.answer.roles) == ((), ())
    assert said in "\n".join(found.notes)


def test_accounts_that_were_made_unreadable_are_the_manifests(catalog: Catalog) -> None:
    for hidden in ("xxxxxxxxxxxx", "***", "<account>", "1111********"):
        text = f"{DENIED.format(QUEUE)} because no identity-based policy allows it".replace("111111111111", hidden)
        found, _ = asked(text, FARGATE, catalog)
        assert after(found)[0]["resources"]["jobs"]["access"] == ["consume", "send"]  # type: ignore[index]
        assert any("does not show the account" in one for one in found.notes)


@pytest.mark.parametrize("action", ["sqs:SendMessage", "s3:GetObject", "kms:Decrypt", "dynamodb:Query", "iam:PassRole"])
def test_no_star_is_advised_for_what_takes_a_resource(action: str, catalog: Catalog) -> None:
    for rest in ("", " on resource: *"):
        found, _ = asked(f"User: {USER} is not authorized to perform: {action}{rest}", FARGATE, catalog)
        assert found.advice == ()
        assert any("does not say which" in one for one in found.asks)


@pytest.mark.parametrize(
    "piece",
    [
        "User: ",
        "arn:aws:iam::1:role/a/",
        "is not authorized to perform: ",
        "failed to fetch secret arn:",
        "CannotPullContainerError ",
        "CannotPullContainerError 111111111111.dkr.ecr.eu-west-2.amazonaws.com/a",
        "on resource: ",
        "not authorized to perform s3:",
        "execution role does not have permissions to call a",
        "when calling the ",
        "operation error a",
        "(Service: A",
        '\\"',
        "x",
        "\n│ ",
    ],
)
def test_a_long_text_is_read_in_its_own_time(piece: str) -> None:
    """Twice the text takes at most about twice the time."""

    def took(length: int) -> float:
        text = (piece * (length // len(piece)))[:length] + " AccessDenied"
        begun = time.process_time()
        question_of([text])
        return time.process_time() - begun

    small, large = (min(took(length) for _ in range(3)) for length in (12_000, 96_000))
    assert large < max(small, 0.002) * 40  # eight times the text; 64 times the time would be a square


def test_the_arn_of_a_part_is_not_the_resources_own(catalog: Catalog) -> None:
    """An index has an ARN that begins as its table's does, and no table is named so."""
    table = "arn:aws:dynamodb:eu-west-2:111111111111:table/Orders"
    head = "version: 1\nworkload: app\ncompute: {type: ec2, ami: ami-01234567, instance_type: t3.micro}\nresources:\n"
    entry = "  t: {type: dynamodb-table, arn: '%s', access: get}\n"
    read_manifest(loads(head + entry % table, "m.yaml"), catalog)
    with pytest.raises(Rejected, match="not the ARN of a DynamoDB table"):
        read_manifest(loads(head + entry % f"{table}/index/by-date", "m.yaml"), catalog)


def test_what_is_encoded_is_known_by_its_operation(catalog: Catalog) -> None:
    text = (
        "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to "
        "perform this operation. Encoded authorization failure message: 4-aBcD"
    )
    found, _ = asked(text, FARGATE, catalog)
    assert found.answer.question.action == "ec2:RunInstances"
    assert any("aws sts decode-authorization-message" in one for one in found.notes)
    assert found.advice == ()
    assert any("does not say which" in one for one in found.asks)


@pytest.mark.parametrize(
    ("fields", "said"),
    [("", "the manifest allows it now"), (", leading_keys: [a]", "the manifest allows it only under conditions")],
)
def test_what_is_allowed_under_conditions_is_not_just_allowed(fields: str, said: str, catalog: Catalog) -> None:
    text = (
        "version: 1\nworkload: app\ncompute: {type: ec2, ami: ami-01234567, instance_type: t3.micro}\nresources:\n"
        f"  t: {{type: dynamodb-table, name: orders, access: get{fields}}}\n"
    )
    question = question_of(
        [
            DENIED.format("arn:aws:dynamodb:eu-west-2:111111111111:table/orders")
            .replace("demo-api-prod-task", "app-instance")
            .replace("sqs:SendMessage", "dynamodb:GetItem")
            + " because no identity-based policy allows it"
        ]
    )
    assert question is not None
    found = suggest(question, loads(text, "m.yaml"), 0, catalog)
    assert found.answer.is_allowed
    assert any(said in one for one in found.notes)


def test_a_long_arn_is_read_by_every_template_in_its_own_time(catalog: Catalog) -> None:
    """Eight times the ARN may take eight times the time, not 64 or 512 times."""

    def took(length: int) -> float:
        arns = [
            "arn:aws:s:r:111111111111:" + (one * length)[:length] for one in ("a/", "a:", "a-", "/index/", "table/a/")
        ]
        begun = time.process_time()
        for blueprint in catalog.resources.values():
            for template in blueprint.arns.values():
                start = template[: template.index("${account}") + 10] if "${account}" in template else "arn:"
                for arn in arns:
                    wild_pattern(template.replace(start, "arn:aws:s:r:111111111111", 1)).fullmatch(arn)
        return time.process_time() - begun

    took(16)
    small, large = (min(took(length) for _ in range(2)) for length in (500, 4_000))
    assert large < max(small, 0.002) * 40


PUT = "s3:PutObject on resource: {q}arn:aws:s3:::demo-uploads/in/x{q} because no identity-based policy allows it"


@pytest.mark.parametrize(
    ("quote", "slash"),
    [
        ("&quot;", "/"),
        ("&#34;", "/"),
        ("\\u0022", "/"),
        ('\\"', "\\/"),
        ('\\\\\\"', "/"),
        ('\\\\\\\\\\\\\\"', "/"),
        ("`", "/"),
    ],
    ids=["xml", "xml-number", "code", "slash", "twice", "thrice", "backquote"],
)
def test_escapes_of_any_depth_are_undone(quote: str, slash: str, catalog: Catalog) -> None:
    text = f"User: {USER} is not authorized to perform: {PUT.format(q=quote)}".replace("/", slash)
    text = text.replace("x` because", "x' because")  # as SES quotes
    found, _ = asked(text, FARGATE, catalog)
    assert found.answer.question.resource == "arn:aws:s3:::demo-uploads/in/x"
    assert found.answer.keys == ("task",)
    assert after(found)[0]["resources"]["uploads"]["access"] == ["get", "put"]  # type: ignore[index]


def test_backquotes_as_ses_writes_them(catalog: Catalog) -> None:
    text = (
        f"User `{USER}' is not authorized to perform `ses:SendEmail' on resource "
        "`arn:aws:ses:eu-west-2:111111111111:identity/example.com'"
    )
    found, _ = asked(text, FARGATE, catalog)
    assert found.answer.keys == ("task",)
    assert found.answer.question.resource == "arn:aws:ses:eu-west-2:111111111111:identity/example.com"
    assert found.advice


def test_an_action_that_was_wrapped_is_joined() -> None:
    text = DENIED.format(QUEUE).replace("sqs:SendMessage", "sqs:Send\n│ Message")
    assert [one.action for one in questions_of([text])] == ["sqs:SendMessage"]
    text = DENIED.format(QUEUE).replace("sqs:SendMessage on", "sqs:SendMessage\n│ on")
    assert [(one.action, one.resource) for one in questions_of([text])] == [("sqs:SendMessage", QUEUE)]


def test_each_denial_of_a_text_is_read_once_with_its_own_reason() -> None:
    first = f"ERROR {DENIED.format(QUEUE)}"
    second = (
        "ERROR An error occurred (AccessDenied) when calling the GetItem operation: User:\n"
        f"{USER} is not authorized to perform: dynamodb:GetItem on resource: "
        "arn:aws:dynamodb:eu-west-2:111111111111:table/orders with an explicit deny in a service control policy"
    )
    third = DENIED.format(QUEUE).replace("sqs:SendMessage", "sqs:PurgeQueue").replace("demo-api-prod-task", "other")
    for joint in ("\n", " "):
        listed = questions_of([joint.join((first, second, first, third))])
        assert [(one.action, one.role, one.reason, one.operation) for one in listed] == [
            ("sqs:SendMessage", "demo-api-prod-task", "", ""),
            ("dynamodb:GetItem", "demo-api-prod-task", "deny-scp", "GetItem"),
            ("sqs:PurgeQueue", "other", "", ""),
        ]
        assert {one.resource for one in listed} == {QUEUE, "arn:aws:dynamodb:eu-west-2:111111111111:table/orders"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "An error occurred (ExpiredToken) when calling the GetObject operation: The provided token has expired.",
            "does not know the caller",
        ),
        ("botocore.exceptions.NoCredentialsError: Unable to locate credentials", "AWS does not know the caller"),
        ("The role defined for the function cannot be assumed by Lambda.", "the role's trust policy"),
        ("ECS was unable to assume the role 'arn:aws:iam::1:role/x' that was provided for this task.", "trust policy"),
        ("Not authorized to perform sts:AssumeRoleWithWebIdentity", "the fields of `compute`"),
        (
            "AccessDeniedException: You don't have access to the model with the specified model ID.",
            "the Bedrock console",
        ),
        ("Insufficient Lake Formation permission(s): Required Select on orders", "Lake Formation denies it"),
        ("ResourceInitializationError: failed to fetch secret x: context deadline exceeded", "could not be reached"),
        ("Secrets Manager can't find the specified secret.", "nothing exists"),
        ("CannotPullContainerError: 429 Too Many Requests - toomanyrequests", "this answer comes from the registry"),
        (
            "pull access denied for x: denied: requested access to the resource is denied",
            "this answer comes from the registry",
        ),
    ],
)
def test_what_is_no_denial_is_said_as_such(text: str, said: str, catalog: Catalog) -> None:
    found, _ = asked(text, FARGATE, catalog)
    assert any(said in one for one in found.notes)
    assert not any("no change to this manifest can help" in one for one in found.notes)
    assert not found.advice


def test_what_is_told_beside_a_denial_is_not_its_reason(catalog: Catalog) -> None:
    text = f"dial tcp: i/o timeout, retrying: {DENIED.format(QUEUE)} because no identity-based policy allows it"
    found, _ = asked(text, FARGATE, catalog)
    assert found.answer.question.reason == "identity"
    assert found.advice


@pytest.mark.parametrize(
    ("text", "action", "resource"),
    [
        (
            (
                "Cannot access stream arn:aws:kinesis:eu-west-2:111111111111:stream/clicks. Please ensure the role can "
                "perform the GetRecords, DescribeStream, and ListStreams Actions on your stream in IAM."
            ),
            "kinesis:GetRecords",
            "arn:aws:kinesis:eu-west-2:111111111111:stream/clicks",
        ),
        (
            (
                "Cannot access stream arn:aws:dynamodb:eu-west-2:111111111111:table/orders/stream/2024-01-01T00:00:00"
                ". Please ensure the role can perform the GetRecords Actions on your stream in IAM."
            ),
            "dynamodb:GetRecords",
            "arn:aws:dynamodb:eu-west-2:111111111111:table/orders/stream/2024-01-01T00:00:00",
        ),
    ],
)
def test_streams_that_lambda_cannot_read_are_triggers(text: str, action: str, resource: str, catalog: Catalog) -> None:
    found, _ = asked(text, LAMBDA, catalog)
    assert (found.answer.question.action, found.answer.question.resource) == (action, resource)
    assert "triggers" in after(found)[0]["compute"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("host", "partition", "region"),
    [
        ("dkr.ecr.cn-north-1.amazonaws.com.cn", "aws-cn", "cn-north-1"),
        ("dkr.ecr.us-gov-west-1.amazonaws.com", "aws-us-gov", "us-gov-west-1"),
        ("dkr.ecr-fips.us-east-1.amazonaws.com", "aws", "us-east-1"),
        ("dkr-ecr.eu-west-2.on.aws", "aws", "eu-west-2"),
    ],
)
def test_registries_of_every_partition_are_read(host: str, partition: str, region: str) -> None:
    (one,) = questions_of(
        [f"CannotPullContainerError: failed to resolve ref 111111111111.{host}/base:1: 403 Forbidden"]
    )
    assert one.resource == f"arn:{partition}:ecr:{region}:111111111111:repository/base"
    url = f"https://sqs.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}/111111111111/jobs"
    (one,) = questions_of([f"Access to the resource {url} is denied."])
    assert one.resource == f"arn:{partition}:sqs:{region}:111111111111:jobs"


def test_a_record_of_cloudtrail_is_read(catalog: Catalog) -> None:
    text = """{"eventVersion": "1.09", "userIdentity": {"type": "AssumedRole", "principalId": "AROA:x",
      "arn": "%s", "accountId": "111111111111"}, "eventSource": "s3.amazonaws.com", "eventName": "GetObject",
      "errorCode": "AccessDenied", "errorMessage": "Access Denied",
      "resources": [{"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::demo-uploads/out/x.csv"}]}"""
    found, _ = asked(text % USER, FARGATE, catalog)
    assert (found.answer.keys, found.answer.question.action) == (("task",), "s3:GetObject")
    assert found.answer.question.resource == "arn:aws:s3:::demo-uploads/out/x.csv"
    assert found.advice
    (one,) = questions_of([text.replace("s3.amazonaws", "monitoring.amazonaws").replace("GetObject", "GetMetricData")])
    assert one.action == "cloudwatch:GetMetricData"


def test_who_signed_nothing_is_no_role(catalog: Catalog) -> None:
    found, _ = asked(DENIED.format(QUEUE).replace(USER, "anonymous"), FARGATE, catalog)
    assert (found.answer.roles, found.advice) == ((), ())
    assert any("was not signed" in one for one in found.notes)
    assert not any("``" in one or "role  is" in one for one in found.notes)


@pytest.mark.parametrize(
    ("arn", "access"),
    [
        ("arn:aws:sqs:eu-west-2:222222222222:theirs", "sqs:SendMessage"),
        ("arn:aws:secretsmanager:eu-west-2:222222222222:secret:theirs/db-AbCdEf", "secretsmanager:GetSecretValue"),
        ("arn:aws:kms:eu-west-2:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab", "kms:Decrypt"),
    ],
)
def test_after_the_manifests_part_the_owners_part_is_still_told(arn: str, access: str, catalog: Catalog) -> None:
    text = DENIED.format(f"{arn} because no resource-based policy allows it").replace("sqs:SendMessage", access)
    for spoken in (text, text.replace(f"User: {USER} is", "You are")):
        found, _ = asked(spoken, FARGATE, catalog)
        question = question_of([spoken])
        assert question is not None
        for one in found.advice:
            again = suggest(question, loads(one.text, "m.yaml"), 0, catalog)
            assert again.answer.is_allowed
            assert any("the owner of" in note and access in note for note in again.notes)
            assert any("its owner has to change" in note for note in again.notes)


@pytest.mark.parametrize(
    ("action", "arn", "other"),
    [
        ("s3:GetObject", "arn:aws:s3:::demo-uploads", "${BucketName}/${ObjectName}"),
        ("s3:ListBucket", "arn:aws:s3:::demo-uploads/in/x", "${BucketName}"),
        ("kms:Decrypt", "arn:aws:kms:eu-west-2:111111111111:alias/app", "key/${KeyId}"),
    ],
)
def test_no_right_is_advised_that_aws_never_asks_for(action: str, arn: str, other: str, catalog: Catalog) -> None:
    question = question_of([action, arn])
    assert question is not None
    found = suggest(question, load(CASES / FARGATE), 0, catalog)
    assert found.advice == ()
    assert any("does not apply to" in one and other in one for one in found.asks)


def test_no_right_is_advised_in_another_partition(catalog: Catalog) -> None:
    found, _ = asked(DENIED.format("arn:aws-us-gov:sqs:us-gov-west-1:111111111111:demo-jobs"), FARGATE, catalog)
    assert found.advice == ()
    assert any("in the partition aws-us-gov" in one for one in found.notes)


def test_what_the_module_makes_is_no_right_of_the_code_either(catalog: Catalog) -> None:
    for group in ("/aws/lambda/demo-fn-prod", "/aws/lambda/demo-fn-prod:log-stream:"):
        text = DENIED.format(f"arn:aws:logs:eu-west-2:111111111111:log-group:{group} because no identity-based policy")
        text = text.replace("demo-api-prod-task", "demo-fn-prod-execution").replace(
            "sqs:SendMessage", "logs:CreateLogGroup"
        )
        found, _ = asked(text, LAMBDA, catalog)
        assert found.advice == ()
        assert any("the module makes the log group" in one for one in found.notes)


def test_another_way_to_call_it_is_not_advised(catalog: Catalog) -> None:
    text = DENIED.format("arn:aws:lambda:eu-west-2:111111111111:function:other")
    found, _ = asked(text.replace("sqs:SendMessage", "lambda:InvokeFunction"), FARGATE, catalog)
    assert [one.summary for one in found.advice] == [
        "under `resources`, set `other: {type: lambda-function, name: other, access: [invoke]}`"
    ]


def test_a_key_is_not_advised_for_a_service_that_did_not_ask(catalog: Catalog) -> None:
    denied = f"{DENIED.format(KEY)} because no identity-based policy".replace("sqs:SendMessage", "kms:Decrypt")
    for operation, keys in (("GetObject", ["uploads"]), ("ReceiveMessage", ["jobs"]), ("GetParameter", [])):
        text = f"An error occurred (AccessDenied) when calling the {operation} operation: {denied}"
        found, _ = asked(text, FARGATE, catalog)
        assert [
            key for key in ("uploads", "jobs") if any(f"resources.{key}`" in one.summary for one in found.advice)
        ] == keys


def test_the_own_resource_is_not_named_by_its_arn(catalog: Catalog) -> None:
    """In another environment it would be that of this one."""
    text = (CASES / FARGATE).read_text(encoding="utf-8") + '  dev: {account: "222222222222", region: eu-central-1}\n'
    question = question_of([DENIED.format(QUEUE.replace("demo-jobs", "more"))])
    assert question is not None
    found = suggest(question, loads(text, "m.yaml"), 0, catalog)
    assert [one.summary for one in found.advice] == [
        "under `resources`, set `more: {type: sqs-queue, name: more, access: [send]}`"
    ]


def test_the_default_bus_has_an_entry_without_a_name(catalog: Catalog) -> None:
    text = DENIED.format("arn:aws:events:eu-west-2:111111111111:event-bus/default")
    found, _ = asked(text.replace("sqs:SendMessage", "events:PutEvents"), FARGATE, catalog)
    assert [one.summary for one in found.advice] == [
        "under `resources`, set `eventbridge-bus: {type: eventbridge-bus, access: [put-events]}`"
    ]


def test_why_the_field_of_compute_is_not_taken_is_told(catalog: Catalog) -> None:
    found, _ = asked(DENIED.format("*").replace("sqs:SendMessage", "ssmmessages:CreateDataChannel"), FARGATE, catalog)
    assert any("`exec: true`: ECS Exec writes into the container" in one for one in found.notes)


def test_a_policy_of_rules_is_beside_the_one_that_is_asked_for(catalog: Catalog) -> None:
    """What the owner of the key has to add is told; the access policy of a collection has rules, and no actions."""
    key = "arn:aws:kms:us-east-1:222222222222:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    collection = "arn:aws:aoss:us-east-1:123456789012:collection/abcdefghij0123456789"
    manifest = (
        "version: 1\nworkload: app\ncompute: {type: lambda, runtime: python3.12, handler: a.b, package: a.zip}\n"
        "resources:\n"
        f"  docs: {{type: opensearch-serverless-collection, name: docs, arn: '{collection}', access: search}}\n"
        f"  key: {{type: kms-key, arn: '{key}', access: decrypt}}\n"
        "environments: {dev: {account: '123456789012', region: us-east-1}}\n"
    )
    text = (
        "User: arn:aws:sts::123456789012:assumed-role/app-dev-execution/x is not authorized to perform: "
        f"kms:Decrypt on resource: {key} because no resource-based policy allows the kms:Decrypt action"
    )
    question = question_of([text])
    assert question is not None
    told = suggest(question, loads(manifest, "m.yaml"), 0, catalog).notes
    assert any(one.startswith("the owner of key adds to its key policy") for one in told), told


def test_the_field_that_brings_it_to_the_platform_is_told(catalog: Catalog) -> None:
    text = "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
    found, _ = asked(text, LAMBDA, catalog)
    assert any("`compute.vpc` brings it" in one for one in found.asks)


@pytest.mark.parametrize(
    ("operation", "service", "actions"),
    [
        ("GetItem", "", ("dynamodb:GetItem",)),
        ("GetObject", "", ("s3:GetObject",)),
        ("GetItem", "dax", ("dax:GetItem",)),
        ("ConditionCheckItem", "", ("dynamodb:ConditionCheckItem",)),
    ],
)
def test_an_operation_alone_is_not_that_of_a_namesake(
    operation: str, service: str, actions: tuple[str, ...], catalog: Catalog
) -> None:
    question = question_of([f"An error occurred (AccessDenied) when calling the {operation} operation: Access Denied"])
    assert question is not None
    assert possible(replace(question, service=service), catalog) == actions
