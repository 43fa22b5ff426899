"""Environments in which symbols stand for inputs, so that what is proven there holds for every value of them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rolewright.core.inputs import IMAGE_TAG, TAGS, InputValues

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rolewright.core.inputs import Input
    from rolewright.core.model import Environment

_DIGEST = "sha256:"


def symbolic(environment: Environment, inputs: Sequence[Input]) -> Iterator[Environment]:
    """Yield environments that together stand for all values of the inputs; none without any.

    There is one for each choice of a tag or a digest for the images: only that decides what stands around it.
    """
    tags = [given for given in inputs if given.kind == IMAGE_TAG]
    for chosen in itertools.product((False, True), repeat=len(tags)) if inputs else ():
        symbols = dict(environment.inputs.symbols)
        for given, is_digest in zip(tags, chosen, strict=True):
            if is_digest:
                symbols |= {given.reference: _DIGEST + symbols[given.reference], given.separator: "@"}
        values = {given.variable: _value(given, symbols.get(given.reference, "")) for given in inputs}
        yield replace(environment, values={**environment.values, **symbols}, inputs=InputValues(values))


def _value(given: Input, text: str) -> Any:  # noqa: ANN401 - any value that a variable may have
    """Return what stands for an input. Tags are in no permission, so that an example of them will do."""
    if given.kind == TAGS:
        return given.example
    return [text] if given.type == "list(string)" else text


def for_any_value(text: str, inputs: Sequence[Input], partition: str) -> str:
    """Return a pattern that matches a text whatever the inputs are; no resource is in another partition."""
    for part in (part for given in inputs for part in given.parts if part.symbol):
        text = text.replace(part.symbol, partition if part.label == "partition" else "*")
    return text


def without_symbols(text: str, inputs: Sequence[Input]) -> str:
    """Return a text for people, with the name of what each symbol stands for."""
    for given in inputs:
        text = given.joined(given.named(text))
    return text
