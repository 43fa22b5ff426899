"""The proof of a module with inputs holds for every value that the module takes, and for no module that takes more."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rolewright.core.finding import Rejected
from rolewright.core.inputs import InputValues
from rolewright.core.model import Module
from rolewright.data.symbols import symbol
from rolewright.grants.derive import derive_grants
from rolewright.hcl.parse import parse
from rolewright.manifest.inputs import admits
from rolewright.manifest.read import read_manifest
from rolewright.manifest.symbolic import symbolic
from rolewright.prove.document import Atom
from rolewright.prove.evaluate import evaluate
from rolewright.prove.functions import EvaluationError, UnknownError, call, unknown
from rolewright.prove.implication import impossible
from rolewright.prove.match import matches, overlap
from rolewright.prove.promises import promise_broken
from rolewright.prove.proof import NOTHING_APPLIED, prove
from rolewright.prove.table import Declared, compare
from rolewright.yaml.load import loads

if TYPE_CHECKING:
    from rolewright.pipeline import Built, Pipeline

MANIFEST = """\
version: 1
workload: shop
compute:
  type: fargate
  image: 123456789012.dkr.ecr.${region}.amazonaws.com/shop:${inputs.release}
  cpu: 256
  memory: 512
  environment: {TABLE: "${resources.orders.name}", QUEUE: "${resources.events.name}"}
resources:
  orders: {type: dynamodb-table, arn: "${inputs.table}", kms_key: "${inputs.key}", access: [get, query]}
  archive: {type: dynamodb-table, arn: "${inputs.archive}", access: put}
  events: {type: sqs-queue, name: "${inputs.queue}", access: send}
  made: {type: dynamodb-table, name: "${inputs.made}", create: true, hash_key: id, access: scan}
boundary: ${inputs.boundary}
inputs:
  release: {type: image-tag}
  table: {type: arn, service: dynamodb, resource: table}
  archive: {type: arn, service: dynamodb, resource: table}
  key: {type: arn, service: kms, resource: key}
  queue: {type: name}
  made: {type: name}
  boundary: {type: boundary-arn}
"""
ENVIRONMENTS = """\
environments:
  dev: {account: "111111111111", region: us-east-1}
  prod: {account: "222222222222", region: us-gov-west-1}
