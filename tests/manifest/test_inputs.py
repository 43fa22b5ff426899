"""Inputs in a manifest: what is refused, at its line, and what the module makes of the rest."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Finding, Rejected, Severity
from rolewright.grants.derive import derive_grants
from rolewright.manifest.input_patterns import accepted_and_refused, is_plain
from rolewright.manifest.inputs import admits, found
from rolewright.manifest.read import read_manifest
from rolewright.manifest.schema import manifest_schema
from rolewright.yaml.load import loads
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from rolewright.blueprint import Catalog
    from rolewright.core.inputs import Input
    from rolewright.core.model import Workload
    from rolewright.pipeline import Pipeline

GOOD = """\
version: 1
workload: shop
compute:
  type: fargate
  image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:${inputs.release}
  cpu: 256
  memory: 512
  environment: {LEVEL: "${inputs.level}", TABLE: "${resources.orders.name}"}
  service: {subnet_ids: "${inputs.subnets}", vpc_id: "${inputs.vpc}", desired: "${inputs.tasks}"}
resources:
  orders: {type: dynamodb-table, arn: "${inputs.table}", kms_key: "${inputs.key}", access: [get, query]}
  events: {type: sqs-queue, name: "${inputs.queue}", access: send}
boundary: ${inputs.boundary}
inputs:
  release: {type: image-tag, default: stable}
  level: {type: string, default: info}
  subnets: {type: subnet-ids}
  vpc: {type: vpc-id}
  tasks: {type: number, default: 2}
  table: {type: arn, service: dynamodb, resource: table}
  key: {type: arn, service: kms, resource: key}
  queue: {type: name}
  boundary: {type: boundary-arn}
  common: {type: tags}
"""


FIFO = """\
version: 1
workload: shop
compute: {type: lambda, runtime: python3.13, handler: a.b, package: function.zip, %s}
resources:
  jobs: {type: sqs-queue, arn: "${inputs.jobs}", access: [consume, send]}
  news: {type: sns-topic, arn: "${inputs.news}", access: publish}
inputs:
  jobs: {type: arn, service: sqs, resource: queue}
  news: {type: arn, service: sns, resource: topic}
