"""Evaluate HCL expressions, given the values of their references."""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rolewright.hcl.syntax import (
    Call,
    Conditional,
    Index,
    List,
    Literal,
    Map,
    Opaque,
    Operation,
    Template,
    Traversal,
)
from rolewright.prove.functions import (
    EvaluationError,
    call,
    equal,
    is_number,
    known,
    matches_pattern,
    number,
    tobool,
    tostring,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rolewright.hcl.syntax import Expression, Steps


def value_of(expression: Expression, resolve: Callable[[Steps], Any]) -> Any:  # noqa: ANN401
    """Return the value as plain Python. Raises EvaluationError for what is invalid or not evaluated here."""

    def inner(part: Expression) -> Any:  # noqa: ANN401
        return value_of(part, resolve)

    match expression:
        case Literal(value):
            return number(Fraction(repr(value))) if isinstance(value, float) else value
        case Template(parts):
            return _template(parts, inner)
        case Traversal(path):
            return resolve(path)
        case Index(collection, key):
            return step(inner(collection), inner(key))
        case Call():
            return _called(expression, inner)
        case List(items):
            return [inner(item) for item in items]
        case Map(items):
            return {_key(inner(key)): inner(value) for key, value in items}
        case _:
            return _operation(expression, inner)


def _called(expression: Call, inner: Callable[[Expression], Any]) -> Any:  # noqa: ANN401
    match expression:
        case Call("can", (Call("regex", (pattern, text)),)):  # of what can fail, only this is evaluated
            return matches_pattern(inner(pattern), inner(text))
        case _:
            return call(expression.name, [inner(argument) for argument in expression.arguments])


def step(value: Any, key: Any) -> Any:  # noqa: ANN401
    """Return `value[key]`. Raises EvaluationError where there is no such element."""
    if isinstance(value, dict) and isinstance(key, str) and known(key) in value:
        return value[key]
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    known(value if isinstance(value, str) else key)
    raise EvaluationError(f"the value has no element {key!r}")


def _key(value: Any) -> str:  # noqa: ANN401
    key = tostring(value)
    if key is None:
        raise EvaluationError("null cannot be a key of a map")
    return str(known(key))


def _template(parts: tuple[str | Expression, ...], inner: Callable[[Expression], Any]) -> Any:  # noqa: ANN401
    if len(parts) == 1 and not isinstance(parts[0], str):
        return inner(parts[0])  # a single interpolation keeps its type
    texts = [part if isinstance(part, str) else tostring(inner(part)) for part in parts]
    if None in texts:
        raise EvaluationError("a string has null in an interpolation")
    return "".join(text for text in texts if text is not None)


def _operation(expression: Expression, inner: Callable[[Expression], Any]) -> Any:  # noqa: ANN401
    match expression:
        case Conditional(test, yes, no):
            return inner(yes if _truth(inner(test)) else no)
        case Operation("!", (operand,)):
            return not _truth(inner(operand))
        case Operation("-", (operand,)):
            return number(-_fraction(inner(operand)))
        case Operation("==", (left, right)):
            return equal(inner(left), inner(right))
        case Operation("!=", (left, right)):
            return not equal(inner(left), inner(right))
        case Operation("&&" | "||" as name, (left, right)):
            sides = [_truth(inner(left)), _truth(inner(right))]  # Terraform 1.11 evaluates both
            return all(sides) if name == "&&" else any(sides)
        case Operation(name, (left, right)) if name in _COMPARISONS:
            return _COMPARISONS[name](_fraction(inner(left)), _fraction(inner(right)))
        case Operation(name, (left, right)) if name in _ARITHMETIC:
            return number(_arithmetic(name, _fraction(inner(left)), _fraction(inner(right))))
        case Opaque(text):
            raise EvaluationError(f"{text} is not evaluated")
        case _:
            raise EvaluationError("this kind of expression is not evaluated")


def _truth(value: Any) -> bool:  # noqa: ANN401
    result = tobool(value)
    if result is None:
        raise EvaluationError("null is neither true nor false")
    return result


def _fraction(value: Any) -> Fraction:  # noqa: ANN401
    if isinstance(value, str):
        try:
            return Fraction(known(value))
        except ValueError:
            raise EvaluationError(f"{value!r} is not a number") from None
    if not is_number(value):
        raise EvaluationError(f"{value!r} is not a number")
    return Fraction(repr(value))  # a decimal as it is written: 0.1 + 0.2 is 0.3 to Terraform


def _arithmetic(name: str, left: Fraction, right: Fraction) -> Fraction:
    if name in "/%" and right == 0:
        raise EvaluationError("division by zero")
    if name == "%":
        return left - right * int(left / right)  # the sign is the dividend's
    return _ARITHMETIC[name](left, right)


_ARITHMETIC: Mapping[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_COMPARISONS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
