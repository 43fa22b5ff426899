"""The blocks that a blueprint's templates write: read from its YAML, with every name in them checked."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import CONTEXT, UnknownReferenceError, names
from rolewright.core.finding import Finding, Rejected
from rolewright.yaml.load import load
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rolewright.yaml.load import Tree

_REFERENCE = re.compile(r"(?:data\.)?[a-z][a-z0-9]*_[a-z0-9_]+\.[A-Za-z0-9_]+\.[a-z0-9_.]+")


@dataclass(frozen=True)
class ArgumentValue:
    """A value of an argument, `when` all of some fields are given, `unless` one of others is."""

    template: str
    when: tuple[str, ...]
    unless: tuple[str, ...]


@dataclass(frozen=True)
class Opening:
    """An access that a block opens `to` somebody, in words; the arguments `by` decide it, or all where it is empty."""

    what: tuple[ArgumentValue, ...]
    to: tuple[ArgumentValue, ...]
    by: tuple[str, ...]


@dataclass(frozen=True)
class BlockBlueprint:
    """A block that the templates write, `when` all of some fields are given, `unless` one of others is.

    With `each`, the name of a list, there is one for each of its entries that fits `only`. Without `outputs` it gives
    nothing to other modules. The rest is as in `ExpectedBlock`.
    """

    address: str
    when: tuple[str, ...]
    unless: tuple[str, ...]
    each: str
    only: Schema
    arguments: Mapping[str, tuple[ArgumentValue, ...]]
    free: tuple[str, ...]
    proven: tuple[str, ...]
    ignores: tuple[str, ...]
    optional: bool
    outputs: bool
    opens: tuple[Opening, ...]


@functools.cache
def module_blocks(file: Path) -> Mapping[str, Any]:
    """Read the blocks that every module has, whatever it runs on, from `module/blocks.yaml`. Raises Rejected."""
    tree = load(file).trees[0]
    text = (Path(__file__).parent.parent / "data" / "blueprint.schema.json").read_text(encoding="utf-8")
    schema = Schema({**json.loads(text), "$ref": "#/$defs/module"})
    if findings := list(schema.findings(tree.data, tree.location, "blueprint")):
        raise Rejected(findings)
    data: Mapping[str, Any] = tree.data
    return data


def read_blocks(data: Mapping[str, Any]) -> tuple[BlockBlueprint, ...]:
    """Read the blocks of a blueprint from YAML that fits the blueprints' schema."""
    return tuple(
        BlockBlueprint(
            address,
            several(block.get("when", ())),
            several(block.get("unless", ())),
            block.get("each", ""),
            Schema(block.get("only", {})),
            {path: tuple(map(_value, _values(values))) for path, values in block.get("arguments", {}).items()},
            tuple(block.get("free", ())),
            tuple(block.get("proven", ())),
            tuple(block.get("ignores", ())),
            block.get("optional", False),
            block.get("outputs", True),
            tuple(map(_opening, _values(block.get("opens", [])))),
        )
        for address, block in data.items()
    )


def _opening(opening: Mapping[str, Any]) -> Opening:
    what, to = (tuple(map(_value, _values(opening[side]))) for side in ("what", "to"))
    return Opening(what, to, tuple(opening.get("by", ())))


def is_reference(name: str) -> bool:
    """Return whether a name in a template is an attribute of a block of the module, such as `aws_iam_role.code.arn`."""
    return bool(_REFERENCE.fullmatch(name))


def block_findings(
    tree: Tree, path: tuple[str, ...], known_names: Collection[str], field_names: Collection[str]
) -> Iterator[Finding]:
    """Find the names in the blocks at a path of a blueprint that do not refer to anything.

    `known_names` are the names that exist; those in `field_names` are fields, whose names may go on after a dot.
    """
    data: Any = tree.data
    for step in path:
        data = data.get(step, {})
    for address, name in _misnamed(data, known_names, field_names):
        place = tree.location((*path, address))
        message = f"`{name}` does not refer to anything"
        remedy = "use a field, a generated name, or an attribute of another block such as `aws_iam_role.code.arn`"
        yield Finding("blueprint-reference", message, remedy, place, ".".join((*path, address)))


def _misnamed(
    data: Mapping[str, Any], known_names: Collection[str], field_names: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Find the names in blocks that do not refer to anything, each after the address of its block."""
    for block in read_blocks(data):
        conditions = [*block.when, *block.unless, *([block.each] if block.each else [])]
        texts = [block.address]
        opened = (side for opening in block.opens for side in (opening.what, opening.to))
        for values in (*block.arguments.values(), *opened):
            for value in values:
                conditions += [*value.when, *value.unless]
                texts.append(value.template)
        used_names = [condition.partition("=")[0] for condition in conditions]
        for text in texts:
            try:
                used_names += names(text)
            except UnknownReferenceError as error:
                yield block.address, error.name
        for name in used_names:
            first = name.partition(".")[0]
            of_entry = bool(block.each) and first == "each"
            is_known = (
                name in {*CONTEXT, *known_names}
                or ("." in name and first in field_names)
                or is_reference(name)
                or of_entry
            )
            if not is_known:
                yield block.address, name


def several(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names of `when` or `unless`, which may be one or a list."""
    return (names,) if isinstance(names, str) else tuple(names)


def _values(values: Any) -> list[Any]:  # noqa: ANN401 - YAML
    return values if isinstance(values, list) else [values]


def _value(value: Any) -> ArgumentValue:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        return ArgumentValue(_text(value["value"]), several(value.get("when", ())), several(value.get("unless", ())))
    return ArgumentValue(_text(value), (), ())


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