"""


@dataclass(frozen=True)
class Bad:
    """A change of GOOD, with the rule that it breaks, a text in the line of the finding, and what that says."""

    name: str
    old: str
    new: str
    rule: str
    says: str
    at: str = ""


PLACE = "manifest-input-place"
BAD = [
    Bad("unknown", "${inputs.table}", "${inputs.tabel}", "manifest-input-unknown", "${inputs.table}?"),
    Bad("unknown list", "${inputs.subnets}", "${inputs.subnet}", "manifest-input-unknown", "${inputs.subnets}?"),
    Bad(
        "wildcard default",
        "resource: table}",
        'resource: table, default: "arn:aws:dynamodb:*:*:table/*"}',
        "manifest-input-default",
        "the ARN of a table of dynamodb",
    ),
    Bad(
        "default of another service",
        "resource: table}",
        'resource: table, default: "arn:aws:sqs:us-east-1:123456789012:jobs"}',
        "manifest-input-default",
        "dynamodb",
    ),
    Bad("default of another type", "default: 2}", "default: two}", "manifest-input-default", "a number"),
    Bad("default out of bounds", "default: 2}", "default: 5001}", "manifest-input-default", "a number"),
    Bad("default with a line end", "default: info", 'default: "in\\nfo"', "manifest-input-default", "a text"),
    Bad(
        "default list",
        "subnets: {type: subnet-ids}",
        "subnets: {type: subnet-ids, default: [subnet-1]}",
        "manifest-input-default",
        "ids of subnets",
    ),
    Bad("default tag", "{type: tags}", '{type: tags, default: {"aws:x": y}}', "manifest-input-default", "tags"),
    Bad(
        "fifo by default unlike the rest",
        "{type: name}",
        "{type: name, default: a*b}",
        "manifest-input-default",
        "a name",
    ),
    Bad("keyword of Terraform", "level", "count", "manifest-input-name", "Terraform has that name"),
    Bad("variable of the module", "level", "region", "manifest-input-name", "the module has a variable"),
    Bad("no such service", "service: kms", "service: kmz", "manifest-input-arn", "kms"),
    Bad("no such resource", "resource: key", "resource: keys", "manifest-input-arn", "key"),
    Bad("no service", "service: kms, ", "", "manifest-missing-key", "service", "key:"),
    Bad(
        "service of a string",
        "level: {type: string",
        "level: {type: string, service: s3",
        "manifest-name",
        "level.service",
    ),
    Bad("no such type", "type: vpc-id", "type: vpc", "manifest-value", "vpc-id"),
    Bad("a name of Terraform's own making", "common:", "Common:", "manifest-name", "cannot be a name"),
    Bad("in never", "inputs:\n", "never: ['dynamodb:PutItem on ${inputs.table}']\ninputs:\n", PLACE, "a promise"),
    Bad("in a verb", "access: send", 'access: "${inputs.level}"', PLACE, "what is allowed"),
    Bad("in a type", "type: sqs-queue", 'type: "${inputs.level}"', PLACE, "consists of"),
    Bad(
        "in a role's name", "  cpu: 256", '  names: {task_role: "${inputs.level}"}\n  cpu: 256', PLACE, "names of roles"
    ),
    Bad("in a workload", "workload: shop", 'workload: "${inputs.level}"', PLACE, "names everything"),
    Bad(
        "in a statement",
        "inputs:\n",
        "statements: [{actions: ['s3:GetObject'], resources: ['${inputs.table}'], reason: x}]\ninputs:\n",
        PLACE,
        "what it allows",
    ),
    Bad("in an input", "default: info", "default: '${inputs.queue}'", PLACE, "no input depends"),
    Bad(
        "in an account",
        "inputs:\n",
        "environments: {dev: {account: '${inputs.level}', region: us-east-1}}\ninputs:\n",
        PLACE,
        "where the module may be applied",
    ),
    Bad(
        "in a region",
        "inputs:\n",
        "environments: {dev: {account: '123456789012', region: '${inputs.level}'}}\ninputs:\n",
        PLACE,
        "where the module may be applied",
    ),
    Bad(
        "in an override",
        "inputs:\n",
        "environments: {dev: {account: '123456789012', region: us-east-1, "
        "resources: {events: {name: '${inputs.level}'}}}}\ninputs:\n",
        PLACE,
        "refers to nothing",
    ),
    Bad(
        "in what is overridden",
        "inputs:\n",
        "environments: {dev: {account: '123456789012', region: us-east-1, "
        "resources: {events: {name: jobs}}}}\ninputs:\n",
        PLACE,
        "an environment replaces",
        "${inputs.queue}",
    ),
    Bad(
        "an image of any repository",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:${inputs.release}",
        "${inputs.level}",
        PLACE,
        "permissions depend on it",
    ),
    Bad("a repository", "/shop:", "/${inputs.level}:", PLACE, "permissions depend on it"),
    Bad("a tag after nothing", "/shop:${inputs.release}", "/shop${inputs.release}", PLACE, "permissions depend on it"),
    Bad(
        "a part of an ARN",
        '"${inputs.table}"',
        '"arn:aws:dynamodb:us-east-1:123456789012:table/${inputs.queue}"',
        PLACE,
        "stands for the whole",
    ),
    Bad(
        "the ARN of another type",
        'arn: "${inputs.table}"',
        'arn: "${inputs.key}"',
        PLACE,
        "service dynamodb and resource table",
    ),
    Bad("a text as an ARN", 'arn: "${inputs.table}"', 'arn: "${inputs.level}"', PLACE, "type arn"),
    Bad("a part of a name", 'name: "${inputs.queue}"', 'name: "x-${inputs.queue}"', PLACE, "the whole"),
    Bad("a list in a text", 'LEVEL: "${inputs.level}"', 'LEVEL: "${inputs.subnets}"', PLACE, "no list"),
    Bad("a number that others are compared with", "memory: 512", 'memory: "${inputs.tasks}"', PLACE, "compares"),
    Bad("one of a few values", "cpu: 256", 'cpu: "${inputs.tasks}"', PLACE, "a few values"),
    Bad("true or false", "tasks: {type: number, default: 2}", "tasks: {type: bool}", PLACE, "takes no bool", "desired"),
    Bad("a boundary of a text", "${inputs.boundary}", "${inputs.level}", PLACE, "boundary-arn"),
    Bad("tags of a text", "inputs:\n", 'tags: "${inputs.level}"\ninputs:\n', PLACE, "type tags"),
    Bad(
        "a name of no form",
        'TABLE: "${resources.orders.name}"}',
        'TABLE: "${inputs.bare}"}',
        "manifest-input-unknown",
        "bare",
    ),
    Bad(
        "a prefix",
        'events: {type: sqs-queue, name: "${inputs.queue}", access: send}',
        'events: {type: s3-bucket, name: "${inputs.queue}", prefix: "${inputs.level}", access: get}',
        "manifest-input-permission",
        "what task may do depends on it",
        "events",
    ),
    Bad("a private character", '"${inputs.level}"', '"\\U000F0001"', "manifest-character", "private use"),
]


def findings_of(text: str, catalog: Catalog) -> list[Finding]:
    try:
        (workload,) = read_manifest(loads(text, "m.yaml"), catalog)
        derive_grants(workload, catalog)
    except Rejected as refusal:
        return list(refusal.findings)
    return list(workload.warnings)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_bad_input_is_a_finding_at_its_line(case: Bad, catalog: Catalog) -> None:
    assert case.old in GOOD
    listed = findings_of(GOOD.replace(case.old, case.new), catalog)
    fitting = [one for one in listed if one.rule == case.rule]
    assert fitting, listed
    assert any(case.says in f"{one.message} {one.remedy}" for one in fitting), fitting
    assert {one.rule for one in listed if one.severity is Severity.ERROR} == {case.rule}
    lines = GOOD.replace(case.old, case.new).splitlines()
    fragment = case.at or case.new.splitlines()[0]
    assert any(fragment in lines[one.location.line - 1] for one in fitting), (fragment, fitting)


def test_an_input_that_nothing_refers_to_is_named(catalog: Catalog) -> None:
    (finding,) = findings_of(GOOD + "  spare: {type: string}\n", catalog)
    assert (finding.rule, finding.severity, finding.location.line) == (
        "manifest-input-unused",
        Severity.WARNING,
        GOOD.count("\n") + 1,
    )


def read(text: str, catalog: Catalog) -> Workload:
    (workload,) = read_manifest(loads(text, "m.yaml"), catalog)
    return workload


def test_a_warning_that_compares_a_number_is_given_of_known_ones_alone(catalog: Catalog) -> None:
    scaled = GOOD.replace('desired: "${inputs.tasks}"', "desired: %s, autoscaling: {min: 3, max: 9}").replace(
        "  tasks: {type: number, default: 2}\n", "%s"
    )
    (warning,) = findings_of(scaled % ("2", ""), catalog)
    assert (warning.severity, warning.path) == (Severity.WARNING, "compute.service.desired")
    for given in ("{type: number}", "{type: number, default: 2}"):
        assert not findings_of(scaled % ('"${inputs.tasks}"', f"  tasks: {given}\n"), catalog)


def test_an_input_elsewhere_silences_no_warning(catalog: Catalog) -> None:
    """A field of the same name in another entry is not what the rule looks at."""
    scaled = GOOD.replace('desired: "${inputs.tasks}"', "desired: 2, autoscaling: {min: 3, max: 9}")
    other = "  jobs: {type: sqs-queue, name: jobs, access: send}\n"
    text = scaled.replace("  tasks: {type: number, default: 2}\n", "").replace("resources:\n", f"resources:\n{other}")
    tags = 'tags: {desired: "${inputs.level}"}\n'
    for written in (text, f"{text}{tags}"):
        assert [found.path for found in findings_of(written, catalog)] == ["compute.service.desired"]


def test_the_good_manifest_builds_and_every_input_is_a_variable(pipeline: Pipeline) -> None:
    workload = read(GOOD, pipeline.catalog)
    built = pipeline.build(workload)
    assert built.findings == ()
    variables = built.module.files["variables.tf"]
    assert re.findall(r'^variable "(\w+)"', variables, re.MULTILINE) == [one.variable for one in workload.inputs]
    assert variables.count("validation {") >= len(workload.inputs)
    lock = built.module.files["access.lock"]
    assert "task allow dynamodb:GetItem on ${inputs.table}\n" in lock
    assert "task allow dynamodb:Query on ${inputs.table}/index/*\n" in lock
    assert "task allow sqs:SendMessage on arn:aws:sqs:REGION:ACCOUNT:${inputs.queue}\n" in lock


@pytest.mark.parametrize("name", ["table", "key", "queue", "release", "subnets", "vpc", "boundary"])
def test_no_condition_takes_what_could_widen_a_policy_or_become_code(name: str, catalog: Catalog) -> None:
    """Each character that IAM, HCL or a shell reads, at every place of a value that is fine."""
    given = next(one for one in read(GOOD, catalog).inputs if one.name == name)
    value: Any = given.written({"partition": "aws", "region": "us-east-1", "account": "123456789012"})
    values = value if isinstance(value, list) else [value]
    assert admits(given, value)
    for character in "*?$%\"'\n\r\t\\`{}\u2028\x00 ":
        for place in range(len(values[0]) + 1):
            changed = values[0][:place] + character + values[0][place:]
            assert not admits(given, [changed, *values[1:]] if isinstance(value, list) else changed), changed


def test_an_arn_is_of_its_service_type_and_of_one_account(catalog: Catalog) -> None:
    table = next(one for one in read(GOOD, catalog).inputs if one.name == "table")
    assert admits(table, "arn:aws-cn:dynamodb:cn-north-1:999999999999:table/orders")
    for arn in (
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders/index/by-date",
        "arn:aws:dynamodb:us-east-1:12345678901:table/orders",
        "arn:aws:dynamodb:us-east-1::table/orders",
        "arn:aws:sqs:us-east-1:123456789012:table/orders",
        "arn:aws:dynamodb:us-east-1:123456789012:stream/orders",
        "arn:aws:dynamodb:us-east-1:123456789012:table/orders\n",
        "x arn:aws:dynamodb:us-east-1:123456789012:table/orders",
        "",
    ):
        assert not admits(table, arn), arn


def test_a_queue_that_is_fifo_by_default_is_fifo_always(catalog: Catalog) -> None:
    plain = next(one for one in read(GOOD, catalog).inputs if one.name == "queue")
    assert admits(plain, "jobs")
    assert not admits(plain, "jobs.fifo")
    text = GOOD.replace("queue: {type: name}", "queue: {type: name, default: jobs.fifo}")
    fifo: Input = next(one for one in read(text, catalog).inputs if one.name == "queue")
    assert admits(fifo, "other.fifo")
    assert not admits(fifo, "jobs")


def test_patterns_of_fields_say_the_same_without_a_lookahead(catalog: Catalog) -> None:
    """Each pattern of a name that Terraform is given takes what the field takes, on examples and what is near them."""
    seen = 0
    for blueprint in catalog.resources.values():
        for field in blueprint.identified_by:
            schema = blueprint.fields[field]
            both = accepted_and_refused(schema["pattern"]) if "pattern" in schema else None
            if both is None:
                continue
            seen += 1
            accepts, refuses = both
            for example in (*schema.get("examples", ()), "default", "aws/x", "/aws/x", "us.x", "a", "a:b", "a*b", ""):
                taken = found(accepts, example) and not any(found(pattern, example) for pattern in refuses)
                assert taken == found(schema["pattern"], example), (blueprint.type, example)
                assert not (is_plain(schema["pattern"]) and taken and re.search(r"[:*?$\s]", example))
    assert seen > 30


def built_or_refused(text: str, pipeline: Pipeline) -> tuple[Finding, ...]:
    try:
        return pipeline.build(read(text, pipeline.catalog)).findings
    except Rejected as refusal:
        return tuple(refusal.findings)


def test_every_type_of_resource_takes_its_arn_and_its_name_or_says_why_not(pipeline: Pipeline) -> None:
    """A finding at the manifest's line, or a module that is proven: nothing else."""
    proven: set[str] = set()
    for blueprint in pipeline.catalog.resources.values():
        if not blueprint.arns:
            continue
        verb = next(verb for verb in blueprint.verbs.values() if not verb.of)
        service, resource = blueprint.service, next(iter(blueprint.arns))
        others = {
            name: schema["examples"][0] for name, schema in blueprint.fields.items() if name in blueprint.required
        }
        by_arn = {name: value for name, value in others.items() if name not in blueprint.identified_by}
        names = [name for name in blueprint.identified_by if name in blueprint.required]
        entries: dict[str, dict[str, Any]] = {
            "arn": {**by_arn, "arn": "${inputs.given}"},
            **{name: {**others, name: "${inputs.given}"} for name in names},
        }
        for field, entry in entries.items():
            given = {"type": "arn", "service": service, "resource": resource} if field == "arn" else {"type": "name"}
            manifest = {
                "version": 1,
                "workload": "shop",
                "compute": {"type": "lambda", "runtime": "python3.13", "handler": "a.b", "package": "function.zip"},
                "resources": {"it": {"type": blueprint.type, "access": verb.name, **entry}},
                "inputs": {"given": given},
            }
            listed = built_or_refused(json.dumps(manifest), pipeline)
            assert {one.location.file for one in listed} <= {"m.yaml"}, listed
            rules = {one.rule for one in listed if one.severity is Severity.ERROR}
            assert rules <= {
                "manifest-input-default",  # no example of such a name is known: the manifest gives one
                "manifest-rule",  # a rule of the type: it asks for something else as well
                "manifest-input-place",
                "manifest-arn",
                "access-field",
                "cross-account",
            }, (
                blueprint.type,
                field,
                listed,
            )
            proven |= set() if rules else {f"{blueprint.type}.{field}"}
    assert {"dynamodb-table.arn", "dynamodb-table.name", "s3-bucket.arn", "s3-bucket.name", "kms-key.arn"} <= proven
    assert {"sqs-queue.arn", "sqs-queue.name", "sns-topic.arn", "secretsmanager-secret.arn"} <= proven
    assert len(proven) > 40


