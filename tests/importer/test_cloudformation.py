"""Templates of CloudFormation: what functions give, what a resource is called, and what roles may do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rolewright.blueprint import load_catalog
from rolewright.data import iam
from rolewright.importer.cloudformation.described import types
from rolewright.importer.cloudformation.environments import with_environments
from rolewright.importer.cloudformation.function_resource import read_function
from rolewright.importer.cloudformation.function_rights import table
from rolewright.importer.cloudformation.functions import shown
from rolewright.importer.cloudformation.globals import merged
from rolewright.importer.cloudformation.roles import role_of
from rolewright.importer.cloudformation.template import StackTemplate
from rolewright.importer.expression import HeldNames, OfResource, PlaceName, SecretPart, SourceText, UnknownPart
from rolewright.importer.functions import FOREIGN
from rolewright.importer.given import ImportAids
from rolewright.importer.ledger import Ledger
from rolewright.importer.shapes import listed
from rolewright.yaml.load import loads

TEXT = """
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
  Size: {Type: Number, Default: 5}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
  Password: {Type: String, NoEcho: true, Default: hunter2}
  DbPassword: {Type: String, Default: hunter2hunter2}
  Named: {Type: "AWS::SSM::Parameter::Value<String>", Default: /my/name}
  Bucket: {Type: String, Description: where the files are}
Mappings:
  Sizes: {dev: {Memory: 128}, prod: {Memory: 1024}}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Big: !And [!Not [!Equals [!Ref Size, "4"]], !Equals ["x", "x"]]
  Never: !Or [!Equals ["a", "b"], !Not [!Condition Big]]
  Loop: !Condition Loop
Resources:
  Orders: {Type: "AWS::DynamoDB::Table", Properties: {TableName: !Sub "orders-${Stage}"}}
  Jobs: {Type: "AWS::SQS::Queue", Properties: {FifoQueue: true}}
  Made: {Type: "AWS::SQS::Queue"}
  Key: {Type: "AWS::KMS::Key"}
  Odd: {Type: "AWS::Odd::Thing"}
  Selfish: {Type: "AWS::S3::Bucket", Properties: {BucketName: !Sub "${Selfish}-x"}}
  Gone: {Type: "AWS::S3::Bucket", Condition: Never}
  Maybe: {Type: "AWS::S3::Bucket", Condition: Prod}
