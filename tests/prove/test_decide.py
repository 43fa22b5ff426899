"""The evaluator against an independent one over thousands of cases, and IAM's corner cases one by one."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iam_oracle import ask_oracle, simulated
from rolewright.prove.decide import Decision, Principal, Request, decide, decide_trust
from rolewright.prove.document import PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parent
ACCOUNT = "111111111111"
CASES = 6000
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ANSWERS = {
    "Allowed": Decision.ALLOWED,
    "ExplicitlyDenied": Decision.EXPLICIT_DENY,
    "ImplicitlyDenied": Decision.IMPLICIT_DENY,
}

# An action, ARNs to ask for it on, patterns that policies have, and condition keys that only it has.
CALLS: list[tuple[str, list[str], list[str], list[str]]] = [
    (
        "s3:GetObject",
        ["arn:aws:s3:::uploads/in/a.txt", "arn:aws:s3:::uploads/out/b.txt", "arn:aws:s3:::other/bob/c:d"],
        ["arn:aws:s3:::uploads/*", "arn:aws:s3:::uploads/in/*", "arn:aws:s3:::*/a.tx?", "arn:aws:s3:*:b"],
        [],
    ),
    (
        "s3:ListBucket",
        ["arn:aws:s3:::uploads", "arn:aws:s3:::other"],
        ["arn:aws:s3:::upload?", "arn:aws:s3:::*", "arn:aws:s3:*"],
        ["s3:prefix"],
    ),
    (
        "dynamodb:GetItem",
        [f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/orders"],
        [
            f"arn:aws:dynamodb:*:{ACCOUNT}:table/orders",
            "arn:aws:dynamodb:*:table/orders",
            "arn:aws:dynamodb:*",
        ],
        [],
    ),
    (
        "sqs:SendMessage",
        [f"arn:aws:sqs:us-east-1:{ACCOUNT}:events", f"arn:aws:sqs:us-east-1:{ACCOUNT}:events-dlq"],
        [
            f"arn:aws:sqs:us-*:{ACCOUNT}:events",
            f"arn:aws:sqs:us-east-1:{ACCOUNT}:*",
            "arn:aws:sqs:us-*:events",
        ],
        [],
    ),
    (
        "secretsmanager:GetSecretValue",
        [f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-AbCdEf"],
        [
            f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-??????",
            f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:db-?????",
            f"arn:aws:secretsmanager:*:{ACCOUNT}:*:db-*",
        ],
        [],
    ),
    (
        "kms:Decrypt",
        [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
        [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*", "arn:aws:kms:us-east-1:999999999999:key/*"],
        ["kms:ViaService", "kms:CallerAccount"],
    ),
    (
        "sts:AssumeRole",
        [f"arn:aws:iam::{ACCOUNT}:role/target"],
        [f"arn:aws:iam::{ACCOUNT}:role/*", "arn:aws:iam::*:role/target", "arn:aws:iam:*"],
        [],
    ),
]
TEXTS = ["bob", "Bob", "in/", "in/a", "${aws:username}", "bob*", "*", "?ob", "a${*}", "a*", "x${?}", "x?"]
TEXTS += ["${aws:PrincipalTag/team}", "${aws:username, 'bob'}", "${aws:username, 'eve'}/x", "bob/x"]
# The keys of every request: operators' family, what requests carry, what policies accept.
KEYS: dict[str, tuple[str, list[str], list[str]]] = {
    "aws:SourceAccount": ("String", [ACCOUNT, "999999999999"], [ACCOUNT, "1*", "999999999999"]),
    "aws:PrincipalTag/team": ("String", ["bob", "Bob", "in/", "a*"], TEXTS),
    "aws:username": ("String", ["bob", "eve", "b*"], ["bob", "EVE", "?ob", "e*", "b*"]),
    "aws:RequestedRegion": ("String", ["eu-west-1", "us-east-1"], ["eu-*", "us-east-1", "EU-WEST-1"]),
    "aws:SourceArn": (
        "Arn",
        ["arn:aws:s3:::uploads", f"arn:aws:sns:us-east-1:{ACCOUNT}:topic", "arn:aws:s3:::bob"],
        [
            "arn:aws:s3:::uploads",
            f"arn:aws:sns:*:{ACCOUNT}:*",
            "arn:*:s3:::upl?ads",
            "arn:aws:s3:::${aws:username}",
        ],
    ),
    "aws:SourceIp": (
        "Ip",
        ["10.1.2.3", "192.168.0.1", "2001:db8::1"],
        ["10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "0.0.0.0/0", "192.168.0.0/31"],
    ),
    "aws:CurrentTime": (
        "Date",
        ["2026-01-01T00:00:00Z", "2026-06-01T12:30:00Z"],
        ["2026-01-01T00:00:00Z", "2026-06-01", "2026-06-01T14:30:00+02:00", "1767225600"],
    ),
    "aws:SecureTransport": ("Bool", ["true", "false"], ["true", "false", "TRUE"]),
    "aws:MultiFactorAuthAge": ("Numeric", ["10", "300", "300.0", "9000"], ["300", "10.5", "3000"]),
    "aws:TagKeys": ("String", ["team", "cost", "Team"], ["team", "cost", "t*", "TEAM"]),
    "s3:prefix": ("String", ["bob", "in/", "a*", "x?", "bob/x"], TEXTS),
    "kms:ViaService": ("String", ["s3.us-east-1.amazonaws.com"], ["s3.*.amazonaws.com", "sqs.*"]),
    "kms:CallerAccount": ("String", [ACCOUNT, "bob"], [ACCOUNT, "${aws:username}"]),
}
OPERATORS = {
    "String": [f"String{n}{k}" for n in ("", "Not") for k in ("Equals", "EqualsIgnoreCase", "Like")],
    "Arn": [f"Arn{n}{k}" for n in ("", "Not") for k in ("Equals", "Like")],
    "Ip": ["IpAddress", "NotIpAddress"],
    "Bool": ["Bool"],
}
for _family in ("Date", "Numeric"):
    OPERATORS[_family] = [
        f"{_family}{k}"
        for k in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    ]
SERVICES = ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "ec2.amazonaws.com"]
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"


CALLER = Principal("AWS", f"arn:aws:iam::{ACCOUNT}:role/caller")


@dataclass(frozen=True)
class Case:
    """One question to both evaluators."""

    request: Request
    identity: tuple[dict[str, Any], ...] = ()
    boundary: tuple[dict[str, Any], ...] | None = None
    trust: dict[str, Any] | None = None
    principal: Principal = CALLER

    def ours(self) -> Decision:
        if self.trust is not None:
            return decide_trust(self.trust, self.request, self.principal)
        return decide(self.identity, self.request, boundary=self.boundary)

    def theirs(self) -> dict[str, Any]:
        """The same question as the oracle takes it; a key and a role also need a policy of their own."""
        delegation = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        service = self.request.action.split(":")[0]
        simulation = simulated(self.request, self.identity, self.principal.identifier, ACCOUNT)
        if self.boundary is not None:
            simulation["permissionBoundaryPolicies"] = [
                {"name": f"b{n}", "policy": p} for n, p in enumerate(self.boundary)
            ]
        if self.trust is not None:
            simulation["resourcePolicy"] = self.trust
        elif service == "sts":
            statement = {**delegation, "Action": "sts:AssumeRole"}
            simulation["resourcePolicy"] = {"Version": "2012-10-17", "Statement": [statement]}
        return simulation

    @property
    def text(self) -> str:
        return json.dumps([self.identity, self.boundary, self.trust])

    def atoms(self) -> list[tuple[str, str, list[str]]]:
        documents = [*self.identity, *(self.boundary or ()), *([self.trust] if self.trust else [])]
        return [
            (operator, key, values if isinstance(values, list) else [values])
            for document in documents
            for statement in document["Statement"]
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        ]

    def lacks(self, text: str) -> bool:
        """Whether a text needs a policy variable that the request lacks."""
        present = {key.lower() for key in self.request.context}
        return any(
            f"${{{key.lower()}}}" in text.lower()
            for key in ("aws:username", "aws:PrincipalTag/team")
            if key.lower() not in present
        )


def some_of(rng: random.Random, items: list[str], most: int = 2) -> str | list[str]:
    chosen = rng.sample(items, rng.randint(1, min(most, len(items))))
    return chosen[0] if len(chosen) == 1 and rng.random() < 0.5 else chosen


def condition(rng: random.Random, extra: list[str]) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2])):
        key = rng.choice([k for k in KEYS if ":" in k and (k.startswith("aws:") or k in extra)])
        family, _, accepted = KEYS[key]
        if rng.random() < 0.1:
            operator, values = "Null", some_of(rng, ["true", "false"], 1)
        else:
            operator = rng.choice(OPERATORS[family]) + rng.choice(["", "", "IfExists"])
            if key == "aws:TagKeys":
                operator = rng.choice(["ForAllValues:", "ForAnyValue:"]) + operator
            elif rng.random() < 0.1:
                operator = rng.choice(["ForAllValues:", "ForAnyValue:", "forallvalues:"]) + operator
            values = some_of(rng, accepted, 3)
        written = rng.choice([key, key, key.upper() if "/" not in key else key])
        block.setdefault(operator, {})[written] = values
    return {"Condition": block} if block else {}


def context(rng: random.Random, extra: list[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, (_, given, _) in KEYS.items():
        if (key.startswith("aws:") or key in extra) and rng.random() < 0.65:
            amount = rng.randint(1, 2) if key == "aws:TagKeys" else 1
            found[key] = tuple(rng.sample(given, amount))
    return found


def scope(rng: random.Random, patterns: list[str]) -> dict[str, Any]:
    """A Resource or NotResource; AWS does not say how NotResource reads a pattern that lacks segments."""
    element = rng.choice(["Resource"] * 5 + ["NotResource"])
    patterns = [*patterns, "*", "arn:aws:s3:::other/${aws:username}/*", "arn:aws:s3:::nothing/*"]
    if element == "NotResource":
        patterns = [p for p in patterns if p.endswith("*") or p.count(":") >= 5]
    return {element: some_of(rng, patterns, 3)}


def identity(rng: random.Random, call: tuple[str, list[str], list[str], list[str]]) -> dict[str, Any]:
    action, arns, patterns, extra = call
    service, name = action.split(":")
    actions = [
        action,
        f"{service}:*",
        f"{service}:{name[:3]}*",
        action.upper(),
        "*",
        f"{service}:?{name[1:]}",
    ]
    actions += ["s3:PutObject", f"{service}:Create*"]
    found = [
        {
            "Effect": rng.choice(["Allow", "Allow", "Allow", "Deny"]),
            rng.choice(["Action"] * 5 + ["NotAction"]): some_of(rng, actions),
            **scope(rng, [*arns, *patterns]),
            **condition(rng, extra),
        }
        for _ in range(rng.randint(1, 3))
    ]
    return {"Version": rng.choice(["2012-10-17"] * 9 + ["2008-10-17"]), "Statement": found}


def trust(rng: random.Random, principal: Principal) -> dict[str, Any]:
    named = [
        "*",
        {"AWS": "*"},
        {principal.kind: principal.identifier},
        {principal.kind: [principal.identifier]},
        {"Service": SERVICES[0]},
        {"Service": SERVICES[:2]},
        {"Federated": PROVIDER},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:role/somebody"},
        {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/somebody"], "Service": SERVICES[2]},
    ]
    found = []
    for _ in range(rng.randint(1, 2)):
        effect = rng.choice(["Allow", "Allow", "Allow", "Deny"])
        element = "NotPrincipal" if effect == "Deny" and rng.random() < 0.3 else "Principal"
        who = rng.choice(named[2:] if element == "NotPrincipal" else named)
        action = some_of(rng, ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "sts:*", "sts:Assume*"])
        found.append({"Effect": effect, element: who, "Action": action, **condition(rng, [])})
    return {"Version": "2012-10-17", "Statement": found}


def generate(seed: int) -> list[Case]:
    rng = random.Random(seed)
    cases = []
    for number in range(CASES):
        if number % 5 == 0:
            principal = rng.choice([Principal("Service", name) for name in SERVICES])
            principal = rng.choice([principal, principal, Principal("Federated", PROVIDER)])
            action = "sts:AssumeRole" + ("WithWebIdentity" if principal.kind == "Federated" else "")
            request = Request(action, f"arn:aws:iam::{ACCOUNT}:role/target", context(rng, []))
            cases.append(Case(request, trust=trust(rng, principal), principal=principal))
            continue
        call = rng.choice(CALLS)
        request = Request(call[0], rng.choice(call[1]), context(rng, call[3]))
        documents = tuple(identity(rng, call) for _ in range(rng.choice([1, 1, 2])))
        boundary = (identity(rng, call),) if rng.random() < 0.2 else None
        cases.append(Case(request, documents, boundary))
    return cases


@dataclass(frozen=True)
class Difference:
    """Why both may differ, who says that rolewright is right, and where that can play a part."""

    reason: str
    reference: str
    concerns: Callable[[Case], bool]
    unknown_here: bool = False


DIFFERENCES = [
    Difference(
        "a document of Version 2008-10-17 has no policy variables; the oracle resolves them all the same",
        GUIDE + "reference_policies_elements_version.html",
        lambda case: "2008-10-17" in case.text and "${" in case.text,
    ),
    Difference(
        "${*} and ${?} mean the character wherever a variable may stand, also for StringEquals; the oracle "
        "resolves them for StringLike alone",
        GUIDE + "reference_policies_variables.html#policy-vars-specialchars",
        lambda case: any(
            ("${*}" in v or "${?}" in v) and "like" not in o.lower() for o, _, vs in case.atoms() for v in vs
        ),
    ),
    Difference(
        "a date may be written as seconds since 1970; the oracle does not hold one form against the other",
        GUIDE + "reference_policies_elements_condition_operators.html#Conditions_Date",
        lambda case: any(o.lower().find("date") >= 0 and "1767225600" in vs for o, _, vs in case.atoms()),
    ),
    Difference(
        "0.0.0.0/0 is every IPv4 address in the CIDR notation that AWS asks for; the oracle finds none in it",
        GUIDE + "reference_policies_elements_condition_operators.html#Conditions_IPAddress",
        lambda case: any("ipaddress" in o.lower() and "0.0.0.0/0" in vs for o, _, vs in case.atoms()),
    ),
    Difference(
        "an IPv6 address is another than 10.1.2.3, so NotIpAddress holds; the oracle lets it fail",
        GUIDE + "reference_policies_elements_condition_operators.html#Conditions_IPAddress",
        lambda case: (
            any("notipaddress" in o.lower() and "10.1.2.3" in vs for o, _, vs in case.atoms())
            and ":" in case.request.context.get("aws:SourceIp", ("",))[0]
        ),
    ),
    Difference(
        "IAM takes no wildcard in the place of a resource type, and does not say what one would match: "
        "rolewright reads it as any text, the oracle as nothing",
        GUIDE + "reference_identifiers.html#identifiers-arns",
        lambda case: ":*:db-*" in case.text and case.request.action.startswith("secretsmanager:"),
    ),
    Difference(
        "ForAnyValue is false on an absent key and IfExists is true on one: the guide says nothing of both "
        "together, the oracle says false",
        GUIDE + "reference_policies_elements_condition_operators.html#Conditions_IfExists",
        lambda case: any(o.startswith("ForAnyValue:") and o.endswith("IfExists") for o, _, _ in case.atoms()),
        unknown_here=True,
    ),
    Difference(
        "a statement may be invalid if a policy variable has no value: the guide does not say what a negated "
        "element then does, the oracle lets the statement not apply",
        GUIDE + "reference_policies_variables.html#policy-vars-no-value",
        lambda case: (
            any("not" in o.lower() and any(case.lacks(v) for v in vs) for o, _, vs in case.atoms())
            or ("NotResource" in case.text and case.lacks(case.text))
        ),
        unknown_here=True,
    ),
]


@pytest.mark.iam_oracle
def test_decisions_agree_with_an_independent_evaluator() -> None:
    cases = generate(seed=20260101)
    answers = ask_oracle([case.theirs() for case in cases])
    assert len(answers) == len(cases)
    agreed = 0
    explained = dict.fromkeys((d.reason for d in DIFFERENCES), 0)
    seen: set[Decision] = set()
    for case, answer in zip(cases, answers, strict=True):
        assert isinstance(answer, str), (answer, case)
        ours = case.ours()
        seen.add(ours)
        if ours is ANSWERS[answer]:
            agreed += 1
            continue
        why = [d for d in DIFFERENCES if d.concerns(case) and d.unknown_here == (ours is Decision.UNKNOWN)]
        assert why, f"ours {ours}, theirs {answer}: {case}"
        explained[why[0].reason] += 1
    assert agreed >= 5000, explained
    assert all(explained.values()), explained
    assert seen == set(Decision)


def allow(**more: object) -> dict[str, Any]:
    return policy({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more})


def policy(*statements: Mapping[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    return {"Version": version, "Statement": list(statements)}


def ask(
    *documents: Mapping[str, Any], resource: str = "arn:aws:s3:::b/k", **context: str | tuple[str, ...]
) -> Decision:
    given = {key.replace("__", ":"): (value,) if isinstance(value, str) else value for key, value in context.items()}
    return decide(documents, Request("s3:GetObject", resource, given))


@pytest.mark.parametrize(
    ("condition_block", "given", "expected"),
    [
        ({"BinaryEquals": {"a:k": "QUI="}}, "QUI=", Decision.ALLOWED),
        ({"BinaryEquals": {"a:k": "QUI="}}, "QUM=", Decision.IMPLICIT_DENY),
        ({"BinaryEquals": {"a:k": "?"}}, "QUM=", Decision.UNKNOWN),
        ({"Bool": {"a:k": True}}, "true", Decision.ALLOWED),
        ({"Bool": {"a:k": "yes"}}, "true", Decision.UNKNOWN),
        ({"NumericLessThan": {"a:k": 3}}, "2.5", Decision.ALLOWED),
        ({"NumericLessThan": {"a:k": "three"}}, "2", Decision.UNKNOWN),
        ({"NumericNotEquals": {"a:k": "3"}}, "many", Decision.UNKNOWN),
        ({"DateGreaterThan": {"a:k": "2026-01-01T00:00:00Z"}}, "1767225601", Decision.ALLOWED),
        ({"DateGreaterThan": {"a:k": "2026"}}, "2027-01-01", Decision.UNKNOWN),
        ({"DateEquals": {"a:k": "2026-13-01"}}, "2027-01-01", Decision.UNKNOWN),
        ({"IpAddress": {"a:k": "ten"}}, "10.0.0.1", Decision.UNKNOWN),
        ({"ArnLike": {"a:k": "*"}}, "arn:aws:s3:::b", Decision.UNKNOWN),
        ({"ArnLike": {"a:k": "${aws_sns_topic.t.arn}"}}, "${aws_sns_topic.t.arn}", Decision.ALLOWED),
        ({"ArnEquals": {"a:k": "${aws_sns_topic.t.arn}"}}, "arn:aws:sns:r:1:t", Decision.IMPLICIT_DENY),
        ({"StringMatches": {"a:k": "x"}}, "x", Decision.UNKNOWN),
        ({"ForSomeValues:StringEquals": {"a:k": "x"}}, "x", Decision.UNKNOWN),
        ({"NullIfExists": {"a:k": "true"}}, "x", Decision.UNKNOWN),
        ({"StringEquals": {"a:k": "x"}}, ("x", "y"), Decision.UNKNOWN),
        ({"StringEquals": {"a:k": "${a:other}"}}, "${a:other}", Decision.IMPLICIT_DENY),
        ({"StringEquals": {"a:k": "${a:k,'x'}"}}, "x", Decision.UNKNOWN),
        ({"StringEquals": {"a:k": "x"}}, (), Decision.IMPLICIT_DENY),
        ({"ForAllValues:StringEquals": {"a:k": "x"}}, (), Decision.ALLOWED),
    ],
)
def test_a_condition_that_cannot_be_judged_is_unknown(
    condition_block: dict[str, Any], given: str | tuple[str, ...], expected: Decision
) -> None:
    assert ask(allow(Condition=condition_block), a__k=given) is expected


UNJUDGED = {"Condition": {"StringMatches": {"a:k": "x"}}}
FALSE = {"Condition": {"StringEquals": {"a:k": "x"}}}
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([allow(**UNJUDGED)], Decision.UNKNOWN),
        ([allow(**UNJUDGED), allow()], Decision.ALLOWED),
        ([allow(), policy({**DENY, **UNJUDGED})], Decision.UNKNOWN),
        ([allow(), policy({**DENY, **FALSE})], Decision.ALLOWED),
        ([allow(**UNJUDGED), policy(DENY)], Decision.EXPLICIT_DENY),
        ([allow(Condition={**UNJUDGED["Condition"], **FALSE["Condition"]})], Decision.IMPLICIT_DENY),
        ([], Decision.IMPLICIT_DENY),
    ],
)
def test_what_is_unknown_never_counts_as_proof(documents: list[dict[str, Any]], expected: Decision) -> None:
    assert ask(*documents) is expected


def test_a_boundary_limits_and_never_grants() -> None:
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", {})
    assert decide([allow()], request, boundary=[allow()]) is Decision.ALLOWED
    assert decide([allow()], request, boundary=[]) is Decision.IMPLICIT_DENY
    assert decide([], request, boundary=[allow()]) is Decision.IMPLICIT_DENY
    assert decide([allow()], request, boundary=[policy(DENY)]) is Decision.EXPLICIT_DENY
    assert decide([allow()], request, boundary=[allow(**UNJUDGED)]) is Decision.UNKNOWN


def test_a_variable_s_value_is_literal() -> None:
    document = allow(Resource="arn:aws:s3:::b/${aws:username}")
    assert ask(document, aws__username="k") is Decision.ALLOWED
    assert ask(document, aws__username="*") is Decision.IMPLICIT_DENY
    assert ask(document, resource="arn:aws:s3:::b/*", aws__username="*") is Decision.ALLOWED
    assert ask(document, aws__username=("k", "l")) is Decision.UNKNOWN


def test_version_2008_has_no_variables() -> None:
    document = policy(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}"},
        version="2008-10-17",
    )
    assert ask(document, aws__username="k") is Decision.IMPLICIT_DENY
    assert ask(document, resource="arn:aws:s3:::b/${aws:username}", aws__username="k") is Decision.ALLOWED


def test_the_principal_is_a_context_key() -> None:
    caller = f"arn:aws:iam::{ACCOUNT}:role/caller"
    document = allow(Condition={"ArnEquals": {"aws:PrincipalArn": caller}})
    assert decide([document], Request("s3:GetObject", "*", {}, caller)) is Decision.ALLOWED
    assert decide([document], Request("s3:GetObject", "*", {}, caller + "2")) is Decision.IMPLICIT_DENY


@pytest.mark.parametrize(
    ("element", "kind", "identifier", "expected"),
    [
        ({"AWS": ACCOUNT}, "AWS", f"arn:aws:iam::{ACCOUNT}:role/r", Decision.ALLOWED),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "AWS", f"arn:aws:iam::{ACCOUNT}:user/u", Decision.ALLOWED),
        ({"AWS": ACCOUNT}, "AWS", "arn:aws:iam::999999999999:root", Decision.IMPLICIT_DENY),
        (
            {"AWS": f"arn:aws:iam::{ACCOUNT}:role/r"},
            "AWS",
            f"arn:aws:iam::{ACCOUNT}:root",
            Decision.IMPLICIT_DENY,
        ),
        ({"Service": "ec2.amazonaws.com"}, "AWS", "ec2.amazonaws.com", Decision.IMPLICIT_DENY),
        ({"Service": "*"}, "Service", "ec2.amazonaws.com", Decision.UNKNOWN),
        ({"AWS": "*"}, "Federated", "www.amazon.com", Decision.ALLOWED),
    ],
)
def test_who_a_principal_element_names(element: dict[str, Any], kind: str, identifier: str, expected: Decision) -> None:
    document = policy({"Effect": "Allow", "Principal": element, "Action": "sts:AssumeRole"})
    request = Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/target", {})
    assert decide_trust(document, request, Principal(kind, identifier)) is expected


STATEMENT = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Version": "2020-01-01", "Statement": []},
        {"Statement": [], "Rules": []},
        {"Statement": "all"},
        policy({**STATEMENT, "Effect": "allow"}),
        policy({**STATEMENT, "NotAction": "s3:PutObject"}),
        policy({**STATEMENT, "Action": "GetObject"}),
        policy({**STATEMENT, "Action": []}),
        policy({**STATEMENT, "Resource": [1]}),
        policy({**STATEMENT, "Principal": "*"}),
        policy({**STATEMENT, "Conditions": {}}),
        policy({**STATEMENT, "Condition": {"StringEquals": "x"}}),
        policy({**STATEMENT, "Condition": {"StringEquals": {"a:k": []}}}),
        policy({**STATEMENT, "Condition": {"StringEquals": {"a:k": None}}}),
    ],
)
def test_a_malformed_policy_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        ask(document)


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "Resource": "*"},
        {"Effect": "Allow", "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": "ec2.amazonaws.com", "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"Role": "r"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:role/*"}, "Action": "sts:AssumeRole"},
    ],
)
def test_a_malformed_trust_policy_is_refused(statement: dict[str, Any]) -> None:
    request = Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/target", {})
    with pytest.raises(PolicyError):
        decide_trust(policy(statement), request, Principal("Service", "ec2.amazonaws.com"))
