"""`rolewright express`: a policy in the words of a manifest; what it says of the two is what IAM would decide."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from typer.testing import CliRunner, Result

import rolewright.cli.commands  # noqa: F401 - the command line with all commands
from rolewright.blueprint import load_catalog
from rolewright.cli.app import app
from rolewright.data import iam
from rolewright.prove.arn_formats import is_idle
from rolewright.suggest.draft import Draft, draft_text
from rolewright.suggest.draft_check import grants, host
from rolewright.suggest.express import Translated, translated
from rolewright.suggest.own_account import named_most
from rolewright.suggest.policies import of_documents
from rolewright.yaml.load import loads

OBJECT = "s3:PutObjectAcl"  # no verb is for it
OWN = {"kms:Decrypt": ("kms-key",), "kms:GenerateDataKey": ("kms-key",), "logs:PutLogEvents": ("cloudwatch-log-group",)}
CASES = Path(__file__).parents[1] / "cases" / "policies"
CATALOG = load_catalog()
HOST = host(CATALOG)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::my-bucket", "arn:aws:s3:::my-bucket/*"],
        },
        {
            "Effect": "Allow",
            "Action": "dynamodb:PutItem",
            "Resource": "arn:aws:dynamodb:us-east-1:123456789012:table/*",
        },
        {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*"},
    ],
}
ENTRIES = """\
# assumed to be your own: account 123456789012 and region us-east-1 (named most often in the policy)
resources:
  my-bucket:
    type: s3-bucket
    name: my-bucket
    access: [read]
  dynamodb-table:
    type: dynamodb-table
    name: "<fill in: it is not clear which one is meant>"
    access: [put]
statements:
  - actions: ["iam:ListRoles"]
    resources: ["*"]
    reason: "no blueprint has a verb for this"
