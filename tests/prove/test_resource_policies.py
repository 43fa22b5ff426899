"""Whatever is changed in the policy of a resource that a module makes is found; what means the same passes."""

from __future__ import annotations

import copy
import itertools
import json
import re
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pytest

from blueprint_trials import tried_workloads
from cases import times
from rolewright.blueprint import load_catalog
from rolewright.data import provider
from rolewright.grants.derive import derive_grants
from rolewright.grants.policies import build_roles
from rolewright.hcl.parse import parse
from rolewright.manifest.read import read_manifest
from rolewright.prove.carriers import carried, carriers
from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule, evaluate
from rolewright.prove.proof import prove
from rolewright.prove.resource_policies import judge_policies
from rolewright.prove.sandbox import Sandbox
from rolewright.render.module import render
from rolewright.render.sandbox import Templates
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rolewright.core.model import Declaration, Environment, Module, Workload

CATALOG = load_catalog()
CASES = times(4)
NOTHING_APPLIED = Sandbox((), (), (), {}, {}, {})
RULES = {"proof-policy-of-resource", "proof-unknown"}
OTHER = "999999999999"
TYPES = [
    name for name, blueprint in CATALOG.resources.items() if blueprint.create is not None and blueprint.create.policies
]

TRIGGERED = """
version: 1
workload: called
compute:
  type: lambda
  package: function.zip
  runtime: python3.12
  handler: index.handler
  api: {routes: ["GET /"]}
  triggers:
    topics: [{topic: news}]
    buckets: [{bucket: uploads, events: ["s3:ObjectCreated:*"]}, {bucket: uploads, events: ["s3:ObjectRemoved:*"]}]
    rules: [{name: paid-late, bus: shop, pattern: {source: [shop]}}, {name: stopped, pattern: {source: [aws.ec2]}}]
resources:
  news: {type: sns-topic, name: news, create: true, kms_key: "${resources.own-key.arn}"}
  uploads: {type: s3-bucket, name: called-uploads, create: true, kms_key: "${resources.own-key.arn}", access: get}
  shop: {type: eventbridge-bus, name: shop, create: true, kms_key: "${resources.own-key.arn}"}
  lines: {type: cloudwatch-log-group, name: lines, create: true, kms_key: "${resources.own-key.arn}", access: put}
  own-key: {type: kms-key, name: called, create: true, access: decrypt}
  failed:
    type: sqs-queue
    name: failed
    create: true
    access: send
    admit:
      - {service: sns.amazonaws.com, source: "arn:aws:sns:us-east-1:123456789012:news"}
      - {service: events.amazonaws.com, source: "arn:aws:events:us-east-1:123456789012:rule/nightly"}
"""

OF_A_COMPUTE_TYPE = {
    "ecr-repository": """
version: 1
workload: pulled
compute: {type: lambda, image: "${resources.repo.url}:1.0"}
resources:
  repo: {type: ecr-repository, name: pulled, create: true}
"""
}


@dataclass(frozen=True)
class Made:
    """A module as the proof has it."""

    module: Module
    declaration: Declaration
    environment: Environment
    plan: EvaluatedModule

    def findings(self, plan: EvaluatedModule) -> list[str]:
        return [finding.rule for finding in judge_policies(plan, self.declaration, self.environment)]


def made(workload: Workload) -> Made:
    declaration = derive_grants(workload, CATALOG)
    roles = build_roles(workload, declaration, CATALOG)
    module = render(workload, declaration, roles, CATALOG, Templates(CATALOG))
    environment = workload.environments[0]
    return Made(module, declaration, environment, evaluate(parse(module), environment))


def read(text: str) -> Workload:
    (workload,) = read_manifest(loads(text, "m.yaml"), CATALOG)
    return workload


