"""As test_judge, over the operators and escapes that it does not draw: numbers, dates, addresses, ARNs, `${*}`.

The evaluator here is written from the IAM User Guide, without the product's own code.
"""

from __future__ import annotations

import ipaddress
import itertools
import operator
import random
import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.prove.test_judge import ACTION, BUCKET, altered_with, document

from rolewright.data import iam
from rolewright.prove.promises import promise_broken
from rolewright.prove.table import Declared, compare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cases import Cases

    Condition = tuple[str, str, tuple[str, ...]]
    Context = dict[str, tuple[str, ...]]

FEW, MANY = 1000, 20000
TOPIC = "arn:aws:sns:us-east-1:1:a"
START, MIDDLE = "2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z"
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_TEXTS = tuple(f"String{negated}{base}" for base in ("Equals", "Like", "EqualsIgnoreCase") for negated in ("", "Not"))
KEYS: dict[str, tuple[Sequence[str], Sequence[str], Sequence[tuple[str, ...]]]] = {
    "aws:MultiFactorAuthAge": (
        [f"Numeric{comparison}" for comparison in _COMPARISONS],
        ["5", "10", "11", "10.0", "10.5"],
        [(), ("5",), ("10",), ("11",), ("99",), ("-1",), ("10.5",)],
    ),
    "aws:CurrentTime": (
        [f"Date{comparison}" for comparison in _COMPARISONS],
        [START, MIDDLE, "2024-01-01"],
        [(), (START,), (MIDDLE,), ("2023-12-31T23:59:59Z",), ("2025-01-01T00:00:00Z",)],
    ),
    "aws:SourceIp": (
        ["IpAddress", "NotIpAddress"],
        ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.1", "10.0.0.1/32", "0.0.0.0/0", "2001:db8::/32", "192.168.0.0/16"],
        [(), ("10.0.0.1",), ("10.1.2.3",), ("10.0.0.255",), ("192.168.0.1",), ("2001:db8::1",)],
    ),
    "aws:SecureTransport": (["Bool"], ["true", "false"], [(), ("true",), ("false",)]),
    "aws:SourceArn": (
        ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        ["arn:aws:sns:*:1:a", "arn:aws:sns:us-east-1:1:*", TOPIC, "arn:*:*:*:*:*", "arn:aws:iam::1:role/*"],
        [(), (TOPIC,), (f"{TOPIC}:b",), ("arn:aws:sns:eu-west-1:2:a",), ("arn:aws:iam::1:role/x/y",)],
    ),
    "aws:RequestedRegion": (
        _TEXTS,
        ["a", "A", "b", "a*", "*", "?", "${*}", "a${*}", "${$}", "${?}", "${$}{x}"],
        [(), ("a",), ("A",), ("b",), ("*",), ("a*",), ("?",), ("$",), ("${x}",)],
    ),
    "aws:TagKeys": (
        [f"{quantifier}:{text}" for quantifier in ("ForAllValues", "ForAnyValue") for text in _TEXTS],
        ["a", "A", "b", "*", "${*}"],
        [(), ("a",), ("A",), ("a", "b"), ("b",), ("*",)],
    ),
}
"""Key → its operators, the values that policies have for it, and all those that it may have in a request."""
_PIECE = re.compile(r"\$\{[*?$]\}|.", re.DOTALL)


def _plain(text: str) -> str:
    return "".join(piece[2] if len(piece) > 1 else piece for piece in _PIECE.findall(text))


def _like(text: str, given: str) -> bool:
    wild = {"*": ".*", "?": "."}
    parts = (
        re.escape(piece[2]) if len(piece) > 1 else wild.get(piece, re.escape(piece)) for piece in _PIECE.findall(text)
    )
    return re.fullmatch("".join(parts), given, re.DOTALL) is not None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_RELATIONS = {
    "equals": operator.eq,
    "lessthan": operator.lt,
    "lessthanequals": operator.le,
    "greaterthan": operator.gt,
    "greaterthanequals": operator.ge,
}