"""
TABLES = [
    "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
    "arn:aws:dynamodb:eu-west-1:999999999999:table/made",
    "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/a.b_c-d",
    "arn:aws:dynamodb:us-east-1:123456789012:table/" + "x" * 255,
]
VALUES: dict[str, list[str]] = {
    "release": ["stable", "1.4.2", "sha256", "_x", "sha256:" + "0a" * 32],
    "table": TABLES,
    "archive": TABLES,
    "key": [
        "arn:aws:kms:REGION:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "arn:aws:kms:REGION:999999999999:key/mrk-1234abcd12ab34cd56ef1234567890ab",
    ],
    "queue": ["orders", "made", "a-b_C9"],
    "made": ["orders", "made", "made.x"],
    "boundary": ["arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::123456789012:policy/team/limit"],
}


@pytest.fixture(scope="module", params=["", ENVIRONMENTS], ids=["anywhere", "environments"])
def built(request: pytest.FixtureRequest, pipeline: Pipeline) -> Built:
    (workload,) = read_manifest(loads(MANIFEST + request.param, "m.yaml"), pipeline.catalog)
    made = pipeline.build(workload)
    assert made.findings == ()
    return made


@pytest.mark.parametrize("environments", ["", ENVIRONMENTS], ids=["anywhere", "environments"])
@pytest.mark.parametrize("release", ["stable", "sha256:" + "0a" * 32])
def test_an_image_tag_may_be_a_digest_by_default(release: str, environments: str, pipeline: Pipeline) -> None:
    text = MANIFEST.replace("{type: image-tag}", f"{{type: image-tag, default: '{release}'}}") + environments
    (workload,) = read_manifest(loads(text, "m.yaml"), pipeline.catalog)
    assert pipeline.build(workload).findings == ()


def with_values(chosen: dict[str, str]) -> str:
    """The manifest with values in the places of its inputs, as somebody would write it who knows them."""
    text = MANIFEST.partition("inputs:\n")[0]
    for name, value in chosen.items():
        if value.startswith("sha256:"):
            text = text.replace(":${inputs." + name + "}", "@" + value)
        text = text.replace("${inputs." + name + "}", value)
    return text


def test_with_any_values_the_module_is_what_is_declared_of_a_manifest_that_states_them(
    built: Built, pipeline: Pipeline
) -> None:
    """The text with inputs, evaluated with values, against the declaration of another manifest, which has none."""
    chance = random.Random(5)
    parsed = parse(built.module)
    environments = ENVIRONMENTS if built.workload.environments[0].name else ""
    for _ in range(25):
        chosen = {name: chance.choice(values) for name, values in VALUES.items()}
        chosen["key"] = chosen["key"].replace("REGION", chosen["table"].split(":")[3])  # a key of another is refused
        assert all(admits(given, chosen[given.name]) for given in built.workload.inputs)
        (stated,) = read_manifest(loads(with_values(chosen) + environments, "m.yaml"), pipeline.catalog)
        declared = derive_grants(stated, pipeline.catalog)
        for environment in stated.environments:
            given_values = InputValues({given.variable: chosen[given.name] for given in built.workload.inputs})
            there = replace(environment, inputs=given_values)
            evaluated = evaluate(parsed, there)
            assert evaluated.problems == ()
            assert prove(evaluated, NOTHING_APPLIED, declared, stated.boundary, there).findings == ()


def refusals(built: Built, file: str, old: str, new: str) -> set[str]:
    """The rules that a module breaks for some value of an input, with a text of it replaced."""
    assert old in built.module.files[file], old
    texts = {**built.module.files, file: built.module.files[file].replace(old, new, 1)}
    found: set[str] = set()
    for environment in built.workload.environments:
        for anywhere in symbolic(environment, built.workload.inputs):
            try:
                evaluated = evaluate(parse(Module("shop", texts)), anywhere)
            except Rejected as refusal:
                found |= {finding.rule for finding in refusal.findings}
                continue
            proof = prove(evaluated, NOTHING_APPLIED, built.declaration, built.workload.boundary, anywhere)
            found |= {finding.rule for finding in (*evaluated.problems, *proof.findings)}
    return found


TABLE = "^arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:[0-9]{12}:table/[A-Za-z0-9_.-]{3,255}$"
OF_TABLE = '"The ARN of a table of dynamodb"\n  type        = string\n  nullable    = '
MUTANTS = [
    ("roles.tf", "[var.table]", '["${var.table}*"]'),
    ("roles.tf", "[var.table]", '["*"]'),
    ("roles.tf", "[var.table]", "[var.archive]"),
    ("roles.tf", "[var.table]", "[var.table, var.archive]"),
    ("roles.tf", "[var.table]", '["arn:aws:dynamodb:us-east-1:123456789012:table/my-table"]'),
    ("roles.tf", "[var.table]", '[replace(var.table, "table/", "*")]'),
    ("roles.tf", "${var.table}/index/*", "${var.archive}/index/*"),
    ("roles.tf", "${var.table}/index/*", "${var.table}*"),
    ("roles.tf", ":${var.queue}", ":${var.queue}-x"),
    ("roles.tf", ":${var.queue}", ":${var.made}"),
    ("roles.tf", ":${var.queue}", ":????????????????"),
    ("roles.tf", "[var.key]", "[var.table]"),
    ("roles.tf", "= var.boundary", "= var.key"),
    ("ecs.tf", "/shop$", "/other$"),
    ("ecs.tf", '"@" : ":"', '":" : ":"'),
    ("resources.tf", "var.made", "var.queue"),
    ("variables.tf", TABLE, "^arn:aws"),
    ("variables.tf", TABLE, TABLE.removesuffix("$")),
    ("variables.tf", TABLE, TABLE.removeprefix("^")),
    ("variables.tf", TABLE, TABLE.replace("[A-Za-z0-9_.-]{3,255}", ".*")),
    ("variables.tf", f'"{TABLE}", var.table)', f'"{TABLE}", var.archive)'),
    ("variables.tf", f'can(regex("{TABLE}", var.table))', f'(can(regex("{TABLE}", var.table)) || true)'),
    ("variables.tf", "length(var.table) <= 512 && ", ""),
    ("variables.tf", "length(var.table) <= 512 && ", "length(var.table) <= 512 || "),
    ("variables.tf", OF_TABLE + "false", OF_TABLE + "true"),
    ("variables.tf", OF_TABLE + "false", OF_TABLE + 'false\n  default = "*"'),
    ("variables.tf", 'variable "table"', 'variable "tables"'),
    ("variables.tf", '!can(regex("\\\\.fifo$", var.queue))', "true"),
]


@pytest.mark.parametrize(("file", "old", "new"), MUTANTS)
def test_a_module_that_takes_or_does_more_is_refused(file: str, old: str, new: str, built: Built) -> None:
    assert refusals(built, file, old, old) == set()
    assert refusals(built, file, old, new) != set()


NEVER = [
    ("dynamodb:PutItem on arn:aws:dynamodb:*:*:table/payroll", False, "the archive may be that table"),
    ("put on orders", False, "both tables may be the same"),
    ("put on made", False, "the archive may be the table that the module makes"),
    ("sqs:SendMessage on arn:aws:sqs:*:*:payroll", False, "the queue may have that name"),
    ("sqs:SendMessage on arn:aws:sqs:*:777777777777:payroll", True, "the queue is in the module's own account"),
    ("dynamodb:PutItem on arn:aws:dynamodb:*:*:table/*/index/*", False, "nothing is known of the rest"),
    ("dynamodb:DeleteItem on *", True, "nothing may be deleted"),
    ("delete on orders", True, "nothing may be deleted"),
    ("dynamodb:PutItem on arn:aws:sqs:*:*:*", True, "the archive is a table"),
    ("sqs:SendMessage on arn:aws:sqs:eu-west-3:*:*", True, "the queue is in the module's own region"),
]


@pytest.mark.parametrize(("promise", "holds", "why"), NEVER, ids=str)
def test_a_promise_holds_only_if_no_value_breaks_it(promise: str, *, holds: bool, why: str, pipeline: Pipeline) -> None:
    text = MANIFEST + ENVIRONMENTS + f'never: ["{promise}"]\n'
    (workload,) = read_manifest(loads(text, "m.yaml"), pipeline.catalog)
    rules = {finding.rule for finding in pipeline.build(workload).findings}
    assert rules == (set() if holds else {"promise-broken"}), why


A, B = symbol(1), symbol(2)


def test_a_symbol_is_the_same_as_itself_alone_and_no_question_mark_is_one() -> None:
    assert matches(f"arn:aws:s3:::{A}", f"arn:aws:s3:::{A}")
    assert not matches(f"arn:aws:s3:::{A}", f"arn:aws:s3:::{B}")
    assert matches("arn:aws:s3:::*", f"arn:aws:s3:::{A}")
    assert not matches("arn:aws:s3:::?", f"arn:aws:s3:::{A}")
    assert overlap("arn:aws:s3:::?", f"arn:aws:s3:::{A}") is None


def policy(*statements: tuple[str, str]) -> dict[str, Any]:
    listed = [{"Effect": effect, "Action": "s3:GetObject", "Resource": resource} for effect, resource in statements]
    return {"Version": "2012-10-17", "Statement": listed}


def test_a_deny_of_one_input_is_not_taken_for_one_that_leaves_another_alone() -> None:
    """Were they the same, what is declared would allow nothing, and the policy all."""
    arn = "arn:aws:s3:::{}/*"
    declared = [
        Declared("Allow", ("s3:GetObject",), (arn.format(A),), (), "first"),
        Declared("Deny", ("s3:GetObject",), (arn.format(B),), (), "second"),
    ]

    def judged(document: dict[str, Any]) -> bool:
        result = compare([document], declared, lambda action: [action])
        return not result.differences and not result.unknown

    assert judged(policy(("Allow", arn.format(A)), ("Deny", arn.format(B))))
    assert not judged(policy(("Allow", arn.format(A))))
    assert not judged(policy(("Allow", arn.format(A)), ("Deny", arn.format("other"))))


def test_a_deny_of_one_input_protects_nothing_else() -> None:
    arn = "arn:aws:s3:::{}/*"
    document = policy(("Allow", arn.format("*")), ("Deny", arn.format(A)))
    assert promise_broken([document], ["s3:GetObject"], [arn.format("payroll")], lambda action: [action]) is not None
    assert promise_broken([document], ["s3:GetObject"], [arn.format(A)], lambda action: [action]) is not None


def test_conditions_on_inputs_that_differ_are_not_taken_for_impossible() -> None:
    first = Atom("StringEquals", "kms:ViaService", (f"{A}.amazonaws.com",))
    second = Atom("StringEquals", "kms:ViaService", (f"{B}.amazonaws.com",))
    assert not impossible([first, second])
    assert impossible([replace(first, values=("a",)), replace(second, values=("b",))])


def test_a_hash_of_what_the_caller_gives_is_the_same_for_the_same_alone() -> None:
    hashes = [call("sha1", [text]) for text in (A, B, A + B, f"{A} 80", f"{A} 8080")]
    parts = [call("substr", [one, start, 4]) for one in hashes for start in (0, 4)]
    assert len({*hashes, *parts}) == len(hashes) + len(parts)
    assert call("sha1", [A]) == hashes[0]
    assert call("substr", [hashes[0], 0, 4]) == parts[0]
    assert all(unknown(text) for text in (*hashes, *parts))


def test_functions_on_symbols_answer_only_what_holds_for_every_text() -> None:
    arn = f"arn:{A}:dynamodb:{B}:{A}:table/{B}"
    assert call("split", [":", arn]) == ["arn", A, "dynamodb", B, A, f"table/{B}"]
    assert call("trimprefix", [f"table/{B}", "table/"]) == B
    assert call("trimprefix", [f"x{B}", "table/"]) == f"x{B}"
    assert call("startswith", [A, "sha256:"]) is False
    assert call("startswith", [f"sha256:{A}", "sha256:"]) is True
    for name, arguments in (
        ("startswith", [A, "sha"]),
        ("trimprefix", [A, "/"]),
        ("trimprefix", [f"ta{A}", "table/"]),
        ("split", ["/", f"table/{A}"]),
        ("lower", [A]),
        ("replace", [A, "a", "b"]),
        ("substr", [A, 0, 1]),
        ("substr", [call("sha1", [A]), 40, 4]),  # nothing is left of it
        ("substr", [call("sha1", [A]) + "-a", 0, 4]),
        ("sha1", [A + "${aws_vpc.main.id}"]),
        ("length", [A]),
    ):
        with pytest.raises(UnknownError):
            call(name, arguments)
    with pytest.raises(EvaluationError):
        call("regex", ["a", "a"])