"""
STACK = {"Made": "https://sqs.eu-west-1.amazonaws.com/111122223333/made-1"}
TEMPLATE = StackTemplate(loads(TEXT, "t.yaml", dialect=FOREIGN).trees[0].data, ImportAids(stack=STACK))
ORDERS = OfResource("Orders", "name", SourceText(("orders-", PlaceName("environment"))), "")


def value(function: str, environment: str = "") -> Any:
    raw = loads(f"x: {function}", "v.yaml", dialect=FOREIGN).trees[0].data["x"]
    return TEMPLATE.within(environment).value(raw)


@pytest.mark.parametrize(
    ("function", "plain"),
    [
        ("!Ref Size", 5),
        ("!Ref Zones", ["a", "b"]),
        ('!Sub ["${Size}-${X}-${!kept}", {X: !Select [1, !Ref Zones]}]', "5-b-${kept}"),
        ("!Join [':', [a, !Ref Size, b]]", "a:5:b"),
        ("!Select [1, !Split ['/', a/b/c]]", "b"),
        ("!If [Big, [1, !If [Never, 2, !Ref 'AWS::NoValue']], 3]", [1]),
        ("{A: !Ref 'AWS::NoValue', B: 1}", {"B": 1}),
        ("!FindInMap [Sizes, dev, Memory]", 128),
        ("!ToJsonString {a: [1]}", '{"a": [1]}'),
        ("!Length [1, 2]", 2),
    ],
)
def test_what_is_known_is_plain(function: str, plain: Any) -> None:
    assert value(function) == plain


def only_part(found: Any) -> Any:
    (part,) = found.parts
    return part


def test_what_is_open_says_what_it_is() -> None:
    assert value("!Ref Stage") == SourceText((PlaceName("environment"),))
    assert value("!Sub '${AWS::Region}.x'") == SourceText((PlaceName("region"), ".x"))
    assert value("!Ref Bucket") == SourceText((UnknownPart("the parameter Bucket: where the files are"),))
    assert "SSM parameter /my/name" in only_part(value("!Ref Named")).asked
    assert "orders-table" in only_part(value("!ImportValue orders-table")).asked
    assert "Selfish" in shown(value("!Ref Selfish"))
    assert only_part(value("!GetAtt Odd.Arn")).asked == "Arn of Odd (AWS::Odd::Thing)"
    for odd in ("!Join [a]", "!Select [9, [a]]", "!Sub [1]", "!Split ['', x]", "!If [Loop, 1, 2]", "!GetAZs ''"):
        assert isinstance(only_part(value(odd)), UnknownPart), odd


def test_a_secret_is_never_a_value() -> None:
    assert "hunter2" not in shown(value("!Ref Password"))
    assert isinstance(only_part(value("!Ref Password")), SecretPart)
    assert isinstance(only_part(value("!Ref DbPassword")), SecretPart)
    given = StackTemplate(TEMPLATE.data, ImportAids(parameters={"Password": "hunter3"}))
    assert isinstance(only_part(given.value({"Ref": "Password"})), SecretPart)
    url = value("!Sub 'postgres://u:{{resolve:secretsmanager:db:SecretString:password}}@${Size}'")
    assert [part for part in url.parts if isinstance(part, str)] == ["postgres://u:", "@5"]
    assert url.parts[1].named == "arn:aws:secretsmanager:::secret:db:password::"
    assert isinstance(only_part(value("'{{resolve:ssm:/a:1}}'")), UnknownPart)
    inside = only_part(value("!Sub '{{resolve:secretsmanager:${Orders}:SecretString}}'"))
    assert isinstance(inside, SecretPart)
    assert inside.named == ""


def test_an_environment_decides_conditions_and_maps() -> None:
    assert TEMPLATE.environments() == ("dev", "prod")
    memory = "!FindInMap [Sizes, !Ref Stage, Memory]"
    assert [value(memory, environment) for environment in TEMPLATE.environments()] == [128, 1024]
    assert [value("!If [Prod, 2, 1]", environment) for environment in TEMPLATE.environments()] == [1, 2]
    assert isinstance(only_part(value("!If [Prod, 2, 1]")), UnknownPart)
    assert value("!Ref Stage", "prod") == SourceText((PlaceName("environment"),)), "names stay open"
    chosen = StackTemplate(TEMPLATE.data, ImportAids(parameters={"Stage": "prod"}))
    assert chosen.environments() == ()
    assert chosen.value({"Fn::If": ["Prod", 2, 1]}) == 2


def test_resources_are_named_by_the_template_by_aws_or_not_at_all() -> None:
    described = TEMPLATE.described()
    assert "Gone" not in described
    assert "Maybe" in described
    assert "Odd" not in described
    assert described["Made"].fields == {"name": "made-1"}
    tokens = HeldNames()
    assert tokens.judged(value("!GetAtt Jobs.Arn")) == "arn:aws:sqs:REGION:ACCOUNT:held-001-open.fifo"
    assert tokens.judged(described["Jobs"].fields["name"]) == "held-001-open.fifo"
    orders = only_part(value("!Ref Orders"))
    assert (orders.logical, orders.attribute, shown(orders.known)) == ("Orders", "name", "orders-${environment}")
    assert shown(value("!Select [1, !Split ['/', !GetAtt Orders.Arn]]")) == "orders-${environment}"


CATALOG = load_catalog()


@pytest.mark.parametrize("name", [name for name, known in types().items() if "type" in known])
def test_arns_are_those_of_the_blueprint(name: str) -> None:
    known = types()[name]
    resource = CATALOG.resources[known["type"]]
    for attribute, text in known["values"].items():
        if attribute in ("arn", "url") and attribute in resource.attributes:
            own = {"${arns." + key + "}": arn for key, arn in resource.arns.items()}
            wanted = own.get(resource.attributes[attribute], resource.attributes[attribute])
            assert wanted.replace("${name:-default}", "${name}") in (text, text.removesuffix("-??????")), attribute
    form = known.get("form", UnknownPart.form).format(1)
    assert re.search(resource.fields[resource.identified_by[0]]["pattern"], form)


ROLES = """
Parameters: {Deploy: {Type: String}}
Conditions: {Deployed: !Equals [!Ref Deploy, "yes"]}
Resources:
  Orders: {Type: "AWS::DynamoDB::Table"}
  Task:
    Type: AWS::IAM::Role
    Properties:
      PermissionsBoundary: arn:aws:iam::111122223333:policy/edge
      ManagedPolicyArns:
        - !Sub "arn:${AWS::Partition}:iam::aws:policy/AmazonSQSReadOnlyAccess"
        - !Ref Shared
        - !ImportValue policy-of-others
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: 2012-10-17
            Statement:
              - {Effect: Allow, Action: "dynamodb:GetItem", Resource: !GetAtt Orders.Arn}
              - {Effect: Allow, Action: "dynamodb:Query", Resource: !Sub ["${T}/index/*", {T: !ImportValue table-arn}]}
              - {Effect: Allow, Action: ["sqs:SendMessage", "sns:Publish"], Resource: !ImportValue either}
              - !If [Deployed, {Effect: Allow, Action: "s3:GetObject", Resource: "*"}, !Ref "AWS::NoValue"]
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: {Effect: Allow, Action: "sns:Publish", Resource: "*"}}}
  Beside:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [!Ref Task]
      PolicyDocument: {Statement: [{Effect: Allow, Action: "kms:Decrypt", Resource: "*"}]}
  Sometimes:
    Type: AWS::IAM::RolePolicy
    Condition: Deployed
    Properties: {RoleName: !Ref Task, PolicyDocument: {Statement: []}}
  Others:
    Type: AWS::IAM::Policy
    Properties: {Roles: [other], PolicyDocument: {Statement: [{Effect: Allow, Action: "*", Resource: "*"}]}}