def _matches(base: str, wanted: str, given: str) -> bool:
    if base.startswith("numeric"):
        return bool(_RELATIONS[base.removeprefix("numeric")](Decimal(given), Decimal(wanted)))
    if base.startswith("date"):
        return bool(_RELATIONS[base.removeprefix("date")](_moment(given), _moment(wanted)))
    if base == "ipaddress":
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    if base.startswith("arn"):
        return all(map(_like, wanted.split(":", 5), given.split(":", 5)))
    if base == "stringlike":
        return _like(wanted, given)
    if base == "stringequalsignorecase":
        return _plain(wanted).lower() == given.lower()
    return _plain(wanted) == given


def holds(condition: Condition, context: Context) -> bool:
    written, key, values = condition
    quantifier, _, base = written.lower().rpartition(":")
    base, if_exists = base.removesuffix("ifexists"), base.endswith("ifexists")
    given = context.get(key.lower(), ())
    if base == "null":
        return any((value == "true") == (not given) for value in values)
    negated = "not" in base
    if not given:
        return quantifier != "foranyvalue" and (if_exists or negated or quantifier == "forallvalues")
    answers = [
        any(_matches(base.replace("not", ""), pattern, value) for pattern in values) != negated for value in given
    ]
    return any(answers) if quantifier == "foranyvalue" else all(answers)


def allows(declared: Sequence[Declared], context: Context) -> bool:
    met = {entry.effect for entry in declared if all(holds(condition, context) for condition in entry.conditions)}
    return met == {"Allow"}


def contexts(declared: Sequence[Declared]) -> Iterator[Context]:
    keys = sorted({key for entry in declared for _, key, _ in entry.conditions})
    for chosen in itertools.product(*(KEYS[key][2] for key in keys)):
        yield {key.lower(): values for key, values in zip(keys, chosen, strict=True) if values}


def condition(rng: random.Random, key: str) -> Condition:
    if rng.random() < 0.1:
        return "Null", key, (rng.choice(("true", "false")),)
    operators, values, _ = KEYS[key]
    written = rng.choice(operators)
    if rng.random() < 0.25 and not written.startswith("ForAnyValue"):
        written += "IfExists"
    if key != "aws:TagKeys" and rng.random() < 0.15:
        written = f"ForAllValues:{written}"
    return written, key, tuple(dict.fromkeys(rng.choice(values) for _ in range(rng.choice((1, 1, 2)))))


def statement(rng: random.Random, name: str, key: str) -> Declared:
    """Mostly several conditions on one key."""
    drawn = [
        condition(rng, key if rng.random() < 0.85 else rng.choice([*KEYS]))
        for _ in range(rng.choice((0, 1, 1, 2, 2, 3)))
    ]
    kept = {drawn_condition[:2]: drawn_condition for drawn_condition in drawn}
    return Declared("Deny" if rng.random() < 0.2 else "Allow", (ACTION,), (BUCKET,), tuple(kept.values()), name)


def wrong(seed: int, seen: Counter[str]) -> str:
    rng = random.Random(seed)
    key = rng.choice([*KEYS])
    left = [statement(rng, f"s{number}", key) for number in range(rng.choice((1, 1, 2)))]
    right = altered_with(rng, left, lambda name: statement(rng, name, key), lambda: condition(rng, key))
    result = compare([document(left)], right, iam.expand)
    answers = [(allows(left, context), allows(right, context)) for context in contexts([*left, *right])]
    kinds = {"undeclared" if here else "denied" for here, there in answers if here != there}
    seen["unknown" if result.unknown else "told"] += 1
    seen["differ" if kinds else "equal"] += 1
    if not result.unknown and kinds - {difference.kind for difference in result.differences}:
        return "a difference is not seen"
    for difference in result.differences:
        context = dict(difference.context)
        if (allows(left, context), allows(right, context)) != (
            difference.kind == "undeclared",
            difference.kind == "denied",
        ):
            return f"{difference.kind} with {context} is no difference"
    broken = promise_broken([document(left)], [ACTION], [BUCKET], iam.expand)
    return "the promise holds, though it does not" if broken is None and any(here for here, _ in answers) else ""


def test_no_verdict_is_wrong(cases: Cases) -> None:
    pairs = cases.number(FEW, MANY)
    seen: Counter[str] = Counter()
    assert [(seed, text) for seed in range(pairs) if (text := wrong(seed, seen))] == []
    assert seen["told"] > pairs * 0.5, seen
    assert min(seen["equal"], seen["differ"]) > pairs * 0.1, seen
