"""IAM's condition operators and policy variables, in three-valued logic: true, false and None (unknown)."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator as compare
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from rolewright.data.symbols import SYMBOL
from rolewright.prove.match import Kind, compile_glob, segments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rolewright.prove.document import Atom

Truth = bool | None

_SPAN = re.compile(r"\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"(?P<key>[^,\s]+:[^,]*?)(?:, +'(?P<default>[^']*)')?")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?")
_EPOCH = re.compile(r"\d{5,}")


class _Unresolved(Exception):
    """A policy variable that has no single value; `absent` if the request lacks it and the policy has no default."""

    def __init__(self, *, absent: bool) -> None:
        super().__init__()
        self.absent = absent


def every(truths: Iterable[Truth]) -> Truth:
    """Return False if any is false, else None if any is unknown, else True."""
    seen = list(truths)
    return False if False in seen else None if None in seen else True


def some(truths: Iterable[Truth]) -> Truth:
    """Return True if any is true, else None if any is unknown, else False."""
    seen = list(truths)
    return True if True in seen else None if None in seen else False


def negate(truth: Truth) -> Truth:
    """Return the opposite; unknown stays unknown."""
    return None if truth is None else not truth


def has_variable(text: str) -> bool:
    """Return whether a text has a policy variable such as `${aws:username}`; a token has no colon."""
    return any(":" in span for span in _SPAN.findall(text))


def variables_in(text: str) -> tuple[str, ...]:
    """Name the keys that a text refers to as policy variables, in lower case."""
    inner = (variable for span in _SPAN.findall(text) if (variable := _VARIABLE.fullmatch(span)))
    return tuple(dict.fromkeys(variable["key"].lower() for variable in inner))


def resolved(text: str, context: Mapping[str, tuple[str, ...]]) -> str | None:
    """Fill a pattern's policy variables in from a request, or return None where one has no single value."""
    try:
        return _expand(text, context, variables=True)
    except _Unresolved:
        return None


def _expand(text: str, context: Mapping[str, tuple[str, ...]], *, variables: bool) -> str:
    """Return the pattern with its policy variables replaced by their values, which are taken literally.

    `context` has keys in lower case. Raises _Unresolved. Without `variables`, `${` has no meaning.
    """
    if not variables:
        return text.replace("${", "${$}{")

    def value(span: re.Match[str]) -> str:
        inner = span.group(1)
        if ":" not in inner:
            return span.group()
        variable = _VARIABLE.fullmatch(inner)
        values = context.get(variable["key"].lower(), ()) if variable else ()
        if not variable or len(values) > 1:
            raise _Unresolved(absent=False)
        if not values and variable["default"] is None:
            raise _Unresolved(absent=True)
        return re.sub(r"[*?$]", lambda c: "${" + c.group() + "}", values[0] if values else variable["default"])

    return _SPAN.sub(value, text)


def resource_matches(
    pattern: str, text: str, context: Mapping[str, tuple[str, ...]], *, variables: bool, absent: Truth
) -> Truth:
    """Return whether a pattern of a Resource element matches an ARN, with policy variables resolved.

    `absent` is the answer for a variable that the request lacks; one with several values cannot be judged.
    """
    try:
        return compile_glob(_expand(pattern, context, variables=variables), Kind.ARN).matches(text)
    except _Unresolved as unresolved:
        return absent if unresolved.absent else None


@dataclass(frozen=True)
class _Operator:
    """A comparison of a value of a policy with one of the request; `negated` requires that none match."""

    test: Callable[[str, str], Truth]
    negated: bool = False
    variables: bool = False


def plain(pattern: str) -> str:
    """Return the text that a pattern without wildcards stands for, with the escapes such as `${*}` resolved."""
    return re.sub(r"\$\{([*?$])\}", r"\1", pattern)


def _equals(expected: str, actual: str) -> Truth:
    return plain(expected) == actual


def _equals_ignoring_case(expected: str, actual: str) -> Truth:
    return plain(expected).lower() == actual.lower()


def _like(expected: str, actual: str) -> Truth:
    return compile_glob(expected, Kind.TEXT).matches(actual)


def _arn(expected: str, actual: str) -> Truth:
    """Compare ARNs as ArnEquals and ArnLike both do (IAM User Guide): six segments, each with wildcards."""
    if expected == actual:
        return True
    tokens = expected.startswith("${") or actual.startswith("${")
    if not tokens and not (len(segments(expected)) == len(segments(actual)) == 6):
        return None
    return compile_glob(expected, Kind.ARN).matches(actual)


def _numbers(relation: Callable[[Decimal, Decimal], bool]) -> Callable[[str, str], Truth]:
    def test(expected: str, actual: str) -> Truth:
        if not (_NUMBER.fullmatch(expected) and _NUMBER.fullmatch(actual)):
            return None
        return relation(Decimal(actual), Decimal(expected))

    return test


