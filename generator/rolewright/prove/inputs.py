"""Prove that a module takes no value for an input but those that the proof is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.core.finding import Finding, Location
from rolewright.hcl.syntax import Call, Literal, Operation, Traversal
from rolewright.prove.expressions import value_of
from rolewright.prove.functions import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.core.inputs import Input
    from rolewright.hcl.syntax import Block, Expression, ParsedModule, Steps

_REMEDY = "fix the template of the module's variables: it has to write what the manifest's inputs declare"
_ACCEPTS, _REFUSES, _LONGEST = "accepts", "refuses", "at most"


def input_findings(parsed: ParsedModule, inputs: Iterable[Input]) -> Iterator[Finding]:
    """Compare the variable of each input with its declaration: a condition less, or another default, is a finding."""
    for given in inputs:
        blocks = list(parsed.all("variable", given.variable))
        if len(blocks) != 1:
            message = f"the variable {given.variable} of the input {given.name} is not in the module"
            yield Finding("proof-input", message, _REMEDY, Location("variables.tf"))
        for block in blocks:
            for message in _faults(block, given):
                place = Location(block.file, block.line, 1, block.line, 2)
                yield Finding("proof-input", f"the variable {given.variable} {message}", _REMEDY, place)


def _faults(block: Block, given: Input) -> Iterator[str]:
    nullable = block.attributes.get("nullable")
    if nullable is None or nullable.expression != Literal(value=False):
        yield "may be null"
    default = block.attributes.get("default")
    if (default is not None) != given.has_default or (default and _plain(default.expression) != given.default):
        yield "has another default than the manifest says"
    # A number is its own text; a list or a mapping is tested as JSON, so that no entry hides in another.
    reference = Traversal(("var", given.variable))
    tested: Expression = reference if given.tested == given.reference else Call("jsonencode", (reference,))
    held = {
        test
        for validation in block.all("validation")
        if "condition" in validation.attributes
        for test in _tests(validation.attributes["condition"].expression, tested)
    }
    wanted: set[tuple[str, object]] = {(_ACCEPTS, pattern) for pattern in given.accepts}
    wanted |= {(_REFUSES, pattern) for pattern in given.refuses}
    wanted |= {(_LONGEST, given.longest)} if given.longest else set()
    for kind, limit in sorted(wanted - held, key=str):
        yield f"is not held to what the proof takes for granted: {kind} {limit}"


def _tests(condition: Expression, tested: Expression) -> Iterator[tuple[str, object]]:
    """Yield each test that a value has to pass for a condition to hold."""
    match condition:
        case Operation("&&", operands):
            for operand in operands:
                yield from _tests(operand, tested)
        case Operation("<=", (Call("length", (subject,)), Literal(limit))) if subject == tested:
            yield _LONGEST, limit
        case Operation("!", (Call("can", (Call("regex", (Literal(pattern), subject)),)),)) if subject == tested:
            yield _REFUSES, pattern
        case Call("can", (Call("regex", (Literal(pattern), subject)),)) if subject == tested:
            yield _ACCEPTS, pattern


def _plain(expression: Expression) -> Any:  # noqa: ANN401 - HCL
    try:
        return value_of(expression, _no_reference)
    except EvaluationError:
        return None


def _no_reference(path: Steps) -> Any:  # noqa: ANN401
    raise EvaluationError(f"{path[0]} is not known here")