"""


def test_a_role_has_its_own_policies_those_that_name_it_and_managed_ones() -> None:
    template = StackTemplate(loads(ROLES, "t.yaml", dialect=FOREIGN).trees[0].data, ImportAids())
    role = role_of(template, {"Fn::GetAtt": ["Task", "Arn"]}, "execution")
    assert role.boundary == "arn:aws:iam::111122223333:policy/edge"
    tokens = HeldNames()
    statements = [
        (statement["Action"], statement["Resource"])
        for policy in role.old.policies
        if not policy.managed
        for statement in listed(tokens.judged(policy.document)["Statement"])
    ]
    arn = "arn:aws:dynamodb:REGION:ACCOUNT:table/"
    assert statements == [
        ("dynamodb:GetItem", [f"{arn}held-001-open"]),
        ("dynamodb:Query", [f"{arn}held-002-open/index/*"]),
        ("sns:Publish", ["*"]),
        ("kms:Decrypt", ["*"]),
    ]
    assert [policy.managed for policy in role.old.policies].count(True) == 1
    unread = "\n".join(role.old.unread)
    for word in ("the ARN of a resource is not known: (the export either", "if Deployed", "policy-of-others"):
        assert word in unread
    assert "policy Sometimes is there only if Deployed" in unread
    elsewhere = role_of(template, "arn:aws:iam::111122223333:role/path/elsewhere", "execution")
    assert "role elsewhere" in elsewhere.old.unread[0]


def test_globals_are_merged_as_sam_does() -> None:
    shared = {"Layers": ["a"], "Timeout": 3, "Environment": {"Variables": {"A": 1, "B": 1}}}
    own = {"Layers": ["b"], "Timeout": 9, "Environment": {"Variables": {"B": 2}}}
    assert merged(shared, own) == {"Layers": ["a", "b"], "Timeout": 9, "Environment": {"Variables": {"A": 1, "B": 2}}}


FIRST_ALONE = """
Parameters: {Stage: {Type: String, AllowedValues: [dev, prod]}}
Conditions: {Dev: !Equals [!Ref Stage, dev]}
Resources:
  Seed:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - SNSPublishMessagePolicy: {TopicName: seeded}
        - !If [Dev, {DynamoDBCrudPolicy: {TableName: orders}}, {DynamoDBReadPolicy: {TableName: orders}}]
"""


def test_what_a_role_may_in_one_environment_alone_is_no_right_of_all() -> None:
    tree = loads(FIRST_ALONE, "t.yaml", dialect=FOREIGN).trees[0]
    template = StackTemplate(tree.data, ImportAids())
    workload = with_environments(template, "Seed", Ledger(tree), read_function)
    assert workload is not None
    (role,) = workload.roles
    assert [policy.origin for policy in role.policies if not policy.managed] == [
        "function Seed, SNSPublishMessagePolicy"
    ]
    assert [text.partition(":")[0] for text in role.unread] == [
        "function Seed, DynamoDBCrudPolicy",
        "function Seed, DynamoDBReadPolicy",
    ]


def test_every_policy_template_and_connector_names_actions_that_iam_knows() -> None:
    """Beside those that AWS's own templates have wrong: calls for batches, and names that services have given up."""
    batches = {"sqs:changemessagevisibilitybatch", "sqs:deletemessagebatch"}
    tables = [table("policy_templates"), *table("connectors")["destinations"].values()]
    statements = [statement for entry in tables for part in entry.values() for statement in part]
    unknown = {action for each in statements for action in each["actions"] if not iam.expand(action)}
    assert {name.lower() for name in unknown} - batches == set()