def manifests() -> list[tuple[str, str]]:
    alias = TRIGGERED.replace("  handler:", "  alias: live\n  handler:")
    environments = TRIGGERED + (
        "environments:\n  dev: {account: '111111111111', region: us-east-1}\n"
        "  prod: {account: '222222222222', region: us-east-1}\n"
    )
    return [("triggers", TRIGGERED), ("triggers-alias", alias), ("triggers-environments", environments)]


@cache
def workloads(type_: str) -> list[Workload]:
    """Those that a type is tried with whose policies say the most, each in another form."""
    found: dict[tuple[str, ...], Workload] = {}
    for workload in tried_workloads(CATALOG.resources.files[type_]):
        policies = derive_grants(workload, CATALOG).policies
        if policies:
            found.setdefault(
                tuple(f"{policy.name} {len(policy.statements)} {policy.documents}" for policy in policies), workload
            )
    if not found:  # it has a policy for one compute type alone
        return [read(OF_A_COMPUTE_TYPE[type_])]
    return sorted(found.values(), key=lambda candidate: -_size(candidate))[: 2 * CASES]


def _size(workload: Workload) -> int:
    return sum(len(policy.statements) + len(policy.documents) for policy in derive_grants(workload, CATALOG).policies)


@cache
def all_made() -> dict[str, Made]:
    found = {name: made(read(text)) for name, text in manifests()}
    for type_ in TYPES:
        found |= {f"{type_}-{number}": made(workload) for number, workload in enumerate(workloads(type_))}
    return found


# --- what is changed ---------------------------------------------------------------------------------


def mutants(case: Made) -> Iterator[tuple[str, EvaluatedModule]]:
    """What was done, and the plan in which somebody may do more, or less, than is declared."""
    for block in list(case.plan.resources.values()):
        for carried_policy in carried(block) if block.mode == "resource" else ():
            yield f"drop {block.address}", without(case.plan, block)
            if carried_policy.carrier in carriers().statements:
                yield from of_permission(case.plan, block)
                continue
            argument = carried_policy.carrier.partition(".")[2]
            change: Callable[[Any], Iterator[tuple[str, Any]]] = (
                of_policy if carried_policy.carrier in carriers().policies else of_document
            )
            original = json.loads(carried_policy.value)
            for name, document in change(original):
                if carried_policy.carrier in carriers().policies and said(document) == said(original):
                    continue  # what two statements say is not taken away with one of them
                what = f"{block.address}: {name}"
                yield what, put(case.plan, block, argument, json.dumps(document))
                wider = replace(block, address=f"{block.type}.other", name="other")
                yield f"beside {what}", put(case.plan, wider, argument, json.dumps(document))
            for text in ("${aws_sqs_queue.other.policy}", "", "{}", "[]", '{"Statement": [], "Statement": []}'):
                yield f"{block.address} is {text!r}", put(case.plan, block, argument, text)
            for name in carriers().arguments[carried_policy.carrier]:
                yield f"{block.address} of another {name}", put(case.plan, block, name, "other")
    yield from of_strangers(case.plan)


def said(document: dict[str, Any]) -> set[str]:
    """Each principal, action and resource of each statement, with its conditions."""
    return {
        json.dumps([rest, kind, name, action, resource], sort_keys=True)
        for statement in document["Statement"]
        for rest in [
            {key: statement[key] for key in statement if key not in ("Sid", "Principal", "Action", "Resource")}
        ]
        for kind, names in (
            statement["Principal"].items() if isinstance(statement.get("Principal"), dict) else [("", "*")]
        )
        for name in several(names)
        for action in several(statement.get("Action"))
        for resource in several(statement.get("Resource"))
    }


def put(plan: EvaluatedModule, block: EvaluatedBlock, argument: str, value: Any) -> EvaluatedModule:
    values = {**block.values, argument: value}
    blocks = {**plan.resources, block.address: replace(block, values=values)}
    return replace(plan, resources=MappingProxyType(blocks))


