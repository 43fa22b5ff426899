"""The entries of a list field, as the statements that there is one of for each of them see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolewright.core.text import Text, ground

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rolewright.blueprint.interpolation import TemplateScope
    from rolewright.core.model import Workload
    from rolewright.yaml.schema import Schema


def entry_scopes(
    each: str, only: Schema, fields: Mapping[str, Any], workload: Workload
) -> Iterator[tuple[str, TemplateScope]]:
    """Yield the number and the scope of each entry of the list that `each` names and that fits `only`.

    Where `each` is "", there is one empty scope without a number.
    """
    if not each:
        yield "", {}
        return
    node: Any = fields
    for step in each.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    values = workload.environments[0].values  # no environment has other entries, or entries of another kind
    for number, entry in enumerate(node or (), 1):
        known = {name: _spelled_out(value, workload) for name, value in entry.items()}
        if only.accepts(ground(known, values)):
            yield str(number), _scope(known, workload)


def _spelled_out(value: Any, workload: Workload) -> Any:  # noqa: ANN401 - a value of a manifest
    """Return the ARN of a created resource as it will be, not a reference, with which policies could wait in a circle.

    A topic waits for its key, so that the key's policy cannot wait for the topic that it admits.
    """
    for resource in workload.resources.values():
        if resource.created and value == resource.attributes.get("arn"):
            return next(iter(resource.arns.values()))[0]
    return value


def _scope(entry: Mapping[str, Any], workload: Workload) -> TemplateScope:
    scope: TemplateScope = {}
    for name, value in entry.items():
        if isinstance(value, str | Text):
            text = Text.of(value)
            scope[f"each.{name}"] = text
            plain = text.literal or ""
            scope[f"each.{name}.label"] = Text.of(plain.replace("-", "_"))
            if plain in workload.resources:
                attributes = workload.resources[plain].attributes
                scope |= {f"each.{name}.{attribute}": text for attribute, text in attributes.items()}
    return scope
