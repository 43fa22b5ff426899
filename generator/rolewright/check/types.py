"""Infer the types of expressions, as far as they can be known without evaluating them.

A type is in Terraform's JSON form: "string", ["list", "string"], ["object", {…}]; "dynamic" is any type, or an
unknown one. Literals in lists and maps have ["tuple", […]] and ["object", {…}].
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rolewright.data import provider
from rolewright.hcl.scope import Unknown, reference
from rolewright.hcl.syntax import (
    Call,
    Conditional,
    Index,
    List,
    Literal,
    Map,
    Operation,
    Template,
    Traversal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rolewright.hcl.scope import Scope, ScopeStep
    from rolewright.hcl.syntax import Block, Expression

Type = Any

_STRING_FUNCTIONS = frozenset({"jsonencode", "format", "join", "replace", "lower", "upper", "trimprefix"})
_ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})
_WORDS = {"string": "a string", "number": "a number", "bool": "a bool"}


class NoSuchStepError(Exception):
    """A reference has a step that its value does not have."""

    def __init__(self, step: ScopeStep, known: Sequence[str], reason: str) -> None:
        self.step, self.known, self.reason = step, tuple(known), reason
        super().__init__(reason)


def step_into(type_: Type, steps: Sequence[ScopeStep]) -> Type:
    """Return the type of the value that `steps` lead to from a value of `type_`. Raises NoSuchStepError."""
    for step in steps:
        kind = type_ if isinstance(type_, str) else type_[0]
        if kind == "dynamic":
            return "dynamic"
        if kind == "object":
            if isinstance(step, Unknown):
                return "dynamic"
            if step not in type_[1]:
                raise NoSuchStepError(step, tuple(type_[1]), f"has no attribute {step}")
            type_ = type_[1][step]
        elif kind == "map":
            type_ = type_[1]
        elif kind in ("list", "tuple"):
            if isinstance(step, str) and not step.isdecimal():
                raise NoSuchStepError(step, (), f"is a list: only its elements have {step}")
            type_ = type_[1] if kind == "list" else "dynamic"
        elif kind == "set":
            raise NoSuchStepError(step, (), "is a set, whose elements have no index")
        else:
            raise NoSuchStepError(step, (), f"is {describe(type_)}, which has no attributes")
    return type_


def block_type(content: provider.TypeSchema) -> Type:
    """Return the type of the value that a resource or a nested block has in a reference."""
    nested = {name: _nested_type(block) for name, block in content.blocks.items()}
    return ["object", {name: a.type for name, a in content.attributes.items()} | nested]


def _nested_type(block: provider.NestedBlock) -> Type:
    if block.nesting == "any":
        return "dynamic"
    value = block_type(block.content)
    return value if block.nesting in ("single", "group") else [block.nesting, value]


def infer(expression: Expression, scope: Scope, major: int, seen: frozenset[str] = frozenset()) -> Type:
    """Return the type of an expression. `seen` are the locals that led here, so that a cycle ends."""
    match expression:
        case List(items):
            return ["tuple", [infer(item, scope, major, seen) for item in items]]
        case Map(items):
            keys = [key.value for key, _ in items if isinstance(key, Literal)]
            names = [key for key in keys if isinstance(key, str)]
            values = [infer(value, scope, major, seen) for _, value in items]
            all_literal = len(names) == len(items)
            return ["object", dict(zip(names, values, strict=True))] if all_literal else "dynamic"
        case Conditional(_, yes, no):
            types = [infer(branch, scope, major, seen) for branch in (yes, no)]
            return types[0] if types[0] == types[1] else "dynamic"
        case Traversal() | Index():
            return _infer_reference(expression, scope, major, seen)
        case _:
            return _infer_simple(expression)


def _infer_simple(expression: Expression) -> Type:
    match expression:
        case Literal(None):
            return "dynamic"
        case Literal(value):
            return "bool" if isinstance(value, bool) else "string" if isinstance(value, str) else "number"
        case Template(parts) if len(parts) > 1 or isinstance(parts[0], str):
            return "string"  # a single interpolation keeps the type of its value
        case Call(name, _) if name in _STRING_FUNCTIONS:
            return "string"
        case Operation(operator, _):
            return "number" if operator in _ARITHMETIC else "bool"
        case _:
            return "dynamic"


def _infer_reference(expression: Expression, scope: Scope, major: int, seen: frozenset[str]) -> Type:
    parsed_reference = reference(expression)
    if parsed_reference is None or len(parsed_reference.steps) < 2:
        return "dynamic"
    root, name = parsed_reference.steps[:2]
    try:
        if root == "local" and name in scope.locals and name not in seen:
            value = scope.locals[str(name)]
            return step_into(infer(value, scope, major, seen | {str(name)}), parsed_reference.steps[2:])
        if root == "var" and (variable := scope.named("variable").get(str(name))):
            return step_into(_declared(variable), parsed_reference.steps[2:])
        if target := scope.target(parsed_reference):
            schema = provider.schema(major, target.kind, target.type)
            return "dynamic" if schema is None else step_into(block_type(schema), target.steps)
    except NoSuchStepError:
        return "dynamic"  # references.py reports it
    return "dynamic"


def _declared(variable: Block) -> Type:
    attribute = variable.attributes.get("type")
    return "dynamic" if attribute is None else _constraint(attribute.expression)


def _constraint(expression: Expression) -> Type:
    match expression:
        case Traversal(("string" | "number" | "bool" as name,)):
            return name
        case Call("list" | "set" | "map" as kind, (element,)):
            return [kind, _constraint(element)]
        case _:
            return "dynamic"


def mismatch(expression: Expression, expected: Type, scope: Scope, major: int) -> str | None:
    """Return why Terraform refuses an expression where `expected` is expected, or None if it does not, or may not."""
    kind = expected if isinstance(expected, str) else expected[0]
    if kind == "dynamic" or expression == Literal(None):
        return None
    if isinstance(expression, Conditional):
        reasons = [mismatch(branch, expected, scope, major) for branch in (expression.yes, expression.no)]
        return reasons[0] if all(reasons) else None
    if isinstance(expression, List) and kind in ("list", "set"):
        return _first(mismatch(item, expected[1], scope, major) for item in expression.items)
    if isinstance(expression, Map) and kind == "map":
        return _first(mismatch(value, expected[1], scope, major) for _, value in expression.items)
    if isinstance(expression, Literal) and isinstance(expression.value, str) and kind in ("number", "bool"):
        return None if _reads_as(expression.value, kind) else f"expected {describe(expected)}, not a string"
    inferred = infer(expression, scope, major)
    return None if convertible(inferred, expected) else f"expected {describe(expected)}, not {describe(inferred)}"


def convertible(actual: Type, expected: Type) -> bool:
    """Return whether Terraform may convert a value of one type to another; a string may hold a number or a bool."""
    have = actual if isinstance(actual, str) else actual[0]
    want = expected if isinstance(expected, str) else expected[0]
    if "dynamic" in (have, want):
        return True
    if isinstance(expected, str):
        return have in _WORDS and {have, want} != {"number", "bool"}
    if want in ("list", "set"):
        elements = {"list": actual[1:2], "set": actual[1:2], "tuple": actual[1]}.get(have)
        return elements is not None and all(convertible(element, expected[1]) for element in elements)
    if want == "map":
        values = {"map": actual[1:2], "object": list(actual[1].values()) if have == "object" else []}.get(have)
        return values is not None and all(convertible(value, expected[1]) for value in values)
    if have != "object":
        return have == "map"
    return all(name in actual[1] and convertible(actual[1][name], type_) for name, type_ in expected[1].items())


def describe(type_: Type) -> str:
    """Describe a type in words, as in "a list of string"."""
    if isinstance(type_, str):
        return _WORDS.get(type_, "a value of any type")
    if type_[0] == "tuple":
        return "a list"
    if type_[0] == "object":
        return "an object"
    return f"a {type_[0]} of {describe(type_[1]).split(' ', 1)[1]}"


def _first(reasons: Iterable[str | None]) -> str | None:
    return next((reason for reason in reasons if reason), None)


def _reads_as(text: str, kind: str) -> bool:
    if kind == "bool":
        return text in ("true", "false", "1", "0")
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