def _moment(text: str) -> datetime | None:
    """Parse a date in a W3C form of ISO 8601, or seconds since 1970; None for a bare year, which could be either."""
    if _EPOCH.fullmatch(text):
        try:
            return datetime.fromtimestamp(int(text), UTC)
        except (ValueError, OverflowError, OSError):
            return None
    if not _DATE.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _dates(relation: Callable[[datetime, datetime], bool]) -> Callable[[str, str], Truth]:
    def test(expected: str, actual: str) -> Truth:
        limit, moment = _moment(expected), _moment(actual)
        return None if limit is None or moment is None else relation(moment, limit)

    return test


def _bool(expected: str, actual: str) -> Truth:
    pair = (expected.lower(), actual.lower())
    return None if set(pair) - {"true", "false"} else pair[0] == pair[1]


def _binary(expected: str, actual: str) -> Truth:
    try:
        return base64.b64decode(expected, validate=True) == base64.b64decode(actual, validate=True)
    except binascii.Error:
        return None


def _address(expected: str, actual: str) -> Truth:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return None


def _table() -> dict[str, _Operator]:
    table = {
        "bool": _Operator(_bool),
        "binaryequals": _Operator(_binary),
        "ipaddress": _Operator(_address),
        "notipaddress": _Operator(_address, negated=True),
    }
    texts = {"equals": _equals, "equalsignorecase": _equals_ignoring_case, "like": _like}
    for name, test in texts.items():
        table[f"string{name}"] = _Operator(test, variables=True)
        table[f"stringnot{name}"] = _Operator(test, negated=True, variables=True)
    for name in ("equals", "like"):
        table[f"arn{name}"] = _Operator(_arn, variables=True)
        table[f"arnnot{name}"] = _Operator(_arn, negated=True, variables=True)
    for family, ordered in (("numeric", _numbers), ("date", _dates)):
        table[f"{family}equals"] = _Operator(ordered(compare.eq))
        table[f"{family}notequals"] = _Operator(ordered(compare.eq), negated=True)
        table[f"{family}lessthan"] = _Operator(ordered(compare.lt))
        table[f"{family}lessthanequals"] = _Operator(ordered(compare.le))
        table[f"{family}greaterthan"] = _Operator(ordered(compare.gt))
        table[f"{family}greaterthanequals"] = _Operator(ordered(compare.ge))
    return table


_OPERATORS = _table()


@dataclass(frozen=True)
class Shape:
    """The parts of an operator: its `base` in lower case, a `quantifier` (forallvalues, foranyvalue or "")."""

    base: str
    quantifier: str
    if_exists: bool

    @property
    def negated(self) -> bool:
        """Return whether it requires that none of its values match."""
        return self.base in _OPERATORS and _OPERATORS[self.base].negated


def shape(operator: str) -> Shape | None:
    """Return an operator's parts, or None if IAM has no such operator or rolewright cannot judge it."""
    quantifier, colon, base = operator.lower().rpartition(":")
    if_exists = base.endswith("ifexists")
    base = base.removesuffix("ifexists")
    if base == "null":
        return None if if_exists or colon else Shape(base, "", if_exists=False)
    if base not in _OPERATORS or quantifier not in ("", "forallvalues", "foranyvalue"):
        return None
    return Shape(base, quantifier, if_exists)


def holds(atom: Atom, context: Mapping[str, tuple[str, ...]], *, variables: bool) -> Truth:
    """Return whether a request's context meets a condition. `context` has its keys in lower case.

    A key without values counts as absent. The result is None for a key with several values without a quantifier,
    and for ForAnyValue with IfExists on an absent key: AWS documents true for IfExists, false for ForAnyValue.
    """
    parts = shape(atom.operator)
    values = context.get(atom.key.lower(), ())
    if parts is None:
        return None
    if parts.base == "null":
        return some(_bool(value, "false" if values else "true") for value in atom.values)
    operator = _OPERATORS[parts.base]
    if not values:
        return _on_absent(parts)
    if len(values) > 1 and not parts.quantifier:
        return None
    truths = (_one(operator, atom, value, context, variables=variables) for value in values)
    return some(truths) if parts.quantifier == "foranyvalue" else every(truths)


def _on_absent(parts: Shape) -> Truth:
    if parts.quantifier == "foranyvalue":
        return None if parts.if_exists else False
    return parts.if_exists or parts.quantifier == "forallvalues" or parts.negated


def _one(
    operator: _Operator, atom: Atom, actual: str, context: Mapping[str, tuple[str, ...]], *, variables: bool
) -> Truth:
    """Compare one value of the request with all values of the policy."""
    truths: list[Truth] = []
    for expected in atom.values:
        try:
            text = _expand(expected, context, variables=variables) if operator.variables else expected
            fits = operator.test(text, actual)
            # Inputs that are not the same may have the same value.
            truths.append(None if fits is False and SYMBOL.search(text + actual) else fits)
        except _Unresolved as unresolved:
            # A negated operator would hold if nothing matched; AWS says the statement may then be invalid.
            truths.append(None if operator.negated or not unresolved.absent else False)
    matched = some(truths)
    return negate(matched) if operator.negated else matched