@pytest.mark.parametrize(
    ("compute", "jobs", "news"),
    [
        ("triggers: {queues: [{queue: jobs}]}", True, True),
        ("triggers: {queues: [{queue: jobs, batch_size: 10}]}", True, True),
        ("triggers: {queues: [{queue: jobs, batch_size: 11, batching_window: 1}]}", False, True),
        ("triggers: {queues: [{queue: jobs, batching_window: 1}]}", False, True),
        ("triggers: {topics: [{topic: news}]}", True, False),
        ("dead_letter: jobs", False, True),
        ("dead_letter: news", True, False),
        ("destinations: {on_failure: jobs}", False, True),
        ("triggers: {schedules: [{name: hourly, expression: rate(1 hour), dead_letter: jobs}]}", False, True),
        ("environment: {QUEUE: '${resources.jobs.name}'}", True, True),
    ],
)
def test_a_fifo_queue_is_taken_where_no_rule_would_refuse_it(
    compute: str, jobs: bool, news: bool, catalog: Catalog
) -> None:
    """What the caller gives is held to what the rules of the compute type take, whichever kind that leaves."""
    given = {one.name: one for one in read(FIFO % compute, catalog).inputs}
    for name, service, is_taken in (("jobs", "sqs", jobs), ("news", "sns", news)):
        assert admits(given[name], f"arn:aws:{service}:us-east-1:123456789012:a")
        assert admits(given[name], f"arn:aws:{service}:us-east-1:123456789012:a.fifo") == is_taken, name


