"""What a blueprint says of the blocks that its templates write: read, and checked for names that there are."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolewright.blueprint.interpolation import CONTEXT, UnknownReferenceError, names
from rolewright.blueprint.model import BlockBlueprint, Opening, Value
from rolewright.core.finding import Finding, Rejected
from rolewright.yaml.load import load
from rolewright.yaml.schema import Schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rolewright.yaml.load import Tree

_REFERENCE = re.compile(r"(?:data\.)?[a-z][a-z0-9]*_[a-z0-9_]+\.[A-Za-z0-9_]+\.[a-z0-9_.]+")


@functools.cache
def module_blocks(file: Path) -> Mapping[str, Any]:
    """What every module has whatever it runs on, from `module/blocks.yaml`. Raises Rejected."""
    tree = load(file).trees[0]
    text = (Path(__file__).parent.parent / "data" / "blueprint.schema.json").read_text(encoding="utf-8")
    findings = Schema({**json.loads(text), "$ref": "#/$defs/module"}).findings(tree.data, tree.location, "blueprint")
    if found := list(findings):
        raise Rejected(found)
    data: Mapping[str, Any] = tree.data
    return data


def read_blocks(data: Mapping[str, Any]) -> tuple[BlockBlueprint, ...]:
    """The blocks of a blueprint, from YAML that fits the blueprints' schema."""
    return tuple(
        BlockBlueprint(
            address,
            _several(one.get("when", ())),
            _several(one.get("unless", ())),
            one.get("each", ""),
            {path: tuple(map(_value, _values(values))) for path, values in one.get("arguments", {}).items()},
            tuple(one.get("free", ())),
            tuple(one.get("proven", ())),
            tuple(one.get("ignores", ())),
            one.get("optional", False),
            tuple(map(_opening, _values(one.get("opens", [])))),
        )
        for address, one in data.items()
    )


def _opening(one: Mapping[str, Any]) -> Opening:
    what, to = (tuple(map(_value, _values(one[side]))) for side in ("what", "to"))
    return Opening(what, to, tuple(one.get("by", ())))


def is_reference(name: str) -> bool:
    """Whether a name in a template is an attribute of a block of the module, such as `aws_iam_role.code.arn`."""
    return bool(_REFERENCE.fullmatch(name))


def block_findings(
    tree: Tree, path: tuple[str, ...], known: Collection[str], parts: Collection[str]
) -> Iterator[Finding]:
    """What the blocks at a path of a blueprint name that there is not.

    Names are `known`, and `parts` are fields, which may have a dot and more after them.
    """
    data: Any = tree.data
    for step in path:
        data = data.get(step, {})
    for address, name in _misnamed(data, known, parts):
        place = tree.location((*path, address))
        message, remedy = f"`{name}` stands for nothing", "name a field, a name, or an attribute of another block"
        yield Finding("blueprint-reference", message, remedy, place, ".".join((*path, address)))


def _misnamed(data: Mapping[str, Any], known: Collection[str], parts: Collection[str]) -> Iterator[tuple[str, str]]:
    """The address of each such block, with the name."""
    for block in read_blocks(data):
        conditions = [*block.when, *block.unless, *([block.each] if block.each else [])]
        texts = [block.address]
        opened = (side for opening in block.opens for side in (opening.what, opening.to))
        for values in (*block.arguments.values(), *opened):
            for value in values:
                conditions += [*value.when, *value.unless]
                texts.append(value.template)
        used = [condition.partition("=")[0] for condition in conditions]
        for text in texts:
            try:
                used += names(text)
            except UnknownReferenceError as error:
                yield block.address, error.name
        for name in used:
            first = name.partition(".")[0]
            of_entry = bool(block.each) and first == "each"
            fine = name in {*CONTEXT, *known} or ("." in name and first in parts) or is_reference(name) or of_entry
            if not fine:
                yield block.address, name


def _several(names: str | list[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _values(values: Any) -> list[Any]:  # noqa: ANN401 - YAML
    return values if isinstance(values, list) else [values]


def _value(value: Any) -> Value:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        return Value(_text(value["value"]), _several(value.get("when", ())), _several(value.get("unless", ())))
    return Value(_text(value), (), ())


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