def without(plan: EvaluatedModule, block: EvaluatedBlock) -> EvaluatedModule:
    kept = {address: resource for address, resource in plan.resources.items() if address != block.address}
    return replace(plan, resources=MappingProxyType(kept))


def of_policy(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    listed = several(document["Statement"])
    for number, statement in enumerate(listed):
        name = statement.get("Sid", number)

        def changed(to: dict[str, Any], at: int = number) -> dict[str, Any]:
            return {**document, "Statement": [*listed[:at], to, *listed[at + 1 :]]}

        yield f"drop {name}", {**document, "Statement": [*listed[:number], *listed[number + 1 :]]}
        flipped = {"Allow": "Deny", "Deny": "Allow"}[statement["Effect"]]
        yield f"flip {name}", changed({**statement, "Effect": flipped})
        for element, values in of_elements(statement):
            yield f"{name}: {element}", changed({**statement, **values})
        for element in ("Principal", "Action", "Resource"):
            if element in statement:
                negated = {f"Not{key}" if key == element else key: value for key, value in statement.items()}
                yield f"{name}: Not{element}", changed(negated)
        for conditions in of_conditions(statement.get("Condition", {})):
            bare = {key: value for key, value in statement.items() if key != "Condition"}
            yield f"{name}: if {conditions}", changed({**bare, **({"Condition": conditions} if conditions else {})})
    service = several(listed[0]["Action"])[0].partition(":")[0]
    actions = [f"{service}:DeleteQueue" if service == "sqs" else f"{service}:*" if service != "*" else "*"]
    for principal in (
        "*",
        {"AWS": OTHER},
        {"AWS": f"arn:aws:iam::{OTHER}:root"},
        {"AWS": "${aws_iam_role.execution.arn}"},
        {"Service": "codebuild.amazonaws.com"},
        {"Federated": "cognito-identity.amazonaws.com"},
    ):
        on = {"Resource": listed[0]["Resource"]} if "Resource" in listed[0] else {}
        more = {"Effect": "Allow", "Principal": principal, "Action": actions, **on}
        yield f"add {principal}", {**document, "Statement": [*listed, more]}


def of_elements(statement: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    actions = several(statement["Action"])
    for more in ("s3:DeleteBucket", "sqs:DeleteQueue", "kms:Decrypt", f"{actions[0].partition(':')[0]}:Tag*"):
        yield f"and {more}", {"Action": [*actions, more]}
        yield f"only {more}", {"Action": more}
    for number, action in enumerate(actions):
        if len(actions) > 1:
            yield f"without {action}", {"Action": [*actions[:number], *actions[number + 1 :]]}
        if not action.endswith("*"):
            yield f"all like {action}", {"Action": [*actions[:number], action[:-1] + "*", *actions[number + 1 :]]}
    resources = several(statement.get("Resource", []))  # a repository's policy names none
    for number, resource in enumerate(resources):
        others = [*resources[:number], *resources[number + 1 :]]
        for other in {"*", resource[:-1] + "*", resource + "-x", resource.replace("a", "b", 1)} - set(resources):
            yield f"on {other}", {"Resource": [*others, other]}
            yield f"on {other} as well", {"Resource": [*resources, other]}
        if others:
            yield f"not on {resource}", {"Resource": others}
    principal = statement["Principal"]
    anybody = principal in ("*", {"AWS": "*"})
    if not anybody:
        yield "for anybody", {"Principal": "*"}
    for who in ({"AWS": OTHER}, {"AWS": "${aws_iam_role.execution.arn}"}, {"Service": "glue.amazonaws.com"}):
        yield f"for {who}", {"Principal": who}
        if not anybody:
            merged: dict[str, Any] = copy.deepcopy(principal)
            for kind, name in who.items():
                merged[kind] = [*several(merged.get(kind, [])), name]
            yield f"also for {who}", {"Principal": merged}


def of_conditions(conditions: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**conditions, "StringEquals": {**conditions.get("StringEquals", {}), "aws:SourceVpc": "vpc-1"}}
    for operator, block in conditions.items():
        rest = {other: inner for other, inner in conditions.items() if other != operator}
        for key, value in block.items():
            less = {other: inner for other, inner in block.items() if other != key}
            without = {**rest, **({operator: less} if less else {})}
            yield without
            loosened = "ForAnyValue:" + operator if operator == "Bool" else operator + "IfExists"
            for other in ("StringLike", loosened, operator.replace("Equals", "NotEquals") + "X"):
                if other != operator:
                    yield {**without, other: {**without.get(other, {}), key: value}}
            for values in ([*several(value), "other"], "other", "*", [element + "*" for element in several(value)]):
                yield {**rest, operator: {**block, key: values}}
            yield {**rest, operator: {**less, key + "x": value}}


def of_document(document: Any) -> Iterator[tuple[str, Any]]:
    for path in leaves(document, ()):
        changed = copy.deepcopy(document)
        holder = changed
        for step in path[:-1]:
            holder = holder[step]
        old = holder[path[-1]] if path else changed
        match old:
            case bool():
                holder[path[-1]] = not old
            case str():
                holder[path[-1]] = old + "*"
            case list():
                old.append("other" if not old or isinstance(old[0], str) else {**copy.deepcopy(old[0]), "x": "y"})
            case _:
                continue
        yield f"{path} changed", changed
        if path and isinstance(path[-1], str):
            shorter = copy.deepcopy(document)
            holder = shorter
            for step in path[:-1]:
                holder = holder[step]
            del holder[path[-1]]
            yield f"{path} dropped", shorter
    yield (
        "AllowFromPublic",
        {**document, "AllowFromPublic": True}
        if isinstance(document, dict)
        else [{**document[0], "AllowFromPublic": True, "SourceVPCEs": None}],
    )
    if isinstance(document, dict) and "redrivePermission" in document:
        yield "allowAll", {"redrivePermission": "allowAll"}


def leaves(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    match node:
        case dict():
            for key, inner in node.items():
                yield from leaves(inner, (*path, key))
        case list():
            yield path
            for index, inner in enumerate(node):
                yield from leaves(inner, (*path, index))
        case _:
            yield path


def of_permission(plan: EvaluatedModule, block: EvaluatedBlock) -> Iterator[tuple[str, EvaluatedModule]]:
    others = {
        "action": ["lambda:*", "lambda:InvokeFunctionUrl"],
        "principal": ["*", OTHER, f"arn:aws:iam::{OTHER}:root", "codebuild.amazonaws.com"],
        "source_arn": ["*", "arn:aws:s3:::*", f"arn:aws:sns:us-east-1:{OTHER}:news"],
        "source_account": [OTHER],
        "qualifier": ["$LATEST", "other"],
        "principal_org_id": ["o-abcdefghij"],
        "function_url_auth_type": ["NONE", "AWS_IAM"],
        "event_source_token": ["amzn1.ask.skill.x"],
        "function_name": ["other"],
        "region": ["eu-west-1"],
    }
    for name, values in others.items():
        for value in values:
            if block.values.get(name) != value:
                yield f"{block.address}: {name} = {value}", put(plan, block, name, value)
                wider = replace(block, address="aws_lambda_permission.other", name="other")
                yield f"beside {block.address}: {name} = {value}", put(plan, wider, name, value)
        if name in block.values:
            fewer = {key: value for key, value in block.values.items() if key != name}
            blocks = {**plan.resources, block.address: replace(block, values=fewer)}
            yield f"{block.address} without {name}", replace(plan, resources=MappingProxyType(blocks))


STRANGERS: dict[str, dict[str, Any]] = {
    "aws_sqs_queue_policy": {"queue_url": "other"},
    "aws_sns_topic_policy": {"arn": "other"},
    "aws_s3_bucket_policy": {"bucket": "other"},
    "aws_kms_key_policy": {"key_id": "${aws_kms_key.own_key.id}"},
    "aws_secretsmanager_secret_policy": {"secret_arn": "other"},
    "aws_ecr_repository_policy": {"repository": "other"},
    "aws_cloudwatch_event_bus_policy": {"event_bus_name": "shop"},
    "aws_efs_file_system_policy": {"file_system_id": "fs-1"},
    "aws_dynamodb_resource_policy": {"resource_arn": "other"},
    "aws_glue_resource_policy": {},
    "aws_vpc_endpoint": {},
    "aws_vpc_endpoint_policy": {"vpc_endpoint_id": "vpce-1"},
    "aws_backup_vault_policy": {"backup_vault_name": "other"},
    "aws_sqs_queue": {},
    "aws_sns_topic": {},
    "aws_secretsmanager_secret": {},
}
OPEN = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}})


