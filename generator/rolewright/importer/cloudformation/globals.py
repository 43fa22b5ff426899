"""SAM's `Globals`: their part in the properties of a resource, but for what these replace or ignore."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from rolewright.importer.cloudformation.functions import is_function
from rolewright.importer.shapes import listed, mapping, text

if TYPE_CHECKING:
    from rolewright.importer.cloudformation.template import StackTemplate


def shared_properties(template: StackTemplate, logical: str, section: str) -> dict[str, Any]:
    """Return what a section of `Globals` says of a resource, without functions of CloudFormation."""
    raw = mapping(mapping(template.data.get("Globals")).get(section))
    ignored = template.resources.get(logical, {}).get("IgnoreGlobals")
    if ignored == "*":
        return {}
    raw = {name: value for name, value in raw.items() if name not in map(text, listed(ignored))}
    return mapping(template.value(_kept(raw, template.properties(logical))))


def _kept(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return what a resource leaves of `Globals`: a function of CloudFormation on either side is not merged.

    SAM merges before functions have a value, so that `!Ref AWS::NoValue` takes away what `Globals` say.
    """
    kept = {}
    for name, value in shared.items():
        there = own.get(name)
        if name in own and (is_function(there) or is_function(value)):
            continue
        kept[name] = _kept(value, there) if isinstance(value, dict) and isinstance(there, dict) else value
    return kept


def merged(first: Any, second: Any) -> Any:  # noqa: ANN401 - YAML
    """Return values as SAM merges those of `Globals` with a resource's: mappings deep, lists one after the other."""
    if isinstance(first, dict) and isinstance(second, dict):
        both = {**first, **second}
        return {key: merged(first[key], second[key]) if key in first and key in second else both[key] for key in both}
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *(value for value in second if value not in first)]
    return copy.copy(second)