def test_a_default_says_that_a_queue_is_fifo(catalog: Catalog) -> None:
    fifo = "resource: queue, default: 'arn:aws:sqs:us-east-1:123456789012:a.fifo'"
    text = FIFO.replace("resource: queue", fifo)
    with pytest.raises(Rejected, match="dead letters"):
        read(text % "dead_letter: jobs", catalog)
    schedule = "type: scheduled-task, target: jobs, expression: rate(1 hour)"
    text = re.sub("compute: .*", f"compute: {{{schedule}%s}}", text).replace("[consume, send]", "send")
    with pytest.raises(Rejected, match="message group"):
        read(text % "", catalog)
    given = {one.name: one for one in read(text % ", message_group: a", catalog).inputs}["jobs"]
    assert admits(given, "arn:aws:sqs:us-east-1:123456789012:b.fifo")


def test_an_editor_takes_an_input_where_it_may_stand(catalog: Catalog) -> None:
    editor = Schema(manifest_schema(catalog))
    assert editor.accepts(loads(GOOD, "m.yaml").trees[0].data)
    for old, new in (
        ('"${inputs.subnets}"', '"subnet-0123456789abcdef0"'),
        ("cpu: 256", 'cpu: "${inputs.tasks}"'),
        ("type: vpc-id", "type: vpc"),
        ("service: kms, ", ""),
    ):
        assert not editor.accepts(loads(GOOD.replace(old, new), "m.yaml").trees[0].data), new


def test_what_a_trust_asks_for_is_no_input(catalog: Catalog) -> None:
    """Not even a name: the remedy names no type that would do."""
    text = (
        "version: 1\nworkload: carts\n"
        'compute: {type: eks-pod-identity, cluster: "${inputs.cluster}", namespace: shop, service_account: carts}\n'
        "inputs: {cluster: {type: name}}\n"
    )
    (finding,) = findings_of(text, catalog)
    assert (finding.rule, finding.remedy) == (
        "manifest-input-permission",
        "write the value: a trust takes no input",
    )