def of_strangers(plan: EvaluatedModule) -> Iterator[tuple[str, EvaluatedModule]]:
    """Policies that nobody declared, in blocks of their own."""
    for type_, values in STRANGERS.items():
        block = EvaluatedBlock(f"{type_}.stranger", "resource", type_, "stranger", values, "resources.tf", 1, ())
        yield f"{type_}.stranger", put(plan, block, "policy", OPEN)
    for type_, values in (
        ("aws_opensearch_domain", {"access_policies": OPEN}),
        ("aws_s3control_multi_region_access_point_policy", {"details": [{"name": "x", "policy": OPEN}]}),
        ("aws_lambda_permission", {"function_name": "other", "action": "lambda:InvokeFunction", "principal": "*"}),
        ("aws_kms_grant", {"grantee_principal": f"arn:aws:iam::{OTHER}:root", "operations": ["Decrypt"]}),
        ("aws_cloudwatch_event_permission", {"principal": OTHER, "statement_id": "x"}),
        ("aws_sqs_queue_redrive_allow_policy", {"queue_url": "x", "redrive_allow_policy": "{}"}),
        ("aws_opensearchserverless_access_policy", {"name": "x", "type": "data", "policy": "[]"}),
        ("aws_s3_bucket_acl", {"access_control_policy": [{"grant": [{"permission": "READ"}]}]}),
    ):
        block = EvaluatedBlock(f"{type_}.stranger", "resource", type_, "stranger", values, "resources.tf", 1, ())
        blocks = {**plan.resources, block.address: block}
        yield f"{type_}.stranger", replace(plan, resources=MappingProxyType(blocks))