"""


def run(*arguments: str | Path) -> Result:
    """What one run of the command printed, and its exit code."""
    return CliRunner().invoke(app, ["express", *map(str, arguments)])


def document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def drafted(statements: list[dict[str, Any]], account: str = "") -> Translated:
    foreign = of_documents([document(statements)], "p.json")
    return translated(foreign, CATALOG, named_most(foreign.all, account))


def yaml(text: str) -> dict[str, Any]:
    data: dict[str, Any] = loads(text, "out").trees[0].data
    return data


def written(folder: Path, entries: str) -> Path:
    """A manifest with entries."""
    path = folder / "m.yaml"
    path.write_text(f"version: 1\nworkload: orders\ncompute: {json.dumps(HOST)}\n{entries}", encoding="utf-8")
    return path


WRAPPERS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "iam-policy-autopilot": lambda text: json.dumps(
        {"Policies": [{"Policy": {"Id": "IamPolicyAutopilot", **json.loads(text)}, "PolicyType": "Identity"}]}
    ),
    "get-role-policy": lambda text: json.dumps(
        {"RoleName": "x", "PolicyName": "y", "PolicyDocument": json.loads(text)}
    ),
    "get-policy-version": lambda text: json.dumps({"PolicyVersion": {"Document": json.loads(text), "VersionId": "v1"}}),
    "the answer of the API": lambda text: json.dumps({"PolicyDocument": quote(text)}),
    "get-generated-policy": lambda text: json.dumps(
        {"generatedPolicyResult": {"generatedPolicies": [{"policy": text}]}}
    ),
    "with a byte order mark": lambda text: "\ufeff" + text,
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_every_form_gives_the_same_entries(wrapper: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(WRAPPERS[wrapper](json.dumps(POLICY)), encoding="utf-8")
    told = run(tmp_path / "policy.json")
    assert told.exit_code == 0, told.stderr
    assert told.stdout == ENTRIES
    assert "the policy allows more than the entries:\n  dynamodb:PutItem on arn:aws:dynamodb:us-east-1:" in told.stderr
    assert "s3:ListBucket on arn:aws:s3:::my-bucket/* has no effect" in told.stderr
    assert "s3:GetObject on arn:aws:s3:::my-bucket has no effect" in told.stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"a": 1}',
        '{"Statement": [{"Effect": "Maybe"}]}',
        '{"Statement": 3}',
        "[" * 100_000,
        "\xff",
        '{"a":' * 900 + "1" + "}" * 900,
        json.dumps({"x": '{"Statement":' + "[" * 100_000}),
    ],
)
def test_what_is_no_policy_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_bytes(text.encode("latin-1"))
    told = run(tmp_path / "policy.json")
    assert told.exit_code == 1
    assert "policy.json:1:1" in told.stderr


WIDE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}


@pytest.mark.parametrize("manifest", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        json.dumps(WIDE).replace('"Action"', '"Sid": "a", "Sid": "b", "Action"'),
        json.dumps(WIDE)[:-1],
        json.dumps(WIDE)[:30],
        json.dumps(WIDE)[1:],
        json.dumps(json.dumps(WIDE))[:-1],
        quote(json.dumps(WIDE))[:-3],
        quote(quote(json.dumps(WIDE)[:-1])),
        "Statement:\n  - {Effect: Allow, Action: 'iam:*', Resource: '*'}",
        "aGVsbG8=",
    ],
)
def test_a_policy_as_text_that_cannot_be_read_is_refused(text: str, manifest: bool, tmp_path: Path) -> None:
    beside = {**WIDE, "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
    policies = {"PolicyVersionList": [{"Document": beside}, {"Document": text}]}
    (tmp_path / "policy.json").write_text(json.dumps(policies), encoding="utf-8")
    (tmp_path / "m.yaml").write_text("version: 1\nworkload: aaa\n", encoding="utf-8")
    told = run(tmp_path / "policy.json", *(["--manifest", str(tmp_path / "m.yaml")] if manifest else []))
    assert told.exit_code == 1
    assert "PolicyVersionList[1].Document" in told.stderr


def test_a_text_that_only_speaks_of_a_statement_is_no_policy(tmp_path: Path) -> None:
    texts = {"Description": "Statement of 100% of it: {all}", "Name": "{name}", "policy": WIDE}
    (tmp_path / "policy.json").write_text(json.dumps(texts), encoding="utf-8")
    assert run(tmp_path / "policy.json").exit_code == 0


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "All", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
            {"Sid": "Most", "Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::public/*"},
            {"Sid": "No", "Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
        ],
    }
    trust = {"Statement": {"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}}
    (tmp_path / "policy.json").write_text(json.dumps([document, trust]), encoding="utf-8")
    told = run(tmp_path / "policy.json")
    assert told.exit_code == 0
    assert "policy 1, All: a manifest lists what is allowed, and cannot express NotAction" in told.stderr
    assert "policy 1, Most: a Deny with NotResource is not compared" in told.stderr
    assert "policy 1, No: is a Deny" in told.stderr
    assert "Principal" in told.stderr
    manifest = written(tmp_path, "")
    assert run(tmp_path / "policy.json", "-m", manifest).exit_code == 3


def test_the_cases(tmp_path: Path) -> None:
    """Policies on which `express` was wrong once, with the right answers."""
    buckets = run(CASES / "all-objects.json")
    unnamed = "<fill in: it is not clear which one is meant>"
    bucket = {"type": "s3-bucket", "name": unnamed, "access": ["get", "put", "delete"]}
    assert yaml(buckets.stdout) == {"resources": {"s3-bucket": bucket}}
    more = "s3:DeleteObject, s3:GetObject, s3:PutObject on arn:aws:s3:::*"
    assert f"the policy allows more than the entries:\n  {more}" in buckets.stderr
    group = run(CASES / "log-group-star.json")
    assert yaml(group.stdout) == {
        "resources": {"my-app": {"type": "cloudwatch-log-group", "name": "my-app", "access": ["read-write"]}}
    }
    assert "account" not in group.stderr
    assert "no effect" not in group.stderr
    variables = yaml(run(CASES / "policy-variables.json").stdout)
    assert variables["resources"]["team-data"]["prefix"] == "$${aws:PrincipalTag/team}/"
    (statement,) = variables["statements"]
    values = statement["conditions"]["ForAllValues:StringEquals"]["dynamodb:LeadingKeys"]
    assert values == ["$${aws:PrincipalTag/tenant}"]
    listing = run(CASES / "list-with-prefix.json")
    bucket = {"type": "s3-bucket", "name": "my-bucket", "prefix": "team-a/", "access": ["read"]}
    assert yaml(listing.stdout) == {"resources": {"my-bucket": bucket}}  # `read` is `list` and `get`
    assert listing.stderr == ""
    own = run(CASES / "own-account.json")
    assert own.stdout.startswith("# assumed to be your own: account 111111111111 and region eu-west-2")
    assert "123456789012" not in own.stdout + own.stderr
    for name in ("all-objects", "log-group-star", "policy-variables", "list-with-prefix", "own-account"):
        entries = run(CASES / f"{name}.json").stdout.replace(unnamed, "my-bucket")
        assert run(CASES / f"{name}.json", "-m", written(tmp_path, entries)).exit_code in (0, 3, 5)


def test_an_entry_comes_from_what_is_for_its_type() -> None:
    """What goes with many types makes none of them, and on `*` the name of the one that is meant is asked for."""
    for action in ("iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey", "logs:PutLogEvents", "logs:StopQuery"):
        passing = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
        for conditions in ({}, passing):
            for resource in ("*", "arn:aws:iam::111111111111:role/x", "arn:aws:kms:*:111111111111:key/*"):
                one = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": conditions}
                made = drafted([one])
                assert all(entry.type in OWN.get(action, ()) for entry in made.draft.entries), (one, made.draft)
                assert all(entry.filled_in and made.less for entry in made.draft.entries), (one, made.draft)
                assert made.draft.entries or made.draft.rest or made.draft.idle
                assert not any("about every eventbridge-scheduler" in rest.reason for rest in made.draft.rest)
    passed = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "arn:aws:iam::111111111111:role/starter",
        "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    }
    schedule = "arn:aws:scheduler:eu-west-2:111111111111:schedule/nightly/*"
    puts = ["scheduler:CreateSchedule", "scheduler:UpdateSchedule"]
    made = drafted([passed, {"Effect": "Allow", "Action": puts, "Resource": schedule}])
    (entry,) = made.draft.entries
    assert (entry.type, entry.fields) == ("eventbridge-scheduler", {"name": "nightly", "target_role": "starter"})
    assert (made.draft.rest, made.more, made.less) == ((), (), ())


def test_a_pattern_of_actions_is_taken_by_the_actions_that_it_names(tmp_path: Path) -> None:
    """As Copilot, SAM and ECS Compose-X write: what is taken and what is left of each pattern is said."""
    table = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders"
    actions = ["dynamodb:BatchGet*", "dynamodb:get*", "dynamodb:Create*", "dynamodb:ListTagsOf*"]
    listed: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "sqs:SendMessage*", "Resource": "arn:aws:sqs:eu-west-1:111111111111:jobs"},
        {"Sid": "Table", "Effect": "Allow", "Action": actions, "Resource": [table, f"{table}/index/*"]},
        {"Effect": "Allow", "Action": "sqs:Nothing*", "Resource": "*"},
    ]
    (tmp_path / "p.json").write_text(json.dumps(document(listed)), encoding="utf-8")
    told = run(tmp_path / "p.json")
    made = yaml(told.stdout)
    access = {key: entry["access"] for key, entry in made["resources"].items()}
    assert access == {"jobs": ["send"], "orders": ["get", "batch-get"]}
    assert "Table: of dynamodb:BatchGet* on " + table + " the entries have BatchGetItem\n" in told.stderr
    assert "the entries have GetItem; `statements` has GetAbacStatus, GetResourcePolicy; 2 more do not" in told.stderr
    assert f"Table: dynamodb:BatchGet* on {table}/index/* has no effect: no action that it names applies" in told.stderr
    reasons = {(action, rest["reason"]) for rest in made["statements"] for action in rest["actions"]}
    assert ("dynamodb:Create*", "no blueprint has a verb for any action that it names") in reasons
    assert ("sqs:nothing*", "the IAM database does not know the action") in reasons
    assert ("dynamodb:GetResourcePolicy", "no blueprint has a verb for this") in reasons


@pytest.mark.parametrize(
    "pattern", ["s3:*", "ec2:*", "dynamodb:*", "sqs:*", "s3:*Bucket*", "kms:?e*", "secretsmanager:Get*"]
)
def test_what_is_left_of_a_pattern_is_all_the_rest_and_nothing_else(pattern: str) -> None:
    """Also where it is written by shorter patterns, since there are many."""
    resources = {"s3": "arn:aws:s3:::b-x", "sqs": "arn:aws:sqs:eu-west-1:111111111111:jobs"}
    arn = resources.get(pattern.partition(":")[0], "*")
    found = drafted([{"Effect": "Allow", "Action": pattern, "Resource": arn}]).draft
    (became,) = found.patterns
    left = {name for rest in found.rest for action in rest.actions for name in iam.expand(action)}
    assert became.taken
    assert not left & set(became.taken)
    assert set(became.left) <= left <= {*became.left, *became.idle}
    assert {*became.taken, *became.left, *became.idle} == set(iam.expand(pattern))
    assert all(is_idle(name, arn) for name in became.idle)
    assert pattern != "ec2:*" or sum(len(rest.actions) for rest in found.rest) < len(left) / 2


def test_no_verb_is_taken_that_is_mostly_for_something_else() -> None:
    """One action of many that the leases of a client library need is no reason for the others."""
    table = "arn:aws:dynamodb:eu-west-1:111111111111:table/orders"
    made = drafted([{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Update*"], "Resource": table}])
    (entry,) = made.draft.entries
    assert set(entry.access) == {"get", "update"}
    assert not made.more
    assert "dynamodb:UpdateTable" in {name for rest in made.draft.rest for a in rest.actions for name in iam.expand(a)}


def test_where_a_name_is_open_what_is_known_of_it_stays() -> None:
    def entry(action: str, resource: str) -> dict[str, Any]:
        (made,) = drafted([{"Effect": "Allow", "Action": action, "Resource": resource}]).draft.entries
        return {name: "?" if name in made.filled_in else value for name, value in made.fields.items()}

    api = "arn:aws:execute-api:eu-west-1:111111111111:a1b2c3d4e5"
    assert entry("execute-api:ManageConnections", f"{api}/*") == {"name": "a1b2c3d4e5", "stage": "?"}
    assert entry("execute-api:Invoke", "*") == {"name": "?", "stage": "?"}
    assert entry("cloudwatch:PutMetricData", "*") == {"namespace": "?"}
    assert entry("sqs:SendMessage", "arn:aws:sqs:*:111111111111:*") == {"name": "?"}


@pytest.mark.parametrize(
    ("action", "resource", "name"),
    [
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:111111111111:function:orders-*", "orders-*"),
        ("s3:GetObject", "arn:aws:s3:::orders*", "orders*"),
        ("s3:GetObject", "arn:aws:s3:::orders-?/*", "orders-?"),
        ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:111111111111:secret:app/*", "app/*"),
        ("logs:PutLogEvents", "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda/*", "/aws/lambda/*"),
        ("dynamodb:Query", "arn:aws:dynamodb:eu-west-1:111111111111:table/o*s/index/*", "o*s"),
    ],
)
def test_of_names_that_a_pattern_matches_one_is_asked_for(
    action: str, resource: str, name: str, tmp_path: Path
) -> None:
    policy = document([{"Effect": "Allow", "Action": action, "Resource": resource}])
    (tmp_path / "p.json").write_text(json.dumps(policy), encoding="utf-8")
    told = run(tmp_path / "p.json")
    (entry,) = yaml(told.stdout)["resources"].values()
    assert entry["name"] == f"<fill in: which one of {name} is meant>"
    made = drafted(policy["Statement"])
    assert all(one.resource != resource for one in made.more), "the made-up name is one that the pattern matches"
    assert [(one.actions, one.resource) for one in made.less] == [((action,), resource)]
    assert f"the policy allows more than the entries:\n  {action} on {resource}" in told.stderr


def test_the_own_account_is_the_one_named_most_or_given() -> None:
    def queue(account: str, name: str) -> dict[str, Any]:
        arn = f"arn:aws:sqs:eu-west-2:{account}:{name}"
        return {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}

    listed = [queue("222222222222", "theirs"), queue("111111111111", "a"), queue("111111111111", "b")]
    fields = {one.key: one.fields for one in drafted(listed).draft.entries}
    theirs = {"arn": "arn:aws:sqs:eu-west-2:222222222222:theirs"}
    assert fields == {"theirs": theirs, "a": {"name": "a"}, "b": {"name": "b"}}
    other = {one.key: one.fields for one in drafted(listed, "222222222222").draft.entries}
    assert other["theirs"] == {"name": "theirs"}
    assert other["a"] == {"arn": "arn:aws:sqs:eu-west-2:111111111111:a"}
    nowhere = drafted([queue("*", "a")])
    assert [one.resource for one in nowhere.less] == ["arn:aws:sqs:eu-west-2:*:a"]
    again = drafted([queue("*", "a").copy() | {"Resource": "arn:aws:sqs:*:*:a"}])
    assert not again.more
    bare = of_documents([document([queue("*", "a")])], "p.json")
    (said,) = grants(nowhere.draft, HOST, CATALOG, named_most(bare.all))
    assert said.resources == ("arn:aws:sqs:eu-west-2:ACCOUNT:a",)  # what nobody names stays a name


def test_where_no_resource_is_an_arn_those_of_conditions_name_the_own_account() -> None:
    pool = "us-east-1:12345678-ffff-ffff-ffff-123456789012"
    arn = f"arn:aws:cognito-identity:us-east-1:111111111111:identitypool/{pool}"
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "cognito-identity:DeleteIdentities", "Resource": "*"}
    statement["Condition"] = {"StringEquals": {"cognito-identity:IdentityPoolArn": arn}}
    made = drafted([statement])
    (entry,) = made.draft.entries
    assert (entry.type, entry.fields) == ("cognito-identity-pool", {"id": pool})
    assert (made.draft.rest, made.more, made.less) == ((), (), ())
    queue = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-2:222222222222:a"}
    (said, _) = drafted([queue, statement]).draft.entries
    assert said.fields == {"name": "a"}  # the account is that of a resource, where one has any


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ({"Action": OBJECT, "Resource": "arn:aws:s3:::b-x/x "}, 'no resource "arn:aws:s3:::b-x/x "'),
        ({"Action": OBJECT, "Resource": ["arn:aws:s3:::b-x/a b/*", "arn:aws:s3:::b-x/y"]}, "no resource"),
        ({"Action": OBJECT, "Resource": "arn:aws:s3:::b-x/\u202e*"}, "no resource"),
        ({"Condition": {"StringEquals": {"aws:PrincipalTag/t": "a\u2028"}}}, "no condition"),
        ({"Action": OBJECT, "Resource": "*:aws:s3:::b-x/*"}, 'no resource "*:aws:s3:::b-x/*"'),
        ({"Action": "*"}, 'no action "*"'),
        ({"Action": ["s3:GetObject", "s*:Get*"]}, 'no action "s*:Get*"'),
        ({"Condition": {"StringEquals": {"s3:prefix": ["", "in/"]}}}, 'no condition StringEquals s3:prefix "", "in/"'),
    ],
)
def test_what_no_manifest_takes_is_left_out_alone(statement: dict[str, Any], why: str, tmp_path: Path) -> None:
    fine = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:orders"}
    hard = {"Sid": "Hard", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b-x", **statement}
    (tmp_path / "policy.json").write_text(json.dumps(document([fine, hard])), encoding="utf-8")
    told = run(tmp_path / "policy.json")
    assert told.exit_code == 0
    assert "orders:" in told.stdout
    noted = next(line for line in told.stderr.splitlines() if "policy.json: Hard: left out: a manifest takes " in line)
    assert why in noted
    assert "the policy allows more than the entries:" in told.stderr
    assert "(Hard)" in told.stderr
    assert "draft.yaml" not in told.stderr


@pytest.mark.parametrize(
    "statement",
    [
        {"Condition": {"NumericLessThan": {"s3:max-keys": 10}, "Bool": {"aws:SecureTransport": True}}},
        {"Condition": {"StringEquals": {"aws:PrincipalTag/t": 'a"b\\c\n\U0001f600'}}},
        {"Condition": {"StringEquals": {"aws:PrincipalTag/t": ["true", "null", "12", "~", "${aws:username}", "$x"]}}},
        {"Condition": {"StringLike": {"aws:PrincipalTag/t": "${*}${aws:PrincipalTag/x, 'default'}"}}},
        {"Resource": [f"arn:aws:s3:::b-x/{number:04}/*" for number in range(500)], "Action": "s3:PutObjectAcl"},
        {"Resource": "arn:aws:s3:::b-x/${aws:PrincipalTag/team}/*", "Action": ["s3:GetObject", "s3:PutObjectAcl"]},
    ],
)
def test_what_a_manifest_takes_means_the_same(statement: dict[str, Any]) -> None:
    one = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b-x", **statement}
    made = drafted([one])
    assert (made.draft.unsaid, made.more, made.less, made.notes) == ((), (), (), ())


def test_a_document_of_the_old_version_has_no_variables() -> None:
    one = {"Effect": "Allow", "Action": "s3:PutObjectAcl", "Resource": "arn:aws:s3:::b-x/${aws:username}/*"}
    (declared,) = of_documents([{"Version": "2008-10-17", "Statement": one}], "p.json").allowed
    assert declared.resources == ("arn:aws:s3:::b-x/${$}{aws:username}/*",)
    made = translated(of_documents([{"Statement": [one]}], "p.json"), CATALOG, named_most([declared]))
    assert made.draft.rest[0].resources == ("arn:aws:s3:::b-x/$${$}{aws:username}/*",)
    assert (made.more, made.less) == ((), ())


def test_what_a_policy_denies_is_more_than_it_allows() -> None:
    objects = "arn:aws:s3:::b-x/*"
    allow = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:DeleteObject"], "Resource": objects}
    made = drafted([allow, {"Effect": "Deny", "Action": "s3:Delete*", "Resource": "*"}])
    assert [(one.actions, one.resource) for one in made.more] == [(("s3:DeleteObject",), objects)]


def test_a_name_that_is_made_up_has_to_be_filled_in(tmp_path: Path) -> None:
    login = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
    cluster = "arn:aws:rds:us-east-1:111111111111:cluster:orders"
    query = {"Effect": "Allow", "Action": "rds-data:ExecuteStatement", "Resource": cluster}
    (tmp_path / "p.json").write_text(json.dumps(document([login, query])), encoding="utf-8")
    entries = yaml(run(tmp_path / "p.json").stdout)["resources"]
    asked = [one for entry in entries.values() for one in (entry.get("name"), entry.get("secret")) if one]
    assert sorted(asked) == ["<fill in: it is not clear which one is meant>"] * 2 + ["orders"]


def test_the_comparison_with_a_manifest(tmp_path: Path) -> None:
    policy = tmp_path / "p.json"
    manifest = written(tmp_path, re.sub("<fill in[^>]*>", "my-table", ENTRIES))
    policy.write_text(json.dumps(POLICY), encoding="utf-8")
    wider = run(policy, "-m", manifest)
    assert wider.exit_code == 3
    assert "the policy allows more than orders:" in wider.stdout
    assert "dynamodb:PutItem on arn:aws:dynamodb:us-east-1:123456789012:table/*" in wider.stdout
    exact = json.loads(json.dumps(POLICY).replace("table/*", "table/my-table"))
    exact["Statement"][0] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::my-bucket/*"}
    policy.write_text(json.dumps(exact), encoding="utf-8")
    narrower = run(policy, "-m", manifest)
    assert narrower.exit_code == 5, narrower.stdout
    assert narrower.stdout.startswith("orders allows more than the policy:\n  s3:ListBucket on arn:aws:s3:::my-bucket")
    exact["Statement"].append({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::my-bucket"})
    policy.write_text(json.dumps(exact), encoding="utf-8")
    same = run(policy, "-m", manifest)
    assert same.exit_code == 0
    assert same.stdout.startswith("the policy and orders allow the same\nnote: assumed to be your own: account 1234")
    (told,) = json.loads(run(policy, "-m", manifest, "--format", "json").stdout)["workloads"]
    own = {"account": "123456789012", "region": "us-east-1"}
    nothing: dict[str, Any] = {"policy_allows_more": [], "manifest_allows_more": [], "notes": []}
    assert told == {"workload": "orders", "own": own, **nothing}
    exact["Statement"].append({"Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::my-bucket/*"})
    policy.write_text(json.dumps(exact), encoding="utf-8")
    assert run(policy, "-m", manifest).exit_code == 5  # a Deny that is not read can only take away


def test_a_manifest_with_environments_is_held_against_each(tmp_path: Path) -> None:
    queue = "resources: {orders: {type: sqs-queue, name: orders, access: [send]}}\n"
    places = 'environments: {dev: {account: "111111111111", region: eu-west-2}, prod: {account: "222222222222", region: eu-west-2}}\n'  # noqa: E501
    one = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-2:111111111111:orders"}
    (tmp_path / "p.json").write_text(json.dumps(document([one])), encoding="utf-8")
    with_places, without = written(tmp_path, places + queue), tmp_path / "other.yaml"
    assert run(tmp_path / "p.json", "-m", with_places, "--env", "dev").exit_code == 0
    assert run(tmp_path / "p.json", "-m", with_places).exit_code == 3
    without.write_text(with_places.read_text(encoding="utf-8").replace(places, ""), encoding="utf-8")
    assert run(tmp_path / "p.json", "-m", without).exit_code == 0
    assert run(tmp_path / "p.json", "-m", without, "--account", "222222222222").exit_code == 3


def test_wrong_use_alone_exits_2(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(POLICY), encoding="utf-8")
    assert run(tmp_path / "p.json", "--env", "dev").exit_code == 2
    assert run(tmp_path / "p.json", "--account", "1234").exit_code == 2
    assert run(tmp_path / "p.json", "-m", written(tmp_path, ""), "--env", "none").exit_code == 2


def test_actions_of_a_pattern_are_listed_as_the_pattern() -> None:
    every = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*", "Condition": {"StringEquals": {"aws:x": ""}}}
    assert [one.actions for one in drafted([every]).less] == [("sqs:*",)]
    deny = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}
    more = drafted([{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}, deny]).more
    assert [one.actions for one in more] == [("sqs:SendMessage",)]


def test_actions_that_cannot_be_told_alike_are_told_together() -> None:
    home = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b-x/${aws:username}/*"}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    made = drafted([home, {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": plain}])
    told = [note for note in made.notes if "cannot tell" in note]
    assert len(told) < 10  # each statement of the draft once, not each of its actions
    assert " more actions on arn:aws:s3:::b-x/${aws:username}/* is declared" in told[0]


def test_the_whole_of_aws_is_compared_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(document([{"Effect": "Allow", "Action": "*", "Resource": "*"}])))
    manifest = written(tmp_path, "resources: {a: {type: s3-bucket, name: abc, access: [read]}}\n")
    wider = run(tmp_path / "p.json", "-m", manifest)
    assert wider.exit_code == 3
    assert "the policy allows more than orders:\n  * on * (statement 1)\n" in wider.stdout


def test_patterns_that_take_too_long_to_compare_are_neither_the_same_nor_different(tmp_path: Path) -> None:
    """Each of 2 to the 40 sets of places is one that the search would look at."""
    resource = f"arn:aws:s3:::*a{'?' * 40}*/*"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    (tmp_path / "policy.json").write_text(json.dumps(document([statement])), encoding="utf-8")
    manifest = {
        "version": 1,
        "workload": "aaa",
        "compute": {"type": "lambda", "runtime": "python3.12", "handler": "index.handler", "package": "function.zip"},
        "statements": [{"actions": ["s3:GetObject"], "resources": [resource.replace("*a", "*?")], "reason": "none"}],
    }
    (tmp_path / "m.yaml").write_text(json.dumps(manifest), encoding="utf-8")
    began = time.process_time()
    compared = run(tmp_path / "policy.json", "--manifest", str(tmp_path / "m.yaml"))
    assert time.process_time() - began < 60
    assert "allow the same" not in compared.output
    assert f"cannot tell whether s3:GetObject on {resource} is declared" in compared.output
    assert compared.exit_code == 3
    assert run(tmp_path / "policy.json").exit_code == 0


def test_many_patterns_of_all_services_are_compared_in_time(tmp_path: Path) -> None:
    listed = [
        {
            "Effect": "Allow",
            "Action": "*:*",
            "Resource": [f"arn:aws:s3:::a{n}*", f"arn:aws:ec2:us-east-1:{'1' * 12}:*/*{n}*"],
        }
        for n in range(20)
    ]
    (tmp_path / "policy.json").write_text(json.dumps(document(listed)), encoding="utf-8")
    began = time.process_time()
    assert run(tmp_path / "policy.json").exit_code == 0
    assert time.process_time() - began < 30


def test_an_empty_draft_is_no_text() -> None:
    assert draft_text(Draft((), ())) == ""


def test_what_express_writes_allows_what_the_policy_does(tmp_path: Path) -> None:
    """Pairs of an action and a resource that have no effect are none of the policy's."""
    allowed = {
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:ListBucket", "sns:Publish"],
        "Resource": ["arn:aws:s3:::data", "arn:aws:s3:::data/*", "arn:aws:sns:us-east-1:123456789012:news"],
    }
    policy, manifest = tmp_path / "policy.json", tmp_path / "m.yaml"
    policy.write_text(json.dumps(document([allowed])), encoding="utf-8")
    made = run(policy)
    manifest.write_text(
        "version: 1\nworkload: app\ncompute: {type: ec2, ami: amazon-linux-2023, instance_type: t3.micro}\n"
        "environments: {dev: {account: '123456789012', region: us-east-1}}\n" + made.stdout,
        encoding="utf-8",
    )
    compared = run(policy, "--manifest", manifest)
    assert compared.exit_code == 0, compared.output
    assert "allow the same" in compared.stdout
    assert compared.stdout.count("has no effect") == made.stderr.count("has no effect") == 6
