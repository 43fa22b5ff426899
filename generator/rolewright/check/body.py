"""Compare one resource or data block with its schema in one major version of the provider."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rolewright.check.types import describe, mismatch
from rolewright.core.finding import Severity
from rolewright.data import provider
from rolewright.hcl.syntax import Block, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rolewright.hcl.scope import Scope

_META_ARGUMENTS = frozenset({"count", "for_each", "provider", "depends_on"})
_META_BLOCKS = {"resource": frozenset({"lifecycle", "provisioner", "connection"}), "data": {"lifecycle"}}
_DYNAMIC_ARGUMENTS = frozenset({"for_each", "labels", "iterator"})


@dataclass(frozen=True)
class Problem:
    """An error that one major version of the provider would report. Equal problems of two versions are one finding."""

    rule: str
    file: str
    line: int
    text: str
    remedy: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class _Body:
    """A block's content at some depth: `where` says which block it is, for messages."""

    block: Block
    where: str
    content: provider.TypeSchema


def check_body(block: Block, content: provider.TypeSchema, scope: Scope, major: int) -> Iterator[Problem]:
    """Yield the problems of a resource or data block, apart from those of its meta-arguments."""
    where = f'{block.type} "{block.labels[0]}" "{block.labels[1]}"'
    if content.deprecated:
        yield Problem(
            "provider-deprecated",
            block.file,
            block.line,
            f"{block.labels[0]} is deprecated",
            "Use the replacement that the provider's documentation names.",
            Severity.WARNING,
        )
    attributes = {n: a for n, a in block.attributes.items() if n not in _META_ARGUMENTS}
    blocks = tuple(b for b in block.blocks if b.type not in _META_BLOCKS[block.type])
    own = Block(block.type, (), attributes, blocks, block.file, block.line)
    yield from _check(_Body(own, where, content), scope, major)


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy that suggests the closest known name, or `otherwise` if none is close."""
    close = difflib.get_close_matches(name, sorted(known), n=1)
    return f"Did you mean {close[0]}?" if close else otherwise


def _check(body: _Body, scope: Scope, major: int) -> Iterator[Problem]:
    yield from _check_attributes(body, scope, major)
    yield from _check_required(body)
    by_name: dict[str, list[Block]] = {}
    for nested in body.block.blocks:
        name = nested.labels[0] if nested.type == "dynamic" and nested.labels else nested.type
        by_name.setdefault(name, []).append(nested)
    for name, blocks in by_name.items():
        yield from _check_blocks(body, name, blocks, scope, major)
    yield from _check_counts(body, by_name)


def _check_attributes(body: _Body, scope: Scope, major: int) -> Iterator[Problem]:
    block, content = body.block, body.content
    for name, attribute in block.attributes.items():
        schema = content.attributes.get(name)
        nested = content.blocks.get(name)
        if nested is not None and nested.nesting == "any":
            continue
        if nested is not None:
            yield Problem(
                "provider-block-as-attribute",
                block.file,
                attribute.line,
                f"{name} of {body.where} is a block, not an argument",
                f"Write {name} {{ … }} without the equals sign.",
            )
        elif schema is None:
            yield _unknown(body, name, attribute.line)
        elif not schema.settable:
            yield Problem(
                "provider-computed-argument",
                block.file,
                attribute.line,
                f"{name} of {body.where} is computed by the provider and cannot be set",
                f"Remove {name}.",
            )
        else:
            if attribute.expression != Literal(None):
                yield from _check_deprecated(body, name, attribute.line, schema)
            if reason := mismatch(attribute.expression, schema.type, scope, major):
                yield Problem(
                    "provider-wrong-type",
                    block.file,
                    attribute.line,
                    f"{name} of {body.where} has the wrong type: {reason}",
                    f"Give {describe(schema.type)}.",
                )


def _check_deprecated(body: _Body, name: str, line: int, schema: provider.AttributeSchema) -> Iterator[Problem]:
    if schema.deprecated and schema.instead:
        yield Problem(
            "provider-deprecated",
            body.block.file,
            line,
            f"{name} of {body.where} is deprecated and has to stay, as only this version knows {schema.instead}",
            "Nothing: the provider warns of it in each plan, and takes it all the same.",
            Severity.NOTE,
        )
    elif schema.deprecated:
        yield Problem(
            "provider-deprecated",
            body.block.file,
            line,
            f"{name} of {body.where} is deprecated",
            "Use the replacement that the provider's documentation names.",
            Severity.WARNING,
        )


def _unknown(body: _Body, name: str, line: int) -> Problem:
    settable = {n for n, a in body.content.attributes.items() if a.settable} | body.content.blocks.keys()
    return Problem(
        "provider-unknown-argument",
        body.block.file,
        line,
        f"{body.where} has no argument or block named {name}",
        nearest(name, settable, f"Remove {name}."),
    )


def _check_required(body: _Body) -> Iterator[Problem]:
    for name, schema in body.content.attributes.items():
        attribute = body.block.attributes.get(name)
        is_missing = attribute is None or attribute.expression == Literal(None)
        written_as_block = any(
            name == b.type or (b.type == "dynamic" and b.labels[:1] == (name,)) for b in body.block.blocks
        )
        if schema.required and is_missing and not written_as_block:
            yield Problem(
                "provider-missing-argument",
                body.block.file,
                attribute.line if attribute else body.block.line,
                f"{body.where} is missing the required argument {name}",
                f"Give {name}, {describe(schema.type)}.",
            )


def _check_blocks(body: _Body, name: str, blocks: list[Block], scope: Scope, major: int) -> Iterator[Problem]:
    nested = body.content.blocks.get(name)
    attribute = body.content.attributes.get(name)
    if nested is not None and nested.nesting == "any":
        return
    if nested is not None:
        content = nested.content
    elif attribute is not None and attribute.settable and (content_of := _as_block(attribute)) is not None:
        # Terraform also accepts blocks for a list or set of objects; what a block leaves out is null.
        content = content_of
        yield from _check_deprecated(body, name, blocks[0].line, attribute)
    elif attribute is not None and attribute.settable:
        yield Problem(
            "provider-attribute-as-block",
            body.block.file,
            blocks[0].line,
            f"{name} of {body.where} is an argument, not a block",
            f"Write {name} = …, {describe(attribute.type)}.",
        )
        return
    elif attribute is not None:
        yield Problem(
            "provider-computed-argument",
            body.block.file,
            blocks[0].line,
            f"{name} of {body.where} is computed by the provider and cannot be set",
            f"Remove {name}.",
        )
        return
    else:
        yield _unknown(body, name, blocks[0].line)
        return
    for block in blocks:
        yield from _check_nested(body, name, block, content, scope, major)


def _as_block(attribute: provider.AttributeSchema) -> provider.TypeSchema | None:
    match attribute.type:
        case ["list" | "set", ["object", fields]]:
            inner: Mapping[str, provider.AttributeSchema] = {
                name: provider.AttributeSchema(
                    required=False, optional=True, computed=False, deprecated=False, type=type_
                )
                for name, type_ in fields.items()
            }
            return provider.TypeSchema(inner, {}, deprecated=False)
        case _:
            return None


def _check_nested(
    body: _Body, name: str, block: Block, content: provider.TypeSchema, scope: Scope, major: int
) -> Iterator[Problem]:
    where = f"{name} in {body.where}"
    if block.type != "dynamic":
        if block.labels:
            yield _shape(block, f"{where} takes no label", f"Write {name} {{ … }}.")
        yield from _check(_Body(block, where, content), scope, major)
        return
    if "for_each" not in block.attributes:
        yield _shape(block, f'dynamic "{name}" in {body.where} has no for_each', "Give for_each.")
    for unknown in sorted(block.attributes.keys() - _DYNAMIC_ARGUMENTS):
        text = f'dynamic "{name}" in {body.where} has no argument named {unknown}'
        yield _shape(block, text, f"Move {unknown} into content {{ … }}.")
    bodies = tuple(block.all("content"))
    if len(bodies) != 1 or len(block.blocks) != 1 or len(block.labels) != 1:
        text = f'dynamic "{name}" in {body.where} must contain exactly one block, content'
        yield _shape(block, text, f'Write dynamic "{name}" {{ for_each = … content {{ … }} }}.')
    for inner in bodies:
        yield from _check(_Body(inner, where, content), scope, major)


def _shape(block: Block, text: str, remedy: str) -> Problem:
    return Problem("provider-block-shape", block.file, block.line, text, remedy)


def _check_counts(body: _Body, by_name: Mapping[str, list[Block]]) -> Iterator[Problem]:
    for name, nested in body.content.blocks.items():
        if name in body.block.attributes or nested.nesting == "any":
            continue
        blocks = by_name.get(name, [])
        static_blocks = [block for block in blocks if block.type != "dynamic"]
        at_most = 1 if nested.nesting in ("single", "group") else nested.at_most
        if len(static_blocks) == len(blocks) < nested.at_least:
            yield Problem(
                "provider-missing-block",
                body.block.file,
                body.block.line,
                f"{body.where} is missing the required block {name}"
                if not blocks
                else f"{body.where} has only {len(blocks)} of the block {name}",
                f"Give {name} {{ … }} at least {_times(nested.at_least)}.",
            )
        if at_most and len(static_blocks) > at_most:
            yield Problem(
                "provider-too-many-blocks",
                body.block.file,
                static_blocks[at_most].line,
                f"{body.where} has {len(static_blocks)} of the block {name}, more than allowed",
                f"Give {name} {{ … }} at most {_times(at_most)}.",
            )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