def several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# --- tests -------------------------------------------------------------------------------------------


@pytest.mark.sampled
@pytest.mark.parametrize("name", [*(name for name, _ in manifests()), *TYPES])
def test_every_mutant_of_a_resource_s_policy_is_rejected(name: str) -> None:
    amount, survivors = 0, []
    step = 3 if CASES == 1 and name.startswith("triggers-") else 1  # most of these are those of the first
    for case in (
        made_case for key, made_case in all_made().items() if key in (name, *(f"{name}-{n}" for n in range(2 * CASES)))
    ):
        assert case.findings(case.plan) == []
        for what, plan in itertools.islice(mutants(case), None, None, step):
            amount += 1
            found = case.findings(plan)
            if not found:
                survivors.append(what)
            assert set(found) <= RULES, what
    print(f"{name}: {amount - len(survivors)} of {amount} mutants rejected")
    assert survivors == []
    assert amount >= 40


@pytest.mark.parametrize("name", ["triggers-alias", "efs-file-system-0", "opensearch-serverless-collection-0"])
def test_what_means_the_same_is_accepted(name: str) -> None:
    case = all_made()[name]
    plan, amount = case.plan, 0
    for block in list(plan.resources.values()):
        for carried_policy in carried(block) if block.mode == "resource" else ():
            if carried_policy.carrier in carriers().statements:
                plan = put(without(plan, block), replace(block, address=block.address + "_else"), "statement_id", "x")
            else:
                text = json.dumps(rewritten(json.loads(carried_policy.value)), indent=3, sort_keys=True)
                plan = put(plan, block, carried_policy.carrier.partition(".")[2], text)
            amount += 1
    assert amount >= 1
    assert plan != case.plan
    assert case.findings(plan) == []


