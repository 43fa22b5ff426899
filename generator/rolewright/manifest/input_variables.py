"""Inputs as Terraform's variables: their type, and the conditions that a value of the caller has to meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolewright.core.model import Variable
from rolewright.core.text import Ref, Text
from rolewright.hcl.literal import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rolewright.core.inputs import Input


def input_variable(given: Input) -> Variable:
    """Return the variable of an input."""
    return Variable(
        given.variable,
        given.type,
        given.description,
        given.default,
        given.has_default,
        validations=tuple(_validations(given)),
    )


def whole_inputs(text: Text, inputs: Iterable[Input]) -> Text:
    """Return a text in which all parts of an input, one after the other, are the input itself."""
    for given in inputs:
        own = [Ref(part.expression) if part.expression else part.text for part in given.parts]
        parts = list(text.parts)
        if len(own) > 1 and parts[: len(own)] == own:
            text = Text.of(Ref(given.reference), *parts[len(own) :])
    return text


def _validations(given: Input) -> Iterator[tuple[str, str]]:
    """Yield each condition, with what the message says of a value that does not meet it."""
    length = [f"length({given.tested}) <= {given.longest}"] if given.longest else []
    for pattern in given.accepts:
        yield (
            " && ".join([*length, f"can(regex({literal(pattern)}, {given.tested}))"]),
            _message(given, pattern),
        )
        length = []
    for pattern in given.refuses:
        yield f"!can(regex({literal(pattern)}, {given.tested}))", f"{given.variable} must not match {pattern}."
    for operator, bound in given.bounds:
        if operator == "%":
            yield f"{given.tested} % {bound} == 0", f"{given.variable} has to be a whole number."
        else:
            word = "at least" if operator == ">=" else "at most"
            yield f"{given.tested} {operator} {bound}", f"{given.variable} has to be {word} {bound}."


def _message(given: Input, pattern: str) -> str:
    """Return what a value has to be; a list is tested as JSON, whose pattern would tell nobody anything."""
    message = f"{given.variable} has to be {given.summary}"
    if given.tested != given.reference:
        return message + "."
    limit = f", in {given.longest} characters" if given.longest else ""
    return f"{message}, matching {pattern}{limit}."
