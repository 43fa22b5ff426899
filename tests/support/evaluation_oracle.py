"""Terraform's own plan as the judge of an evaluated module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rolewright.data import provider
from rolewright.prove.functions import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.prove.evaluate import EvaluatedBlock, EvaluatedModule


def differences(plan: EvaluatedModule, show_json: Mapping[str, Any]) -> list[str]:
    """Where `terraform show -json` of a plan says something else than the evaluator, one line each.

    Compared are the addresses, each attribute and block that the configuration or a data source answers,
    and the outputs. What Terraform does not know has to hold a token here, and the reverse; only the values
    that AWS answers a data source with are tokens here although Terraform has read them.
    """
    found = list(_outputs(plan, show_json))
    theirs = {
        resource["address"]: resource["values"]
        for state in (show_json.get("prior_state", {}).get("values", {}), show_json["planned_values"])
        for resource in state.get("root_module", {}).get("resources", [])
    }
    found += [f"{address}: only Terraform has it" for address in sorted(theirs.keys() - plan.resources.keys())]
    for address, ours in plan.resources.items():
        if address in theirs:
            found += _resource(ours, theirs[address])
        else:
            found.append(f"{address}: only the evaluator has it")
    return found


def _outputs(plan: EvaluatedModule, show_json: Mapping[str, Any]) -> Iterator[str]:
    theirs = show_json["planned_values"].get("outputs", {})
    for name in sorted(plan.outputs.keys() | theirs.keys()):
        if name not in plan.outputs or name not in theirs:
            yield f"output.{name}: only one side has it"
            continue
        yield from _value(f"output.{name}", plan.outputs[name], theirs[name].get("value"))


def _resource(ours: EvaluatedBlock, theirs: Mapping[str, Any]) -> Iterator[str]:
    schema = provider.schema(5, ours.mode, ours.type)
    assert schema is not None, ours.type
    values = ours.values
    if ours.mode == "data" and unknown(values):  # Terraform reads it at apply: until then it has no answers
        values = {name: value for name, value in values.items() if theirs.get(name) is not None}
    yield from _block(ours.address, values, theirs, schema)


def _block(
    place: str, ours: Mapping[str, Any], theirs: Mapping[str, Any], schema: provider.TypeSchema
) -> Iterator[str]:
    for name, value in ours.items():
        if name in schema.attributes:
            yield from _value(f"{place}.{name}", value, theirs.get(name))
        elif name in schema.blocks:
            nested = schema.blocks[name]
            blocks = theirs.get(name) or []
            if isinstance(blocks, dict):
                blocks = [blocks]
            if len(blocks) != len(value):
                yield f"{place}.{name}: {len(value)} blocks here, {len(blocks)} in Terraform"
            elif nested.nesting == "set":
                yield from _set_of_blocks(f"{place}.{name}", value, blocks, nested.content)
            else:
                for index, (mine, other) in enumerate(zip(value, blocks, strict=True)):
                    yield from _block(f"{place}.{name}[{index}]", mine, other, nested.content)


def _set_of_blocks(place: str, ours: list[Any], theirs: list[Any], schema: provider.TypeSchema) -> Iterator[str]:
    left = list(theirs)
    for mine in ours:
        same = next((other for other in left if not list(_block(place, mine, other, schema))), None)
        if same is None:
            yield f"{place}: Terraform has no block {mine!r}"
        else:
            left.remove(same)


def _value(place: str, ours: Any, theirs: Any) -> Iterator[str]:
    if unknown(ours):
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for key in sorted(ours.keys() | theirs.keys()):
                yield from _value(f"{place}.{key}", ours.get(key), theirs.get(key))
        elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
            for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
                yield from _value(f"{place}[{index}]", mine, other)
        elif theirs is not None and "${data." not in str(ours):
            yield f"{place}: unknown here as {ours!r}, and {theirs!r} in Terraform"
    elif json.dumps(ours, sort_keys=True) != json.dumps(theirs, sort_keys=True) and not _same_json(ours, theirs):
        yield f"{place}: {ours!r} here, {theirs!r} in Terraform"


def _same_json(ours: Any, theirs: Any) -> bool:
    """Some attributes of resources hold JSON, which the provider writes anew: only its meaning counts.

    The text of a policy document is compared before that, as an attribute of its data source and an output.
    """
    if not (isinstance(ours, str) and isinstance(theirs, str) and ours.startswith(("{", "["))):
        return False
    if "\n" in theirs:
        return False
    try:
        return bool(json.loads(ours) == json.loads(theirs))
    except json.JSONDecodeError:
        return False