def rewritten(document: Any) -> Any:
    """A policy statement by statement, action by action, from the last to the first; a list in another order."""
    if not isinstance(document, dict) or "Statement" not in document:
        return list(reversed(document)) if isinstance(document, list) else document
    return {
        "Version": "2012-10-17",
        "Id": "rewritten",
        "Statement": [
            {**statement, "Sid": f"S{number}{index}", "Action": action}
            | ({"Principal": {"AWS": ["*"]}} if statement["Principal"] == "*" else {})
            for number, statement in enumerate(reversed(several(document["Statement"])))
            for index, action in enumerate(several(statement["Action"]))
        ],
    }


TEXTS = [
    ("resources.tf", 'actions   = ["sqs:SendMessage"]', 'actions   = ["sqs:SendMessage", "sqs:DeleteQueue"]'),
    ("resources.tf", 'values   = ["false"]', 'values   = ["true"]'),
    ("resources.tf", 'identifiers = ["arn:${local.partition}:iam::${local.account}:root"]', 'identifiers = ["*"]'),
    ("resources.tf", "= data.aws_iam_policy_document.failed_queue", "= data.aws_iam_policy_document.own_key_key"),
    ("triggers.tf", "source_account = local.account", 'source_account = "999999999999"'),
    ("triggers.tf", 'principal     = "sns.amazonaws.com"', 'principal     = "*"'),
    ("api.tf", "/*/*\"", "/*\""),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new"), TEXTS)
def test_the_proof_of_a_module_reads_the_text_of_its_policies(file: str, old: str, new: str) -> None:
    case = all_made()["triggers"]
    text = case.module.files[file]
    assert old in text
    module = replace(case.module, files={**case.module.files, file: text.replace(old, new, 1)})
    plan = evaluate(parse(module), case.environment)
    findings = prove(plan, NOTHING_APPLIED, case.declaration, None, case.environment).findings
    assert {finding.rule for finding in findings} & RULES
    assert prove(case.plan, NOTHING_APPLIED, case.declaration, None, case.environment).findings == ()


def test_a_finding_says_who_may_do_what_and_where_it_was_to_be_declared() -> None:
    case = all_made()["triggers"]
    block = case.plan.resources["aws_sqs_queue_policy.failed"]
    document = json.loads(block.values["policy"])
    document["Statement"].append(
        {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "sqs:ReceiveMessage", "Resource": "*"}
    )
    plan = put(case.plan, block, "policy", json.dumps(document))
    (finding,) = judge_policies(plan, case.declaration, case.environment)
    assert finding.message.startswith(f"queue failed: {OTHER} may sqs:ReceiveMessage on *, which is not declared")
    assert finding.path == "resources.failed"
    assert finding.location.file == "m.yaml"


def test_the_lock_says_who_may_do_what_to_what_the_module_makes() -> None:
    lines = all_made()["triggers-alias"].module.files["access.lock"].splitlines()
    function = "arn:aws:lambda:REGION:ACCOUNT:function:called:live"
    topic = "arn:aws:sns:REGION:ACCOUNT:news"
    queue = "arn:aws:sqs:REGION:ACCOUNT:failed"
    tls = "if Bool aws:SecureTransport false"
    called = f"lambda:InvokeFunction on {function} if ArnLike aws:SourceArn"
    bucket = "${aws_s3_bucket.uploads.arn} and StringEquals aws:SourceAccount ACCOUNT"
    source = "if ArnEquals aws:SourceArn arn:aws:sns:us-east-1:123456789012:news"
    for line in (
        f"alias allow sns.amazonaws.com {called} ${{aws_sns_topic.news.arn}}",
        f"alias allow s3.amazonaws.com {called} {bucket}",
        f"alias allow events.amazonaws.com {called} ${{aws_cloudwatch_event_rule.rule_paid_late.arn}}",
        f"alias allow apigateway.amazonaws.com {called} ${{aws_apigatewayv2_api.api.execution_arn}}/*/*",
        f"queue failed deny anybody sqs:* on {queue} {tls}",
        f"queue failed allow sns.amazonaws.com sqs:SendMessage on {queue} {source}",
        f"topic news deny anybody sns:Publish on {topic} {tls}",
        "key own-key allow arn:aws:iam::ACCOUNT:root kms:* on *",
        f'dead-letter-source failed says {{"redrivePermission": "byQueue", "sourceQueueArns": ["{queue}"]}}',
    ):
        assert line in lines
    assert lines == sorted(set(lines))


# --- the table ---------------------------------------------------------------------------------------

LIKE_A_POLICY = re.compile(r"(^|_)(polic(y|ies)(_document|_text|_body|_json)?|permissions?|principals?)$")


def arguments(type_: str, schema: provider.TypeSchema, path: str = "") -> Iterator[str]:
    for name, attribute in schema.attributes.items():
        if attribute.settable:
            yield f"{type_}.{path}{name}"
    for name, block in schema.blocks.items():
        yield from arguments(type_, block.content, f"{path}{name}.")


def _within(argument: str) -> str:
    return f".{argument.partition('.')[2]}"


@cache
def schema_arguments() -> frozenset[str]:
    """Every argument of every resource of both majors of the provider."""
    return frozenset(
        argument
        for major in provider.MAJORS
        for type_ in provider.names(major, "resource")
        for argument in arguments(type_, cast("provider.TypeSchema", provider.schema(major, "resource", type_)))
    )


def test_every_argument_that_may_be_a_policy_is_told_what_it_is() -> None:
    table = carriers()
    known = {*table.arguments, *table.refused, *table.of_identities, *table.others}
    suspects = {name for name in schema_arguments() if LIKE_A_POLICY.search(name.rpartition(".")[2])}
    assert len(suspects) > 200
    of_statements = {f"{type_}.{statement['principal']}" for type_, statement in table.statements.items()}
    untold = {
        name
        for name in suspects - of_statements
        if name not in known and not any(end[0] == "." and _within(name).endswith(end) for end in table.others)
    }
    assert untold == set()


def test_the_table_names_nothing_that_is_not_there() -> None:
    table = carriers()
    there = schema_arguments()
    named = {*table.arguments, *table.refused, *table.of_identities, *(n for n in table.others if n[0] != ".")}
    named |= {f"{name.partition('.')[0]}.{of}" for name, targets in table.arguments.items() for of in targets}
    for type_, statement in table.statements.items():
        used = [
            *statement["target"],
            statement["actions"],
            statement["principal"],
            *statement["qualified"],
            *statement["conditions"],
        ]
        named |= {f"{type_}.{name}" for name in (*used, *statement["meaningless"])}
    assert named - there - {"aws_lambda_permission.id"} == set()
    ends = [end for end in table.others if end[0] == "."]
    assert [end for end in ends if not any(_within(name).endswith(end) for name in there)] == []
    kinds = [set(table.policies), set(table.documents), set(table.refused), set(table.of_identities), set(table.others)]
    assert sum(map(len, kinds)) == len(set().union(*kinds))


def test_every_carrier_that_a_blueprint_declares_is_in_the_table() -> None:
    declared = [policy for each in CATALOG.resources.values() if each.create for policy in each.create.policies]
    declared += [policy for each in CATALOG.computes.values() for policy in each.policies]
    assert {policy.carrier for policy in declared} <= {*carriers().arguments, *carriers().statements}
    assert len(declared) >= 12
