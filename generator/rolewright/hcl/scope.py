"""The declarations of a module, and the references in its expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.data import provider
    from rolewright.hcl.syntax import Block, Expression, ParsedModule

# A dotted name in text that is not parsed further; it begins neither after a dot nor inside a longer name.
_NAME = re.compile(r"(?<![\w.\-])[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_INTERPOLATION = re.compile(r"[$%]\{([^}]*)(?:\}|\Z)")
_LOOP_VARIABLES = re.compile(r"\bfor\s+(\w+)\s*(?:,\s*(\w+)\s*)?in\b")


@dataclass(frozen=True)
class Unknown:
    """A step of a reference that is only known at run time, such as `[each.key]`."""


ScopeStep = str | int | Unknown


@dataclass(frozen=True)
class Reference:
    """`root.step[0].step`. `whole` is false where the reference may continue beyond what was read."""

    steps: tuple[ScopeStep, ...]
    whole: bool = True

    def __str__(self) -> str:
        text = str(self.steps[0])
        for step in self.steps[1:]:
            if isinstance(step, str):
                text += f".{step}"
            else:
                text += f"[{step}]" if isinstance(step, int) else "[…]"
        return text


def reference(expression: Expression) -> Reference | None:
    """Return the reference that an expression consists of, or None if it is anything else."""
    if isinstance(expression, Traversal):
        return Reference(expression.path)
    if isinstance(expression, Index):
        collection = reference(expression.collection)
        if collection is None:
            return None
        is_literal = isinstance(expression.key, Literal) and isinstance(expression.key.value, (str, int))
        step = expression.key.value if is_literal and isinstance(expression.key, Literal) else Unknown()
        return Reference((*collection.steps, step if isinstance(step, (str, int)) else Unknown()))
    return None


def references(expression: Expression) -> Iterator[Reference]:
    """Yield all references in an expression, including those in indices and arguments."""
    if isinstance(expression, Opaque):
        yield from _references_in_text(expression.text)
        return
    whole = reference(expression)
    if whole is not None:
        yield whole
    if isinstance(expression, Index):
        if whole is None:
            yield from references(expression.collection)
        for index in _indices(expression):
            yield from references(index)
        return
    for part in _parts(expression):
        yield from references(part)


def _indices(expression: Expression) -> Iterator[Expression]:
    while isinstance(expression, Index):
        yield expression.key
        expression = expression.collection


def _parts(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case Template(parts):
            return tuple(part for part in parts if not isinstance(part, str))
        case Call(_, arguments):
            return arguments
        case List(items):
            return items
        case Map(items):
            return tuple(side for item in items for side in item)
        case Conditional(test, yes, no):
            return (test, yes, no)
        case Operation(_, operands):
            return operands
        case _:
            return ()


def _references_in_text(text: str) -> Iterator[Reference]:
    text = _STRING.sub(lambda string: " ".join(_INTERPOLATION.findall(string[0])), text)
    loop_variables = {name for pair in _LOOP_VARIABLES.findall(text) for name in pair}
    for name in _NAME.findall(text):
        steps = tuple(name.split("."))
        if steps[0] not in loop_variables:
            yield Reference(steps, whole=False)


@dataclass(frozen=True)
class Target:
    """The resource or data source that a reference leads to, and the steps that go on from one instance.

    `instance` is the key of one instance (`[0]`), or None.
    """

    kind: provider.BlockKind
    type: str
    block: Block
    instance: ScopeStep | None
    steps: tuple[ScopeStep, ...]


@dataclass(frozen=True)
class Scope:
    """The declarations of a module, by address."""

    parsed: ParsedModule

    @cached_property
    def resources(self) -> Mapping[tuple[str, str, str], Block]:
        """Return the resource and data blocks by (`resource` or `data`, type, name)."""
        return {
            (block.type, block.labels[0], block.labels[1]): block
            for block in self.parsed.blocks
            if block.type in ("resource", "data") and len(block.labels) == 2
        }

    @cached_property
    def locals(self) -> Mapping[str, Expression]:
        """Return the expressions of the `locals` blocks by name."""
        return {
            name: attribute.expression
            for block in self.parsed.all("locals")
            for name, attribute in block.attributes.items()
        }

    def named(self, type_: str) -> Mapping[str, Block]:
        """Return the blocks of a type that has one label, such as `variable`, `module` or `output`, by name."""
        return {block.labels[0]: block for block in self.parsed.all(type_) if block.labels}

    def target(self, reference: Reference) -> Target | None:
        """Return the block of this module that a reference leads to, or None if there is none."""
        kind: provider.BlockKind = "data" if reference.steps[0] == "data" else "resource"
        steps = reference.steps[1:] if kind == "data" else reference.steps
        if len(steps) < 2 or not all(isinstance(step, str) for step in steps[:2]):
            return None
        type_, name = str(steps[0]), str(steps[1])
        block = self.resources.get((kind, type_, name))
        if block is None:
            return None
        if {"count", "for_each"} & block.attributes.keys() and len(steps) > 2:
            return Target(kind, type_, block, steps[2], steps[3:])
        return Target(kind, type_, block, None, steps[2:])
